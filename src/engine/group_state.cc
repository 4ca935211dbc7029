#include "src/engine/group_state.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"
#include "src/engine/group_answers.h"

namespace mintmark::engine {
namespace {

// More generators are taken when those at hand are ahead by this part of what they
// may be.
constexpr std::int64_t kMoreShare = 4;

std::int64_t AheadUnits(const GuidLayout& layout, const EngineOptions& options) {
  const auto ahead_us =
      std::chrono::duration_cast<std::chrono::microseconds>(options.max_ahead).count();
  return std::max<std::int64_t>(1, ahead_us / layout.unit_us);
}

}  // namespace

bool GroupState::ServeOrQueue(GuidCall& call, const LaneContext& context) {
  last_used_ = context.now;
  if (queue_.empty() && Serve(call, context)) return true;
  call.waiting_since_ = context.now;
  queue_.push_back(&call);
  return false;
}

bool GroupState::ServeOrQueue(GroupCall& call, const LaneContext& context) {
  last_used_ = context.now;
  // Nor does a look wait for a deletion under way.
  const bool at_once = call.from_memory || (call.kind == GroupCall::Kind::kGet && Draining());
  if (at_once && row_.has_value() && context.may_issue) {
    call.row = *row_;
    return true;
  }
  admin_.push_back(&call);
  return false;
}

bool GroupState::Current(const HeldGenerator& held, const LaneContext& context) const {
  return !held.frozen && held.owner == context.session && row_.has_value() && !Draining() &&
         held.generation == row_->generation;
}

bool GroupState::Usable(const HeldGenerator& held, const LaneContext& context) const {
  return context.may_issue && held.era == context.era && Current(held, context);
}

std::int64_t GroupState::LimitTime(const LaneContext& context) const {
  const GuidLayout& layout = row_->settings.layout;
  return TimeAt(layout, context.store_now_us) + AheadUnits(layout, context.options);
}

bool GroupState::Serve(GuidCall& call, const LaneContext& context) {
  if (!row_.has_value() || !context.may_issue) return false;
  const GuidLayout& layout = row_->settings.layout;
  const std::int64_t now = TimeAt(layout, context.store_now_us);
  const std::int64_t limit = LimitTime(context);
  HeldGenerator* best = nullptr;
  std::int64_t first = 0;
  for (HeldGenerator& held : held_) {
    if (!Usable(held, context)) continue;
    const std::int64_t tick = std::max(held.next_tick, TickOf(layout, now));
    const std::int64_t end = TickOf(layout, std::min(limit, held.ceiling));
    if (tick > end || end - tick < call.n || (best != nullptr && first <= tick)) continue;
    best = &held;
    first = tick;
  }
  if (best == nullptr) {
    more_ = true;
    return false;
  }
  const std::int64_t ahead = TimeOfTick(layout, first) - now;
  if (ahead >= AheadUnits(layout, context.options) / kMoreShare && ahead > 0) more_ = true;
  best->next_tick = first + call.n;
  best->last_used = context.now;
  call.layout = layout;
  call.generator = best->id;
  call.first_tick = first;
  if (call.want_format) call.format = row_->settings.format;
  return true;
}

absl::Status GroupState::Hopeless(const GuidCall& call, const LaneContext& context) const {
  const GuidLayout& layout = row_->settings.layout;
  const std::int64_t most = TickOf(layout, AheadUnits(layout, context.options));
  if (call.n > most) {
    return MakeStatus(
        Reason::kNTooLarge,
        absl::StrCat("The layout of the group \"", name_, "\" has room for ", most,
                     " GUIDs of one generator at a time; ask for at most that many."));
  }
  if (context.may_issue && TimeAt(layout, context.store_now_us) >= layout.end_time()) {
    return GroupLifetimeOver(name_);
  }
  return absl::OkStatus();
}

void GroupState::ServeQueue(const LaneContext& context) {
  std::size_t done = 0;
  for (; done < queue_.size() && row_.has_value() && !Draining(); ++done) {
    GuidCall& call = *queue_[done];
    absl::Status status = Hopeless(call, context);
    if (status.ok() && !Serve(call, context)) break;
    context.answers.Add(call, std::move(status));
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(done));
}

void GroupState::Notice(const GroupAttention& attention) {
  const bool known = row_.has_value() && row_->generation == attention.generation;
  if (known && attention.draining == Draining()) return;
  for (HeldGenerator& held : held_) held.frozen = true;
  Forget();
}

void GroupState::LoseSession() {
  for (HeldGenerator& held : held_) held.frozen = true;
  Forget();
}

// The store's clock was set back: what runs too far ahead of it is left to be taken
// up when the clock is there again.
void GroupState::LeaveBehind(const LaneContext& context) {
  if (!row_.has_value() || !context.may_issue) return;
  const GuidLayout& layout = row_->settings.layout;
  const std::int64_t slack = AheadUnits(layout, context.options);
  for (HeldGenerator& held : held_) {
    if (TimeOfTick(layout, held.next_tick) > LimitTime(context) + slack) held.frozen = true;
  }
}

void GroupState::FailCalls(const LaneContext& context, const absl::Status& status) {
  for (GuidCall* call : queue_) context.answers.Add(*call, status);
  queue_.clear();
}

void GroupState::FailQueued(const LaneContext& context, const absl::Status& status) {
  FailCalls(context, status);
  for (LeaseCall* call : leases_) context.answers.Add(*call, status);
  leases_.clear();
  // What an admin call may have changed it waits for, until its deadline if need be.
  const std::size_t kept = AdminBegun() ? 1 : 0;
  while (admin_.size() > kept) {
    if (admin_.back() == planned_.admin) planned_.admin = nullptr;
    context.answers.Add(*admin_.back(), status);
    admin_.pop_back();
  }
}

void GroupState::AnswerAdmin(const LaneContext& context, absl::Status status) {
  GroupCall& call = *admin_.front();
  admin_.erase(admin_.begin());
  planned_.admin = nullptr;  // Another call may come to lie at its address.
  context.answers.Add(call, std::move(status));
}

bool GroupState::AdminBegun() const {
  if (admin_.empty()) return false;
  const GroupCall& call = *admin_.front();
  if (call.kind == GroupCall::Kind::kGet) return false;
  return call.token_ != 0 || planned_.admin == &call;
}

void GroupState::Abandon(const LaneContext& context, const Batch& batch,
                         const absl::Status& status) {
  for (PlannedLease& lease : planned_.leases) {
    if (lease.call != nullptr) context.answers.Add(*std::exchange(lease.call, nullptr), status);
  }
  if (AdminBegun()) AnswerAdmin(context, InDoubt());
  // What was given back in it may belong to others now.
  ApplyReleases(batch);
}

void GroupState::Expire(const LaneContext& context) {
  const auto expire = [&](auto& calls) {
    for (auto*& call : calls) {
      if (call->deadline > context.now) continue;
      context.answers.Add(*std::exchange(call, nullptr), NotExecuted());
    }
    std::erase(calls, nullptr);
  };
  expire(queue_);
  expire(leases_);
  for (PlannedLease& lease : planned_.leases) {
    if (lease.call == nullptr || lease.call->deadline > context.now) continue;
    context.answers.Add(*std::exchange(lease.call, nullptr), InDoubt());
  }
  for (std::size_t i = admin_.size(); i-- > 0;) {
    if (admin_[i]->deadline > context.now) continue;
    if (i == 0) {
      AnswerAdmin(context, AdminBegun() ? InDoubt() : NotExecuted());
      continue;
    }
    context.answers.Add(*admin_[i], NotExecuted());
    admin_.erase(admin_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void GroupState::Tidy(const LaneContext& context) {
  if (retry_at_ <= context.now) retry_at_ = Time::min();
  if (acquire_after_ <= context.now) acquire_after_ = Time::min();
  LeaveBehind(context);
  ServeQueue(context);
  for (HeldGenerator& held : held_) {
    const bool idle = held.last_used + context.options.idle_give_back <= context.now;
    if (queue_.empty() && idle) held.frozen = true;
  }
  if (Draining() && drain_seen_ + context.options.drain_patience <= context.now) {
    FailCalls(context, GroupDraining());
  }
  // First come, first served: whoever waits longest is at the front. It is the clock
  // that keeps them only where there is a generator to mint with.
  const bool clock = std::any_of(held_.begin(), held_.end(),
                                 [&](const HeldGenerator& held) { return Usable(held, context); });
  std::size_t done = 0;
  while (clock && done < queue_.size() &&
         queue_[done]->waiting_since_ + context.options.guid_patience <= context.now) {
    context.answers.Add(*queue_[done++],
                        MakeStatus(Reason::kOverloaded,
                                   "More GUIDs are asked for than the group's layout can give in "
                                   "the time; try again, or use a layout with more room.",
                                   std::chrono::milliseconds(100)));
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(done));
}

bool GroupState::Idle() const {
  return queue_.empty() && leases_.empty() && admin_.empty() && held_.empty() &&
         planned_.leases.empty();
}

bool GroupState::Evictable(const LaneContext& context) const {
  return Idle() && !listed && !in_batch && !Draining() &&
         last_used_ + context.options.evict_after <= context.now;
}

Time GroupState::NextTime(const EngineOptions& options) const {
  Time next = drain_poll_;
  if (Idle()) next = std::min(next, last_used_ + options.evict_after);
  for (const HeldGenerator& held : held_) {
    if (held.frozen) continue;
    next = std::min({next, held.last_used + options.idle_give_back, held.extend_at});
  }
  // Whoever waits for time to pass is looked at as often as timers go.
  constexpr Time kSoon;
  if (!queue_.empty() && !held_.empty()) next = kSoon;
  if (!queue_.empty() && acquire_after_ != Time::min()) next = std::min(next, acquire_after_);
  if (Draining() && !queue_.empty()) next = std::min(next, drain_seen_ + options.drain_patience);
  if (retry_at_ != Time::min()) next = std::min(next, retry_at_);
  return next;
}

void GroupState::Forget() {
  row_.reset();
  drain_token_ = 0;
  drain_seen_ = drain_poll_ = kNever;
}

}  // namespace mintmark::engine
