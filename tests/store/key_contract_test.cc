// Request ids: replays, several at once, rotation, the cap.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/store/contract.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

using engine::CounterAdd;
using engine::DrawItem;
using engine::Key;
using engine::KeyKind;
using engine::SequenceRow;
using engine::StoredReply;
using Added = engine::CounterAdd::Result;
using Drawn = engine::DrawItem::Result;
using Shape = engine::DrawItem::Shape;

class KeyContract : public StoreContract {
 protected:
  static CounterAdd AddOf(const std::string& name, std::int64_t sum, std::vector<Key> keys) {
    CounterAdd add;
    add.name = name;
    add.sum = sum;
    add.keys = std::move(keys);
    return add;
  }
  static DrawItem DrawWith(Actor& actor, const SequenceRow& row, std::int64_t n,
                           std::vector<Key> keys) {
    return actor.Draw(row, Item(Shape::kAll, n, std::move(keys)));
  }
  // Rotates if that has happened `expected` times before and time is up.
  static std::int64_t Rotate(Actor& actor, std::int64_t expected) {
    engine::Batch batch = actor.Plan();
    batch.rotate_keys = expected;
    actor.Run(batch);
    return batch.report.key_rotation;
  }
  static std::int64_t Count(Actor& actor) {
    engine::Batch batch = actor.Plan();
    batch.list_sessions = true;
    actor.Run(batch);
    return batch.report.key_count;
  }
};

TEST_P(KeyContract, ADrawIsReplayedAsItWas) {
  Actor a(store());
  Actor b(store());
  engine::SequenceSettings settings = Ids(-3, 1'000, 7);
  const SequenceRow row = a.Create("s", settings);
  Key key = DrawKey("twin", 3, 3);
  key.flags = 5;
  const std::int64_t first = row.frontier;
  EXPECT_THAT(DrawWith(a, row, 3, {key}).runs, ElementsAre(Positions(first, first + 3)));
  // Whatever the parameters are now: who asks compares them.
  key.n = 4;
  key.flags = 0;
  const DrawItem replay = DrawWith(b, row, 4, {key});
  EXPECT_EQ(replay.result, Drawn::kKeysSeen);
  EXPECT_THAT(replay.runs, IsEmpty());
  ASSERT_THAT(replay.seen, SizeIs(1));
  const StoredReply& reply = replay.seen[0];
  EXPECT_EQ(reply.key, 0U);
  EXPECT_EQ(reply.n, 3);
  EXPECT_EQ(reply.flags, 5);
  EXPECT_EQ(reply.generation, row.generation);
  EXPECT_EQ(reply.step, 7);
  EXPECT_EQ(reply.residue, settings.space.Residue());
  EXPECT_THAT(reply.runs, ElementsAre(Positions(first, first + 3)));
  EXPECT_EQ(b.Open("s").row.frontier, first + 3);
}

TEST_P(KeyContract, AnIdIsKnownByKindAndName) {
  Actor actor(store());
  const SequenceRow s = actor.Create("s", Ids(1, 100));
  const SequenceRow t = actor.Create("t", Ids(1, 100));
  Key key = DrawKey("same", 1, 1);
  EXPECT_EQ(DrawWith(actor, s, 1, {key}).result, Drawn::kDrawn);
  EXPECT_EQ(DrawWith(actor, t, 1, {key}).result, Drawn::kDrawn);
  key.kind = KeyKind::kReserveRange;
  EXPECT_EQ(DrawWith(actor, s, 1, {key}).result, Drawn::kDrawn);
  EXPECT_EQ(actor.Add(AddOf("s", 1, {AddKey("same", 1, 1)})).result, Added::kAdded);
  EXPECT_EQ(DrawWith(actor, s, 1, {DrawKey("same", 1, 1)}).result, Drawn::kKeysSeen);
  EXPECT_EQ(DrawWith(actor, s, 1, {DrawKey("Same", 1, 1)}).result, Drawn::kDrawn);
  EXPECT_EQ(DrawWith(actor, s, 1, {DrawKey("same ", 1, 1)}).result, Drawn::kDrawn);
}

TEST_P(KeyContract, AReplyRemembersAllOfItsRuns) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  const engine::Acquire acquired = actor.Acquire(row, 10, 20);
  actor.GiveBack(acquired, 8);
  const engine::Acquire next = actor.Acquire(row, 5, 5);  // [8, 13)
  EXPECT_EQ(next.ceiling, 13);
  const engine::Acquire more = actor.Acquire(row, 5, 5);  // [21, 26)
  actor.GiveBack(next, 10);
  actor.GiveBack(more, 23);
  const DrawItem drawn = DrawWith(actor, row, 15, {DrawKey("k", 15, 15)});
  EXPECT_THAT(drawn.runs, ElementsAre(Positions(10, 21), Positions(23, 27)));
  const DrawItem replay = DrawWith(actor, row, 15, {DrawKey("k", 15, 15)});
  ASSERT_THAT(replay.seen, SizeIs(1));
  EXPECT_THAT(replay.seen[0].runs, ElementsAre(Positions(10, 21), Positions(23, 27)));
}

TEST_P(KeyContract, AKeyAloneHasWhateverWasDrawn) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 3));
  const DrawItem drawn = actor.Draw(row, Item(Shape::kUpTo, 10, {DrawKey("k", 10, 10)}));
  EXPECT_THAT(drawn.runs, ElementsAre(Positions(1, 4)));
  const DrawItem replay = actor.Draw(row, Item(Shape::kUpTo, 10, {DrawKey("k", 10, 10)}));
  ASSERT_THAT(replay.seen, SizeIs(1));
  EXPECT_EQ(replay.seen[0].n, 10);
  EXPECT_THAT(replay.seen[0].runs, ElementsAre(Positions(1, 4)));
}

TEST_P(KeyContract, SeveralKeysShareOneRun) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  const std::vector<Key> keys = {DrawKey("a", 2, 2), DrawKey("b", 1, 1), DrawKey("c", 4, 4)};
  EXPECT_THAT(DrawWith(actor, row, 7, keys).runs, ElementsAre(Positions(1, 8)));
  const DrawItem replay =
      DrawWith(actor, row, 6, {DrawKey("c", 4, 4), DrawKey("new", 1, 1), DrawKey("b", 1, 1)});
  EXPECT_EQ(replay.result, Drawn::kKeysSeen);
  ASSERT_THAT(replay.seen, SizeIs(2));
  EXPECT_EQ(replay.seen[0].key, 0U);
  EXPECT_THAT(replay.seen[0].runs, ElementsAre(Positions(4, 8)));
  EXPECT_EQ(replay.seen[1].key, 2U);
  EXPECT_THAT(replay.seen[1].runs, ElementsAre(Positions(3, 4)));
  // Nothing happened to the new one.
  EXPECT_THAT(DrawWith(actor, row, 1, {DrawKey("new", 1, 1)}).runs, ElementsAre(Positions(8, 9)));
}

TEST_P(KeyContract, SeveralKeysAndSeveralRunsOneByOne) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  const engine::Acquire first = actor.Acquire(row, 5, 5);
  const engine::Acquire second = actor.Acquire(row, 5, 5);
  actor.GiveBack(first, 4);
  actor.GiveBack(second, 8);  // [4, 6), [8, 11), then the master
  const std::vector<Key> keys = {DrawKey("a", 2, 2), DrawKey("b", 2, 2)};
  const DrawItem item = DrawWith(actor, row, 4, keys);
  EXPECT_EQ(item.result, Drawn::kOneByOne);
  EXPECT_THAT(item.runs, IsEmpty());
  EXPECT_EQ(Count(actor), 0);
  EXPECT_THAT(DrawWith(actor, row, 2, {keys[0]}).runs, ElementsAre(Positions(4, 6)));
  // From a shard on into the master is one run.
  EXPECT_THAT(DrawWith(actor, row, 4, {DrawKey("b", 2, 2), DrawKey("c", 2, 2)}).runs,
              ElementsAre(Positions(8, 12)));
  // Too few for all is not a matter of runs.
  EXPECT_EQ(DrawWith(actor, row, 1'000, {DrawKey("d", 500), DrawKey("e", 500)}).result,
            Drawn::kExhausted);
}

TEST_P(KeyContract, ItemsOfOneBatchSeeEachOthersKeys) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  const engine::Draw draw =
      actor.Draw(DrawOf(row, {Item(Shape::kAll, 2, {DrawKey("k", 2, 2)}),
                              Item(Shape::kAll, 2, {DrawKey("k", 2, 2)}), Item(Shape::kAll, 1)}));
  EXPECT_THAT(draw.items[0].runs, ElementsAre(Positions(1, 3)));
  EXPECT_EQ(draw.items[1].result, Drawn::kKeysSeen);
  EXPECT_THAT(draw.items[2].runs, ElementsAre(Positions(3, 4)));

  engine::Batch batch = actor.Plan();
  batch.adds = {AddOf("c", 3, {AddKey("k", 3, 3)}), AddOf("c", 3, {AddKey("k", 3, 3)}),
                AddOf("c", 4, {})};
  actor.Run(batch);
  EXPECT_EQ(batch.adds[0].value, 3);
  EXPECT_EQ(batch.adds[1].result, Added::kKeysSeen);
  EXPECT_EQ(batch.adds[1].seen[0].value, 3);
  EXPECT_EQ(batch.adds[2].value, 7);
}

TEST_P(KeyContract, ADrawThatFailsStoresNoKey) {
  Actor actor(store());
  Actor holder(store());
  const SequenceRow row = actor.Create("s", Ids(1, 10));
  const engine::Acquire held = holder.Acquire(row, 10, 10);
  EXPECT_EQ(DrawWith(actor, row, 1, {DrawKey("k", 1, 1)}).result, Drawn::kHeld);
  holder.GiveBack(held, 11);
  EXPECT_EQ(DrawWith(actor, row, 1, {DrawKey("k", 1, 1)}).result, Drawn::kExhausted);
  EXPECT_EQ(Count(actor), 0);
}

TEST_P(KeyContract, AKeyIsSeenThoughTheSequenceIsUsedUp) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 2));
  DrawWith(actor, row, 2, {DrawKey("k", 2, 2)});
  EXPECT_EQ(DrawWith(actor, row, 2, {DrawKey("k", 2, 2)}).result, Drawn::kKeysSeen);
}

TEST_P(KeyContract, KeysOutliveResetAndDelete) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  DrawWith(actor, row, 2, {DrawKey("k", 2, 2)});
  engine::SequenceChange change;
  change.name = "s";
  change.expected_version = row.version;
  change.drain = engine::DrainKind::kDelete;
  actor.Change(change);
  actor.Drain({.name = "s"});
  const SequenceRow anew = actor.Create("s", Ids(5, 500, 5));
  const DrawItem replay = DrawWith(actor, anew, 2, {DrawKey("k", 2, 2)});
  ASSERT_EQ(replay.result, Drawn::kKeysSeen);
  EXPECT_EQ(replay.seen[0].generation, row.generation);
  EXPECT_EQ(replay.seen[0].step, 1);
  EXPECT_EQ(replay.seen[0].residue, 0);
  EXPECT_THAT(replay.seen[0].runs, ElementsAre(Positions(1, 3)));

  actor.Add(AddOf("c", 5, {AddKey("k", 5, 5)}));
  engine::CounterChange erase;
  erase.kind = engine::CounterChange::Kind::kDelete;
  erase.name = "c";
  actor.ChangeCounter(erase);
  CounterAdd add = AddOf("c", 5, {AddKey("k", 5, 5)});
  EXPECT_EQ(actor.Add(add).result, Added::kKeysSeen);
  add.create = false;
  EXPECT_EQ(actor.Add(add).result, Added::kKeysSeen);
  add.keys[0].id = "other";
  EXPECT_EQ(actor.Add(add).result, Added::kAbsent);
  EXPECT_FALSE(actor.ChangeCounter({.name = "c"}).found);
}

TEST_P(KeyContract, AnAddRemembersThePrefixOfEachKey) {
  Actor actor(store());
  actor.Add("c", 100);
  // Deltas 5, -7 (without a key), 1, -3.
  const CounterAdd added =
      actor.Add(AddOf("c", -4, {AddKey("a", 5, 5), AddKey("b", -1, 1), AddKey("c", -4, -3)}));
  EXPECT_EQ(added.result, Added::kAdded);
  EXPECT_EQ(added.value, 96);
  EXPECT_THAT(added.seen, IsEmpty());
  const CounterAdd replay =
      actor.Add(AddOf("c", 9, {AddKey("c", 3, 3), AddKey("x", 4, 1), AddKey("a", 9, 5)}));
  EXPECT_EQ(replay.result, Added::kKeysSeen);
  ASSERT_THAT(replay.seen, SizeIs(2));
  EXPECT_EQ(replay.seen[0].key, 0U);
  EXPECT_EQ(replay.seen[0].n, -3);
  EXPECT_EQ(replay.seen[0].value, 96);
  EXPECT_EQ(replay.seen[1].key, 2U);
  EXPECT_EQ(replay.seen[1].n, 5);
  EXPECT_EQ(replay.seen[1].value, 105);
  EXPECT_THAT(actor.Read({"c"}), ElementsAre(96));
}

TEST_P(KeyContract, AnAddThatOverflowsStoresNoKeyAndMakesNoCounter) {
  Actor actor(store());
  CounterAdd add = AddOf("c", 1, {AddKey("k", 1, 1)});
  add.lo = 5;
  EXPECT_EQ(actor.Add(add).result, Added::kOverflow);
  EXPECT_FALSE(actor.ChangeCounter({.name = "c"}).found);
  add.lo = INT64_MIN;
  EXPECT_EQ(actor.Add(add).result, Added::kAdded);
}

TEST_P(KeyContract, ManyKeysInOneBatch) {
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 10'000));
  std::vector<Key> draw_keys;
  std::vector<Key> add_keys;
  for (int i = 0; i < 500; ++i) {
    draw_keys.push_back(DrawKey(absl::StrCat("draw-", i), 2, 2));
    add_keys.push_back(AddKey(absl::StrCat("add-", i), i + 1, 1));
  }
  engine::Batch batch = actor.Plan();
  batch.draws = {DrawOf(row, {Item(Shape::kAll, 1'000, draw_keys)})};
  batch.adds = {AddOf("c", 500, add_keys)};
  actor.Run(batch);
  EXPECT_THAT(batch.draws[0].items[0].runs, ElementsAre(Positions(1, 1'001)));
  EXPECT_EQ(batch.adds[0].value, 500);
  EXPECT_EQ(Count(actor), 1'000);
  const DrawItem replay = DrawWith(actor, row, 1'000, draw_keys);
  ASSERT_THAT(replay.seen, SizeIs(500));
  EXPECT_THAT(replay.seen[499].runs, ElementsAre(Positions(999, 1'001)));
  const CounterAdd again = actor.Add(AddOf("c", 500, add_keys));
  ASSERT_THAT(again.seen, SizeIs(500));
  EXPECT_EQ(again.seen[499].value, 500);
}

TEST_P(KeyContract, FullOfKeysRefusesKeyedCallsAlone) {
  Start({.max_request_ids = 3});
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  DrawWith(actor, row, 2, {DrawKey("a", 1, 1), DrawKey("b", 1, 1)});
  EXPECT_EQ(DrawWith(actor, row, 2, {DrawKey("c", 1, 1), DrawKey("d", 1, 1)}).result,
            Drawn::kKeysFull);
  EXPECT_EQ(actor.Add(AddOf("c", 2, {AddKey("c", 1, 1), AddKey("d", 2, 1)})).result,
            Added::kKeysFull);
  EXPECT_FALSE(actor.ChangeCounter({.name = "c"}).found);
  EXPECT_EQ(actor.Add(AddOf("c", 1, {AddKey("c", 1, 1)})).result, Added::kAdded);
  EXPECT_EQ(DrawWith(actor, row, 1, {DrawKey("c", 1, 1)}).result, Drawn::kKeysFull);
  // What is known is replayed, and what has no key is served.
  EXPECT_EQ(DrawWith(actor, row, 1, {DrawKey("a", 1, 1)}).result, Drawn::kKeysSeen);
  EXPECT_EQ(actor.Add(AddOf("c", 1, {AddKey("c", 1, 1)})).result, Added::kKeysSeen);
  EXPECT_THAT(actor.Draw(row, 1).runs, ElementsAre(Positions(3, 4)));
  EXPECT_EQ(actor.Add("c", 1).result, Added::kAdded);
  EXPECT_EQ(Count(actor), 3);
}

TEST_P(KeyContract, RotatesWhenAThirdOfTheRetentionHasPassed) {
  Start({.request_id_retention = std::chrono::hours(3)});
  Actor actor(store());
  EXPECT_EQ(Rotate(actor, 0), 0);
  test_store().PassTime(std::chrono::minutes(59));
  EXPECT_EQ(Rotate(actor, 0), 0);
  test_store().PassTime(std::chrono::minutes(2));
  EXPECT_EQ(Rotate(actor, 1), 0);  // Not from another number.
  EXPECT_EQ(Rotate(actor, 0), 1);
  EXPECT_EQ(Rotate(actor, 1), 1);
  test_store().PassTime(std::chrono::minutes(61));
  EXPECT_EQ(Rotate(actor, 0), 1);
  EXPECT_EQ(Rotate(actor, 1), 2);
}

TEST_P(KeyContract, AKeyIsKeptForItsRetentionAndThenForgotten) {
  Start({.request_id_retention = std::chrono::hours(3)});
  Actor actor(store());
  const SequenceRow row = actor.Create("s", Ids(1, 100));
  std::int64_t rotation = 0;
  const auto pass_a_third = [&] {
    test_store().PassTime(std::chrono::minutes(61));
    EXPECT_EQ(Rotate(actor, rotation), rotation + 1);
    ++rotation;
  };
  pass_a_third();
  DrawWith(actor, row, 1, {DrawKey("k", 1, 1)});
  actor.Add(AddOf("c", 1, {AddKey("k", 1, 1)}));
  for (int i = 0; i < 3; ++i) {
    pass_a_third();
    EXPECT_EQ(DrawWith(actor, row, 1, {DrawKey("k", 1, 1)}).result, Drawn::kKeysSeen);
    EXPECT_EQ(actor.Add(AddOf("c", 1, {AddKey("k", 1, 1)})).result, Added::kKeysSeen);
    actor.Add(AddOf("c", 1, {AddKey(absl::StrCat("later-", i), 1, 1)}));
  }
  EXPECT_EQ(Count(actor), 5);
  pass_a_third();
  EXPECT_EQ(Count(actor), 3);
  EXPECT_THAT(DrawWith(actor, row, 1, {DrawKey("k", 1, 1)}).runs, ElementsAre(Positions(2, 3)));
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(actor.Add(AddOf("c", 1, {AddKey(absl::StrCat("later-", i), 1, 1)})).result,
              Added::kKeysSeen);
  }
}

TEST_P(KeyContract, RotatesInABatchWithKeys) {
  Start({.request_id_retention = std::chrono::hours(3)});
  Actor actor(store());
  for (std::int64_t rotation = 0; rotation < 6; ++rotation) {
    test_store().PassTime(std::chrono::minutes(61));
    engine::Batch batch = actor.Plan();
    batch.rotate_keys = rotation;
    batch.adds = {AddOf("c", 1, {AddKey(absl::StrCat("k", rotation), 1, 1)})};
    actor.Run(batch);
    EXPECT_EQ(batch.report.key_rotation, rotation + 1);
    EXPECT_EQ(batch.adds[0].result, Added::kAdded);
    EXPECT_EQ(actor.Add(batch.adds[0]).result, Added::kKeysSeen);
  }
}

MINTMARK_TEST_ON_EVERY_STORE(KeyContract);

}  // namespace
}  // namespace mintmark::testing
