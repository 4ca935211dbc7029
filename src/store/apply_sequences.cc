// Opening, changing and draining sequences.
#include <algorithm>
#include <optional>
#include <vector>

#include "src/core/id_space.h"
#include "src/store/apply_context.h"

namespace mintmark::store {
namespace {

using engine::DrainKind;
using engine::SequenceChange;
using engine::SequenceDrain;
using engine::SequenceOpen;

StoredSequence Create(ApplyContext& context, const SequenceOpen& open) {
  StoredSequence created;
  engine::SequenceRow& row = created.row;
  row.name = open.name;
  row.settings = *open.create_as;
  row.generation = ++context.info.generation;
  row.revision = 1;
  row.version = 1;
  row.frontier = row.settings.space.FirstPosition();
  row.wanted = 1;
  row.create_time_us = context.now;
  row.update_time_us = context.now;
  // Sessions that missed the deletion learn of it from the row in its place.
  if (context.tables.EraseDeletedSequence(open.name)) context.RaiseAttention(created);
  context.tables.InsertSequence(created);
  return created;
}

void EndDrain(engine::SequenceRow& row) {
  row.drain = DrainKind::kNone;
  row.drain_token = 0;
  row.drain_frontier = 0;
  row.drain_settings = {};
}

void FinishReset(ApplyContext& context, engine::SequenceRow& row) {
  context.tables.EraseShards(row.name);
  row.generation = row.drain_token;
  row.frontier = row.drain_frontier;
  ++row.wanted;
}

void FinishTightening(ApplyContext& context, engine::SequenceRow& row) {
  row.settings = row.drain_settings;
  ++row.revision;
  const std::int64_t new_limit = row.settings.space.LimitPosition();
  for (StoredShard& shard : context.tables.ListShards(row.name)) {
    if (shard.owner.has_value()) {
      shard.owner.reset();
      ++shard.epoch;
    }
    shard.counted = false;
    shard.limit = std::min(shard.limit, new_limit);
    if (shard.used_up()) {
      context.tables.EraseShard(row.name, shard.id);
      continue;
    }
    shard.window_start = shard.ceiling;
    context.tables.UpdateShard(row.name, shard);
  }
}

void FinishDelete(ApplyContext& context, const std::string& name) {
  context.tables.EraseShards(name);
  context.tables.EraseSequence(name);
  context.tables.InsertDeletedSequence(name, ++context.info.attention, context.now);
}

bool AnybodyOwnsAShard(ApplyContext& context, const std::string& name) {
  const std::vector<StoredShard> shards = context.tables.ListShards(name);
  return std::any_of(shards.begin(), shards.end(),
                     [&](const StoredShard& shard) { return context.IsOwned(shard); });
}

}  // namespace

void AddUsage(ApplyContext& context, engine::SequenceRow& row) {
  row.unissued_in_shards = 0;
  row.largest_window = 0;
  for (const StoredShard& shard : context.tables.ListShards(row.name)) {
    row.unissued_in_shards =
        AddSaturated(row.unissued_in_shards, CountBetween(shard.ceiling, shard.limit));
    if (!context.IsOwned(shard)) continue;
    row.largest_window =
        std::max(row.largest_window, CountBetween(shard.window_start, shard.ceiling));
  }
}

void Apply(ApplyContext& context, SequenceOpen& open) {
  std::optional<StoredSequence> found = context.tables.FindSequence(open.name);
  open.result = SequenceOpen::Result::kFound;
  open.row = {};
  if (!found.has_value()) {
    open.result = SequenceOpen::Result::kAbsent;
    if (!open.create_as.has_value()) return;
    open.result = SequenceOpen::Result::kCreated;
    found = Create(context, open);
  }
  open.row = std::move(found->row);
  if (open.want_usage) AddUsage(context, open.row);
}

void Apply(ApplyContext& context, SequenceChange& change) {
  using Result = SequenceChange::Result;
  std::optional<StoredSequence> found = context.tables.FindSequence(change.name);
  change.row = {};
  if (!found.has_value()) {
    change.result = Result::kAbsent;
    return;
  }
  engine::SequenceRow& row = found->row;
  if (row.version != change.expected_version) {
    change.result = Result::kChanged;
  } else if (row.drain != DrainKind::kNone) {
    change.result = Result::kDraining;
  } else if (change.drain == DrainKind::kReset && !change.allow_reuse &&
             change.frontier < row.frontier) {
    change.result = Result::kWouldReuse;
  } else {
    change.result = Result::kDone;
    ++row.version;
    row.update_time_us = context.now;
    if (change.drain == DrainKind::kNone) {
      row.settings = change.settings;
    } else {
      row.drain = change.drain;
      row.drain_token = ++context.info.generation;
      if (change.drain == DrainKind::kReset) row.drain_frontier = change.frontier;
      if (change.drain == DrainKind::kTighten) row.drain_settings = change.settings;
    }
    context.RaiseAttention(*found);
    context.tables.UpdateSequence(*found);
  }
  change.row = std::move(row);
}

void Apply(ApplyContext& context, SequenceDrain& drain) {
  using Result = SequenceDrain::Result;
  std::optional<StoredSequence> found = context.tables.FindSequence(drain.name);
  drain.row = {};
  drain.new_generation = 0;
  drain.result = Result::kOver;
  if (!found.has_value()) return;
  engine::SequenceRow& row = found->row;
  if (row.drain == DrainKind::kNone || (drain.token != 0 && drain.token != row.drain_token)) return;

  const bool finish_anyway = drain.finish_anyway && drain.token != 0;
  if (!finish_anyway && AnybodyOwnsAShard(context, drain.name)) {
    drain.result = Result::kWaiting;
    drain.row = std::move(row);
    return;
  }
  drain.result = Result::kFinished;
  if (row.drain == DrainKind::kDelete) {
    FinishDelete(context, drain.name);
    return;
  }
  if (row.drain == DrainKind::kReset) {
    FinishReset(context, row);
  } else {
    FinishTightening(context, row);
  }
  EndDrain(row);
  ++row.version;
  row.update_time_us = context.now;
  context.RaiseAttention(*found);
  context.tables.UpdateSequence(*found);
  drain.new_generation = row.generation;
  drain.row = std::move(row);
}

}  // namespace mintmark::store
