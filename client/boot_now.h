// The clock that leases are counted on.
#pragma once

#include <ctime>

#include "src/core/time.h"

namespace mintmark::client {

// CLOCK_BOOTTIME: unlike the monotonic clock it goes on while the machine is
// suspended, so that a lease that ended during the sleep is over afterwards.
inline Time BootNow() {
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);
  return Time(std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec));
}

}  // namespace mintmark::client
