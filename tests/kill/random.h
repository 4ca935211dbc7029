// Chance for the threads of one run, all of it from one seed.
#pragma once

#include <chrono>
#include <cstdint>
#include <random>

namespace mintmark::kill {

class Random {
 public:
  // `stream` tells the threads of a run apart.
  Random(std::uint64_t seed, std::uint64_t stream) {
    std::seed_seq sequence{seed & 0xFFFFFFFF, seed >> 32, stream};
    engine_.seed(sequence);
  }

  // Uniform in [least, most].
  std::int64_t Between(std::int64_t least, std::int64_t most) {
    return std::uniform_int_distribution<std::int64_t>(least, most)(engine_);
  }

  // True in `share` of all cases.
  bool Chance(double share) { return std::bernoulli_distribution(share)(engine_); }

  std::chrono::microseconds UpTo(std::chrono::microseconds most) {
    return std::chrono::microseconds(Between(0, most.count()));
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace mintmark::kill
