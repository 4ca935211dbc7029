// What clients saw while servers were killed, and when that was: all that the
// checker knows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "src/core/id_space.h"
#include "src/core/time.h"
#include "src/engine/calls.h"

namespace mintmark::kill {

// How one try of a call ended.
enum class Outcome {
  kAnswered,
  kNotApplied,  // With an error that says so, or without a connection to a server.
  kUnknown,     // The answer did not arrive: applied or not.
};

// One try of NextN or ReserveRange.
struct Draw {
  std::uint32_t sequence = 0;  // Its place in History::sequences.
  std::uint8_t server = 0;
  Outcome outcome = Outcome::kUnknown;
  bool one_range = false;  // ReserveRange.
  bool fewer = false;      // May be answered with fewer than n ids.
  bool replayed = false;
  std::uint64_t key = 0;  // Stands for the request_id; 0: none.
  std::int64_t n = 0;
  Time started;
  Time ended;
  // kAnswered.
  absl::InlinedVector<engine::IdRange, 1> ranges;
  std::int64_t generation = 0;
};

// One try of an increment, by itself or in a batch.
struct Increment {
  std::uint32_t counter = 0;  // Its place in History::counters.
  std::uint8_t server = 0;
  Outcome outcome = Outcome::kUnknown;
  bool replayed = false;
  std::uint64_t key = 0;
  std::int64_t delta = 0;  // Above zero.
  Time started;
  Time ended;
  std::int64_t value = 0;  // kAnswered: the sum right after it.
};

// From just before a server was killed until it was known to serve again.
struct Kill {
  std::uint8_t server = 0;
  Time at;
  Time serving_again;
};

// A sequence that was used from its creation on, and drawn to its end afterwards.
struct SequenceRules {
  std::string name;
  IdSpace space;
  bool strict = false;
  // The most that one crash of a server may lose. The promise is so much a shard;
  // a server works on one shard of a sequence at a time.
  std::int64_t max_gap = 0;
};

// A counter that did not exist before.
struct CounterRules {
  std::string name;
  std::int64_t value = 0;  // As read at the end.
};

struct History {
  std::vector<SequenceRules> sequences;
  std::vector<CounterRules> counters;
  std::vector<Draw> draws;
  std::vector<Increment> increments;
  std::vector<Kill> kills;
};

}  // namespace mintmark::kill
