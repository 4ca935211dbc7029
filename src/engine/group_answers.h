// What callers of GUID groups are told.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "src/core/time.h"
#include "src/engine/batch.h"
#include "src/engine/calls.h"

namespace mintmark::engine {

// Where no generator could be had, one is asked for again after this long.
inline constexpr Duration kNoGeneratorPause = std::chrono::seconds(1);

absl::Status NoGroup(const std::string& group);
absl::Status NoGeneratorLeft(const std::string& group);
absl::Status GroupLifetimeOver(const std::string& group);
absl::Status GroupDraining();
absl::Status LeaseLost();

// What came of looking for a group or creating it: OK when it is there.
absl::Status StatusOf(const GroupOpen& open);

// Fills in a client's call by what came of its operation, and says how to answer it.
absl::Status StatusOf(GeneratorAcquire& acquire, LeaseCall& call);
absl::Status StatusOf(const LeaseRenew& renew, LeaseCall& call);
absl::Status StatusOf(const LeaseRelease& release, LeaseCall& call);

}  // namespace mintmark::engine
