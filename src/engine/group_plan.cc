// What a group asks of the next batch.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "src/core/check.h"
#include "src/core/reason.h"
#include "src/engine/group_state.h"
#include "src/engine/name_hash.h"
#include "src/engine/settings.h"

namespace mintmark::engine {
namespace {

// Calls about leases in one batch: each may look at many generators.
constexpr std::int64_t kMostLeases = 64;

std::int64_t Us(Duration duration) {
  return std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
}

GeneratorAcquire AcquireFor(const LeaseCall& call, const EngineOptions& options) {
  GeneratorAcquire acquire;
  acquire.group = call.group;
  acquire.max_ahead_us = Us(options.max_ahead);
  acquire.owner = call.owner;
  acquire.token = call.token;
  if (!call.request_id.empty()) {
    Key key;
    key.kind = KeyKind::kAcquireGenerator;
    key.id = call.request_id;
    key.n = static_cast<std::int64_t>(NameHash(call.owner) >> 1);
    acquire.keys.push_back(std::move(key));
  }
  return acquire;
}

LeaseRenew RenewFor(const LeaseCall& call) {
  LeaseRenew renew;
  renew.group = call.group;
  renew.id = call.generator_id;
  renew.token = call.token;
  renew.ceiling = call.ceiling;
  return renew;
}

LeaseRelease ReleaseFor(const LeaseCall& call) {
  LeaseRelease release;
  release.group = call.group;
  release.id = call.generator_id;
  release.token = call.token;
  release.last_time = call.last_time;
  return release;
}

}  // namespace

std::int64_t GroupState::LeaseUnits() const {
  const GroupSettings& settings = row_->settings;
  return std::max<std::int64_t>(1, settings.lease_us / settings.layout.unit_us);
}

bool GroupState::NeedsOpen() const { return !row_.has_value() && !Draining() && !queue_.empty(); }

bool GroupState::NeedsGenerator(const LaneContext& context) const {
  if (!row_.has_value() || Draining() || context.stopping || acquire_after_ > context.now) {
    return false;
  }
  const auto current = std::count_if(held_.begin(), held_.end(), [&](const HeldGenerator& held) {
    return Current(held, context);
  });
  if (current >= context.options.max_generators) return false;
  return current == 0 ? !queue_.empty() : more_;
}

bool GroupState::NeedsExtension(const HeldGenerator& held, const LaneContext& context) const {
  if (context.stopping || !Current(held, context)) return false;
  if (held.extend_at <= context.now) return true;
  if (queue_.empty()) return false;
  // One of an earlier era is looked at before it is used again; and the store's clock
  // may have been set forward, past the ceiling.
  return held.era != context.era ||
         (held.ceiling < LimitTime(context) && held.ceiling < held.layout.end_time());
}

bool GroupState::HasWork(const LaneContext& context) const {
  if (retry_at_ > context.now) return false;
  const auto any = [&](auto wanted) { return std::any_of(held_.begin(), held_.end(), wanted); };
  if (any([](const HeldGenerator& held) { return held.frozen; })) return true;
  if (context.stopping && (!held_.empty() || !queue_.empty())) return true;
  if (!leases_.empty()) return true;
  if (!admin_.empty() && (admin_.front()->token_ == 0 || !Draining() || context.stopping)) {
    return true;
  }
  if (NeedsOpen()) return true;
  if (Draining()) return drain_poll_ <= context.now && !context.stopping;
  return NeedsGenerator(context) ||
         any([&](const HeldGenerator& held) { return NeedsExtension(held, context); });
}

std::int64_t GroupState::Plan(const LaneContext& context, std::int64_t max_calls, Batch& batch) {
  MINTMARK_CHECK(planned_.leases.empty());
  retry_at_ = Time::min();
  Expire(context);
  ServeQueue(context);
  if (context.stopping) {
    for (HeldGenerator& held : held_) held.frozen = true;
    FailCalls(context,
              MakeStatus(Reason::kShuttingDown,
                         "This server stops; nothing was changed, ask another.", Duration::zero()));
  }
  PlanReleases(batch);
  PlanAdmin(context, batch);
  if (NeedsOpen() && planned_.open < 0) {
    GroupOpen open;
    open.name = name_;
    open.max_ahead_us = Us(context.options.max_ahead);
    if (context.options.auto_create && name_ == kDefaultGroup) {
      open.create_as = DefaultGroupSettings();
    }
    planned_.open = static_cast<int>(batch.group_opens.size());
    batch.group_opens.push_back(std::move(open));
  }
  PlanDrain(context, batch);
  PlanExtensions(context, batch);
  PlanAcquire(context, batch);
  return PlanLeases(context, max_calls, batch);
}

void GroupState::PlanAdmin(const LaneContext& context, Batch& batch) {
  if (admin_.empty()) return;
  GroupCall& call = *admin_.front();
  if (call.token_ != 0) {
    if (context.stopping) {
      AnswerAdmin(context, MakeStatus(Reason::kShuttingDown,
                                      "This server stops; the deletion goes on, and any other "
                                      "server finishes it when it is asked for the group."));
    } else if (!Draining()) {
      BeginDrain(context, call.token_, drain_lease_us_);
    }
    return;
  }
  planned_.admin = &call;
  if (call.kind == GroupCall::Kind::kDelete) {
    GroupDelete remove;
    remove.name = name_;
    planned_.remove = static_cast<int>(batch.group_deletes.size());
    batch.group_deletes.push_back(std::move(remove));
    return;
  }
  GroupOpen open;
  open.name = name_;
  open.max_ahead_us = Us(context.options.max_ahead);
  if (call.kind == GroupCall::Kind::kCreate) open.create_as = call.settings;
  planned_.open = static_cast<int>(batch.group_opens.size());
  planned_.open_for_admin = true;
  batch.group_opens.push_back(std::move(open));
}

void GroupState::PlanDrain(const LaneContext& context, Batch& batch) {
  // Drains run before releases: looking before all is given back is in vain.
  const bool due = Draining() && drain_poll_ <= context.now && held_.empty();
  if (!due || planned_.remove >= 0 || context.stopping) return;
  GroupDelete remove;
  remove.name = name_;
  remove.token = drain_token_;
  const Duration lease =
      std::max<Duration>(context.options.lease, std::chrono::microseconds(drain_lease_us_));
  remove.finish_anyway = drain_seen_ + lease <= context.now;
  planned_.remove = static_cast<int>(batch.group_deletes.size());
  batch.group_deletes.push_back(std::move(remove));
}

void GroupState::PlanReleases(Batch& batch) {
  std::vector<const HeldGenerator*> frozen;
  for (const HeldGenerator& held : held_) {
    if (held.frozen) frozen.push_back(&held);
  }
  std::sort(frozen.begin(), frozen.end(),
            [](const HeldGenerator* a, const HeldGenerator* b) { return a->id < b->id; });
  planned_.first_release = static_cast<int>(batch.generator_releases.size());
  planned_.releases = static_cast<int>(frozen.size());
  for (const HeldGenerator* held : frozen) {
    GeneratorRelease release;
    release.group = name_;
    release.id = held->id;
    release.session = held->owner;
    release.epoch = held->epoch;
    release.generation = held->generation;
    release.ceiling = held->UnusedFrom();
    batch.generator_releases.push_back(std::move(release));
  }
}

void GroupState::PlanExtensions(const LaneContext& context, Batch& batch) {
  std::vector<const HeldGenerator*> low;
  for (const HeldGenerator& held : held_) {
    if (NeedsExtension(held, context)) low.push_back(&held);
  }
  std::sort(low.begin(), low.end(),
            [](const HeldGenerator* a, const HeldGenerator* b) { return a->id < b->id; });
  planned_.first_extend = static_cast<int>(batch.generator_extends.size());
  planned_.extends = static_cast<int>(low.size());
  for (const HeldGenerator* held : low) {
    GeneratorExtend extend;
    extend.group = name_;
    extend.id = held->id;
    extend.epoch = held->epoch;
    extend.generation = held->generation;
    // A lease ahead of all that may be issued now.
    extend.ceiling = std::min(held->layout.end_time(), LimitTime(context) + LeaseUnits());
    batch.generator_extends.push_back(std::move(extend));
  }
}

void GroupState::PlanAcquire(const LaneContext& context, Batch& batch) {
  if (!NeedsGenerator(context)) return;
  more_ = false;
  GeneratorAcquire acquire;
  acquire.group = name_;
  acquire.generation = row_->generation;
  acquire.max_ahead_us = Us(context.options.max_ahead);
  acquire.owner = context.options.server;
  planned_.acquire = static_cast<int>(batch.generator_acquires.size());
  batch.generator_acquires.push_back(std::move(acquire));
}

// Calls of one kind that name a generator are in the order of its id, as the batch
// has them; of several for one generator the first to come is the first to run.
std::int64_t GroupState::PlanLeases(const LaneContext& context, std::int64_t max_calls,
                                    Batch& batch) {
  std::vector<LeaseCall*> stay;
  std::vector<LeaseCall*> taken;
  absl::flat_hash_set<std::string> request_ids;
  for (LeaseCall* call : leases_) {
    // A twin waits for the next batch, where it finds its twin's reply.
    const bool twin = !call->request_id.empty() && !request_ids.insert(call->request_id).second;
    const bool fits = static_cast<std::int64_t>(taken.size()) < std::min(max_calls, kMostLeases);
    (fits && !twin ? taken : stay).push_back(call);
  }
  leases_ = std::move(stay);
  std::stable_sort(taken.begin(), taken.end(), [](const LeaseCall* a, const LeaseCall* b) {
    return a->generator_id < b->generator_id;
  });
  for (LeaseCall* call : taken) {
    PlannedLease planned{call, 0};
    switch (call->kind) {
      case LeaseCall::Kind::kAcquire:
        planned.place = batch.generator_acquires.size();
        batch.generator_acquires.push_back(AcquireFor(*call, context.options));
        break;
      case LeaseCall::Kind::kRenew:
        planned.place = batch.lease_renews.size();
        batch.lease_renews.push_back(RenewFor(*call));
        break;
      case LeaseCall::Kind::kRelease:
        planned.place = batch.lease_releases.size();
        batch.lease_releases.push_back(ReleaseFor(*call));
        break;
    }
    planned_.leases.push_back(planned);
  }
  return static_cast<std::int64_t>(taken.size());
}

}  // namespace mintmark::engine
