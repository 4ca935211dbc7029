// The rows of a store as the engine sees them. Everything about ids inside is in
// positions (src/core/id_space.h); ranges are half-open.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/core/guid_layout.h"
#include "src/core/id_space.h"
#include "src/core/text_format.h"
#include "src/core/time.h"

namespace mintmark::engine {

// What a draining sequence will become once nobody can issue from it any more.
enum class DrainKind : std::int32_t {
  kNone = 0,
  kReset = 1,    // A new generation that starts at `drain.frontier`.
  kDelete = 2,   // No row.
  kTighten = 3,  // The same generation, a new revision, tighter limits.
};

// The settings of a sequence that its users choose.
struct SequenceSettings {
  IdSpace space;
  std::optional<std::int64_t> chunk_size;  // In ids, >= 1; unset: ten windows.
  std::int32_t shards = 16;                // 0: strict.
  std::optional<std::int64_t> max_gap;     // In ids; unset: adapts. 0: every draw is committed.
  TextFormat format;

  friend bool operator==(const SequenceSettings&, const SequenceSettings&) = default;
};

// A master: the row of a sequence.
struct SequenceRow {
  std::string name;
  SequenceSettings settings;
  std::int64_t generation = 0;  // From the store-wide counter, at creation and at each reset.
  std::int64_t revision = 0;    // Goes up when a tightening ends.
  std::int64_t version = 0;     // Goes up with every change of this row but draws: the etag.
  std::int64_t frontier = 0;    // The lowest position given to no shard and no caller.
  std::int64_t wanted = 0;      // Goes up each time a caller wants what other sessions hold.
  DrainKind drain = DrainKind::kNone;
  std::int64_t drain_token = 0;     // Names the drain; from the generation counter.
  std::int64_t drain_frontier = 0;  // kReset: where the new generation starts.
  SequenceSettings drain_settings;  // kTighten: what the settings will be.
  StoreTimeUs create_time_us = 0;
  StoreTimeUs update_time_us = 0;

  // What the shards hold, filled in when asked for (`want_usage`); else zero.
  std::int64_t unissued_in_shards = 0;  // Positions between ceilings and limits; saturates.
  // The most that one shard could lose in a crash now: between the start (Acquire)
  // or position (Refill) of its owner's last change of the ceiling and the ceiling.
  std::int64_t largest_window = 0;

  bool strict() const { return settings.shards == 0; }
};

// The settings of a GUID group that its users choose. They never change.
struct GroupSettings {
  GuidLayout layout;
  std::int64_t lease_us = 60'000'000;  // How far ahead a ceiling may be.
  std::int64_t generator_min = 0;      // The generator ids to be leased, inclusive.
  std::int64_t generator_max = 4'095;
  TextFormat format;

  friend bool operator==(const GroupSettings&, const GroupSettings&) = default;
};

// A GUID group. Times are in the units of its layout, since its epoch.
struct GroupRow {
  std::string name;
  GroupSettings settings;
  std::int64_t generation = 0;  // From the store-wide counter, at creation.
  // No generator starts below: earlier groups of this name may have used what lies
  // there.
  std::int64_t floor_time = 0;
  std::int64_t drain_token = 0;  // Being deleted, unless 0; from the generation counter.
  StoreTimeUs create_time_us = 0;
};

// A generator id of a group that is or was leased.
struct GeneratorRow {
  std::int64_t id = 0;
  std::int64_t epoch = 0;       // One up at each acquisition and each end of a lease.
  std::int64_t start_time = 0;  // Where the current or last lease began.
  std::int64_t ceiling = 0;     // All times used are below it.
  // Who holds it: a session, or a client that knows the token until lease_end_us on
  // the store's clock.
  std::optional<std::int64_t> session;
  std::string token;
  StoreTimeUs lease_end_us = 0;
  std::string owner;    // For people: the server's or client's name.
  bool leased = false;  // Filled in for lists: by a live session, or a lease that has not ended.
};

// A named, durable, signed 64-bit sum.
struct CounterRow {
  std::string name;
  std::int64_t value = 0;
  StoreTimeUs create_time_us = 0;
  StoreTimeUs update_time_us = 0;
};

// A session as others see it. The row is unchanged while all three are.
struct SessionRow {
  std::int64_t id = 0;
  std::int64_t epoch = 0;
  std::int64_t last_batch = 0;

  friend bool operator==(const SessionRow&, const SessionRow&) = default;
};

}  // namespace mintmark::engine
