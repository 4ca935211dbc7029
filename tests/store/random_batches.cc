#include "tests/store/random_batches.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace mintmark::testing {
namespace {

const char* const kSequences[] = {"a", "a/b", "a_", "b"};
const char* const kCounters[] = {"a", "x", "x-y"};

using engine::DrainKind;

}  // namespace

engine::SequenceSettings RandomBatches::NewSettings() {
  engine::SequenceSettings settings;
  settings.space.step = Between(1, 3);
  const std::int64_t size = Between(1, 300);
  switch (Between(0, 9)) {
    case 0:
      settings.space.min_id = INT64_MIN;
      settings.space.max_id = INT64_MIN + size;
      break;
    case 1:
      settings.space.min_id = kMaxId - size;
      settings.space.max_id = kMaxId;
      break;
    case 2:
      settings.space.min_id = INT64_MIN + Between(0, 2);
      settings.space.max_id = kMaxId;
      break;
    default:
      settings.space.min_id = Between(-50, 50);
      settings.space.max_id = settings.space.min_id + size;
  }
  settings.shards = static_cast<std::int32_t>(Between(0, 4));
  if (settings.shards == 0) settings.max_gap = 0;
  if (Chance(30)) settings.chunk_size = Between(1, 50);
  if (Chance(30)) settings.format.prefix = absl::StrCat("%'", Between(0, 99));
  return settings;
}

engine::SequenceRow RandomBatches::RowOf(const std::string& name) const {
  const auto place = rows_.find(name);
  if (place != rows_.end()) return place->second;
  engine::SequenceRow row;
  row.name = name;
  return row;
}

void RandomBatches::Learn(const engine::SequenceRow& row) {
  if (!row.name.empty()) rows_[row.name] = row;
}

std::vector<engine::Key> RandomBatches::Keys(engine::KeyKind kind, std::size_t count) {
  std::vector<engine::Key> keys;
  while (keys.size() < count) {
    engine::Key key;
    key.kind = kind;
    key.id = absl::StrCat("key-", Between(0, 40));
    key.flags = static_cast<std::int32_t>(Between(0, 3));
    const auto is_same = [&](const engine::Key& other) { return other.id == key.id; };
    if (std::none_of(keys.begin(), keys.end(), is_same)) keys.push_back(key);
  }
  return keys;
}

engine::SequenceChange RandomBatches::Change(const engine::SequenceRow& row) {
  engine::SequenceChange change;
  change.name = row.name;
  change.expected_version = row.version;
  change.settings = row.settings;
  IdSpace& space = change.settings.space;
  switch (Between(0, 5)) {
    case 0:
      change.drain = DrainKind::kReset;
      change.frontier =
          space.PositionAtOrAfter(std::min(space.min_id, kMaxId - 200) + Between(0, 200));
      change.allow_reuse = Chance(50);
      break;
    case 1:
      change.drain = DrainKind::kDelete;
      break;
    case 2:
      change.drain = DrainKind::kTighten;
      space.max_id -=
          Between(0, std::min(std::int64_t{30}, CountBetween(space.min_id, space.max_id)));
      change.settings.shards =
          static_cast<std::int32_t>(Between(0, std::max(0, change.settings.shards - 1)));
      if (change.settings.shards == 0) change.settings.max_gap = 0;
      break;
    default:
      if (Chance(50)) space.max_id = std::max(space.max_id, kMaxId - Between(0, 1'000'000));
      if (!row.strict()) ++change.settings.shards;
      change.settings.chunk_size = Between(1, 99);
  }
  return change;
}

void RandomBatches::AddSequenceOperations(engine::Batch& batch) {
  for (const char* const name : kSequences) {
    const engine::SequenceRow row = RowOf(name);
    if (Chance(row.version == 0 ? 60 : 10)) {
      engine::SequenceOpen& open = batch.opens.emplace_back();
      open.name = name;
      if (Chance(80)) open.create_as = NewSettings();
      open.want_usage = Chance(50);
    }
    if (Chance(5)) batch.changes.push_back(Change(row));
    if (Chance(row.drain == DrainKind::kNone ? 2 : 30)) {
      engine::SequenceDrain& drain = batch.drains.emplace_back();
      drain.name = name;
      if (Chance(70)) drain.token = row.drain_token;
      drain.finish_anyway = Chance(40);
    }
    if (Chance(30)) {
      engine::Draw& draw = batch.draws.emplace_back();
      draw.sequence = name;
      draw.generation = row.generation;
      draw.revision = row.revision;
      for (std::int64_t i = Between(1, 4); i > 0; --i) draw.items.push_back(Item());
    }
    for (std::int64_t i = Chance(30) ? Between(1, 2) : 0; i > 0; --i) {
      engine::Acquire& acquire = batch.acquires.emplace_back();
      acquire.sequence = name;
      acquire.generation = row.generation;
      acquire.revision = row.revision;
      acquire.window = Between(0, 12);
      acquire.chunk = Between(1, 30);
      acquire.adaptive_chunk = Chance(50);
    }
  }
}

engine::DrawItem RandomBatches::Item() {
  using Shape = engine::DrawItem::Shape;
  engine::DrawItem item;
  item.shape = static_cast<Shape>(Between(0, 3));
  item.n = Chance(5) ? INT64_MAX - Between(0, 5) : Between(1, 20);
  if (Chance(50)) return item;
  const bool several = item.shape == Shape::kAll && item.n > 3 && item.n < 100 && Chance(50);
  item.keys =
      Keys(Chance(80) ? engine::KeyKind::kNextN : engine::KeyKind::kReserveRange, several ? 3 : 1);
  std::int64_t left = item.n;
  for (engine::Key& key : item.keys) {
    key.share = &key == &item.keys.back() ? left : Between(1, left / 3);
    key.n = key.share;
    left -= key.share;
  }
  return item;
}

void RandomBatches::AddWindowOperations(engine::Batch& batch) {
  given_back_.clear();
  const auto by_place = [](const Window& a, const Window& b) {
    return std::pair(a.acquired.sequence, a.acquired.shard) <
           std::pair(b.acquired.sequence, b.acquired.shard);
  };
  std::sort(windows_.begin(), windows_.end(), by_place);
  std::vector<Window> kept;
  for (Window& window : windows_) {
    const engine::Acquire& acquired = window.acquired;
    if (window.holder != batch.session.id || Chance(50)) {
      kept.push_back(window);
      continue;
    }
    window.position = Between(window.position, window.ceiling);
    if (Chance(50)) {
      batch.refills.push_back({.sequence = acquired.sequence,
                               .shard = acquired.shard,
                               .epoch = acquired.epoch,
                               .generation = acquired.generation,
                               .position = window.position,
                               .ceiling = window.position + Between(0, 20)});
      kept.push_back(window);
      continue;
    }
    batch.give_backs.push_back({.sequence = acquired.sequence,
                                .shard = acquired.shard,
                                .owner = window.owner,
                                .epoch = acquired.epoch,
                                .generation = acquired.generation,
                                .position = window.position,
                                .ceiling = window.ceiling});
    given_back_.push_back(window);
  }
  windows_ = std::move(kept);
}

engine::CounterAdd RandomBatches::Add(const std::string& name) {
  engine::CounterAdd add;
  add.name = name;
  add.create = Chance(90);
  add.keys = Chance(40)
                 ? Keys(engine::KeyKind::kIncrCounter, static_cast<std::size_t>(Between(1, 3)))
                 : std::vector<engine::Key>();
  std::int64_t lowest = 0;
  std::int64_t highest = 0;
  for (engine::Key& key : add.keys) {
    key.n = Between(-5, 5);
    add.sum += key.n;
    key.share = add.sum;
    lowest = std::min(lowest, add.sum);
    highest = std::max(highest, add.sum);
  }
  if (Chance(60)) {
    add.sum += Between(-9, 9);
  } else if (add.keys.empty()) {
    add.sum = Chance(50) ? INT64_MAX - Between(0, 3) : INT64_MIN + Between(0, 3);
  }
  lowest = std::min(lowest, add.sum);
  highest = std::max(highest, add.sum);
  // Such that every prefix stays inside int64, as the engine sets them.
  add.lo = lowest < 0 ? INT64_MIN - lowest : INT64_MIN;
  add.hi = highest > 0 ? INT64_MAX - highest : INT64_MAX;
  if (Chance(10)) add.lo = std::max(add.lo, Between(-20, 20));
  return add;
}

void RandomBatches::AddCounterOperations(engine::Batch& batch) {
  for (const char* const name : kCounters) {
    for (std::int64_t i = Chance(40) ? Between(1, 3) : 0; i > 0; --i) {
      batch.adds.push_back(Add(name));
    }
    if (Chance(10)) {
      engine::CounterChange& change = batch.counter_changes.emplace_back();
      change.kind = static_cast<engine::CounterChange::Kind>(Between(0, 2));
      change.name = name;
      change.value = Chance(30) ? INT64_MIN : Between(-100, 100);
    }
  }
  if (Chance(20)) batch.counter_reads.push_back({.names = {"x-y", "a", "nothing"}, .values = {}});
}

void RandomBatches::AddLists(engine::Batch& batch) {
  engine::ListPage& page = batch.lists.emplace_back();
  page.of = Chance(60) ? engine::ListPage::Of::kSequences : engine::ListPage::Of::kCounters;
  page.prefix = Chance(50) ? "a" : "";
  page.after = Chance(30) ? "a/" : "";
  page.limit = Between(1, 5);
}

engine::Batch RandomBatches::Plan(const engine::SessionRow& session, std::int64_t attention_seen) {
  engine::Batch batch;
  batch.session = session;
  batch.attention_seen = attention_seen;
  batch.list_sessions = Chance(20);
  AddWindowOperations(batch);
  if (Chance(80)) AddSequenceOperations(batch);
  if (Chance(60)) AddCounterOperations(batch);
  if (Chance(60)) groups_.Plan(batch);
  if (Chance(20)) AddLists(batch);
  return batch;
}

void RandomBatches::Applied(const engine::Batch& batch) {
  groups_.Applied(batch);
  for (const engine::SequenceOpen& open : batch.opens) Learn(open.row);
  // What a deletion left is found out by opening it, now and then.
  for (const engine::SequenceChange& change : batch.changes) Learn(change.row);
  for (const engine::SequenceDrain& drain : batch.drains) {
    Learn(drain.row);
    if (drain.result == engine::SequenceDrain::Result::kFinished && Chance(50) &&
        drain.row.name.empty()) {
      rows_.erase(drain.name);
    }
  }
  for (const engine::Refill& refill : batch.refills) {
    if (refill.result != engine::Refill::Result::kMoved) continue;
    for (Window& window : windows_) {
      if (window.acquired.shard == refill.shard && window.acquired.epoch == refill.epoch) {
        window.ceiling = refill.new_ceiling;
      }
    }
  }
  for (const engine::Acquire& acquire : batch.acquires) {
    if (acquire.row.has_value()) Learn(*acquire.row);
    if (acquire.result != engine::Acquire::Result::kAcquired) continue;
    windows_.push_back({.acquired = acquire,
                        .holder = batch.session.id,
                        .owner = batch.session.id,
                        .position = acquire.start,
                        .ceiling = acquire.ceiling});
  }
  for (const engine::Draw& draw : batch.draws) {
    if (draw.row.has_value()) Learn(*draw.row);
  }
}

void RandomBatches::NotApplied(const engine::Batch&) {
  windows_.insert(windows_.end(), given_back_.begin(), given_back_.end());
  given_back_.clear();
}

void RandomBatches::Replaced(std::int64_t session, std::int64_t next) {
  for (Window& window : windows_) {
    if (window.holder == session) window.holder = next;
  }
}

}  // namespace mintmark::testing
