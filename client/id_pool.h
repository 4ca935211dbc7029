// Ids of one sequence that were drawn ahead.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/fork_guard.h"
#include "mintmark/v1/id_service.pb.h"
#include "src/core/mutex.h"

namespace mintmark::client {

// Hands out ids from memory, each once, and draws a bulk of new ones when there is
// none left. Safe to use from any number of threads; one draw is under way at a time,
// and what is there meanwhile goes without a lock.
class IdPool {
 public:
  // Draws up to `n` ids, at least one.
  using Draw = std::function<absl::StatusOr<v1::NextNResponse>(std::int64_t n)>;

  explicit IdPool(Draw draw) : draw_(std::move(draw)) {}
  IdPool(const IdPool&) = delete;
  IdPool& operator=(const IdPool&) = delete;

  struct Id {
    std::int64_t value = 0;
    std::int64_t generation = 0;
  };

  // The next id; draws `bulk_size` of them when there is none. When that fails, so
  // does every call that waited for it. FAILED_PRECONDITION in a forked child.
  absl::StatusOr<Id> Next(std::int64_t bulk_size) {
    Id id;
    if (!fork_guard_.InChild() && Take(id)) return id;
    return NextFromDraw(bulk_size);
  }

  // Throws away what is there, and what a draw that is under way brings: waits for it.
  void Forget();

 private:
  // Ids first, first + step, …; `count` of them.
  struct Range {
    std::uint64_t first = 0;
    std::uint64_t step = 0;
    std::uint64_t count = 0;
    std::int64_t generation = 0;
  };

  // Takes the next id of the current range. Also fails, and loses an id of the next
  // range, when the ranges change in the meantime.
  //
  // `version_` is odd while they do. Whoever takes a place looks at it before
  // reading the range and after taking the place: when it is the same even number,
  // range and place belong together, since each store after a change of the version
  // is a release and each load before the second look an acquire.
  bool Take(Id& id) {
    const std::uint64_t version = version_.load(std::memory_order_acquire);
    const std::uint64_t first = first_.load(std::memory_order_acquire);
    const std::uint64_t step = step_.load(std::memory_order_acquire);
    const std::uint64_t count = count_.load(std::memory_order_acquire);
    id.generation = generation_.load(std::memory_order_acquire);
    const std::uint64_t place = places_.fetch_add(1, std::memory_order_acq_rel);
    if (place >= count || (version & 1) != 0 ||
        version_.load(std::memory_order_acquire) != version) {
      return false;
    }
    id.value = static_cast<std::int64_t>(first + place * step);
    return true;
  }

  absl::StatusOr<Id> NextFromDraw(std::int64_t bulk_size);
  void SetRange(const Range& range) ABSL_EXCLUSIVE_LOCKS_REQUIRED(draw_mutex_);
  // From the current range, or from those that wait behind it.
  bool TakeFromRanges(Id& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(draw_mutex_);

  const ForkGuard fork_guard_;
  const Draw draw_;

  // The current range. Changed under draw_mutex_.
  alignas(64) std::atomic<std::uint64_t> version_{0};
  std::atomic<std::uint64_t> first_{0};
  std::atomic<std::uint64_t> step_{0};
  std::atomic<std::uint64_t> count_{0};
  std::atomic<std::int64_t> generation_{0};
  alignas(64) std::atomic<std::uint64_t> places_{0};

  alignas(64) std::atomic<std::uint64_t> draws_{0};
  Mutex draw_mutex_;  // Held during a draw.
  std::deque<Range> ranges_ ABSL_GUARDED_BY(draw_mutex_);
  absl::Status last_draw_ ABSL_GUARDED_BY(draw_mutex_);
};

}  // namespace mintmark::client
