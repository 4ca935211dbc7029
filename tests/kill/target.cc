#include "tests/kill/target.h"

#include <utility>

#include "src/core/check.h"

namespace mintmark::kill {
namespace {

// Long enough that a call which ends by it is a finding, not a slow machine.
constexpr std::chrono::seconds kTimeout{30};

}  // namespace

Target::Target(std::uint8_t number, std::string address)
    : number_(number), address_(std::move(address)) {}

std::shared_ptr<client::Client> Target::client() const {
  const MutexLock lock(mutex_);
  return client_;
}

std::shared_ptr<client::Client> Target::WaitForClient(std::chrono::milliseconds at_most) const {
  const auto end = std::chrono::steady_clock::now() + at_most;
  const MutexLock lock(mutex_);
  while (client_ == nullptr) {
    if (changed_.wait_until(mutex_, end) == std::cv_status::timeout) break;
  }
  return client_;
}

void Target::ComeUp() {
  client::ClientOptions options;
  options.addresses = {address_};
  options.timeout = kTimeout;
  options.exactly_once_increments = false;
  options.retry.max_attempts = 1;
  auto client = client::Client::Make(std::move(options));
  MINTMARK_CHECK(client.ok());
  {
    const MutexLock lock(mutex_);
    client_ = *std::move(client);
  }
  changed_.notify_all();
}

void Target::GoDown() {
  const MutexLock lock(mutex_);
  client_ = nullptr;
}

}  // namespace mintmark::kill
