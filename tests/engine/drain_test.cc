// Resets, deletions and tighter limits: they return once nobody can issue from
// what was before.
#include <cstdint>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/harness.h"

namespace mintmark::testing {
namespace {

using AdminKind = engine::SequenceCall::Kind;
using Ids = std::vector<std::int64_t>;

constexpr Duration kLease = std::chrono::seconds(60);

std::unique_ptr<SequenceCall> Admin(AdminKind kind, const std::string& name) {
  auto call = std::make_unique<SequenceCall>();
  Ask(*call, kind, name);
  call->allow_reuse = true;
  return call;
}

std::unique_ptr<SequenceCall> Update(const std::string& name, const engine::SettingsPatch& patch) {
  std::unique_ptr<SequenceCall> call = Admin(AdminKind::kUpdate, name);
  call->patch = patch;
  return call;
}

TEST(ResetTest, StartsANewGeneration) {
  World world;
  Server server(world, SmallWindows());
  Create(server, "orders", Settings(1'000, 4, std::nullopt, 50));
  NextCall before;
  Ask(before, "orders", 5);
  server.Do(before);
  const auto reset = Admin(AdminKind::kReset, "orders");
  server.Start(*reset);
  Pass(world, kSecond, {&server});
  ASSERT_TRUE(reset->ok()) << reset->status();
  EXPECT_GT(reset->view.row.generation, before.generation);
  EXPECT_EQ(reset->view.next_id, 1);
  NextCall after;
  Ask(after, "orders");
  server.Do(after);
  EXPECT_EQ(IdsOf(after), Ids{1});
  EXPECT_EQ(after.generation, reset->view.row.generation);
}

TEST(ResetTest, WaitsUntilTheOthersGaveBack) {
  World world;
  Server holder(world, SmallWindows());
  Server admin(world, SmallWindows());
  Draw(holder, "orders");
  const auto reset = Admin(AdminKind::kReset, "orders");
  admin.Start(*reset);
  Pass(world, 500 * kMs, {&admin});
  EXPECT_FALSE(reset->answered()) << "The holder has not been heard of.";
  NextCall still;
  Ask(still, "orders");
  holder.Start(still);
  EXPECT_TRUE(still.ok()) << "It has not learnt of the reset, and its lease holds.";
  Pass(world, 2 * kSecond, {&holder, &admin});
  ASSERT_TRUE(reset->ok()) << reset->status();
  NextCall after;
  Ask(after, "orders");
  holder.Do(after);
  EXPECT_EQ(after.generation, reset->view.row.generation);
}

TEST(ResetTest, ASilentHolderIsWaitedForALease) {
  World world;
  Server silent(world, SmallWindows());
  Server admin(world, SmallWindows());
  Draw(silent, "orders");
  const auto reset = Admin(AdminKind::kReset, "orders");
  admin.Start(*reset);
  Pass(world, kLease - kSecond, {&admin});
  EXPECT_FALSE(reset->answered());
  Pass(world, 4 * kSecond, {&admin});
  ASSERT_TRUE(reset->ok()) << reset->status();
  // The silent one comes back and issues nothing of before.
  NextCall after;
  Ask(after, "orders");
  silent.Start(after);
  EXPECT_FALSE(after.answered());
  Pass(world, 2 * kSecond, {&silent, &admin});
  EXPECT_EQ(after.generation, reset->view.row.generation);
}

TEST(ResetTest, AnyServerFinishesWhatACrashedOneBegan) {
  World world;
  Server holder(world, SmallWindows());
  Draw(holder, "orders");
  const auto reset = Admin(AdminKind::kReset, "orders");
  {
    Server crashed(world, SmallWindows());
    crashed.Start(*reset);
    for (int i = 0; i < 4; ++i) crashed.Step();
  }
  ASSERT_EQ(world.Sequence("orders")->drain, engine::DrainKind::kReset);
  Server other(world, SmallWindows());
  NextCall call;
  Ask(call, "orders");
  other.Start(call);
  Pass(world, 5 * kSecond, {&holder, &other});
  EXPECT_EQ(world.Sequence("orders")->drain, engine::DrainKind::kNone);
  EXPECT_EQ(Draw(other, "orders").size(), 1U);
}

TEST(ResetTest, WhoDrawsMeanwhileWaitsAndIsToldToComeAgain) {
  World world;
  Server silent(world, SmallWindows());
  Server admin(world, SmallWindows());
  Draw(silent, "orders");
  const auto reset = Admin(AdminKind::kReset, "orders");
  admin.Start(*reset);
  Pass(world, 200 * kMs, {&admin});
  NextCall call;
  Ask(call, "orders");
  admin.Start(call);
  Pass(world, 500 * kMs, {&admin});
  EXPECT_FALSE(call.answered());
  Pass(world, kSecond, {&admin});
  EXPECT_EQ(call.reason(), Reason::kDraining);
}

TEST(ResetTest, BackwardOnlyWithAllowReuse) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(1'000, 0, std::nullopt));
  Draw(server, "invoices", 10);
  auto reset = Admin(AdminKind::kReset, "invoices");
  reset->allow_reuse = false;
  reset->next_id = 5;
  server.Do(*reset);
  EXPECT_EQ(reset->reason(), Reason::kWouldReuseIds);
  reset = Admin(AdminKind::kReset, "invoices");
  reset->allow_reuse = false;
  reset->next_id = 500;
  server.Start(*reset);
  Pass(world, kSecond, {&server});
  ASSERT_TRUE(reset->ok()) << reset->status();
  EXPECT_EQ(Draw(server, "invoices"), Ids{500});
}

TEST(ResetTest, RequestIdsOutliveIt) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(1'000, 0, std::nullopt));
  NextCall first;
  Ask(first, "invoices", 2, "key");
  server.Do(first);
  const auto reset = Admin(AdminKind::kReset, "invoices");
  server.Start(*reset);
  Pass(world, kSecond, {&server});
  NextCall again;
  Ask(again, "invoices", 2, "key");
  server.Do(again);
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.generation, first.generation);
  EXPECT_EQ(IdsOf(again), IdsOf(first));
}

TEST(DeleteTest, WhatIsMadeAgainIsANewOne) {
  World world;
  Server server(world, SmallWindows());
  Server other(world, SmallWindows());
  NextCall before;
  Ask(before, "orders", 3);
  other.Do(before);
  const auto remove = Admin(AdminKind::kDelete, "orders");
  server.Start(*remove);
  Pass(world, 3 * kSecond, {&server, &other});
  ASSERT_TRUE(remove->ok()) << remove->status();
  EXPECT_EQ(world.Sequence("orders"), std::nullopt);
  EXPECT_TRUE(world.Shards("orders").empty());
  NextCall after;
  Ask(after, "orders");
  other.Do(after);
  EXPECT_EQ(IdsOf(after), Ids{1});
  EXPECT_GT(after.generation, before.generation);
}

TEST(DeleteTest, WithoutAutoCreateItIsGone) {
  World world;
  engine::EngineOptions options = SmallWindows();
  options.auto_create = false;
  Server server(world, options);
  Create(server, "orders", {});
  Draw(server, "orders");
  const auto remove = Admin(AdminKind::kDelete, "orders");
  server.Start(*remove);
  Pass(world, kSecond, {&server});
  ASSERT_TRUE(remove->ok()) << remove->status();
  NextCall call;
  Ask(call, "orders");
  server.Do(call);
  EXPECT_EQ(call.reason(), Reason::kSequenceNotFound);
  const auto again = Admin(AdminKind::kDelete, "orders");
  server.Do(*again);
  EXPECT_EQ(again->reason(), Reason::kSequenceNotFound);
}

// --- tighter limits

TEST(TightenTest, ALowerMaxIdClipsWhatIsOut) {
  World world;
  Server server(world, SmallWindows());
  Server other(world, SmallWindows());
  Create(server, "orders", Settings(1'000, 4, std::nullopt, 100));
  EXPECT_EQ(Draw(server, "orders", 3), (Ids{1, 2, 3}));
  EXPECT_EQ(Draw(other, "orders"), Ids{101});
  engine::SettingsPatch patch;
  patch.max_id = 6;
  const auto update = Update("orders", patch);
  server.Start(*update);
  Pass(world, 3 * kSecond, {&server, &other});
  ASSERT_TRUE(update->ok()) << update->status();
  std::set<std::int64_t> ids;
  for (int i = 0; i < 3; ++i) {
    NextCall call;
    Ask(call, "orders");
    (i % 2 == 0 ? server : other).Start(call);
    Pass(world, 3 * kSecond, {&server, &other});
    ASSERT_TRUE(call.ok()) << call.status();
    ids.insert(IdsOf(call).front());
  }
  EXPECT_EQ(ids, (std::set<std::int64_t>{4, 5, 6}));
  NextCall call;
  Ask(call, "orders");
  server.Start(call);
  Pass(world, 3 * kSecond, {&server, &other});
  EXPECT_EQ(call.reason(), Reason::kSequenceExhausted);
}

TEST(TightenTest, ToGaplessNothingIsLostFromThenOn) {
  World world;
  Server server(world);
  Server other(world);
  Create(server, "orders", Settings(1'000, 2, 20, 40));
  Draw(server, "orders", 3);
  Draw(other, "orders", 2);
  engine::SettingsPatch patch;
  patch.max_gap = std::optional<std::int64_t>(0);
  const auto update = Update("orders", patch);
  other.Start(*update);
  Pass(world, 3 * kSecond, {&server, &other});
  ASSERT_TRUE(update->ok()) << update->status();
  EXPECT_EQ(update->view.effective_max_gap, 0);
  EXPECT_EQ(Draw(server, "orders"), Ids{4});
  for (const store::StoredShard& shard : world.Shards("orders")) {
    EXPECT_TRUE(!shard.owner.has_value() || shard.ceiling == 5) << shard.ceiling;
  }
  server.Settle();
}

TEST(TightenTest, ToStrictRestsComeFirstAndInOrder) {
  World world;
  Server server(world, SmallWindows());
  Server other(world, SmallWindows());
  Create(server, "orders", Settings(200, 4, std::nullopt, 20));
  EXPECT_EQ(Draw(server, "orders"), Ids{1});
  EXPECT_EQ(Draw(other, "orders"), Ids{21});
  engine::SettingsPatch patch;
  patch.shards = 0;
  const auto update = Update("orders", patch);
  server.Start(*update);
  Pass(world, 3 * kSecond, {&server, &other});
  ASSERT_TRUE(update->ok()) << update->status();
  std::int64_t last = 0;
  std::int64_t count = 0;
  for (; count < 198; ++count) {
    const Ids ids = Draw(count % 2 == 0 ? server : other, "orders");
    ASSERT_EQ(ids.size(), 1U);
    EXPECT_GT(ids[0], last);
    last = ids[0];
  }
  EXPECT_EQ(last, 200);
}

TEST(TightenTest, AUpdateThatLoosensHoldsAtOnce) {
  World world;
  Server server(world, SmallWindows());
  Server silent(world, SmallWindows());
  Create(server, "orders", Settings(1'000, 1, 10, 50));
  Draw(silent, "orders");
  engine::SettingsPatch patch = Settings(2'000, 8, 100, 70);
  const auto update = Update("orders", patch);
  server.Do(*update);
  ASSERT_TRUE(update->ok()) << update->status();
  EXPECT_EQ(world.Sequence("orders")->settings.shards, 8);
  EXPECT_EQ(world.Sequence("orders")->settings.space.max_id, 2'000);
  EXPECT_EQ(Draw(server, "orders").size(), 1U);
}

TEST(TightenTest, TwoDrainsDoNotRunAtOnce) {
  World world;
  Server server(world, SmallWindows());
  Server silent(world, SmallWindows());
  Draw(silent, "orders");
  const auto first = Admin(AdminKind::kReset, "orders");
  server.Start(*first);
  Pass(world, 200 * kMs, {&server});
  Server other(world, SmallWindows());
  const auto second = Admin(AdminKind::kDelete, "orders");
  other.Do(*second);
  EXPECT_EQ(second->reason(), Reason::kDraining);
  Pass(world, kLease + 5 * kSecond, {&server});
  EXPECT_TRUE(first->ok()) << first->status();
}

TEST(TightenTest, OfTwoUpdatesAtOneTimeBothHold) {
  World world;
  Server a(world);
  Server b(world);
  Create(a, "orders", Settings(1'000, 1, 10, 50));
  b.Settle();
  engine::SettingsPatch chunk;
  chunk.chunk_size = std::optional<std::int64_t>(77);
  engine::SettingsPatch gap;
  gap.max_gap = std::optional<std::int64_t>(33);
  const auto at_a = Update("orders", chunk);
  const auto at_b = Update("orders", gap);
  a.Start(*at_a);
  b.Start(*at_b);
  // Both have read the row before either changes it.
  a.Step();
  b.Step();
  a.Settle();
  b.Settle();
  EXPECT_TRUE(at_a->ok()) << at_a->status();
  EXPECT_TRUE(at_b->ok()) << at_b->status();
  EXPECT_EQ(world.Sequence("orders")->settings.chunk_size, 77);
  EXPECT_EQ(world.Sequence("orders")->settings.max_gap, 33);
}

}  // namespace
}  // namespace mintmark::testing
