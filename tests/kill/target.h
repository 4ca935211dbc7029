// A server that goes down and comes back, as clients see it.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <string>

#include "client/client.h"
#include "src/core/mutex.h"

namespace mintmark::kill {

// Thread-safe.
class Target {
 public:
  Target(std::uint8_t number, std::string address);

  std::uint8_t number() const { return number_; }

  // What to call it with: one try a call, however it ends. Null while it is down.
  std::shared_ptr<client::Client> client() const;

  // Waits until it is up, or until `at_most` has passed: then null.
  std::shared_ptr<client::Client> WaitForClient(std::chrono::milliseconds at_most) const;

  // A server that came up gets new connections, so that none waits for its turn to
  // connect again.
  void ComeUp();
  void GoDown();

 private:
  const std::uint8_t number_;
  const std::string address_;
  mutable Mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::shared_ptr<client::Client> client_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mintmark::kill
