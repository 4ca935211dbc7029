#include "client/local_mint.h"

#include <algorithm>
#include <utility>

#include "src/core/check.h"

namespace mintmark::client {

std::int64_t LocalMint::UnitsIn(Duration duration) const {
  return duration / std::chrono::microseconds(layout_.unit_us);
}

void LocalMint::Adopt(GeneratorLease lease) {
  const bool same_group = next_tick_ > 0 && lease.layout == layout_;
  // The other generator may have used every counter of the last unit: to go on
  // above it in either order of fields takes the next one.
  const std::int64_t next_time = same_group ? TimeOfTick(layout_, next_tick_ - 1) + 1 : 0;
  layout_ = lease.layout;
  const bool in_reach =
      next_time <= lease.start_time + UnitsIn(max_ahead_) && next_time < lease.ceiling;
  next_tick_ = TickOf(layout_, in_reach ? std::max(next_time, lease.start_time) : lease.start_time);
  lease_ = std::move(lease);
}

void LocalMint::Prolong(std::int64_t ceiling, Time end) {
  MINTMARK_CHECK(lease_.has_value());
  lease_->ceiling = std::max(lease_->ceiling, ceiling);
  lease_->end = std::max(lease_->end, end);
}

void LocalMint::Drop() { lease_.reset(); }

std::int64_t LocalMint::TimeAt(Time now) const {
  MINTMARK_CHECK(lease_.has_value());
  // Threads look at the clock before they come here, in whatever order.
  const Duration elapsed = std::max(now - lease_->answered_at, Duration::zero());
  return lease_->start_time + UnitsIn(elapsed);
}

std::int64_t LocalMint::LastTime() const {
  MINTMARK_CHECK(lease_.has_value());
  const bool used = next_tick_ > TickOf(layout_, lease_->start_time);
  return used ? TimeOfTick(layout_, next_tick_ - 1) : lease_->start_time;
}

Duration LocalMint::TimeUntil(std::int64_t time, Time now) const {
  const Duration unit = std::chrono::microseconds(layout_.unit_us);
  return lease_->answered_at + (time - lease_->start_time) * unit - now;
}

LocalMint::Run LocalMint::Take(std::int64_t n, Time now) {
  Run run;
  if (!HoldsLease(now)) return run;
  const std::int64_t time = TimeAt(now);
  const std::int64_t ahead = UnitsIn(max_ahead_);
  const std::int64_t first = std::max(next_tick_, TickOf(layout_, time));
  const std::int64_t limit = TickOf(layout_, std::min(lease_->ceiling, time + ahead + 1));
  if (first < limit) {
    run.outcome = Run::Outcome::kTaken;
    run.first_tick = first;
    run.count = std::min(n, limit - first);
    next_tick_ = first + run.count;
  } else if (first >= TickOf(layout_, layout_.end_time())) {
    run.outcome = Run::Outcome::kLifetimeOver;
  } else {
    run.outcome = Run::Outcome::kAhead;
    run.wait = TimeUntil(std::max(TimeOfTick(layout_, first) - ahead, time + 1), now);
  }
  return run;
}

}  // namespace mintmark::client
