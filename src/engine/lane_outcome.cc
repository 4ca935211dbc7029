// What a lane makes of the outcome of its batch.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/check.h"
#include "src/core/reason.h"
#include "src/engine/group_answers.h"
#include "src/engine/lane.h"

namespace mintmark::engine {
namespace {

// A session that was silent for longer may have been purged (after a day); one that
// is gone sooner was lost by the store.
constexpr Duration kPurgePossible = std::chrono::hours(12);

// What the store refuses even by itself is tried again after this long.
constexpr Duration kRefusedPause = std::chrono::seconds(1);

}  // namespace

void Lane::Complete(std::unique_ptr<Batch> batch, const BatchOutcome& outcome, Time now) {
  Answers answers;
  {
    MutexLock lock(mutex_);
    MINTMARK_CHECK(busy_);
    busy_ = false;
    LaneContext context = Context(now, answers);
    using Kind = BatchOutcome::Kind;
    switch (outcome.kind) {
      case Kind::kApplied:
        StoreBack();
        if (batch->kind == Batch::Kind::kResolveDoubt) {
          Resolved(std::move(batch), context);
        } else {
          Applied(*batch, sent_, context);
        }
        break;
      case Kind::kFenced:
      case Kind::kInDoubt:
      case Kind::kUnavailable:
      case Kind::kConflict:
      case Kind::kRefused:
        NotApplied(std::move(batch), outcome, context);
        break;
    }
    waiting_ -= static_cast<std::int64_t>(answers.size());
  }
  answers.Deliver();
}

void Lane::NotApplied(std::unique_ptr<Batch> batch, const BatchOutcome& outcome,
                      const LaneContext& context) {
  using Kind = BatchOutcome::Kind;
  const bool lost = outcome.kind == Kind::kFenced || outcome.kind == Kind::kInDoubt;
  if (lost || outcome.kind == Kind::kUnavailable) watch_.StartAnew(context.now);
  if (batch->kind == Batch::Kind::kResolveDoubt) {
    doubt_ = std::move(batch);
    StoreAway(context);
  } else if (batch->kind == Batch::Kind::kOpenSession) {
    // Whatever row it may have made is nobody's, and will be buried.
    StoreAway(context);
  } else if (lost) {
    doubt_ = std::move(batch);
    doubt_sent_ = sent_;
  } else if (outcome.kind == Kind::kConflict) {
    closing_ = false;
    Replan(context);
  } else if (outcome.kind == Kind::kRefused) {
    closing_ = false;
    Refused(outcome.status, context);
  } else {
    closing_ = false;
    Replan(context);
    StoreAway(context);
  }
}

void Lane::RenewLease(Time sent, Time now) {
  // Between the end of the lease and this commit somebody may have buried this
  // session's past: each window has to be found its own again.
  if (lease_end_ != Time::min() && lease_end_ <= now) ++era_;
  lease_end_ = std::max(lease_end_, sent + options_.lease);
}

void Lane::Applied(Batch& batch, Time sent, const LaneContext& before) {
  last_commit_ = before.now;
  ++totals_.commits;
  Isolated(PlannedNames());
  if (batch.kind == Batch::Kind::kOpenSession) {
    session_ = batch.session;
    attention_seen_ = batch.report.attention_seen;
    next_listing_ = before.now;
  } else {
    session_.last_batch = batch.number();
  }
  RenewLease(sent, before.now);
  if (batch.kind == Batch::Kind::kCloseSession) {
    stopped_ = true;
    return;
  }
  // Suspect or not, lease and era as of this commit.
  suspect_ = batch.report.suspect;
  clock_.Read(batch.report.store_time_us, sent, before.now);
  const LaneContext context = Context(before.now, before.answers);
  if (suspect_) {
    // What it drew or counted, the store may have forgotten having given before.
    Abandon(batch, context, Refusal());
    Report(batch, context);
    if (waiting_ > 0) FailEverybody(context);
    // What has work goes on having it until the store is fenced.
    next_try_ = context.now + options_.heartbeat;
    return;
  }
  for (const Acquire& acquire : batch.acquires) {
    const bool acquired = acquire.result == Acquire::Result::kAcquired;
    totals_.takeovers += acquired && acquire.taken_over ? 1 : 0;
  }
  for (const GeneratorAcquire& acquire : batch.generator_acquires) {
    const bool acquired = acquire.result == GeneratorAcquire::Result::kAcquired;
    totals_.generator_takeovers += acquired && acquire.taken_over ? 1 : 0;
  }
  EachTable([&](auto& table) {
    for (auto* state : table.planned()) state->Apply(context, batch);
  });
  ApplySimple(batch, context);
  Report(batch, context);
  EachTable([&](auto& table) { table.Settle(context); });
}

void Lane::ApplySimple(Batch& batch, const LaneContext& context) {
  for (std::size_t i = 0; i < counter_calls_.planned.size(); ++i) {
    CounterChange& change = batch.counter_changes[i];
    if (CounterState* state = counters_.Find(change.name); state != nullptr) state->ForgetValue();
    CounterCall* call = counter_calls_.planned[i];
    if (call == nullptr) continue;
    if (change.kind == CounterChange::Kind::kGet) AddHeldBack(change.name, change.row.value);
    const bool absent = !change.found && change.kind != CounterChange::Kind::kSet;
    call->row = std::move(change.row);
    context.answers.Add(
        *call, absent ? MakeStatus(Reason::kCounterNotFound,
                                   absl::StrCat("There is no counter \"", call->name, "\"."))
                      : absl::OkStatus());
  }
  for (std::size_t i = 0; i < reads_.planned.size(); ++i) {
    ReadCall* call = reads_.planned[i];
    if (call == nullptr) continue;
    call->values = std::move(batch.counter_reads[i].values);
    for (std::size_t k = 0; k < call->values.size(); ++k) {
      AddHeldBack(call->counters[k], call->values[k]);
    }
    context.answers.Add(*call, absl::OkStatus());
  }
  for (std::size_t i = 0; i < lists_.planned.size(); ++i) {
    ListCall* call = lists_.planned[i];
    if (call == nullptr) continue;
    for (const SequenceRow& row : batch.lists[i].sequences) {
      call->sequences.push_back(ViewOf(row, options_));
    }
    call->counters = std::move(batch.lists[i].counters);
    call->groups = std::move(batch.lists[i].groups);
    for (CounterRow& row : call->counters) AddHeldBack(row.name, row.value);
    context.answers.Add(*call, absl::OkStatus());
  }
  for (std::size_t i = 0; i < generator_lists_.planned.size(); ++i) {
    GeneratorsCall* call = generator_lists_.planned[i];
    if (call == nullptr) continue;
    call->generators = std::move(batch.generator_lists[i].rows);
    context.answers.Add(*call,
                        batch.generator_lists[i].found ? absl::OkStatus() : NoGroup(call->group));
  }
  EachSimple([](auto& simple) { simple.planned.clear(); });
}

void Lane::AddHeldBack(const std::string& counter, std::int64_t& value) {
  const CounterState* state = counters_.Find(counter);
  if (state == nullptr) return;
  // Another server may have brought the stored value near an end meanwhile.
  const std::int64_t deferred = state->deferred();
  if (__builtin_add_overflow(value, deferred, &value)) {
    value = deferred > 0 ? INT64_MAX : INT64_MIN;
  }
}

void Lane::Report(const Batch& batch, const LaneContext& context) {
  const BatchReport& report = batch.report;
  attention_seen_ = report.attention_seen;
  totals_.store_time_us = report.store_time_us;
  if (batch.list_sessions) {
    // A store that stood still for long stood still for the others too.
    if (context.now - sent_ >= options_.lease / 2) watch_.StartAnew(context.now);
    watch_.See(report.sessions, context.now);
    totals_.key_count = report.key_count;
  }
  if (report.key_rotation != key_rotation_) {
    key_rotation_ = report.key_rotation;
    key_rotation_seen_ = context.now;
  }
  for (const Attention& attention : report.attention) {
    SequenceState* state = sequences_.Find(attention.sequence);
    if (state == nullptr) continue;
    state->Notice(attention, context);
    sequences_.ListIfReady(*state, context);
  }
  for (const GroupAttention& attention : report.group_attention) {
    GroupState* state = groups_.Find(attention.group);
    if (state == nullptr) continue;
    state->Notice(attention);
    groups_.ListIfReady(*state, context);
  }
}

void Lane::Resolved(std::unique_ptr<Batch> batch, const LaneContext& context) {
  const Batch::Resolution& resolution = batch->resolution;
  if (!resolution.found) {
    if (std::exchange(closing_, false)) {
      stopped_ = true;
      return;
    }
    // Gone: purged after a long silence, or forgotten by the store. Whether the
    // batch was applied before that cannot be told any more.
    Abandon(*batch, context, InDoubt());
    if (sent_ - last_commit_ < kPurgePossible) Regress(context);
    LoseSession(context.now);
    return;
  }
  closing_ = false;
  if (resolution.last_batch < session_.last_batch) {
    Replan(context);
    Regress(context);
    LoseSession(context.now);
    return;
  }
  session_.epoch = resolution.epoch;
  if (resolution.last_batch >= batch->number()) {
    ++totals_.doubts_applied;
    // Lists are not among the results that are stored; they are asked for again.
    RequeueSimple(lists_);
    RequeueSimple(generator_lists_);
    batch->lists.clear();
    batch->generator_lists.clear();
    // The lease counts from the batch, whose report is all that is known: the fence
    // has not looked for marks.
    Applied(*batch, doubt_sent_, context);
  } else {
    ++totals_.doubts_not_applied;
    Replan(context);
  }
  // The epoch went up at the lane's own wish or at that of others who saw it
  // silent; in either case what it holds is looked at before it is used.
  ++era_;
  if (resolution.buried) LoseSession(context.now);
}

void Lane::LoseSession(Time now) {
  session_ = SessionRow();
  lease_end_ = Time::min();
  Answers none;
  const LaneContext context = Context(now, none);
  const auto lose = [&](auto& table) {
    for (auto* state : table.Sorted()) {
      state->LoseSession();
      table.ListIfReady(*state, context);
    }
  };
  lose(sequences_);
  lose(groups_);
}

template <typename C>
void Lane::RequeueSimple(Simple<C>& simple) {
  for (std::size_t i = simple.planned.size(); i-- > 0;) {
    if (simple.planned[i] != nullptr) simple.queue.push_front(simple.planned[i]);
  }
  simple.planned.clear();
}

void Lane::Replan(const LaneContext& context) {
  EachSimple([&](auto& simple) { RequeueSimple(simple); });
  EachTable([&](auto& table) {
    for (auto* state : table.planned()) state->Replan(context);
    table.Settle(context, /*at_front=*/true);
  });
}

void Lane::Abandon(const Batch& batch, const LaneContext& context, const absl::Status& status) {
  EachTable([&](auto& table) {
    for (auto* state : table.planned()) state->Abandon(context, batch, status);
  });
  Replan(context);
}

void Lane::Regress(const LaneContext& context) {
  regressed_ = true;
  for (SequenceState* state : sequences_.Sorted()) state->DropWindows();
  for (GroupState* state : groups_.Sorted()) state->DropWindows();
  FailEverybody(context);
}

void Lane::FailEverybody(const LaneContext& context) {
  const absl::Status refusal = Refusal();
  FailQueued(context, refusal);
  EachTable([&](auto& table) {
    for (auto* state : table.Sorted()) state->FailQueued(context, refusal);
  });
}

void Lane::Isolated(std::int64_t names) {
  isolating_ = std::max<std::int64_t>(0, isolating_ - names);
  if (isolating_ == 0) names_limit_ = options_.max_batch_names;
}

std::int64_t Lane::PlannedNames() const {
  std::size_t names = 0;
  EachTable([&](const auto& table) { names += table.planned().size(); });
  EachSimple([&](const auto& simple) { names += simple.planned.size(); });
  return static_cast<std::int64_t>(names);
}

void Lane::Refused(const absl::Status& status, const LaneContext& context) {
  const std::int64_t names = PlannedNames();
  if (names > 1) {
    // Halved until what the store refuses is by itself.
    names_limit_ = std::max<std::int64_t>(1, names / 2);
    isolating_ = std::max(isolating_, names);
    Replan(context);
    return;
  }
  Isolated(names);
  const absl::Status told = MakeStatus(
      Reason::kStoreUnavailable,
      absl::StrCat("The store refused; nothing was changed, try again. ", status.message()),
      kRefusedPause);
  const Time retry_at = context.now + kRefusedPause;
  EachSimple([&](auto& simple) {
    for (auto* call : simple.planned) {
      if (call != nullptr) context.answers.Add(*call, told);
    }
    simple.planned.clear();
  });
  EachTable([&](auto& table) {
    for (auto* state : table.planned()) state->Refuse(context, told, retry_at);
    table.Settle(context);
  });
  if (names == 0) next_try_ = context.now + options_.retry_first;  // A bare heartbeat.
}

void Lane::StoreAway(const LaneContext& context) {
  // Doubling pauses, spread by up to a quarter so that servers do not come back in
  // one instant.
  const std::int64_t doublings = std::min<std::int64_t>(failures_, 16);
  const Duration pause =
      std::min(options_.retry_first * (std::int64_t{1} << doublings), options_.retry_most);
  const std::uint64_t mixed = (options_.jitter_seed + static_cast<std::uint64_t>(failures_) * 16 +
                               static_cast<std::uint64_t>(number_)) *
                              0x9E3779B97F4A7C15ULL;
  const auto spread =
      static_cast<std::int64_t>(mixed >> 32) % std::max<std::int64_t>(1, pause.count() / 4);
  ++failures_;
  away_ = true;
  next_try_ = context.now + pause + Duration(spread);
  FailQueued(context, Away());
}

void Lane::StoreBack() {
  failures_ = 0;
  away_ = false;
  next_try_ = Time();
}

}  // namespace mintmark::engine
