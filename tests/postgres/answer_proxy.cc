#include "tests/postgres/answer_proxy.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstddef>

#include "src/core/check.h"

namespace mintmark::testing {
namespace {

constexpr int kTickMs = 5;

sockaddr_in Local(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

int Connect(int port) {
  const int connected = socket(AF_INET, SOCK_STREAM, 0);
  const sockaddr_in address = Local(port);
  MINTMARK_CHECK(connect(connected, reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
                 0);
  return connected;
}

}  // namespace

AnswerProxy::AnswerProxy(int server_port) : server_port_(server_port) {
  listener_ = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = Local(0);
  MINTMARK_CHECK(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  MINTMARK_CHECK(listen(listener_, 16) == 0);
  socklen_t size = sizeof address;
  getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::thread([this] { Run(); });
}

AnswerProxy::~AnswerProxy() {
  is_stopping_ = true;
  thread_.join();
  for (const Link& link : links_) {
    if (!link.is_cut) close(link.client);
    close(link.server);
  }
  close(listener_);
}

void AnswerProxy::LoseAnswers() {
  const std::lock_guard lock(mutex_);
  for (Link& link : links_) link.loses_answers = true;
}

void AnswerProxy::CutClients() {
  const std::lock_guard lock(mutex_);
  for (Link& link : links_) {
    if (!link.is_cut) close(link.client);
    link.is_cut = true;
  }
}

bool AnswerProxy::PassOn(Link& link, bool client_is_readable, bool server_is_readable) {
  std::array<char, 65536> buffer{};
  if (client_is_readable && !link.is_cut) {
    const ssize_t size = recv(link.client, buffer.data(), buffer.size(), 0);
    if (size <= 0) return false;
    send(link.server, buffer.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
  }
  if (server_is_readable) {
    const ssize_t size = recv(link.server, buffer.data(), buffer.size(), 0);
    if (size <= 0) return false;
    if (!link.loses_answers && !link.is_cut) {
      send(link.client, buffer.data(), static_cast<std::size_t>(size), MSG_NOSIGNAL);
    }
  }
  return true;
}

void AnswerProxy::Run() {
  while (!is_stopping_) {
    std::vector<pollfd> waiting = {{listener_, POLLIN, 0}};
    {
      const std::lock_guard lock(mutex_);
      for (const Link& link : links_) {
        waiting.push_back({link.is_cut ? -1 : link.client, POLLIN, 0});
        waiting.push_back({link.server, POLLIN, 0});
      }
    }
    poll(waiting.data(), waiting.size(), kTickMs);
    const std::lock_guard lock(mutex_);
    std::vector<Link> alive;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      Link& link = links_[i];
      const bool is_sound =
          PassOn(link, waiting[1 + 2 * i].revents != 0, waiting[2 + 2 * i].revents != 0);
      if (is_sound) {
        alive.push_back(link);
        continue;
      }
      if (!link.is_cut) close(link.client);
      close(link.server);
    }
    links_ = std::move(alive);
    if ((waiting[0].revents & POLLIN) != 0) {
      links_.push_back({accept(listener_, nullptr, nullptr), Connect(server_port_)});
    }
  }
}

}  // namespace mintmark::testing
