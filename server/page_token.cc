#include "server/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "src/core/name.h"
#include "src/core/reason.h"

namespace mintmark::server {
namespace {

constexpr char kVersion = '1';

}  // namespace

std::string MakePageToken(ListKind kind, absl::string_view last_name) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(std::string{kVersion, static_cast<char>(kind)}, last_name));
}

absl::StatusOr<std::string> ReadPageToken(ListKind kind, absl::string_view prefix,
                                          absl::string_view token) {
  if (token.empty()) return std::string();
  std::string text;
  const bool readable = absl::WebSafeBase64Unescape(token, &text) && text.size() > 2 &&
                        text[0] == kVersion && text[1] == static_cast<char>(kind);
  const std::string name = readable ? text.substr(2) : std::string();
  if (!readable || !ValidateName("row", name).ok() || !absl::StartsWith(name, prefix)) {
    return MakeStatus(Reason::kArgumentInvalid,
                      "page_token is not the next_page_token of a page of this list; start again "
                      "with an empty one.");
  }
  return name;
}

}  // namespace mintmark::server
