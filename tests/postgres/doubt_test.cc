// Batches whose connection breaks, and what their session learns of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"
#include "tests/postgres/answer_proxy.h"
#include "tests/postgres/postgres_test.h"
#include "tests/store/actor.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using engine::BatchOutcome;
using ::testing::HasSubstr;

class DoubtTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    database_ = std::make_unique<ScratchDatabase>(MaintenanceUrl());
    proxy_ = std::make_unique<AnswerProxy>(PortOf(MaintenanceUrl()));
    store_ = Open(WithPort(database_->url(), proxy_->port()), Impatient());
    ASSERT_NE(store_, nullptr);
    actor_ = std::make_unique<Actor>(*store_);
    actor_->Add("visits", 10);
    other_ = std::make_unique<Session>(database_->url());
  }

  // Adds 1 to the counter.
  Batch PlanAdd() const {
    Batch batch = actor_->Plan();
    engine::CounterAdd add;
    add.name = "visits";
    add.sum = 1;
    batch.adds.push_back(add);
    return batch;
  }

  // The other session holds the counter's row.
  void LockCounter() { other_->Run("BEGIN; SELECT 1 FROM mintmark.counters FOR UPDATE"); }

  // Runs the batch while the counter's row is locked; does `what` once it waits for it.
  template <typename What>
  BatchOutcome RunIntoLock(Batch& batch, const What& what) {
    LockCounter();
    BatchOutcome outcome;
    std::thread running([&] { outcome = actor_->TryRun(batch); });
    WaitUntilLaneWaits();
    what();
    running.join();
    return outcome;
  }

  void WaitUntilLaneWaits() {
    WaitUntil(*other_, absl::StrCat("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE ", OfLane(),
                                    " AND wait_event_type = 'Lock')"));
  }

  std::string OfLane() const {
    return absl::StrCat("datname = '", database_->name(), "' AND application_name = 'mintmarkd'");
  }

  std::string Value() {
    return Session(database_->url()).Run("SELECT value FROM mintmark.counters");
  }

  std::unique_ptr<ScratchDatabase> database_;
  std::unique_ptr<AnswerProxy> proxy_;
  std::unique_ptr<engine::Store> store_;
  std::unique_ptr<Actor> actor_;
  std::unique_ptr<Session> other_;
};

TEST_F(DoubtTest, AKilledBackendLeavesADoubtThatIsResolvedAsNotApplied) {
  Batch batch = PlanAdd();
  const BatchOutcome outcome = RunIntoLock(batch, [&] {
    other_->Run(
        absl::StrCat("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ", OfLane()));
  });
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kInDoubt) << outcome.status;
  EXPECT_EQ(ReasonOf(outcome.status), Reason::kCommitInDoubt);
  other_->Run("ROLLBACK");

  actor_->Resolve(batch);
  EXPECT_TRUE(batch.resolution.found);
  EXPECT_EQ(batch.resolution.last_batch, batch.number() - 1);
  EXPECT_EQ(actor_->Add("visits", 1).value, 11);
}

TEST_F(DoubtTest, ALostAnswerLeavesADoubtThatIsResolvedAsApplied) {
  Batch batch = PlanAdd();
  proxy_->LoseAnswers();
  BatchOutcome outcome;
  std::thread running([&] { outcome = actor_->TryRun(batch); });
  WaitUntil(*other_, "SELECT value = 11 FROM mintmark.counters");
  proxy_->CutClients();
  running.join();
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kInDoubt) << outcome.status;

  actor_->Resolve(batch);
  EXPECT_EQ(batch.resolution.last_batch, batch.number());
  EXPECT_EQ(batch.adds[0].result, engine::CounterAdd::Result::kAdded);
  EXPECT_EQ(batch.adds[0].value, 11);
  EXPECT_GT(batch.report.store_time_us, 0);
  EXPECT_EQ(actor_->Add("visits", 1).value, 12);
}

// The server does not notice that a client is gone while a statement of it waits.
TEST_F(DoubtTest, ABatchThatIsStillOnItsWayHoldsTheResolutionUp) {
  store::StoreOptions patient;
  patient.lock_timeout = std::chrono::seconds(60);
  const auto patient_store = Open(WithPort(database_->url(), proxy_->port()), patient);
  ASSERT_NE(patient_store, nullptr);
  Actor sender(*patient_store);
  Batch batch = sender.Plan();
  batch.adds = PlanAdd().adds;
  LockCounter();
  BatchOutcome outcome;
  std::thread running([&] { outcome = sender.TryRun(batch); });
  WaitUntilLaneWaits();
  proxy_->CutClients();
  running.join();
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kInDoubt) << outcome.status;

  // It holds its session's row.
  Batch resolution = batch;
  resolution.kind = Batch::Kind::kResolveDoubt;
  EXPECT_EQ(store_->MakeLane()->Run(resolution).kind, BatchOutcome::Kind::kRefused);
  other_->Run("COMMIT");
  sender.Resolve(batch);
  EXPECT_EQ(batch.resolution.last_batch, batch.number());
  EXPECT_EQ(batch.adds[0].value, 11);
  EXPECT_EQ(Value(), "11");
}

TEST_F(DoubtTest, AFencedBatchThatArrivesLateDoesNothing) {
  Batch batch = PlanAdd();
  Batch resolution = actor_->Plan();
  actor_->Resolve(resolution);
  EXPECT_EQ(actor_->TryRun(batch).kind, BatchOutcome::Kind::kFenced);
  EXPECT_EQ(Value(), "10");
}

TEST_F(DoubtTest, ALockThatIsNotHadInTimeIsARefusal) {
  LockCounter();
  Batch batch = PlanAdd();
  const BatchOutcome outcome = actor_->TryRun(batch);
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kRefused) << outcome.status;
  other_->Run("ROLLBACK");
  // Nothing happened, and the session is where it was.
  actor_->Run(batch);
  EXPECT_EQ(batch.adds[0].value, 11);
}

TEST_F(DoubtTest, ACancelledStatementIsARefusal) {
  Batch batch = PlanAdd();
  const BatchOutcome outcome = RunIntoLock(batch, [&] {
    other_->Run(
        absl::StrCat("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE ", OfLane()));
  });
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kRefused) << outcome.status;
  other_->Run("ROLLBACK");
  actor_->Run(batch);
}

TEST_F(DoubtTest, AConnectionThatBrokeWhileIdleIsMadeAnew) {
  other_->Run(
      absl::StrCat("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE ", OfLane()));
  WaitUntil(*other_,
            absl::StrCat("SELECT NOT EXISTS (SELECT FROM pg_stat_activity WHERE ", OfLane(), ")"));
  Batch batch = PlanAdd();
  const BatchOutcome outcome = actor_->TryRun(batch);
  if (outcome.kind != BatchOutcome::Kind::kApplied) {
    EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kInDoubt) << outcome.status;
    actor_->Resolve(batch);
  }
  const std::string value = Value();
  EXPECT_EQ(value, batch.adds[0].value == 11 ? "11" : "10");
}

// What can go wrong with a whole server.
class FrozenServerTest : public PostgresTest {};

TEST_F(FrozenServerTest, AServerThatHangsIsNotWaitedFor) {
  ScratchServer server("max_connections=20");
  ASSERT_FALSE(server.url().empty());
  const ScratchDatabase database(server.url());
  store::StoreOptions options = Impatient();
  options.connect_timeout = std::chrono::seconds(2);
  const auto store = Open(database.url(), options);
  ASSERT_NE(store, nullptr);
  Actor actor(*store);
  actor.Add("visits", 10);

  server.Freeze();
  Batch batch = actor.Plan();
  engine::CounterAdd add;
  add.name = "visits";
  add.sum = 1;
  batch.adds.push_back(add);
  BatchOutcome outcome = actor.TryRun(batch);
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kInDoubt) << outcome.status;
  EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("did not answer in time"));
  // The kernel accepts the connection all the same.
  Batch resolution = batch;
  resolution.kind = Batch::Kind::kResolveDoubt;
  outcome = actor.TryRun(resolution);
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kUnavailable) << outcome.status;
  server.Thaw();

  // The batch lay in the server's socket, and may have been carried out by now.
  actor.Resolve(batch);
  const std::string value = Session(database.url()).Run("SELECT value FROM mintmark.counters");
  EXPECT_EQ(value, batch.resolution.last_batch == batch.number() ? "11" : "10");
}

// A commit that did not wait for its standby is reported as a success, with a
// warning: whether it survives a failover is not known.
TEST_F(FrozenServerTest, ACommitThatDidNotWaitForItsStandbyIsInDoubt) {
  const ScratchServer server("synchronous_standby_names=nobody synchronous_commit=local");
  ASSERT_FALSE(server.url().empty());
  const ScratchDatabase database(server.url());
  store::StoreOptions options;
  options.answer_timeout = std::chrono::seconds(20);
  const auto store = Open(database.url(), options);
  ASSERT_NE(store, nullptr);
  Session other(database.url());
  Actor actor(*store);

  // The lane of this actor waits for a standby that does not exist.
  other.Run(absl::StrCat("ALTER DATABASE ", database.name(), " SET synchronous_commit = on"));
  const auto waiting_lane = store->MakeLane();
  Batch batch = actor.Plan();
  engine::CounterAdd add;
  add.name = "visits";
  add.sum = 1;
  batch.adds.push_back(add);
  BatchOutcome outcome;
  std::thread running([&] { outcome = waiting_lane->Run(batch); });
  WaitUntil(other, "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event = 'SyncRep')");
  other.Run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
  running.join();
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kInDoubt) << outcome.status;

  // The other lane does not wait for standbys.
  actor.Resolve(batch);
  EXPECT_EQ(batch.resolution.last_batch, batch.number());
  EXPECT_EQ(batch.adds[0].value, 1);
}

}  // namespace
}  // namespace mintmark::testing
