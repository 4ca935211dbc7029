#include "src/store/postgres/group_results.h"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace mintmark::store {
namespace {

using engine::GeneratorAcquire;
using engine::GeneratorExtend;
using engine::GeneratorRelease;
using engine::GroupDelete;
using engine::GroupOpen;
using engine::LeaseRelease;
using engine::LeaseRenew;
static_assert(IsNumber(GroupOpen::Result::kFound, 0) && IsNumber(GroupOpen::Result::kCreated, 1) &&
              IsNumber(GroupOpen::Result::kAbsent, 2) &&
              IsNumber(GroupOpen::Result::kFutureEpoch, 3) &&
              IsNumber(GroupOpen::Result::kLifetimeOver, 4) &&
              IsNumber(GroupOpen::Result::kWouldReuse, 5));
static_assert(IsNumber(GroupDelete::Result::kFinished, 0) &&
              IsNumber(GroupDelete::Result::kWaiting, 1) &&
              IsNumber(GroupDelete::Result::kOver, 2) && IsNumber(GroupDelete::Result::kAbsent, 3));
static_assert(IsNumber(GeneratorRelease::Result::kReleased, 0) &&
              IsNumber(GeneratorRelease::Result::kVoid, 1));
static_assert(IsNumber(LeaseRenew::Result::kRenewed, 0) && IsNumber(LeaseRenew::Result::kLost, 1) &&
              IsNumber(LeaseRenew::Result::kAbsent, 2));
static_assert(IsNumber(LeaseRelease::Result::kReleased, 0) &&
              IsNumber(LeaseRelease::Result::kOutOfRange, 1) &&
              IsNumber(LeaseRelease::Result::kLost, 2) &&
              IsNumber(LeaseRelease::Result::kAbsent, 3));
static_assert(IsNumber(GeneratorAcquire::Result::kAcquired, 0) &&
              IsNumber(GeneratorAcquire::Result::kKeySeen, 1) &&
              IsNumber(GeneratorAcquire::Result::kAllLeased, 2) &&
              IsNumber(GeneratorAcquire::Result::kAllAhead, 3) &&
              IsNumber(GeneratorAcquire::Result::kLifetimeOver, 4) &&
              IsNumber(GeneratorAcquire::Result::kStale, 5) &&
              IsNumber(GeneratorAcquire::Result::kDraining, 6) &&
              IsNumber(GeneratorAcquire::Result::kKeysFull, 7));

void Read(AnswerReader& reader, GroupOpen& open) {
  using Result = GroupOpen::Result;
  open.row = {};
  open.result = reader.Value(Result::kWouldReuse);
  if (open.result == Result::kFound || open.result == Result::kCreated) {
    open.row = ReadGroup(reader);
  } else if (open.result == Result::kWouldReuse) {
    open.row.floor_time = reader.Number();
  }
}

void Read(AnswerReader& reader, GroupDelete& remove) {
  remove.result = reader.Value(GroupDelete::Result::kAbsent);
  const bool is_waiting = remove.result == GroupDelete::Result::kWaiting;
  remove.found_token = is_waiting ? reader.Number() : 0;
  remove.lease_us = is_waiting ? reader.Number() : 0;
}

void Read(AnswerReader& reader, GeneratorRelease& release) {
  release.result = reader.Value(GeneratorRelease::Result::kVoid);
}

void Read(AnswerReader& reader, GeneratorExtend& extend) {
  using Result = GeneratorExtend::Result;
  const std::optional<std::int64_t> ceiling = reader.OptionalNumber();
  extend.result = ceiling.has_value() ? Result::kMoved : Result::kLost;
  extend.new_ceiling = ceiling.value_or(0);
}

void Read(AnswerReader& reader, LeaseRenew& renew) {
  renew.result = reader.Value(LeaseRenew::Result::kAbsent);
  const bool is_renewed = renew.result == LeaseRenew::Result::kRenewed;
  renew.new_ceiling = is_renewed ? reader.Number() : 0;
  renew.lease_us = is_renewed ? reader.Number() : 0;
}

void Read(AnswerReader& reader, LeaseRelease& release) {
  release.result = reader.Value(LeaseRelease::Result::kAbsent);
  const bool is_out = release.result == LeaseRelease::Result::kOutOfRange;
  release.start_time = is_out ? reader.Number() : 0;
  release.ceiling = is_out ? reader.Number() : 0;
}

// mintmark.acquire_generator_v1()
void Read(AnswerReader& reader, GeneratorAcquire& acquire) {
  using Result = GeneratorAcquire::Result;
  acquire.id = acquire.epoch = acquire.start_time = acquire.ceiling = 0;
  acquire.held_token.clear();
  acquire.lease_us = 0;
  acquire.taken_over = false;
  acquire.row.reset();
  acquire.seen.clear();
  acquire.result = reader.Value(Result::kKeysFull);
  if (reader.Bool()) acquire.row = ReadGroup(reader);
  if (acquire.result != Result::kAcquired && acquire.result != Result::kKeySeen) return;
  acquire.id = reader.Number();
  acquire.epoch = reader.Number();
  acquire.start_time = reader.Number();
  acquire.ceiling = reader.Number();
  acquire.lease_us = reader.Number();
  acquire.taken_over = reader.Bool();
  acquire.held_token = reader.Text();
  if (acquire.result == Result::kKeySeen) ReadReplies(reader, acquire.seen);
}

}  // namespace

engine::GroupRow ReadGroup(AnswerReader& reader) {
  engine::GroupRow row;
  row.generation = reader.Number();
  row.floor_time = reader.Number();
  row.drain_token = reader.Number();
  row.create_time_us = reader.Number();
  GuidLayout& layout = row.settings.layout;
  layout.epoch_us = reader.Number();
  layout.time_bits = static_cast<std::int32_t>(reader.Number());
  layout.counter_bits = static_cast<std::int32_t>(reader.Number());
  layout.generator_bits = static_cast<std::int32_t>(reader.Number());
  layout.order = reader.Value(FieldOrder::kTimeGeneratorCounter);
  layout.unit_us = reader.Number();
  row.settings.lease_us = reader.Number();
  row.settings.generator_min = reader.Number();
  row.settings.generator_max = reader.Number();
  TextFormat& format = row.settings.format;
  format.encoding = reader.Value(Encoding::kBase62);
  format.width = static_cast<std::int32_t>(reader.Number());
  format.check_character = reader.Bool();
  row.name = reader.Text();
  format.prefix = reader.Text();
  format.suffix = reader.Text();
  return row;
}

void ReadGroupOperations(AnswerReader& reader, engine::Batch& batch) {
  const auto read_all = [&](auto& operations) {
    for (auto& operation : operations) Read(reader, operation);
  };
  read_all(batch.group_opens);
  read_all(batch.group_deletes);
  read_all(batch.generator_releases);
  read_all(batch.generator_extends);
  read_all(batch.lease_renews);
  read_all(batch.lease_releases);
  read_all(batch.generator_acquires);
}

void ReadGroupAttention(AnswerReader& reader, std::vector<engine::GroupAttention>& attention) {
  attention.resize(reader.Count());
  for (engine::GroupAttention& change : attention) {
    change.generation = reader.Number();
    change.draining = reader.Bool();
    change.group = reader.Text();
  }
}

void ReadGenerators(AnswerReader& reader, engine::GeneratorList& list) {
  list.found = reader.Bool();
  list.rows.resize(reader.Count());
  for (engine::GeneratorRow& row : list.rows) {
    row.id = reader.Number();
    row.epoch = reader.Number();
    row.start_time = reader.Number();
    row.ceiling = reader.Number();
    row.session = reader.OptionalNumber();
    row.leased = reader.Bool();
    row.lease_end_us = reader.Number();
    row.owner = reader.Text();
  }
}

}  // namespace mintmark::store
