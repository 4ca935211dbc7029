// Leases of clients on generators: their tokens, and request ids.
#include <gmock/gmock.h>

#include <chrono>
#include <string>
#include <vector>

#include "tests/store/generator_fixture.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using engine::GeneratorAcquire;
using engine::GroupRow;
using engine::LeaseRelease;
using engine::LeaseRenew;
using Acquired = engine::GeneratorAcquire::Result;
using LeaseReleased = engine::LeaseRelease::Result;
using Renewed = engine::LeaseRenew::Result;

using LeaseContract = GeneratorFixture;

TEST_P(LeaseContract, AClientsLeaseIsProvedByItsToken) {
  Actor actor(store());
  actor.CreateGroup("g");
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret");
  ASSERT_EQ(leased.result, Acquired::kAcquired);
  EXPECT_EQ(leased.held_token, "secret");
  EXPECT_EQ(leased.lease_us, 60'000'000);
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  for (const std::string wrong : {"", "Secret", "secret ", "other"}) {
    LeaseRenew renew = RenewOf(leased, leased.ceiling);
    renew.token = wrong;
    EXPECT_EQ(actor.Renew(renew).result, Renewed::kLost) << wrong;
    renew.id = held.id;  // A session's, which has no token.
    EXPECT_EQ(actor.Renew(renew).result, Renewed::kLost) << wrong;
    renew.id = 99;
    EXPECT_EQ(actor.Renew(renew).result, Renewed::kLost) << wrong;
    LeaseRelease release = LeaseReleaseOf(leased, leased.start_time);
    release.token = wrong;
    EXPECT_EQ(actor.Release(release).result, LeaseReleased::kLost) << wrong;
    release.id = held.id;
    EXPECT_EQ(actor.Release(release).result, LeaseReleased::kLost) << wrong;
  }
  EXPECT_EQ(actor.Renew({.group = "nothing", .token = "secret"}).result, Renewed::kAbsent);
  EXPECT_EQ(actor.Release(LeaseRelease{.group = "nothing", .token = "secret"}).result,
            LeaseReleased::kAbsent);
}

TEST_P(LeaseContract, ARenewedLeaseGoesOnFromNow) {
  Actor actor(store());
  actor.CreateGroup("g", Generators(0, 0));
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret");
  for (int i = 0; i < 3; ++i) {
    test_store().PassTime(std::chrono::seconds(45));
    const LeaseRenew renewed = actor.Renew(RenewOf(leased, INT64_MAX));
    ASSERT_EQ(renewed.result, Renewed::kRenewed);
    EXPECT_EQ(renewed.lease_us, 60'000'000);
    EXPECT_GT(renewed.new_ceiling, TimeOf(actor) + kLease - 1);
  }
  // A lower ceiling leaves it as it is.
  const std::int64_t ceiling = RowOf(actor, "g", 0).ceiling;
  EXPECT_EQ(actor.Renew(RenewOf(leased, 1)).new_ceiling, ceiling);
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kAllLeased);
}

TEST_P(LeaseContract, ALeaseThatIsOverIsLostButCanBeReleased) {
  Actor actor(store());
  actor.CreateGroup("g", Generators(0, 0));
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret");
  test_store().PassTime(std::chrono::seconds(61));
  EXPECT_EQ(actor.Renew(RenewOf(leased, INT64_MAX)).result, Renewed::kLost);
  EXPECT_EQ(RowOf(actor, "g", 0).ceiling, leased.ceiling);
  EXPECT_EQ(actor.Release(LeaseReleaseOf(leased, leased.start_time + 4)).result,
            LeaseReleased::kReleased);
  EXPECT_EQ(RowOf(actor, "g", 0).ceiling, leased.start_time + 5);
  EXPECT_EQ(actor.Release(LeaseReleaseOf(leased, leased.start_time + 4)).result,
            LeaseReleased::kLost);
}

TEST_P(LeaseContract, WhatWasTakenOverFromAClientIsLostToIt) {
  Actor actor(store());
  actor.CreateGroup("g", Generators(0, 0));
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret");
  test_store().PassTime(std::chrono::seconds(61));
  const GeneratorAcquire taken = actor.AcquireGenerator("g", "next");
  EXPECT_TRUE(taken.taken_over);
  EXPECT_EQ(taken.id, leased.id);
  EXPECT_EQ(taken.epoch, leased.epoch + 1);
  EXPECT_GE(taken.start_time, leased.ceiling);
  EXPECT_EQ(actor.Renew(RenewOf(leased, leased.ceiling)).result, Renewed::kLost);
  EXPECT_EQ(actor.Release(LeaseReleaseOf(leased, leased.start_time)).result, LeaseReleased::kLost);
  EXPECT_EQ(actor.Renew(RenewOf(taken, taken.ceiling)).result, Renewed::kRenewed);
}

TEST_P(LeaseContract, AReleaseSaysUpToWhereTimesWereUsed) {
  Actor actor(store());
  actor.CreateGroup("g");
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret");
  for (const std::int64_t last : {leased.start_time - 1, leased.ceiling, INT64_MIN, INT64_MAX}) {
    const LeaseRelease refused = actor.Release(LeaseReleaseOf(leased, last));
    EXPECT_EQ(refused.result, LeaseReleased::kOutOfRange);
    EXPECT_EQ(refused.start_time, leased.start_time);
    EXPECT_EQ(refused.ceiling, leased.ceiling);
  }
  EXPECT_EQ(RowOf(actor, "g", leased.id).ceiling, leased.ceiling);
  EXPECT_EQ(actor.Release(LeaseReleaseOf(leased, leased.ceiling - 1)).result,
            LeaseReleased::kReleased);
  EXPECT_EQ(RowOf(actor, "g", leased.id).ceiling, leased.ceiling);
  EXPECT_EQ(RowOf(actor, "g", leased.id).epoch, leased.epoch + 1);
}

TEST_P(LeaseContract, AKeyTellsWhatItsLeaseHasNow) {
  Actor actor(store());
  Actor other(store());
  const GroupRow row = actor.CreateGroup("g");
  GeneratorAcquire asked{.group = "g", .owner = "ann", .token = "secret"};
  asked.keys.push_back(AcquireKey("key", 77));
  asked.keys[0].flags = 3;
  const GeneratorAcquire leased = actor.Acquire(asked);
  ASSERT_EQ(leased.result, Acquired::kAcquired);
  EXPECT_THAT(leased.seen, IsEmpty());
  test_store().PassTime(std::chrono::seconds(20));
  const LeaseRenew renewed = actor.Renew(RenewOf(leased, leased.ceiling + 5));
  test_store().PassTime(std::chrono::seconds(50));

  const GeneratorAcquire replay = other.AcquireGenerator("g", "another", "key");
  EXPECT_EQ(replay.result, Acquired::kKeySeen);
  ASSERT_THAT(replay.seen, SizeIs(1));
  EXPECT_EQ(replay.seen[0].n, 77);
  EXPECT_EQ(replay.seen[0].flags, 3);
  EXPECT_EQ(replay.seen[0].generation, row.generation);
  EXPECT_EQ(replay.seen[0].value, leased.id);
  EXPECT_EQ(replay.seen[0].step, leased.epoch);
  EXPECT_EQ(replay.seen[0].residue, 0);
  EXPECT_THAT(replay.seen[0].runs, ElementsAre(Positions(leased.start_time, leased.ceiling)));
  EXPECT_EQ(replay.id, leased.id);
  EXPECT_EQ(replay.epoch, leased.epoch);
  EXPECT_EQ(replay.start_time, leased.start_time);
  EXPECT_EQ(replay.ceiling, renewed.new_ceiling);
  EXPECT_EQ(replay.held_token, "secret");
  EXPECT_GT(replay.lease_us, 0);
  EXPECT_LE(replay.lease_us, 10'000'000);
  EXPECT_EQ(replay.row->generation, row.generation);
  EXPECT_FALSE(replay.taken_over);
  EXPECT_EQ(other.AcquireGenerator("g", "another", "another key").id, leased.id + 1);
}

TEST_P(LeaseContract, AKeyWhoseLeaseIsOverOnlyTellsWhatItHad) {
  Actor actor(store());
  actor.CreateGroup("g");
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret", "over");
  const GeneratorAcquire given = actor.AcquireGenerator("g", "secret", "given");
  actor.Release(LeaseReleaseOf(given, given.start_time));
  const auto expect_over = [&](const std::string& key, std::int64_t id) {
    const GeneratorAcquire replay = actor.AcquireGenerator("g", "new", key);
    EXPECT_EQ(replay.result, Acquired::kKeySeen);
    EXPECT_EQ(replay.epoch, 0);
    EXPECT_EQ(replay.held_token, "");
    EXPECT_EQ(replay.lease_us, 0);
    ASSERT_THAT(replay.seen, SizeIs(1));
    EXPECT_EQ(replay.seen[0].value, id);
  };
  expect_over("given", given.id);
  EXPECT_EQ(actor.AcquireGenerator("g", "new", "over").epoch, leased.epoch);
  test_store().PassTime(std::chrono::seconds(61));
  expect_over("over", leased.id);
  actor.AcquireGenerator("g", "next");
  actor.AcquireGenerator("g", "next");
  expect_over("over", leased.id);
  expect_over("given", given.id);
}

TEST_P(LeaseContract, KeysOutliveTheirGroup) {
  Actor actor(store());
  const GroupRow row = actor.CreateGroup("g");
  actor.AcquireGenerator("g", "secret", "key");
  const std::int64_t token = actor.Delete({.name = "g"}).found_token;
  // Draining, gone, there again: the generator of the same id and epoch is another.
  EXPECT_EQ(actor.AcquireGenerator("g", "new", "key").epoch, 1);
  EXPECT_EQ(actor.AcquireGenerator("g", "new", "new key").result, Acquired::kDraining);
  actor.Delete({.name = "g", .token = token, .finish_anyway = true});
  const GeneratorAcquire after = actor.AcquireGenerator("g", "new", "key");
  EXPECT_EQ(after.result, Acquired::kKeySeen);
  EXPECT_FALSE(after.row.has_value());
  EXPECT_EQ(after.epoch, 0);
  test_store().PassTime(std::chrono::seconds(61));
  actor.CreateGroup("g");
  EXPECT_EQ(actor.AcquireGenerator("g", "new").epoch, 1);
  const GeneratorAcquire again = actor.AcquireGenerator("g", "new", "key");
  EXPECT_EQ(again.result, Acquired::kKeySeen);
  EXPECT_EQ(again.epoch, 0);
  EXPECT_EQ(again.seen[0].generation, row.generation);
  EXPECT_GT(again.row->generation, row.generation);
}

TEST_P(LeaseContract, TwinsInOneBatchShareALease) {
  Actor actor(store());
  actor.CreateGroup("g");
  engine::Batch batch = actor.Plan();
  batch.generator_acquires = {{.group = "g", .token = "a", .keys = {AcquireKey("twin")}},
                              {.group = "g", .token = "b", .keys = {AcquireKey("twin")}},
                              {.group = "g", .token = "c", .keys = {AcquireKey("Twin")}}};
  actor.Run(batch);
  EXPECT_EQ(batch.generator_acquires[0].result, Acquired::kAcquired);
  EXPECT_EQ(batch.generator_acquires[1].result, Acquired::kKeySeen);
  EXPECT_EQ(batch.generator_acquires[1].id, 0);
  EXPECT_EQ(batch.generator_acquires[1].held_token, "a");
  EXPECT_EQ(batch.generator_acquires[2].id, 1);
}

TEST_P(LeaseContract, WhatFailsStoresNoKey) {
  store::StoreOptions options;
  options.max_request_ids = 1;
  Start(options);
  Actor actor(store());
  actor.CreateGroup("g", Generators(0, 0));
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  EXPECT_EQ(actor.AcquireGenerator("g", "secret", "key").result, Acquired::kAllLeased);
  GiveBack(actor, held, held.start_time);
  EXPECT_EQ(actor.AcquireGenerator("g", "secret", "key").result, Acquired::kAcquired);
  EXPECT_EQ(actor.AcquireGenerator("g", "secret", "key").result, Acquired::kKeySeen);
  EXPECT_EQ(actor.AcquireGenerator("g", "secret", "full").result, Acquired::kKeysFull);
  EXPECT_EQ(actor.AcquireGenerator("g", "secret").result, Acquired::kAllLeased);
}

TEST_P(LeaseContract, RoomForKeysIsSharedWithOtherOperations) {
  store::StoreOptions options;
  options.max_request_ids = 3;
  Start(options);
  Actor actor(store());
  actor.CreateGroup("g");
  const engine::SequenceRow row = actor.Create("s");
  engine::Batch batch = actor.Plan();
  batch.draws.push_back(DrawOf(row, {Item(engine::DrawItem::Shape::kAll, 1, {DrawKey("k", 1)})}));
  for (const char* const key : {"a", "b"}) {
    batch.generator_acquires.push_back({.group = "g", .token = "t", .keys = {AcquireKey(key)}});
  }
  engine::CounterAdd add;
  add.name = "c";
  add.keys = {AddKey("k", 0)};
  batch.adds.push_back(add);
  batch.list_sessions = true;
  actor.Run(batch);
  EXPECT_EQ(batch.draws[0].items[0].result, engine::DrawItem::Result::kDrawn);
  EXPECT_EQ(batch.generator_acquires[1].result, Acquired::kAcquired);
  EXPECT_EQ(batch.adds[0].result, engine::CounterAdd::Result::kKeysFull);
  EXPECT_EQ(batch.report.key_count, 3);
}

MINTMARK_TEST_ON_EVERY_STORE(LeaseContract);

}  // namespace
}  // namespace mintmark::testing
