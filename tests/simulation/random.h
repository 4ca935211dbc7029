// The randomness of a simulation: all of it from one seed.
#pragma once

#include <cstdint>

#include "src/core/time.h"

namespace mintmark::testing {

// SplitMix64 (Steele, Lea, Flood 2014): small, and the same everywhere.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}

  std::uint64_t Next() {
    std::uint64_t z = (state_ += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
  }

  // In [low, high].
  std::int64_t Between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(Next() % static_cast<std::uint64_t>(high - low + 1));
  }

  // True `percent` times in a hundred.
  bool Chance(double percent) {
    return static_cast<double>(Next() >> 11) * 0x1.0p-53 * 100.0 < percent;
  }

  Duration Between(Duration low, Duration high) {
    return Duration(Between(low.count(), high.count()));
  }

 private:
  std::uint64_t state_;
};

}  // namespace mintmark::testing
