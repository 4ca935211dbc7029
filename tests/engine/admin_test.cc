// Admin calls on sequences: what they say of what they did, in every outcome.
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <utility>

#include "gtest/gtest.h"
#include "tests/engine/harness.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using AdminKind = engine::SequenceCall::Kind;
using Kind = engine::BatchOutcome::Kind;

std::unique_ptr<SequenceCall> ChunkSize(const std::string& name, std::int64_t chunk_size) {
  auto call = std::make_unique<SequenceCall>();
  Ask(*call, AdminKind::kUpdate, name);
  call->patch.chunk_size = std::optional<std::int64_t>(chunk_size);
  return call;
}

// Commits until the change itself is in the batch that it returns.
std::unique_ptr<Batch> TakeChange(Server& server) {
  for (int i = 0; i < 10; ++i) {
    std::unique_ptr<Batch> batch = server.Take();
    if (batch == nullptr || !batch->changes.empty()) return batch;
    server.Commit(std::move(batch));
  }
  return nullptr;
}

TEST(AdminTest, CreatesOnce) {
  World world;
  Server server(world);
  Create(server, "orders", Settings(100, 4, 10));
  SequenceCall again;
  Ask(again, AdminKind::kCreate, "orders");
  server.Do(again);
  EXPECT_EQ(again.reason(), Reason::kSequenceAlreadyExists);
  EXPECT_EQ(world.Sequence("orders")->settings.space.max_id, 100);
}

TEST(AdminTest, InvalidSettingsChangeNothing) {
  World world;
  Server server(world);
  SequenceCall create;
  Ask(create, AdminKind::kCreate, "orders");
  create.patch = Settings(100, 0, 10);
  server.Do(create);
  EXPECT_EQ(create.reason(), Reason::kSequenceInvalid);
  EXPECT_EQ(world.Sequence("orders"), std::nullopt);
}

TEST(AdminTest, GetShowsWhatIsLeft) {
  World world;
  Server server(world, SmallWindows());
  Create(server, "orders", Settings(100, 4, std::nullopt, 20));
  Draw(server, "orders");
  SequenceCall get;
  Ask(get, AdminKind::kGet, "orders");
  server.Do(get);
  ASSERT_TRUE(get.ok());
  EXPECT_EQ(get.view.next_id, 21);
  // 80 in the master, 10 of the chunk above the window.
  EXPECT_EQ(get.view.remaining, 90);
  EXPECT_EQ(get.view.effective_max_gap, 10);
}

TEST(AdminTest, OfASequenceThatIsUsedUpTheNextIdIsBeyondTheLast) {
  World world;
  Server server(world);
  engine::SettingsPatch patch = Settings(kMaxId, 0, std::nullopt);
  patch.min_id = kMaxId;
  Create(server, "one", patch);
  Draw(server, "one");
  SequenceCall get;
  Ask(get, AdminKind::kGet, "one");
  server.Do(get);
  EXPECT_EQ(get.view.next_id, INT64_MAX);
  EXPECT_EQ(get.view.remaining, 0);
}

TEST(AdminTest, TheBoundShownIsTheOneInForce) {
  World world;
  Server server(world);
  Create(server, "orders", Settings(100'000, 4, 1'000));
  Draw(server, "orders");
  SequenceCall update;
  Ask(update, AdminKind::kUpdate, "orders");
  update.patch.max_gap = std::optional<std::int64_t>(10);
  server.Do(update);
  ASSERT_TRUE(update.ok());
  std::int64_t largest = 0;
  for (const store::StoredShard& shard : world.Shards("orders")) {
    if (shard.owner.has_value()) largest = std::max(largest, shard.ceiling - shard.window_start);
  }
  EXPECT_GE(update.view.effective_max_gap, largest);
}

TEST(AdminTest, AnEtagHasToMatch) {
  World world;
  Server server(world);
  Create(server, "orders", {});
  SequenceCall get;
  Ask(get, AdminKind::kGet, "orders");
  server.Do(get);
  const auto first = ChunkSize("orders", 10);
  first->etag = get.view.etag;
  server.Do(*first);
  ASSERT_TRUE(first->ok()) << first->status();
  EXPECT_NE(first->view.etag, get.view.etag);
  const auto second = ChunkSize("orders", 20);
  second->etag = get.view.etag;
  server.Do(*second);
  EXPECT_EQ(second->reason(), Reason::kEtagMismatch);
  SequenceCall remove;
  Ask(remove, AdminKind::kDelete, "orders");
  remove.etag = get.view.etag;
  server.Do(remove);
  EXPECT_EQ(remove.reason(), Reason::kEtagMismatch);
  EXPECT_EQ(world.Sequence("orders")->settings.chunk_size, 10);
}

TEST(AdminTest, AnEtagThatIsOvertakenMeanwhileIsAMismatch) {
  World world;
  Server a(world);
  Server b(world);
  Create(a, "orders", {});
  b.Settle();
  SequenceCall get;
  Ask(get, AdminKind::kGet, "orders");
  a.Do(get);
  const auto at_a = ChunkSize("orders", 10);
  const auto at_b = ChunkSize("orders", 20);
  at_a->etag = at_b->etag = get.view.etag;
  a.Start(*at_a);
  b.Start(*at_b);
  a.Step();
  b.Step();
  a.Settle();
  b.Settle();
  EXPECT_TRUE(at_a->ok()) << at_a->status();
  EXPECT_EQ(at_b->reason(), Reason::kEtagMismatch);
  EXPECT_EQ(world.Sequence("orders")->settings.chunk_size, 10);
}

TEST(AdminTest, WhatDoesNotExistIsNotFound) {
  World world;
  Server server(world);
  for (const AdminKind kind :
       {AdminKind::kGet, AdminKind::kUpdate, AdminKind::kReset, AdminKind::kDelete}) {
    SequenceCall call;
    Ask(call, kind, "orders");
    server.Do(call);
    EXPECT_EQ(call.reason(), Reason::kSequenceNotFound);
  }
  EXPECT_EQ(world.Sequence("orders"), std::nullopt);
}

// --- the truth in every outcome

TEST(AdminOutcomeTest, AChangeInDoubtIsNotCalledUnavailable) {
  World world;
  Server server(world);
  Create(server, "orders", {});
  const auto update = ChunkSize("orders", 77);
  server.Start(*update);
  server.LoseAnswer(TakeChange(server));
  server.Bring(server.Take(), Kind::kUnavailable);
  NextCall next;
  Ask(next, "orders");
  server.Start(next);
  EXPECT_EQ(next.reason(), Reason::kStoreUnavailable);
  EXPECT_FALSE(update->answered()) << update->status();
  Pass(world, 3 * kSecond, {&server});
  EXPECT_TRUE(update->ok()) << update->status();
}

TEST(AdminOutcomeTest, WhoWaitsForADrainIsNotToldThatNothingChanged) {
  World world;
  Server server(world);
  Server holder(world);
  Draw(holder, "orders");
  SequenceCall remove;
  Ask(remove, AdminKind::kDelete, "orders");
  server.Start(remove);
  server.Commit(TakeChange(server));
  ASSERT_EQ(world.Sequence("orders")->drain, engine::DrainKind::kDelete);
  world.Move(kSecond);
  server.Bring(server.Take(), Kind::kUnavailable);
  EXPECT_FALSE(remove.answered()) << remove.status();
  Pass(world, 5 * kSecond, {&server, &holder});
  EXPECT_TRUE(remove.ok()) << remove.status();
}

TEST(AdminOutcomeTest, ACreationWhoseTimeEndsInItsBatchIsInDoubt) {
  World world;
  Server server(world);
  server.Settle();
  SequenceCall create;
  Ask(create, AdminKind::kCreate, "orders");
  create.deadline = world.now() + kSecond;
  server.Start(create);
  std::unique_ptr<Batch> batch = server.Take();
  world.Move(kSecond);
  server.Tick();
  EXPECT_EQ(create.reason(), Reason::kCommitInDoubt);
  server.Commit(std::move(batch));
  server.Settle();
  EXPECT_EQ(create.answers(), 1);
}

TEST(AdminOutcomeTest, ALookWhoseTimeEndsInItsBatchWasNotExecuted) {
  World world;
  Server server(world);
  Create(server, "orders", {});
  SequenceCall get;
  Ask(get, AdminKind::kGet, "orders");
  get.deadline = world.now() + kSecond;
  server.Start(get);
  std::unique_ptr<Batch> batch = server.Take();
  world.Move(kSecond);
  server.Tick();
  EXPECT_EQ(get.code(), absl::StatusCode::kDeadlineExceeded);
  server.Commit(std::move(batch));
  EXPECT_EQ(get.answers(), 1);
}

TEST(AdminOutcomeTest, AChangeWhoseTimeEndsBeforeItIsShownIsInDoubt) {
  World world;
  Server server(world);
  Create(server, "orders", {});
  const auto update = ChunkSize("orders", 77);
  update->deadline = world.now() + kSecond;
  server.Start(*update);
  server.Commit(TakeChange(server));
  ASSERT_EQ(world.Sequence("orders")->settings.chunk_size, 77);
  world.Move(kSecond);
  server.Tick();
  EXPECT_EQ(update->reason(), Reason::kCommitInDoubt) << update->status();
  server.Settle();
}

TEST(AdminOutcomeTest, ANewCallAtTheAddressOfAnOldOneIsAnother) {
  World world;
  Server server(world);
  Create(server, "orders", {});
  alignas(SequenceCall) unsigned char room[sizeof(SequenceCall)];
  auto* update = new (room) SequenceCall;
  Ask(*update, AdminKind::kUpdate, "orders");
  update->patch.max_gap = std::optional<std::int64_t>(0);
  update->deadline = world.now() + kSecond;
  server.Start(*update);
  std::unique_ptr<Batch> batch = TakeChange(server);
  world.Move(kSecond);
  server.Tick();
  ASSERT_EQ(update->reason(), Reason::kCommitInDoubt);
  update->~SequenceCall();
  auto* remove = new (room) SequenceCall;
  Ask(*remove, AdminKind::kDelete, "orders");
  server.Start(*remove);
  server.Commit(std::move(batch));
  Pass(world, 3 * kSecond, {&server});
  EXPECT_TRUE(remove->ok()) << remove->status();
  EXPECT_EQ(world.Sequence("orders"), std::nullopt);
  remove->~SequenceCall();
}

TEST(AdminOutcomeTest, CallsOnOneSequenceRunOneAfterTheOther) {
  World world;
  Server server(world);
  Create(server, "orders", {});
  std::vector<std::unique_ptr<SequenceCall>> calls;
  for (std::int64_t i = 1; i <= 5; ++i) {
    calls.push_back(ChunkSize("orders", i));
    server.Start(*calls.back());
  }
  SequenceCall get;
  Ask(get, AdminKind::kGet, "orders");
  server.Start(get);
  server.Settle();
  for (const auto& call : calls) EXPECT_TRUE(call->ok()) << call->status();
  EXPECT_EQ(get.view.row.settings.chunk_size, 5);
}

TEST(AdminOutcomeTest, AStoppingServerDoesNotWaitForADrain) {
  World world;
  Server server(world);
  Server silent(world);
  Draw(silent, "orders");
  SequenceCall remove;
  Ask(remove, AdminKind::kDelete, "orders");
  server.Start(remove);
  server.Commit(TakeChange(server));
  server.BeginStop();
  Pass(world, kSecond, {&server});
  EXPECT_EQ(remove.reason(), Reason::kShuttingDown);
  EXPECT_TRUE(server.engine().Stopped());
}

TEST(ListTest, PagesInByteOrderOfNames) {
  World world;
  Server server(world);
  for (const char* name : {"b/2", "a", "b/1", "b", "c"}) Create(server, name, {});
  ListCall list;
  list.prefix = "b";
  list.limit = 2;
  server.Do(list);
  ASSERT_EQ(list.sequences.size(), 2U);
  EXPECT_EQ(list.sequences[0].row.name, "b");
  EXPECT_EQ(list.sequences[1].row.name, "b/1");
  ListCall next;
  next.prefix = "b";
  next.after = "b/1";
  server.Do(next);
  ASSERT_EQ(next.sequences.size(), 1U);
  EXPECT_EQ(next.sequences[0].row.name, "b/2");
}

TEST(ListTest, CountersAreShownWithWhatIsHeldBack) {
  World world;
  Server server(world);
  Increment(server, "hits");
  IncrCall deferred;
  Ask(deferred, "hits", 10);
  deferred.deferred = true;
  server.Do(deferred);
  ListCall list;
  list.of = ListCall::Of::kCounters;
  server.Do(list);
  ASSERT_EQ(list.counters.size(), 1U);
  EXPECT_EQ(list.counters[0].value, 11);
}

}  // namespace
}  // namespace mintmark::testing
