// Committed draws: strict and gapless sequences, ranges, the end of a sequence.
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "gtest/gtest.h"
#include "tests/engine/harness.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using engine::IdRange;
using Ids = std::vector<std::int64_t>;
using Ranges = absl::InlinedVector<IdRange, 1>;

// A reservation handed to a settled server.
std::unique_ptr<NextCall> Reserve(Server& server, const std::string& sequence, std::int64_t n,
                                  bool exact = false) {
  auto call = std::make_unique<NextCall>();
  Ask(*call, sequence, n);
  call->one_range = true;
  call->exact = exact;
  server.Do(*call);
  return call;
}

// --- strict

TEST(StrictTest, ServesInTheOrderOfArrivalOverAllServers) {
  World world;
  Server a(world);
  Server b(world);
  Create(a, "invoices", Settings(std::nullopt, 0, std::nullopt));
  std::int64_t next = 1;
  for (int i = 0; i < 5; ++i) {
    for (Server* server : {&a, &b}) {
      EXPECT_EQ(Draw(*server, "invoices", 2), (Ids{next, next + 1}));
      next += 2;
    }
  }
}

TEST(StrictTest, CallersOfOneBatchShareOneDraw) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(std::nullopt, 0, std::nullopt));
  Draw(server, "invoices");
  std::vector<std::unique_ptr<NextCall>> calls;
  for (const std::int64_t n : {2, 1, 3}) {
    calls.push_back(std::make_unique<NextCall>());
    Ask(*calls.back(), "invoices", n);
    server.Start(*calls.back());
  }
  std::unique_ptr<Batch> batch = server.Take();
  ASSERT_EQ(batch->draws.size(), 1U);
  ASSERT_EQ(batch->draws[0].items.size(), 1U);
  EXPECT_EQ(batch->draws[0].items[0].n, 6);
  server.Commit(std::move(batch));
  EXPECT_EQ(IdsOf(*calls[0]), (Ids{2, 3}));
  EXPECT_EQ(IdsOf(*calls[1]), Ids{4});
  EXPECT_EQ(IdsOf(*calls[2]), (Ids{5, 6, 7}));
  EXPECT_TRUE(world.Shards("invoices").empty());
}

TEST(StrictTest, ACallThatDoesNotFitLeavesTheOthersTheirIds) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(5, 0, std::nullopt));
  Draw(server, "invoices");
  NextCall small;
  NextCall large;
  NextCall last;
  Ask(small, "invoices", 2);
  Ask(large, "invoices", 100);
  Ask(last, "invoices", 2);
  server.Start(small);
  server.Start(large);
  server.Start(last);
  server.Settle();
  EXPECT_EQ(IdsOf(small), (Ids{2, 3}));
  EXPECT_EQ(large.reason(), Reason::kSequenceExhausted);
  EXPECT_TRUE(large.ranges.empty());
  EXPECT_EQ(IdsOf(last), (Ids{4, 5}));
}

TEST(StrictTest, StepsAndNegativeIds) {
  World world;
  Server server(world);
  engine::SettingsPatch patch = Settings(5, 0, std::nullopt);
  patch.min_id = -10;
  patch.step = 7;
  Create(server, "invoices", patch);
  NextCall call;
  Ask(call, "invoices", 3);
  server.Do(call);
  EXPECT_EQ(call.ranges.size(), 1U);
  EXPECT_EQ(call.ranges[0], (IdRange{-10, 4, 7}));
  EXPECT_EQ(call.count, 3);
}

TEST(StrictTest, ReachesTheLastIdThereCanBe) {
  World world;
  Server server(world);
  engine::SettingsPatch patch = Settings(kMaxId, 0, std::nullopt);
  patch.min_id = kMaxId - 1;
  Create(server, "invoices", patch);
  EXPECT_EQ(Draw(server, "invoices", 2), (Ids{kMaxId - 1, kMaxId}));
  NextCall call;
  Ask(call, "invoices");
  server.Do(call);
  EXPECT_EQ(call.reason(), Reason::kSequenceExhausted);
}

// --- gapless

TEST(GaplessTest, CeilingsMoveByJustWhatIsReplied) {
  World world;
  Server server(world);
  Create(server, "tickets", Settings(1'000, 2, 0, 50));
  Draw(server, "tickets", 3);
  NextCall call;
  Ask(call, "tickets", 4);
  server.Start(call);
  EXPECT_FALSE(call.answered()) << "Every draw is committed.";
  server.Settle();
  EXPECT_EQ(IdsOf(call), (Ids{4, 5, 6, 7}));
  ASSERT_EQ(world.Shards("tickets").size(), 1U);
  EXPECT_EQ(world.Shards("tickets")[0].ceiling, 8);
}

TEST(GaplessTest, ACrashLosesNothing) {
  World world;
  {
    Server crashed(world);
    Create(crashed, "tickets", Settings(30, 1, 0, 10));
    EXPECT_EQ(Draw(crashed, "tickets", 4), (Ids{1, 2, 3, 4}));
  }
  Server server(world);
  Pass(world, 70 * kSecond, {&server});
  std::set<std::int64_t> ids;
  for (int i = 0; i < 26; ++i) {
    for (const std::int64_t id : Draw(server, "tickets")) ids.insert(id);
  }
  EXPECT_EQ(ids.size(), 26U);
  EXPECT_EQ(*ids.begin(), 5);
  EXPECT_EQ(*ids.rbegin(), 30);
}

TEST(GaplessTest, ACallThatSpansTwoShardsGetsAllItsIds) {
  World world;
  Server server(world);
  Create(server, "tickets", Settings(100, 4, 0, 5));
  EXPECT_EQ(Draw(server, "tickets", 3), (Ids{1, 2, 3}));
  EXPECT_EQ(Draw(server, "tickets", 4), (Ids{4, 5, 6, 7}));
}

TEST(GaplessTest, IdsOfACallerWhoIsGoneAreUsedLater) {
  World world;
  Server server(world);
  Create(server, "tickets", Settings(100, 1, 0, 50));
  Draw(server, "tickets");
  NextCall gone;
  Ask(gone, "tickets", 2);
  gone.deadline = world.now() + kSecond;
  server.Start(gone);
  std::unique_ptr<Batch> batch = server.Take();
  ASSERT_EQ(batch->refills.size(), 1U);
  world.Move(kSecond);
  server.Tick();
  EXPECT_EQ(gone.reason(), Reason::kCommitInDoubt);
  server.Commit(std::move(batch));
  EXPECT_EQ(Draw(server, "tickets", 3), (Ids{2, 3, 4}));
}

TEST(GaplessTest, AReplyNeedsNoLease) {
  World world;
  Server server(world);
  Create(server, "tickets", Settings(100, 1, 0, 50));
  Draw(server, "tickets");
  NextCall call;
  Ask(call, "tickets");
  server.Start(call);
  std::unique_ptr<Batch> batch = server.Take();
  EXPECT_EQ(server.Run(*batch).kind, engine::BatchOutcome::Kind::kApplied);
  world.Move(90 * kSecond);  // The answer takes longer than a lease.
  server.engine().Complete(std::move(batch), {}, world.now());
  EXPECT_EQ(IdsOf(call), Ids{2});
}

// --- one range

TEST(ReserveTest, GivesOneRangeThatMayBeSmaller) {
  World world;
  Server server(world, SmallWindows());
  Create(server, "orders", Settings(1'000, 4, std::nullopt, 20));
  EXPECT_EQ(Reserve(server, "orders", 15)->ranges, (Ranges{{1, 15, 1}}));
  const auto rest = Reserve(server, "orders", 15);
  EXPECT_EQ(rest->ranges, (Ranges{{16, 20, 1}})) << "Not beyond the chunk.";
  EXPECT_EQ(rest->count, 5);
}

TEST(ReserveTest, ExactGivesAllOrNothing) {
  World world;
  Server server(world, SmallWindows());
  Create(server, "orders", Settings(100, 4, std::nullopt, 20));
  Reserve(server, "orders", 15);
  const auto exact = Reserve(server, "orders", 15, true);
  ASSERT_TRUE(exact->ok()) << exact->status();
  ASSERT_EQ(exact->ranges.size(), 1U);
  EXPECT_EQ(exact->count, 15);
  EXPECT_EQ(exact->ranges[0].last - exact->ranges[0].first, 14);
  EXPECT_GT(exact->ranges[0].first, 15);
  const auto too_much = Reserve(server, "orders", 101, true);
  EXPECT_FALSE(too_much->ok());
  EXPECT_TRUE(too_much->ranges.empty());
}

TEST(ReserveTest, AsMuchAsAChunkComesFromTheMaster) {
  World world;
  Server server(world, SmallWindows());
  Create(server, "orders", Settings(1'000, 4, std::nullopt, 20));
  Draw(server, "orders");
  EXPECT_EQ(Reserve(server, "orders", 20)->ranges, (Ranges{{21, 40, 1}}));
  EXPECT_EQ(world.Sequence("orders")->frontier, 41);
}

TEST(ReserveTest, ACallsChunkSizeIsTakenInsteadOfTheSequences) {
  World world;
  Server server(world, SmallWindows());
  Create(server, "orders", Settings(1'000, 4, std::nullopt, 20));
  NextCall call;
  Ask(call, "orders", 2);
  call.chunk_size = 33;
  server.Do(call);
  ASSERT_TRUE(call.ok());
  EXPECT_EQ(world.Sequence("orders")->frontier, 34);
}

// --- the end

TEST(EndTest, AllowPartialTakesWhatIsLeft) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(5, 0, std::nullopt));
  Draw(server, "invoices", 3);
  NextCall partial;
  Ask(partial, "invoices", 10);
  partial.allow_partial = true;
  server.Do(partial);
  EXPECT_EQ(IdsOf(partial), (Ids{4, 5}));
  EXPECT_EQ(partial.count, 2);
  NextCall none;
  Ask(none, "invoices", 10);
  none.allow_partial = true;
  server.Do(none);
  EXPECT_EQ(none.reason(), Reason::kSequenceExhausted);
}

TEST(EndTest, AllowPartialTakesWhatTheServerItselfHolds) {
  World world;
  Server server(world, SmallWindows());
  Create(server, "orders", Settings(12, 1, std::nullopt, 12));
  Draw(server, "orders", 2);
  NextCall partial;
  Ask(partial, "orders", 100);
  partial.allow_partial = true;
  server.Start(partial);
  Pass(world, kSecond, {&server});
  EXPECT_EQ(IdsOf(partial), (Ids{3, 4, 5, 6, 7, 8, 9, 10, 11, 12})) << partial.status();
}

TEST(EndTest, EveryIdIsIssuedBeforeTheSequenceIsExhausted) {
  World world;
  Server a(world, SmallWindows());
  Server b(world, SmallWindows());
  Create(a, "orders", Settings(100, 2, std::nullopt, 20));
  std::set<std::int64_t> ids;
  int exhausted = 0;
  for (int i = 0; i < 300 && exhausted < 4; ++i) {
    NextCall call;
    Ask(call, "orders");
    Server& server = i % 2 == 0 ? a : b;
    server.Start(call);
    for (int waits = 0; waits < 500 && !call.answered(); ++waits) {
      Pass(world, 10 * kMs, {&a, &b});
    }
    ASSERT_TRUE(call.answered());
    if (call.reason() == Reason::kSequenceExhausted) {
      ++exhausted;
      continue;
    }
    for (const std::int64_t id : IdsOf(call)) EXPECT_TRUE(ids.insert(id).second) << id;
  }
  EXPECT_EQ(ids.size(), 100U);
}

TEST(EndTest, IdsThatOthersHoldAreAskedFor) {
  World world;
  Server holder(world, SmallWindows());
  Server asker(world, SmallWindows());
  Create(holder, "orders", Settings(12, 1, std::nullopt, 12));
  EXPECT_EQ(Draw(holder, "orders"), Ids{1});
  NextCall call;
  Ask(call, "orders", 2);
  asker.Do(call);
  EXPECT_FALSE(call.answered()) << "It waits for what the other is asked to give back.";
  Pass(world, 2 * kSecond, {&holder, &asker});
  EXPECT_EQ(IdsOf(call), (Ids{2, 3}));
}

TEST(EndTest, AHolderThatIsSilentMakesTheCallerComeAgain) {
  World world;
  Server silent(world, SmallWindows());
  Server asker(world, SmallWindows());
  Create(silent, "orders", Settings(12, 1, std::nullopt, 12));
  Draw(silent, "orders");
  NextCall call;
  Ask(call, "orders", 2);
  asker.Start(call);
  Pass(world, 3 * kSecond, {&asker});
  EXPECT_EQ(call.reason(), Reason::kIdsHeldElsewhere);
  // Once its lease is over its rest is anybody's; only its window is lost.
  Pass(world, 65 * kSecond, {&asker});
  EXPECT_EQ(Draw(asker, "orders", 1), Ids{11});
}

TEST(EndTest, WithoutAutoCreateAnUnknownSequenceIsRefused) {
  World world;
  engine::EngineOptions options;
  options.auto_create = false;
  Server server(world, options);
  NextCall call;
  Ask(call, "orders");
  server.Do(call);
  EXPECT_EQ(call.reason(), Reason::kSequenceNotFound);
  EXPECT_EQ(world.Sequence("orders"), std::nullopt);
  Create(server, "orders", {});
  EXPECT_EQ(Draw(server, "orders"), Ids{1});
}

TEST(EndTest, FirstUseCreatesASequenceWithDefaults) {
  World world;
  Server server(world);
  EXPECT_EQ(Draw(server, "orders"), Ids{1});
  EXPECT_EQ(world.Sequence("orders")->settings, engine::SequenceSettings());
}

}  // namespace
}  // namespace mintmark::testing
