// Generators of GUID groups: which are leased, from where on, and up to where.
#include <gmock/gmock.h>

#include <chrono>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/core/guid_layout.h"
#include "tests/store/generator_fixture.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using engine::GeneratorAcquire;
using engine::GeneratorExtend;
using engine::GeneratorList;
using engine::GeneratorRelease;
using engine::GeneratorRow;
using engine::GroupRow;
using engine::GroupSettings;
using Acquired = engine::GeneratorAcquire::Result;
using Extended = engine::GeneratorExtend::Result;
using Released = engine::GeneratorRelease::Result;

using GeneratorContract = GeneratorFixture;

TEST_P(GeneratorContract, LeasesIdsInOrderFromNowForOneLease) {
  Actor actor(store());
  const GroupRow row = actor.CreateGroup("g", Generators(5, 7));
  for (std::int64_t id = 5; id <= 7; ++id) {
    const GeneratorAcquire acquired = actor.AcquireGenerator("g");
    ASSERT_EQ(acquired.result, Acquired::kAcquired);
    EXPECT_EQ(acquired.id, id);
    EXPECT_EQ(acquired.epoch, 1);
    EXPECT_EQ(acquired.start_time, TimeOf(actor));
    EXPECT_EQ(acquired.ceiling, TimeOf(actor) + kLease);
    EXPECT_EQ(acquired.held_token, "");
    EXPECT_EQ(acquired.lease_us, 0);
    EXPECT_FALSE(acquired.taken_over);
    EXPECT_EQ(acquired.row->generation, row.generation);
  }
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kAllLeased);
  // What another generation has is of no use.
  EXPECT_EQ(actor.Acquire(GeneratorAcquire{.group = "g", .generation = row.generation + 1}).result,
            Acquired::kStale);
  EXPECT_EQ(actor.AcquireGenerator("nothing").result, Acquired::kStale);
}

TEST_P(GeneratorContract, ALeaseIsAtLeastOneUnitAndNeverBeyondTheLayout) {
  Actor actor(store());
  GroupSettings settings = Milliseconds();
  settings.layout.unit_us = 10'000;
  settings.lease_us = 1;
  actor.CreateGroup("short", settings);
  const GeneratorAcquire brief = actor.AcquireGenerator("short");
  EXPECT_EQ(brief.ceiling, brief.start_time + 1);

  settings.layout.epoch_us = actor.report().store_time_us - 1'000'000;
  settings.layout.time_bits = 20;
  settings.lease_us = INT64_MAX;
  actor.CreateGroup("long", settings);
  EXPECT_EQ(actor.AcquireGenerator("long").ceiling, std::int64_t{1} << 20);
  const GeneratorAcquire leased = actor.AcquireGenerator("long", "secret");
  EXPECT_EQ(leased.lease_us, INT64_MAX);
  EXPECT_EQ(actor.Renew(RenewOf(leased, INT64_MAX)).new_ceiling, std::int64_t{1} << 20);
}

TEST_P(GeneratorContract, WhatIsGivenBackIsLeasedAgainAboveWhatWasUsed) {
  Actor actor(store());
  actor.CreateGroup("g");
  const GeneratorAcquire first = actor.AcquireGenerator("g");
  actor.AcquireGenerator("g");
  GiveBack(actor, first, first.start_time + 1);
  test_store().PassTime(std::chrono::seconds(2));
  const GeneratorAcquire again = actor.AcquireGenerator("g");
  EXPECT_EQ(again.id, first.id);
  EXPECT_EQ(again.epoch, first.epoch + 2);
  EXPECT_EQ(again.start_time, TimeOf(actor));
  EXPECT_GT(again.start_time, first.start_time + 1);
  EXPECT_FALSE(again.taken_over);
}

TEST_P(GeneratorContract, ALittleAheadIsWhereTheNextOneStarts) {
  Actor actor(store());
  actor.CreateGroup("g", Generators(0, 0));
  const GeneratorAcquire first = actor.AcquireGenerator("g");
  GiveBack(actor, first, first.start_time + 30'000);
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kAllAhead);
  const GeneratorAcquire second = AcquireAhead(actor, "g", 31'000'000);
  ASSERT_EQ(second.result, Acquired::kAcquired);
  EXPECT_EQ(second.start_time, first.start_time + 30'000);
  EXPECT_EQ(second.ceiling, first.start_time + 30'000 + kLease);
}

TEST_P(GeneratorContract, AReleaseNeitherRaisesTheCeilingNorGoesBelowTheStart) {
  Actor actor(store());
  actor.CreateGroup("g");
  const GeneratorAcquire high = actor.AcquireGenerator("g");
  const GeneratorAcquire low = actor.AcquireGenerator("g");
  GiveBack(actor, high, INT64_MAX);
  GiveBack(actor, low, INT64_MIN);
  EXPECT_EQ(RowOf(actor, "g", high.id).ceiling, high.ceiling);
  EXPECT_EQ(RowOf(actor, "g", low.id).ceiling, low.start_time);
}

TEST_P(GeneratorContract, PrefersTheLowestIdThenANewOneThenTheLowestCeiling) {
  Actor actor(store());
  actor.CreateGroup("g", Generators(0, 4));
  std::vector<GeneratorAcquire> held;
  for (int i = 0; i < 4; ++i) held.push_back(actor.AcquireGenerator("g"));
  // Two are behind now, the higher id with the lower ceiling; two ahead.
  GiveBack(actor, held[3], held[3].start_time + 1);
  GiveBack(actor, held[2], held[2].start_time + 2);
  GiveBack(actor, held[1], held[1].start_time + 20'000);
  GiveBack(actor, held[0], held[0].start_time + 30'000);
  test_store().PassTime(std::chrono::seconds(1));
  std::vector<std::int64_t> ids;
  for (int i = 0; i < 5; ++i) ids.push_back(AcquireAhead(actor, "g", 60'000'000).id);
  EXPECT_THAT(ids, ElementsAre(2, 3, 4, 1, 0));
  EXPECT_EQ(AcquireAhead(actor, "g", 60'000'000).result, Acquired::kAllLeased);
}

TEST_P(GeneratorContract, OfOneCeilingTheLowestIdIsLeased) {
  Actor actor(store());
  GroupSettings settings = Generators(0, 1);
  actor.CreateGroup("g", settings);
  const GeneratorAcquire a = actor.AcquireGenerator("g");
  const GeneratorAcquire b = actor.AcquireGenerator("g");
  GiveBack(actor, b, b.start_time + 20'000);
  GiveBack(actor, a, b.start_time + 20'000);
  EXPECT_EQ(AcquireAhead(actor, "g", 60'000'000).id, 0);
}

TEST_P(GeneratorContract, SeveralInOneBatchDiffer) {
  Actor actor(store());
  actor.CreateGroup("g", Generators(0, 2));
  engine::Batch batch = actor.Plan();
  for (int i = 0; i < 4; ++i) {
    batch.generator_acquires.push_back({.group = "g", .token = i % 2 == 0 ? "" : "secret"});
  }
  actor.Run(batch);
  for (std::int64_t i = 0; i < 3; ++i) {
    EXPECT_EQ(batch.generator_acquires[static_cast<std::size_t>(i)].id, i);
  }
  EXPECT_EQ(batch.generator_acquires[3].result, Acquired::kAllLeased);
}

TEST_P(GeneratorContract, TakesOverFromSessionsThatAreGone) {
  Actor silent(store());
  Actor closed(store());
  Actor actor(store());
  actor.CreateGroup("g", Generators(0, 1));
  const GeneratorAcquire first = silent.AcquireGenerator("g");
  const GeneratorAcquire second = closed.AcquireGenerator("g");
  EXPECT_EQ(AcquireAhead(actor, "g", kHourUs).result, Acquired::kAllLeased);
  actor.Bury(silent.session());
  // Whatever it may have minted lies below its ceiling.
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kAllAhead);
  const GeneratorAcquire taken = AcquireAhead(actor, "g", kHourUs);
  ASSERT_EQ(taken.result, Acquired::kAcquired);
  EXPECT_TRUE(taken.taken_over);
  EXPECT_EQ(taken.id, first.id);
  EXPECT_EQ(taken.epoch, first.epoch + 1);
  EXPECT_EQ(taken.start_time, first.ceiling);
  closed.Close();
  const GeneratorAcquire other = AcquireAhead(actor, "g", kHourUs);
  EXPECT_TRUE(other.taken_over);
  EXPECT_EQ(other.id, second.id);
  EXPECT_EQ(other.start_time, second.ceiling);
}

TEST_P(GeneratorContract, ABuriedSessionsServerStillGivesBack) {
  Actor silent(store());
  Actor actor(store());
  actor.CreateGroup("g", Generators(0, 0));
  const GeneratorAcquire held = silent.AcquireGenerator("g");
  actor.Bury(silent.session());
  EXPECT_EQ(actor.Release(ReleaseOf(held, silent.session(), held.start_time)).result,
            Released::kReleased);
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kAcquired);
  // It is somebody else's now.
  EXPECT_EQ(actor.Release(ReleaseOf(held, silent.session(), held.start_time)).result,
            Released::kVoid);
}

TEST_P(GeneratorContract, OnlyWhatIsAsAcquiredIsGivenBackOrExtended) {
  Actor actor(store());
  Actor other(store());
  actor.CreateGroup("g");
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  const auto expect_lost = [&](const GeneratorExtend& extend) {
    const GeneratorExtend done = actor.Extend(extend);
    EXPECT_EQ(done.result, Extended::kLost);
    EXPECT_EQ(done.new_ceiling, 0);
  };
  const auto expect_void = [&](const GeneratorRelease& release) {
    EXPECT_EQ(actor.Release(release).result, Released::kVoid);
  };
  GeneratorExtend extend = ExtendOf(held, held.ceiling + 1);
  GeneratorRelease release = ReleaseOf(held, actor.session(), held.start_time);
  EXPECT_EQ(other.Extend(extend).result, Extended::kLost);
  ++extend.epoch;
  ++release.epoch;
  expect_lost(extend);
  expect_void(release);
  --extend.epoch;
  --release.epoch;
  ++extend.generation;
  ++release.generation;
  expect_lost(extend);
  expect_void(release);
  --extend.generation;
  --release.generation;
  ++extend.id;
  ++release.id;
  expect_lost(extend);
  expect_void(release);
  --extend.id;
  --release.id;
  release.session = other.session().id;
  expect_void(release);
  EXPECT_EQ(actor.Extend(extend).result, Extended::kMoved);
  // A client's lease is no session's.
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret");
  expect_lost(ExtendOf(leased, leased.ceiling + 1));
  expect_void(ReleaseOf(leased, actor.session(), leased.start_time));
}

TEST_P(GeneratorContract, ACeilingMovesUpByALeaseAtMostAndNeverDown) {
  Actor actor(store());
  actor.CreateGroup("g");
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  test_store().PassTime(std::chrono::seconds(10));
  EXPECT_EQ(actor.Extend(ExtendOf(held, held.ceiling + 7)).new_ceiling, held.ceiling + 7);
  EXPECT_EQ(actor.Extend(ExtendOf(held, held.start_time)).new_ceiling, held.ceiling + 7);
  // However often it is asked for: a lease ahead of now.
  for (int i = 0; i < 5; ++i) {
    const GeneratorExtend most = actor.Extend(ExtendOf(held, INT64_MAX));
    EXPECT_EQ(most.new_ceiling, TimeOf(actor) + kLease);
  }
  test_store().PassTime(std::chrono::hours(1));
  const GeneratorExtend late = actor.Extend(ExtendOf(held, INT64_MAX));
  EXPECT_EQ(late.new_ceiling, TimeOf(actor) + kLease);
}

TEST_P(GeneratorContract, AfterTheClockWentBackNothingGoesBack) {
  Actor actor(store());
  actor.CreateGroup("g", Generators(0, 2));
  const GeneratorAcquire used = actor.AcquireGenerator("g");
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret");
  GiveBack(actor, used, used.start_time + 1);
  test_store().PassTime(-std::chrono::hours(1));
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kAllAhead);
  EXPECT_EQ(AcquireAhead(actor, "g", 2 * kHourUs).start_time, used.start_time + 1);
  EXPECT_EQ(actor.Extend(ExtendOf(held, INT64_MAX)).new_ceiling, held.ceiling);
  EXPECT_EQ(actor.Renew(RenewOf(leased, INT64_MAX)).new_ceiling, leased.ceiling);
}

TEST_P(GeneratorContract, BeforeItsEpochAGroupLeasesNothing) {
  Actor actor(store());
  actor.Heartbeat();
  GroupSettings settings = Milliseconds();
  settings.layout.epoch_us = actor.report().store_time_us;
  actor.CreateGroup("g", settings);
  test_store().PassTime(-std::chrono::hours(1));
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kAllAhead);
  const GeneratorAcquire ahead = AcquireAhead(actor, "g", 2 * kHourUs);
  EXPECT_EQ(ahead.start_time, 0);
  EXPECT_EQ(ahead.ceiling, kLease);
}

TEST_P(GeneratorContract, ALayoutThatIsUsedUpLeasesNothing) {
  Actor actor(store());
  actor.Heartbeat();
  GroupSettings settings = Generators(0, 1);
  settings.layout.time_bits = 20;
  settings.layout.epoch_us = actor.report().store_time_us;
  actor.CreateGroup("g", settings);
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  test_store().PassTime(std::chrono::minutes(17));
  const std::int64_t end_time = settings.layout.end_time();
  EXPECT_EQ(actor.Extend(ExtendOf(held, INT64_MAX)).new_ceiling, end_time);
  GiveBack(actor, held, end_time);
  // A lease that would be empty is none.
  EXPECT_EQ(actor.AcquireGenerator("g").ceiling, end_time);
  EXPECT_EQ(AcquireAhead(actor, "g", kHourUs).result, Acquired::kLifetimeOver);
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kAllAhead);
  test_store().PassTime(std::chrono::minutes(1));
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kLifetimeOver);
}

TEST_P(GeneratorContract, ListsWhatIsOrWasLeased) {
  Actor silent(store());
  Actor actor(store());
  actor.CreateGroup("g");
  const GeneratorAcquire gone = silent.AcquireGenerator("g");
  const GeneratorAcquire given = actor.AcquireGenerator("g");
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret");
  const StoreTimeUs leased_us = actor.report().store_time_us;
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  GiveBack(actor, given, given.start_time + 9);
  actor.Bury(silent.session());

  GeneratorList list = actor.List(GeneratorList{.group = "g", .limit = 10, .session_lease_us = 5});
  EXPECT_TRUE(list.found);
  ASSERT_THAT(list.rows, SizeIs(4));
  for (std::size_t i = 0; i < 4; ++i) {
    const GeneratorRow& row = list.rows[i];
    EXPECT_EQ(row.id, static_cast<std::int64_t>(i));
    EXPECT_EQ(row.leased, i >= 2) << i;
    EXPECT_EQ(row.token, "");
  }
  EXPECT_EQ(list.rows[0].session, silent.session().id);
  EXPECT_EQ(list.rows[0].ceiling, gone.ceiling);
  EXPECT_EQ(list.rows[0].lease_end_us, 0);
  EXPECT_EQ(list.rows[1].session, std::nullopt);
  EXPECT_EQ(list.rows[1].start_time, given.start_time);
  EXPECT_EQ(list.rows[1].ceiling, given.start_time + 9);
  EXPECT_EQ(list.rows[1].epoch, 2);
  EXPECT_EQ(list.rows[1].owner, "a test");
  EXPECT_EQ(list.rows[2].owner, "a client");
  EXPECT_EQ(list.rows[2].session, std::nullopt);
  EXPECT_EQ(list.rows[2].lease_end_us, leased_us + leased.lease_us);
  EXPECT_EQ(list.rows[3].session, actor.session().id);
  EXPECT_EQ(list.rows[3].lease_end_us, actor.report().store_time_us + 5);
  EXPECT_EQ(list.rows[3].epoch, held.epoch);

  const auto ids = [&](const GeneratorList& asked) {
    std::vector<std::int64_t> found;
    for (const GeneratorRow& row : actor.List(asked).rows) found.push_back(row.id);
    return found;
  };
  EXPECT_THAT(ids({.group = "g", .limit = 3}), ElementsAre(0, 1, 2));
  EXPECT_THAT(ids({.group = "g", .after = 1, .limit = 1}), ElementsAre(2));
  EXPECT_THAT(ids({.group = "g", .after = 3, .limit = 9}), IsEmpty());
  EXPECT_THAT(ids({.group = "g", .limit = 1, .leased_only = true}), ElementsAre(2));
  EXPECT_THAT(ids({.group = "g", .limit = 9, .leased_only = true}), ElementsAre(2, 3));
  EXPECT_THAT(ids({.group = "g", .limit = 0}), IsEmpty());
  EXPECT_FALSE(actor.List(GeneratorList{.group = "h", .limit = 9}).found);
  test_store().PassTime(std::chrono::seconds(61));
  EXPECT_THAT(ids({.group = "g", .limit = 9, .leased_only = true}), ElementsAre(3));
}

// One after the other would be slow if each looked at all that are leased.
TEST_P(GeneratorContract, AllOfAGroupAreSoonLeased) {
  Actor actor(store());
  Actor other(store());
  actor.CreateGroup("g");
  std::set<std::int64_t> ids;
  for (int i = 0; i < 64; ++i) {
    engine::Batch batch = (i % 2 == 0 ? actor : other).Plan();
    for (int k = 0; k < 64; ++k) {
      batch.generator_acquires.push_back(
          {.group = "g", .token = k % 2 == 0 ? "" : absl::StrCat("token ", i, " ", k)});
    }
    (i % 2 == 0 ? actor : other).Run(batch);
    for (const GeneratorAcquire& acquired : batch.generator_acquires) {
      ASSERT_EQ(acquired.result, Acquired::kAcquired);
      ids.insert(acquired.id);
    }
  }
  EXPECT_EQ(ids.size(), 4'096U);
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kAllLeased);
  actor.Bury(other.session());
  const std::int64_t token = actor.Delete({.name = "g"}).found_token;
  EXPECT_EQ(actor.Delete({.name = "g", .token = token, .finish_anyway = true}).result,
            engine::GroupDelete::Result::kFinished);
}

MINTMARK_TEST_ON_EVERY_STORE(GeneratorContract);

}  // namespace
}  // namespace mintmark::testing
