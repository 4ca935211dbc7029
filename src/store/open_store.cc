#include "src/store/open_store.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/core/reason.h"
#include "src/store/postgres/postgres_store.h"
#include "src/store/sqlite/sqlite_store.h"

namespace mintmark::store {
namespace {

constexpr absl::string_view kHidden = "***";

absl::Status InvalidUrl(absl::string_view url, absl::string_view problem) {
  return MakeStatus(Reason::kArgumentInvalid,
                    absl::StrCat("The store \"", RedactUrl(url), "\" ", problem));
}

absl::StatusOr<std::unique_ptr<engine::Store>> OpenSqlite(absl::string_view url,
                                                          absl::string_view path,
                                                          const StoreOptions& options) {
  if (path.empty()) return InvalidUrl(url, "names no file; write sqlite:PATH or sqlite::memory:.");
  if (absl::StartsWith(path, "//")) {
    return InvalidUrl(url, "is not of the form sqlite:PATH; leave the // out.");
  }
  if (path.find('\0') != absl::string_view::npos) {
    return InvalidUrl(url, "has a zero byte in its path.");
  }
  return OpenSqliteStore(std::string(path), options);
}

// `user:password@` becomes `user:***@`. Whatever precedes the last '@' counts as
// the password's end, so that a password with odd characters is hidden whole.
std::string HideUserInfo(absl::string_view url) {
  const std::size_t scheme = url.find("://");
  const std::size_t at = url.rfind('@');
  if (scheme == absl::string_view::npos || at == absl::string_view::npos) return std::string(url);
  const std::size_t colon = url.find(':', scheme + 3);
  if (colon == absl::string_view::npos || colon > at) return std::string(url);
  return absl::StrCat(url.substr(0, colon + 1), kHidden, url.substr(at));
}

// Where the value that starts at `first` ends: at the next '&' of a URL; in a
// list of settings at a space, or at the closing quote.
std::size_t EndOfValue(absl::string_view text, std::size_t first, bool is_url) {
  if (is_url) return std::min(text.find_first_of("&#", first), text.size());
  if (first >= text.size() || text[first] != '\'') {
    return std::min(text.find_first_of(" \t\r\n", first), text.size());
  }
  for (std::size_t i = first + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '\'') {
      return i + 1;
    }
  }
  return text.size();
}

std::size_t SkipSpaces(absl::string_view text, std::size_t from) {
  while (from < text.size() && absl::ascii_isspace(static_cast<unsigned char>(text[from]))) ++from;
  return from;
}

// The value of every setting whose name ends in "password" becomes `***`.
std::string HidePasswordSettings(absl::string_view text) {
  constexpr absl::string_view kPassword = "password";
  const bool is_url = absl::StrContains(text, "://");
  const std::string lower = absl::AsciiStrToLower(text);
  std::string hidden;
  std::size_t copied = 0;
  std::size_t found = lower.find(kPassword.data());
  while (found != std::string::npos) {
    std::size_t next = SkipSpaces(text, found + kPassword.size());
    if (next < text.size() && text[next] == '=') {
      next = is_url ? next + 1 : SkipSpaces(text, next + 1);
      absl::StrAppend(&hidden, text.substr(copied, next - copied), kHidden);
      next = EndOfValue(text, next, is_url);
      copied = next;
    }
    found = lower.find(kPassword.data(), next);
  }
  absl::StrAppend(&hidden, text.substr(copied));
  return hidden;
}

}  // namespace

absl::StatusOr<std::unique_ptr<engine::Store>> OpenStore(absl::string_view url,
                                                         const StoreOptions& options) {
  absl::string_view rest = url;
  if (absl::ConsumePrefix(&rest, "sqlite:")) return OpenSqlite(url, rest, options);
  if (absl::StartsWith(url, "postgresql://") || absl::StartsWith(url, "postgres://")) {
    return OpenPostgresStore(url, options);
  }
  return InvalidUrl(url,
                    "is none that this program knows; write sqlite:PATH, sqlite::memory: or "
                    "postgresql://user@host/database.");
}

std::string RedactUrl(absl::string_view url) { return HidePasswordSettings(HideUserInfo(url)); }

}  // namespace mintmark::store
