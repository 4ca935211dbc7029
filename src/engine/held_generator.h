// A generator that this server mints GUIDs with.
#pragma once

#include <cstdint>

#include "src/core/guid_layout.h"
#include "src/core/time.h"

namespace mintmark::engine {

// Ticks `[next_tick, TickOf(ceiling))` are its own, all below a ceiling that is
// durable.
struct HeldGenerator {
  std::int64_t id = 0;
  std::int64_t owner = 0;  // The session that acquired it.
  std::int64_t epoch = 0;
  std::int64_t generation = 0;
  GuidLayout layout;
  std::int64_t next_tick = 0;  // The lowest that was not used.
  std::int64_t ceiling = 0;    // A time.
  std::int64_t era = 0;        // See LaneContext.
  Time extend_at = Time::min();
  Time last_used = Time::min();
  bool frozen = false;  // To be given back; never thaws.

  // The lowest time that no tick was used of, at or above the start.
  std::int64_t UnusedFrom() const { return TimeOfTick(layout, next_tick - 1) + 1; }
};

}  // namespace mintmark::engine
