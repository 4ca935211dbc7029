#include "client/request_id.h"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <cstddef>

#include "absl/strings/escaping.h"
#include "absl/strings/string_view.h"
#include "src/core/check.h"

namespace mintmark::client {

std::string NewRequestId() {
  std::array<char, 16> bytes{};
  ssize_t filled = 0;
  // Up to 256 bytes come whole or not at all; a signal can only interrupt the
  // wait for the system's first entropy after boot.
  do {
    filled = getrandom(bytes.data(), bytes.size(), 0);
  } while (filled < 0 && errno == EINTR);
  MINTMARK_CHECK(static_cast<std::size_t>(filled) == bytes.size());
  return absl::BytesToHexString(absl::string_view(bytes.data(), bytes.size()));
}

}  // namespace mintmark::client
