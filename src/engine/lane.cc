#include "src/engine/lane.h"

#include <algorithm>
#include <utility>

#include "src/core/reason.h"

namespace mintmark::engine {

Lane::Lane(int number, const EngineOptions& options, std::function<void(int lane)> wake)
    : number_(number),
      options_(options),
      wake_(std::move(wake)),
      names_limit_(options.max_batch_names) {}

LaneContext Lane::Context(Time now, Answers& answers) {
  return LaneContext{.options = options_,
                     .now = now,
                     .session = session_.id,
                     .era = era_,
                     .may_issue = now < lease_end_ && !suspect_ && !regressed_,
                     .stopping = stopping_,
                     .store_now_us = clock_.known() ? clock_.At(now) : 0,
                     .answers = answers};
}

absl::Status Lane::Refusal(const Call& call, Time now) const {
  return call.deadline <= now ? NotExecuted() : Refusal();
}

absl::Status Lane::Refusal() const {
  if (stopping_) {
    return MakeStatus(Reason::kShuttingDown, "This server stops; nothing was changed, ask another.",
                      Duration::zero());
  }
  if (suspect_ || regressed_) {
    return MakeStatus(Reason::kStoreSuspect,
                      "The store went back in time: it lacks what it had acknowledged before. "
                      "Nothing is issued until an operator has fenced it.");
  }
  if (waiting_ >= options_.max_waiting) {
    return MakeStatus(Reason::kOverloaded,
                      "More callers wait than this server takes; nothing was changed, try again "
                      "later.",
                      std::chrono::milliseconds(100));
  }
  return absl::OkStatus();
}

absl::Status Lane::Away() const {
  return MakeStatus(Reason::kStoreUnavailable,
                    "The store cannot be reached; nothing was changed, try again.",
                    options_.retry_most);
}

bool Lane::HasReady() const {
  bool ready = false;
  EachTable([&](const auto& table) { ready = ready || table.HasReady(); });
  EachSimple([&](const auto& simple) { ready = ready || !simple.queue.empty(); });
  return ready;
}

bool Lane::Leave(const Answers& answers) {
  waiting_ -= static_cast<std::int64_t>(answers.size());
  if (busy_ || woken_ || stopped_) return false;
  woken_ = HasReady() || stopping_;
  return woken_;
}

template <typename C>
void Lane::Take(C& call, Time now) {
  Answers answers;
  bool served = false;
  bool wake = false;
  absl::Status refusal;
  {
    MutexLock lock(mutex_);
    refusal = away_ && NeedsStore(call) ? Away() : Refusal(call, now);
    if (refusal.ok()) {
      served = ServeOrQueue(call, Context(now, answers));
      if (!served) ++waiting_;
      wake = Leave(answers);
    }
  }
  if (wake) wake_(number_);
  answers.Deliver();
  if (served || !refusal.ok()) call.Done(refusal);
}

bool Lane::ServeOrQueue(NextCall& call, const LaneContext& context) {
  SequenceState& state = sequences_.FindOrMake(call.sequence, context, [&] {
    return std::make_unique<SequenceState>(call.sequence, options_);
  });
  const bool served = state.ServeOrQueue(call, context);
  if (!served && away_) state.FailQueued(context, Away());
  sequences_.ListIfReady(state, context);
  if (!served) sequences_.Schedule(state, context);
  return served;
}

bool Lane::ServeOrQueue(IncrCall& call, const LaneContext& context) {
  CounterState& state = counters_.FindOrMake(
      call.counter, context, [&] { return std::make_unique<CounterState>(call.counter); });
  if (state.CountOrQueue(call, context)) {
    counters_.Schedule(state, context);
    return true;
  }
  if (away_) state.FailQueued(context, Away());
  counters_.ListIfReady(state, context);
  return false;
}

bool Lane::ServeOrQueue(SequenceCall& call, const LaneContext& context) {
  SequenceState& state = sequences_.FindOrMake(
      call.name, context, [&] { return std::make_unique<SequenceState>(call.name, options_); });
  state.Queue(call);
  sequences_.ListIfReady(state, context);
  return false;
}

GroupState& Lane::GroupOf(const std::string& name, const LaneContext& context) {
  return groups_.FindOrMake(name, context, [&] { return std::make_unique<GroupState>(name); });
}

bool Lane::ServeOrQueue(GuidCall& call, const LaneContext& context) {
  GroupState& state = GroupOf(call.group, context);
  const bool served = state.ServeOrQueue(call, context);
  if (!served && away_) state.FailQueued(context, Away());
  groups_.ListIfReady(state, context);
  if (!served) groups_.Schedule(state, context);
  return served;
}

bool Lane::ServeOrQueue(GroupCall& call, const LaneContext& context) {
  GroupState& state = GroupOf(call.name, context);
  const bool served = state.ServeOrQueue(call, context);
  if (!served && away_) state.FailQueued(context, Away());
  groups_.ListIfReady(state, context);
  return served;
}

bool Lane::ServeOrQueue(LeaseCall& call, const LaneContext& context) {
  GroupState& state = GroupOf(call.group, context);
  state.Queue(call);
  groups_.ListIfReady(state, context);
  return false;
}

bool Lane::ServeOrQueue(CounterCall& call, const LaneContext& /*context*/) {
  counter_calls_.queue.push_back(&call);
  return false;
}

bool Lane::ServeOrQueue(ReadCall& call, const LaneContext& /*context*/) {
  reads_.queue.push_back(&call);
  return false;
}

bool Lane::ServeOrQueue(ListCall& call, const LaneContext& /*context*/) {
  lists_.queue.push_back(&call);
  return false;
}

bool Lane::ServeOrQueue(GeneratorsCall& call, const LaneContext& /*context*/) {
  generator_lists_.queue.push_back(&call);
  return false;
}

void Lane::Next(NextCall& call, Time now) { Take(call, now); }
void Lane::Incr(IncrCall& call, Time now) { Take(call, now); }
void Lane::Read(ReadCall& call, Time now) { Take(call, now); }
void Lane::Sequence(SequenceCall& call, Time now) { Take(call, now); }
void Lane::Counter(CounterCall& call, Time now) { Take(call, now); }
void Lane::List(ListCall& call, Time now) { Take(call, now); }
void Lane::Guid(GuidCall& call, Time now) { Take(call, now); }
void Lane::Group(GroupCall& call, Time now) { Take(call, now); }
void Lane::Lease(LeaseCall& call, Time now) { Take(call, now); }
void Lane::Generators(GeneratorsCall& call, Time now) { Take(call, now); }

void Lane::FailQueued(const LaneContext& context, const absl::Status& status) {
  EachTable([&](auto& table) {
    for (auto* state : table.ready()) state->FailQueued(context, status);
  });
  EachSimple([&](auto& simple) {
    for (auto* call : simple.queue) context.answers.Add(*call, status);
    simple.queue.clear();
  });
}

namespace {

// What a call is told whose time ends in its batch: one that changes nothing was as
// good as not executed.
template <typename C>
absl::Status LateInBatch(const C& /*call*/) {
  return NotExecuted();
}
absl::Status LateInBatch(const CounterCall& call) {
  return call.kind == CounterCall::Kind::kGet ? NotExecuted() : InDoubt();
}

}  // namespace

void Lane::Tick(Time now) {
  Answers answers;
  bool wake = false;
  {
    MutexLock lock(mutex_);
    const LaneContext context = Context(now, answers);
    if (waiting_ > 0) {
      // Whoever waits is in line, in the batch, or in a state with a timer; those
      // last are found by it.
      EachTable([&](auto& table) {
        for (auto* state : table.ready()) state->Expire(context);
        for (auto* state : table.planned()) state->Expire(context);
      });
      EachSimple([&](auto& simple) {
        for (auto*& call : simple.planned) {
          if (call == nullptr || call->deadline > now) continue;
          context.answers.Add(*call, LateInBatch(*call));
          call = nullptr;
        }
        for (auto*& call : simple.queue) {
          if (call->deadline > now) continue;
          context.answers.Add(*std::exchange(call, nullptr), NotExecuted());
        }
        std::erase(simple.queue, nullptr);
      });
    }
    EachTable([&](auto& table) {
      table.FireTimers(context, [&](auto& state) {
        state.Expire(context);
        state.Tidy(context);
      });
    });
    wake = Leave(answers);
  }
  if (wake) wake_(number_);
  answers.Deliver();
}

void Lane::BeginStop(Time now) {
  Answers answers;
  bool wake = false;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    const LaneContext context = Context(now, answers);
    EachTable([&](auto& table) {
      for (auto* state : table.Sorted()) table.ListIfReady(*state, context);
    });
    wake = Leave(answers);
  }
  if (wake) wake_(number_);
  answers.Deliver();
}

bool Lane::Stopped() const {
  MutexLock lock(mutex_);
  return stopped_;
}

LaneStatus Lane::Status(Time now) const {
  MutexLock lock(mutex_);
  LaneStatus status = totals_;
  status.lane = number_;
  status.session = session_.id;
  status.epoch = session_.epoch;
  status.last_batch = session_.last_batch;
  status.state = stopped_            ? "stopped"
                 : away_             ? "store away"
                 : doubt_ != nullptr ? "in doubt"
                 : session_.id == 0  ? "opening"
                 : busy_             ? "committing"
                                     : "ready";
  status.since_commit = last_commit_ == Time::min() ? Duration::zero() : now - last_commit_;
  status.waiting = waiting_;
  status.sequences = sequences_.size();
  status.counters = counters_.size();
  status.groups = groups_.size();
  sequences_.ForEach([&](const SequenceState& state) {
    status.unissued = AdvanceUpTo(status.unissued, state.unissued(), INT64_MAX);
  });
  groups_.ForEach([&](const GroupState& state) { status.generators += state.generators(); });
  counters_.ForEach(
      [&](const CounterState& state) { status.deferred_counters += state.has_deferred() ? 1 : 0; });
  status.suspect = suspect_ || regressed_;
  return status;
}

}  // namespace mintmark::engine
