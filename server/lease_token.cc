#include "server/lease_token.h"

#include <sys/random.h>

#include <array>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "src/core/check.h"

namespace mintmark::server {

std::string MakeLeaseToken() {
  std::array<char, 16> bytes{};
  MINTMARK_CHECK(getrandom(bytes.data(), bytes.size(), 0) == static_cast<ssize_t>(bytes.size()));
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

}  // namespace mintmark::server
