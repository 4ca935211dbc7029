// What the store's clock shows now, as far as a server can tell.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "src/core/time.h"

namespace mintmark::engine {

// The last reading of the store's clock, plus the time elapsed since on this
// server's own. A reading was taken somewhere between when its batch was sent and
// when it came back; what was reckoned before is corrected only as far as it
// contradicts that, so that latencies do not show as jitter.
class StoreClock {
 public:
  void Read(StoreTimeUs reading, Time sent, Time received) {
    const StoreTimeUs least = reading;
    const StoreTimeUs most = reading + Us(received - sent);
    reading_us_ = known() ? std::clamp(At(received), least, most) : least;
    read_at_ = received;
  }

  bool known() const { return read_at_ != Time::min(); }

  // Asks for known().
  StoreTimeUs At(Time now) const { return reading_us_ + Us(now - read_at_); }

 private:
  static StoreTimeUs Us(Duration duration) {
    return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
  }

  StoreTimeUs reading_us_ = 0;
  Time read_at_ = Time::min();
};

}  // namespace mintmark::engine
