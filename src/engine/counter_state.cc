#include "src/engine/counter_state.h"

#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "src/core/reason.h"

namespace mintmark::engine {
namespace {

__extension__ using Wide = __int128;

// Nearer to the ends of int64 than this a deferred increment is committed: in
// memory nobody could tell whether it overflows.
constexpr std::int64_t kDeferBound = std::int64_t{1} << 62;

// A deferred delta that the store did not take is offered again after this long.
constexpr Duration kDeferRetry = std::chrono::seconds(1);

bool Within(Wide value, std::int64_t bound) { return value >= -Wide{bound} && value <= bound; }

bool FitsInt64(Wide value) { return value >= INT64_MIN && value <= INT64_MAX; }

}  // namespace

// Gathers callers into one CounterAdd: their prefix sums, and between which values
// of the counter all of them fit int64.
class CounterState::ItemBuilder {
 public:
  explicit ItemBuilder(std::int64_t deferred) {
    item_.deferred = deferred;
    Advance(deferred);
  }

  // False when a prefix would leave int64: then nothing that comes later is taken
  // either, which would overtake it. False as well when the request id is in the
  // item already.
  bool Add(IncrCall& call) {
    full_ = full_ || !FitsInt64(Wide{add_.sum} + call.delta);
    if (full_) return false;
    if (!call.request_id.empty() && !keys_.insert(call.request_id).second) return false;
    Advance(call.delta);
    item_.callers.push_back(Caller{&call, add_.sum});
    if (!call.request_id.empty()) {
      Key key;
      key.kind = KeyKind::kIncrCounter;
      key.id = call.request_id;
      key.n = call.delta;
      key.share = add_.sum;
      add_.keys.push_back(std::move(key));
    }
    return true;
  }

  bool empty() const { return item_.callers.empty() && item_.deferred == 0; }

  // Moves what was gathered into the batch; the builder is of no use afterwards.
  Item MoveTo(const std::string& name, bool create, Batch& batch) {
    add_.name = name;
    add_.create = create;
    item_.place = batch.adds.size();
    batch.adds.push_back(std::move(add_));
    return std::move(item_);
  }

 private:
  // value + prefix has to stay inside int64 for every prefix.
  void Advance(std::int64_t delta) {
    add_.sum += delta;
    if (add_.sum < 0) add_.lo = std::max(add_.lo, INT64_MIN - add_.sum);
    if (add_.sum > 0) add_.hi = std::min(add_.hi, INT64_MAX - add_.sum);
  }

  Item item_;
  CounterAdd add_;
  bool full_ = false;
  absl::flat_hash_set<std::string> keys_;
};

bool CounterState::CountOrQueue(IncrCall& call, const LaneContext& context) {
  last_used_ = context.now;
  if (call.deferred && call.request_id.empty() && Defer(call, context)) return true;
  queue_.push_back(&call);
  return false;
}

bool CounterState::Defer(IncrCall& call, const LaneContext& context) {
  // The first increment of a counter is committed, which also tells its value.
  if (!value_.has_value() || context.stopping) return false;
  // What was deferred before is overdue: no more is taken on until it is persisted.
  if (std::min(deferred_due_, planned_due_) <= context.now) return false;
  Wide waiting = Wide{deferred_} + planned_deferred_ + call.delta;
  if (!Within(waiting, kDeferBound) || !Within(waiting + *value_, kDeferBound) ||
      !Within(Wide{deferred_} + call.delta, kDeferBound)) {
    return false;
  }
  deferred_ += call.delta;
  deferred_due_ = std::min(deferred_due_, context.now + call.update_interval);
  call.value = static_cast<std::int64_t>(waiting + *value_);
  call.durable = false;
  call.replayed = false;
  return true;
}

bool CounterState::HasWork(const LaneContext& context) const {
  if (retry_at_ > context.now) return false;
  if (!queue_.empty()) return true;
  return deferred_due_ != kNever && (deferred_due_ <= context.now || context.stopping);
}

std::int64_t CounterState::Plan(const LaneContext& context, std::int64_t max_calls, Batch& batch) {
  retry_at_ = Time::min();
  ExpireQueued(context);
  planned_deferred_ = std::exchange(deferred_, 0);
  planned_due_ = std::exchange(deferred_due_, kNever);
  // What was deferred may add up to nothing.
  if (planned_deferred_ == 0) planned_due_ = kNever;
  const bool create = context.options.auto_create || planned_deferred_ != 0;

  ItemBuilder plain(planned_deferred_);
  ItemBuilder keyed(0);
  std::vector<IncrCall*> stay;
  std::vector<IncrCall*> alone;
  std::int64_t taken = 0;
  for (IncrCall* call : queue_) {
    ItemBuilder& builder = call->request_id.empty() ? plain : keyed;
    const bool fits = taken < max_calls && (call->alone_ || builder.Add(*call));
    if (!fits) {
      stay.push_back(call);
      continue;
    }
    if (call->alone_) alone.push_back(call);
    ++taken;
  }
  queue_ = std::move(stay);
  if (!plain.empty()) planned_.push_back(plain.MoveTo(name_, create, batch));
  if (!keyed.empty()) planned_.push_back(keyed.MoveTo(name_, create, batch));
  for (IncrCall* call : alone) {
    ItemBuilder single(0);
    single.Add(*call);
    planned_.push_back(single.MoveTo(name_, create, batch));
  }
  return taken;
}

void CounterState::Apply(const LaneContext& context, const Batch& batch) {
  std::vector<Item> planned = std::exchange(planned_, {});
  planned_deferred_ = 0;
  planned_due_ = kNever;
  // From the last to the first, so that those who have to be tried again keep
  // their order in the queue; the value is that after the last that was added.
  bool known = false;
  for (std::size_t i = planned.size(); i-- > 0;) {
    const CounterAdd& add = batch.adds[planned[i].place];
    if (!known && add.result == CounterAdd::Result::kAdded) {
      value_ = add.value;
      known = true;
    }
    ApplyItem(context, planned[i], add);
  }
}

void CounterState::ApplyItem(const LaneContext& context, Item& item, const CounterAdd& add) {
  switch (add.result) {
    case CounterAdd::Result::kAdded:
      AnswerAdded(context, item, add);
      return;
    case CounterAdd::Result::kOverflow:
      ApplyOverflow(context, item, add);
      return;
    case CounterAdd::Result::kKeysSeen:
      AnswerReplays(context, item, add);
      return;
    case CounterAdd::Result::kAbsent:
      AnswerAll(context, item,
                MakeStatus(Reason::kCounterNotFound,
                           absl::StrCat("There is no counter \"", name_,
                                        "\"; this server does not create counters on first use "
                                        "(--auto-create=false). Make it with ResetCounter.")));
      return;
    case CounterAdd::Result::kKeysFull:
      TakeBack(context, item);
      AnswerAll(context, item, RequestIdsFull());
      return;
  }
}

void CounterState::AnswerAdded(const LaneContext& context, const Item& item,
                               const CounterAdd& add) {
  const Wide before = Wide{add.value} - add.sum;
  for (const Caller& caller : item.callers) {
    if (caller.call == nullptr) continue;
    caller.call->value = static_cast<std::int64_t>(before + caller.prefix);
    caller.call->durable = true;
    caller.call->replayed = false;
    context.answers.Add(*caller.call, absl::OkStatus());
  }
}

void CounterState::ApplyOverflow(const LaneContext& context, Item& item, const CounterAdd& add) {
  const bool alone = item.callers.size() == 1 && item.deferred == 0;
  if (alone) {
    AnswerAll(context, item,
              MakeStatus(Reason::kCounterOverflow,
                         absl::StrCat("The counter \"", name_, "\" is at ", add.value,
                                      "; this increment would leave the range of signed 64-bit "
                                      "integers. Nothing was counted.")));
    return;
  }
  TakeBack(context, item);
  for (const Caller& caller : item.callers) {
    if (caller.call != nullptr) caller.call->alone_ = true;
  }
  Requeue(item);
}

void CounterState::AnswerReplays(const LaneContext& context, const Item& item,
                                 const CounterAdd& add) {
  // Items with keys have one for each caller.
  Item rest;
  std::vector<bool> seen(item.callers.size(), false);
  for (const StoredReply& reply : add.seen) {
    seen[reply.key] = true;
    IncrCall* call = item.callers[reply.key].call;
    if (call == nullptr) continue;
    if (reply.n != add.keys[reply.key].n) {
      context.answers.Add(*call, RequestIdReused());
      continue;
    }
    call->value = reply.value;
    call->durable = true;
    call->replayed = true;
    context.answers.Add(*call, absl::OkStatus());
  }
  for (std::size_t i = 0; i < item.callers.size(); ++i) {
    if (!seen[i]) rest.callers.push_back(item.callers[i]);
  }
  Requeue(rest);
}

void CounterState::AnswerAll(const LaneContext& context, const Item& item,
                             const absl::Status& status) {
  for (const Caller& caller : item.callers) {
    if (caller.call != nullptr) context.answers.Add(*caller.call, status);
  }
}

void CounterState::Requeue(const Item& item) {
  std::vector<IncrCall*> calls;
  for (const Caller& caller : item.callers) {
    if (caller.call != nullptr) calls.push_back(caller.call);
  }
  queue_.insert(queue_.begin(), calls.begin(), calls.end());
}

// Deltas that were answered before are kept until the store takes them.
void CounterState::TakeBack(const LaneContext& context, Item& item) {
  if (item.deferred == 0) return;
  deferred_ += std::exchange(item.deferred, 0);
  deferred_due_ = std::min(deferred_due_, context.now + kDeferRetry);
}

void CounterState::Replan(const LaneContext& /*context*/) {
  std::vector<Item> planned = std::exchange(planned_, {});
  for (std::size_t i = planned.size(); i-- > 0;) Requeue(planned[i]);
  deferred_ += std::exchange(planned_deferred_, 0);
  deferred_due_ = std::min(deferred_due_, std::exchange(planned_due_, kNever));
}

void CounterState::Refuse(const LaneContext& context, const absl::Status& status, Time retry_at) {
  Replan(context);
  FailQueued(context, status);
  retry_at_ = retry_at;
}

void CounterState::FailQueued(const LaneContext& context, const absl::Status& status) {
  for (IncrCall* call : queue_) context.answers.Add(*call, status);
  queue_.clear();
}

// Whatever became of the store, an increment in it may count.
void CounterState::Abandon(const LaneContext& context, const Batch& /*batch*/,
                           const absl::Status& /*status*/) {
  for (const Item& item : planned_) AnswerAll(context, item, InDoubt());
  planned_.clear();
  planned_deferred_ = 0;
  planned_due_ = kNever;
}

void CounterState::Expire(const LaneContext& context) {
  const auto late = [&](const Call* call) {
    return call != nullptr && call->deadline <= context.now;
  };
  for (Item& item : planned_) {
    for (Caller& caller : item.callers) {
      if (!late(caller.call)) continue;
      context.answers.Add(*std::exchange(caller.call, nullptr), InDoubt());
    }
  }
  ExpireQueued(context);
}

void CounterState::ExpireQueued(const LaneContext& context) {
  for (IncrCall*& call : queue_) {
    if (call->deadline > context.now) continue;
    context.answers.Add(*std::exchange(call, nullptr), NotExecuted());
  }
  std::erase(queue_, nullptr);
}

void CounterState::Tidy(const LaneContext& context) {
  if (retry_at_ <= context.now) retry_at_ = Time::min();
}

bool CounterState::Idle() const {
  return queue_.empty() && planned_.empty() && deferred_due_ == kNever && planned_due_ == kNever;
}

bool CounterState::Evictable(const LaneContext& context) const {
  return Idle() && !listed && !in_batch && last_used_ + context.options.evict_after <= context.now;
}

Time CounterState::NextTime(const EngineOptions& options) const {
  Time next = deferred_due_;
  if (Idle()) next = std::min(next, last_used_ + options.evict_after);
  if (retry_at_ != Time::min()) next = std::min(next, retry_at_);
  return next;
}

std::int64_t CounterState::waiting() const {
  std::size_t count = queue_.size();
  for (const Item& item : planned_) count += item.callers.size();
  return static_cast<std::int64_t>(count);
}

}  // namespace mintmark::engine
