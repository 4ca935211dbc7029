// The rules by which whoever leases a generator mints GUIDs in its own process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "src/core/guid_layout.h"
#include "src/core/time.h"

namespace mintmark::client {

// A lease on a generator. Times are in the layout's units since its epoch.
struct GeneratorLease {
  GuidLayout layout;
  std::int64_t generator_id = 0;
  std::string token;
  std::int64_t start_time = 0;  // The store's time when the lease began, or somewhat ahead of it.
  std::int64_t ceiling = 0;     // All times used are below it.
  Time answered_at;             // When start_time was learned.
  Time end;                     // Nothing is minted from here on.
};

// Ticks of one generator after the other, in the order of time. Passive: it reads no
// clock and asks no server. For one thread at a time.
//
// Time is the lease's start_time plus what has passed since it was learned: behind
// the store's clock by at most what the call for the lease took. A tick is used
// once, is never before that time, runs ahead of it by at most `max_ahead`, and
// stays below the lease's ceiling.
class LocalMint {
 public:
  explicit LocalMint(Duration max_ahead) : max_ahead_(max_ahead) {}

  // Mints under this lease from now on. Ticks go on in the unit of time after the
  // last one, so that GUIDs grow over a change of generators; but where that would
  // be ahead of the new lease's time by more than `max_ahead`, because the store's
  // clock was set back or the group is another one, they start with the lease.
  void Adopt(GeneratorLease lease);

  // The lease was renewed. Neither its end nor its ceiling ever moves back.
  void Prolong(std::int64_t ceiling, Time end);

  // The lease is another's, or may be: nothing is minted before the next Adopt().
  void Drop();

  // The lease of the last Adopt(), also when it is over; nothing after Drop().
  const std::optional<GeneratorLease>& lease() const { return lease_; }
  bool HoldsLease(Time now) const { return lease_.has_value() && now < lease_->end; }

  // The time in the lease's units.
  std::int64_t TimeAt(Time now) const;

  // What is to be told when the lease is released: the highest time used, or
  // start_time.
  std::int64_t LastTime() const;

  struct Run {
    enum class Outcome {
      kTaken,
      kAhead,  // As far ahead as may be: more after `wait`, or when the lease is renewed.
      kNoLease,
      kLifetimeOver,  // The layout cannot express what comes next.
    } outcome = Outcome::kNoLease;
    std::int64_t first_tick = 0;  // kTaken: `count` ticks from here on, 1 to n.
    std::int64_t count = 0;
    Duration wait{};
  };

  // Takes up to `n` ticks, which is at least 1.
  Run Take(std::int64_t n, Time now);

 private:
  std::int64_t UnitsIn(Duration duration) const;
  // Where the clock shows `time` for the first time, from `now`.
  Duration TimeUntil(std::int64_t time, Time now) const;

  const Duration max_ahead_;
  std::optional<GeneratorLease> lease_;
  // What the last lease leaves to the next one.
  GuidLayout layout_;
  std::int64_t next_tick_ = 0;
};

}  // namespace mintmark::client
