// The rules about a sequence's settings: what is valid, what an update may do.
#pragma once

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/engine/calls.h"
#include "src/engine/rows.h"

namespace mintmark::engine {

inline constexpr std::int32_t kMaxShards = 10'000;

// The settings of a new sequence: defaults, changed by `patch`. `shards = 0`
// implies `max_gap = 0`. SEQUENCE_INVALID when they contradict each other.
absl::StatusOr<SequenceSettings> NewSettings(const SettingsPatch& patch);

// What an update amounts to.
struct SettingsUpdate {
  SequenceSettings settings;
  // Some server may be issuing under the old settings what the new ones forbid:
  // lower max_id, max_gap to 0, fewer shards. Everybody has to give back first.
  bool tightens = false;
};

// Errors: SEQUENCE_INVALID for a change of min_id or step, or settings that
// contradict each other.
absl::StatusOr<SettingsUpdate> UpdateSettings(const SequenceSettings& now,
                                              const SettingsPatch& patch);

// What a group has unless its creator says otherwise: the layout "snowfall", all of
// its generators, a lease of a minute.
GroupSettings DefaultGroupSettings();

}  // namespace mintmark::engine
