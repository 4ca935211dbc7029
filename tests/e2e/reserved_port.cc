#include "tests/e2e/reserved_port.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "src/core/check.h"

namespace mintmark::e2e {

ReservedPort::ReservedPort() : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  MINTMARK_CHECK(socket_ >= 0);
  const int on = 1;
  MINTMARK_CHECK(setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  MINTMARK_CHECK(bind(socket_, generic, size) == 0);
  MINTMARK_CHECK(getsockname(socket_, generic, &size) == 0);
  address_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
}

ReservedPort::~ReservedPort() { close(socket_); }

void ReservedPort::Occupy() const { MINTMARK_CHECK(listen(socket_, 1) == 0); }

}  // namespace mintmark::e2e
