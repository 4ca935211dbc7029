// Windows: ids that a server issues from memory, and where that ends.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
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

// A call that is handed over and perhaps answered at once.
std::unique_ptr<NextCall> Next(Server& server, const std::string& sequence, std::int64_t n = 1) {
  auto call = std::make_unique<NextCall>();
  Ask(*call, sequence, n);
  server.Start(*call);
  return call;
}

// The most ids that a crash of everybody would lose now, over all owned shards.
std::int64_t LostByACrash(const World& world, const std::string& sequence,
                          std::int64_t lowest_not_issued) {
  std::int64_t lost = 0;
  for (const store::StoredShard& shard : world.Shards(sequence)) {
    lost +=
        std::max<std::int64_t>(0, shard.ceiling - std::max(shard.window_start, lowest_not_issued));
  }
  return lost;
}

TEST(WindowTest, ServesFromMemory) {
  World world;
  Server server(world, SmallWindows());
  EXPECT_EQ(Draw(server, "orders"), Ids{1});
  const std::int64_t commits = server.Status().commits;
  for (std::int64_t id = 2; id <= 6; ++id) {
    EXPECT_EQ(IdsOf(*Next(server, "orders")), Ids{id});
  }
  EXPECT_EQ(server.Status().commits, commits);
}

TEST(WindowTest, IsToppedUpWhenTwoThirdsAreUsed) {
  World world;
  Server server(world, SmallWindows(12, 12));
  Draw(server, "orders");
  for (int i = 2; i <= 8; ++i) {
    Next(server, "orders");
    EXPECT_EQ(server.Take(), nullptr) << i << " of 12 are used.";
  }
  Next(server, "orders");
  std::unique_ptr<Batch> batch = server.Take();
  ASSERT_NE(batch, nullptr);
  ASSERT_EQ(batch->refills.size(), 1U);
  EXPECT_EQ(batch->refills[0].position, 10);
  EXPECT_EQ(batch->refills[0].ceiling, 22);
  EXPECT_TRUE(Next(server, "orders")->ok()) << "Meanwhile the rest goes on.";
  server.Commit(std::move(batch));
  EXPECT_TRUE(Next(server, "orders", 9)->ok());
}

TEST(WindowTest, NeverReachesFurtherThanMaxGapAboveItsPosition) {
  World world;
  Server server(world);
  Create(server, "orders", Settings(100'000, 4, 10, 25));
  std::int64_t next = 1;
  for (int i = 0; i < 200; ++i) {
    const std::int64_t n = 1 + i % 7;
    const Ids ids = Draw(server, "orders", n);
    ASSERT_EQ(static_cast<std::int64_t>(ids.size()), n);
    next = std::max(next, ids.back() + 1);
    EXPECT_LE(LostByACrash(world, "orders", next), 10) << "after id " << next - 1;
  }
}

TEST(WindowTest, AskedForMoreThanMaxGapItDraws) {
  World world;
  Server server(world);
  Create(server, "orders", Settings(100'000, 4, 10, 1'000));
  EXPECT_EQ(Draw(server, "orders").size(), 1U);
  EXPECT_EQ(Draw(server, "orders", 11).size(), 11U);
  EXPECT_LE(LostByACrash(world, "orders", 2), 10);
}

TEST(WindowTest, UsesRestsThatNobodyOwnsBeforeANewChunk) {
  World world;
  Server first(world, SmallWindows());
  Server second(world, SmallWindows());
  Create(first, "orders", Settings(1'000, 4, std::nullopt, 50));
  Draw(first, "orders", 3);
  Pass(world, 12 * kSecond, {&first, &second});  // Idle: given back.
  ASSERT_FALSE(world.Shards("orders")[0].owner.has_value());
  EXPECT_EQ(Draw(second, "orders"), Ids{4});
  EXPECT_EQ(world.Sequence("orders")->frontier, 51);
}

TEST(WindowTest, TakesTheUnownedRestWithTheLowestIds) {
  World world;
  Server a(world, SmallWindows());
  Server b(world, SmallWindows());
  Create(a, "orders", Settings(1'000, 4, std::nullopt, 50));
  EXPECT_EQ(Draw(a, "orders"), Ids{1});
  EXPECT_EQ(Draw(b, "orders"), Ids{51});
  Pass(world, 12 * kSecond, {&a, &b});
  EXPECT_EQ(Draw(b, "orders"), Ids{2});
  EXPECT_EQ(Draw(a, "orders"), Ids{52});
}

TEST(WindowTest, ServersWithoutAShardDrawFromTheMaster) {
  World world;
  Server a(world, SmallWindows());
  Server b(world, SmallWindows());
  Create(a, "orders", Settings(1'000, 1, std::nullopt, 50));
  EXPECT_EQ(Draw(a, "orders"), Ids{1});
  EXPECT_EQ(Draw(b, "orders"), Ids{51});
  EXPECT_EQ(Draw(b, "orders"), Ids{52});
  EXPECT_EQ(Draw(a, "orders"), Ids{2});
}

TEST(WindowTest, ACallThatNeedsMoreThanIsLeftReachesIntoTheNextShard) {
  World world;
  Server server(world);
  Create(server, "orders", Settings(1'000, 4, 10, 12));
  EXPECT_EQ(Draw(server, "orders", 8), (Ids{1, 2, 3, 4, 5, 6, 7, 8}));
  NextCall call;
  Ask(call, "orders", 8);
  server.Do(call);
  EXPECT_EQ(call.count, 8);
  EXPECT_EQ(IdsOf(call)[0], 9);
}

TEST(WindowTest, IsGivenBackWhenIdleAndThenItIsQuiet) {
  World world;
  Server server(world, SmallWindows());
  Draw(server, "orders");
  Pass(world, 12 * kSecond, {&server});
  ASSERT_EQ(world.Shards("orders").size(), 1U);
  EXPECT_FALSE(world.Shards("orders")[0].owner.has_value());
  EXPECT_EQ(world.Shards("orders")[0].ceiling, 2) << "Nothing is lost.";
  const std::int64_t commits = server.Status().commits;
  Pass(world, 10 * kSecond, {&server});
  EXPECT_LE(server.Status().commits - commits, 11) << "Heartbeats alone.";
  EXPECT_EQ(Draw(server, "orders"), Ids{2});
}

TEST(WindowTest, AnIdleNameIsForgotten) {
  World world;
  Server server(world, SmallWindows());
  Draw(server, "orders");
  Increment(server, "hits");
  EXPECT_EQ(server.Status().sequences, 1);
  EXPECT_EQ(server.Status().counters, 1);
  Pass(world, 75 * kSecond, {&server});
  EXPECT_EQ(server.Status().sequences, 0);
  EXPECT_EQ(server.Status().counters, 0);
  EXPECT_EQ(Draw(server, "orders"), Ids{2});
}

// --- the lease

TEST(LeaseTest, NothingIsIssuedFromMemoryPastIt) {
  World world;
  Server server(world, SmallWindows());
  Draw(server, "orders");
  world.Move(kLease - kMs);
  EXPECT_TRUE(Next(server, "orders")->ok());
  world.Move(kMs);
  const auto late = Next(server, "orders");
  EXPECT_FALSE(late->answered());
  server.Settle();
  EXPECT_EQ(IdsOf(*late), Ids{3});
}

TEST(LeaseTest, CountsFromWhenABatchWasSent) {
  World world;
  Server server(world, SmallWindows());
  Draw(server, "orders");
  const auto incr = std::make_unique<IncrCall>();
  Ask(*incr, "hits");
  server.Start(*incr);
  std::unique_ptr<Batch> batch = server.Take();
  world.Move(40 * kSecond);
  server.Commit(std::move(batch));  // It took 40 s: 20 are left.
  world.Move(20 * kSecond - kMs);
  EXPECT_TRUE(Next(server, "orders")->ok());
  world.Move(kMs);
  const auto late = Next(server, "orders");
  EXPECT_FALSE(late->answered());
  server.Settle();
}

TEST(LeaseTest, OnceOverTheWindowIsLookedAtBeforeItGoesOn) {
  World world;
  engine::EngineOptions options = SmallWindows();
  options.idle_give_back = 10 * kLease;
  Server server(world, options);
  Draw(server, "orders");
  world.Move(kLease);
  ASSERT_TRUE(server.Step());  // A heartbeat: the lease holds again, the window does not.
  const auto call = Next(server, "orders");
  EXPECT_FALSE(call->answered());
  std::unique_ptr<Batch> batch = server.Take();
  ASSERT_EQ(batch->refills.size(), 1U);
  server.Commit(std::move(batch));
  EXPECT_EQ(IdsOf(*call), Ids{2});
}

TEST(LeaseTest, AShardThatWasTakenOverIsNotIssuedFromAndItsRestComesBack) {
  World world;
  Server paused(world, SmallWindows());
  Server other(world, SmallWindows());
  Create(paused, "orders", Settings(1'000, 1, std::nullopt, 100));
  EXPECT_EQ(Draw(paused, "orders"), Ids{1});
  Pass(world, kLease + 3 * kSecond, {&other});
  EXPECT_EQ(Draw(other, "orders"), Ids{11}) << "From where the window of the other ends.";
  EXPECT_EQ(other.Status().takeovers, 1);
  const auto call = Next(paused, "orders");
  EXPECT_FALSE(call->answered());
  Pass(world, 2 * kSecond, {&paused, &other});
  EXPECT_TRUE(call->ok()) << call->status();
  // Every id comes once, those of the window that was cut off too.
  std::set<std::int64_t> ids{1, 11, IdsOf(*call)[0]};
  for (int i = 0; i < 40; ++i) {
    for (const std::int64_t id : Draw(i % 2 == 0 ? paused : other, "orders")) {
      EXPECT_TRUE(ids.insert(id).second) << id;
    }
    Pass(world, kSecond, {&paused, &other});
  }
  for (std::int64_t id = 1; id <= 10; ++id) EXPECT_EQ(ids.count(id), 1U) << id;
}

// --- a store that is away

TEST(StoreAwayTest, WindowsGoOnAndCommittedWorkFailsFast) {
  World world;
  Server server(world, SmallWindows());
  Draw(server, "orders");
  world.Move(kSecond);
  server.Bring(server.Take(), Kind::kUnavailable);
  EXPECT_EQ(server.Status().state, "store away");
  EXPECT_TRUE(Next(server, "orders")->ok());
  NextCall keyed;
  IncrCall incr;
  ReadCall read;
  SequenceCall admin;
  Ask(keyed, "orders", 1, "key");
  Ask(incr, "hits");
  read.counters = {"hits"};
  Ask(admin, engine::SequenceCall::Kind::kGet, "orders");
  server.Start(keyed);
  server.Start(incr);
  server.Start(read);
  server.Start(admin);
  EXPECT_EQ(keyed.reason(), Reason::kStoreUnavailable);
  EXPECT_EQ(incr.reason(), Reason::kStoreUnavailable);
  EXPECT_EQ(read.reason(), Reason::kStoreUnavailable);
  EXPECT_EQ(admin.reason(), Reason::kStoreUnavailable);
}

TEST(StoreAwayTest, CallersInLineAndInTheBatchAreTold) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall in_batch;
  IncrCall in_line;
  Ask(in_batch, "hits");
  Ask(in_line, "other");
  server.Start(in_batch);
  std::unique_ptr<Batch> batch = server.Take();
  server.Start(in_line);
  server.Bring(std::move(batch), Kind::kUnavailable);
  EXPECT_EQ(in_batch.reason(), Reason::kStoreUnavailable);
  EXPECT_EQ(in_line.reason(), Reason::kStoreUnavailable);
  Pass(world, 2 * kSecond, {&server});
  EXPECT_EQ(world.Counter("hits"), std::nullopt);
}

TEST(StoreAwayTest, IsTriedAgainAfterPausesThatDouble) {
  World world;
  Server server(world);
  server.Settle();
  world.Move(kSecond);
  std::vector<Duration> pauses;
  for (int i = 0; i < 8; ++i) {
    server.Bring(server.Take(), Kind::kUnavailable);
    const Duration pause = server.engine().NextWake(0) - world.now();
    pauses.push_back(pause);
    world.Move(pause - kMs);
    EXPECT_EQ(server.Take(), nullptr);
    world.Move(kMs);
  }
  EXPECT_GE(pauses[0], 50 * kMs);
  EXPECT_LT(pauses[0], 63 * kMs);
  EXPECT_GE(pauses[1], 100 * kMs);
  EXPECT_LE(pauses[7], 1250 * kMs);
  EXPECT_GE(pauses[7], kSecond);
  server.Settle();
  EXPECT_EQ(server.Status().state, "ready");
}

TEST(StoreAwayTest, WhenItIsBackEverythingGoesOn) {
  World world;
  Server server(world, SmallWindows());
  Draw(server, "orders");
  world.Move(kSecond);
  server.Bring(server.Take(), Kind::kUnavailable);
  Pass(world, 2 * kSecond, {&server});
  EXPECT_EQ(Increment(server, "hits"), 1);
  EXPECT_EQ(Draw(server, "orders"), Ids{2});
}

}  // namespace
}  // namespace mintmark::testing
