// The admin calls on one sequence: each opens the row, changes it by compare and
// set, and waits for the drain that it began. Only the first in line is at work.
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/check.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"
#include "src/engine/sequence_state.h"
#include "src/engine/settings.h"

namespace mintmark::engine {

using Kind = SequenceCall::Kind;
using Stage = SequenceCall::Stage;

absl::Status SequenceState::NotFound() const {
  return MakeStatus(Reason::kSequenceNotFound, absl::StrCat("There is no sequence \"", name_,
                                                            "\"; check the name, or create "
                                                            "it with CreateSequence."));
}

void SequenceState::AnswerAdmin(const LaneContext& context, absl::Status status) {
  SequenceCall& call = *admin_.front();
  admin_.erase(admin_.begin());
  change_.reset();
  planned_.admin = nullptr;  // Another call may come to lie at its address.
  context.answers.Add(call, std::move(status));
}

bool SequenceState::AdminBegun() const {
  if (admin_.empty()) return false;
  const SequenceCall& call = *admin_.front();
  if (call.stage_ == Stage::kDrain || call.stage_ == Stage::kReopen) return true;
  const bool creating = planned_.open_for_admin && call.kind == Kind::kCreate;
  return planned_.admin == &call && (planned_.change >= 0 || creating);
}

void SequenceState::PlanAdmin(const LaneContext& context, Batch& batch) {
  if (admin_.empty()) return;
  SequenceCall& call = *admin_.front();
  if (context.stopping && call.stage_ == Stage::kDrain) {
    AnswerAdmin(context, MakeStatus(Reason::kShuttingDown,
                                    "This server stops; the change goes on, and any other server "
                                    "finishes it when it is asked for the sequence."));
    return;
  }
  planned_.admin = &call;
  if (call.stage_ == Stage::kChange) {
    planned_.change = static_cast<int>(batch.changes.size());
    batch.changes.push_back(*change_);
    return;
  }
  if (call.stage_ == Stage::kDrain && row_.has_value()) return;
  SequenceOpen open;
  open.name = name_;
  open.want_usage = true;
  if (call.kind == Kind::kCreate) {
    absl::StatusOr<SequenceSettings> settings = NewSettings(call.patch);
    if (!settings.ok()) {
      AnswerAdmin(context, settings.status());
      return;
    }
    open.create_as = *std::move(settings);
  }
  planned_.open = static_cast<int>(batch.opens.size());
  planned_.open_for_admin = true;
  batch.opens.push_back(std::move(open));
}

void SequenceState::ApplyAdminOpen(const LaneContext& context, const SequenceOpen& open) {
  const bool found = open.result != SequenceOpen::Result::kAbsent;
  if (found) {
    Adopt(context, open.row);
  } else {
    Forget();
  }
  if (admin_.empty() || admin_.front() != planned_.admin) return;  // It was answered meanwhile.
  SequenceCall& call = *admin_.front();
  if (found) call.view = ViewOf(open.row, context.options);
  if (call.stage_ == Stage::kDrain) {
    // Somebody else finished the drain, or it goes on and is watched from here.
    if (found && open.row.drain_token == call.token_) return;
    AnswerAdmin(context, found || call.kind == Kind::kDelete ? absl::OkStatus() : NotFound());
    return;
  }
  if (call.kind == Kind::kCreate) {
    const bool created = open.result == SequenceOpen::Result::kCreated;
    AnswerAdmin(context,
                created ? absl::OkStatus()
                        : MakeStatus(Reason::kSequenceAlreadyExists,
                                     absl::StrCat("The sequence \"", name_, "\" exists already.")));
    return;
  }
  if (!found) {
    AnswerAdmin(context, NotFound());
    return;
  }
  if (call.kind == Kind::kGet || call.stage_ == Stage::kReopen) {
    AnswerAdmin(context, absl::OkStatus());
    return;
  }
  const absl::Status status = PrepareChange(call, open.row);
  if (!status.ok()) {
    AnswerAdmin(context, status);
    return;
  }
  if (change_ == nullptr) {
    AnswerAdmin(context, absl::OkStatus());  // Nothing to change.
    return;
  }
  call.stage_ = Stage::kChange;
}

absl::Status SequenceState::PrepareChange(const SequenceCall& call, const SequenceRow& row) {
  change_.reset();
  if (!call.etag.empty() && call.etag != ViewOf(row, EngineOptions()).etag) {
    return MakeStatus(Reason::kEtagMismatch,
                      "The sequence was changed since this etag was read; read it again.");
  }
  SequenceChange change;
  change.name = name_;
  change.expected_version = row.version;
  change.settings = row.settings;
  switch (call.kind) {
    case Kind::kUpdate: {
      MINTMARK_ASSIGN_OR_RETURN(const SettingsUpdate update,
                                UpdateSettings(row.settings, call.patch));
      if (update.settings == row.settings) return absl::OkStatus();
      change.settings = update.settings;
      change.drain = update.tightens ? DrainKind::kTighten : DrainKind::kNone;
      break;
    }
    case Kind::kReset:
      MINTMARK_RETURN_IF_ERROR(PrepareReset(call, row, change));
      break;
    case Kind::kDelete:
      change.drain = DrainKind::kDelete;
      break;
    case Kind::kCreate:
    case Kind::kGet:
      break;
  }
  change_ = std::make_unique<SequenceChange>(std::move(change));
  return absl::OkStatus();
}

absl::Status SequenceState::PrepareReset(const SequenceCall& call, const SequenceRow& row,
                                         SequenceChange& change) {
  const IdSpace& space = row.settings.space;
  const std::int64_t next_id = call.next_id.value_or(space.min_id);
  const std::int64_t frontier = space.PositionAtOrAfter(next_id);
  if (frontier == space.LimitPosition() || space.IdAt(frontier) != next_id) {
    return MakeStatus(
        Reason::kSequenceInvalid,
        absl::StrCat("next_id is ", next_id, "; the ids of this sequence go from ", space.min_id,
                     " by steps of ", space.step, " up to ", space.max_id, "."));
  }
  change.drain = DrainKind::kReset;
  change.frontier = frontier;
  change.allow_reuse = call.allow_reuse;
  return absl::OkStatus();
}

void SequenceState::ApplyAdminChange(const LaneContext& context, const SequenceChange& change) {
  if (change.result == SequenceChange::Result::kAbsent) {
    Forget();
  } else {
    Adopt(context, change.row);
  }
  if (admin_.empty() || admin_.front() != planned_.admin) return;  // It was answered meanwhile.
  SequenceCall& call = *admin_.front();
  switch (change.result) {
    case SequenceChange::Result::kDone:
      call.token_ = change.row.drain_token;
      call.stage_ = change.drain == DrainKind::kNone ? Stage::kReopen : Stage::kDrain;
      change_.reset();
      return;
    case SequenceChange::Result::kAbsent:
      AnswerAdmin(context, NotFound());
      return;
    case SequenceChange::Result::kChanged:
      // Somebody was faster. With an etag the next look finds the mismatch.
      change_.reset();
      call.stage_ = Stage::kOpen;
      return;
    case SequenceChange::Result::kDraining:
      AnswerAdmin(context,
                  MakeStatus(Reason::kDraining,
                             "The sequence is being reset, deleted or tightened already; try "
                             "again when that is over.",
                             std::chrono::seconds(1)));
      return;
    case SequenceChange::Result::kWouldReuse:
      AnswerAdmin(context,
                  MakeStatus(Reason::kWouldReuseIds,
                             "The reset would hand out ids again that were given before; set "
                             "allow_reuse if that is meant, or a next_id that lies further on."));
      return;
  }
}

void SequenceState::FinishAdminDrain(const LaneContext& context, std::int64_t token,
                                     const SequenceRow& row) {
  if (admin_.empty()) return;
  SequenceCall& call = *admin_.front();
  if (call.stage_ != Stage::kDrain || call.token_ != token) return;
  if (call.kind == Kind::kDelete || row.name.empty()) {
    AnswerAdmin(context, absl::OkStatus());
    return;
  }
  call.stage_ = Stage::kReopen;
}

}  // namespace mintmark::engine
