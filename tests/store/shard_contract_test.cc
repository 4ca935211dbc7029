// Acquiring shards, refilling windows, giving them back.
#include <gmock/gmock.h>

#include "tests/store/contract.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;

using engine::Acquire;
using engine::DrainKind;
using engine::GiveBack;
using engine::Refill;
using engine::SequenceRow;
using engine::SequenceSettings;

class ShardContract : public StoreContract {
 protected:
  static SequenceRow BeginReset(Actor& actor, const SequenceRow& row) {
    engine::SequenceChange change;
    change.name = row.name;
    change.expected_version = row.version;
    change.drain = DrainKind::kReset;
    change.frontier = row.frontier;
    change.allow_reuse = true;
    const engine::SequenceChange changed = actor.Change(change);
    EXPECT_EQ(changed.result, engine::SequenceChange::Result::kDone);
    return changed.row;
  }
};

TEST_P(ShardContract, TakesAChunkFromTheMaster) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 1'000));
  const Acquire acquired = actor.Acquire(row, 10, 100);
  EXPECT_EQ(acquired.result, Acquire::Result::kAcquired);
  EXPECT_EQ(acquired.start, 1);
  EXPECT_EQ(acquired.ceiling, 11);
  EXPECT_EQ(acquired.limit, 101);
  EXPECT_EQ(acquired.wanted, 1);
  EXPECT_FALSE(acquired.taken_over);
  EXPECT_FALSE(acquired.row.has_value());
  EXPECT_EQ(actor.Open("s").row.frontier, 101);
  // A window beyond the chunk ends with it.
  const Acquire wide = actor.Acquire(row, 500, 100);
  EXPECT_NE(wide.shard, acquired.shard);
  EXPECT_EQ(wide.start, 101);
  EXPECT_EQ(wide.ceiling, 201);
  EXPECT_EQ(wide.limit, 201);
}

TEST_P(ShardContract, TheLastChunkIsWhatIsLeft) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 15));
  EXPECT_EQ(actor.Acquire(row, 4, 10).limit, 11);
  EXPECT_EQ(actor.Acquire(row, 4, 10).limit, 16);
  EXPECT_EQ(actor.Acquire(row, 4, 10).result, Acquire::Result::kNoShard);
  EXPECT_EQ(actor.Open("s").row.frontier, 16);
}

TEST_P(ShardContract, OneId) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(kMaxId, kMaxId));
  const Acquire acquired = actor.Acquire(row, INT64_MAX, INT64_MAX);
  EXPECT_EQ(acquired.start, kMaxId);
  EXPECT_EQ(acquired.ceiling, INT64_MAX);
  EXPECT_EQ(acquired.limit, INT64_MAX);
  EXPECT_EQ(actor.Acquire(row, 1, 1).result, Acquire::Result::kNoShard);
}

TEST_P(ShardContract, TheWholeRange) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(INT64_MIN, kMaxId));
  const Acquire first = actor.Acquire(row, 10, INT64_MAX);
  EXPECT_EQ(first.start, INT64_MIN);
  EXPECT_EQ(first.ceiling, INT64_MIN + 10);
  EXPECT_EQ(first.limit, -1);
  const Acquire second = actor.Acquire(row, INT64_MAX, INT64_MAX);
  EXPECT_EQ(second.start, -1);
  EXPECT_EQ(second.ceiling, INT64_MAX - 1);
  const Acquire third = actor.Acquire(row, 10, 10);
  EXPECT_EQ(third.start, INT64_MAX - 1);
  EXPECT_EQ(third.limit, INT64_MAX);
  EXPECT_EQ(actor.Refill(RefillOf(first, INT64_MIN + 5, INT64_MAX)).new_ceiling, -1);
}

TEST_P(ShardContract, AnAdaptiveChunkIsAShareOfWhatIsLeft) {
  Actor actor(store());
  SequenceSettings settings = Ids(1, 1'000);
  settings.shards = 5;
  const SequenceRow row = actor.Create("s", settings);
  Acquire acquire = AcquireOf(row, 10, 400);
  acquire.adaptive_chunk = true;
  EXPECT_EQ(actor.Acquire(acquire).limit, 1 + 50);   // 1000 / 20
  EXPECT_EQ(actor.Acquire(acquire).limit, 51 + 47);  // 950 / 20
  acquire.window = 90;
  EXPECT_EQ(actor.Acquire(acquire).limit, 98 + 90);  // At least a window.
  acquire.chunk = 20;
  EXPECT_EQ(actor.Acquire(acquire).limit, 188 + 20);  // Never more than asked for.
}

TEST_P(ShardContract, WithoutAWindowOnlyTheShardIsTaken) {
  Actor actor(store());
  Actor other(store());
  const SequenceRow row = actor.Create("s", Ids(1, 20));
  const Acquire acquired = actor.Acquire(row, 0, 10);
  EXPECT_EQ(acquired.result, Acquire::Result::kAcquired);
  EXPECT_EQ(acquired.start, 1);
  EXPECT_EQ(acquired.ceiling, 1);
  EXPECT_EQ(acquired.limit, 11);
  EXPECT_EQ(actor.Open("s").row.largest_window, 0);
  EXPECT_EQ(actor.Refill(RefillOf(acquired, 1, 3)).new_ceiling, 3);
  other.Bury(actor.session());
  const Acquire taken = other.Acquire(row, 0, 10);
  EXPECT_EQ(taken.shard, acquired.shard);
  EXPECT_EQ(taken.start, 3);
  EXPECT_EQ(taken.ceiling, 3);
  // However little is left: an adaptive chunk has one position at least.
  Acquire adaptive = AcquireOf(row, 0, 10);
  adaptive.adaptive_chunk = true;
  EXPECT_EQ(other.Acquire(adaptive).limit, 12);
}

TEST_P(ShardContract, TakesUnownedShardsFirstTheLowestCeilingFirst) {
  Actor actor(store());
  Actor taker(store());
  const SequenceRow row = actor.Create("s", Ids(1, 1'000));
  const Acquire a = actor.Acquire(row, 10, 100);
  const Acquire b = actor.Acquire(row, 10, 100);
  const Acquire c = actor.Acquire(row, 10, 100);
  actor.GiveBack(c, 205);
  actor.GiveBack(a, 3);
  const Acquire first = taker.Acquire(row, 10, 100);
  EXPECT_EQ(first.shard, a.shard);
  EXPECT_GT(first.epoch, a.epoch);
  EXPECT_EQ(first.start, 3);
  EXPECT_EQ(first.ceiling, 13);
  EXPECT_EQ(first.limit, 101);
  EXPECT_FALSE(first.taken_over);
  EXPECT_EQ(taker.Acquire(row, 10, 100).shard, c.shard);
  EXPECT_EQ(taker.Acquire(row, 10, 100).start, 301);
  actor.GiveBack(b, 111);
}

TEST_P(ShardContract, TakesOverFromASessionThatIsBuriedAboveItsCeiling) {
  Actor silent(store());
  Actor taker(store());
  const SequenceRow row = silent.Create("s", Ids(1, 1'000));
  const Acquire lost = silent.Acquire(row, 10, 100);
  silent.Refill(RefillOf(lost, 4, 40));
  // In one batch: the burial comes first.
  engine::Batch batch = taker.Plan();
  batch.bury = {silent.session()};
  batch.acquires = {AcquireOf(row, 10, 100)};
  taker.Run(batch);
  const Acquire& taken = batch.acquires[0];
  ASSERT_EQ(taken.result, Acquire::Result::kAcquired);
  EXPECT_TRUE(taken.taken_over);
  EXPECT_EQ(taken.shard, lost.shard);
  EXPECT_EQ(taken.start, 40);
  EXPECT_EQ(taken.ceiling, 50);
  EXPECT_GT(taken.epoch, lost.epoch);

  // The silent one comes back with a new session, and its rest goes in anew.
  Actor back(store());
  GiveBack rest = GiveBackOf(lost, silent.session(), 4);
  rest.ceiling = 40;
  EXPECT_EQ(back.GiveBack(rest).result, GiveBack::Result::kReturned);
  EXPECT_THAT(back.Draw(row, 37).runs, ElementsAre(Positions(4, 40), Positions(101, 102)));
}

TEST_P(ShardContract, AsManyChunksAtWorkAsThereAreShards) {
  Actor a(store());
  Actor b(store());
  SequenceSettings settings = Ids(1, 1'000);
  settings.shards = 2;
  const SequenceRow row = a.Create("s", settings);
  const Acquire first = a.Acquire(row, 10, 100);
  const Acquire second = b.Acquire(row, 10, 100);
  EXPECT_EQ(a.Acquire(row, 10, 100).result, Acquire::Result::kNoShard);
  EXPECT_EQ(a.Open("s").row.frontier, 201);
  // A chunk all of which is in its owner's window is not at work any more.
  EXPECT_EQ(b.Refill(RefillOf(second, 105, 201)).new_ceiling, 201);
  const Acquire third = a.Acquire(row, 10, 100);
  EXPECT_EQ(third.start, 201);
  EXPECT_EQ(b.Acquire(row, 10, 100).result, Acquire::Result::kNoShard);
  // Given back, it is taken again, however many there are.
  b.GiveBack(second, 110);
  EXPECT_EQ(b.Acquire(row, 10, 100).start, 110);
  EXPECT_EQ(b.Acquire(row, 10, 100).result, Acquire::Result::kNoShard);
  a.GiveBack(first, 11);
  EXPECT_EQ(b.Acquire(row, 10, 100).start, 11);
}

TEST_P(ShardContract, DeletesUsedUpShardsOnTheWay) {
  Actor silent(store());
  Actor actor(store());
  const SequenceRow row = silent.Create("s", Ids(1, 100));
  const Acquire used_up = silent.Acquire(row, 10, 10);
  actor.Bury(silent.session());
  EXPECT_EQ(actor.Acquire(row, 5, 10).start, 11);
  // Its row is gone: the window is not that shard's any more, but its rest counts.
  GiveBack rest = GiveBackOf(used_up, silent.session(), 8);
  EXPECT_EQ(actor.GiveBack(rest).result, GiveBack::Result::kReturned);
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 3 + 5);
}

TEST_P(ShardContract, IdsOfShardsAreNotUsedAgain) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  const Acquire first = actor.Acquire(row, 10, 10);
  actor.GiveBack(first, 11);
  const Acquire second = actor.Acquire(row, 10, 10);
  EXPECT_NE(second.shard, first.shard);
  // So that what is given back late cannot be mistaken for it.
  EXPECT_EQ(actor.GiveBack(first, 11).result, GiveBack::Result::kReturned);
  EXPECT_EQ(actor.Refill(RefillOf(second, 11, 21)).result, Refill::Result::kMoved);
}

TEST_P(ShardContract, DoesNotAcquireWhatChanged) {
  Actor actor(store());
  SequenceRow row = actor.Create("s", Ids(1, 100));
  Acquire acquire = AcquireOf(row, 1, 10);
  ++acquire.generation;
  Acquire result = actor.Acquire(acquire);
  EXPECT_EQ(result.result, Acquire::Result::kStale);
  ASSERT_TRUE(result.row.has_value());
  EXPECT_EQ(result.row->generation, row.generation);
  acquire = AcquireOf(row, 1, 10);
  ++acquire.revision;
  EXPECT_EQ(actor.Acquire(acquire).result, Acquire::Result::kStale);
  acquire = AcquireOf(row, 1, 10);
  acquire.sequence = "absent";
  result = actor.Acquire(acquire);
  EXPECT_EQ(result.result, Acquire::Result::kStale);
  EXPECT_FALSE(result.row.has_value());

  const SequenceRow strict = actor.Create("strict", Strict(Ids(1, 100)));
  result = actor.Acquire(strict, 1, 10);
  EXPECT_EQ(result.result, Acquire::Result::kStale);
  EXPECT_TRUE(result.row->strict());

  row = BeginReset(actor, row);
  result = actor.Acquire(row, 1, 10);
  EXPECT_EQ(result.result, Acquire::Result::kDraining);
  EXPECT_EQ(result.row->drain_token, row.drain_token);
}

TEST_P(ShardContract, RefillsUpToTheLimitAndNeverDown) {
  Actor actor(store());
  Actor other(store());
  const SequenceRow row = actor.Create("s", Ids(1, 1'000));
  const Acquire acquired = actor.Acquire(row, 10, 100);
  Refill refill = actor.Refill(RefillOf(acquired, 5, 30));
  EXPECT_EQ(refill.result, Refill::Result::kMoved);
  EXPECT_EQ(refill.new_ceiling, 30);
  EXPECT_EQ(actor.Refill(RefillOf(acquired, 6, 20)).new_ceiling, 30);
  EXPECT_EQ(actor.Refill(RefillOf(acquired, 6, 5'000)).new_ceiling, 101);
  // Only what is the session's own, as it was acquired.
  EXPECT_EQ(other.Refill(RefillOf(acquired, 6, 50)).result, Refill::Result::kLost);
  for (std::int64_t Refill::*member : {&Refill::epoch, &Refill::generation, &Refill::shard}) {
    Refill wrong = RefillOf(acquired, 6, 50);
    ++(wrong.*member);
    EXPECT_EQ(actor.Refill(wrong).result, Refill::Result::kLost);
  }
  Refill absent = RefillOf(acquired, 6, 50);
  absent.sequence = "absent";
  EXPECT_EQ(actor.Refill(absent).result, Refill::Result::kLost);
  BeginReset(actor, row);
  EXPECT_EQ(actor.Refill(RefillOf(acquired, 6, 50)).result, Refill::Result::kLost);
}

TEST_P(ShardContract, GivesBackIntoTheShard) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 1'000));
  const Acquire acquired = actor.Acquire(row, 10, 100);
  EXPECT_EQ(actor.GiveBack(acquired, 7).result, GiveBack::Result::kGiven);
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 94);
  EXPECT_EQ(actor.Refill(RefillOf(acquired, 7, 50)).result, Refill::Result::kLost);
  const Acquire again = actor.Acquire(row, 10, 100);
  EXPECT_EQ(again.shard, acquired.shard);
  EXPECT_EQ(again.start, 7);
  // An untouched window goes back whole.
  EXPECT_EQ(actor.GiveBack(again, 7).result, GiveBack::Result::kGiven);
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 94);
}

TEST_P(ShardContract, AUsedUpShardIsDeletedWhenGivenBack) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 10));
  const Acquire acquired = actor.Acquire(row, 10, 10);
  EXPECT_EQ(actor.GiveBack(acquired, 11).result, GiveBack::Result::kGiven);
  EXPECT_EQ(actor.Draw(row, 1).result, engine::DrawItem::Result::kExhausted);
}

TEST_P(ShardContract, GivesBackForAnEarlierSessionOfItsServer) {
  Actor earlier(store());
  const SequenceRow row = earlier.Create("s", Ids(1, 100));
  const Acquire acquired = earlier.Acquire(row, 10, 20);
  Actor later(store());
  later.Bury(earlier.session());
  // Nobody took the shard meanwhile: it is still as acquired.
  EXPECT_EQ(later.GiveBack(GiveBackOf(acquired, earlier.session(), 4)).result,
            GiveBack::Result::kGiven);
  EXPECT_EQ(later.Acquire(row, 10, 20).start, 4);
  // The owner that the row names has to be the one that is named.
  const Acquire mine = later.Acquire(row, 10, 20);
  EXPECT_EQ(later.GiveBack(GiveBackOf(mine, earlier.session(), mine.start)).result,
            GiveBack::Result::kReturned);
}

TEST_P(ShardContract, ARestGoesIntoANewRowThatIsNoChunkAtWork) {
  Actor silent(store());
  Actor actor(store());
  SequenceSettings settings = Ids(1, 1'000);
  settings.shards = 1;
  const SequenceRow row = silent.Create("s", settings);
  const Acquire lost = silent.Acquire(row, 10, 100);
  actor.Bury(silent.session());
  const Acquire taken = actor.Acquire(row, 90, 100);
  ASSERT_EQ(taken.start, 11);
  EXPECT_EQ(actor.GiveBack(GiveBackOf(lost, silent.session(), 6)).result,
            GiveBack::Result::kReturned);
  const Acquire rest = actor.Acquire(row, 10, 100);
  EXPECT_EQ(rest.start, 6);
  EXPECT_EQ(rest.ceiling, 11);
  EXPECT_EQ(rest.limit, 11);
  actor.GiveBack(taken, 101);
  // The rest is still owned, and yet there is room for one chunk.
  EXPECT_EQ(actor.Acquire(row, 10, 100).start, 101);
}

TEST_P(ShardContract, AnEmptyRestIsReturnedAsNothing) {
  Actor silent(store());
  Actor actor(store());
  const SequenceRow row = silent.Create("s", Ids(1, 10));
  const Acquire lost = silent.Acquire(row, 10, 10);
  actor.Bury(silent.session());
  EXPECT_EQ(actor.Acquire(row, 1, 1).result, Acquire::Result::kNoShard);
  EXPECT_EQ(actor.GiveBack(GiveBackOf(lost, silent.session(), 11)).result,
            GiveBack::Result::kReturned);
  EXPECT_EQ(actor.Draw(row, 1).result, engine::DrawItem::Result::kExhausted);
  EXPECT_EQ(actor.GiveBack(GiveBackOf(lost, silent.session(), 10)).result,
            GiveBack::Result::kReturned);
  EXPECT_THAT(actor.Draw(row, 1).runs, ElementsAre(Positions(10, 11)));
}

TEST_P(ShardContract, WhileItDrainsASequenceTakesRestsBack) {
  Actor owner(store());
  Actor actor(store());
  const SequenceRow row = owner.Create("s", Ids(1, 100));
  const Acquire owned = owner.Acquire(row, 10, 20);
  const SequenceRow marked = BeginReset(actor, row);
  EXPECT_EQ(owner.GiveBack(owned, 3).result, GiveBack::Result::kGiven);
  EXPECT_EQ(actor.Drain({.name = "s", .token = marked.drain_token}).result,
            engine::SequenceDrain::Result::kFinished);
}

TEST_P(ShardContract, SeveralShardsInOneBatch) {
  Actor actor(store());
  const SequenceRow a = actor.Create("a", Ids(1, 100));
  const SequenceRow b = actor.Create("b", Ids(1, 100));
  engine::Batch batch = actor.Plan();
  batch.acquires = {AcquireOf(a, 5, 10), AcquireOf(a, 5, 10), AcquireOf(b, 5, 10)};
  actor.Run(batch);
  EXPECT_EQ(batch.acquires[0].start, 1);
  EXPECT_EQ(batch.acquires[1].start, 11);
  EXPECT_EQ(batch.acquires[2].start, 1);
  engine::Batch next = actor.Plan();
  next.give_backs = {GiveBackOf(batch.acquires[0], actor.session(), 2)};
  next.refills = {RefillOf(batch.acquires[1], 12, 18), RefillOf(batch.acquires[2], 2, 7)};
  next.acquires = {AcquireOf(a, 5, 10)};
  actor.Run(next);
  EXPECT_EQ(next.give_backs[0].result, GiveBack::Result::kGiven);
  EXPECT_EQ(next.refills[0].new_ceiling, 18);
  EXPECT_EQ(next.refills[1].new_ceiling, 7);
  EXPECT_EQ(next.acquires[0].shard, batch.acquires[0].shard);
  EXPECT_EQ(next.acquires[0].start, 2);
}

MINTMARK_TEST_ON_EVERY_STORE(ShardContract);

}  // namespace
}  // namespace mintmark::testing
