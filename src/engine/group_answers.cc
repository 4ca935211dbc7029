#include "src/engine/group_answers.h"

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"
#include "src/engine/answers.h"

namespace mintmark::engine {

absl::Status NoGeneratorLeft(const std::string& group) {
  return MakeStatus(
      Reason::kGeneratorsExhausted,
      absl::StrCat("All generators of the group \"", group,
                   "\" are leased, or run ahead of the store's clock; release one, or "
                   "try again when a lease has ended."),
      kNoGeneratorPause);
}

absl::Status GroupLifetimeOver(const std::string& group) {
  return MakeStatus(Reason::kGroupLifetimeOver,
                    absl::StrCat("The time of the group \"", group,
                                 "\" no longer fits into its layout; create another group, with a "
                                 "later epoch or more bits of time."));
}

absl::Status GroupDraining() {
  return MakeStatus(Reason::kDraining, "The group is being deleted; ask again in a moment.",
                    std::chrono::seconds(1));
}

absl::Status LeaseLost() {
  return MakeStatus(Reason::kLeaseLost,
                    "This lease is over, and the generator may be another's: stop minting with it "
                    "and acquire one anew.");
}

absl::Status NoGroup(const std::string& group) {
  return MakeStatus(Reason::kGroupNotFound,
                    absl::StrCat("There is no group \"", group,
                                 "\"; check the name, or create it with CreateGuidGroup."));
}

absl::Status StatusOf(const GroupOpen& open) {
  switch (open.result) {
    case GroupOpen::Result::kFound:
    case GroupOpen::Result::kCreated:
      return absl::OkStatus();
    case GroupOpen::Result::kAbsent:
      return NoGroup(open.name);
    case GroupOpen::Result::kFutureEpoch:
      return MakeStatus(Reason::kGroupInvalid,
                        "The epoch lies in the future of the store's clock; choose one that is "
                        "past.");
    case GroupOpen::Result::kLifetimeOver:
      return GroupLifetimeOver(open.name);
    case GroupOpen::Result::kWouldReuse:
      return MakeStatus(Reason::kWouldReuseIds,
                        absl::StrCat("A deleted group \"", open.name,
                                     "\" may have issued GUIDs above those that this layout and "
                                     "epoch would give now; use its layout and epoch, or another "
                                     "name."));
  }
  return absl::OkStatus();
}

absl::Status StatusOf(GeneratorAcquire& acquire, LeaseCall& call) {
  using Result = GeneratorAcquire::Result;
  switch (acquire.result) {
    case Result::kKeySeen: {
      const StoredReply& seen = acquire.seen.front();
      const Key& key = acquire.keys.front();
      if (seen.n != key.n || seen.flags != key.flags) {
        return RequestIdReused();
      }
      if (acquire.epoch == 0 || !acquire.row.has_value()) return LeaseLost();
      break;
    }
    case Result::kAcquired:
      break;
    case Result::kAllLeased:
    case Result::kAllAhead:
      return NoGeneratorLeft(call.group);
    case Result::kLifetimeOver:
      return GroupLifetimeOver(call.group);
    case Result::kStale:
      return NoGroup(call.group);
    case Result::kDraining:
      return GroupDraining();
    case Result::kKeysFull:
      return RequestIdsFull();
  }
  call.generator_id = acquire.id;
  call.lease_token = acquire.held_token;
  call.lease = std::chrono::microseconds(acquire.lease_us);
  call.start_time = acquire.start_time;
  call.ceiling = acquire.ceiling;
  call.row = *std::move(acquire.row);
  return absl::OkStatus();
}

absl::Status StatusOf(const LeaseRenew& renew, LeaseCall& call) {
  switch (renew.result) {
    case LeaseRenew::Result::kAbsent:
      return NoGroup(call.group);
    case LeaseRenew::Result::kLost:
      return LeaseLost();
    case LeaseRenew::Result::kRenewed:
      break;
  }
  call.lease = std::chrono::microseconds(renew.lease_us);
  call.ceiling = renew.new_ceiling;
  return absl::OkStatus();
}

absl::Status StatusOf(const LeaseRelease& release, LeaseCall& call) {
  switch (release.result) {
    case LeaseRelease::Result::kAbsent:
      return NoGroup(call.group);
    case LeaseRelease::Result::kLost:
      return LeaseLost();
    case LeaseRelease::Result::kOutOfRange:
      return MakeStatus(
          Reason::kArgumentInvalid,
          absl::StrCat("last_time is ", call.last_time, "; this lease used times in [",
                       release.start_time, ", ", release.ceiling,
                       "). Say the highest one used, or start_time."));
    case LeaseRelease::Result::kReleased:
      break;
  }
  return absl::OkStatus();
}

}  // namespace mintmark::engine
