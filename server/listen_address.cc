#include "server/listen_address.h"

#include <netdb.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace mintmark::server {
namespace {

class Socket {
 public:
  Socket(int family, int protocol) : fd_(socket(family, SOCK_STREAM | SOCK_CLOEXEC, protocol)) {}
  ~Socket() {
    if (fd_ >= 0) close(fd_);
  }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  int fd() const { return fd_; }

 private:
  const int fd_;
};

absl::Status Cannot(absl::string_view listen, int error) {
  if (error == EADDRINUSE) {
    return absl::FailedPreconditionError(
        absl::StrCat("The address ", listen,
                     " is in use: stop the program that listens there, or choose another one with "
                     "--listen."));
  }
  return absl::FailedPreconditionError(
      absl::StrCat("The address ", listen, " cannot be listened on: ", std::strerror(error), "."));
}

// gRPC removes the file of a socket before it binds, also one that somebody
// serves on, so that only connecting to it tells.
absl::Status CheckUnixSocket(absl::string_view listen, absl::string_view path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return Cannot(listen, ENAMETOOLONG);
  std::memcpy(address.sun_path, path.data(), path.size());
  const Socket probe(AF_UNIX, 0);
  const bool served = probe.fd() >= 0 && connect(probe.fd(), reinterpret_cast<sockaddr*>(&address),
                                                 sizeof(address)) == 0;
  return served ? Cannot(listen, EADDRINUSE) : absl::OkStatus();
}

absl::Status TryBind(absl::string_view listen, const addrinfo& address) {
  const Socket probe(address.ai_family, address.ai_protocol);
  if (probe.fd() < 0) return absl::OkStatus();  // A family that this machine lacks.
  const int on = 1;
  setsockopt(probe.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (bind(probe.fd(), address.ai_addr, address.ai_addrlen) == 0) return absl::OkStatus();
  return errno == EADDRNOTAVAIL && address.ai_next != nullptr ? absl::OkStatus()
                                                              : Cannot(listen, errno);
}

std::pair<std::string, std::string> SplitHostPort(absl::string_view address) {
  const std::size_t colon = address.rfind(':');
  absl::string_view host = address.substr(0, colon);
  if (absl::ConsumePrefix(&host, "[")) host = absl::StripSuffix(host, "]");
  return {std::string(host), std::string(address.substr(colon + 1))};
}

}  // namespace

std::string GrpcListenAddress(absl::string_view listen) {
  return absl::StartsWith(listen, ":") ? absl::StrCat("[::]", listen) : std::string(listen);
}

absl::Status CheckListenAddress(absl::string_view listen) {
  absl::string_view path = listen;
  if (absl::ConsumePrefix(&path, "unix:")) return CheckUnixSocket(listen, path);

  const auto [host, port] = SplitHostPort(GrpcListenAddress(listen));
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("The address ", listen, " cannot be listened on: ", gai_strerror(error), "."));
  }
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, &freeaddrinfo);
  for (const addrinfo* address = found; address != nullptr; address = address->ai_next) {
    if (absl::Status status = TryBind(listen, *address); !status.ok()) return status;
  }
  return absl::OkStatus();
}

std::string WithPort(absl::string_view listen, int port) {
  if (absl::StartsWith(listen, "unix:")) return std::string(listen);
  return absl::StrCat(listen.substr(0, listen.rfind(':')), ":", port);
}

}  // namespace mintmark::server
