// What clients saw: the only thing the checker knows, with the log of crashes and
// the settings of the sequences.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/core/time.h"
#include "src/engine/calls.h"

namespace mintmark::testing {

struct Operation {
  enum class Kind { kNext, kReserve, kIncr, kReset, kDelete, kTighten, kUpdate };
  enum class End {
    kOpen,  // Not answered (yet).
    kOk,
    kRefused,  // Answered with an error that says that nothing was changed.
    kLate,     // DEADLINE_EXCEEDED, not executed.
    kUnknown,  // In doubt, or the server went down with it.
    kExhausted,
  };

  Kind kind = Kind::kNext;
  End end = End::kOpen;
  std::string name;
  int server = 0;
  Time started;
  Time ended;
  std::string error;  // The reason's word.

  // kNext, kReserve
  std::int64_t n = 0;
  bool allow_partial = false;
  bool exact = false;
  std::string request_id;
  std::vector<engine::IdRange> ranges;
  std::int64_t generation = 0;
  bool replayed = false;

  // kIncr
  std::int64_t delta = 0;
  bool deferred = false;
  bool durable = true;
  std::int64_t value = 0;
};

// What a sequence was made with, and what happened to it.
struct SequenceRules {
  IdSpace space;
  std::int32_t shards = 0;
  std::int64_t max_gap = 0;  // The most a crash may lose a shard, adaptive ones included.
  bool strict = false;       // From the start.
  bool tightened = false;    // Made strict or gapless on the way.
  bool drained = false;      // Drawn to its end after everything.
};

// Ticks `[first_tick, first_tick + n)` of a generator, each of which is a GUID.
struct MintedGuids {
  std::string group;
  std::int64_t generator = 0;
  std::int64_t first_tick = 0;
  std::int64_t n = 0;
  std::int64_t last_time = 0;  // Of the last one, in the group's units.
  std::string by;              // "server 3", "client 1".
  // By servers: the time of the last one, and the highest time that the store's clock
  // had shown when it was answered.
  StoreTimeUs time_us = 0;
  StoreTimeUs shown_us = 0;
};

struct History {
  std::vector<Operation> operations;
  std::vector<MintedGuids> guids;
  // How far the time of a GUID may be ahead of what the store's clock has shown: what
  // is allowed, and what passes until a server hears that it was set back.
  StoreTimeUs guid_ahead_us = 0;
  std::map<std::string, SequenceRules> sequences;
  // Servers that went down at a moment, and how many lanes they had.
  struct Crash {
    int server = 0;
    Time at;
  };
  std::vector<Crash> crashes;
  // How often a server may have been cut off from the store for longer than a lease.
  std::int64_t cut_offs = 0;
  Duration deferred_interval{};  // The longest that was asked for, with some leeway.
  std::map<std::string, std::int64_t> counters;  // As read at the end.
};

}  // namespace mintmark::testing
