// Windows of ids that a server may issue now, and how large they should be.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "src/core/id_space.h"
#include "src/core/time.h"

namespace mintmark::engine {

// What is left of what a session may issue from a shard: positions
// `[position, ceiling)`, all below a ceiling that is durable.
struct Window {
  std::int64_t shard = 0;
  std::int64_t owner = 0;  // The session that acquired it.
  std::int64_t epoch = 0;
  std::int64_t generation = 0;
  std::int64_t revision = 0;
  std::int64_t position = 0;
  std::int64_t ceiling = 0;
  std::int64_t limit = 0;   // Of the chunk.
  std::int64_t wanted = 0;  // The sequence's number when it was acquired.
  std::int64_t era = 0;     // See LaneContext.
  bool frozen = false;      // To be given back; never thaws.
  bool confirmed = false;   // Found its owner's by the very batch that is being applied.

  std::int64_t left() const { return CountBetween(position, ceiling); }
};

// Reckons how many ids a window should hold: a minute of recent demand, grown at
// once when a caller had to wait for a refill.
class WindowSizer {
 public:
  WindowSizer(std::int64_t least, std::int64_t most) : least_(least), most_(most), boost_(least) {}

  void Issued(std::int64_t n, Time now) {
    Roll(now);
    buckets_[0] += n;
  }

  // A caller had to wait although there was a window.
  void Stalled(Time now) { boost_ = std::min(most_, 4 * Size(now)); }

  std::int64_t Size(Time now) {
    Roll(now);
    std::int64_t sum = 0;
    for (const std::int64_t bucket : buckets_) sum += bucket;
    const double covered =
        std::chrono::duration<double>(std::min<Duration>(now - start_, kBucket * kBuckets)).count();
    const double minute =
        static_cast<double>(sum) * kMinuteSeconds / std::max(covered, kLeastSeconds);
    const auto demand = static_cast<std::int64_t>(std::min(minute, static_cast<double>(most_)));
    return std::clamp(std::max(demand, boost_), least_, most_);
  }

 private:
  static constexpr int kBuckets = 6;
  static constexpr Duration kBucket = std::chrono::seconds(10);
  static constexpr double kMinuteSeconds = 60.0;
  static constexpr double kLeastSeconds = 2.0;  // A shorter look would see only bursts.

  void Roll(Time now) {
    if (start_ == Time::min()) start_ = bucket_start_ = now;
    for (int i = 0; i < kBuckets && now - bucket_start_ >= kBucket; ++i) {
      std::rotate(buckets_.begin(), buckets_.end() - 1, buckets_.end());
      buckets_[0] = 0;
      bucket_start_ += kBucket;
      boost_ = std::max(least_, boost_ / 2);
    }
    if (now - bucket_start_ < kBucket) return;
    bucket_start_ = now;  // A long pause: all are empty.
    boost_ = least_;
  }

  const std::int64_t least_;
  const std::int64_t most_;
  std::int64_t boost_;                            // At least this much; halves every ten seconds.
  std::array<std::int64_t, kBuckets> buckets_{};  // The youngest first.
  Time bucket_start_ = Time::min();
  Time start_ = Time::min();
};

}  // namespace mintmark::engine
