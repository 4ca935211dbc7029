// What a sequence asks of the next batch.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "src/core/check.h"
#include "src/engine/sequence_state.h"

namespace mintmark::engine {
namespace {

// A server holds a few windows of a sequence at most: one in use, one it reaches
// into when the chunk of the first ends, and rests it was given.
constexpr std::size_t kMaxWindows = 8;

// Windows are topped up when two thirds are used.
constexpr std::int64_t kLowWaterShare = 3;

KeyKind KindOf(const NextCall& call) {
  return call.one_range ? KeyKind::kReserveRange : KeyKind::kNextN;
}

DrawItem::Shape ShapeOf(const NextCall& call) {
  if (call.one_range) {
    return call.exact ? DrawItem::Shape::kOneRunOfAll : DrawItem::Shape::kOneRun;
  }
  return call.allow_partial ? DrawItem::Shape::kUpTo : DrawItem::Shape::kAll;
}

Key KeyOf(const NextCall& call) {
  Key key;
  key.kind = KindOf(call);
  key.id = call.request_id;
  key.n = call.n;
  key.flags = (call.allow_partial ? 1 : 0) | (call.exact ? 2 : 0);
  key.share = call.n;
  return key;
}

// Sorts the callers of a draw into items: plain ones share one, plain ones with
// request ids another, and every other call is an item by itself.
template <typename Caller>
class DrawPlanner {
 public:
  // False: a twin of the call (the same request id) is in this draw already; the
  // call has to wait for the next one, where it finds its twin's reply.
  bool Add(NextCall& call, bool alone) {
    if (!call.request_id.empty() &&
        !keys_.insert({static_cast<int>(KindOf(call)), call.request_id}).second) {
      return false;
    }
    const DrawItem::Shape shape = ShapeOf(call);
    Group& group = alone || shape != DrawItem::Shape::kAll ? NewGroup(shape)
                   : call.request_id.empty()               ? Shared(plain_)
                                                           : Shared(keyed_);
    group.item.n = AdvanceUpTo(group.item.n, call.n, INT64_MAX);
    if (!call.request_id.empty()) group.item.keys.push_back(KeyOf(call));
    group.callers.push_back(Caller{&call, call.n});
    return true;
  }

  void MoveTo(Draw& draw, std::vector<std::vector<Caller>>& callers) {
    for (Group& group : groups_) {
      draw.items.push_back(std::move(group.item));
      callers.push_back(std::move(group.callers));
    }
  }

  bool empty() const { return groups_.empty(); }

 private:
  struct Group {
    DrawItem item;
    std::vector<Caller> callers;
  };

  Group& NewGroup(DrawItem::Shape shape) {
    groups_.emplace_back();
    groups_.back().item.shape = shape;
    return groups_.back();
  }

  Group& Shared(int& place) {
    if (place >= 0) return groups_[static_cast<std::size_t>(place)];
    place = static_cast<int>(groups_.size());
    return NewGroup(DrawItem::Shape::kAll);
  }

  std::vector<Group> groups_;
  int plain_ = -1;
  int keyed_ = -1;
  absl::flat_hash_set<std::pair<int, std::string>> keys_;
};

}  // namespace

bool SequenceState::Current(const Window& window, const LaneContext& context) const {
  return !window.frozen && window.owner == context.session &&
         window.generation == row_->generation && window.revision == row_->revision;
}

bool SequenceState::RunningLow(const LaneContext& context) const {
  if (low_water_ == 0 || context.stopping || !context.may_issue) return false;
  const bool live = std::any_of(windows_.begin(), windows_.end(),
                                [](const Window& window) { return !window.frozen; });
  if (!live) return false;
  // A rest that is being given back is wanted elsewhere, or by nobody: what is
  // topped up beside it would be that very rest, taken again in the same batch.
  if (std::any_of(windows_.begin(), windows_.end(),
                  [](const Window& window) { return window.frozen && window.left() > 0; })) {
    return false;
  }
  const bool may_acquire = acquire_after_ <= context.now && windows_.size() < kMaxWindows;
  return LeftFor(From::kWindow, context) < low_water_ && (CanGrow() || may_acquire);
}

bool SequenceState::CanGrow() const {
  return std::any_of(windows_.begin(), windows_.end(), [](const Window& window) {
    return !window.frozen && window.ceiling < window.limit;
  });
}

bool SequenceState::HasWork(const LaneContext& context) const {
  if (retry_at_ > context.now) return false;
  if (std::any_of(windows_.begin(), windows_.end(), [](const Window& w) { return w.frozen; })) {
    return true;
  }
  if (context.stopping && !windows_.empty()) return true;
  if (!admin_.empty() && (admin_.front()->stage_ != SequenceCall::Stage::kDrain ||
                          !row_.has_value() || context.stopping)) {
    return true;
  }
  if (!row_.has_value()) return !queue_.empty();
  if (drain_poll_ != kNever) return drain_poll_ <= context.now && !context.stopping;
  if (!queue_.empty()) return draw_after_ <= context.now;
  if (context.stopping) return !windows_.empty();
  return RunningLow(context);
}

std::int64_t SequenceState::Plan(const LaneContext& context, std::int64_t max_calls, Batch& batch) {
  MINTMARK_CHECK(planned_.callers.empty() && planned_.waiters.empty());
  retry_at_ = Time::min();
  ExpireQueued(context);
  if (row_.has_value()) ServeQueue(context);
  // Who still waits at a stop draws from what is given back in the same batch.
  if (context.stopping) {
    for (Window& window : windows_) window.frozen = true;
  }
  PlanGiveBacks(batch);
  PlanAdmin(context, batch);
  if (!row_.has_value()) {
    if (!queue_.empty() && planned_.open < 0) {
      SequenceOpen open;
      open.name = name_;
      if (context.options.auto_create) open.create_as = SequenceSettings();
      planned_.open = static_cast<int>(batch.opens.size());
      planned_.open_for_admin = false;
      batch.opens.push_back(std::move(open));
    }
    return 0;
  }
  if (drain_poll_ != kNever) {
    PlanDrain(context, batch);
    return 0;
  }
  return PlanCalls(context, max_calls, batch);
}

void SequenceState::PlanGiveBacks(Batch& batch) {
  std::vector<const Window*> frozen;
  for (const Window& window : windows_) {
    if (window.frozen) frozen.push_back(&window);
  }
  std::sort(frozen.begin(), frozen.end(),
            [](const Window* a, const Window* b) { return a->shard < b->shard; });
  planned_.first_give_back = static_cast<int>(batch.give_backs.size());
  planned_.give_backs = static_cast<int>(frozen.size());
  for (const Window* window : frozen) {
    GiveBack give_back;
    give_back.sequence = name_;
    give_back.shard = window->shard;
    give_back.owner = window->owner;
    give_back.epoch = window->epoch;
    give_back.generation = window->generation;
    give_back.position = window->position;
    give_back.ceiling = window->ceiling;
    batch.give_backs.push_back(std::move(give_back));
  }
}

void SequenceState::PlanDrain(const LaneContext& context, Batch& batch) {
  // Drains run before give-backs: looking before all is given back is in vain.
  if (!windows_.empty() || drain_poll_ > context.now || context.stopping) return;
  SequenceDrain drain;
  drain.name = name_;
  drain.token = drain_token_;
  drain.finish_anyway = drain_seen_ + context.options.lease <= context.now;
  planned_.drain = static_cast<int>(batch.drains.size());
  batch.drains.push_back(std::move(drain));
}

std::int64_t SequenceState::PlanCalls(const LaneContext& context, std::int64_t max_calls,
                                      Batch& batch) {
  std::int64_t taken = 0;
  if (!queue_.empty() && draw_after_ <= context.now) {
    taken = PlanDraw(context, max_calls, batch);
  }
  if (context.stopping || row_->strict()) return taken;
  if (row_->settings.max_gap == 0) {
    PlanGapless(context, batch);
  } else {
    PlanWindows(context, batch);
  }
  return taken;
}

std::int64_t SequenceState::PlanDraw(const LaneContext& context, std::int64_t max_calls,
                                     Batch& batch) {
  const bool no_shard =
      draw_next_ ||
      (!CanGrow() && (acquire_after_ > context.now || windows_.size() >= kMaxWindows));
  draw_next_ = false;
  DrawPlanner<Caller> planner;
  std::vector<NextCall*> stay;
  std::int64_t taken = 0;
  for (NextCall* call : queue_) {
    const bool draw = taken < max_calls && (no_shard || NeedsDraw(*call, context));
    if (draw && planner.Add(*call, call->alone_)) {
      if (call->want_format) call->format = row_->settings.format;
      ++taken;
    } else {
      stay.push_back(call);
    }
  }
  queue_ = std::move(stay);
  if (planner.empty()) return 0;
  Draw draw;
  draw.sequence = name_;
  draw.generation = row_->generation;
  draw.revision = row_->revision;
  planner.MoveTo(draw, planned_.callers);
  planned_.space = row_->settings.space;
  planned_.generation = row_->generation;
  planned_.draw = static_cast<int>(batch.draws.size());
  batch.draws.push_back(std::move(draw));
  return taken;
}

void SequenceState::PlanWindows(const LaneContext& context, Batch& batch) {
  std::int64_t need = 0;
  NextCall* head = nullptr;
  for (NextCall* call : queue_) {
    if (NeedsDraw(*call, context)) continue;
    if (head == nullptr) head = call;
    need = AdvanceUpTo(need, call->n, INT64_MAX);
  }
  if (head == nullptr && !RunningLow(context)) return;

  const std::int64_t target = WindowTarget(context, need);
  low_water_ = target / kLowWaterShare;
  std::int64_t growth = target;
  for (const Window& window : windows_) {
    if (Current(window, context)) growth = std::max<std::int64_t>(0, growth - window.left());
  }
  std::vector<std::pair<const Window*, std::int64_t>> ceilings;
  for (const Window& window : windows_) {
    if (!Current(window, context)) continue;
    const std::int64_t ceiling = AdvanceUpTo(window.ceiling, growth, window.limit);
    growth -= CountBetween(window.ceiling, ceiling);
    // A window of an earlier era is looked at even where it does not grow.
    if (ceiling != window.ceiling || window.era != context.era) {
      ceilings.emplace_back(&window, ceiling);
    }
  }
  PlanRefills(std::move(ceilings), batch);
  if (growth > 0) PlanAcquire(growth, head, context, batch);
}

void SequenceState::PlanRefills(std::vector<std::pair<const Window*, std::int64_t>> ceilings,
                                Batch& batch) {
  std::sort(ceilings.begin(), ceilings.end(),
            [](const auto& a, const auto& b) { return a.first->shard < b.first->shard; });
  planned_.first_refill = static_cast<int>(batch.refills.size());
  planned_.refills = static_cast<int>(ceilings.size());
  for (const auto& [window, ceiling] : ceilings) {
    Refill refill;
    refill.sequence = name_;
    refill.shard = window->shard;
    refill.epoch = window->epoch;
    refill.generation = window->generation;
    refill.position = window->position;
    refill.ceiling = ceiling;
    batch.refills.push_back(std::move(refill));
  }
}

bool SequenceState::PlanAcquire(std::int64_t window, const NextCall* call,
                                const LaneContext& context, Batch& batch) {
  if (acquire_after_ > context.now || windows_.size() >= kMaxWindows) return false;
  Acquire acquire;
  acquire.sequence = name_;
  acquire.generation = row_->generation;
  acquire.revision = row_->revision;
  acquire.window = window;
  acquire.chunk = ChunkFor(call, context);
  acquire.adaptive_chunk =
      !row_->settings.chunk_size.has_value() && (call == nullptr || call->chunk_size == 0);
  planned_.acquire = static_cast<int>(batch.acquires.size());
  batch.acquires.push_back(std::move(acquire));
  return true;
}

// A sequence without gaps moves its ceilings by just what its callers get, so that
// what lies below one is never but a reply. Callers whose ids are not all in the
// shards at hand wait for another shard, for which no ceiling is moved yet.
void SequenceState::PlanGapless(const LaneContext& context, Batch& batch) {
  low_water_ = 0;
  std::vector<Window*> windows;
  std::vector<std::int64_t> reached;
  for (Window& window : windows_) {
    if (!Current(window, context)) continue;
    windows.push_back(&window);
    reached.push_back(window.position);
  }
  std::size_t place = 0;
  const auto fits = [&](const NextCall& call) {
    std::vector<std::int64_t> next = reached;
    std::size_t at = place;
    for (std::int64_t missing = call.n; missing > 0;) {
      while (at < windows.size() && next[at] == windows[at]->limit) ++at;
      if (at == windows.size()) return false;
      const std::int64_t limit = AdvanceUpTo(next[at], missing, windows[at]->limit);
      missing = call.one_range ? 0 : missing - CountBetween(next[at], limit);
      next[at] = limit;
    }
    reached = std::move(next);
    place = at;
    return true;
  };
  std::vector<NextCall*> stay;
  const NextCall* unfit = nullptr;
  for (NextCall* call : queue_) {
    const bool from_window = !NeedsDraw(*call, context);
    if (from_window && unfit == nullptr && fits(*call)) {
      if (call->want_format) call->format = row_->settings.format;
      planned_.waiters.push_back(Caller{call, call->n});
      continue;
    }
    if (from_window && unfit == nullptr) unfit = call;
    stay.push_back(call);
  }
  queue_ = std::move(stay);
  planned_.space = row_->settings.space;
  planned_.generation = row_->generation;
  std::vector<std::pair<const Window*, std::int64_t>> ceilings;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    // Looked at in this very transaction, whether or not its ceiling has to move.
    if (reached[i] == windows[i]->position) continue;
    ceilings.emplace_back(windows[i], std::max(reached[i], windows[i]->ceiling));
  }
  PlanRefills(std::move(ceilings), batch);
  draw_next_ = unfit != nullptr && !PlanAcquire(0, unfit, context, batch);
}

}  // namespace mintmark::engine
