// What came of a sequence's operations.
#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/check.h"
#include "src/core/reason.h"
#include "src/engine/sequence_state.h"

namespace mintmark::engine {
namespace {

// Ids that nobody has are asked for again after this long when a shard could not
// be had.
constexpr Duration kNoShardPause = std::chrono::milliseconds(500);

}  // namespace

void SequenceState::Apply(const LaneContext& context, Batch& batch) {
  if (planned_.open >= 0) {
    const SequenceOpen& open = batch.opens[static_cast<std::size_t>(planned_.open)];
    if (planned_.open_for_admin) {
      ApplyAdminOpen(context, open);
    } else {
      ApplyOpen(context, open);
    }
  }
  if (planned_.change >= 0) {
    ApplyAdminChange(context, batch.changes[static_cast<std::size_t>(planned_.change)]);
  }
  if (planned_.drain >= 0) {
    ApplyDrain(context, batch.drains[static_cast<std::size_t>(planned_.drain)]);
  }
  ApplyGiveBacks(batch);
  if (planned_.refills > 0) ApplyRefills(context, batch);
  if (planned_.acquire >= 0) {
    ApplyAcquire(context, batch.acquires[static_cast<std::size_t>(planned_.acquire)]);
  }
  ServeWaiters(context);
  if (planned_.draw >= 0) {
    ApplyDraw(context, batch.draws[static_cast<std::size_t>(planned_.draw)]);
  }
  planned_ = Planned();
  for (Window& window : windows_) window.confirmed = false;
  if (row_.has_value()) ServeQueue(context);
}

void SequenceState::ServeWaiters(const LaneContext& context) {
  Callers rest;
  for (const Caller& waiter : planned_.waiters) {
    if (waiter.call == nullptr) continue;
    if (rest.empty() && Serve(*waiter.call, From::kCommit, context)) {
      Answer(*waiter.call, context, absl::OkStatus());
    } else {
      rest.push_back(waiter);
    }
  }
  Requeue(rest, false);
}

void SequenceState::Replan(const LaneContext& context) {
  static_cast<void>(context);
  Requeue(planned_.waiters, false);
  for (auto callers = planned_.callers.rbegin(); callers != planned_.callers.rend(); ++callers) {
    Requeue(*callers, false);
  }
  planned_ = Planned();
}

void SequenceState::Refuse(const LaneContext& context, const absl::Status& status, Time retry_at) {
  Replan(context);
  FailQueued(context, status);
  retry_at_ = retry_at;
}

void SequenceState::Requeue(const Callers& callers, bool alone) {
  std::vector<NextCall*> calls;
  for (const Caller& caller : callers) {
    if (caller.call == nullptr) continue;
    caller.call->alone_ = caller.call->alone_ || alone;
    calls.push_back(caller.call);
  }
  queue_.insert(queue_.begin(), calls.begin(), calls.end());
}

void SequenceState::Adopt(const LaneContext& context, const SequenceRow& row) {
  row_ = row;
  for (Window& window : windows_) {
    if (window.generation != row.generation || window.revision != row.revision ||
        row.drain != DrainKind::kNone) {
      window.frozen = true;
    }
  }
  if (row.drain == DrainKind::kNone) {
    drain_token_ = 0;
    drain_seen_ = drain_poll_ = kNever;
  } else if (drain_token_ != row.drain_token) {
    drain_token_ = row.drain_token;
    drain_seen_ = drain_poll_ = context.now;
  }
}

void SequenceState::ApplyOpen(const LaneContext& context, const SequenceOpen& open) {
  if (open.result != SequenceOpen::Result::kAbsent) {
    Adopt(context, open.row);
    return;
  }
  Forget();
  const absl::Status status = MakeStatus(
      Reason::kSequenceNotFound,
      absl::StrCat("There is no sequence \"", name_, "\"; create it with CreateSequence."));
  FailCalls(context, status);
}

void SequenceState::ApplyDrain(const LaneContext& context, const SequenceDrain& drain) {
  switch (drain.result) {
    case SequenceDrain::Result::kWaiting:
      drain_poll_ = context.now + context.options.poll_interval;
      return;
    case SequenceDrain::Result::kFinished: {
      const std::int64_t token = drain.token;
      Forget();
      if (!drain.row.name.empty()) Adopt(context, drain.row);
      FinishAdminDrain(context, token, drain.row);
      return;
    }
    case SequenceDrain::Result::kOver:
      Forget();  // To be opened anew by whoever needs it.
      return;
  }
}

void SequenceState::ApplyGiveBacks(const Batch& batch) {
  for (int i = 0; i < planned_.give_backs; ++i) {
    const GiveBack& give_back =
        batch.give_backs[static_cast<std::size_t>(planned_.first_give_back + i)];
    std::erase_if(windows_, [&](const Window& window) {
      return window.shard == give_back.shard && window.epoch == give_back.epoch;
    });
  }
}

void SequenceState::ApplyRefills(const LaneContext& context, const Batch& batch) {
  for (int i = 0; i < planned_.refills; ++i) {
    const Refill& refill = batch.refills[static_cast<std::size_t>(planned_.first_refill + i)];
    for (Window& window : windows_) {
      if (window.shard != refill.shard || window.epoch != refill.epoch) continue;
      if (refill.result == Refill::Result::kLost) {
        window.frozen = true;
        continue;
      }
      window.ceiling = std::max(window.ceiling, refill.new_ceiling);
      window.era = context.era;
      window.confirmed = true;
    }
  }
}

void SequenceState::ApplyAcquire(const LaneContext& context, const Acquire& acquire) {
  switch (acquire.result) {
    case Acquire::Result::kAcquired: {
      Window window;
      window.shard = acquire.shard;
      window.owner = context.session;
      window.epoch = acquire.epoch;
      window.generation = acquire.generation;
      window.revision = acquire.revision;
      window.position = acquire.start;
      window.ceiling = acquire.ceiling;
      window.limit = acquire.limit;
      window.wanted = acquire.wanted;
      window.era = context.era;
      windows_.push_back(window);
      return;
    }
    case Acquire::Result::kNoShard:
      acquire_after_ = context.now + kNoShardPause;
      return;
    case Acquire::Result::kStale:
    case Acquire::Result::kDraining:
      if (acquire.row.has_value())
        Adopt(context, *acquire.row);
      else
        Forget();
      return;
  }
}

void SequenceState::ApplyDraw(const LaneContext& context, const Draw& draw) {
  if (draw.result != Draw::Result::kServed) {
    for (auto callers = planned_.callers.rbegin(); callers != planned_.callers.rend(); ++callers) {
      Requeue(*callers, false);
    }
    if (draw.row.has_value())
      Adopt(context, *draw.row);
    else
      Forget();
    return;
  }
  // From the last to the first, so that those who have to be asked for again keep
  // their order in the queue.
  for (std::size_t i = draw.items.size(); i-- > 0;) {
    ApplyDrawItem(context, draw.items[i], planned_.callers[i]);
  }
}

void SequenceState::ApplyDrawItem(const LaneContext& context, const DrawItem& item,
                                  const Callers& callers) {
  switch (item.result) {
    case DrawItem::Result::kDrawn:
      Distribute(context, item, callers);
      return;
    case DrawItem::Result::kHeld:
    case DrawItem::Result::kExhausted:
      if (callers.size() > 1) {
        Requeue(callers, true);
      } else if (callers[0].call != nullptr) {
        AnswerShort(context, item.result, *callers[0].call);
      }
      return;
    case DrawItem::Result::kKeysSeen:
      AnswerReplays(context, item, callers);
      return;
    case DrawItem::Result::kOneByOne:
      Requeue(callers, true);
      return;
    case DrawItem::Result::kKeysFull:
      for (const Caller& caller : callers) {
        if (caller.call == nullptr) continue;
        Answer(*caller.call, context, RequestIdsFull());
      }
      return;
  }
}

void SequenceState::AnswerShort(const LaneContext& context, DrawItem::Result result,
                                NextCall& call) {
  if (result == DrawItem::Result::kExhausted) {
    Answer(call, context,
           MakeStatus(Reason::kSequenceExhausted,
                      absl::StrCat("The sequence \"", name_, "\" has fewer than the ", call.n,
                                   " ids asked for; raise max_id or ask for fewer.")));
    return;
  }
  if (call.held_since_ == kNever) call.held_since_ = context.now;
  if (call.held_since_ + context.options.held_patience <= context.now || context.stopping) {
    Answer(call, context,
           MakeStatus(Reason::kIdsHeldElsewhere,
                      "Other servers hold the last ids of this sequence and were asked to give "
                      "them back; try again in a moment.",
                      context.options.heartbeat));
    return;
  }
  queue_.insert(queue_.begin(), &call);
  draw_after_ = context.now + context.options.poll_interval;
}

void SequenceState::Distribute(const LaneContext& context, const DrawItem& item,
                               const Callers& callers) {
  std::int64_t drawn = 0;
  for (const Run& run : item.runs)
    drawn = AdvanceUpTo(drawn, CountBetween(run.first, run.limit), INT64_MAX);
  std::size_t place = 0;
  Run rest = item.runs[0];
  for (const Caller& caller : callers) {
    // A single caller takes all there is: it may have asked for "up to n". What
    // belongs to a caller who is gone is passed over: it must not serve another.
    std::int64_t share = callers.size() == 1 ? drawn : caller.n;
    while (share > 0) {
      if (rest.first == rest.limit) rest = item.runs.at(++place);
      const std::int64_t limit = AdvanceUpTo(rest.first, share, rest.limit);
      share -= CountBetween(rest.first, limit);
      if (caller.call != nullptr) AppendRun(*caller.call, planned_.space, Run{rest.first, limit});
      rest.first = limit;
    }
    if (caller.call == nullptr) continue;
    caller.call->generation = planned_.generation;
    caller.call->replayed = false;
    sizer_.Issued(caller.call->count, context.now);
    Answer(*caller.call, context, absl::OkStatus());
  }
}

void SequenceState::AnswerReplays(const LaneContext& context, const DrawItem& item,
                                  const Callers& callers) {
  std::vector<bool> seen(callers.size(), false);
  for (const StoredReply& reply : item.seen) {
    MINTMARK_CHECK(reply.key < callers.size());
    seen[reply.key] = true;
    NextCall* call = callers[reply.key].call;
    if (call == nullptr) continue;
    const Key& key = item.keys[reply.key];
    if (reply.n != key.n || reply.flags != key.flags) {
      Answer(*call, context, RequestIdReused());
      continue;
    }
    const IdSpace space{reply.residue, kMaxId, reply.step};
    for (const Run& run : reply.runs) AppendRun(*call, space, run);
    call->generation = reply.generation;
    call->replayed = true;
    Answer(*call, context, absl::OkStatus());
  }
  Callers rest;
  for (std::size_t i = 0; i < callers.size(); ++i) {
    if (!seen[i]) rest.push_back(callers[i]);
  }
  Requeue(rest, false);
}

}  // namespace mintmark::engine
