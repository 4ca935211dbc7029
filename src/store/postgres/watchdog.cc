#include "src/store/postgres/watchdog.h"

#include <sys/socket.h>

namespace mintmark::store {

Watchdog::Watchdog(Duration tick) : tick_(tick), thread_([this] { Run(); }) {}

Watchdog::~Watchdog() {
  {
    const MutexLock lock(mutex_);
    is_stopping_ = true;
  }
  stops_.notify_all();
  thread_.join();
}

void Watchdog::Run() {
  const MutexLock lock(mutex_);
  while (!is_stopping_) {
    stops_.wait_for(mutex_, tick_);
    const Clock::time_point now = Clock::now();
    for (Entry& entry : entries_) {
      if (entry.has_fired || now < entry.deadline) continue;
      entry.has_fired = true;
      shutdown(entry.socket, SHUT_RDWR);
    }
  }
}

Watchdog::Watch::Watch(Watchdog& watchdog, int socket, Duration at_most) : watchdog_(watchdog) {
  const Clock::time_point deadline =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(at_most);
  const MutexLock lock(watchdog_.mutex_);
  entry_ = watchdog_.entries_.insert(watchdog_.entries_.end(), {socket, deadline, false});
}

Watchdog::Watch::~Watch() {
  const MutexLock lock(watchdog_.mutex_);
  watchdog_.entries_.erase(entry_);
}

bool Watchdog::Watch::HasFired() const {
  const MutexLock lock(watchdog_.mutex_);
  return entry_->has_fired;
}

}  // namespace mintmark::store
