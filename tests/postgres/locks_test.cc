// Lanes that meet at the same rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/postgres/postgres_test.h"
#include "tests/store/actor.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using engine::BatchOutcome;

class LocksTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    database_ = std::make_unique<ScratchDatabase>(MaintenanceUrl());
    store_ = Open(database_->url());
    ASSERT_NE(store_, nullptr);
  }

  std::string url() const { return database_->url(); }

  // Waits until `lanes` lanes wait for a lock.
  void WaitForLocks(Session& session, int lanes) {
    WaitUntil(session, absl::StrCat("SELECT count(*) = ", lanes,
                                    " FROM pg_stat_activity WHERE datname = current_database()"
                                    " AND application_name = 'mintmarkd'"
                                    " AND wait_event_type = 'Lock'"));
  }

  std::unique_ptr<ScratchDatabase> database_;
  std::unique_ptr<engine::Store> store_;
};

Batch PlanAdd(const Actor& actor, const std::string& name, std::vector<engine::Key> keys = {}) {
  Batch batch = actor.Plan();
  engine::CounterAdd add;
  add.name = name;
  add.sum = 1;
  add.keys = std::move(keys);
  batch.adds.push_back(std::move(add));
  return batch;
}

TEST_F(LocksTest, TwinsOnTwoLanesCountOnce) {
  Actor first(*store_);
  Actor second(*store_);
  first.Add("visits", 10);
  Session other(url());
  other.Run("BEGIN; SELECT 1 FROM mintmark.counters FOR UPDATE");
  Batch ours = PlanAdd(first, "visits", {AddKey("twin", 1)});
  Batch theirs = PlanAdd(second, "visits", {AddKey("twin", 1)});
  std::thread first_running([&] { first.Run(ours); });
  std::thread second_running([&] { second.Run(theirs); });
  WaitForLocks(other, 2);
  other.Run("COMMIT");
  first_running.join();
  second_running.join();

  const bool is_first = ours.adds[0].result == engine::CounterAdd::Result::kAdded;
  const engine::CounterAdd& seen = is_first ? theirs.adds[0] : ours.adds[0];
  ASSERT_EQ(seen.result, engine::CounterAdd::Result::kKeysSeen);
  EXPECT_EQ(seen.seen[0].value, 11);
  EXPECT_EQ(first.Read({"visits"})[0], 11);
}

// The counter's row, which keys are locked by, is not there yet.
TEST_F(LocksTest, TwinsThatCreateTheirCounterCountOnce) {
  constexpr int kCallers = 4;
  for (int round = 0; round < 20; ++round) {
    const std::string name = absl::StrCat("new-", round);
    std::vector<std::unique_ptr<Actor>> actors;
    std::vector<Batch> batches;
    for (int i = 0; i < kCallers; ++i) {
      actors.push_back(std::make_unique<Actor>(*store_));
      batches.push_back(PlanAdd(*actors.back(), name, {AddKey("twin", 1)}));
    }
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < kCallers; ++i) {
      running.emplace_back([&, i] { actors[i]->Run(batches[i]); });
    }
    for (std::thread& thread : running) thread.join();
    ASSERT_EQ(actors[0]->Read({name})[0], 1);
  }
}

TEST_F(LocksTest, ASessionWithABatchAtWorkIsNotBuried) {
  Actor busy(*store_);
  Actor burier(*store_);
  busy.Add("visits", 10);
  const engine::SessionRow before = busy.session();
  Session other(url());
  other.Run("BEGIN; SELECT 1 FROM mintmark.counters FOR UPDATE");
  Batch batch = PlanAdd(busy, "visits");
  std::thread running([&] { busy.Run(batch); });
  WaitForLocks(other, 1);
  burier.Bury(before);  // Does not wait.
  other.Run("COMMIT");
  running.join();
  EXPECT_EQ(batch.adds[0].value, 11);
  busy.Heartbeat();
}

TEST_F(LocksTest, TwoSessionsThatBuryEachOtherDoNotWait) {
  Actor first(*store_);
  Actor second(*store_);
  Batch first_batch = first.Plan();
  first_batch.bury.push_back(second.session());
  Batch second_batch = second.Plan();
  second_batch.bury.push_back(first.session());
  BatchOutcome first_outcome;
  BatchOutcome second_outcome;
  std::thread running([&] { first_outcome = first.TryRun(first_batch); });
  second_outcome = second.TryRun(second_batch);
  running.join();
  for (const BatchOutcome& outcome : {first_outcome, second_outcome}) {
    EXPECT_TRUE(outcome.kind == BatchOutcome::Kind::kApplied ||
                outcome.kind == BatchOutcome::Kind::kFenced)
        << outcome.status;
  }
}

TEST_F(LocksTest, ARotationThatWouldHaveToWaitIsLeftForLater) {
  Actor actor(*store_);
  Session other(url());
  other.Run("UPDATE mintmark.store_info SET key_rotated_at = now() - interval '9 hours'");
  other.Run("BEGIN; SELECT 1 FROM mintmark.request_keys_1");
  const auto rotate = [&] {
    Batch batch =
        PlanAdd(actor, "visits", {AddKey(absl::StrCat("key-", actor.session().last_batch), 1)});
    batch.rotate_keys = 0;
    actor.Run(batch);
    EXPECT_EQ(batch.adds[0].result, engine::CounterAdd::Result::kAdded);
    return batch.report.key_rotation;
  };
  EXPECT_EQ(rotate(), 0);
  other.Run("COMMIT");
  EXPECT_EQ(rotate(), 1);
}

TEST_F(LocksTest, TwoLanesRotateOnce) {
  Actor first(*store_);
  Actor second(*store_);
  Session other(url());
  other.Run("UPDATE mintmark.store_info SET key_rotated_at = now() - interval '9 hours'");
  const auto rotate = [](Actor& actor) {
    Batch batch = actor.Plan();
    batch.rotate_keys = 0;
    actor.Run(batch);
  };
  std::thread running([&] { rotate(first); });
  rotate(second);
  running.join();
  EXPECT_EQ(other.Run("SELECT key_rotation FROM mintmark.store_info"), "1");
}

TEST_F(LocksTest, WorksWithoutPreparedStatements) {
  store::StoreOptions options;
  options.prepare = false;
  const auto store = Open(url(), options);
  ASSERT_NE(store, nullptr);
  Actor actor(*store);
  const engine::SequenceRow row = actor.Create("orders");
  EXPECT_EQ(actor.Acquire(row, 10, 100).start, 1);
  EXPECT_EQ(actor.Draw(row, 5).runs.size(), 1U);
  EXPECT_EQ(actor.Add("visits", 3).value, 3);
  EXPECT_EQ(Session(url()).Run("SELECT count(*) FROM pg_prepared_statements"), "0");
}

// Names are ordered by their bytes, whatever the database's locale says.
TEST_F(LocksTest, ListsInByteOrderInAnyLocale) {
  Actor actor(*store_);
  for (const char* const name : {"B", "a", "A", "_", "b"}) actor.Add(name, 1);
  engine::ListPage page;
  page.of = engine::ListPage::Of::kCounters;
  page.limit = 10;
  std::string names;
  for (const engine::CounterRow& counter : actor.List(page).counters) names += counter.name;
  EXPECT_EQ(names, "AB_ab");
}

}  // namespace
}  // namespace mintmark::testing
