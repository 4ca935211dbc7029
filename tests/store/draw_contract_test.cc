// Draws.
#include <gmock/gmock.h>

#include "tests/store/contract.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using engine::Acquire;
using engine::Draw;
using engine::DrawItem;
using engine::SequenceRow;
using Drawn = engine::DrawItem::Result;
using Shape = engine::DrawItem::Shape;

class DrawContract : public StoreContract {
 protected:
  // Leaves unowned rests [5, 11), [17, 21), [28, 31) below the frontier 31.
  static SequenceRow WithRests(Actor& actor, std::int64_t max_id) {
    const SequenceRow row = actor.Create("s", Ids(1, max_id));
    const Acquire a = actor.Acquire(row, 5, 10);
    const Acquire b = actor.Acquire(row, 7, 10);
    const Acquire c = actor.Acquire(row, 9, 10);
    actor.GiveBack(b, 17);
    actor.GiveBack(c, 28);
    actor.GiveBack(a, 5);
    return row;
  }
};

TEST_P(DrawContract, DrawsFromTheMaster) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  const DrawItem item = actor.Draw(row, 10);
  EXPECT_EQ(item.result, Drawn::kDrawn);
  EXPECT_THAT(item.runs, ElementsAre(Positions(1, 11)));
  EXPECT_THAT(actor.Draw(row, 1).runs, ElementsAre(Positions(11, 12)));
  EXPECT_EQ(actor.Open("s").row.frontier, 12);
  EXPECT_EQ(actor.Open("s").row.version, row.version);
}

TEST_P(DrawContract, DrawsFromUnownedShardsFirst) {
  Actor actor(store());
  const SequenceRow row = WithRests(actor, 100);
  EXPECT_THAT(actor.Draw(row, 2).runs, ElementsAre(Positions(5, 7)));
  EXPECT_THAT(actor.Draw(row, 5).runs, ElementsAre(Positions(7, 11), Positions(17, 18)));
  // Runs that touch are one.
  EXPECT_THAT(actor.Draw(row, 10).runs, ElementsAre(Positions(18, 21), Positions(28, 35)));
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 0);
  EXPECT_THAT(actor.Draw(row, 1).runs, ElementsAre(Positions(35, 36)));
}

TEST_P(DrawContract, AllOrNothing) {
  Actor actor(store());
  const SequenceRow row = WithRests(actor, 31);
  EXPECT_EQ(actor.Draw(row, 15).result, Drawn::kExhausted);
  EXPECT_EQ(actor.Draw(row, INT64_MAX).result, Drawn::kExhausted);
  EXPECT_EQ(actor.Open("s").row.unissued_in_shards, 6 + 4 + 3);
  EXPECT_THAT(actor.Draw(row, 14).runs,
              ElementsAre(Positions(5, 11), Positions(17, 21), Positions(28, 32)));
  const DrawItem empty = actor.Draw(row, 1);
  EXPECT_EQ(empty.result, Drawn::kExhausted);
  EXPECT_THAT(empty.runs, IsEmpty());
}

TEST_P(DrawContract, UpToWhatThereIs) {
  Actor actor(store());
  const SequenceRow row = WithRests(actor, 31);
  EXPECT_THAT(actor.Draw(row, Item(Shape::kUpTo, 3)).runs, ElementsAre(Positions(5, 8)));
  EXPECT_THAT(actor.Draw(row, Item(Shape::kUpTo, INT64_MAX)).runs,
              ElementsAre(Positions(8, 11), Positions(17, 21), Positions(28, 32)));
  EXPECT_EQ(actor.Draw(row, Item(Shape::kUpTo, 1)).result, Drawn::kExhausted);
}

TEST_P(DrawContract, OneRunFromTheLowestShard) {
  Actor actor(store());
  const SequenceRow row = WithRests(actor, 33);
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRun, 2)).runs, ElementsAre(Positions(5, 7)));
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRun, 100)).runs, ElementsAre(Positions(7, 11)));
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRun, 100)).runs, ElementsAre(Positions(17, 21)));
  // It does not cross into the master, though that begins where the shard ends.
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRun, 100)).runs, ElementsAre(Positions(28, 31)));
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRun, 100)).runs, ElementsAre(Positions(31, 34)));
  EXPECT_EQ(actor.Draw(row, Item(Shape::kOneRun, 1)).result, Drawn::kExhausted);
}

TEST_P(DrawContract, OneRunOfAllFromTheFirstThatHoldsIt) {
  Actor actor(store());
  const SequenceRow row = WithRests(actor, 40);
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRunOfAll, 5)).runs, ElementsAre(Positions(5, 10)));
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRunOfAll, 4)).runs, ElementsAre(Positions(17, 21)));
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRunOfAll, 4)).runs, ElementsAre(Positions(31, 35)));
  EXPECT_EQ(actor.Draw(row, Item(Shape::kOneRunOfAll, 7)).result, Drawn::kExhausted);
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRunOfAll, 1)).runs, ElementsAre(Positions(10, 11)));
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRunOfAll, 6)).runs, ElementsAre(Positions(35, 41)));
  EXPECT_THAT(actor.Draw(row, 3).runs, ElementsAre(Positions(28, 31)));
}

TEST_P(DrawContract, ServesItemsInOrderEachByItself) {
  Actor actor(store());
  const SequenceRow row = WithRests(actor, 35);
  const Draw draw = actor.Draw(
      DrawOf(row, {Item(Shape::kAll, 7), Item(Shape::kAll, 1'000), Item(Shape::kOneRunOfAll, 4),
                   Item(Shape::kOneRun, 2), Item(Shape::kUpTo, 100), Item(Shape::kAll, 1)}));
  ASSERT_EQ(draw.result, Draw::Result::kServed);
  EXPECT_FALSE(draw.row.has_value());
  EXPECT_THAT(draw.items[0].runs, ElementsAre(Positions(5, 11), Positions(17, 18)));
  EXPECT_EQ(draw.items[1].result, Drawn::kExhausted);
  EXPECT_THAT(draw.items[2].runs, ElementsAre(Positions(31, 35)));
  EXPECT_THAT(draw.items[3].runs, ElementsAre(Positions(18, 20)));
  EXPECT_THAT(draw.items[4].runs,
              ElementsAre(Positions(20, 21), Positions(28, 31), Positions(35, 36)));
  EXPECT_EQ(draw.items[5].result, Drawn::kExhausted);
}

TEST_P(DrawContract, WhatIsHeldIsWantedOnceADraw) {
  Actor actor(store());
  Actor holder(store());
  const SequenceRow row = actor.Create("s", Ids(1, 20));
  const Acquire held = holder.Acquire(row, 10, 10);
  const Draw draw = actor.Draw(DrawOf(row, {Item(Shape::kAll, 11), Item(Shape::kAll, 12),
                                            Item(Shape::kOneRunOfAll, 11), Item(Shape::kAll, 4)}));
  EXPECT_EQ(draw.items[0].result, Drawn::kHeld);
  EXPECT_EQ(draw.items[1].result, Drawn::kHeld);
  EXPECT_EQ(draw.items[2].result, Drawn::kHeld);
  EXPECT_THAT(draw.items[3].runs, ElementsAre(Positions(11, 15)));
  EXPECT_EQ(actor.Open("s").row.wanted, row.wanted + 1);
  // Whoever acquires now knows the number.
  EXPECT_EQ(actor.Acquire(row, 3, 3).wanted, row.wanted + 1);
  // The ceiling is at the limit, but the owner may have unissued ids in its window.
  EXPECT_EQ(held.ceiling, held.limit);
  EXPECT_EQ(actor.Draw(row, 4).result, Drawn::kHeld);
  holder.GiveBack(held, 9);
  EXPECT_THAT(actor.Draw(row, 4).runs, ElementsAre(Positions(9, 11), Positions(18, 20)));
}

TEST_P(DrawContract, WhatTheAskerItselfHoldsIsHeld) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 10));
  const Acquire held = actor.Acquire(row, 10, 10);
  EXPECT_EQ(actor.Draw(row, 1).result, Drawn::kHeld);
  actor.GiveBack(held, 11);
  EXPECT_EQ(actor.Draw(row, 1).result, Drawn::kExhausted);
}

TEST_P(DrawContract, WhatABuriedSessionOwnedIsDrawnFromItsCeilingOn) {
  Actor silent(store());
  Actor actor(store());
  const SequenceRow row = silent.Create("s", Ids(1, 10));
  const Acquire lost = silent.Acquire(row, 4, 10);
  EXPECT_EQ(actor.Draw(row, 1).result, Drawn::kHeld);
  actor.Bury(silent.session());
  EXPECT_THAT(actor.Draw(row, 2).runs, ElementsAre(Positions(5, 7)));
  // The shard is nobody's for good now: its rest comes back as a row of its own.
  EXPECT_EQ(actor.GiveBack(GiveBackOf(lost, silent.session(), 2)).result,
            engine::GiveBack::Result::kReturned);
  EXPECT_THAT(actor.Draw(row, 7).runs, ElementsAre(Positions(2, 5), Positions(7, 11)));
  EXPECT_EQ(actor.Draw(row, 1).result, Drawn::kExhausted);
}

TEST_P(DrawContract, DoesNotDrawFromWhatChanged) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 10));
  Draw draw = DrawOf(row, {Item(Shape::kAll, 1)});
  ++draw.generation;
  Draw result = actor.Draw(draw);
  EXPECT_EQ(result.result, Draw::Result::kStale);
  ASSERT_TRUE(result.row.has_value());
  EXPECT_EQ(result.row->generation, row.generation);
  draw = DrawOf(row, {Item(Shape::kAll, 1)});
  ++draw.revision;
  EXPECT_EQ(actor.Draw(draw).result, Draw::Result::kStale);
  draw.sequence = "absent";
  result = actor.Draw(draw);
  EXPECT_EQ(result.result, Draw::Result::kStale);
  EXPECT_FALSE(result.row.has_value());

  engine::SequenceChange change;
  change.name = "s";
  change.expected_version = row.version;
  change.drain = engine::DrainKind::kDelete;
  change = actor.Change(change);
  result = actor.Draw(DrawOf(row, {Item(Shape::kAll, 1)}));
  EXPECT_EQ(result.result, Draw::Result::kDraining);
  EXPECT_EQ(result.row->drain_token, change.row.drain_token);
  // Draining is what counts, also for who knows another generation.
  draw = DrawOf(row, {Item(Shape::kAll, 1)});
  ++draw.generation;
  EXPECT_EQ(actor.Draw(draw).result, Draw::Result::kDraining);
}

TEST_P(DrawContract, DrawsStrictSequencesInOrder) {
  Actor a(store());
  Actor b(store());
  const SequenceRow row = a.Create("s", Strict(Ids(1, 5)));
  EXPECT_THAT(a.Draw(row, 2).runs, ElementsAre(Positions(1, 3)));
  EXPECT_THAT(b.Draw(row, 2).runs, ElementsAre(Positions(3, 5)));
  EXPECT_EQ(a.Draw(row, 2).result, Drawn::kExhausted);
  EXPECT_THAT(a.Draw(row, 1).runs, ElementsAre(Positions(5, 6)));
}

TEST_P(DrawContract, TheEndsOfTheRange) {
  Actor actor(store());
  const SequenceRow low = actor.Create("low", Ids(INT64_MIN, INT64_MIN));
  EXPECT_THAT(actor.Draw(low, Item(Shape::kUpTo, INT64_MAX)).runs,
              ElementsAre(Positions(INT64_MIN, INT64_MIN + 1)));
  EXPECT_EQ(actor.Draw(low, 1).result, Drawn::kExhausted);
  const SequenceRow high = actor.Create("high", Ids(kMaxId, kMaxId));
  EXPECT_EQ(actor.Draw(high, 2).result, Drawn::kExhausted);
  EXPECT_THAT(actor.Draw(high, 1).runs, ElementsAre(Positions(kMaxId, INT64_MAX)));
  EXPECT_EQ(actor.Draw(high, 1).result, Drawn::kExhausted);
  const SequenceRow zero = actor.Create("zero", Ids(0, 0));
  EXPECT_THAT(actor.Draw(zero, Item(Shape::kOneRun, 9)).runs, ElementsAre(Positions(0, 1)));
}

TEST_P(DrawContract, TheWholeRange) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(INT64_MIN, kMaxId));
  EXPECT_THAT(actor.Draw(row, INT64_MAX).runs, ElementsAre(Positions(INT64_MIN, -1)));
  EXPECT_THAT(actor.Draw(row, Item(Shape::kOneRunOfAll, INT64_MAX)).runs,
              ElementsAre(Positions(-1, INT64_MAX - 1)));
  EXPECT_EQ(actor.Draw(row, 2).result, Drawn::kExhausted);
  EXPECT_THAT(actor.Draw(row, Item(Shape::kUpTo, INT64_MAX)).runs,
              ElementsAre(Positions(INT64_MAX - 1, INT64_MAX)));
  EXPECT_EQ(actor.Draw(row, 1).result, Drawn::kExhausted);
}

TEST_P(DrawContract, PositionsOfAWideStep) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(INT64_MIN, kMaxId, INT64_MAX));
  // Ids -2^63, -1, 2^63-2.
  const DrawItem item = actor.Draw(row, Item(Shape::kUpTo, 10));
  ASSERT_EQ(item.runs.size(), 1U);
  EXPECT_EQ(item.runs[0].limit - item.runs[0].first, 3);
  EXPECT_EQ(row.settings.space.IdAt(item.runs[0].first), INT64_MIN);
  EXPECT_EQ(row.settings.space.IdAt(item.runs[0].limit - 1), kMaxId);
}

TEST_P(DrawContract, ManySequencesInOneBatch) {
  Actor actor(store());
  engine::Batch create = actor.Plan();
  for (int i = 0; i < 300; ++i) {
    create.opens.push_back({.name = "s" + std::to_string(1'000 + i), .create_as = Ids(i, 10'000)});
  }
  actor.Run(create);
  engine::Batch batch = actor.Plan();
  for (const engine::SequenceOpen& open : create.opens) {
    batch.draws.push_back(DrawOf(open.row, {Item(Shape::kAll, 2), Item(Shape::kAll, 3)}));
  }
  actor.Run(batch);
  for (int i = 0; i < 300; ++i) {
    const Draw& draw = batch.draws[static_cast<std::size_t>(i)];
    EXPECT_THAT(draw.items[0].runs, ElementsAre(Positions(i, i + 2)));
    EXPECT_THAT(draw.items[1].runs, ElementsAre(Positions(i + 2, i + 5)));
  }
}

MINTMARK_TEST_ON_EVERY_STORE(DrawContract);

}  // namespace
}  // namespace mintmark::testing
