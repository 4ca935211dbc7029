// Cuts connections that have not answered in time. libpq has no time limit for an
// answer, and a server that is stopped keeps its connections alive in the kernel.
#pragma once

#include <chrono>
#include <condition_variable>
#include <list>
#include <thread>

#include "src/core/mutex.h"
#include "src/core/time.h"

namespace mintmark::store {

// Has a thread of its own. Safe to use from any thread.
class Watchdog {
  using Clock = std::chrono::steady_clock;
  struct Entry {
    int socket = -1;
    Clock::time_point deadline;
    bool has_fired = false;
  };

 public:
  // Looks every `tick`: a connection is cut at most that much after its time.
  explicit Watchdog(Duration tick);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // While it lives, a socket is watched: it is shut down, in both directions,
  // when that takes longer than allowed. The socket stays open until it is gone.
  class Watch {
   public:
    Watch(Watchdog& watchdog, int socket, Duration at_most);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    bool HasFired() const;

   private:
    Watchdog& watchdog_;
    std::list<Entry>::iterator entry_;
  };

 private:
  void Run();

  const Duration tick_;
  mutable Mutex mutex_;
  std::condition_variable_any stops_;
  std::list<Entry> entries_ ABSL_GUARDED_BY(mutex_);
  bool is_stopping_ ABSL_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace mintmark::store
