#include "client/id_pool.h"

#include <algorithm>

namespace mintmark::client {
namespace {

absl::Status CheckRanges(const v1::NextNResponse& response) {
  const auto holds_ids = [](const v1::IdRange& range) {
    return range.step() >= 1 && range.first() <= range.last();
  };
  if (response.ranges().empty() ||
      !std::all_of(response.ranges().begin(), response.ranges().end(), holds_ids)) {
    return absl::InternalError("the server answered a call for ids with none");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<IdPool::Id> IdPool::NextFromDraw(std::int64_t bulk_size) {
  if (fork_guard_.InChild()) {
    return absl::FailedPreconditionError(
        "this process was forked off from the one that drew the ids; make a SequenceCache of its "
        "own");
  }
  const std::uint64_t draws_before = draws_.load(std::memory_order_acquire);
  const MutexLock lock(draw_mutex_);
  Id id;
  if (TakeFromRanges(id)) return id;
  if (!last_draw_.ok() && draws_.load(std::memory_order_acquire) != draws_before) {
    return last_draw_;
  }
  const absl::StatusOr<v1::NextNResponse> drawn = draw_(bulk_size);
  last_draw_ = drawn.ok() ? CheckRanges(*drawn) : drawn.status();
  draws_.fetch_add(1, std::memory_order_acq_rel);
  if (!last_draw_.ok()) return last_draw_;

  for (const v1::IdRange& range : drawn->ranges()) {
    const auto first = static_cast<std::uint64_t>(range.first());
    const auto step = static_cast<std::uint64_t>(range.step());
    const std::uint64_t count = (static_cast<std::uint64_t>(range.last()) - first) / step + 1;
    ranges_.push_back({first, step, count, drawn->generation()});
  }
  // The first one is this call's: others may be quicker to take what they see.
  Range& range = ranges_.front();
  id = {static_cast<std::int64_t>(range.first), range.generation};
  range.first += range.step;
  --range.count;
  SetRange(range);
  ranges_.pop_front();
  return id;
}

void IdPool::Forget() {
  const MutexLock lock(draw_mutex_);
  ranges_.clear();
  SetRange({});
}

bool IdPool::TakeFromRanges(Id& id) {
  while (!Take(id)) {
    if (ranges_.empty()) return false;
    SetRange(ranges_.front());
    ranges_.pop_front();
  }
  return true;
}

void IdPool::SetRange(const Range& range) {
  version_.fetch_add(1, std::memory_order_acq_rel);
  first_.store(range.first, std::memory_order_release);
  step_.store(range.step, std::memory_order_release);
  count_.store(range.count, std::memory_order_release);
  generation_.store(range.generation, std::memory_order_release);
  places_.store(0, std::memory_order_release);
  version_.fetch_add(1, std::memory_order_acq_rel);
}

}  // namespace mintmark::client
