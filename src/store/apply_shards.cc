// Giving windows back, refilling them, and acquiring shards.
#include <algorithm>
#include <optional>
#include <vector>

#include "src/core/id_space.h"
#include "src/store/apply_context.h"

namespace mintmark::store {
namespace {

using engine::Acquire;
using engine::DrainKind;
using engine::GiveBack;
using engine::Refill;

bool IsAsAcquired(const StoredShard& shard, std::int64_t owner, std::int64_t epoch,
                  std::int64_t generation) {
  return shard.owner == owner && shard.epoch == epoch && shard.generation == generation;
}

// Into the shard's own row. What the row says of the ceiling is never lowered
// below what its owner says it used, whatever else is wrong with either.
void GiveToOwnRow(ApplyContext& context, const GiveBack& give_back, StoredShard& shard) {
  shard.owner.reset();
  ++shard.epoch;
  shard.ceiling = std::min(give_back.position, shard.limit);
  shard.window_start = shard.ceiling;
  if (shard.used_up()) {
    context.tables.EraseShard(give_back.sequence, shard.id);
  } else {
    context.tables.UpdateShard(give_back.sequence, shard);
  }
}

void InsertRest(ApplyContext& context, const GiveBack& give_back, std::int64_t limit) {
  if (give_back.position >= limit) return;
  context.tables.InsertShard(give_back.sequence, {.id = ++context.info.last_shard,
                                                  .generation = give_back.generation,
                                                  .epoch = 1,
                                                  .owner = std::nullopt,
                                                  .window_start = give_back.position,
                                                  .ceiling = give_back.position,
                                                  .limit = limit,
                                                  .counted = false});
}

// The unowned shard with the lowest ceiling. Those that are used up are deleted.
std::optional<StoredShard> LowestUnowned(ApplyContext& context, const std::string& sequence,
                                         const std::vector<StoredShard>& shards) {
  std::optional<StoredShard> lowest;
  for (const StoredShard& shard : shards) {
    if (context.IsOwned(shard)) continue;
    if (shard.used_up()) {
      context.tables.EraseShard(sequence, shard.id);
    } else if (!lowest.has_value()) {
      lowest = shard;
    }
  }
  return lowest;
}

// How many positions a new chunk takes; 0 when the master is empty.
std::int64_t ChunkPositions(const engine::SequenceRow& row, const Acquire& acquire) {
  const std::int64_t left = CountBetween(row.frontier, row.settings.space.LimitPosition());
  std::int64_t chunk = acquire.chunk;
  if (acquire.adaptive_chunk) {
    const std::int64_t share = left / (std::int64_t{4} * row.settings.shards);
    chunk = std::min(chunk, std::max({share, acquire.window, std::int64_t{1}}));
  }
  return std::min(chunk, left);
}

std::optional<StoredShard> NewChunk(ApplyContext& context, const Acquire& acquire,
                                    StoredSequence& master,
                                    const std::vector<StoredShard>& shards) {
  const auto at_work = std::count_if(shards.begin(), shards.end(), [&](const StoredShard& shard) {
    return shard.counted && !shard.used_up() && context.IsOwned(shard);
  });
  if (at_work >= master.row.settings.shards) return std::nullopt;
  const std::int64_t chunk = ChunkPositions(master.row, acquire);
  if (chunk <= 0) return std::nullopt;

  StoredShard shard;
  shard.id = ++context.info.last_shard;
  shard.generation = master.row.generation;
  shard.ceiling = master.row.frontier;
  shard.limit = AdvanceUpTo(shard.ceiling, chunk, master.row.settings.space.LimitPosition());
  shard.counted = true;
  context.tables.InsertShard(acquire.sequence, shard);
  master.row.frontier = shard.limit;
  context.tables.UpdateSequenceProgress(master);
  return shard;
}

}  // namespace

void Apply(ApplyContext& context, GiveBack& give_back) {
  give_back.result = GiveBack::Result::kVoid;
  std::optional<StoredShard> shard = context.tables.FindShard(give_back.sequence, give_back.shard);
  if (shard.has_value() &&
      IsAsAcquired(*shard, give_back.owner, give_back.epoch, give_back.generation)) {
    GiveToOwnRow(context, give_back, *shard);
    give_back.result = GiveBack::Result::kGiven;
    return;
  }
  const std::optional<StoredSequence> master = context.tables.FindSequence(give_back.sequence);
  if (!master.has_value() || master->row.generation != give_back.generation ||
      master->row.strict()) {
    return;
  }
  InsertRest(context, give_back,
             std::min(give_back.ceiling, master->row.settings.space.LimitPosition()));
  give_back.result = GiveBack::Result::kReturned;
}

void Apply(ApplyContext& context, Refill& refill) {
  refill.result = Refill::Result::kLost;
  refill.new_ceiling = 0;
  std::optional<StoredShard> shard = context.tables.FindShard(refill.sequence, refill.shard);
  if (!shard.has_value() ||
      !IsAsAcquired(*shard, context.session, refill.epoch, refill.generation)) {
    return;
  }
  const std::optional<StoredSequence> master = context.tables.FindSequence(refill.sequence);
  if (!master.has_value() || master->row.drain != DrainKind::kNone) return;

  shard->ceiling = std::max(shard->ceiling, std::min(refill.ceiling, shard->limit));
  shard->window_start = std::clamp(refill.position, shard->window_start, shard->ceiling);
  context.tables.UpdateShard(refill.sequence, *shard);
  refill.result = Refill::Result::kMoved;
  refill.new_ceiling = shard->ceiling;
}

void Apply(ApplyContext& context, Acquire& acquire) {
  using Result = Acquire::Result;
  acquire.result = Result::kStale;
  acquire.shard = acquire.epoch = acquire.wanted = 0;
  acquire.start = acquire.ceiling = acquire.limit = 0;
  acquire.taken_over = false;
  acquire.row.reset();
  std::optional<StoredSequence> master = context.tables.FindSequence(acquire.sequence);
  if (!master.has_value()) return;
  const engine::SequenceRow& row = master->row;
  if (row.drain != DrainKind::kNone) {
    acquire.result = Result::kDraining;
    acquire.row = row;
    return;
  }
  if (row.generation != acquire.generation || row.revision != acquire.revision || row.strict()) {
    acquire.row = row;
    return;
  }

  const std::vector<StoredShard> shards = context.tables.ListShards(acquire.sequence);
  std::optional<StoredShard> shard = LowestUnowned(context, acquire.sequence, shards);
  if (!shard.has_value()) shard = NewChunk(context, acquire, *master, shards);
  if (!shard.has_value()) {
    acquire.result = Result::kNoShard;
    return;
  }
  acquire.taken_over = shard->owner.has_value();
  acquire.start = shard->ceiling;
  shard->owner = context.session;
  ++shard->epoch;
  shard->window_start = shard->ceiling;
  shard->ceiling = AdvanceUpTo(shard->ceiling, acquire.window, shard->limit);
  context.tables.UpdateShard(acquire.sequence, *shard);
  acquire.result = Result::kAcquired;
  acquire.shard = shard->id;
  acquire.epoch = shard->epoch;
  acquire.ceiling = shard->ceiling;
  acquire.limit = shard->limit;
  acquire.wanted = row.wanted;
}

}  // namespace mintmark::store
