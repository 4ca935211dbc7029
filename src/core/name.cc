#include "src/core/name.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "src/core/reason.h"

namespace mintmark {
namespace {

bool IsNameByte(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == ':' ||
         c == '/' || c == '-';
}

bool HasOnlyNameBytes(absl::string_view text) {
  return std::all_of(text.begin(), text.end(), IsNameByte);
}

absl::Status Invalid(absl::string_view what, absl::string_view problem) {
  return MakeStatus(Reason::kNameInvalid,
                    absl::StrCat("The name of the ", what, " ", problem,
                                 "; use 1 to 200 of the characters A-Z a-z 0-9 . _ : / - and no "
                                 "'/' at either end."));
}

}  // namespace

absl::Status ValidateName(absl::string_view what, absl::string_view name) {
  if (name.empty()) return Invalid(what, "is empty");
  if (name.size() > kMaxNameBytes) {
    return Invalid(what, absl::StrCat("is ", name.size(), " bytes long"));
  }
  if (!HasOnlyNameBytes(name)) return Invalid(what, "holds a character that is not allowed");
  if (name.front() == '/' || name.back() == '/') return Invalid(what, "starts or ends in '/'");
  return absl::OkStatus();
}

absl::Status ValidateNamePrefix(absl::string_view prefix) {
  if (prefix.size() > kMaxNameBytes || !HasOnlyNameBytes(prefix)) {
    return MakeStatus(Reason::kNameInvalid,
                      "No name can start with this prefix; use at most 200 of the characters "
                      "A-Z a-z 0-9 . _ : / -.");
  }
  return absl::OkStatus();
}

absl::Status ValidateRequestId(absl::string_view request_id, std::size_t max_bytes) {
  const bool printable = std::all_of(request_id.begin(), request_id.end(),
                                     [](char c) { return c >= 0x21 && c <= 0x7e; });
  if (request_id.empty() || request_id.size() > max_bytes || !printable) {
    return MakeStatus(Reason::kRequestIdInvalid,
                      absl::StrCat("A request_id is 1 to ", max_bytes,
                                   " bytes of printable ASCII without spaces, for instance a "
                                   "UUID."));
  }
  return absl::OkStatus();
}

}  // namespace mintmark
