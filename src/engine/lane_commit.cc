// How a lane plans its next batch.
#include <algorithm>
#include <utility>

#include "src/engine/lane.h"

namespace mintmark::engine {
namespace {

constexpr Duration kPurgeInterval = std::chrono::hours(1);

bool HasOperations(const Batch& batch) {
  return !batch.opens.empty() || !batch.changes.empty() || !batch.drains.empty() ||
         !batch.give_backs.empty() || !batch.refills.empty() || !batch.acquires.empty() ||
         !batch.draws.empty() || !batch.adds.empty() || !batch.counter_changes.empty() ||
         !batch.counter_reads.empty() || !batch.lists.empty();
}

}  // namespace

std::unique_ptr<Batch> Lane::TakeBatch(Time now) {
  Answers answers;
  std::unique_ptr<Batch> batch;
  {
    MutexLock lock(mutex_);
    woken_ = false;
    const LaneContext context = Context(now, answers);
    sequences_.FireTimers(context, [&](SequenceState& state) { state.Tidy(context); });
    counters_.FireTimers(context, [&](CounterState& state) { state.Tidy(context); });
    batch = NextBatch(context);
    waiting_ -= static_cast<std::int64_t>(answers.size());
  }
  answers.Deliver();
  return batch;
}

std::unique_ptr<Batch> Lane::NextBatch(const LaneContext& context) {
  if (busy_ || stopped_ || context.now < next_try_) return nullptr;
  if (doubt_ != nullptr) {
    doubt_->kind = Batch::Kind::kResolveDoubt;
    return Send(std::move(doubt_), context.now);
  }
  if (session_.id != 0) return PlanBatch(context);
  if (stopping_ && NothingHeld()) {
    stopped_ = true;
    return nullptr;
  }
  auto batch = std::make_unique<Batch>();
  batch->kind = Batch::Kind::kOpenSession;
  batch->server = options_.server;
  return Send(std::move(batch), context.now);
}

std::unique_ptr<Batch> Lane::Send(std::unique_ptr<Batch> batch, Time now) {
  batch->lane = number_;
  busy_ = true;
  sent_ = now;
  return batch;
}

std::unique_ptr<Batch> Lane::PlanBatch(const LaneContext& context) {
  auto batch = std::make_unique<Batch>();
  batch->session = session_;
  batch->attention_seen = attention_seen_;
  // While the store refuses batches, a heartbeat keeps the lease from running out.
  const bool lease_at_risk =
      names_limit_ < options_.max_batch_names && lease_end_ - options_.lease / 2 <= context.now;
  if (!lease_at_risk) {
    std::int64_t names_left = names_limit_;
    std::int64_t calls_left = options_.max_batch_calls;
    PlanSimple(names_left, *batch);
    // Neither sequences nor counters keep the others out.
    std::int64_t for_counters = counters_.HasReady() ? names_left / 2 : 0;
    if (names_left == 1 && counters_.HasReady() && counters_turn_) for_counters = 1;
    counters_turn_ = !counters_turn_;
    names_left -= for_counters;
    sequences_.Plan(context, names_left, calls_left, *batch);
    names_left += for_counters;
    calls_left = std::max(calls_left, options_.max_batch_calls / 2);
    counters_.Plan(context, names_left, calls_left, *batch);
  }
  if (!HasOperations(*batch)) {
    for (SequenceState* state : sequences_.planned()) state->Replan(context);
    for (CounterState* state : counters_.planned()) state->Replan();
    sequences_.Settle(context);
    counters_.Settle(context);
    if (stopping_ && NothingHeld()) {
      batch->kind = Batch::Kind::kCloseSession;
      closing_ = true;
      return Send(std::move(batch), context.now);
    }
    if (last_commit_ + options_.heartbeat > context.now && !lease_at_risk) return nullptr;
  }
  PlanHeartbeat(context.now, *batch);
  return Send(std::move(batch), context.now);
}

void Lane::PlanSimple(std::int64_t& names_left, Batch& batch) {
  const auto take = [&](auto& simple) {
    while (!simple.queue.empty() && names_left > 0) {
      simple.planned.push_back(simple.queue.front());
      simple.queue.pop_front();
      --names_left;
    }
  };
  take(counter_calls_);
  take(reads_);
  take(lists_);
  std::stable_sort(counter_calls_.planned.begin(), counter_calls_.planned.end(),
                   [](const CounterCall* a, const CounterCall* b) { return a->name < b->name; });
  for (const CounterCall* call : counter_calls_.planned) {
    CounterChange change;
    change.kind = call->kind == CounterCall::Kind::kGet     ? CounterChange::Kind::kGet
                  : call->kind == CounterCall::Kind::kReset ? CounterChange::Kind::kSet
                                                            : CounterChange::Kind::kDelete;
    change.name = call->name;
    change.value = call->value;
    batch.counter_changes.push_back(std::move(change));
  }
  for (const ReadCall* call : reads_.planned) {
    batch.counter_reads.push_back(CounterRead{call->counters, {}});
  }
  for (const ListCall* call : lists_.planned) {
    ListPage page;
    page.of = call->of == ListCall::Of::kCounters ? ListPage::Of::kCounters
              : call->of == ListCall::Of::kGroups ? ListPage::Of::kGroups
                                                  : ListPage::Of::kSequences;
    page.prefix = call->prefix;
    page.after = call->after;
    page.limit = call->limit;
    batch.lists.push_back(std::move(page));
  }
}

void Lane::PlanHeartbeat(Time now, Batch& batch) {
  if (now < next_listing_) return;
  next_listing_ = now + options_.heartbeat;
  batch.list_sessions = true;
  batch.bury = watch_.Silent(options_.lease, now);
  totals_.buried += static_cast<std::int64_t>(batch.bury.size());
  if (key_rotation_seen_ != kNever && key_rotation_seen_ + options_.key_rotation <= now) {
    batch.rotate_keys = key_rotation_;
    key_rotation_seen_ = now;  // Whether or not it happens, not again at once.
  }
  if (now >= next_purge_) {
    next_purge_ = now + kPurgeInterval;
    batch.purge = true;
  }
}

bool Lane::NothingHeld() const {
  bool held = !counter_calls_.queue.empty() || !reads_.queue.empty() || !lists_.queue.empty();
  sequences_.ForEach([&](const SequenceState& state) { held = held || !state.Idle(); });
  counters_.ForEach([&](const CounterState& state) { held = held || !state.Idle(); });
  return !held;
}

Time Lane::NextWake() const {
  MutexLock lock(mutex_);
  if (busy_ || stopped_) return kNever;
  if (doubt_ != nullptr || session_.id == 0) return next_try_;
  const bool work = sequences_.HasReady() || counters_.HasReady() ||
                    !counter_calls_.queue.empty() || !reads_.queue.empty() || !lists_.queue.empty();
  if (work || stopping_) return next_try_;
  const Time heartbeat = last_commit_ + options_.heartbeat;
  return std::max(next_try_, std::min({heartbeat, sequences_.NextTimer(), counters_.NextTimer()}));
}

}  // namespace mintmark::engine
