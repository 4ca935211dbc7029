// What a server knows of one sequence: its windows, the callers that wait, and
// what the batch under way does for them. A part of its lane, under whose lock
// everything here happens.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "src/engine/batch.h"
#include "src/engine/calls.h"
#include "src/engine/lane_context.h"
#include "src/engine/rows.h"
#include "src/engine/window.h"

namespace mintmark::engine {

class SequenceState {
 public:
  SequenceState(std::string name, const EngineOptions& options);

  const std::string& name() const { return name_; }

  // Answers the call from a window at once (true: `call` is filled in, the caller
  // of this does the answering), or queues it.
  bool ServeOrQueue(NextCall& call, const LaneContext& context);

  // Queues an admin call.
  void Queue(SequenceCall& call) { admin_.push_back(&call); }

  // Whether Plan() would add operations to a batch now.
  bool HasWork(const LaneContext& context) const;

  // Adds this sequence's next operations to the batch, with at most about
  // `max_calls` callers. Returns how many callers it took along.
  std::int64_t Plan(const LaneContext& context, std::int64_t max_calls, Batch& batch);

  // The batch was applied: takes its results.
  void Apply(const LaneContext& context, Batch& batch);

  // The batch was not applied: everything is to be planned anew.
  void Replan(const LaneContext& context);

  // The store refuses this sequence's operations even by themselves: its callers
  // are told, its own work is tried again at `retry_at`.
  void Refuse(const LaneContext& context, const absl::Status& status, Time retry_at);

  // Somebody changed the sequence, or wants what is held here.
  void Notice(const Attention& attention, const LaneContext& context);

  // The lane's session is gone: its windows cannot be issued from any more, and what
  // was changed meanwhile is not known.
  void LoseSession();

  // The store forgot what it had acknowledged: what the windows hold may belong to
  // others there, and is not given back.
  void DropWindows() { windows_.clear(); }

  // Answers queued callers that can only be served by a commit.
  void FailQueued(const LaneContext& context, const absl::Status& status);

  // What came of the batch under way is not known, or must not be handed out: its
  // callers are told `status`, and nothing of theirs is tried again.
  void Abandon(const LaneContext& context, const Batch& batch, const absl::Status& status);

  // Ends calls whose deadline has passed; the outcome of those in the batch under
  // way is not known.
  void Expire(const LaneContext& context);

  // Gives windows back that nobody used for a while, and ends waits that took too
  // long.
  void Tidy(const LaneContext& context);

  // Nobody waits, and no window is left to be given back.
  bool Idle() const;

  // Nothing is lost by forgetting it.
  bool Evictable(const LaneContext& context) const;

  // The next time that Tidy() or Plan() has something to do by itself.
  Time NextTime(const EngineOptions& options) const;

  std::int64_t unissued() const;
  std::int64_t waiting() const;

  // Kept by the lane: whether it stands in the list of those to be planned, whether
  // the batch under way holds operations of it, and when it is to be looked at.
  bool listed = false;
  bool in_batch = false;
  Time timer = kNever;

 private:
  // A caller of a DrawItem; null when it was answered meanwhile.
  struct Caller {
    NextCall* call = nullptr;
    std::int64_t n = 0;
  };
  using Callers = std::vector<Caller>;

  // What the batch under way holds for this sequence, by places in its vectors.
  struct Planned {
    int open = -1;
    bool open_for_admin = false;
    const SequenceCall* admin = nullptr;  // Whose operations are in the batch.
    int change = -1;
    int drain = -1;
    int first_give_back = -1;
    int give_backs = 0;
    int first_refill = -1;
    int refills = 0;
    int acquire = -1;
    int draw = -1;
    std::vector<Callers> callers;  // Of the draw's items.
    // Those whom a ceiling moves for in a sequence without gaps: like those of a
    // draw they are told the truth about the batch.
    Callers waiters;
    IdSpace space;  // Of the draw's generation.
    std::int64_t generation = 0;
  };

  // --- serving (sequence_state.cc)
  // From memory, under the lease; or from what this very batch moved a ceiling for,
  // which is as good as drawn: that no crash and no lease can take it back.
  enum class From { kWindow, kCommit };
  bool Serve(NextCall& call, From from, const LaneContext& context);
  bool ServeRange(NextCall& call, From from, const LaneContext& context);
  bool ServeAll(NextCall& call, From from, const LaneContext& context);
  void ServeWaiters(const LaneContext& context);
  void ServeQueue(const LaneContext& context);
  bool Usable(const Window& window, const LaneContext& context) const;
  bool MayTake(const Window& window, From from, const LaneContext& context) const;
  std::int64_t LeftFor(From from, const LaneContext& context) const;
  // Whether a call is served by a committed draw rather than from a window.
  bool NeedsDraw(const NextCall& call, const LaneContext& context);
  std::int64_t WindowTarget(const LaneContext& context, std::int64_t need);
  std::int64_t ChunkFor(const NextCall* call, const LaneContext& context);
  void Answer(NextCall& call, const LaneContext& context, absl::Status status);
  void FailCalls(const LaneContext& context, const absl::Status& status);
  void ExpireQueued(const LaneContext& context);

  // --- planning (sequence_plan.cc)
  void PlanGiveBacks(Batch& batch);
  void PlanDrain(const LaneContext& context, Batch& batch);
  std::int64_t PlanCalls(const LaneContext& context, std::int64_t max_calls, Batch& batch);
  std::int64_t PlanDraw(const LaneContext& context, std::int64_t max_calls, Batch& batch);
  void PlanWindows(const LaneContext& context, Batch& batch);
  void PlanGapless(const LaneContext& context, Batch& batch);
  // Each window with where its ceiling should be.
  void PlanRefills(std::vector<std::pair<const Window*, std::int64_t>> ceilings, Batch& batch);
  // False: no shard can be had now.
  bool PlanAcquire(std::int64_t window, const NextCall* call, const LaneContext& context,
                   Batch& batch);
  bool RunningLow(const LaneContext& context) const;
  bool CanGrow() const;
  bool Current(const Window& window, const LaneContext& context) const;

  // --- results (sequence_apply.cc)
  void ApplyOpen(const LaneContext& context, const SequenceOpen& open);
  void ApplyDrain(const LaneContext& context, const SequenceDrain& drain);
  void ApplyGiveBacks(const Batch& batch);
  void ApplyRefills(const LaneContext& context, const Batch& batch);
  void ApplyAcquire(const LaneContext& context, const Acquire& acquire);
  void ApplyDraw(const LaneContext& context, const Draw& draw);
  void ApplyDrawItem(const LaneContext& context, const DrawItem& item, const Callers& callers);
  void Distribute(const LaneContext& context, const DrawItem& item, const Callers& callers);
  void AnswerReplays(const LaneContext& context, const DrawItem& item, const Callers& callers);
  void AnswerShort(const LaneContext& context, DrawItem::Result result, NextCall& call);
  void Requeue(const Callers& callers, bool alone);
  // Calls visit(Caller&) for everybody in the batch under way.
  template <typename Visit>
  void ForEachPlanned(Visit visit);
  void Adopt(const LaneContext& context, const SequenceRow& row);
  void Forget();

  // --- admin calls (sequence_admin.cc)
  void PlanAdmin(const LaneContext& context, Batch& batch);
  void ApplyAdminOpen(const LaneContext& context, const SequenceOpen& open);
  void ApplyAdminChange(const LaneContext& context, const SequenceChange& change);
  void FinishAdminDrain(const LaneContext& context, std::int64_t token, const SequenceRow& row);
  absl::Status PrepareChange(const SequenceCall& call, const SequenceRow& row);
  // Whether the first admin call may have changed something already.
  bool AdminBegun() const;
  static absl::Status PrepareReset(const SequenceCall& call, const SequenceRow& row,
                                   SequenceChange& change);
  absl::Status NotFound() const;
  void AnswerAdmin(const LaneContext& context, absl::Status status);

  const std::string name_;
  std::optional<SequenceRow> row_;          // As last seen; unset: to be opened.
  std::vector<Window> windows_;             // In the order they were acquired.
  std::vector<NextCall*> queue_;            // First come, first served.
  std::vector<SequenceCall*> admin_;        // The first one is being worked on.
  std::unique_ptr<SequenceChange> change_;  // What the first admin call is to commit.
  Planned planned_;
  WindowSizer sizer_;

  // A drain that was seen, since when, and when to look again.
  std::int64_t drain_token_ = 0;
  Time drain_seen_ = kNever;
  Time drain_poll_ = kNever;

  std::int64_t low_water_ = 0;  // Windows that hold less are topped up.
  bool draw_next_ = false;      // No shard at hand holds what the first caller needs.
  Time last_used_ = Time::min();
  Time draw_after_ = Time::min();     // Ids are held elsewhere: no draws before.
  Time acquire_after_ = Time::min();  // There was no shard to be had: draws until then.
  Time retry_at_ = Time::min();       // The store refused: nothing is planned before.
};

// Adds positions of `space` to what a call is answered with, in as few ranges as
// possible.
void AppendRun(NextCall& call, const IdSpace& space, Run run);

// What an administrator is shown of a row.
SequenceView ViewOf(const SequenceRow& row, const EngineOptions& options);

}  // namespace mintmark::engine
