// Batches whose outcome is not known: they are resolved before anybody is told,
// or anything is tried again.
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/harness.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using Kind = engine::BatchOutcome::Kind;

TEST(DoubtTest, AppliedAnswersWithTheStoredResult) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(std::nullopt, 0, std::nullopt));
  IncrCall incr;
  NextCall next;
  Ask(incr, "hits", 7);
  Ask(next, "invoices", 3);
  server.Start(incr);
  server.Start(next);
  server.LoseAnswer(server.Take());
  EXPECT_FALSE(incr.answered());
  std::unique_ptr<Batch> resolve = server.Take();
  ASSERT_EQ(resolve->kind, Batch::Kind::kResolveDoubt);
  server.Commit(std::move(resolve));
  EXPECT_TRUE(incr.ok());
  EXPECT_EQ(incr.value, 7);
  EXPECT_EQ(IdsOf(next), (std::vector<std::int64_t>{1, 2, 3}));
  EXPECT_EQ(Increment(server, "hits"), 8);
  EXPECT_EQ(Draw(server, "invoices"), std::vector<std::int64_t>{4});
  EXPECT_EQ(server.Status().doubts_applied, 1);
}

TEST(DoubtTest, NotAppliedIsPlannedAnew) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall call;
  Ask(call, "hits");
  server.Start(call);
  server.LoseBatch(server.Take());
  server.Step();
  EXPECT_FALSE(call.answered());
  server.Settle();
  EXPECT_TRUE(call.ok());
  EXPECT_EQ(world.Counter("hits"), 1);
  EXPECT_EQ(server.Status().doubts_not_applied, 1);
}

TEST(DoubtTest, ABatchThatArrivesAfterItsDoubtDoesNothing) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall call;
  Ask(call, "hits");
  server.Start(call);
  Batch late = server.LoseBatch(server.Take());
  server.Settle();
  EXPECT_EQ(server.Run(late).kind, Kind::kFenced);
  EXPECT_EQ(world.Counter("hits"), 1);
}

TEST(DoubtTest, TheLaneCommitsNothingElseMeanwhile) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall first;
  IncrCall second;
  Ask(first, "hits");
  Ask(second, "other");
  server.Start(first);
  server.LoseBatch(server.Take());
  server.Start(second);
  std::unique_ptr<Batch> batch = server.Take();
  EXPECT_EQ(batch->kind, Batch::Kind::kResolveDoubt);
  EXPECT_EQ(server.Take(), nullptr);
  server.Commit(std::move(batch));
  server.Settle();
  EXPECT_TRUE(first.ok());
  EXPECT_TRUE(second.ok());
}

TEST(DoubtTest, AResolutionInDoubtIsTriedAgain) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall call;
  Ask(call, "hits");
  server.Start(call);
  server.LoseAnswer(server.Take());
  for (int i = 0; i < 3; ++i) {
    std::unique_ptr<Batch> resolve = server.Take();
    ASSERT_NE(resolve, nullptr);
    ASSERT_EQ(resolve->kind, Batch::Kind::kResolveDoubt);
    // Even one that arrived changes nothing.
    if (i == 1) {
      server.LoseAnswer(std::move(resolve));
    } else {
      server.LoseBatch(std::move(resolve));
    }
    EXPECT_EQ(server.Take(), nullptr) << "There is a pause between tries.";
    world.Move(2 * kSecond);
  }
  server.Settle();
  EXPECT_TRUE(call.ok());
  EXPECT_EQ(world.Counter("hits"), 1);
}

TEST(DoubtTest, ACallWhoseTimeEndsInDoubtIsToldSoAndNeverRunAgain) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall call;
  IncrCall patient;
  Ask(call, "hits", 1);
  Ask(patient, "hits", 10);
  call.deadline = world.now() + kSecond;
  server.Start(call);
  server.Start(patient);
  server.LoseBatch(server.Take());
  world.Move(kSecond);
  server.Tick();
  EXPECT_EQ(call.reason(), Reason::kCommitInDoubt);
  server.Settle();
  EXPECT_EQ(call.answers(), 1);
  EXPECT_EQ(patient.value, 10);
  EXPECT_EQ(world.Counter("hits"), 10);
}

TEST(DoubtTest, AFencedBatchIsADoubtThatWasNotApplied) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall call;
  Ask(call, "hits");
  server.Start(call);
  std::unique_ptr<Batch> batch = server.Take();
  Batch fence = *batch;
  fence.kind = Batch::Kind::kResolveDoubt;
  ASSERT_EQ(server.Run(fence).kind, Kind::kApplied);
  server.Commit(std::move(batch));
  EXPECT_FALSE(call.answered());
  server.Settle();
  EXPECT_TRUE(call.ok());
  EXPECT_EQ(world.Counter("hits"), 1);
}

TEST(DoubtTest, WindowsGoOnMeanwhile) {
  World world;
  Server server(world, SmallWindows());
  EXPECT_EQ(Draw(server, "orders"), std::vector<std::int64_t>{1});
  IncrCall incr;
  Ask(incr, "hits");
  server.Start(incr);
  server.LoseBatch(server.Take());
  NextCall next;
  Ask(next, "orders");
  server.Start(next);
  EXPECT_TRUE(next.ok());
  EXPECT_EQ(IdsOf(next), std::vector<std::int64_t>{2});
  server.Settle();
}

TEST(DoubtTest, ADrawInDoubtIsNotLost) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(std::nullopt, 0, std::nullopt));
  Draw(server, "invoices");
  for (const bool applied : {true, false}) {
    const std::int64_t before = Draw(server, "invoices").back();
    NextCall call;
    Ask(call, "invoices", 2);
    server.Start(call);
    if (applied) {
      server.LoseAnswer(server.Take());
    } else {
      server.LoseBatch(server.Take());
    }
    server.Settle();
    EXPECT_EQ(IdsOf(call), (std::vector<std::int64_t>{before + 1, before + 2}));
    EXPECT_EQ(Draw(server, "invoices"), std::vector<std::int64_t>{before + 3});
  }
}

TEST(DoubtTest, DeferredDeltasAreNeitherLostNorCountedTwice) {
  for (const bool applied : {true, false}) {
    World world;
    Server server(world);
    Increment(server, "hits");
    IncrCall deferred;
    Ask(deferred, "hits", 10);
    deferred.deferred = true;
    server.Do(deferred);
    ASSERT_FALSE(deferred.durable);
    world.Move(11 * kSecond);
    server.Tick();
    std::unique_ptr<Batch> batch = server.Take();
    ASSERT_EQ(batch->adds.size(), 1U);
    if (applied) {
      server.LoseAnswer(std::move(batch));
    } else {
      server.LoseBatch(std::move(batch));
    }
    server.Settle();
    EXPECT_EQ(world.Counter("hits"), 11) << "applied: " << applied;
    EXPECT_EQ(Increment(server, "hits"), 12);
    EXPECT_EQ(server.Status().deferred_counters, 0);
  }
}

TEST(DoubtTest, AWindowInDoubtIsLookedAtBeforeItIsUsed) {
  World world;
  Server server(world, SmallWindows());
  Draw(server, "orders");
  // A heartbeat is in doubt: somebody may have taken the shard over meanwhile.
  world.Move(kSecond);
  server.LoseBatch(server.Take());
  server.Step();
  NextCall call;
  Ask(call, "orders");
  server.Start(call);
  EXPECT_FALSE(call.answered());
  std::unique_ptr<Batch> batch = server.Take();
  ASSERT_EQ(batch->refills.size(), 1U);
  server.Commit(std::move(batch));
  EXPECT_EQ(IdsOf(call), std::vector<std::int64_t>{2});
}

TEST(DoubtTest, AListIsAskedForAgain) {
  World world;
  Server server(world);
  Create(server, "orders", {});
  ListCall list;
  server.Start(list);
  server.LoseAnswer(server.Take());
  server.Settle();
  ASSERT_TRUE(list.ok());
  EXPECT_EQ(list.sequences.size(), 1U);
}

TEST(DoubtTest, ADoubtAboutTheEndOfASessionIsResolved) {
  for (const bool applied : {true, false}) {
    World world;
    Server server(world);
    Increment(server, "hits");
    server.BeginStop();
    std::unique_ptr<Batch> batch = server.Take();
    ASSERT_EQ(batch->kind, Batch::Kind::kCloseSession);
    if (applied) {
      server.LoseAnswer(std::move(batch));
    } else {
      server.LoseBatch(std::move(batch));
    }
    EXPECT_FALSE(server.engine().Stopped());
    Pass(world, kSecond, {&server});
    EXPECT_TRUE(server.engine().Stopped()) << "applied: " << applied;
    EXPECT_TRUE(world.store().Snapshot().sessions.empty());
  }
}

TEST(DoubtTest, ASessionOpenedInDoubtIsOpenedAnew) {
  World world;
  Server server(world);
  IncrCall call;
  Ask(call, "hits");
  server.Start(call);
  std::unique_ptr<Batch> open = server.Take();
  ASSERT_EQ(open->kind, Batch::Kind::kOpenSession);
  server.LoseAnswer(std::move(open));
  EXPECT_EQ(call.reason(), Reason::kStoreUnavailable);
  world.Move(kSecond);
  server.Settle();
  EXPECT_EQ(Increment(server, "hits"), 1);
}

}  // namespace
}  // namespace mintmark::testing
