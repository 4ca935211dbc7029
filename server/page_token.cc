#include "server/page_token.h"

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/core/name.h"
#include "src/core/reason.h"

namespace mintmark::server {
namespace {

constexpr char kVersion = '1';
constexpr char kGenerators = 'n';

absl::Status NoToken() {
  return MakeStatus(Reason::kArgumentInvalid,
                    "page_token is not the next_page_token of a page of this list; start again "
                    "with an empty one.");
}

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
    return NoToken();
  }
  return name;
}

std::string MakeGeneratorPageToken(absl::string_view group, std::int64_t last_id) {
  return absl::WebSafeBase64Escape(
      absl::StrCat(std::string{kVersion, kGenerators}, group, "=", last_id));
}

absl::StatusOr<std::int64_t> ReadGeneratorPageToken(absl::string_view group,
                                                    absl::string_view token) {
  if (token.empty()) return -1;
  std::string text;
  if (!absl::WebSafeBase64Unescape(token, &text)) return NoToken();
  absl::string_view rest = text;
  const std::string start = absl::StrCat(std::string{kVersion, kGenerators}, group, "=");
  std::int64_t last_id = 0;
  const bool readable =
      absl::ConsumePrefix(&rest, start) && absl::SimpleAtoi(rest, &last_id) && last_id >= 0;
  if (!readable) return NoToken();
  return last_id;
}

}  // namespace mintmark::server
