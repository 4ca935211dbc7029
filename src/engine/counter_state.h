// What a server knows of one counter: callers that wait, and deltas that were
// answered from memory and are not persisted yet. A part of its lane, under whose
// lock everything here happens.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "src/engine/batch.h"
#include "src/engine/calls.h"
#include "src/engine/lane_context.h"

namespace mintmark::engine {

class CounterState {
 public:
  explicit CounterState(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  // Answers a deferred increment from memory (true: `call` is filled in, the caller
  // of this does the answering), or queues the call for a commit.
  bool CountOrQueue(IncrCall& call, const LaneContext& context);

  bool HasWork(const LaneContext& context) const;
  std::int64_t Plan(const LaneContext& context, std::int64_t max_calls, Batch& batch);
  void Apply(const LaneContext& context, const Batch& batch);
  void Replan(const LaneContext& context);
  void Refuse(const LaneContext& context, const absl::Status& status, Time retry_at);
  void FailQueued(const LaneContext& context, const absl::Status& status);
  // Nobody can tell any more whether the batch under way was applied: its callers
  // are told so, and nothing of theirs is tried again.
  void Abandon(const LaneContext& context, const Batch& batch, const absl::Status& status);
  void Expire(const LaneContext& context);
  void Tidy(const LaneContext& context);

  // The counter was set or deleted: its value is to be learnt anew.
  void ForgetValue() { value_.reset(); }

  // What was answered and is not persisted; not what a batch under way takes along.
  std::int64_t deferred() const { return deferred_; }
  bool has_deferred() const { return deferred_ != 0 || planned_deferred_ != 0; }
  bool Idle() const;
  bool Evictable(const LaneContext& context) const;
  Time NextTime(const EngineOptions& options) const;
  std::int64_t waiting() const;

  // Kept by the lane, as in SequenceState.
  bool listed = false;
  bool in_batch = false;
  Time timer = kNever;

 private:
  // A caller of a CounterAdd; null when it was answered meanwhile.
  struct Caller {
    IncrCall* call = nullptr;
    std::int64_t prefix = 0;  // The sum of the item's deltas up to and including its own.
  };

  // One CounterAdd of the batch under way.
  struct Item {
    std::size_t place = 0;  // In Batch::adds.
    std::vector<Caller> callers;
    std::int64_t deferred = 0;  // What it takes along for callers answered before.
  };

  class ItemBuilder;

  bool Defer(IncrCall& call, const LaneContext& context);
  void ApplyItem(const LaneContext& context, Item& item, const CounterAdd& add);
  void AnswerAdded(const LaneContext& context, const Item& item, const CounterAdd& add);
  void AnswerReplays(const LaneContext& context, const Item& item, const CounterAdd& add);
  void AnswerAll(const LaneContext& context, const Item& item, const absl::Status& status);
  void ApplyOverflow(const LaneContext& context, Item& item, const CounterAdd& add);
  void Requeue(const Item& item);
  void ExpireQueued(const LaneContext& context);
  void TakeBack(const LaneContext& context, Item& item);

  const std::string name_;
  std::optional<std::int64_t> value_;  // As last committed from here.
  std::int64_t deferred_ = 0;
  Time deferred_due_ = kNever;  // The earliest deadline of what is deferred.
  std::vector<IncrCall*> queue_;
  std::vector<Item> planned_;
  std::int64_t planned_deferred_ = 0;
  Time planned_due_ = kNever;
  Time last_used_ = Time::min();
  Time retry_at_ = Time::min();
};

}  // namespace mintmark::engine
