// Request ids as a batch carries them and a store keeps them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "src/core/id_space.h"

namespace mintmark::engine {

// Which rpc a request id belongs to; an id is known by (kind, name, id).
enum class KeyKind : std::int32_t {
  kNextN = 1,
  kReserveRange = 2,
  kIncrCounter = 3,
  kAcquireGenerator = 4,
};

// A request id to be stored with its reply.
struct Key {
  KeyKind kind = KeyKind::kNextN;
  std::string id;
  // The parameter that has to be the same again: n, delta, a hash of the owner.
  std::int64_t n = 0;
  std::int32_t flags = 0;  // The other parameters, as the engine encodes them.
  // Draws: how many positions of its item belong to this key, in order.
  // Counters: the sum of the item's deltas up to and including this key's.
  std::int64_t share = 0;
};

// The stored reply of a request id that was there already.
struct StoredReply {
  std::size_t key = 0;  // Its place in the item's `keys`.
  std::int64_t n = 0;
  std::int32_t flags = 0;
  std::int64_t generation = 0;  // Draws: the generation that the ids are of.
  std::int64_t step = 1;        // Draws: with `residue`, turns positions into ids, also after
  std::int64_t residue = 0;     // the sequence was deleted and created anew.
  std::vector<Run> runs;        // Draws.
  // Counters: the sum right after the increment. Generators: the id; `step` is then
  // the epoch of the lease, and `runs` its [start_time, ceiling).
  std::int64_t value = 0;
};

}  // namespace mintmark::engine
