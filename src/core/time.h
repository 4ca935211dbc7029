// The times that the engine reckons with. They are passed in: nothing below the
// server reads a clock.
#pragma once

#include <chrono>
#include <cstdint>

namespace mintmark {

// The clock that leases and deadlines are measured on: time since some fixed
// moment of this machine, suspended time included (CLOCK_BOOTTIME in
// production). It has no now(): the server has.
struct BootClock {
  using duration = std::chrono::nanoseconds;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<BootClock, duration>;
  static constexpr bool is_steady = true;
};

using Duration = BootClock::duration;
using Time = BootClock::time_point;

inline constexpr Time kNever = Time::max();

// A moment on the store's clock, in microseconds since 1970-01-01T00:00:00Z.
using StoreTimeUs = std::int64_t;

}  // namespace mintmark
