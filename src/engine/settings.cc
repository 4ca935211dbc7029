#include "src/engine/settings.h"

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"

namespace mintmark::engine {
namespace {

absl::Status Invalid(absl::string_view message) {
  return MakeStatus(Reason::kSequenceInvalid, message);
}

absl::Status ValidateFormat(const TextFormat& format, const IdSpace& space) {
  MINTMARK_RETURN_IF_ERROR(CheckTextFormat(format, Reason::kSequenceInvalid));
  if (space.min_id < 0 && !FormatsNegative(format)) {
    return Invalid(
        "min_id is negative, and only decimal digits can show negative ids: leave format.encoding "
        "unset or set it to decimal.");
  }
  return absl::OkStatus();
}

absl::Status Validate(const SequenceSettings& settings) {
  MINTMARK_RETURN_IF_ERROR(ValidateIdSpace(settings.space));
  if (settings.shards < 0 || settings.shards > kMaxShards) {
    return Invalid(absl::StrCat("shards is ", settings.shards, "; it has to be 0 (strict) to ",
                                kMaxShards, "."));
  }
  if (settings.chunk_size.has_value() && *settings.chunk_size < 1) {
    return Invalid(
        absl::StrCat("chunk_size is ", *settings.chunk_size, "; it has to be at least 1."));
  }
  if (settings.max_gap.has_value() && *settings.max_gap < 0) {
    return Invalid(absl::StrCat("max_gap is ", *settings.max_gap, "; it cannot be negative."));
  }
  if (settings.shards == 0 && settings.max_gap.value_or(0) != 0) {
    return Invalid(
        "shards = 0 makes a strict sequence, which has no gaps: leave max_gap unset or set it to "
        "0.");
  }
  return ValidateFormat(settings.format, settings.space);
}

void ApplyKnobs(const SettingsPatch& patch, SequenceSettings& settings) {
  if (patch.chunk_size.has_value()) settings.chunk_size = *patch.chunk_size;
  if (patch.shards.has_value()) settings.shards = *patch.shards;
  if (patch.max_gap.has_value()) settings.max_gap = *patch.max_gap;
  if (patch.format.has_value()) settings.format = *patch.format;
}

}  // namespace

absl::StatusOr<SequenceSettings> NewSettings(const SettingsPatch& patch) {
  SequenceSettings settings;
  settings.space.min_id = patch.min_id.value_or(settings.space.min_id);
  settings.space.max_id = patch.max_id.value_or(settings.space.max_id);
  settings.space.step = patch.step.value_or(settings.space.step);
  ApplyKnobs(patch, settings);
  MINTMARK_RETURN_IF_ERROR(Validate(settings));
  if (settings.shards == 0) settings.max_gap = 0;
  return settings;
}

absl::StatusOr<SettingsUpdate> UpdateSettings(const SequenceSettings& now,
                                              const SettingsPatch& patch) {
  SettingsUpdate update{now, false};
  SequenceSettings& next = update.settings;
  if (patch.min_id.value_or(now.space.min_id) != now.space.min_id) {
    return Invalid("min_id never changes, since ids could repeat; make another sequence.");
  }
  if (patch.step.value_or(now.space.step) != now.space.step) {
    return Invalid("step never changes, since ids could repeat; make another sequence.");
  }
  next.space.max_id = patch.max_id.value_or(now.space.max_id);
  ApplyKnobs(patch, next);
  // From sharded to strict: the gap it had goes with the shards.
  if (next.shards == 0 && now.shards != 0 && !patch.max_gap.has_value()) next.max_gap = 0;
  MINTMARK_RETURN_IF_ERROR(Validate(next));
  if (next.shards == 0) next.max_gap = 0;
  update.tightens = next.space.max_id < now.space.max_id || next.shards < now.shards ||
                    (next.max_gap == 0 && now.max_gap != 0);
  return update;
}

GroupSettings DefaultGroupSettings() {
  GroupSettings settings;
  settings.layout.epoch_us = kDefaultEpochUs;
  return settings;
}

}  // namespace mintmark::engine
