#include "src/store/postgres/group_parameters.h"

#include <algorithm>
#include <cstdint>
#include <set>

#include "src/core/check.h"
#include "src/store/postgres/key_hash.h"

namespace mintmark::store {
namespace {

using engine::Batch;

// The numbers of operations, as the function reads them.
constexpr std::int64_t kLock = 1;
constexpr std::int64_t kOpen = 2;
constexpr std::int64_t kOpenOrCreate = 3;
constexpr std::int64_t kDelete = 4;
constexpr std::int64_t kRelease = 5;
constexpr std::int64_t kExtend = 6;
constexpr std::int64_t kRenewLease = 7;
constexpr std::int64_t kReleaseLease = 8;
constexpr std::int64_t kAcquire = 9;
constexpr std::int64_t kAcquireWithKey = 10;

void AddOpen(const engine::GroupOpen& open, ArrayText& ops, ArrayText& texts) {
  texts.Add(open.name);
  if (!open.create_as.has_value()) {
    ops.Add(kOpen);
    return;
  }
  const engine::GroupSettings& settings = *open.create_as;
  const GuidLayout& layout = settings.layout;
  const TextFormat& format = settings.format;
  ops.AddAll({kOpenOrCreate, open.max_ahead_us, layout.epoch_us, layout.time_bits,
              layout.counter_bits, layout.generator_bits, static_cast<std::int64_t>(layout.order),
              layout.unit_us, settings.lease_us, settings.generator_min, settings.generator_max,
              static_cast<std::int64_t>(format.encoding), format.width,
              format.check_character ? 1 : 0});
  texts.Add(format.prefix);
  texts.Add(format.suffix);
}

// Locks what the batch changes, and opens what it opens, in the order of the names:
// a group that is created is locked by that.
void AddLocksAndOpens(const Batch& batch, ArrayText& ops, ArrayText& texts) {
  std::set<absl::string_view> names;
  for (const auto& remove : batch.group_deletes) names.insert(remove.name);
  for (const auto& release : batch.generator_releases) names.insert(release.group);
  for (const auto& extend : batch.generator_extends) names.insert(extend.group);
  for (const auto& renew : batch.lease_renews) names.insert(renew.group);
  for (const auto& release : batch.lease_releases) names.insert(release.group);
  for (const auto& acquire : batch.generator_acquires) names.insert(acquire.group);
  auto name = names.begin();
  const auto lock_up_to = [&](const std::string* last) {
    for (; name != names.end() && (last == nullptr || *name <= *last); ++name) {
      ops.Add(kLock);
      texts.Add(*name);
    }
  };
  for (const engine::GroupOpen& open : batch.group_opens) {
    lock_up_to(&open.name);
    AddOpen(open, ops, texts);
  }
  lock_up_to(nullptr);
}

void AddAcquire(const engine::GeneratorAcquire& acquire, ArrayText& ops, ArrayText& texts) {
  MINTMARK_CHECK(acquire.keys.size() <= 1);
  ops.AddAll({acquire.keys.empty() ? kAcquire : kAcquireWithKey, acquire.generation,
              acquire.max_ahead_us});
  texts.Add(acquire.group);
  texts.Add(acquire.owner);
  texts.Add(acquire.token);
  for (const engine::Key& key : acquire.keys) {
    ops.AddAll({static_cast<std::int64_t>(key.kind), KeyHash(key.kind, acquire.group, key.id),
                key.n, key.flags});
    texts.Add(key.id);
  }
}

}  // namespace

void AddGroupOperations(const Batch& batch, ArrayText& ops, ArrayText& texts) {
  AddLocksAndOpens(batch, ops, texts);
  for (const engine::GroupDelete& remove : batch.group_deletes) {
    ops.AddAll({kDelete, remove.token, remove.finish_anyway ? 1 : 0});
    texts.Add(remove.name);
  }
  for (const engine::GeneratorRelease& release : batch.generator_releases) {
    ops.AddAll({kRelease, release.id, release.session, release.epoch, release.generation,
                release.ceiling});
    texts.Add(release.group);
  }
  for (const engine::GeneratorExtend& extend : batch.generator_extends) {
    ops.AddAll({kExtend, extend.id, extend.epoch, extend.generation, extend.ceiling});
    texts.Add(extend.group);
  }
  for (const engine::LeaseRenew& renew : batch.lease_renews) {
    ops.AddAll({kRenewLease, renew.id, renew.ceiling});
    texts.Add(renew.group);
    texts.Add(renew.token);
  }
  for (const engine::LeaseRelease& release : batch.lease_releases) {
    ops.AddAll({kReleaseLease, release.id, release.last_time});
    texts.Add(release.group);
    texts.Add(release.token);
  }
  for (const engine::GeneratorAcquire& acquire : batch.generator_acquires) {
    AddAcquire(acquire, ops, texts);
  }
}

bool HasGroupKeys(const Batch& batch) {
  return std::any_of(batch.generator_acquires.begin(), batch.generator_acquires.end(),
                     [](const auto& acquire) { return !acquire.keys.empty(); });
}

}  // namespace mintmark::store
