// The committer of a lane: what shares a batch, and what becomes of calls that
// come too late, are too many, or that the store does not take.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/harness.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using Kind = engine::BatchOutcome::Kind;

std::vector<std::string> NamesOf(const Batch& batch) {
  std::vector<std::string> names;
  for (const engine::CounterAdd& add : batch.adds) names.push_back(add.name);
  return names;
}

// Increments of `counter` by 1, handed to the server.
std::vector<std::unique_ptr<IncrCall>> StartMany(Server& server, const std::string& counter,
                                                 int count) {
  std::vector<std::unique_ptr<IncrCall>> calls;
  for (int i = 0; i < count; ++i) {
    calls.push_back(std::make_unique<IncrCall>());
    Ask(*calls.back(), counter);
    server.Start(*calls.back());
  }
  return calls;
}

TEST(CommitterTest, ALoneCallIsCommittedAtOnce) {
  World world;
  Server server(world);
  server.Settle();
  const int wakes = server.wakes();
  IncrCall call;
  Ask(call, "hits");
  server.Start(call);
  EXPECT_EQ(server.wakes(), wakes + 1);
  std::unique_ptr<Batch> batch = server.Take();
  ASSERT_NE(batch, nullptr);
  EXPECT_EQ(NamesOf(*batch), std::vector<std::string>{"hits"});
  server.Commit(std::move(batch));
  EXPECT_TRUE(call.ok());
  EXPECT_EQ(call.value, 1);
  EXPECT_EQ(server.Take(), nullptr);
}

TEST(CommitterTest, CallsThatArriveDuringACommitShareTheNext) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall first;
  IncrCall second;
  IncrCall third;
  Ask(first, "hits");
  Ask(second, "hits", 2);
  Ask(third, "hits", 3);
  server.Start(first);
  std::unique_ptr<Batch> batch = server.Take();
  server.Start(second);
  server.Start(third);
  EXPECT_EQ(server.Take(), nullptr) << "One batch a lane at a time.";
  server.Commit(std::move(batch));
  EXPECT_TRUE(first.ok());
  EXPECT_FALSE(second.answered());
  batch = server.Take();
  ASSERT_EQ(batch->adds.size(), 1U);
  EXPECT_EQ(batch->adds[0].sum, 5);
  server.Commit(std::move(batch));
  EXPECT_EQ(second.value, 3);
  EXPECT_EQ(third.value, 6);
}

TEST(CommitterTest, WakesItsDriverOnceForManyCalls) {
  World world;
  Server server(world);
  server.Settle();
  const int wakes = server.wakes();
  const auto calls = StartMany(server, "hits", 20);
  EXPECT_EQ(server.wakes(), wakes + 1);
  server.Settle();
  for (const auto& call : calls) EXPECT_TRUE(call->ok());
}

TEST(CommitterTest, NamesAreInByteOrder) {
  World world;
  Server server(world);
  server.Settle();
  std::vector<std::unique_ptr<IncrCall>> calls;
  for (const char* name : {"b", "a", "c", "B", "a/x"}) {
    calls.push_back(std::make_unique<IncrCall>());
    Ask(*calls.back(), name);
    server.Start(*calls.back());
  }
  std::unique_ptr<Batch> batch = server.Take();
  EXPECT_EQ(NamesOf(*batch), (std::vector<std::string>{"B", "a", "a/x", "b", "c"}));
  server.Commit(std::move(batch));
}

TEST(CommitterTest, ABatchTakesSoManyCalls) {
  World world;
  engine::EngineOptions options;
  options.max_batch_calls = 3;
  Server server(world, options);
  server.Settle();
  const auto calls = StartMany(server, "hits", 7);
  std::vector<std::int64_t> sums;
  while (std::unique_ptr<Batch> batch = server.Take()) {
    for (const engine::CounterAdd& add : batch->adds) sums.push_back(add.sum);
    server.Commit(std::move(batch));
  }
  EXPECT_EQ(sums, (std::vector<std::int64_t>{3, 3, 1}));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(calls[i]->value, static_cast<std::int64_t>(i) + 1) << "First come, first served.";
  }
}

TEST(CommitterTest, ABatchTakesSoManyNames) {
  World world;
  engine::EngineOptions options;
  options.max_batch_names = 2;
  Server server(world, options);
  server.Settle();
  std::vector<std::unique_ptr<IncrCall>> calls;
  for (const char* name : {"a", "b", "c", "d", "e"}) {
    calls.push_back(std::make_unique<IncrCall>());
    Ask(*calls.back(), name);
    server.Start(*calls.back());
  }
  while (std::unique_ptr<Batch> batch = server.Take()) {
    EXPECT_LE(batch->adds.size(), 2U);
    server.Commit(std::move(batch));
  }
  for (const auto& call : calls) EXPECT_TRUE(call->ok());
}

TEST(CommitterTest, ANameWithManyCallersKeepsNobodyOut) {
  World world;
  engine::EngineOptions options;
  options.max_batch_calls = 100;
  Server server(world, options);
  Create(server, "a", Settings(std::nullopt, 0, std::nullopt));
  Create(server, "b", Settings(std::nullopt, 0, std::nullopt));
  std::vector<std::unique_ptr<NextCall>> hot;
  const auto add_hot = [&](int count) {
    for (int i = 0; i < count; ++i) {
      hot.push_back(std::make_unique<NextCall>());
      Ask(*hot.back(), "a");
      server.Start(*hot.back());
    }
  };
  add_hot(300);
  NextCall call;
  Ask(call, "b");
  server.Start(call);
  for (int batches = 0; batches < 5; ++batches) {
    server.Step();
    add_hot(100);
  }
  EXPECT_TRUE(call.ok());
  server.Settle();
}

TEST(CommitterTest, CallersBeyondTheBoundAreOverloaded) {
  World world;
  engine::EngineOptions options;
  options.max_waiting = 2;
  Server server(world, options);
  server.Settle();
  const auto calls = StartMany(server, "hits", 3);
  EXPECT_FALSE(calls[1]->answered());
  EXPECT_EQ(calls[2]->reason(), Reason::kOverloaded);
  EXPECT_EQ(calls[2]->code(), absl::StatusCode::kResourceExhausted);
  server.Settle();
  EXPECT_EQ(world.Counter("hits"), 2);
  EXPECT_EQ(Increment(server, "hits"), 3) << "There is room again.";
}

// --- deadlines

TEST(DeadlineTest, ACallThatArrivesTooLateIsNotExecuted) {
  World world;
  Server server(world);
  IncrCall call;
  Ask(call, "hits");
  call.deadline = world.now();
  server.Do(call);
  EXPECT_EQ(call.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(call.answers(), 1);
  EXPECT_EQ(world.Counter("hits"), std::nullopt);
}

TEST(DeadlineTest, ACallWhoseTimeEndsInLineIsNotExecuted) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall in_line;
  IncrCall other;
  Ask(in_line, "hits");
  Ask(other, "hits", 10);
  in_line.deadline = world.now() + 5 * kMs;
  server.Start(in_line);
  server.Start(other);
  world.Move(5 * kMs);
  server.Tick();
  EXPECT_EQ(in_line.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(in_line.reason(), Reason::kUnspecified);
  server.Settle();
  EXPECT_EQ(world.Counter("hits"), 10);
  EXPECT_EQ(in_line.answers(), 1);
}

TEST(DeadlineTest, TheBatchLooksAtTheTimeToo) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(std::nullopt, 0, std::nullopt));
  IncrCall incr;
  NextCall next;
  Ask(incr, "hits");
  Ask(next, "invoices");
  incr.deadline = next.deadline = world.now() + 5 * kMs;
  server.Start(incr);
  server.Start(next);
  world.Move(6 * kMs);
  server.Settle();  // No tick came in between.
  EXPECT_EQ(incr.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(next.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(Draw(server, "invoices"), std::vector<std::int64_t>{1});
}

TEST(DeadlineTest, ACallWhoseTimeEndsInItsBatchIsInDoubtAndNotRunAgain) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall call;
  Ask(call, "hits");
  call.deadline = world.now() + kSecond;
  server.Start(call);
  std::unique_ptr<Batch> batch = server.Take();
  world.Move(kSecond);
  server.Tick();
  EXPECT_EQ(call.reason(), Reason::kCommitInDoubt);
  EXPECT_EQ(call.code(), absl::StatusCode::kUnknown);
  server.Bring(std::move(batch), Kind::kConflict);  // Nothing had happened.
  server.Settle();
  EXPECT_EQ(call.answers(), 1);
  EXPECT_EQ(world.Counter("hits"), std::nullopt);
}

TEST(DeadlineTest, WhatWasDrawnForACallerWhoIsGoneServesNobodyElse) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(std::nullopt, 0, std::nullopt));
  EXPECT_EQ(Draw(server, "invoices"), std::vector<std::int64_t>{1});
  NextCall gone;
  NextCall there;
  Ask(gone, "invoices", 3);
  Ask(there, "invoices", 2);
  gone.deadline = world.now() + kSecond;
  server.Start(gone);
  server.Start(there);
  std::unique_ptr<Batch> batch = server.Take();
  world.Move(kSecond);
  server.Tick();
  EXPECT_EQ(gone.reason(), Reason::kCommitInDoubt);
  server.Commit(std::move(batch));
  EXPECT_EQ(IdsOf(there), (std::vector<std::int64_t>{5, 6}));
  EXPECT_EQ(Draw(server, "invoices"), std::vector<std::int64_t>{7});
}

// --- what the store does not take

TEST(RefusalTest, AConflictIsPlannedAnewAndNobodyIsTold) {
  World world;
  Server server(world);
  server.Settle();
  const auto calls = StartMany(server, "hits", 3);
  server.Bring(server.Take(), Kind::kConflict);
  for (const auto& call : calls) EXPECT_FALSE(call->answered());
  server.Settle();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(calls[static_cast<std::size_t>(i)]->value, i + 1);
}

// Commits whatever the lane has, but refuses batches that touch `poisoned`.
int CommitAllBut(Server& server, const std::string& poisoned, int most_batches) {
  int refused = 0;
  for (int i = 0; i < most_batches; ++i) {
    std::unique_ptr<Batch> batch = server.Take();
    if (batch == nullptr) break;
    bool poison = false;
    for (const std::string& name : NamesOf(*batch)) poison = poison || name == poisoned;
    refused += poison ? 1 : 0;
    if (poison) {
      server.Bring(std::move(batch), Kind::kRefused);
    } else {
      server.Commit(std::move(batch));
    }
  }
  return refused;
}

TEST(RefusalTest, OnlyThePoisonedNameFails) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall poisoned;
  Ask(poisoned, "name-37");
  std::vector<std::unique_ptr<IncrCall>> calls;
  for (int i = 0; i < 100; ++i) {
    if (i == 37) {
      server.Start(poisoned);
      continue;
    }
    calls.push_back(std::make_unique<IncrCall>());
    Ask(*calls.back(), "name-" + std::to_string(i));
    server.Start(*calls.back());
  }
  const int refused = CommitAllBut(server, "name-37", 1'000);
  EXPECT_EQ(poisoned.reason(), Reason::kStoreUnavailable);
  EXPECT_LE(refused, 8) << "It is halved until it is found.";
  for (const auto& call : calls) EXPECT_TRUE(call->ok()) << call->counter << call->status();
}

TEST(RefusalTest, ThePoisonedNameIsFoundWhileOthersKeepComing) {
  World world;
  engine::EngineOptions options;
  options.max_batch_names = 64;
  Server server(world, options);
  server.Settle();
  IncrCall poisoned;
  Ask(poisoned, "poison");
  server.Start(poisoned);
  std::vector<std::unique_ptr<IncrCall>> calls;
  for (int i = 0; i < 400 && !poisoned.answered(); ++i) {
    for (int k = 0; k < 40; ++k) {
      calls.push_back(std::make_unique<IncrCall>());
      Ask(*calls.back(), "name-" + std::to_string(calls.size() % 500));
      server.Start(*calls.back());
    }
    CommitAllBut(server, "poison", 1);
  }
  EXPECT_EQ(poisoned.reason(), Reason::kStoreUnavailable);
  server.Settle();
  for (const auto& call : calls) EXPECT_TRUE(call->ok());
}

TEST(RefusalTest, ARefusedNameIsTriedAgainLater) {
  World world;
  Server server(world);
  server.Settle();
  IncrCall first;
  IncrCall second;
  Ask(first, "hits");
  Ask(second, "hits");
  server.Start(first);
  server.Bring(server.Take(), Kind::kRefused);
  EXPECT_EQ(first.reason(), Reason::kStoreUnavailable);
  server.Start(second);
  Pass(world, 2 * kSecond, {&server});
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST(RefusalTest, WhileBatchesAreRefusedHeartbeatsKeepTheLease) {
  World world;
  Server server(world);
  server.Settle();
  const auto calls = StartMany(server, "poison", 1);
  IncrCall other;
  Ask(other, "name");
  server.Start(other);
  server.Bring(server.Take(), Kind::kRefused);
  world.Move(40 * kSecond);
  std::unique_ptr<Batch> batch = server.Take();
  ASSERT_NE(batch, nullptr);
  EXPECT_TRUE(batch->adds.empty());
  EXPECT_TRUE(batch->list_sessions);
  server.Commit(std::move(batch));
  server.Settle();
}

}  // namespace
}  // namespace mintmark::testing
