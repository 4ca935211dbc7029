// Opening, changing and draining sequences.
#include <gmock/gmock.h>

#include "tests/store/contract.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;

using engine::DrainKind;
using engine::SequenceChange;
using engine::SequenceDrain;
using engine::SequenceOpen;
using engine::SequenceRow;
using engine::SequenceSettings;
using Shape = engine::DrawItem::Shape;
using Drawn = engine::DrawItem::Result;

class SequenceContract : public StoreContract {
 protected:
  static SequenceChange ChangeTo(const SequenceRow& row, const SequenceSettings& settings,
                                 DrainKind drain = DrainKind::kNone) {
    SequenceChange change;
    change.name = row.name;
    change.expected_version = row.version;
    change.drain = drain;
    change.settings = settings;
    return change;
  }
  static SequenceChange Reset(const SequenceRow& row, std::int64_t frontier, bool allow_reuse) {
    SequenceChange change = ChangeTo(row, {}, DrainKind::kReset);
    change.frontier = frontier;
    change.allow_reuse = allow_reuse;
    return change;
  }
  // Changes and drains while nobody owns a shard.
  static SequenceRow Finish(Actor& actor, const SequenceChange& change) {
    const SequenceChange changed = actor.Change(change);
    EXPECT_EQ(changed.result, SequenceChange::Result::kDone);
    const SequenceDrain drained = actor.Drain({.name = change.name});
    EXPECT_EQ(drained.result, SequenceDrain::Result::kFinished);
    return drained.row;
  }
};

TEST_P(SequenceContract, CreatesWhatIsAbsentAndFindsWhatIsThere) {
  Actor actor(store());
  EXPECT_EQ(actor.Open("s").result, SequenceOpen::Result::kAbsent);
  SequenceSettings settings = Ids(-7, 1'000, 5);
  settings.chunk_size = 40;
  settings.shards = 3;
  settings.max_gap = 10;
  settings.format = {Encoding::kBase62, "pre%_-", "'\"\\", 9, true};
  const SequenceRow created = actor.Create("s", settings);
  EXPECT_EQ(created.name, "s");
  EXPECT_EQ(created.settings, settings);
  EXPECT_GT(created.generation, 0);
  EXPECT_EQ(created.revision, 1);
  EXPECT_EQ(created.version, 1);
  EXPECT_EQ(created.wanted, 1);
  EXPECT_EQ(created.frontier, settings.space.FirstPosition());
  EXPECT_EQ(created.drain, DrainKind::kNone);
  EXPECT_EQ(created.create_time_us, actor.report().store_time_us);
  EXPECT_EQ(created.update_time_us, created.create_time_us);

  SequenceOpen again{.name = "s", .create_as = SequenceSettings{}};
  engine::Batch batch = actor.Plan();
  batch.opens = {again};
  actor.Run(batch);
  EXPECT_EQ(batch.opens[0].result, SequenceOpen::Result::kFound);
  EXPECT_EQ(batch.opens[0].row.settings, settings);
  EXPECT_EQ(batch.opens[0].row.generation, created.generation);
  EXPECT_EQ(batch.opens[0].row.unissued_in_shards, 0);
}

TEST_P(SequenceContract, EverySequenceGetsAGenerationOfItsOwn) {
  Actor actor(store());
  engine::Batch batch = actor.Plan();
  for (const char* name : {"A", "B", "a", "b"}) {
    batch.opens.push_back({.name = name, .create_as = SequenceSettings{}});
  }
  actor.Run(batch);
  for (std::size_t i = 1; i < batch.opens.size(); ++i) {
    EXPECT_NE(batch.opens[i].row.generation, batch.opens[i - 1].row.generation);
  }
}

TEST_P(SequenceContract, ShowsWhatShardsHold) {
  Actor actor(store());
  Actor other(store());
  const SequenceRow row = actor.Create("s", Ids(1, 1'000));
  actor.Acquire(row, 10, 100);                                 // [1, 11) of [1, 101)
  const engine::Acquire second = other.Acquire(row, 30, 100);  // [101, 131) of [101, 201)
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 90 + 70);
  EXPECT_EQ(actor.Open("s").row.largest_window, 30);
  // A refill at position 125 with a ceiling of 140 can lose 15.
  other.Refill(RefillOf(second, 125, 140));
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 90 + 61);
  EXPECT_EQ(actor.Open("s").row.largest_window, 15);
  // What nobody owns is not at risk.
  other.GiveBack(second, 126);
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 90 + 75);
  EXPECT_EQ(actor.Open("s").row.largest_window, 10);
  other.Bury(actor.session());
  EXPECT_EQ(other.Open("s").row.largest_window, 0);
}

TEST_P(SequenceContract, WhatShardsHoldSaturates) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(INT64_MIN, kMaxId));
  actor.Acquire(row, INT64_MAX, INT64_MAX);
  EXPECT_EQ(actor.Open("s").row.largest_window, INT64_MAX);
  actor.Acquire(row, 1, INT64_MAX);
  actor.Acquire(row, 1, INT64_MAX);
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, INT64_MAX - 1);
  const SequenceRow other = actor.Create("t", Ids(INT64_MIN, kMaxId));
  actor.Acquire(other, 1, INT64_MAX);
  actor.Acquire(other, 1, INT64_MAX);
  EXPECT_EQ(actor.Open("t").row.unissued_in_shards, INT64_MAX);
}

TEST_P(SequenceContract, ChangesSettingsAtOnce) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 10));
  actor.Draw(row, 4);
  SequenceSettings settings = Ids(1, 99);
  settings.shards = 20;
  settings.format.prefix = "x";
  test_store().PassTime(std::chrono::seconds(5));
  const SequenceChange change = actor.Change(ChangeTo(row, settings));
  EXPECT_EQ(change.result, SequenceChange::Result::kDone);
  EXPECT_EQ(change.row.settings, settings);
  EXPECT_EQ(change.row.version, row.version + 1);
  EXPECT_EQ(change.row.generation, row.generation);
  EXPECT_EQ(change.row.revision, row.revision);
  EXPECT_EQ(change.row.frontier, 5);
  EXPECT_EQ(change.row.drain, DrainKind::kNone);
  EXPECT_EQ(change.row.drain_token, 0);
  EXPECT_GT(change.row.update_time_us, change.row.create_time_us);
  EXPECT_EQ(actor.Open("s").row.settings, settings);
  // Old generation and revision still draw.
  EXPECT_THAT(actor.Draw(row, 1).runs, ElementsAre(Positions(5, 6)));
}

TEST_P(SequenceContract, ChangesOnlyTheVersionThatWasSeen) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s");
  SequenceChange stale = ChangeTo(row, Ids(1, 5));
  stale.expected_version = row.version + 1;
  const SequenceChange changed = actor.Change(stale);
  EXPECT_EQ(changed.result, SequenceChange::Result::kChanged);
  EXPECT_EQ(changed.row.version, row.version);
  EXPECT_EQ(actor.Open("s").row.settings, row.settings);
  stale.name = "absent";
  EXPECT_EQ(actor.Change(stale).result, SequenceChange::Result::kAbsent);
}

TEST_P(SequenceContract, OneDrainAtATime) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s");
  const SequenceChange first = actor.Change(Reset(row, 50, false));
  ASSERT_EQ(first.result, SequenceChange::Result::kDone);
  EXPECT_EQ(first.row.drain, DrainKind::kReset);
  EXPECT_GT(first.row.drain_token, row.generation);
  EXPECT_EQ(first.row.drain_frontier, 50);
  EXPECT_EQ(first.row.settings, row.settings);
  EXPECT_EQ(first.row.generation, row.generation);
  EXPECT_EQ(first.row.version, row.version + 1);
  // Who does not know of it is told that the row changed, who does that it drains.
  EXPECT_EQ(actor.Change(Reset(row, 50, false)).result, SequenceChange::Result::kChanged);
  const SequenceChange second = actor.Change(ChangeTo(first.row, Ids(1, 5)));
  EXPECT_EQ(second.result, SequenceChange::Result::kDraining);
  EXPECT_EQ(second.row.drain_token, first.row.drain_token);
  EXPECT_EQ(second.row.version, first.row.version);
}

TEST_P(SequenceContract, ResetsForwardAndBackwardOnlyWhenToldTo) {
  Actor actor(store());
  SequenceRow row = actor.Create("s", Ids(1, 100));
  actor.Draw(row, 20);
  EXPECT_EQ(actor.Change(Reset(row, 20, false)).result, SequenceChange::Result::kWouldReuse);
  EXPECT_EQ(actor.Open("s").row.version, row.version);
  row = Finish(actor, Reset(row, 21, false));
  EXPECT_THAT(actor.Draw(row, 1).runs, ElementsAre(Positions(21, 22)));
  row = Finish(actor, Reset(row, 60, false));
  EXPECT_THAT(actor.Draw(row, 1).runs, ElementsAre(Positions(60, 61)));
  row = Finish(actor, Reset(row, 1, true));
  EXPECT_THAT(actor.Draw(row, 1).runs, ElementsAre(Positions(1, 2)));
  // To the very end: nothing is left.
  row = Finish(actor, Reset(row, 101, false));
  EXPECT_EQ(actor.Draw(row, 1).result, Drawn::kExhausted);
}

TEST_P(SequenceContract, AResetEndsWithANewGeneration) {
  Actor actor(store());
  Actor other(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  const engine::Acquire given = actor.Acquire(row, 10, 30);
  actor.GiveBack(given, 5);
  const engine::Acquire held = other.Acquire(row, 10, 30);
  const SequenceChange change = actor.Change(Reset(row, 31, false));

  SequenceDrain drain = actor.Drain({.name = "s", .token = change.row.drain_token});
  EXPECT_EQ(drain.result, SequenceDrain::Result::kWaiting);
  EXPECT_EQ(drain.row.drain_token, change.row.drain_token);
  drain = actor.Drain({.name = "s"});
  EXPECT_EQ(drain.result, SequenceDrain::Result::kWaiting);
  drain = actor.Drain({.name = "s", .token = change.row.drain_token + 1, .finish_anyway = true});
  EXPECT_EQ(drain.result, SequenceDrain::Result::kOver);
  drain = actor.Drain({.name = "s", .finish_anyway = true});
  EXPECT_EQ(drain.result, SequenceDrain::Result::kWaiting);

  other.GiveBack(held, 12);
  drain = actor.Drain({.name = "s", .token = change.row.drain_token});
  EXPECT_EQ(drain.result, SequenceDrain::Result::kFinished);
  EXPECT_EQ(drain.new_generation, change.row.drain_token);
  EXPECT_EQ(drain.row.generation, change.row.drain_token);
  EXPECT_EQ(drain.row.revision, row.revision);
  EXPECT_EQ(drain.row.frontier, 31);
  EXPECT_EQ(drain.row.version, change.row.version + 1);
  EXPECT_EQ(drain.row.wanted, row.wanted + 1);
  EXPECT_EQ(drain.row.drain, DrainKind::kNone);
  EXPECT_EQ(drain.row.drain_token, 0);
  EXPECT_EQ(drain.row.drain_frontier, 0);
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 0);
  EXPECT_EQ(actor.Draw(DrawOf(row, {Item(Shape::kAll, 1)})).result, engine::Draw::Result::kStale);
  EXPECT_THAT(actor.Draw(drain.row, 1).runs, ElementsAre(Positions(31, 32)));
  EXPECT_EQ(actor.Drain({.name = "s", .token = change.row.drain_token}).result,
            SequenceDrain::Result::kOver);
}

TEST_P(SequenceContract, ADrainDoesNotWaitForWhoIsBuriedOrSilent) {
  Actor actor(store());
  Actor buried(store());
  Actor silent(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  buried.Acquire(row, 10, 30);
  const SequenceRow marked = actor.Change(Reset(row, 1, true)).row;
  EXPECT_EQ(actor.Drain({.name = "s"}).result, SequenceDrain::Result::kWaiting);
  engine::SessionRow seen = buried.session();
  actor.Bury(seen);
  const SequenceDrain drain = actor.Drain({.name = "s", .token = marked.drain_token});
  ASSERT_EQ(drain.result, SequenceDrain::Result::kFinished);

  const engine::Acquire held = silent.Acquire(drain.row, 10, 30);
  const SequenceRow again = actor.Change(Reset(drain.row, 1, true)).row;
  EXPECT_EQ(actor.Drain({.name = "s", .token = again.drain_token, .finish_anyway = true}).result,
            SequenceDrain::Result::kFinished);
  // The silent one comes back: its shard is lost, its rest void.
  EXPECT_EQ(silent.Refill(RefillOf(held, 1, 20)).result, engine::Refill::Result::kLost);
  EXPECT_EQ(silent.GiveBack(held, 3).result, engine::GiveBack::Result::kVoid);
}

TEST_P(SequenceContract, ADeletedSequenceIsGoneAndItsNameStartsAnew) {
  Actor actor(store());
  Actor other(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  actor.Draw(row, 50);
  const engine::Acquire held = other.Acquire(row, 5, 10);
  const SequenceChange change = actor.Change(ChangeTo(row, {}, DrainKind::kDelete));
  ASSERT_EQ(change.result, SequenceChange::Result::kDone);
  EXPECT_EQ(change.row.drain, DrainKind::kDelete);
  EXPECT_EQ(actor.Drain({.name = "s"}).result, SequenceDrain::Result::kWaiting);
  const SequenceDrain drain =
      actor.Drain({.name = "s", .token = change.row.drain_token, .finish_anyway = true});
  EXPECT_EQ(drain.result, SequenceDrain::Result::kFinished);
  EXPECT_EQ(drain.row.name, "");
  EXPECT_EQ(drain.new_generation, 0);
  EXPECT_EQ(actor.Open("s").result, SequenceOpen::Result::kAbsent);
  EXPECT_EQ(actor.Drain({.name = "s"}).result, SequenceDrain::Result::kOver);
  EXPECT_EQ(other.GiveBack(held, held.start).result, engine::GiveBack::Result::kVoid);
  EXPECT_EQ(other.Refill(RefillOf(held, held.start, 100)).result, engine::Refill::Result::kLost);

  const SequenceRow created = actor.Create("s", Ids(1, 100));
  EXPECT_GT(created.generation, change.row.drain_token);
  EXPECT_EQ(created.version, 1);
  EXPECT_EQ(other.GiveBack(held, held.start).result, engine::GiveBack::Result::kVoid);
  EXPECT_THAT(actor.Draw(created, 1).runs, ElementsAre(Positions(1, 2)));
}

TEST_P(SequenceContract, TighteningKeepsTheGenerationAndClipsWhatIsLeft) {
  Actor actor(store());
  Actor owner(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  const engine::Acquire low = actor.Acquire(row, 4, 10);    // [1, 11)
  const engine::Acquire high = actor.Acquire(row, 4, 10);   // [11, 21)
  const engine::Acquire owned = owner.Acquire(row, 4, 10);  // [21, 31), ceiling 25
  const engine::Acquire above = owner.Acquire(row, 4, 10);  // [31, 41), ceiling 35
  actor.GiveBack(low, 3);
  actor.GiveBack(high, 11);
  SequenceSettings tight = Ids(1, 27);
  tight.shards = 2;
  const SequenceChange change = actor.Change(ChangeTo(row, tight, DrainKind::kTighten));
  ASSERT_EQ(change.result, SequenceChange::Result::kDone);
  EXPECT_EQ(change.row.settings, row.settings);
  EXPECT_EQ(change.row.drain_settings, tight);
  EXPECT_EQ(actor.Drain({.name = "s"}).result, SequenceDrain::Result::kWaiting);

  const SequenceDrain drain =
      actor.Drain({.name = "s", .token = change.row.drain_token, .finish_anyway = true});
  ASSERT_EQ(drain.result, SequenceDrain::Result::kFinished);
  EXPECT_EQ(drain.new_generation, row.generation);
  EXPECT_EQ(drain.row.generation, row.generation);
  EXPECT_EQ(drain.row.revision, row.revision + 1);
  EXPECT_EQ(drain.row.version, change.row.version + 1);
  EXPECT_EQ(drain.row.settings, tight);
  EXPECT_EQ(drain.row.drain_settings, SequenceSettings{});
  EXPECT_EQ(drain.row.frontier, 41);
  // [3, 11), [11, 21), [25, 28); what lay above is gone.
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 8 + 10 + 3);
  EXPECT_EQ(owner.Refill(RefillOf(owned, 22, 30)).result, engine::Refill::Result::kLost);
  EXPECT_EQ(actor.Draw(DrawOf(row, {Item(Shape::kAll, 1)})).result, engine::Draw::Result::kStale);

  // A late rest still goes in, clipped as well; one that is all above does not.
  EXPECT_EQ(owner.GiveBack(owned, 23).result, engine::GiveBack::Result::kReturned);
  EXPECT_EQ(owner.GiveBack(above, 31).result, engine::GiveBack::Result::kReturned);
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 8 + 10 + 3 + 2);
  EXPECT_THAT(actor.Draw(drain.row, 23).runs, ElementsAre(Positions(3, 21), Positions(23, 28)));
  EXPECT_EQ(actor.Draw(drain.row, 1).result, Drawn::kExhausted);
}

TEST_P(SequenceContract, RestsLeftByATighteningAreNoChunksAtWork) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 1'000));
  const engine::Acquire a = actor.Acquire(row, 1, 10);
  const engine::Acquire b = actor.Acquire(row, 1, 10);
  actor.GiveBack(a, 2);
  actor.GiveBack(b, 12);
  SequenceSettings tight = Ids(1, 1'000);
  tight.shards = 1;
  const SequenceRow after = Finish(actor, ChangeTo(row, tight, DrainKind::kTighten));
  EXPECT_EQ(actor.Acquire(after, 1, 10).start, 2);
  EXPECT_EQ(actor.Acquire(after, 1, 10).start, 12);
  // Neither counts, so that one chunk is still allowed.
  EXPECT_EQ(actor.Acquire(after, 1, 10).start, 21);
  EXPECT_EQ(actor.Acquire(after, 1, 10).result, engine::Acquire::Result::kNoShard);
}

TEST_P(SequenceContract, OnceStrictRestsThatComeBackAreNotUsed) {
  Actor actor(store());
  Actor owner(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  const engine::Acquire kept = actor.Acquire(row, 4, 10);   // [1, 11)
  const engine::Acquire owned = owner.Acquire(row, 4, 10);  // [11, 21), ceiling 15
  actor.GiveBack(kept, 9);
  const SequenceRow marked =
      actor.Change(ChangeTo(row, Strict(Ids(1, 100)), DrainKind::kTighten)).row;
  const SequenceDrain drain =
      actor.Drain({.name = "s", .token = marked.drain_token, .finish_anyway = true});
  ASSERT_EQ(drain.result, SequenceDrain::Result::kFinished);
  EXPECT_TRUE(drain.row.strict());
  EXPECT_EQ(owner.GiveBack(owned, 12).result, engine::GiveBack::Result::kVoid);
  EXPECT_EQ(actor.Acquire(drain.row, 1, 1).result, engine::Acquire::Result::kStale);
  EXPECT_THAT(actor.Draw(drain.row, 10).runs, ElementsAre(Positions(9, 11), Positions(15, 23)));
}

TEST_P(SequenceContract, OperationsOfOneBatchSeeEachOther) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 10));
  engine::Batch batch = actor.Plan();
  batch.opens = {{.name = "new", .create_as = Ids(1, 5)}};
  batch.changes = {Reset(row, 4, false)};
  batch.drains = {{.name = "s"}};
  engine::Draw draw = DrawOf(row, {Item(Shape::kAll, 1)});
  batch.draws = {draw};
  actor.Run(batch);
  EXPECT_EQ(batch.opens[0].result, SequenceOpen::Result::kCreated);
  EXPECT_EQ(batch.changes[0].result, SequenceChange::Result::kDone);
  EXPECT_EQ(batch.drains[0].result, SequenceDrain::Result::kFinished);
  EXPECT_EQ(batch.draws[0].result, engine::Draw::Result::kStale);
  EXPECT_EQ(batch.draws[0].row->frontier, 4);
}

MINTMARK_TEST_ON_EVERY_STORE(SequenceContract);

}  // namespace
}  // namespace mintmark::testing
