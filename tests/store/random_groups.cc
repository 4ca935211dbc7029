#include "tests/store/random_groups.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/guid_layout.h"

namespace mintmark::testing {
namespace {

const char* const kGroups[] = {"g", "g/a", "h"};

constexpr StoreTimeUs kSecondUs = 1'000'000;
constexpr std::size_t kMostLeases = 24;

// A number near another, that stays one.
std::int64_t Near(std::int64_t value, std::int64_t distance) {
  std::int64_t sum = 0;
  return __builtin_add_overflow(value, distance, &sum) ? value : sum;
}

}  // namespace

GuidLayout RandomGroups::NewLayout() {
  GuidLayout layout;
  layout.unit_us = OneOf<StoreTimeUs>({1'000, 10'000});
  layout.order =
      OneOf<FieldOrder>({FieldOrder::kTimeCounterGenerator, FieldOrder::kTimeGeneratorCounter});
  layout.generator_bits = static_cast<std::int32_t>(Between(0, 6));
  switch (Between(0, 3)) {
    case 0:  // Two or twenty minutes, up to the last GUID.
      layout.time_bits = 17;
      layout.counter_bits = 46 - layout.generator_bits;
      break;
    case 1:
      layout.time_bits = 63 - layout.generator_bits;
      layout.counter_bits = 0;
      break;
    default:
      layout.time_bits = 40;
      layout.counter_bits = static_cast<std::int32_t>(Between(0, 17));
  }
  const std::int64_t lifetime_us =
      layout.time_bits == 17 ? layout.unit_us << layout.time_bits : 1'000'000 * kSecondUs;
  layout.epoch_us = now_us_ - Between(-lifetime_us / 20, lifetime_us * 11 / 10);
  return layout;
}

engine::GroupSettings RandomGroups::NewSettings() {
  engine::GroupSettings settings;
  settings.layout = NewLayout();
  settings.lease_us =
      OneOf<StoreTimeUs>({1, 25'000, kSecondUs, 10 * kSecondUs, 60 * kSecondUs, 60 * kSecondUs});
  if (Chance(3)) settings.lease_us = INT64_MAX;
  const std::int64_t last = settings.layout.generators() - 1;
  settings.generator_min = std::min(last, Between(0, 2));
  settings.generator_max = std::min(last, settings.generator_min + Between(0, 4));
  if (Chance(30)) settings.format = {Encoding::kBase36, absl::StrCat("%'", Between(0, 99)), "}", 9};
  return settings;
}

StoreTimeUs RandomGroups::MaxAhead() {
  return OneOf<StoreTimeUs>({0, kSecondUs, kSecondUs, 90 * kSecondUs, INT64_MAX});
}

engine::GeneratorAcquire RandomGroups::Acquire(const engine::GroupRow& row) {
  engine::GeneratorAcquire acquire;
  acquire.group = row.name;
  if (Chance(70)) acquire.generation = row.generation;
  acquire.max_ahead_us = MaxAhead();
  acquire.owner = absl::StrCat("owner ", Between(0, 9));
  if (Chance(50)) return acquire;
  acquire.token = absl::StrCat("token '", Between(0, 9));
  if (Chance(50)) return acquire;
  engine::Key& key = acquire.keys.emplace_back();
  key.kind = engine::KeyKind::kAcquireGenerator;
  key.id = absl::StrCat("key-", Between(0, 9));
  key.n = Between(-9, 9);
  key.flags = static_cast<std::int32_t>(Between(0, 3));
  return acquire;
}

void RandomGroups::AddGroupOperations(const std::string& name, engine::Batch& batch) {
  const auto place = rows_.find(name);
  const bool is_known = place != rows_.end();
  engine::GroupRow row;
  row.name = name;
  if (is_known) row = place->second;
  if (Chance(is_known ? 8 : 50)) {
    engine::GroupOpen& open = batch.group_opens.emplace_back();
    open.name = name;
    if (Chance(80)) open.create_as = is_known && Chance(50) ? row.settings : NewSettings();
    open.max_ahead_us = MaxAhead();
  }
  if (Chance(row.drain_token == 0 ? 4 : 30)) {
    engine::GroupDelete& remove = batch.group_deletes.emplace_back();
    remove.name = name;
    if (Chance(60)) remove.token = row.drain_token;
    remove.finish_anyway = Chance(50);
  }
  for (std::int64_t i = Chance(40) ? Between(1, 3) : 0; i > 0; --i) {
    batch.generator_acquires.push_back(Acquire(row));
  }
}

void RandomGroups::AddSessionLease(const Lease& lease, engine::Batch& batch) {
  const engine::GeneratorAcquire& acquired = lease.acquired;
  const std::int64_t epoch = acquired.epoch + (Chance(5) ? 1 : 0);
  const std::int64_t generation = acquired.row->generation;
  if (Chance(60)) {
    batch.generator_extends.push_back({.group = acquired.group,
                                       .id = acquired.id,
                                       .epoch = epoch,
                                       .generation = generation,
                                       .ceiling = Near(lease.ceiling, Between(-100, 9'000))});
    if (Chance(10)) batch.generator_extends.back().ceiling = INT64_MAX;
    return;
  }
  batch.generator_releases.push_back(
      {.group = acquired.group,
       .id = acquired.id,
       .session = lease.session,
       .epoch = epoch,
       .generation = generation,
       .ceiling = Chance(80) ? Between(acquired.start_time, lease.ceiling)
                             : Near(lease.ceiling, Between(-90'000, 90'000))});
}

void RandomGroups::AddClientLease(const Lease& lease, engine::Batch& batch) {
  const engine::GeneratorAcquire& acquired = lease.acquired;
  const std::string token = Chance(95) ? acquired.held_token : "";
  if (Chance(60)) {
    batch.lease_renews.push_back({.group = acquired.group,
                                  .id = acquired.id,
                                  .token = token,
                                  .ceiling = Near(lease.ceiling, Between(-100, 9'000))});
    return;
  }
  batch.lease_releases.push_back(
      {.group = acquired.group,
       .id = acquired.id,
       .token = token,
       .last_time = Near(Between(acquired.start_time, lease.ceiling), Between(-1, 1))});
}

void RandomGroups::AddLeaseOperations(const Lease& lease, engine::Batch& batch) {
  if (lease.acquired.held_token.empty()) {
    if (lease.session == batch.session.id || Chance(30)) AddSessionLease(lease, batch);
  } else {
    AddClientLease(lease, batch);
  }
}

void RandomGroups::AddList(const std::string& name, engine::Batch& batch) {
  if (Chance(20)) {
    engine::ListPage& page = batch.lists.emplace_back();
    page.of = engine::ListPage::Of::kGroups;
    page.prefix = Chance(50) ? "g" : "";
    page.after = Chance(30) ? "g" : "";
    page.limit = Between(0, 3);
    return;
  }
  engine::GeneratorList& list = batch.generator_lists.emplace_back();
  list.group = name;
  list.after = Between(-1, 3);
  list.limit = Between(0, 4);
  list.leased_only = Chance(50);
}

void RandomGroups::Plan(engine::Batch& batch) {
  if (now_us_ == 0) return;
  for (const char* const name : kGroups) {
    AddGroupOperations(name, batch);
    if (Chance(10)) AddList(name, batch);
  }
  std::stable_sort(leases_.begin(), leases_.end(), [](const Lease& a, const Lease& b) {
    return std::pair(a.acquired.group, a.acquired.id) < std::pair(b.acquired.group, b.acquired.id);
  });
  for (const Lease& lease : leases_) {
    if (Chance(30)) AddLeaseOperations(lease, batch);
  }
}

void RandomGroups::Learn(const engine::GroupRow& row) {
  if (!row.name.empty()) rows_[row.name] = row;
}

void RandomGroups::Applied(const engine::Batch& batch) {
  now_us_ = batch.report.store_time_us;
  for (const engine::GroupOpen& open : batch.group_opens) Learn(open.row);
  for (const engine::GroupDelete& remove : batch.group_deletes) {
    const auto place = rows_.find(remove.name);
    if (place == rows_.end()) continue;
    if (remove.result == engine::GroupDelete::Result::kWaiting) {
      place->second.drain_token = remove.found_token;
    } else if (Chance(50)) {
      rows_.erase(place);
    }
  }
  const auto learn_ceiling = [&](const std::string& group, std::int64_t id, std::int64_t ceiling) {
    for (Lease& lease : leases_) {
      if (lease.acquired.group == group && lease.acquired.id == id) lease.ceiling = ceiling;
    }
  };
  for (const auto& extend : batch.generator_extends) {
    if (extend.new_ceiling > 0) learn_ceiling(extend.group, extend.id, extend.new_ceiling);
  }
  for (const auto& renew : batch.lease_renews) {
    if (renew.new_ceiling > 0) learn_ceiling(renew.group, renew.id, renew.new_ceiling);
  }
  for (const engine::GeneratorAcquire& acquire : batch.generator_acquires) {
    if (acquire.row.has_value()) Learn(*acquire.row);
    if (acquire.epoch == 0) continue;
    leases_.push_back(
        {.acquired = acquire, .session = batch.session.id, .ceiling = acquire.ceiling});
  }
  while (leases_.size() > kMostLeases) {
    leases_.erase(leases_.begin() + Between(0, static_cast<std::int64_t>(leases_.size()) - 1));
  }
}

}  // namespace mintmark::testing
