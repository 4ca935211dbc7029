// One lane: a session in the store, the names that belong to it, and the
// committer that gathers what they need into one batch after the other.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "src/core/mutex.h"
#include "src/engine/answers.h"
#include "src/engine/batch.h"
#include "src/engine/calls.h"
#include "src/engine/counter_state.h"
#include "src/engine/engine.h"
#include "src/engine/group_state.h"
#include "src/engine/lane_context.h"
#include "src/engine/name_table.h"
#include "src/engine/sequence_state.h"
#include "src/engine/session_watch.h"
#include "src/engine/store_clock.h"

namespace mintmark::engine {

// Thread-safe. See Engine for what the methods promise.
class Lane {
 public:
  Lane(int number, const EngineOptions& options, std::function<void(int lane)> wake);

  void Next(NextCall& call, Time now);
  void Incr(IncrCall& call, Time now);
  void Read(ReadCall& call, Time now);
  void Sequence(SequenceCall& call, Time now);
  void Counter(CounterCall& call, Time now);
  void List(ListCall& call, Time now);
  void Guid(GuidCall& call, Time now);
  void Group(GroupCall& call, Time now);
  void Lease(LeaseCall& call, Time now);
  void Generators(GeneratorsCall& call, Time now);

  std::unique_ptr<Batch> TakeBatch(Time now);
  void Complete(std::unique_ptr<Batch> batch, const BatchOutcome& outcome, Time now);
  Time NextWake() const;
  void Tick(Time now);
  void BeginStop(Time now);
  bool Stopped() const;
  LaneStatus Status(Time now) const;

 private:
  // Calls that are one operation each.
  template <typename C>
  struct Simple {
    std::deque<C*> queue;
    std::vector<C*> planned;  // By place in the batch; null when answered meanwhile.
  };

  LaneContext Context(Time now, Answers& answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  static constexpr int kTables = 3;
  // Calls visit(table) for each table of names, visit(simple) for each kind of simple
  // call, in the order of a batch's fields.
  template <typename Visit>
  void EachTable(Visit visit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    visit(sequences_);
    visit(groups_);
    visit(counters_);
  }
  template <typename Visit>
  void EachTable(Visit visit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    visit(sequences_);
    visit(groups_);
    visit(counters_);
  }
  template <typename Visit>
  void EachSimple(Visit visit) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    visit(counter_calls_);
    visit(reads_);
    visit(lists_);
    visit(generator_lists_);
  }
  template <typename Visit>
  void EachSimple(Visit visit) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    visit(counter_calls_);
    visit(reads_);
    visit(lists_);
    visit(generator_lists_);
  }
  bool HasReady() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // --- calls (lane.cc)
  // What keeps a new call from being taken, if anything.
  absl::Status Refusal() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Refusal(const Call& call, Time now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  absl::Status Away() const;
  GroupState& GroupOf(const std::string& name, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Whether a call is refused at once while the store is away, rather than tried in
  // memory.
  template <typename C>
  static bool NeedsStore(const C& /*call*/) {
    return true;
  }
  static bool NeedsStore(const NextCall& /*call*/) { return false; }
  static bool NeedsStore(const IncrCall& /*call*/) { return false; }
  static bool NeedsStore(const GuidCall& /*call*/) { return false; }
  static bool NeedsStore(const GroupCall& call) { return !call.from_memory; }
  // Serves a call from memory (true: its answer is given once the lock is released),
  // or puts it where the next batch finds it.
  bool ServeOrQueue(NextCall& call, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ServeOrQueue(IncrCall& call, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ServeOrQueue(SequenceCall& call, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ServeOrQueue(GuidCall& call, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ServeOrQueue(GroupCall& call, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ServeOrQueue(LeaseCall& call, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ServeOrQueue(CounterCall& call, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ServeOrQueue(ReadCall& call, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ServeOrQueue(ListCall& call, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool ServeOrQueue(GeneratorsCall& call, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Takes a call from whoever makes it.
  template <typename C>
  void Take(C& call, Time now);
  template <typename C>
  void RequeueSimple(Simple<C>& simple);
  void FailQueued(const LaneContext& context, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Ends a piece of work under the lock: counts what was answered, and tells
  // whether the driver has to be woken.
  bool Leave(const Answers& answers) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // --- the committer (lane_commit.cc)
  std::unique_ptr<Batch> NextBatch(const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::unique_ptr<Batch> PlanBatch(const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PlanNames(const LaneContext& context, Batch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PlanSimple(std::int64_t& names_left, Batch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void PlanHeartbeat(Time now, Batch& batch) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::unique_ptr<Batch> Send(std::unique_ptr<Batch> batch, Time now)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  bool NothingHeld() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // --- what came of a batch (lane_outcome.cc)
  void Applied(Batch& batch, Time sent, const LaneContext& before)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void NotApplied(std::unique_ptr<Batch> batch, const BatchOutcome& outcome,
                  const LaneContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void ApplySimple(Batch& batch, const LaneContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // Adds what is deferred to a stored value that was read.
  void AddHeldBack(const std::string& counter, std::int64_t& value)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Report(const Batch& batch, const LaneContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void RenewLease(Time sent, Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Resolved(std::unique_ptr<Batch> batch, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Replan(const LaneContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Isolated(std::int64_t names) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Abandon(const Batch& batch, const LaneContext& context, const absl::Status& status)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Regress(const LaneContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void FailEverybody(const LaneContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void Refused(const absl::Status& status, const LaneContext& context)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StoreAway(const LaneContext& context) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void StoreBack() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void LoseSession(Time now) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  std::int64_t PlannedNames() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // Constant after construction.
  const int number_;
  const EngineOptions options_;
  const std::function<void(int lane)> wake_;

  mutable Mutex mutex_;

  // The session: nothing is issued from its windows from lease_end_ on.
  SessionRow session_ ABSL_GUARDED_BY(mutex_);
  Time lease_end_ ABSL_GUARDED_BY(mutex_) = Time::min();
  std::int64_t era_ ABSL_GUARDED_BY(mutex_) = 0;
  bool suspect_ ABSL_GUARDED_BY(mutex_) = false;    // As the store says.
  bool regressed_ ABSL_GUARDED_BY(mutex_) = false;  // The store forgot what it had acknowledged.
  std::int64_t attention_seen_ ABSL_GUARDED_BY(mutex_) = 0;
  StoreClock clock_ ABSL_GUARDED_BY(mutex_);
  SessionWatch watch_ ABSL_GUARDED_BY(mutex_);

  // The committer. At most one batch is under way.
  bool busy_ ABSL_GUARDED_BY(mutex_) = false;
  bool woken_ ABSL_GUARDED_BY(mutex_) = false;
  Time sent_ ABSL_GUARDED_BY(mutex_) = Time::min();
  std::unique_ptr<Batch> doubt_ ABSL_GUARDED_BY(mutex_);  // To be resolved before anything else.
  Time doubt_sent_ ABSL_GUARDED_BY(mutex_) = Time::min();
  Time last_commit_ ABSL_GUARDED_BY(mutex_) = Time::min();
  Time next_listing_ ABSL_GUARDED_BY(mutex_) = Time::min();
  Time next_purge_ ABSL_GUARDED_BY(mutex_) = Time::min();
  Time next_try_ ABSL_GUARDED_BY(mutex_) = Time();     // The store is away: nothing before.
  std::int64_t failures_ ABSL_GUARDED_BY(mutex_) = 0;  // In a row, to reach the store.
  bool away_ ABSL_GUARDED_BY(mutex_) = false;
  // When the store refuses a batch, those in it are tried again in ever smaller
  // ones, until what it refuses is by itself: at most `names_limit_` at a time until
  // `isolating_` of them are through.
  std::int64_t names_limit_ ABSL_GUARDED_BY(mutex_);
  std::int64_t isolating_ ABSL_GUARDED_BY(mutex_) = 0;
  int turn_ ABSL_GUARDED_BY(mutex_) = 0;          // Whose turn it is when one fits.
  bool closing_ ABSL_GUARDED_BY(mutex_) = false;  // The batch under way closes the session.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  bool stopped_ ABSL_GUARDED_BY(mutex_) = false;

  // Request ids are rotated when nobody did for a while on this server's clock.
  std::int64_t key_rotation_ ABSL_GUARDED_BY(mutex_) = -1;
  Time key_rotation_seen_ ABSL_GUARDED_BY(mutex_) = kNever;

  NameTable<SequenceState> sequences_ ABSL_GUARDED_BY(mutex_);
  NameTable<GroupState> groups_ ABSL_GUARDED_BY(mutex_);
  NameTable<CounterState> counters_ ABSL_GUARDED_BY(mutex_);
  Simple<CounterCall> counter_calls_ ABSL_GUARDED_BY(mutex_);
  Simple<ReadCall> reads_ ABSL_GUARDED_BY(mutex_);
  Simple<ListCall> lists_ ABSL_GUARDED_BY(mutex_);
  Simple<GeneratorsCall> generator_lists_ ABSL_GUARDED_BY(mutex_);
  std::int64_t waiting_ ABSL_GUARDED_BY(mutex_) = 0;  // Calls not answered yet.

  LaneStatus totals_ ABSL_GUARDED_BY(mutex_);  // Its counts and last report.
};

}  // namespace mintmark::engine
