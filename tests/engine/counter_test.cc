// Counters: sums of a batch, overflow, what is deferred.
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

// A deferred increment, handed to a settled server.
std::unique_ptr<IncrCall> Defer(Server& server, std::int64_t delta,
                                Duration interval = 10 * kSecond) {
  auto call = std::make_unique<IncrCall>();
  Ask(*call, "hits", delta);
  call->deferred = true;
  call->update_interval = interval;
  server.Start(*call);
  return call;
}

std::int64_t Read(Server& server, const std::string& counter) {
  ReadCall call;
  call.counters = {counter};
  server.Do(call);
  EXPECT_TRUE(call.ok()) << call.status();
  return call.values.empty() ? 0 : call.values[0];
}

void Reset(Server& server, const std::string& counter, std::int64_t value) {
  CounterCall call;
  call.kind = engine::CounterCall::Kind::kReset;
  call.name = counter;
  call.value = value;
  server.Do(call);
  EXPECT_TRUE(call.ok()) << call.status();
}

TEST(CounterTest, DeltasOfABatchAreOneSumAndEachCallerGetsItsPrefix) {
  World world;
  Server server(world);
  Increment(server, "hits", 100);
  std::vector<std::unique_ptr<IncrCall>> calls;
  for (const std::int64_t delta : {5, -3, 0, 40}) {
    calls.push_back(std::make_unique<IncrCall>());
    Ask(*calls.back(), "hits", delta);
    server.Start(*calls.back());
  }
  std::unique_ptr<Batch> batch = server.Take();
  ASSERT_EQ(batch->adds.size(), 1U);
  EXPECT_EQ(batch->adds[0].sum, 42);
  server.Commit(std::move(batch));
  EXPECT_EQ(calls[0]->value, 105);
  EXPECT_EQ(calls[1]->value, 102);
  EXPECT_EQ(calls[2]->value, 102);
  EXPECT_EQ(calls[3]->value, 142);
  for (const auto& call : calls) EXPECT_TRUE(call->durable);
}

TEST(CounterTest, AnOverflowAmid400OthersFailsAlone) {
  World world;
  Server server(world);
  Reset(server, "hits", INT64_MAX - 1'000);
  std::vector<std::unique_ptr<IncrCall>> calls;
  for (int i = 0; i < 401; ++i) {
    calls.push_back(std::make_unique<IncrCall>());
    Ask(*calls.back(), "hits", i == 200 ? 2'000 : 1);
    server.Start(*calls.back());
  }
  server.Settle();
  for (std::size_t i = 0; i < calls.size(); ++i) {
    if (i == 200) {
      EXPECT_EQ(calls[i]->reason(), Reason::kCounterOverflow);
    } else {
      EXPECT_TRUE(calls[i]->ok()) << calls[i]->status();
    }
  }
  EXPECT_EQ(world.Counter("hits"), INT64_MAX - 600);
}

TEST(CounterTest, APrefixThatLeavesInt64FailsThoughTheSumFits) {
  World world;
  Server server(world);
  Reset(server, "hits", INT64_MAX - 1);
  IncrCall up;
  IncrCall down;
  Ask(up, "hits", 5);
  Ask(down, "hits", -10);
  server.Start(up);
  server.Start(down);
  server.Settle();
  EXPECT_EQ(up.reason(), Reason::kCounterOverflow);
  EXPECT_TRUE(down.ok());
  EXPECT_EQ(world.Counter("hits"), INT64_MAX - 11);
}

TEST(CounterTest, ReachesBothEndsOfInt64) {
  World world;
  Server server(world);
  EXPECT_EQ(Increment(server, "down", INT64_MIN), INT64_MIN);
  EXPECT_EQ(Increment(server, "down", INT64_MAX), -1);
  EXPECT_EQ(Increment(server, "up", INT64_MAX), INT64_MAX);
  EXPECT_EQ(Increment(server, "up", INT64_MIN), -1);
}

TEST(CounterTest, DeltasOfInt64MinShareABatch) {
  World world;
  Server server(world);
  Reset(server, "hits", INT64_MAX);
  std::vector<std::unique_ptr<IncrCall>> calls;
  for (const std::int64_t delta : {INT64_MIN, INT64_MIN, INT64_MAX, INT64_MIN}) {
    calls.push_back(std::make_unique<IncrCall>());
    Ask(*calls.back(), "hits", delta);
    server.Start(*calls.back());
  }
  server.Settle();
  std::int64_t value = INT64_MAX;
  for (const auto& call : calls) {
    if (!call->ok()) {
      EXPECT_EQ(call->reason(), Reason::kCounterOverflow);
      continue;
    }
    EXPECT_FALSE(__builtin_add_overflow(value, call->delta, &value));
  }
  EXPECT_EQ(world.Counter("hits"), value);
}

TEST(CounterTest, WithoutAutoCreateAnUnknownCounterIsRefused) {
  World world;
  engine::EngineOptions options;
  options.auto_create = false;
  Server server(world, options);
  IncrCall call;
  Ask(call, "hits");
  server.Do(call);
  EXPECT_EQ(call.reason(), Reason::kCounterNotFound);
  Reset(server, "hits", 5);
  EXPECT_EQ(Increment(server, "hits"), 6);
}

TEST(CounterTest, ACounterThatWasNeverUsedReadsAsZero) {
  World world;
  Server server(world);
  EXPECT_EQ(Read(server, "never"), 0);
  EXPECT_EQ(world.Counter("never"), std::nullopt);
  CounterCall get;
  get.name = "never";
  server.Do(get);
  EXPECT_EQ(get.reason(), Reason::kCounterNotFound);
}

TEST(CounterTest, ReadsKeepTheOrderAskedOverSeveralLanes) {
  World world;
  engine::EngineOptions options;
  options.lanes = 4;
  Server server(world, options);
  ReadCall read;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "counter-" + std::to_string(i);
    if (i % 3 != 0) Increment(server, name, i);
    read.counters.push_back(name);
  }
  read.counters.push_back("counter-1");
  server.Do(read);
  ASSERT_TRUE(read.ok()) << read.status();
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(read.values[static_cast<std::size_t>(i)], i % 3 != 0 ? i : 0);
  }
  EXPECT_EQ(read.values[20], 1);
}

// --- deferred

TEST(DeferredTest, IsAnsweredFromMemoryOnceTheValueIsKnown) {
  World world;
  Server server(world);
  const auto first = Defer(server, 1);
  EXPECT_FALSE(first->answered()) << "The first tells the value: it is committed.";
  server.Settle();
  EXPECT_TRUE(first->durable);
  const auto second = Defer(server, 5);
  ASSERT_TRUE(second->ok());
  EXPECT_EQ(second->value, 6);
  EXPECT_FALSE(second->durable);
  EXPECT_EQ(world.Counter("hits"), 1);
  EXPECT_EQ(Read(server, "hits"), 6) << "A read tells what this server holds back.";
}

TEST(DeferredTest, IsPersistedWhenTheEarliestIntervalEnds) {
  World world;
  Server server(world);
  Increment(server, "hits");
  const auto patient = Defer(server, 10, 100 * kSecond);
  const auto hasty = Defer(server, 100, 2 * kSecond);
  Pass(world, 1900 * kMs, {&server});
  EXPECT_EQ(world.Counter("hits"), 1);
  Pass(world, 200 * kMs, {&server});
  EXPECT_EQ(world.Counter("hits"), 111);
  EXPECT_EQ(server.Status().deferred_counters, 0);
}

TEST(DeferredTest, ACommittedIncrementTakesItAlong) {
  World world;
  Server server(world);
  Increment(server, "hits");
  const auto deferred = Defer(server, 10);
  IncrCall committed;
  Ask(committed, "hits", 100);
  server.Do(committed);
  EXPECT_EQ(committed.value, 111);
  EXPECT_EQ(world.Counter("hits"), 111);
  EXPECT_EQ(server.Status().deferred_counters, 0);
}

TEST(DeferredTest, WhatArrivesDuringItsCommitCountsOnTop) {
  World world;
  Server server(world);
  Increment(server, "hits");
  const auto before = Defer(server, 10);
  IncrCall committed;
  Ask(committed, "hits", 100);
  server.Start(committed);
  std::unique_ptr<Batch> batch = server.Take();
  const auto during = Defer(server, 1'000);
  ASSERT_TRUE(during->ok());
  EXPECT_EQ(during->value, 1'011) << "The best view: what is certain, and what is deferred.";
  server.Commit(std::move(batch));
  EXPECT_EQ(Read(server, "hits"), 1'111);
  Pass(world, 11 * kSecond, {&server});
  EXPECT_EQ(world.Counter("hits"), 1'111);
}

TEST(DeferredTest, WithARequestIdItIsCommitted) {
  World world;
  Server server(world);
  Increment(server, "hits");
  IncrCall call;
  Ask(call, "hits", 5, "key");
  call.deferred = true;
  server.Do(call);
  EXPECT_TRUE(call.durable);
  EXPECT_EQ(world.Counter("hits"), 6);
}

TEST(DeferredTest, NearTheEndsItIsCommitted) {
  World world;
  Server server(world);
  Increment(server, "hits", std::int64_t{1} << 62);
  const auto up = Defer(server, 1);
  EXPECT_FALSE(up->answered());
  server.Settle();
  EXPECT_TRUE(up->durable);
  const auto down = Defer(server, -2);
  EXPECT_TRUE(down->ok());
  EXPECT_FALSE(down->durable);
  server.Settle();
}

TEST(DeferredTest, OneThatIsOverdueIsNotAddedTo) {
  World world;
  Server server(world);
  Increment(server, "hits");
  const auto early = Defer(server, 10, kSecond);
  world.Move(kSecond);
  server.Tick();
  server.Bring(server.Take(), Kind::kUnavailable);  // The store is away.
  const auto late = Defer(server, 100);
  EXPECT_EQ(late->reason(), Reason::kStoreUnavailable);
  Pass(world, 3 * kSecond, {&server});
  EXPECT_EQ(world.Counter("hits"), 11) << "Kept over the batch that failed, and only that.";
}

TEST(DeferredTest, WhileTheStoreIsAwayItGoesOnUntilItIsDue) {
  World world;
  Server server(world);
  Increment(server, "hits");
  const auto early = Defer(server, 10, 5 * kSecond);
  world.Move(kSecond);
  server.Bring(server.Take(), Kind::kUnavailable);
  IncrCall committed;
  Ask(committed, "hits", 1);
  server.Start(committed);
  EXPECT_EQ(committed.reason(), Reason::kStoreUnavailable);
  const auto late = Defer(server, 100, 5 * kSecond);
  EXPECT_TRUE(late->ok());
  EXPECT_EQ(late->value, 111);
  Pass(world, 10 * kSecond, {&server});
  EXPECT_EQ(world.Counter("hits"), 111);
}

TEST(DeferredTest, DeltasThatCancelOutAskForNoCommit) {
  World world;
  Server server(world);
  Increment(server, "hits");
  const auto up = Defer(server, 5);
  const auto down = Defer(server, -5);
  EXPECT_EQ(down->value, 1);
  world.Move(11 * kSecond);
  server.Tick();
  server.Settle();
  server.BeginStop();
  Pass(world, kSecond, {&server});
  EXPECT_TRUE(server.engine().Stopped());
  EXPECT_EQ(world.Counter("hits"), 1);
}

TEST(DeferredTest, AnIntervalLongerThanAnIdleNamesLifeCostsNoTimers) {
  World world;
  Server server(world);
  Increment(server, "hits");
  const auto call = Defer(server, 5, std::chrono::hours(1));
  Pass(world, 70 * kSecond, {&server});
  EXPECT_GT(server.engine().NextWake(0), world.now() + 10 * kMs);
  Pass(world, std::chrono::hours(1), {&server});
  EXPECT_EQ(world.Counter("hits"), 6);
}

TEST(DeferredTest, CountsAfterAResetToo) {
  World world;
  Server server(world);
  Increment(server, "hits");
  const auto call = Defer(server, 5);
  Reset(server, "hits", 1'000);
  EXPECT_EQ(Read(server, "hits"), 1'005);
  const auto next = Defer(server, 1);
  EXPECT_FALSE(next->answered()) << "The value is to be learnt anew.";
  server.Settle();
  EXPECT_EQ(next->value, 1'006);
}

TEST(DeferredTest, AReadNearTheEndsDoesNotOverflow) {
  World world;
  Server server(world);
  Server other(world);
  Increment(server, "hits");
  const auto up = Defer(server, 5);
  Reset(other, "hits", INT64_MAX);
  EXPECT_EQ(Read(server, "hits"), INT64_MAX);
}

}  // namespace
}  // namespace mintmark::testing
