// GUIDs: ceilings, the store's clock, leases of generators, and the end of groups.
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "src/core/guid_layout.h"
#include "tests/engine/harness.h"

namespace mintmark::testing {
namespace {

using Kind = engine::BatchOutcome::Kind;
using GroupKind = engine::GroupCall::Kind;
using LeaseKind = engine::LeaseCall::Kind;

constexpr Duration kLease = std::chrono::seconds(60);
constexpr StoreTimeUs kHourUs = 3'600'000'000;

std::unique_ptr<GuidCall> Next(Server& server, const std::string& group, std::int64_t n = 1) {
  auto call = std::make_unique<GuidCall>();
  call->group = group;
  call->n = n;
  server.Start(*call);
  return call;
}

std::vector<std::int64_t> GuidsOf(const GuidCall& call) {
  std::vector<std::int64_t> guids;
  for (std::int64_t i = 0; i < call.n; ++i) {
    guids.push_back(GuidOf(call.layout, call.first_tick + i, call.generator));
  }
  return guids;
}

// Through a settled server, which has to give them.
std::vector<std::int64_t> Mint(Server& server, const std::string& group, std::int64_t n = 1) {
  const auto call = Next(server, group, n);
  server.Settle();
  EXPECT_TRUE(call->ok()) << call->status();
  return GuidsOf(*call);
}

std::unique_ptr<GroupCall> Group(Server& server, GroupKind kind, const std::string& name) {
  auto call = std::make_unique<GroupCall>();
  call->kind = kind;
  call->name = name;
  call->settings.layout.epoch_us = kDefaultEpochUs;
  server.Start(*call);
  return call;
}

void CreateGroup(Server& server, const std::string& name, const engine::GroupSettings& settings) {
  GroupCall call;
  call.kind = GroupKind::kCreate;
  call.name = name;
  call.settings = settings;
  server.Do(call);
  ASSERT_TRUE(call.ok()) << call.status();
}

// One generator, 16 GUIDs a millisecond.
engine::GroupSettings Narrow(std::int64_t generators = 1) {
  engine::GroupSettings settings;
  settings.layout.epoch_us = kDefaultEpochUs;
  settings.layout.counter_bits = 4;
  settings.generator_max = generators - 1;
  return settings;
}

std::unique_ptr<LeaseCall> Lease(Server& server, LeaseKind kind, const std::string& group,
                                 const std::string& token, const std::string& request_id = "") {
  auto call = std::make_unique<LeaseCall>();
  call->kind = kind;
  call->group = group;
  call->token = token;
  call->owner = "client";
  call->request_id = request_id;
  if (kind == LeaseKind::kAcquire) {
    server.Do(*call);
  }
  return call;
}

StoreTimeUs TimeOf(const GuidCall& call) {
  return MomentOf(call.layout, TimeOfTick(call.layout, call.first_tick));
}

// --- minting

TEST(GuidTest, GrowFromTheStoresTime) {
  World world;
  Server server(world);
  const auto call = Next(server, "default", 3);
  server.Settle();
  ASSERT_TRUE(call->ok()) << call->status();
  EXPECT_EQ(call->generator, 0);
  EXPECT_EQ(TimeOf(*call), world.store_time_us());
  EXPECT_EQ(call->first_tick % 2048, 0);
  world.Move(5 * kMs);
  const auto later = Next(server, "default");
  ASSERT_TRUE(later->ok()) << "From memory.";
  EXPECT_EQ(TimeOf(*later), world.store_time_us());
  EXPECT_GT(GuidsOf(*later).front(), GuidsOf(*call).back());
}

TEST(GuidTest, OnlyTheDefaultGroupMakesItself) {
  World world;
  Server server(world);
  const auto call = Next(server, "events");
  server.Settle();
  EXPECT_EQ(call->reason(), Reason::kGroupNotFound);
  engine::EngineOptions options;
  options.auto_create = false;
  Server strict(world, options);
  const auto none = Next(strict, "default");
  strict.Settle();
  EXPECT_EQ(none->reason(), Reason::kGroupNotFound);
}

TEST(GuidTest, ServersMintWithGeneratorsOfTheirOwn) {
  World world;
  Server a(world);
  Server b(world);
  std::set<std::int64_t> guids;
  for (int i = 0; i < 50; ++i) {
    for (const std::int64_t guid : Mint(i % 2 == 0 ? a : b, "default", 7)) {
      EXPECT_TRUE(guids.insert(guid).second) << guid;
    }
  }
  EXPECT_EQ(world.Generators("default").size(), 2U);
}

TEST(GuidTest, EverythingLiesBelowACeilingThatIsDurable) {
  World world;
  Server server(world);
  CreateGroup(server, "narrow", Narrow());
  for (int i = 0; i < 200; ++i) {
    const auto call = Next(server, "narrow", 16);
    server.Settle();
    ASSERT_TRUE(call->ok()) << call->status();
    const std::int64_t ceiling = world.Generators("narrow")[0].ceiling;
    EXPECT_LT(TimeOfTick(call->layout, call->first_tick + call->n - 1), ceiling);
    // And a crash leaves no more than a lease behind.
    EXPECT_LE(ceiling, TimeAt(call->layout, world.store_time_us()) + 61'000);
    Pass(world, kSecond, {&server});
  }
}

TEST(GuidTest, NeverFurtherAheadThanItMay) {
  World world;
  engine::EngineOptions options;
  options.max_generators = 1;
  Server server(world, options);
  CreateGroup(server, "narrow", Narrow());
  std::int64_t minted = 0;
  for (;; minted += 100) {
    const auto call = Next(server, "narrow", 100);
    server.Settle();
    if (!call->answered()) {
      Pass(world, 50 * kMs, {&server});  // 16 a millisecond.
      EXPECT_TRUE(call->ok()) << call->status();
      break;
    }
    ASSERT_TRUE(call->ok()) << call->status();
    EXPECT_LE(TimeOf(*call), world.store_time_us() + 1'000'000);
  }
  EXPECT_GE(minted, 15'800);
  EXPECT_LE(minted, 16'100);
}

TEST(GuidTest, WhoWaitsTooLongIsToldSo) {
  World world;
  engine::EngineOptions options;
  options.guid_patience = 20 * kMs;
  Server server(world, options);
  CreateGroup(server, "narrow", Narrow());
  Mint(server, "narrow", 15'900);
  const auto call = Next(server, "narrow", 15'000);
  Pass(world, 100 * kMs, {&server});
  EXPECT_EQ(call->reason(), Reason::kOverloaded);
  const auto never = Next(server, "narrow", 16'001);
  Pass(world, 100 * kMs, {&server});
  EXPECT_EQ(never->reason(), Reason::kNTooLarge);
}

TEST(GuidTest, TakesMoreGeneratorsWhenTheRateAsks) {
  World world;
  Server server(world);
  CreateGroup(server, "narrow", Narrow(8));
  std::set<std::int64_t> guids;
  for (int i = 0; i < 60; ++i) {
    for (const std::int64_t guid : Mint(server, "narrow", 1'000)) {
      EXPECT_TRUE(guids.insert(guid).second) << guid;
    }
  }
  EXPECT_GE(server.Status().generators, 4);
  // And gives back what is not needed any more.
  for (int i = 0; i < 30; ++i) {
    Pass(world, kSecond, {&server});
    Mint(server, "narrow");
  }
  EXPECT_EQ(server.Status().generators, 1);
}

TEST(GuidTest, IsNotMintedPastTheLease) {
  World world;
  Server server(world);
  Mint(server, "default");
  world.Move(kLease - kMs);
  EXPECT_TRUE(Next(server, "default")->ok());
  world.Move(kMs);
  const auto late = Next(server, "default");
  EXPECT_FALSE(late->answered());
  Pass(world, 2 * kSecond, {&server});
  EXPECT_TRUE(late->ok()) << late->status();
}

TEST(GuidTest, GoesOnWhileTheStoreIsAway) {
  World world;
  Server server(world);
  Mint(server, "default");
  world.Move(kSecond);
  server.Bring(server.Take(), Kind::kUnavailable);
  std::int64_t last = 0;
  for (int i = 0; i < 50; ++i) {
    const auto call = Next(server, "default", 100);
    ASSERT_TRUE(call->ok()) << call->status();
    EXPECT_GT(GuidsOf(*call).front(), last);
    last = GuidsOf(*call).back();
    world.Move(kSecond);
  }
  world.Move(15 * kSecond);
  EXPECT_EQ(Next(server, "default")->reason(), Reason::kStoreUnavailable);
}

TEST(GuidTest, ASilentServersGeneratorIsTakenOverAboveItsCeiling) {
  World world;
  Server silent(world);
  Server other(world);
  CreateGroup(silent, "narrow", Narrow());
  Mint(silent, "narrow");
  const std::int64_t ceiling = world.Generators("narrow")[0].ceiling;
  const auto early = Next(other, "narrow");
  other.Settle();
  EXPECT_EQ(early->reason(), Reason::kGeneratorsExhausted);
  Pass(world, kLease + 3 * kSecond, {&other});
  const auto call = Next(other, "narrow");
  other.Settle();
  ASSERT_TRUE(call->ok()) << call->status();
  EXPECT_GE(TimeOfTick(call->layout, call->first_tick), ceiling);
  EXPECT_EQ(other.Status().generator_takeovers, 1);
  // The silent one comes back, and does not mint with it.
  const auto back = Next(silent, "narrow");
  Pass(world, 2 * kSecond, {&silent, &other});
  EXPECT_EQ(back->reason(), Reason::kGeneratorsExhausted);
}

TEST(GuidTest, AStopGivesGeneratorsBackAtOnce) {
  World world;
  Server server(world);
  Mint(server, "default");
  server.BeginStop();
  server.Settle();
  EXPECT_TRUE(server.engine().Stopped());
  const engine::GeneratorRow row = world.Generators("default")[0];
  EXPECT_EQ(row.session, std::nullopt);
  Server next(world);
  world.Move(kMs);
  const auto call = Next(next, "default");
  next.Settle();
  ASSERT_TRUE(call->ok()) << call->status();
  EXPECT_EQ(call->generator, row.id) << "The same generator serves on.";
}

TEST(GuidTest, AnAcquisitionInDoubtIsResolved) {
  World world;
  Server server(world);
  Mint(server, "default");
  CreateGroup(server, "narrow", Narrow());
  const auto call = Next(server, "narrow");
  server.LoseAnswer(server.Take());
  Pass(world, 2 * kSecond, {&server});
  ASSERT_TRUE(call->ok()) << call->status();
  EXPECT_EQ(world.Generators("narrow").size(), 1U);
  EXPECT_LT(TimeOfTick(call->layout, call->first_tick), world.Generators("narrow")[0].ceiling);
}

// --- the store's clock

TEST(GuidClockTest, SetBackAnotherGeneratorTakesOver) {
  World world;
  Server server(world);
  const auto before = Next(server, "default");
  server.Settle();
  std::set<std::int64_t> guids;
  for (const std::int64_t guid : GuidsOf(*before)) guids.insert(guid);
  world.SetStoreClock(world.store_time_us() - kHourUs);
  Pass(world, 3 * kSecond, {&server});
  const auto after = Next(server, "default");
  Pass(world, kSecond, {&server});
  ASSERT_TRUE(after->ok()) << after->status();
  EXPECT_NE(after->generator, before->generator);
  EXPECT_LE(TimeOf(*after), world.store_time_us() + 1'000'000);
  // When the clock is there again nothing repeats.
  world.SetStoreClock(world.store_time_us() + kHourUs);
  Pass(world, 3 * kSecond, {&server});
  for (int i = 0; i < 20; ++i) {
    for (const std::int64_t guid : Mint(server, "default", 100)) {
      EXPECT_TRUE(guids.insert(guid).second) << guid;
    }
  }
}

TEST(GuidClockTest, SetForwardItIsFollowed) {
  World world;
  Server server(world);
  Mint(server, "default");
  world.SetStoreClock(world.store_time_us() + kHourUs);
  Pass(world, 2 * kSecond, {&server});
  const auto call = Next(server, "default");
  Pass(world, kSecond, {&server});
  ASSERT_TRUE(call->ok()) << call->status();
  EXPECT_GE(TimeOf(*call), world.store_time_us() - 3'000'000);
}

TEST(GuidClockTest, PastTheLayoutsLifetimeItIsOver) {
  World world;
  Server server(world);
  engine::GroupSettings settings = Narrow();
  settings.layout.time_bits = 10;
  settings.layout.epoch_us = world.store_time_us();
  CreateGroup(server, "short", settings);
  Mint(server, "short");
  Pass(world, 2 * kSecond, {&server});
  const auto call = Next(server, "short");
  Pass(world, kSecond, {&server});
  EXPECT_EQ(call->reason(), Reason::kGroupLifetimeOver);
}

TEST(GuidClockTest, BeforeTheEpochNothingIsMinted) {
  World world;
  Server server(world);
  engine::GroupSettings settings = Narrow(4);
  settings.layout.time_bits = 38;
  settings.layout.counter_bits = 23;
  settings.layout.generator_bits = 2;
  CreateGroup(server, "wide", settings);
  Mint(server, "wide");
  const StoreTimeUs now = world.store_time_us();
  world.SetStoreClock(0);
  Pass(world, 2 * kSecond, {&server});  // Until it has heard of it.
  for (int i = 0; i < 5; ++i) {
    const auto none = Next(server, "wide");
    Pass(world, 3 * kSecond, {&server});
    EXPECT_TRUE(none->answered() && !none->ok()) << none->status();
  }
  world.SetStoreClock(now + 10'000'000);
  Pass(world, 5 * kSecond, {&server});
  const auto call = Next(server, "wide");
  Pass(world, 2 * kSecond, {&server});
  ASSERT_TRUE(call->ok()) << call->status();
  EXPECT_GE(TimeOf(*call), now);
}

// --- groups

TEST(GroupTest, IsCreatedOnceShownAndDeleted) {
  World world;
  Server server(world);
  CreateGroup(server, "events", Narrow());
  const auto again = Group(server, GroupKind::kCreate, "events");
  const auto shown = Group(server, GroupKind::kGet, "events");
  server.Settle();
  EXPECT_EQ(again->reason(), Reason::kGroupAlreadyExists);
  ASSERT_TRUE(shown->ok()) << shown->status();
  EXPECT_EQ(shown->row.settings, Narrow());
  Mint(server, "events");
  const auto removed = Group(server, GroupKind::kDelete, "events");
  Pass(world, kSecond, {&server});
  EXPECT_TRUE(removed->ok()) << removed->status();
  const auto gone = Group(server, GroupKind::kGet, "events");
  const auto none = Group(server, GroupKind::kDelete, "events");
  server.Settle();
  EXPECT_EQ(gone->reason(), Reason::kGroupNotFound);
  EXPECT_EQ(none->reason(), Reason::kGroupNotFound);
}

TEST(GroupTest, AnEpochInTheFutureIsRefused) {
  World world;
  Server server(world);
  GroupCall call;
  call.kind = GroupKind::kCreate;
  call.name = "events";
  call.settings = Narrow();
  call.settings.layout.epoch_us = world.store_time_us() + 1;
  server.Do(call);
  EXPECT_EQ(call.reason(), Reason::kGroupInvalid);
}

TEST(GroupTest, DeletionWaitsUntilNobodyMints) {
  World world;
  Server holder(world);
  Server admin(world);
  CreateGroup(holder, "events", Narrow(4));
  const std::int64_t before = Mint(holder, "events").back();
  const auto removed = Group(admin, GroupKind::kDelete, "events");
  Pass(world, 500 * kMs, {&admin});
  EXPECT_FALSE(removed->answered());
  Pass(world, 2 * kSecond, {&holder, &admin});
  ASSERT_TRUE(removed->ok()) << removed->status();
  const auto gone = Next(holder, "events");
  holder.Settle();
  EXPECT_EQ(gone->reason(), Reason::kGroupNotFound);
  // Created again it starts above all that was minted.
  CreateGroup(admin, "events", Narrow(4));
  EXPECT_GT(Mint(admin, "events").front(), before);
}

TEST(GroupTest, DeletionWaitsALeaseForASilentServer) {
  World world;
  Server silent(world);
  Server admin(world);
  CreateGroup(silent, "events", Narrow(4));
  Mint(silent, "events");
  const auto removed = Group(admin, GroupKind::kDelete, "events");
  Pass(world, kLease - kSecond, {&admin});
  EXPECT_FALSE(removed->answered());
  Pass(world, 4 * kSecond, {&admin});
  ASSERT_TRUE(removed->ok()) << removed->status();
  const auto late = Next(silent, "events");
  Pass(world, 2 * kSecond, {&silent, &admin});
  EXPECT_EQ(late->reason(), Reason::kGroupNotFound);
}

TEST(GroupTest, AnotherLayoutThatWouldRepeatIsRefused) {
  World world;
  Server server(world);
  CreateGroup(server, "events", Narrow(4));
  Mint(server, "events");
  const auto removed = Group(server, GroupKind::kDelete, "events");
  Pass(world, kSecond, {&server});
  ASSERT_TRUE(removed->ok()) << removed->status();
  GroupCall call;
  call.kind = GroupKind::kCreate;
  call.name = "events";
  call.settings = Narrow(4);
  call.settings.layout.epoch_us += 24 * kHourUs;  // Its GUIDs of now were those of yesterday.
  server.Do(call);
  EXPECT_EQ(call.reason(), Reason::kWouldReuseIds);
}

TEST(GroupTest, WhoeverMintsMeanwhileIsToldToComeAgain) {
  World world;
  Server silent(world);
  Server admin(world);
  CreateGroup(silent, "events", Narrow(4));
  Mint(silent, "events");
  const auto removed = Group(admin, GroupKind::kDelete, "events");
  Pass(world, 200 * kMs, {&admin});
  const auto call = Next(admin, "events");
  Pass(world, 1500 * kMs, {&admin});
  EXPECT_EQ(call->reason(), Reason::kDraining);
  Pass(world, kLease + 5 * kSecond, {&admin});
  EXPECT_TRUE(removed->ok()) << removed->status();
}

// --- leases of clients

TEST(LeaseCallTest, AcquireRenewRelease) {
  World world;
  Server server(world);
  CreateGroup(server, "events", Narrow(2));
  const auto lease = Lease(server, LeaseKind::kAcquire, "events", "t1");
  ASSERT_TRUE(lease->ok()) << lease->status();
  EXPECT_EQ(lease->generator_id, 0);
  EXPECT_EQ(lease->lease_token, "t1");
  EXPECT_EQ(lease->lease, kLease);
  EXPECT_EQ(lease->ceiling - lease->start_time, 60'000);
  world.Move(10 * kSecond);
  const auto renewed = Lease(server, LeaseKind::kRenew, "events", "t1");
  renewed->generator_id = lease->generator_id;
  renewed->ceiling = INT64_MAX;
  server.Do(*renewed);
  ASSERT_TRUE(renewed->ok()) << renewed->status();
  EXPECT_EQ(renewed->ceiling - lease->ceiling, 10'000) << "A lease ahead of now at most.";
  const auto foreign = Lease(server, LeaseKind::kRelease, "events", "t2");
  foreign->last_time = lease->start_time;
  server.Do(*foreign);
  EXPECT_EQ(foreign->reason(), Reason::kLeaseLost);
  const auto late = Lease(server, LeaseKind::kRelease, "events", "t1");
  late->last_time = renewed->ceiling;
  server.Do(*late);
  EXPECT_EQ(late->reason(), Reason::kArgumentInvalid);
  const auto released = Lease(server, LeaseKind::kRelease, "events", "t1");
  released->last_time = lease->start_time + 3;
  server.Do(*released);
  ASSERT_TRUE(released->ok()) << released->status();
  EXPECT_EQ(world.Generators("events")[0].ceiling, lease->start_time + 4);
  const auto again = Lease(server, LeaseKind::kRelease, "events", "t1");
  server.Do(*again);
  EXPECT_EQ(again->reason(), Reason::kLeaseLost);
}

TEST(LeaseCallTest, ARequestIdBringsTheSameLeaseBack) {
  World world;
  Server a(world);
  Server b(world);
  CreateGroup(a, "events", Narrow(4));
  const auto first = Lease(a, LeaseKind::kAcquire, "events", "t1", "key");
  ASSERT_TRUE(first->ok()) << first->status();
  world.Move(20 * kSecond);
  const auto replay = Lease(b, LeaseKind::kAcquire, "events", "t2", "key");
  ASSERT_TRUE(replay->ok()) << replay->status();
  EXPECT_EQ(replay->generator_id, first->generator_id);
  EXPECT_EQ(replay->lease_token, "t1");
  EXPECT_EQ(replay->lease, 40 * kSecond) << "What is left of it.";
  world.Move(40 * kSecond);
  const auto over = Lease(b, LeaseKind::kAcquire, "events", "t3", "key");
  EXPECT_EQ(over->reason(), Reason::kLeaseLost);
  EXPECT_EQ(world.Generators("events").size(), 1U);
}

TEST(LeaseCallTest, TwinsInOneBatchGetOneLease) {
  World world;
  Server server(world);
  CreateGroup(server, "events", Narrow(4));
  LeaseCall first;
  LeaseCall second;
  for (LeaseCall* call : {&first, &second}) {
    call->group = "events";
    call->token = call == &first ? "t1" : "t2";
    call->request_id = "key";
    server.Start(*call);
  }
  server.Settle();
  ASSERT_TRUE(first.ok() && second.ok()) << second.status();
  EXPECT_EQ(first.generator_id, second.generator_id);
  EXPECT_EQ(second.lease_token, "t1");
  EXPECT_EQ(world.Generators("events").size(), 1U);
}

TEST(LeaseCallTest, ASilentClientIsWaitedForAndThenTakenOver) {
  World world;
  Server server(world);
  CreateGroup(server, "events", Narrow());
  const auto lease = Lease(server, LeaseKind::kAcquire, "events", "t1");
  ASSERT_TRUE(lease->ok()) << lease->status();
  Pass(world, kLease - kSecond, {&server});
  EXPECT_EQ(Lease(server, LeaseKind::kAcquire, "events", "t2")->reason(),
            Reason::kGeneratorsExhausted);
  Pass(world, 2 * kSecond, {&server});
  const auto next = Lease(server, LeaseKind::kAcquire, "events", "t2");
  ASSERT_TRUE(next->ok()) << next->status();
  EXPECT_GE(next->start_time, lease->ceiling);
  const auto late = Lease(server, LeaseKind::kRenew, "events", "t1");
  server.Do(*late);
  EXPECT_EQ(late->reason(), Reason::kLeaseLost);
}

TEST(LeaseCallTest, GeneratorsAreListed) {
  World world;
  Server server(world);
  CreateGroup(server, "events", Narrow(4));
  Mint(server, "events");
  const auto lease = Lease(server, LeaseKind::kAcquire, "events", "t1");
  ASSERT_TRUE(lease->ok()) << lease->status();
  GeneratorsCall list;
  list.group = "events";
  server.Do(list);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_EQ(list.generators.size(), 2U);
  EXPECT_EQ(list.generators[0].owner, "mintmarkd");
  EXPECT_TRUE(list.generators[0].leased);
  EXPECT_EQ(list.generators[1].owner, "client");
  GeneratorsCall none;
  none.group = "nothing";
  server.Do(none);
  EXPECT_EQ(none.reason(), Reason::kGroupNotFound);
}

}  // namespace
}  // namespace mintmark::testing
