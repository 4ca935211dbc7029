// Many lanes on few names: nothing is handed out twice or miscounted, and nobody
// waits for each other in a circle.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/core/check.h"
#include "tests/postgres/postgres_test.h"
#include "tests/store/actor.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using engine::BatchOutcome;

constexpr int kLanes = 8;
constexpr int kBatchesPerLane = 120;
constexpr int kSequences = 6;
constexpr int kCounters = 6;
constexpr int kRequestIds = 300;

std::string SequenceName(std::int64_t number) { return absl::StrCat("sequence-", number); }
std::string CounterName(std::int64_t number) { return absl::StrCat("counter-", number); }

// What all lanes have seen together.
class Ledger {
 public:
  // Positions of one generation of a sequence, each of which nobody may see again.
  void NoteIssued(const std::string& sequence, std::int64_t generation, std::int64_t first,
                  std::int64_t limit) {
    const std::lock_guard lock(mutex_);
    for (std::int64_t position = first; position < limit; ++position) {
      EXPECT_TRUE(issued_.emplace(sequence, generation, position).second)
          << sequence << " generation " << generation << " position " << position << " twice";
    }
    issued_count_ += limit - first;
  }

  void NoteAdded(const std::string& counter, std::int64_t sum) {
    const std::lock_guard lock(mutex_);
    sums_[counter] += sum;
  }

  // What a request id got; everybody has to get the same.
  void NoteReply(const std::string& key, const std::string& reply) {
    const std::lock_guard lock(mutex_);
    const auto [place, is_new] = replies_.emplace(key, reply);
    EXPECT_EQ(place->second, reply) << key;
    if (!is_new) ++replayed_count_;
  }

  void NoteSilent(const engine::SessionRow& session) {
    const std::lock_guard lock(mutex_);
    silent_.push_back(session);
  }
  std::vector<engine::SessionRow> silent() {
    const std::lock_guard lock(mutex_);
    return silent_;
  }

  const std::map<std::string, std::int64_t>& sums() const { return sums_; }
  std::int64_t issued_count() const { return issued_count_; }
  std::int64_t replayed_count() const { return replayed_count_; }

  std::atomic<int> applied{0};
  std::atomic<int> conflicts{0};
  std::atomic<int> taken_over{0};

 private:
  std::mutex mutex_;
  std::set<std::tuple<std::string, std::int64_t, std::int64_t>> issued_;
  std::map<std::string, std::int64_t> sums_;
  std::map<std::string, std::string> replies_;
  std::vector<engine::SessionRow> silent_;
  std::int64_t issued_count_ = 0;
  std::int64_t replayed_count_ = 0;
};

// One lane: plans random batches, and keeps the windows that it acquires.
class RandomLane {
 public:
  RandomLane(engine::Store& store, Ledger& ledger, std::uint32_t seed)
      : store_(store), ledger_(ledger), random_(seed) {
    Start();
  }

  void RunBatches() {
    for (int i = 0; i < kBatchesPerLane; ++i) {
      if (Chance(5)) FallSilent();
      Batch batch = actor_->Plan();
      Plan(batch);
      const BatchOutcome outcome = actor_->TryRun(batch);
      if (outcome.kind == BatchOutcome::Kind::kConflict) {
        ++ledger_.conflicts;
        continue;
      }
      ASSERT_EQ(outcome.kind, BatchOutcome::Kind::kApplied) << outcome.status;
      ++ledger_.applied;
      actor_->Advance(batch);
      Apply(batch);
    }
  }

 private:
  struct Window {
    engine::Acquire acquired;
    std::int64_t position = 0;
    std::int64_t ceiling = 0;
  };

  // An actor whose session goes on after batches that were tried.
  class TryingActor : public Actor {
   public:
    using Actor::Actor;
    Batch Plan() const {
      Batch batch = Actor::Plan();
      if (next_.has_value()) batch.session = *next_;
      batch.attention_seen = attention_seen_.value_or(batch.attention_seen);
      return batch;
    }
    void Advance(const Batch& batch) {
      next_ = batch.session;
      next_->last_batch = batch.number();
      attention_seen_ = batch.report.attention_seen;
    }

   private:
    std::optional<engine::SessionRow> next_;
    std::optional<std::int64_t> attention_seen_;
  };

  std::int64_t Pick(std::int64_t first, std::int64_t last) {
    return std::uniform_int_distribution<std::int64_t>(first, last)(random_);
  }
  bool Chance(int percent) { return Pick(1, 100) <= percent; }

  void Start() {
    actor_ = std::make_unique<TryingActor>(store_);
    Batch batch = actor_->Plan();
    for (int i = 0; i < kSequences; ++i) {
      engine::SequenceOpen open;
      open.name = SequenceName(i);
      open.create_as = Ids(1, 100'000'000);
      open.create_as->shards = i % 3 == 0 ? 0 : 3;
      batch.opens.push_back(std::move(open));
    }
    ASSERT_EQ(actor_->TryRun(batch).kind, BatchOutcome::Kind::kApplied);
    actor_->Advance(batch);
    rows_.clear();
    for (const engine::SequenceOpen& open : batch.opens) rows_.push_back(open.row);
  }

  // Is never heard of again, and its windows' rests are for others.
  void FallSilent() {
    ledger_.NoteSilent(actor_->Plan().session);
    windows_.clear();
    Start();
  }

  void Plan(Batch& batch) {
    if (Chance(40)) batch.bury = ledger_.silent();
    batch.list_sessions = Chance(20);
    for (std::int64_t i = 0; i < kSequences; ++i) {
      if (Chance(1)) PlanChange(i, batch);
      if (Chance(10)) batch.drains.push_back({.name = SequenceName(i)});
      PlanWindow(i, batch);
      // Draws use up what a silent lane left, before anybody takes it over.
      if (Chance(rows_[static_cast<std::size_t>(i)].strict() ? 40 : 10)) PlanDraw(i, batch);
    }
    for (std::int64_t i = 0; i < kCounters; ++i) {
      if (Chance(50)) PlanAdd(i, batch);
      if (Chance(20)) PlanAdd(i, batch);
    }
  }

  // A new generation.
  void PlanChange(std::int64_t i, Batch& batch) {
    engine::SequenceChange change;
    change.name = SequenceName(i);
    change.expected_version = rows_[static_cast<std::size_t>(i)].version;
    change.drain = engine::DrainKind::kReset;
    change.frontier = 1;
    change.allow_reuse = true;
    batch.changes.push_back(std::move(change));
  }

  void PlanWindow(std::int64_t i, Batch& batch) {
    const auto found = windows_.find(i);
    if (found == windows_.end()) {
      if (!rows_[static_cast<std::size_t>(i)].strict() && Chance(80)) {
        batch.acquires.push_back(
            AcquireOf(rows_[static_cast<std::size_t>(i)], Pick(1, 20), Pick(1, 60)));
      }
      return;
    }
    const Window& window = found->second;
    if (Chance(30)) {
      engine::GiveBack give_back = GiveBackOf(window.acquired, batch.session, window.position);
      give_back.ceiling = window.ceiling;
      batch.give_backs.push_back(std::move(give_back));
    } else if (Chance(30)) {
      batch.refills.push_back(
          RefillOf(window.acquired, window.position, window.position + Pick(1, 20)));
    }
  }

  void PlanDraw(std::int64_t i, Batch& batch) {
    std::vector<engine::DrawItem> items;
    for (std::int64_t k = Pick(1, 3); k > 0; --k) {
      const std::int64_t n = Pick(1, 9);
      std::vector<engine::Key> keys;
      if (Chance(30)) {
        keys.push_back(DrawKey(absl::StrCat("draw-", Pick(1, kRequestIds)), n, n));
      }
      items.push_back(Item(static_cast<engine::DrawItem::Shape>(Pick(0, 3)), n, std::move(keys)));
    }
    batch.draws.push_back(DrawOf(rows_[static_cast<std::size_t>(i)], std::move(items)));
  }

  void PlanAdd(std::int64_t i, Batch& batch) {
    engine::CounterAdd add;
    add.name = CounterName(i);
    add.sum = Pick(1, 9);
    if (Chance(40)) {
      add.keys.push_back(AddKey(absl::StrCat("add-", Pick(1, kRequestIds)), add.sum));
    }
    batch.adds.push_back(std::move(add));
  }

  void Apply(const Batch& batch) {
    for (const engine::SequenceChange& change : batch.changes) Learn(change.row);
    for (const engine::SequenceDrain& drain : batch.drains) Learn(drain.row);
    for (const engine::GiveBack& give_back : batch.give_backs) {
      windows_.erase(NumberOf(give_back.sequence));
    }
    for (const engine::Refill& refill : batch.refills) {
      const std::int64_t number = NumberOf(refill.sequence);
      if (refill.result == engine::Refill::Result::kLost) {
        windows_.erase(number);
      } else {
        windows_[number].ceiling = refill.new_ceiling;
      }
    }
    for (const engine::Acquire& acquire : batch.acquires) ApplyAcquire(acquire);
    for (const engine::Draw& draw : batch.draws) ApplyDraw(draw);
    for (const engine::CounterAdd& add : batch.adds) ApplyAdd(add);
    Issue();
  }

  void ApplyAcquire(const engine::Acquire& acquire) {
    if (acquire.row.has_value()) Learn(*acquire.row);
    if (acquire.result != engine::Acquire::Result::kAcquired) return;
    if (acquire.taken_over) ++ledger_.taken_over;
    windows_[NumberOf(acquire.sequence)] = {acquire, acquire.start, acquire.ceiling};
  }

  void ApplyDraw(const engine::Draw& draw) {
    if (draw.row.has_value()) Learn(*draw.row);
    if (draw.result != engine::Draw::Result::kServed) return;
    for (const engine::DrawItem& item : draw.items) {
      for (const Run& run : item.runs) {
        ledger_.NoteIssued(draw.sequence, draw.generation, run.first, run.limit);
      }
      if (item.keys.empty()) continue;
      const std::string key = absl::StrCat(draw.sequence, " ", item.keys[0].id);
      if (item.result == engine::DrawItem::Result::kDrawn) {
        ledger_.NoteReply(key, TextOf(draw.generation, item.runs));
      } else if (item.result == engine::DrawItem::Result::kKeysSeen) {
        ledger_.NoteReply(key, TextOf(item.seen[0].generation, item.seen[0].runs));
      }
    }
  }

  void ApplyAdd(const engine::CounterAdd& add) {
    if (add.result == engine::CounterAdd::Result::kAdded) ledger_.NoteAdded(add.name, add.sum);
    if (add.keys.empty()) return;
    const std::string key = absl::StrCat(add.name, " ", add.keys[0].id);
    if (add.result == engine::CounterAdd::Result::kAdded) {
      ledger_.NoteReply(key, absl::StrCat(add.value));
    } else {
      ASSERT_EQ(add.result, engine::CounterAdd::Result::kKeysSeen);
      ledger_.NoteReply(key, absl::StrCat(add.seen[0].value));
    }
  }

  // Issues some of each window.
  void Issue() {
    for (auto& [number, window] : windows_) {
      const std::int64_t limit = Pick(window.position, window.ceiling);
      ledger_.NoteIssued(window.acquired.sequence, window.acquired.generation, window.position,
                         limit);
      window.position = limit;
    }
  }

  // A window of another generation is worth nothing.
  void Learn(const engine::SequenceRow& row) {
    if (row.name.empty()) return;
    rows_[static_cast<std::size_t>(NumberOf(row.name))] = row;
  }

  static std::int64_t NumberOf(const std::string& sequence) { return sequence.back() - '0'; }

  static std::string TextOf(std::int64_t generation, const std::vector<Run>& runs) {
    std::string text = absl::StrCat(generation);
    for (const Run& run : runs) absl::StrAppend(&text, " ", run.first, "-", run.limit);
    return text;
  }

  engine::Store& store_;
  Ledger& ledger_;
  std::mt19937 random_;
  std::unique_ptr<TryingActor> actor_;
  std::vector<engine::SequenceRow> rows_;  // As last seen.
  std::map<std::int64_t, Window> windows_;
};

class ConcurrencyTest : public PostgresTest {};

TEST_F(ConcurrencyTest, LanesOnTheSameNamesNeitherRepeatNorLoseNorDeadlock) {
  const ScratchDatabase database(MaintenanceUrl());
  store::StoreOptions options;
  options.lock_timeout = std::chrono::seconds(20);
  options.answer_timeout = std::chrono::seconds(60);
  const auto store = Open(database.url(), options);
  ASSERT_NE(store, nullptr);
  const std::uint32_t seed = std::random_device()();
  SCOPED_TRACE(absl::StrCat("seed ", seed));

  Ledger ledger;
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < kLanes; ++i) {
    threads.emplace_back([&, i] { RandomLane(*store, ledger, seed + i).RunBatches(); });
  }
  for (std::thread& thread : threads) thread.join();

  Actor reader(*store);
  for (const auto& [counter, sum] : ledger.sums()) {
    EXPECT_EQ(reader.Read({counter})[0], sum) << counter;
  }
  EXPECT_GT(ledger.issued_count(), 0);
  EXPECT_GT(ledger.replayed_count(), 0);
  EXPECT_GT(ledger.taken_over, 0);
  // Deadlocks are possible where several create the same name at the same time.
  EXPECT_LE(ledger.conflicts * 100, ledger.applied) << ledger.conflicts << " conflicts";
}

}  // namespace
}  // namespace mintmark::testing
