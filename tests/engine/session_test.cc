// Sessions: burials, takeovers, the end of a server, and a store that forgot.
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/harness.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using Kind = engine::BatchOutcome::Kind;
using Ids = std::vector<std::int64_t>;

constexpr Duration kLease = std::chrono::seconds(60);

bool IsBuried(World& world, std::int64_t session) {
  return world.store().Snapshot().sessions.at(session).buried_us.has_value();
}

TEST(SessionTest, AnIdleLaneCommitsAHeartbeatASecond) {
  World world;
  Server server(world);
  server.Settle();
  const std::int64_t commits = server.Status().commits;
  Pass(world, 10 * kSecond, {&server});
  EXPECT_GE(server.Status().commits - commits, 9);
  EXPECT_LE(server.Status().commits - commits, 10);
}

TEST(SessionTest, ASilentSessionIsBuriedAfterALease) {
  World world;
  Server silent(world);
  Server watcher(world);
  silent.Settle();
  watcher.Settle();
  const std::int64_t session = silent.Status().session;
  Pass(world, kLease - 2 * kSecond, {&watcher});
  EXPECT_FALSE(IsBuried(world, session));
  Pass(world, 5 * kSecond, {&watcher});
  EXPECT_TRUE(IsBuried(world, session));
}

TEST(SessionTest, AFreshServerWaitsALeaseOnItsOwnClock) {
  World world;
  Server silent(world);
  silent.Settle();
  world.Move(std::chrono::hours(10));
  Server fresh(world);
  Pass(world, kLease - 2 * kSecond, {&fresh});
  EXPECT_FALSE(IsBuried(world, silent.Status().session));
  Pass(world, 5 * kSecond, {&fresh});
  EXPECT_TRUE(IsBuried(world, silent.Status().session));
}

TEST(SessionTest, AfterItsOwnOutageAServerWaitsALease) {
  World world;
  Server silent(world);
  Server watcher(world);
  silent.Settle();
  watcher.Settle();
  Pass(world, kLease - 2 * kSecond, {&watcher});
  world.Move(kSecond);
  watcher.Bring(watcher.Take(), Kind::kUnavailable);
  Pass(world, 10 * kSecond, {&watcher});
  EXPECT_FALSE(IsBuried(world, silent.Status().session));
  Pass(world, kLease, {&watcher});
  EXPECT_TRUE(IsBuried(world, silent.Status().session));
}

TEST(SessionTest, AStoreThatStoodStillGetsNobodyBuried) {
  World world;
  Server first(world);
  Server second(world);
  Pass(world, 3 * kSecond, {&first, &second});
  world.Move(kSecond);
  std::unique_ptr<Batch> held_first = first.Take();
  std::unique_ptr<Batch> held_second = second.Take();
  world.Move(90 * kSecond);
  first.Commit(std::move(held_first));
  Increment(first, "hits");  // Its next batch comes before the other's.
  second.Commit(std::move(held_second));
  Pass(world, 3 * kSecond, {&first, &second});
  EXPECT_EQ(first.Status().buried, 0);
  EXPECT_FALSE(IsBuried(world, second.Status().session));
}

TEST(SessionTest, ABuriedServerGivesItsWindowsBackThroughANewSession) {
  World world;
  Server paused(world, SmallWindows());
  Server other(world, SmallWindows());
  EXPECT_EQ(Draw(paused, "orders"), Ids{1});
  const std::int64_t session = paused.Status().session;
  Pass(world, kLease + 3 * kSecond, {&other});
  ASSERT_TRUE(IsBuried(world, session));
  Pass(world, 2 * kSecond, {&paused, &other});
  EXPECT_NE(paused.Status().session, session);
  for (const store::StoredShard& shard : world.Shards("orders")) {
    EXPECT_NE(shard.owner, session);
  }
  // What was left of the window is the lowest rest.
  EXPECT_EQ(Draw(other, "orders"), Ids{2});
}

TEST(SessionTest, AServerThatWasCutOffLearnsOfWhatItMissed) {
  World world;
  Server cut_off(world);
  Server other(world);
  Create(cut_off, "orders", Settings(100'000, 4, 1'000));
  Draw(cut_off, "orders");
  Pass(world, kLease + 5 * kSecond, {&other});
  SequenceCall update;
  Ask(update, engine::SequenceCall::Kind::kUpdate, "orders");
  update.patch.max_gap = std::optional<std::int64_t>(10);
  other.Do(update);
  ASSERT_TRUE(update.ok()) << update.status();
  Pass(world, 3 * kSecond, {&cut_off, &other});
  Draw(cut_off, "orders");
  for (const store::StoredShard& shard : world.Shards("orders")) {
    EXPECT_LE(shard.ceiling - shard.window_start, 10);
  }
}

TEST(SessionTest, WhatWasGivenBackInDoubtIsNotGivenBackTwiceByASessionThatIsGone) {
  World world;
  Server asleep(world, SmallWindows());
  Server other(world, SmallWindows());
  Create(other, "orders", Settings(1'000, 1, std::nullopt, 100));
  std::set<std::int64_t> ids;
  for (const std::int64_t id : Draw(asleep, "orders")) ids.insert(id);
  world.Move(11 * kSecond);
  asleep.Tick();
  std::unique_ptr<Batch> batch = asleep.Take();
  ASSERT_NE(batch, nullptr);
  ASSERT_EQ(batch->give_backs.size(), 1U);
  Batch applied = *batch;
  asleep.Run(applied);
  // The answer never comes; the machine sleeps until its session is purged.
  for (int hours = 0; hours < 50; ++hours) {
    world.Move(std::chrono::hours(1));
    other.Tick();
    other.Settle();
  }
  for (int i = 0; i < 5; ++i) {
    for (const std::int64_t id : Draw(other, "orders")) EXPECT_TRUE(ids.insert(id).second) << id;
  }
  asleep.Bring(std::move(batch), Kind::kInDoubt);
  Pass(world, 3 * kSecond, {&asleep, &other});
  for (int i = 0; i < 60; ++i) {
    Server& server = i % 2 == 0 ? asleep : other;
    for (const std::int64_t id : Draw(server, "orders")) EXPECT_TRUE(ids.insert(id).second) << id;
  }
  EXPECT_TRUE(asleep.Status().state == "ready") << asleep.Status().state;
}

TEST(SessionTest, CallersWhoseSessionIsGoneAreInDoubt) {
  World world;
  Server server(world);
  Server other(world);
  server.Settle();
  IncrCall call;
  Ask(call, "hits");
  server.Start(call);
  std::unique_ptr<Batch> batch = server.Take();
  for (int hours = 0; hours < 50; ++hours) {
    world.Move(std::chrono::hours(1));
    other.Tick();
    other.Settle();
  }
  server.Bring(std::move(batch), Kind::kInDoubt);
  server.Settle();
  EXPECT_EQ(call.reason(), Reason::kCommitInDoubt);
  EXPECT_EQ(Increment(server, "hits"), 1);
}

// --- lanes

TEST(LaneTest, ANameAlwaysBelongsToTheSameLane) {
  World world;
  engine::EngineOptions options;
  options.lanes = 4;
  Server server(world, options);
  Server other(world, options);
  std::set<int> lanes;
  for (int i = 0; i < 100; ++i) {
    const std::string name = "name-" + std::to_string(i);
    const int lane = server.engine().LaneOf(name);
    EXPECT_EQ(lane, other.engine().LaneOf(name));
    lanes.insert(lane);
  }
  EXPECT_EQ(lanes.size(), 4U);
}

TEST(LaneTest, EachHasASessionOfItsOwnAndOneInDoubtHoldsNobodyElseUp) {
  World world;
  engine::EngineOptions options;
  options.lanes = 2;
  Server server(world, options);
  server.Settle();
  EXPECT_NE(server.Status(0).session, server.Status(1).session);
  std::string names[2];
  for (int i = 0; names[0].empty() || names[1].empty(); ++i) {
    const std::string name = "name-" + std::to_string(i);
    names[server.engine().LaneOf(name)] = name;
  }
  IncrCall stuck;
  IncrCall free;
  Ask(stuck, names[0]);
  Ask(free, names[1]);
  server.Start(stuck);
  std::unique_ptr<Batch> batch = server.Take(0);
  ASSERT_NE(batch, nullptr);
  server.Start(free);
  server.Step(1);
  EXPECT_TRUE(free.ok());
  EXPECT_FALSE(stuck.answered());
  server.Commit(std::move(batch));
  EXPECT_TRUE(stuck.ok());
}

// --- the end of a server

TEST(StopTest, GivesEverythingBackAndClosesTheSession) {
  World world;
  engine::EngineOptions options = SmallWindows();
  options.lanes = 2;
  Server server(world, options);
  std::set<std::int64_t> ids;
  for (const char* name : {"a", "b", "c", "d"}) Draw(server, name, 3);
  Increment(server, "hits");
  IncrCall deferred;
  Ask(deferred, "hits", 10);
  deferred.deferred = true;
  server.Do(deferred);
  ASSERT_FALSE(deferred.durable);
  server.BeginStop();
  Pass(world, kSecond, {&server});
  EXPECT_TRUE(server.engine().Stopped());
  EXPECT_TRUE(world.store().Snapshot().sessions.empty());
  EXPECT_EQ(world.Counter("hits"), 11);
  for (const char* name : {"a", "b", "c", "d"}) {
    ASSERT_EQ(world.Shards(name).size(), 1U) << name;
    EXPECT_EQ(world.Shards(name)[0].ceiling, 4) << name;
  }
  Server next(world, options);
  for (const char* name : {"a", "b", "c", "d"}) EXPECT_EQ(Draw(next, name), Ids{4}) << name;
}

TEST(StopTest, NewCallsAreRefusedAndThoseUnderWayFinish) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall before;
  IncrCall in_line;
  IncrCall after;
  Ask(before, "hits");
  Ask(in_line, "hits");
  Ask(after, "hits");
  server.Start(before);
  std::unique_ptr<Batch> batch = server.Take();
  server.Start(in_line);
  server.BeginStop();
  server.Start(after);
  EXPECT_EQ(after.reason(), Reason::kShuttingDown);
  server.Commit(std::move(batch));
  Pass(world, kSecond, {&server});
  EXPECT_TRUE(before.ok());
  EXPECT_TRUE(in_line.ok());
  EXPECT_TRUE(server.engine().Stopped());
  EXPECT_EQ(world.Counter("hits"), 2);
}

TEST(StopTest, WhoWaitsIsServedFromTheServersOwnRest) {
  World world;
  Server server(world, SmallWindows());
  Create(server, "orders", Settings(20, 1, std::nullopt, 20));
  Draw(server, "orders");
  NextCall call;
  Ask(call, "orders", 1, "key");
  server.Start(call);
  server.BeginStop();
  Pass(world, kSecond, {&server});
  EXPECT_EQ(IdsOf(call), Ids{2}) << call.status();
  EXPECT_TRUE(server.engine().Stopped());
}

TEST(StopTest, IsSoonDoneAfterSomebodyChangedTheSequence) {
  World world;
  Server server(world);
  Server other(world);
  Draw(server, "orders");
  SequenceCall update;
  Ask(update, engine::SequenceCall::Kind::kUpdate, "orders");
  update.patch.chunk_size = std::optional<std::int64_t>(50);
  other.Do(update);
  ASSERT_TRUE(update.ok()) << update.status();
  Pass(world, 2 * kSecond, {&server, &other});
  server.BeginStop();
  Pass(world, kSecond, {&server, &other});
  EXPECT_TRUE(server.engine().Stopped());
}

TEST(StopTest, AServerThatNeverReachedTheStoreStops) {
  World world;
  Server server(world);
  server.Bring(server.Take(), Kind::kUnavailable);
  server.BeginStop();
  world.Move(2 * kSecond);
  EXPECT_EQ(server.Take(), nullptr);
  EXPECT_TRUE(server.engine().Stopped());
}

TEST(StopTest, WaitsForAStoreThatIsAway) {
  World world;
  Server server(world, SmallWindows());
  Draw(server, "orders");
  server.BeginStop();
  for (int i = 0; i < 5; ++i) {
    std::unique_ptr<Batch> batch = server.Take();
    ASSERT_NE(batch, nullptr);
    server.Bring(std::move(batch), Kind::kUnavailable);
    world.Move(2 * kSecond);
  }
  EXPECT_FALSE(server.engine().Stopped());
  Pass(world, 2 * kSecond, {&server});
  EXPECT_TRUE(server.engine().Stopped());
  EXPECT_EQ(world.Shards("orders")[0].ceiling, 2);
}

// --- a store that forgot

TEST(RegressTest, AStoreThatForgotABatchIsNotIssuedFrom) {
  World world;
  Server server(world, SmallWindows());
  Increment(server, "hits");
  const ModelTables backup = world.store().Snapshot();
  Increment(server, "hits");
  Draw(server, "orders");
  world.store().Restore(backup);
  world.Move(kSecond);
  server.Settle();
  EXPECT_TRUE(server.Status().suspect);
  NextCall next;
  IncrCall incr;
  Ask(next, "orders");
  Ask(incr, "hits");
  server.Start(next);
  server.Start(incr);
  EXPECT_EQ(next.reason(), Reason::kStoreSuspect);
  EXPECT_EQ(incr.reason(), Reason::kStoreSuspect);
  EXPECT_TRUE(world.Shards("orders").empty()) << "Nothing of before is put into it.";
}

TEST(RegressTest, ASessionThatIsGoneTooSoonWasForgotten) {
  World world;
  const ModelTables empty = world.store().Snapshot();
  Server server(world);
  Increment(server, "hits");
  world.store().Restore(empty);
  world.Move(kSecond);
  server.Settle();
  EXPECT_TRUE(server.Status().suspect);
}

TEST(RegressTest, NothingIsIssuedFromASuspectStore) {
  World world;
  Server server(world, SmallWindows());
  Create(server, "invoices", Settings(std::nullopt, 0, std::nullopt));
  Draw(server, "orders");
  ModelTables tables = world.store().Snapshot();
  tables.info.suspect = true;
  world.store().Restore(tables);
  NextCall drawn;
  Ask(drawn, "invoices");
  server.Do(drawn);  // The batch that brings the mark.
  EXPECT_FALSE(drawn.ok());
  EXPECT_TRUE(drawn.ranges.empty());
  NextCall from_window;
  Ask(from_window, "orders");
  server.Do(from_window);
  EXPECT_EQ(from_window.reason(), Reason::kStoreSuspect);
  tables = world.store().Snapshot();
  tables.info.suspect = false;
  world.store().Restore(tables);
  world.Move(kSecond);
  server.Settle();
  EXPECT_EQ(Draw(server, "orders").size(), 1U) << "It was fenced: everything goes on.";
}

}  // namespace
}  // namespace mintmark::testing
