// What a server knows of one GUID group: the generators that it mints with, the
// callers that wait, and what the batch under way does for them. A part of its
// lane, under whose lock everything here happens.
//
// A GUID is issued from memory: it lies below a ceiling that is durable, and in
// time at most `max_ahead` ahead of the store's clock.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "src/engine/batch.h"
#include "src/engine/calls.h"
#include "src/engine/held_generator.h"
#include "src/engine/lane_context.h"

namespace mintmark::engine {

class GroupState {
 public:
  explicit GroupState(std::string name) : name_(std::move(name)) {}

  const std::string& name() const { return name_; }

  // Answers the call from memory at once (true: `call` is filled in, the caller of
  // this does the answering), or queues it.
  bool ServeOrQueue(GuidCall& call, const LaneContext& context);
  // The same for a look at the group that memory is good enough for.
  bool ServeOrQueue(GroupCall& call, const LaneContext& context);
  void Queue(LeaseCall& call) { leases_.push_back(&call); }

  // As in SequenceState.
  bool HasWork(const LaneContext& context) const;
  std::int64_t Plan(const LaneContext& context, std::int64_t max_calls, Batch& batch);
  void Apply(const LaneContext& context, Batch& batch);
  void Replan(const LaneContext& context);
  void Refuse(const LaneContext& context, const absl::Status& status, Time retry_at);
  void Notice(const GroupAttention& attention);
  void LoseSession();
  void DropWindows() { held_.clear(); }
  void FailQueued(const LaneContext& context, const absl::Status& status);
  void Abandon(const LaneContext& context, const Batch& batch, const absl::Status& status);
  void Expire(const LaneContext& context);
  void Tidy(const LaneContext& context);
  bool Idle() const;
  bool Evictable(const LaneContext& context) const;
  Time NextTime(const EngineOptions& options) const;

  std::int64_t generators() const { return static_cast<std::int64_t>(held_.size()); }

  // Kept by the lane, as in SequenceState.
  bool listed = false;
  bool in_batch = false;
  Time timer = kNever;

 private:
  // A client's call and its place among the operations of its kind.
  struct PlannedLease {
    LeaseCall* call = nullptr;  // Null when it was answered meanwhile.
    std::size_t place = 0;
  };

  // What the batch under way holds for this group, by places in its vectors.
  struct Planned {
    int open = -1;
    bool open_for_admin = false;
    const GroupCall* admin = nullptr;  // Whose operation is in the batch.
    int remove = -1;
    int first_release = -1;
    int releases = 0;
    int first_extend = -1;
    int extends = 0;
    int acquire = -1;
    std::vector<PlannedLease> leases;
  };

  // --- serving (group_state.cc)
  bool Serve(GuidCall& call, const LaneContext& context);
  void ServeQueue(const LaneContext& context);
  // Of this session and generation, and not to be given back.
  bool Current(const HeldGenerator& held, const LaneContext& context) const;
  bool Usable(const HeldGenerator& held, const LaneContext& context) const;
  // Times below are not further ahead of the store's clock than they may be.
  std::int64_t LimitTime(const LaneContext& context) const;
  std::int64_t LeaseUnits() const;
  // What keeps a call from ever being served, if anything.
  absl::Status Hopeless(const GuidCall& call, const LaneContext& context) const;
  void FailCalls(const LaneContext& context, const absl::Status& status);
  void AnswerAdmin(const LaneContext& context, absl::Status status);
  // Whether the first admin call may have changed something already.
  bool AdminBegun() const;
  void LeaveBehind(const LaneContext& context);
  void Forget();

  // --- planning (group_plan.cc)
  bool Draining() const { return drain_token_ != 0; }
  bool NeedsGenerator(const LaneContext& context) const;
  bool NeedsExtension(const HeldGenerator& held, const LaneContext& context) const;
  bool NeedsOpen() const;
  void PlanAdmin(const LaneContext& context, Batch& batch);
  void PlanDrain(const LaneContext& context, Batch& batch);
  void PlanReleases(Batch& batch);
  void PlanExtensions(const LaneContext& context, Batch& batch);
  void PlanAcquire(const LaneContext& context, Batch& batch);
  std::int64_t PlanLeases(const LaneContext& context, std::int64_t max_calls, Batch& batch);

  // --- results (group_apply.cc)
  void ApplyOpen(const LaneContext& context, const GroupOpen& open);
  void ApplyAdminOpen(const LaneContext& context, const GroupOpen& open);
  void ApplyDelete(const LaneContext& context, const GroupDelete& remove);
  void ApplyReleases(const Batch& batch);
  void ApplyExtensions(const LaneContext& context, const Batch& batch);
  void ApplyAcquire(const LaneContext& context, const GeneratorAcquire& acquire);
  void ApplyLeases(const LaneContext& context, Batch& batch);
  void Adopt(const LaneContext& context, const GroupRow& row);
  void BeginDrain(const LaneContext& context, std::int64_t token, std::int64_t lease_us);

  const std::string name_;
  std::optional<GroupRow> row_;      // As last seen; unset: to be opened.
  std::vector<HeldGenerator> held_;  // In the order they were acquired.
  std::vector<GuidCall*> queue_;     // First come, first served.
  std::vector<LeaseCall*> leases_;   // To be planned.
  std::vector<GroupCall*> admin_;    // The first one is being worked on.
  Planned planned_;
  bool more_ = false;  // The generators at hand are running ahead of the clock.

  // A deletion that was seen, since when, how long it waits at most, and when to
  // look again.
  std::int64_t drain_token_ = 0;
  Time drain_seen_ = kNever;
  std::int64_t drain_lease_us_ = 0;
  Time drain_poll_ = kNever;

  Time last_used_ = Time::min();
  Time acquire_after_ = Time::min();  // There was no generator to be had: none before.
  Time retry_at_ = Time::min();       // The store refused: nothing is planned before.
};

}  // namespace mintmark::engine
