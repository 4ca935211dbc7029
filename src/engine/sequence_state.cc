#include "src/engine/sequence_state.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/check.h"
#include "src/core/reason.h"

namespace mintmark::engine {

void AppendRun(NextCall& call, const IdSpace& space, Run run) {
  const std::int64_t first = space.IdAt(run.first);
  const std::int64_t last = space.IdAt(run.limit - 1);
  call.count += CountBetween(run.first, run.limit);
  if (!call.ranges.empty() && CountBetween(call.ranges.back().last, first) == space.step) {
    call.ranges.back().last = last;
    return;
  }
  call.ranges.push_back(IdRange{first, last, space.step});
}

SequenceState::SequenceState(std::string name, const EngineOptions& options)
    : name_(std::move(name)), sizer_(options.window_min, options.window_max) {}

bool SequenceState::ServeOrQueue(NextCall& call, const LaneContext& context) {
  last_used_ = context.now;
  if (queue_.empty() && row_.has_value() && !NeedsDraw(call, context)) {
    if (Serve(call, From::kWindow, context)) return true;
    if (!windows_.empty()) sizer_.Stalled(context.now);
  }
  queue_.push_back(&call);
  return false;
}

bool SequenceState::Usable(const Window& window, const LaneContext& context) const {
  return !window.frozen && context.may_issue && window.era == context.era &&
         window.owner == context.session && window.generation == row_->generation &&
         window.revision == row_->revision;
}

bool SequenceState::MayTake(const Window& window, From from, const LaneContext& context) const {
  if (from == From::kWindow) return Usable(window, context);
  return !window.frozen && window.confirmed;
}

std::int64_t SequenceState::LeftFor(From from, const LaneContext& context) const {
  std::int64_t left = 0;
  for (const Window& window : windows_) {
    if (MayTake(window, from, context)) left = AdvanceUpTo(left, window.left(), INT64_MAX);
  }
  return left;
}

bool SequenceState::Serve(NextCall& call, From from, const LaneContext& context) {
  if (from == From::kWindow && row_->drain != DrainKind::kNone) return false;
  const bool served =
      call.one_range ? ServeRange(call, from, context) : ServeAll(call, from, context);
  if (!served) return false;
  call.generation = from == From::kWindow ? row_->generation : planned_.generation;
  call.replayed = false;
  if (call.want_format && from == From::kWindow) call.format = row_->settings.format;
  sizer_.Issued(call.count, context.now);
  return true;
}

bool SequenceState::ServeRange(NextCall& call, From from, const LaneContext& context) {
  for (Window& window : windows_) {
    if (!MayTake(window, from, context) || window.left() == 0) continue;
    if (call.exact && window.left() < call.n) continue;
    const std::int64_t limit = AdvanceUpTo(window.position, call.n, window.ceiling);
    AppendRun(call, from == From::kWindow ? row_->settings.space : planned_.space,
              Run{window.position, limit});
    window.position = limit;
    if (limit == window.limit) window.frozen = true;  // Used up: its row can go.
    return true;
  }
  return false;
}

bool SequenceState::ServeAll(NextCall& call, From from, const LaneContext& context) {
  if (LeftFor(from, context) < call.n) return false;
  std::int64_t missing = call.n;
  for (Window& window : windows_) {
    if (!MayTake(window, from, context) || window.left() == 0) continue;
    const std::int64_t limit = AdvanceUpTo(window.position, missing, window.ceiling);
    missing -= CountBetween(window.position, limit);
    AppendRun(call, from == From::kWindow ? row_->settings.space : planned_.space,
              Run{window.position, limit});
    window.position = limit;
    if (limit == window.limit) window.frozen = true;  // Used up: its row can go.
    if (missing == 0) break;
  }
  MINTMARK_CHECK(missing == 0);
  return true;
}

void SequenceState::ServeQueue(const LaneContext& context) {
  std::size_t served = 0;
  while (served < queue_.size() && row_.has_value()) {
    NextCall& call = *queue_[served];
    if (NeedsDraw(call, context) || !Serve(call, From::kWindow, context)) break;
    ++served;
    Answer(call, context, absl::OkStatus());
  }
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(served));
}

bool SequenceState::NeedsDraw(const NextCall& call, const LaneContext& context) {
  if (!call.request_id.empty() || row_->strict() || context.stopping) return true;
  if (call.one_range && call.exact) {
    return std::none_of(windows_.begin(), windows_.end(), [&](const Window& window) {
      return Usable(window, context) && window.left() >= call.n;
    });
  }
  const std::optional<std::int64_t>& max_gap = row_->settings.max_gap;
  if (max_gap.has_value() && *max_gap > 0 && call.n > *max_gap && !call.one_range) return true;
  if (call.n >= ChunkFor(&call, context)) return true;
  return !max_gap.has_value() && call.n > sizer_.Size(context.now) && !call.one_range;
}

std::int64_t SequenceState::WindowTarget(const LaneContext& context, std::int64_t need) {
  const std::optional<std::int64_t>& max_gap = row_->settings.max_gap;
  if (!max_gap.has_value()) return std::max(sizer_.Size(context.now), need);
  return *max_gap == 0 ? need : *max_gap;
}

std::int64_t SequenceState::ChunkFor(const NextCall* call, const LaneContext& context) {
  constexpr std::int64_t kWindowsPerChunk = 10;
  if (call != nullptr && call->chunk_size > 0) return call->chunk_size;
  if (row_->settings.chunk_size.has_value()) return *row_->settings.chunk_size;
  const std::int64_t window =
      std::max(sizer_.Size(context.now), row_->settings.max_gap.value_or(0));
  return AdvanceUpTo(0, window, INT64_MAX / kWindowsPerChunk) * kWindowsPerChunk;
}

void SequenceState::Answer(NextCall& call, const LaneContext& context, absl::Status status) {
  if (!status.ok()) {
    call.ranges.clear();
    call.count = 0;
  }
  context.answers.Add(call, std::move(status));
}

void SequenceState::Notice(const Attention& attention, const LaneContext& context) {
  if (row_.has_value() &&
      (row_->version != attention.version || row_->generation != attention.generation)) {
    Forget();
  }
  for (Window& window : windows_) {
    if (!window.frozen && window.wanted < attention.wanted) {
      // What somebody else wants is not taken again in the batch that gives it back.
      acquire_after_ = std::max(acquire_after_, context.now + context.options.heartbeat);
    }
    if (window.generation != attention.generation || window.revision != attention.revision ||
        attention.draining || window.wanted < attention.wanted) {
      window.frozen = true;
    }
  }
}

void SequenceState::LoseSession() {
  for (Window& window : windows_) window.frozen = true;
  Forget();
}

void SequenceState::FailQueued(const LaneContext& context, const absl::Status& status) {
  FailCalls(context, status);
  // What an admin call may have changed it waits for, until its deadline if need be.
  const std::size_t kept = AdminBegun() ? 1 : 0;
  while (admin_.size() > kept) {
    SequenceCall& last = *admin_.back();
    if (admin_.size() == 1) change_.reset();
    if (&last == planned_.admin) planned_.admin = nullptr;
    admin_.pop_back();
    context.answers.Add(last, status);
  }
}

template <typename Visit>
void SequenceState::ForEachPlanned(Visit visit) {
  for (Callers& callers : planned_.callers) {
    for (Caller& caller : callers) visit(caller);
  }
  for (Caller& caller : planned_.waiters) visit(caller);
}

void SequenceState::ExpireQueued(const LaneContext& context) {
  for (NextCall*& call : queue_) {
    if (call->deadline > context.now) continue;
    Answer(*std::exchange(call, nullptr), context, NotExecuted());
  }
  std::erase(queue_, nullptr);
}

void SequenceState::Expire(const LaneContext& context) {
  const auto late = [&](const Call* call) {
    return call != nullptr && call->deadline <= context.now;
  };
  ExpireQueued(context);
  ForEachPlanned([&](Caller& caller) {
    if (late(caller.call)) Answer(*std::exchange(caller.call, nullptr), context, InDoubt());
  });
  // The first admin call may be in the batch under way; the rest has not started.
  for (std::size_t i = admin_.size(); i-- > 0;) {
    if (!late(admin_[i])) continue;
    if (i == 0) {
      AnswerAdmin(context, AdminBegun() ? InDoubt() : NotExecuted());
      continue;
    }
    context.answers.Add(*admin_[i], NotExecuted());
    admin_.erase(admin_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

void SequenceState::Abandon(const LaneContext& context, const Batch& batch,
                            const absl::Status& status) {
  ForEachPlanned([&](Caller& caller) {
    if (caller.call != nullptr) Answer(*std::exchange(caller.call, nullptr), context, status);
  });
  if (AdminBegun()) AnswerAdmin(context, InDoubt());
  // What was given back in it may belong to others now.
  ApplyGiveBacks(batch);
}

void SequenceState::Tidy(const LaneContext& context) {
  if (retry_at_ <= context.now) retry_at_ = Time::min();
  if (draw_after_ <= context.now) draw_after_ = Time::min();
  if (queue_.empty() && last_used_ + context.options.idle_give_back <= context.now) {
    for (Window& window : windows_) window.frozen = true;
  }
  const bool draining =
      drain_seen_ != kNever && drain_seen_ + context.options.drain_patience <= context.now;
  if (!draining) return;
  const absl::Status status = MakeStatus(
      Reason::kDraining, "The sequence is being reset or changed; ask again in a moment.",
      context.options.drain_patience);
  FailCalls(context, status);
}

void SequenceState::FailCalls(const LaneContext& context, const absl::Status& status) {
  for (NextCall* call : queue_) Answer(*call, context, status);
  queue_.clear();
}

bool SequenceState::Idle() const {
  return queue_.empty() && windows_.empty() && admin_.empty() && planned_.callers.empty() &&
         planned_.waiters.empty();
}

bool SequenceState::Evictable(const LaneContext& context) const {
  return Idle() && !listed && !in_batch && drain_seen_ == kNever &&
         last_used_ + context.options.evict_after <= context.now;
}

Time SequenceState::NextTime(const EngineOptions& options) const {
  Time next = drain_poll_;
  if (Idle()) next = std::min(next, last_used_ + options.evict_after);
  const bool live = std::any_of(windows_.begin(), windows_.end(),
                                [](const Window& window) { return !window.frozen; });
  if (live) next = std::min(next, last_used_ + options.idle_give_back);
  if (!queue_.empty()) {
    if (draw_after_ != Time::min()) next = std::min(next, draw_after_);
    if (drain_seen_ != kNever) next = std::min(next, drain_seen_ + options.drain_patience);
  }
  if (retry_at_ != Time::min()) next = std::min(next, retry_at_);
  return next;
}

std::int64_t SequenceState::unissued() const {
  std::int64_t left = 0;
  for (const Window& window : windows_) left = AdvanceUpTo(left, window.left(), INT64_MAX);
  return left;
}

std::int64_t SequenceState::waiting() const {
  std::size_t count = queue_.size() + admin_.size() + planned_.waiters.size();
  for (const Callers& callers : planned_.callers) count += callers.size();
  return static_cast<std::int64_t>(count);
}

void SequenceState::Forget() {
  row_.reset();
  drain_token_ = 0;
  drain_seen_ = drain_poll_ = kNever;
}

SequenceView ViewOf(const SequenceRow& row, const EngineOptions& options) {
  SequenceView view;
  view.row = row;
  const IdSpace& space = row.settings.space;
  const std::int64_t limit = space.LimitPosition();
  // One past the last id has to be shown for a sequence that is used up; it may
  // lie beyond what a position stands for.
  view.next_id = row.frontier < limit ? space.IdAt(row.frontier) : space.max_id + 1;
  view.remaining =
      AdvanceUpTo(CountBetween(row.frontier, limit), row.unissued_in_shards, INT64_MAX);
  // Without gaps, what lies below a ceiling was in a reply.
  if (row.settings.max_gap != 0) {
    view.effective_max_gap =
        std::max(row.settings.max_gap.value_or(options.window_min), row.largest_window);
  }
  view.etag = absl::StrCat(row.generation, "-", row.version);
  return view;
}

}  // namespace mintmark::engine
