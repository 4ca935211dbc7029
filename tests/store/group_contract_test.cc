// GUID groups: creating, deleting, creating again, attention, lists.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "src/core/guid_layout.h"
#include "src/store/result_codec.h"
#include "tests/store/contract.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using engine::GeneratorAcquire;
using engine::GroupDelete;
using engine::GroupOpen;
using engine::GroupRow;
using engine::GroupSettings;
using Acquired = engine::GeneratorAcquire::Result;
using Deleted = engine::GroupDelete::Result;
using Opened = engine::GroupOpen::Result;

// A layout of one shape, from the given moment on.
GroupSettings Bits(StoreTimeUs epoch_us, std::int32_t time, std::int32_t counter,
                   std::int32_t generator) {
  GroupSettings settings;
  settings.layout.epoch_us = epoch_us;
  settings.layout.time_bits = time;
  settings.layout.counter_bits = counter;
  settings.layout.generator_bits = generator;
  settings.generator_max = std::min<std::int64_t>(settings.layout.generators() - 1, 4'095);
  return settings;
}

void ExpectSame(const GroupRow& a, const GroupRow& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.settings, b.settings);
  EXPECT_EQ(a.generation, b.generation);
  EXPECT_EQ(a.floor_time, b.floor_time);
  EXPECT_EQ(a.drain_token, b.drain_token);
  EXPECT_EQ(a.create_time_us, b.create_time_us);
}

class GroupContract : public StoreContract {
 protected:
  static GroupOpen OpenOf(const std::string& name, const GroupSettings& settings,
                          StoreTimeUs max_ahead_us = 1'000'000) {
    return {.name = name, .create_as = settings, .max_ahead_us = max_ahead_us};
  }
  // Opens, so as to learn what the store's clock shows.
  static StoreTimeUs Now(Actor& actor) {
    actor.Heartbeat();
    return actor.report().store_time_us;
  }
};

TEST_P(GroupContract, AGroupIsCreatedOnceAndThenFound) {
  Actor actor(store());
  EXPECT_EQ(actor.OpenGroup("g").result, Opened::kAbsent);
  GroupSettings settings = Milliseconds();
  settings.layout.order = FieldOrder::kTimeGeneratorCounter;
  settings.layout.unit_us = 10'000;
  settings.lease_us = 7'000'001;
  settings.generator_min = 3;
  settings.generator_max = 9;
  settings.format = {Encoding::kBase58, "p-'\"\\", "{s,}", 12, true};
  const GroupOpen created = actor.Open(OpenOf("g", settings));
  EXPECT_EQ(created.result, Opened::kCreated);
  EXPECT_EQ(created.row.name, "g");
  EXPECT_EQ(created.row.settings, settings);
  EXPECT_GT(created.row.generation, 0);
  EXPECT_EQ(created.row.floor_time, 0);
  EXPECT_EQ(created.row.drain_token, 0);
  EXPECT_EQ(created.row.create_time_us, actor.report().store_time_us);
  const GroupOpen again = actor.Open(OpenOf("g", Milliseconds()));
  EXPECT_EQ(again.result, Opened::kFound);
  ExpectSame(again.row, created.row);
  EXPECT_EQ(actor.OpenGroup("g").result, Opened::kFound);
  EXPECT_GT(actor.CreateGroup("h").generation, created.row.generation);
}

TEST_P(GroupContract, EveryLayoutComesBack) {
  Actor actor(store());
  const StoreTimeUs now = Now(actor);
  const std::vector<GroupSettings> all = {Bits(now, 20, 43, 0), Bits(now, 20, 0, 43),
                                          Bits(now, 63, 0, 0), Bits(now - 1, 20, 0, 0),
                                          Bits(-62'135'596'800'000'000, 62, 1, 0)};
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::string name = "g" + std::to_string(i);
    EXPECT_EQ(actor.CreateGroup(name, all[i]).settings, all[i]) << i;
    EXPECT_EQ(actor.OpenGroup(name).row.settings, all[i]) << i;
  }
}

TEST_P(GroupContract, AnEpochAheadOfTheClockIsRefused) {
  Actor actor(store());
  const StoreTimeUs later = Now(actor) + 3'600'000'000;
  EXPECT_EQ(actor.Open(OpenOf("g", Bits(later, 41, 11, 12))).result, Opened::kFutureEpoch);
  EXPECT_EQ(actor.OpenGroup("g").result, Opened::kAbsent);
}

TEST_P(GroupContract, ALayoutThatIsUsedUpIsRefused) {
  Actor actor(store());
  const StoreTimeUs now = Now(actor);
  const StoreTimeUs lifetime_us = StoreTimeUs{1'000} << 20;
  EXPECT_EQ(actor.Open(OpenOf("g", Bits(now - lifetime_us, 20, 11, 12))).result,
            Opened::kLifetimeOver);
  EXPECT_EQ(actor.OpenGroup("g").result, Opened::kAbsent);
  actor.CreateGroup("g", Bits(now - lifetime_us / 2, 20, 11, 12));
}

TEST_P(GroupContract, AnIdleGroupIsDeletedAtOnce) {
  Actor actor(store());
  EXPECT_EQ(actor.Delete({.name = "g"}).result, Deleted::kAbsent);
  actor.CreateGroup("g");
  const GeneratorAcquire used = actor.AcquireGenerator("g");
  actor.Release(ReleaseOf(used, actor.session(), used.ceiling));
  EXPECT_EQ(actor.Delete({.name = "g"}).result, Deleted::kFinished);
  EXPECT_EQ(actor.OpenGroup("g").result, Opened::kAbsent);
  EXPECT_EQ(actor.Delete({.name = "g"}).result, Deleted::kAbsent);
  EXPECT_EQ(actor.Delete({.name = "g", .token = 1}).result, Deleted::kOver);
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kStale);
  EXPECT_FALSE(actor.AcquireGenerator("g").row.has_value());
}

TEST_P(GroupContract, ADeletionWaitsForWhoeverHoldsAGenerator) {
  Actor holder(store());
  Actor actor(store());
  const GroupRow row = actor.CreateGroup("g");
  const GeneratorAcquire held = holder.AcquireGenerator("g");
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret");
  const GroupDelete begun = actor.Delete({.name = "g"});
  ASSERT_EQ(begun.result, Deleted::kWaiting);
  EXPECT_GT(begun.found_token, row.generation);
  EXPECT_EQ(begun.lease_us, row.settings.lease_us);
  // Joined, looked at, or somebody else's.
  EXPECT_EQ(holder.Delete({.name = "g"}).found_token, begun.found_token);
  EXPECT_EQ(holder.Delete({.name = "g", .token = begun.found_token}).result, Deleted::kWaiting);
  EXPECT_EQ(holder.Delete({.name = "g", .token = begun.found_token + 1}).result, Deleted::kOver);
  EXPECT_EQ(holder.Delete({.name = "g", .token = 0, .finish_anyway = true}).result,
            Deleted::kWaiting);

  EXPECT_EQ(holder.OpenGroup("g").row.drain_token, begun.found_token);
  const GeneratorAcquire refused = holder.AcquireGenerator("g");
  EXPECT_EQ(refused.result, Acquired::kDraining);
  EXPECT_EQ(refused.row->drain_token, begun.found_token);
  EXPECT_EQ(holder.Extend(ExtendOf(held, held.ceiling)).result,
            engine::GeneratorExtend::Result::kLost);
  EXPECT_EQ(actor.Renew(RenewOf(leased, leased.ceiling)).result, engine::LeaseRenew::Result::kLost);

  EXPECT_EQ(holder.Release(ReleaseOf(held, holder.session(), held.ceiling)).result,
            engine::GeneratorRelease::Result::kReleased);
  EXPECT_EQ(actor.Delete({.name = "g", .token = begun.found_token}).result, Deleted::kWaiting);
  EXPECT_EQ(actor.Release(LeaseReleaseOf(leased, leased.start_time)).result,
            engine::LeaseRelease::Result::kReleased);
  EXPECT_EQ(actor.Delete({.name = "g", .token = begun.found_token}).result, Deleted::kFinished);
  EXPECT_EQ(actor.Delete({.name = "g", .token = begun.found_token}).result, Deleted::kOver);
}

TEST_P(GroupContract, ADeletionEndsAnywayWhenTold) {
  Actor actor(store());
  actor.CreateGroup("g");
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  const std::int64_t token = actor.Delete({.name = "g"}).found_token;
  EXPECT_EQ(actor.Delete({.name = "g", .token = token, .finish_anyway = true}).result,
            Deleted::kFinished);
  EXPECT_EQ(actor.Extend(ExtendOf(held, held.ceiling)).result,
            engine::GeneratorExtend::Result::kLost);
  EXPECT_EQ(actor.Release(ReleaseOf(held, actor.session(), held.ceiling)).result,
            engine::GeneratorRelease::Result::kVoid);
}

TEST_P(GroupContract, WhoIsGoneHoldsNothing) {
  Actor closed(store());
  Actor silent(store());
  Actor actor(store());
  actor.CreateGroup("g");
  closed.AcquireGenerator("g");
  silent.AcquireGenerator("g");
  actor.AcquireGenerator("g", "secret");
  closed.Close();
  const std::int64_t token = actor.Delete({.name = "g"}).found_token;
  actor.Bury(silent.session());
  EXPECT_EQ(actor.Delete({.name = "g", .token = token}).result, Deleted::kWaiting);
  test_store().PassTime(std::chrono::seconds(61));
  EXPECT_EQ(actor.Delete({.name = "g", .token = token}).result, Deleted::kFinished);
}

TEST_P(GroupContract, AGroupCreatedAgainStartsAboveAllThatWasEverLeased) {
  Actor actor(store());
  const GroupRow row = actor.CreateGroup("g");
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  const std::int64_t token = actor.Delete({.name = "g"}).found_token;
  actor.Delete({.name = "g", .token = token, .finish_anyway = true});

  const GroupOpen refused = actor.Open(OpenOf("g", row.settings));
  EXPECT_EQ(refused.result, Opened::kWouldReuse);
  EXPECT_EQ(refused.row.floor_time, held.ceiling);
  EXPECT_EQ(actor.OpenGroup("g").result, Opened::kAbsent);
  // As far ahead as it takes.
  const GroupOpen created = actor.Open(OpenOf("g", row.settings, 61'000'000));
  ASSERT_EQ(created.result, Opened::kCreated);
  EXPECT_EQ(created.row.floor_time, held.ceiling);
  EXPECT_GT(created.row.generation, token);
  // Its generators begin anew, and none starts below the floor.
  EXPECT_EQ(actor.AcquireGenerator("g").result, Acquired::kAllAhead);
  const GeneratorAcquire first =
      actor.Acquire(GeneratorAcquire{.group = "g", .max_ahead_us = 61'000'000});
  EXPECT_EQ(first.id, 0);
  EXPECT_EQ(first.start_time, held.ceiling);
  EXPECT_EQ(first.ceiling, held.ceiling + 60'000);
}

TEST_P(GroupContract, TheFloorOutlivesGroupsThatIssuedNothing) {
  Actor actor(store());
  const GroupRow row = actor.CreateGroup("g");
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  actor.Release(ReleaseOf(held, actor.session(), held.ceiling));
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(actor.Delete({.name = "g"}).result, Deleted::kFinished);
    EXPECT_EQ(actor.Open(OpenOf("g", row.settings)).row.floor_time, held.ceiling);
    const GroupOpen created = actor.Open(OpenOf("g", row.settings, 61'000'000));
    ASSERT_EQ(created.result, Opened::kCreated);
    EXPECT_EQ(created.row.floor_time, held.ceiling);
  }
}

TEST_P(GroupContract, NoGuidComesAgainInAnotherLayout) {
  Actor actor(store());
  const StoreTimeUs epoch_us = Now(actor) - 3'600'000'000;
  const GuidLayout old_layout = Bits(epoch_us, 41, 11, 10).layout;
  actor.CreateGroup("g", Bits(epoch_us, 41, 11, 10));
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  const std::int64_t ceiling = held.ceiling / 4 * 4 - 1;  // No multiple of what comes.
  const std::int64_t highest =
      GuidOf(old_layout, TickOf(old_layout, ceiling) - 1, old_layout.generators() - 1);
  actor.Release(ReleaseOf(held, actor.session(), ceiling));
  ASSERT_EQ(actor.Delete({.name = "g"}).result, Deleted::kFinished);

  // Fewer bits below the time: their times are eight times as high.
  const GroupOpen narrow = actor.Open(OpenOf("g", Bits(epoch_us, 41, 8, 10)));
  EXPECT_EQ(narrow.result, Opened::kWouldReuse);
  EXPECT_EQ(narrow.row.floor_time, ceiling * 8);
  const GroupOpen none = actor.Open(OpenOf("g", Bits(epoch_us, 63, 0, 0)));
  EXPECT_EQ(none.result, Opened::kWouldReuse);
  EXPECT_EQ(none.row.floor_time, ceiling << 21);
  // More bits: now is above all that was, and so is the first GUID.
  const GroupSettings wide = Bits(epoch_us, 40, 11, 12);
  const GroupOpen created = actor.Open(OpenOf("g", wide));
  ASSERT_EQ(created.result, Opened::kCreated);
  EXPECT_EQ(created.row.floor_time, (ceiling + 3) / 4);
  const GeneratorAcquire first = actor.AcquireGenerator("g");
  EXPECT_GT(GuidOf(wide.layout, TickOf(wide.layout, first.start_time), first.id), highest);
  EXPECT_GT(GuidOf(wide.layout, TickOf(wide.layout, created.row.floor_time), 0), highest);
  EXPECT_LE(GuidOf(wide.layout, TickOf(wide.layout, created.row.floor_time - 1), 0), highest);
}

TEST_P(GroupContract, AGroupThatReachedTheLastGuidIsNotCreatedAgain) {
  Actor actor(store());
  // A minute of 63 bits, which a lease uses to the end.
  GroupSettings settings = Bits(Now(actor), 16, 35, 12);
  settings.lease_us = 3'600'000'000;
  actor.CreateGroup("g", settings);
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  EXPECT_EQ(held.ceiling, 65'536);
  actor.Release(ReleaseOf(held, actor.session(), held.ceiling));
  ASSERT_EQ(actor.Delete({.name = "g"}).result, Deleted::kFinished);
  const std::vector<GroupSettings> all = {settings, Milliseconds(), Bits(Now(actor), 63, 0, 0)};
  for (const GroupSettings& next : all) {
    const GroupOpen open = actor.Open(OpenOf("g", next, INT64_MAX));
    EXPECT_EQ(open.result, Opened::kWouldReuse);
    EXPECT_EQ(open.row.floor_time, next.layout.end_time()) << next.layout.time_bits;
  }
}

TEST_P(GroupContract, AnotherGroupsNamesAreItsOwn) {
  Actor actor(store());
  actor.CreateGroup("g");
  actor.CreateGroup("g/h");
  EXPECT_EQ(actor.AcquireGenerator("g").id, 0);
  EXPECT_EQ(actor.AcquireGenerator("g/h").id, 0);
  EXPECT_EQ(actor.AcquireGenerator("g").id, 1);
  EXPECT_EQ(actor.Delete({.name = "g"}).result, Deleted::kWaiting);
  EXPECT_EQ(actor.AcquireGenerator("g/h").id, 1);
}

TEST_P(GroupContract, DeletionsAreReportedToEverySession) {
  Actor a(store());
  Actor b(store());
  const GroupRow row = a.CreateGroup("g");
  a.AcquireGenerator("g");
  b.Heartbeat();
  EXPECT_THAT(b.report().group_attention, IsEmpty());

  const std::int64_t token = a.Delete({.name = "g"}).found_token;
  ASSERT_THAT(a.report().group_attention, SizeIs(1));
  for (int i = 0; i < 2; ++i) {
    b.Heartbeat();
    ASSERT_THAT(b.report().group_attention, SizeIs(i == 0 ? 1 : 0));
    if (i > 0) break;
    EXPECT_EQ(b.report().group_attention[0].group, "g");
    EXPECT_EQ(b.report().group_attention[0].generation, row.generation);
    EXPECT_TRUE(b.report().group_attention[0].draining);
  }
  a.Delete({.name = "g", .token = token, .finish_anyway = true});
  b.Heartbeat();
  ASSERT_THAT(b.report().group_attention, SizeIs(1));
  EXPECT_EQ(b.report().group_attention[0].generation, 0);
  EXPECT_FALSE(b.report().group_attention[0].draining);
  EXPECT_THAT(b.report().attention, IsEmpty());
}

TEST_P(GroupContract, WhatWasCreatedInADeletedOnesPlaceIsReported) {
  Actor a(store());
  Actor missed(store());
  const GroupRow row = a.CreateGroup("g");
  a.Delete({.name = "g"});
  const GroupRow created = a.CreateGroup("g");
  EXPECT_GT(created.generation, row.generation);
  missed.Heartbeat();
  ASSERT_THAT(missed.report().group_attention, SizeIs(1));
  EXPECT_EQ(missed.report().group_attention[0].generation, created.generation);
  EXPECT_FALSE(missed.report().group_attention[0].draining);
  Actor fresh(store());
  EXPECT_THAT(fresh.report().group_attention, IsEmpty());
  Actor from_the_start(store(), 1);
  EXPECT_THAT(from_the_start.report().group_attention, SizeIs(1));
}

TEST_P(GroupContract, ChangesOfGroupsAndSequencesShareOneCount) {
  Actor a(store());
  Actor b(store());
  const engine::SequenceRow sequence = a.Create("s");
  a.CreateGroup("x");
  a.CreateGroup("y");
  engine::Batch batch = a.Plan();
  batch.changes.push_back(
      {.name = "s", .expected_version = sequence.version, .settings = sequence.settings});
  batch.group_deletes.push_back({.name = "x"});
  batch.group_deletes.push_back({.name = "y"});
  a.Run(batch);
  b.Heartbeat();
  EXPECT_THAT(b.report().attention, SizeIs(1));
  ASSERT_THAT(b.report().group_attention, SizeIs(2));
  EXPECT_EQ(b.report().group_attention[0].group, "x");
  EXPECT_EQ(b.report().group_attention[1].group, "y");
  // Whoever has seen all but the last of them is told of that one.
  Actor late(store(), b.report().attention_seen - 1);
  EXPECT_THAT(late.report().attention, IsEmpty());
  ASSERT_THAT(late.report().group_attention, SizeIs(1));
  EXPECT_EQ(late.report().group_attention[0].group, "y");
}

TEST_P(GroupContract, ListsWhatIsThere) {
  Actor actor(store());
  for (const char* const name : {"a", "a/b", "a/c", "a0", "b", "gone"}) actor.CreateGroup(name);
  actor.AcquireGenerator("a/c");
  const std::int64_t token = actor.Delete({.name = "a/c"}).found_token;
  actor.Delete({.name = "gone"});
  const auto list = [&](const std::string& prefix, const std::string& after, std::int64_t limit) {
    engine::ListPage page;
    page.of = engine::ListPage::Of::kGroups;
    page.prefix = prefix;
    page.after = after;
    page.limit = limit;
    return actor.List(page).groups;
  };
  const auto names = [](const std::vector<GroupRow>& rows) {
    std::vector<std::string> result;
    for (const GroupRow& row : rows) result.push_back(row.name);
    return result;
  };
  EXPECT_THAT(names(list("", "", 100)), ElementsAre("a", "a/b", "a/c", "a0", "b"));
  EXPECT_THAT(names(list("a/", "", 100)), ElementsAre("a/b", "a/c"));
  EXPECT_THAT(names(list("a", "a", 2)), ElementsAre("a/b", "a/c"));
  EXPECT_THAT(list("g", "", 100), IsEmpty());
  EXPECT_THAT(list("", "", 0), IsEmpty());
  ASSERT_THAT(list("a/c", "", 1), SizeIs(1));
  ExpectSame(list("a/c", "", 1)[0], actor.OpenGroup("a/c").row);
  EXPECT_EQ(list("a/c", "", 1)[0].drain_token, token);
}

TEST_P(GroupContract, ResultsComeBackAfterADoubt) {
  Actor actor(store());
  actor.CreateGroup("g");
  actor.CreateGroup("h");
  const GeneratorAcquire held = actor.AcquireGenerator("g");
  const GeneratorAcquire other = actor.AcquireGenerator("g");
  const GeneratorAcquire leased = actor.AcquireGenerator("g", "secret", "key");
  const GeneratorAcquire ended = actor.AcquireGenerator("g", "other");
  engine::Batch batch = actor.Plan();
  batch.group_opens = {OpenOf("g", Milliseconds()), OpenOf("i", Milliseconds())};
  batch.group_deletes = {{.name = "g"}, {.name = "h"}};
  batch.generator_releases = {ReleaseOf(other, actor.session(), other.ceiling)};
  batch.generator_extends = {ExtendOf(held, held.ceiling + 1)};
  batch.lease_renews = {RenewOf(leased, leased.ceiling + 1)};
  batch.lease_releases = {LeaseReleaseOf(ended, -1), LeaseReleaseOf(ended, ended.start_time)};
  batch.generator_acquires = {
      {.group = "g", .keys = {AcquireKey("key")}}, {.group = "h"}, {.group = "i", .owner = "o"}};
  batch.generator_lists = {{.group = "g", .limit = 10}};
  const engine::Batch planned = batch;
  ASSERT_EQ(actor.TryRun(batch).kind, engine::BatchOutcome::Kind::kApplied);
  EXPECT_EQ(batch.group_deletes[0].result, Deleted::kWaiting);
  EXPECT_EQ(batch.group_deletes[1].result, Deleted::kFinished);
  EXPECT_EQ(batch.generator_acquires[0].result, Acquired::kKeySeen);
  EXPECT_EQ(batch.generator_acquires[2].result, Acquired::kAcquired);
  EXPECT_EQ(batch.lease_releases[0].result, engine::LeaseRelease::Result::kOutOfRange);
  EXPECT_THAT(batch.report.group_attention, SizeIs(2));
  EXPECT_THAT(batch.generator_lists[0].rows, SizeIs(4));

  engine::Batch resolved = planned;
  actor.Resolve(resolved);
  EXPECT_EQ(resolved.resolution.last_batch, resolved.number());
  EXPECT_EQ(store::EncodeResults(resolved), store::EncodeResults(batch));
  EXPECT_THAT(resolved.generator_lists[0].rows, IsEmpty());
}

TEST_P(GroupContract, GroupsAreKept) {
  Actor before(store());
  const GroupRow row = before.CreateGroup("g");
  before.CreateGroup("gone");
  const GeneratorAcquire held = before.AcquireGenerator("gone");
  before.Release(ReleaseOf(held, before.session(), held.ceiling));
  before.Delete({.name = "gone"});
  const GeneratorAcquire leased = before.AcquireGenerator("g", "secret");
  if (!test_store().Reopen()) return;
  Actor after(store());
  ExpectSame(after.OpenGroup("g").row, row);
  EXPECT_EQ(after.Open(OpenOf("gone", row.settings)).row.floor_time, held.ceiling);
  EXPECT_EQ(after.Renew(RenewOf(leased, leased.ceiling)).result,
            engine::LeaseRenew::Result::kRenewed);
}

MINTMARK_TEST_ON_EVERY_STORE(GroupContract);

}  // namespace
}  // namespace mintmark::testing
