// Waiting for what another process does.
#pragma once

#include <chrono>
#include <thread>

#include "absl/functional/function_ref.h"

namespace mintmark::e2e {

// Long enough that only something broken takes longer, on a busy machine too.
inline constexpr std::chrono::seconds kPatience{60};

// Looks until `condition` holds; false when it does not in time.
inline bool WaitUntil(absl::FunctionRef<bool()> condition,
                      std::chrono::milliseconds at_most = kPatience) {
  const auto end = std::chrono::steady_clock::now() + at_most;
  while (!condition()) {
    if (std::chrono::steady_clock::now() >= end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

}  // namespace mintmark::e2e
