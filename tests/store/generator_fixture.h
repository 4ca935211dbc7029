// What the contract tests about generators share.
#pragma once

#include <cstdint>
#include <string>

#include "src/core/guid_layout.h"
#include "tests/store/contract.h"

namespace mintmark::testing {

inline constexpr std::int64_t kLease = 60'000;  // Of Milliseconds(), in its units.
inline constexpr StoreTimeUs kHourUs = 3'600'000'000;

class GeneratorFixture : public StoreContract {
 protected:
  // The time at which the actor's last batch ran.
  static std::int64_t TimeOf(const Actor& actor,
                             const engine::GroupSettings& settings = Milliseconds()) {
    return TimeAt(settings.layout, actor.report().store_time_us);
  }
  static engine::GroupSettings Generators(std::int64_t min, std::int64_t max) {
    engine::GroupSettings settings = Milliseconds();
    settings.generator_min = min;
    settings.generator_max = max;
    return settings;
  }
  static engine::GeneratorAcquire AcquireAhead(Actor& actor, const std::string& group,
                                               StoreTimeUs max_ahead_us) {
    return actor.Acquire(engine::GeneratorAcquire{.group = group, .max_ahead_us = max_ahead_us});
  }
  // Gives back what was acquired, as if all below `ceiling` was used.
  static void GiveBack(Actor& actor, const engine::GeneratorAcquire& acquired,
                       std::int64_t ceiling) {
    EXPECT_EQ(actor.Release(ReleaseOf(acquired, actor.session(), ceiling)).result,
              engine::GeneratorRelease::Result::kReleased);
  }
  static engine::GeneratorRow RowOf(Actor& actor, const std::string& group, std::int64_t id) {
    const engine::GeneratorList list =
        actor.List(engine::GeneratorList{.group = group, .after = id - 1, .limit = 1});
    EXPECT_EQ(list.rows.size(), 1U);
    return list.rows.empty() ? engine::GeneratorRow{} : list.rows[0];
  }
};

}  // namespace mintmark::testing
