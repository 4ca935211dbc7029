// How a lane plans its next batch.
#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "src/engine/lane.h"

namespace mintmark::engine {
namespace {

constexpr Duration kPurgeInterval = std::chrono::hours(1);

bool HasOperations(const Batch& batch) {
  return !batch.opens.empty() || !batch.changes.empty() || !batch.drains.empty() ||
         !batch.give_backs.empty() || !batch.refills.empty() || !batch.acquires.empty() ||
         !batch.draws.empty() || HasGroupOperations(batch) || !batch.adds.empty() ||
         !batch.counter_changes.empty() || !batch.counter_reads.empty() || !batch.lists.empty();
}

}  // namespace

std::unique_ptr<Batch> Lane::TakeBatch(Time now) {
  Answers answers;
  std::unique_ptr<Batch> batch;
  {
    MutexLock lock(mutex_);
    woken_ = false;
    const LaneContext context = Context(now, answers);
    EachTable(
        [&](auto& table) { table.FireTimers(context, [&](auto& state) { state.Tidy(context); }); });
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
    PlanNames(context, *batch);
  }
  if (!HasOperations(*batch)) {
    EachTable([&](auto& table) {
      for (auto* state : table.planned()) state->Replan(context);
      table.Settle(context);
    });
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

// No kind of name keeps the others out: each that has some in line gets an equal part
// of the room, and what those before it left. Whose turn it is to be first changes,
// for when there is room for one.
void Lane::PlanNames(const LaneContext& context, Batch& batch) {
  std::array<std::int64_t, kTables> names{};
  std::int64_t waiting = 0;
  EachTable([&](const auto& table) { waiting += table.HasReady() ? 1 : 0; });
  std::int64_t names_left = names_limit_;
  // While there is room for few, simple calls wait every other time: however many come,
  // what the store refuses is found.
  const bool room_for_few = names_limit_ < options_.max_batch_names;
  if (!room_for_few || waiting == 0 || turn_ % 2 == 0) PlanSimple(names_left, batch);
  const int turn = turn_;
  for (int place = 0; place < kTables && waiting > 0; ++place) {
    int number = 0;
    EachTable([&](const auto& table) {
      const int mine = number++;
      if ((mine + turn) % kTables != place || !table.HasReady()) return;
      const std::int64_t share = (names_left + waiting - 1) / waiting;
      names[static_cast<std::size_t>(mine)] = share;
      names_left -= share;
      --waiting;
    });
  }
  turn_ = (turn_ + 1) % (2 * kTables);
  std::int64_t calls_left = options_.max_batch_calls;
  std::int64_t left = 0;
  std::size_t number = 0;
  EachTable([&](auto& table) {
    left += names[number++];
    calls_left = std::max(calls_left, options_.max_batch_calls / 2);
    table.Plan(context, left, calls_left, batch);
  });
}

void Lane::PlanSimple(std::int64_t& names_left, Batch& batch) {
  const auto take = [&](auto& simple) {
    while (!simple.queue.empty() && names_left > 0) {
      simple.planned.push_back(simple.queue.front());
      simple.queue.pop_front();
      --names_left;
    }
  };
  EachSimple(take);
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
  for (const GeneratorsCall* call : generator_lists_.planned) {
    GeneratorList list;
    list.group = call->group;
    list.after = call->after;
    list.limit = call->limit;
    list.leased_only = call->leased_only;
    list.session_lease_us =
        std::chrono::duration_cast<std::chrono::microseconds>(options_.lease).count();
    batch.generator_lists.push_back(std::move(list));
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
  bool held = false;
  EachSimple([&](const auto& simple) { held = held || !simple.queue.empty(); });
  EachTable([&](const auto& table) {
    table.ForEach([&](const auto& state) { held = held || !state.Idle(); });
  });
  return !held;
}

Time Lane::NextWake() const {
  MutexLock lock(mutex_);
  if (busy_ || stopped_) return kNever;
  if (doubt_ != nullptr || session_.id == 0) return next_try_;
  if (HasReady() || stopping_) return next_try_;
  Time next = last_commit_ + options_.heartbeat;
  EachTable([&](const auto& table) { next = std::min(next, table.NextTimer()); });
  return std::max(next_try_, next);
}

}  // namespace mintmark::engine
