// Opening and deleting GUID groups.
#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "src/core/guid_layout.h"
#include "src/store/apply_context.h"

namespace mintmark::store {
namespace {

using engine::GroupDelete;
using engine::GroupOpen;

// The first time at which no GUID of the layout lies below `guid_floor`.
std::int64_t FloorTime(const GuidLayout& layout, std::int64_t guid_floor) {
  const std::int64_t time = guid_floor >> layout.low_bits();
  return time << layout.low_bits() == guid_floor ? time : time + 1;
}

// All GUIDs of times below `ceiling` lie below it, but for INT64_MAX, at which it
// saturates.
std::int64_t GuidLimit(const GuidLayout& layout, std::int64_t ceiling) {
  if (ceiling > (INT64_MAX >> layout.low_bits())) return INT64_MAX;
  return ceiling << layout.low_bits();
}

// Why the group cannot be created now; else kCreated.
GroupOpen::Result CheckCreation(const ApplyContext& context, const GroupOpen& open,
                                std::int64_t floor_time) {
  using Result = GroupOpen::Result;
  const GuidLayout& layout = open.create_as->layout;
  if (layout.epoch_us > context.now) return Result::kFutureEpoch;
  if (TimeAt(layout, context.now) >= layout.end_time()) return Result::kLifetimeOver;
  const StoreTimeUs horizon = AddSaturated(context.now, open.max_ahead_us);
  if (floor_time >= layout.end_time() || floor_time > TimeAt(layout, horizon)) {
    return Result::kWouldReuse;
  }
  return Result::kCreated;
}

bool AnybodyHoldsAGenerator(ApplyContext& context, const std::string& group) {
  const std::vector<std::int64_t> sessions = context.tables.ListGeneratorSessions(group);
  return std::any_of(sessions.begin(), sessions.end(),
                     [&](std::int64_t session) { return context.IsAlive(session); }) ||
         context.tables.HasLeaseAfter(group, context.now);
}

void FinishDelete(ApplyContext& context, StoredGroup& group) {
  const GuidLayout& layout = group.row.settings.layout;
  const std::int64_t limit =
      std::max(group.row.floor_time, context.tables.HighestCeiling(group.row.name));
  group.guid_floor = std::max(group.guid_floor, GuidLimit(layout, limit));
  group.deleted = true;
  group.row.drain_token = 0;
  context.tables.EraseGenerators(group.row.name);
}

}  // namespace

std::optional<StoredGroup> FindLiveGroup(ApplyContext& context, const std::string& name) {
  std::optional<StoredGroup> found = context.tables.FindGroup(name);
  if (found.has_value() && found->deleted) found.reset();
  return found;
}

void Apply(ApplyContext& context, GroupOpen& open) {
  using Result = GroupOpen::Result;
  std::optional<StoredGroup> found = context.tables.FindGroup(open.name);
  open.row = {};
  if (found.has_value() && !found->deleted) {
    open.result = Result::kFound;
    open.row = std::move(found->row);
    return;
  }
  open.result = Result::kAbsent;
  if (!open.create_as.has_value()) return;

  StoredGroup created;
  created.guid_floor = found.has_value() ? found->guid_floor : 0;
  const std::int64_t floor_time = FloorTime(open.create_as->layout, created.guid_floor);
  open.result = CheckCreation(context, open, floor_time);
  if (open.result == Result::kWouldReuse) open.row.floor_time = floor_time;
  if (open.result != Result::kCreated) return;
  created.row = {.name = open.name,
                 .settings = *open.create_as,
                 .generation = ++context.info.generation,
                 .floor_time = floor_time,
                 .drain_token = 0,
                 .create_time_us = context.now};
  created.next_generator = created.row.settings.generator_min;
  if (found.has_value()) {
    // Sessions that missed the deletion learn of it from the row in its place.
    context.RaiseAttention(created);
    context.tables.UpdateGroup(created);
  } else {
    context.tables.InsertGroup(created);
  }
  open.row = std::move(created.row);
}

void Apply(ApplyContext& context, GroupDelete& remove) {
  using Result = GroupDelete::Result;
  const bool begins = remove.token == 0;
  remove.result = begins ? Result::kAbsent : Result::kOver;
  remove.found_token = 0;
  remove.lease_us = 0;
  std::optional<StoredGroup> group = FindLiveGroup(context, remove.name);
  if (!group.has_value() || (!begins && group->row.drain_token != remove.token)) return;

  const bool finish_anyway = remove.finish_anyway && !begins;
  if (finish_anyway || !AnybodyHoldsAGenerator(context, remove.name)) {
    FinishDelete(context, *group);
    context.RaiseAttention(*group);
    context.tables.UpdateGroup(*group);
    remove.result = Result::kFinished;
    return;
  }
  if (group->row.drain_token == 0) {
    group->row.drain_token = ++context.info.generation;
    context.RaiseAttention(*group);
    context.tables.UpdateGroup(*group);
  }
  remove.result = Result::kWaiting;
  remove.found_token = group->row.drain_token;
  remove.lease_us = group->row.settings.lease_us;
}

}  // namespace mintmark::store
