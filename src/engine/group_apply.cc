// What came of a group's operations.
#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"
#include "src/engine/group_answers.h"
#include "src/engine/group_state.h"

namespace mintmark::engine {
namespace {

// A ceiling is moved on when this part of a lease has passed.
constexpr int kExtendShare = 3;

Time ExtendAt(const GroupSettings& settings, std::int64_t ceiling, Time now) {
  if (ceiling >= settings.layout.end_time()) return kNever;
  return now + std::chrono::microseconds(settings.lease_us) / kExtendShare;
}

}  // namespace

void GroupState::Apply(const LaneContext& context, Batch& batch) {
  if (planned_.open >= 0) {
    const GroupOpen& open = batch.group_opens[static_cast<std::size_t>(planned_.open)];
    if (planned_.open_for_admin) {
      ApplyAdminOpen(context, open);
    } else {
      ApplyOpen(context, open);
    }
  }
  if (planned_.remove >= 0) {
    ApplyDelete(context, batch.group_deletes[static_cast<std::size_t>(planned_.remove)]);
  }
  ApplyReleases(batch);
  ApplyExtensions(context, batch);
  if (planned_.acquire >= 0) {
    ApplyAcquire(context, batch.generator_acquires[static_cast<std::size_t>(planned_.acquire)]);
  }
  ApplyLeases(context, batch);
  planned_ = Planned();
  ServeQueue(context);
}

void GroupState::Replan(const LaneContext& /*context*/) {
  std::vector<LeaseCall*> again;
  for (const PlannedLease& lease : planned_.leases) {
    if (lease.call != nullptr) again.push_back(lease.call);
  }
  leases_.insert(leases_.begin(), again.begin(), again.end());
  planned_ = Planned();
}

void GroupState::Refuse(const LaneContext& context, const absl::Status& status, Time retry_at) {
  for (PlannedLease& lease : planned_.leases) {
    if (lease.call != nullptr) context.answers.Add(*lease.call, status);
  }
  planned_.leases.clear();
  if (!admin_.empty() && planned_.admin == admin_.front()) AnswerAdmin(context, status);
  FailCalls(context, status);
  planned_ = Planned();
  retry_at_ = retry_at;
}

void GroupState::Adopt(const LaneContext& context, const GroupRow& row) {
  for (HeldGenerator& held : held_) {
    if (held.generation != row.generation) held.frozen = true;
  }
  row_ = row;
  if (row.drain_token == 0) {
    drain_token_ = 0;
    drain_seen_ = drain_poll_ = kNever;
  } else {
    BeginDrain(context, row.drain_token, row.settings.lease_us);
  }
}

void GroupState::BeginDrain(const LaneContext& context, std::int64_t token, std::int64_t lease_us) {
  for (HeldGenerator& held : held_) held.frozen = true;
  if (drain_token_ != token) drain_seen_ = context.now;
  drain_token_ = token;
  drain_lease_us_ = lease_us;
  drain_poll_ = context.now + context.options.poll_interval;
}

void GroupState::ApplyOpen(const LaneContext& context, const GroupOpen& open) {
  const absl::Status status = StatusOf(open);
  if (status.ok()) {
    Adopt(context, open.row);
  } else {
    FailCalls(context, status);
  }
}

void GroupState::ApplyAdminOpen(const LaneContext& context, const GroupOpen& open) {
  absl::Status status = StatusOf(open);
  if (status.ok()) {
    Adopt(context, open.row);
  } else if (open.result == GroupOpen::Result::kAbsent) {
    Forget();
  }
  if (admin_.empty() || admin_.front() != planned_.admin) return;  // It was answered meanwhile.
  GroupCall& call = *admin_.front();
  call.row = open.row;
  if (call.kind == GroupCall::Kind::kCreate && open.result == GroupOpen::Result::kFound) {
    status = Draining() ? GroupDraining()
                        : MakeStatus(Reason::kGroupAlreadyExists,
                                     absl::StrCat("The group \"", name_, "\" exists already."));
  }
  AnswerAdmin(context, std::move(status));
}

void GroupState::ApplyDelete(const LaneContext& context, const GroupDelete& remove) {
  const bool asked = !admin_.empty() && admin_.front()->kind == GroupCall::Kind::kDelete &&
                     (admin_.front() == planned_.admin ||
                      (remove.token != 0 && admin_.front()->token_ == remove.token));
  switch (remove.result) {
    case GroupDelete::Result::kWaiting:
      BeginDrain(context, remove.found_token, remove.lease_us);
      if (asked) admin_.front()->token_ = remove.found_token;
      return;
    case GroupDelete::Result::kFinished:
    case GroupDelete::Result::kOver:
    case GroupDelete::Result::kAbsent:
      for (HeldGenerator& held : held_) held.frozen = true;
      Forget();
      if (asked) {
        AnswerAdmin(context, remove.result == GroupDelete::Result::kAbsent ? NoGroup(name_)
                                                                           : absl::OkStatus());
      }
      return;
  }
}

void GroupState::ApplyReleases(const Batch& batch) {
  for (int i = 0; i < planned_.releases; ++i) {
    const GeneratorRelease& release =
        batch.generator_releases[static_cast<std::size_t>(planned_.first_release + i)];
    std::erase_if(held_, [&](const HeldGenerator& held) {
      return held.frozen && held.id == release.id && held.epoch == release.epoch &&
             held.owner == release.session && held.generation == release.generation;
    });
  }
}

void GroupState::ApplyExtensions(const LaneContext& context, const Batch& batch) {
  for (int i = 0; i < planned_.extends; ++i) {
    const GeneratorExtend& extend =
        batch.generator_extends[static_cast<std::size_t>(planned_.first_extend + i)];
    const auto held = std::find_if(held_.begin(), held_.end(), [&](const HeldGenerator& other) {
      return other.id == extend.id && other.epoch == extend.epoch &&
             other.generation == extend.generation;
    });
    if (held == held_.end()) continue;
    if (extend.result == GeneratorExtend::Result::kLost) {
      held->frozen = true;
      continue;
    }
    held->ceiling = extend.new_ceiling;
    held->era = context.era;
    held->extend_at =
        row_.has_value() ? ExtendAt(row_->settings, held->ceiling, context.now) : context.now;
  }
}

void GroupState::ApplyAcquire(const LaneContext& context, const GeneratorAcquire& acquire) {
  using Result = GeneratorAcquire::Result;
  if (acquire.row.has_value()) Adopt(context, *acquire.row);
  const bool none = std::none_of(held_.begin(), held_.end(),
                                 [&](const HeldGenerator& held) { return Current(held, context); });
  switch (acquire.result) {
    case Result::kAcquired: {
      HeldGenerator held;
      held.id = acquire.id;
      held.owner = context.session;
      held.epoch = acquire.epoch;
      held.generation = row_->generation;
      held.layout = row_->settings.layout;
      held.next_tick = TickOf(held.layout, acquire.start_time);
      held.ceiling = acquire.ceiling;
      held.era = context.era;
      held.extend_at = ExtendAt(row_->settings, held.ceiling, context.now);
      held.last_used = context.now;
      held_.push_back(held);
      return;
    }
    case Result::kAllLeased:
    case Result::kAllAhead:
      acquire_after_ = context.now + kNoGeneratorPause;
      if (none) FailCalls(context, NoGeneratorLeft(name_));
      return;
    case Result::kLifetimeOver:
      acquire_after_ = context.now + kNoGeneratorPause;
      if (none) FailCalls(context, GroupLifetimeOver(name_));
      return;
    case Result::kStale:
    case Result::kDraining:
      // What the row is now is looked up for whoever still waits.
      if (!acquire.row.has_value()) Forget();
      return;
    case Result::kKeySeen:
    case Result::kKeysFull:
      return;  // Of clients only.
  }
}

void GroupState::ApplyLeases(const LaneContext& context, Batch& batch) {
  for (PlannedLease& lease : planned_.leases) {
    if (lease.call == nullptr) continue;
    LeaseCall& call = *lease.call;
    absl::Status status;
    switch (call.kind) {
      case LeaseCall::Kind::kAcquire: {
        GeneratorAcquire& acquire = batch.generator_acquires[lease.place];
        // A deletion that nobody else asks after is seen to its end from here.
        if (acquire.result == GeneratorAcquire::Result::kDraining && acquire.row.has_value()) {
          Adopt(context, *acquire.row);
        }
        status = StatusOf(acquire, call);
        break;
      }
      case LeaseCall::Kind::kRenew:
        status = StatusOf(batch.lease_renews[lease.place], call);
        break;
      case LeaseCall::Kind::kRelease:
        status = StatusOf(batch.lease_releases[lease.place], call);
        break;
    }
    context.answers.Add(call, std::move(status));
  }
}

}  // namespace mintmark::engine
