// What the operations of one batch share while they are applied. Private to
// apply_*.cc.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "src/core/time.h"
#include "src/engine/batch.h"
#include "src/store/apply_batch.h"
#include "src/store/tables.h"

namespace mintmark::store {

// `a + b`; INT64_MAX where that is more, b >= 0.
inline std::int64_t AddSaturated(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? INT64_MAX : sum;
}

struct ApplyContext {
  Tables& tables;
  const ApplyOptions& options;
  StoreTimeUs now = 0;
  std::int64_t session = 0;                      // The batch's own.
  StoreInfo info;                                // Written back when the batch is over.
  std::unordered_map<std::int64_t, bool> alive;  // What is known of sessions.

  // Whether a session is neither gone nor buried.
  bool IsAlive(std::int64_t id);
  // Whether a live session owns the shard.
  bool IsOwned(const StoredShard& shard) {
    return shard.owner.has_value() && IsAlive(*shard.owner);
  }

  // Gives the row the next attention number; the caller writes it.
  void RaiseAttention(StoredSequence& sequence) { sequence.attention = ++info.attention; }
  void RaiseAttention(StoredGroup& group) { group.attention = ++info.attention; }

  // The stored replies of those of `keys` that are known.
  std::vector<engine::StoredReply> FindKeys(const std::string& name,
                                            const std::vector<engine::Key>& keys);
  bool HasRoomForKeys(std::size_t count) const;
  void InsertKey(const std::string& name, const engine::Key& key, const engine::StoredReply& reply);
};

// Fills in what the shards of a sequence hold (SequenceOpen.want_usage).
void AddUsage(ApplyContext& context, engine::SequenceRow& row);

// apply_sequences.cc
void Apply(ApplyContext& context, engine::SequenceOpen& open);
void Apply(ApplyContext& context, engine::SequenceChange& change);
void Apply(ApplyContext& context, engine::SequenceDrain& drain);

// apply_shards.cc
void Apply(ApplyContext& context, engine::GiveBack& give_back);
void Apply(ApplyContext& context, engine::Refill& refill);
void Apply(ApplyContext& context, engine::Acquire& acquire);

// apply_draws.cc
void Apply(ApplyContext& context, engine::Draw& draw);

// apply_groups.cc
std::optional<StoredGroup> FindLiveGroup(ApplyContext& context, const std::string& name);
void Apply(ApplyContext& context, engine::GroupOpen& open);
void Apply(ApplyContext& context, engine::GroupDelete& remove);

// apply_generators.cc
void Apply(ApplyContext& context, engine::GeneratorRelease& release);
void Apply(ApplyContext& context, engine::GeneratorExtend& extend);
void Apply(ApplyContext& context, engine::LeaseRenew& renew);
void Apply(ApplyContext& context, engine::LeaseRelease& release);
void Apply(ApplyContext& context, engine::GeneratorAcquire& acquire);
void Apply(ApplyContext& context, engine::GeneratorList& list);

// apply_counters.cc
void Apply(ApplyContext& context, engine::CounterAdd& add);
void Apply(ApplyContext& context, engine::CounterChange& change);
void Apply(ApplyContext& context, engine::CounterRead& read);

}  // namespace mintmark::store
