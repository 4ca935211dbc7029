// Sessions: the order of batches, fences, doubts, burials, purges.
#include <gmock/gmock.h>

#include "src/store/result_codec.h"
#include "tests/store/contract.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

using engine::Batch;
using engine::BatchOutcome;
using Kind = engine::BatchOutcome::Kind;

class SessionContract : public StoreContract {};

Batch WithAdd(Batch batch, const std::string& name, std::int64_t delta) {
  engine::CounterAdd& add = batch.adds.emplace_back();
  add.name = name;
  add.sum = delta;
  return batch;
}

TEST_P(SessionContract, OpensSessionsOfTheirOwn) {
  Actor a(store());
  Actor b(store());
  EXPECT_NE(a.session().id, b.session().id);
  a.Heartbeat();
  b.Heartbeat();
  a.Heartbeat();
  EXPECT_EQ(a.session().last_batch, 2);
  EXPECT_EQ(b.session().last_batch, 1);
}

TEST_P(SessionContract, RunsABatchOnce) {
  Actor actor(store());
  Batch batch = WithAdd(actor.Plan(), "c", 5);
  Batch twin = batch;
  actor.Run(batch);
  EXPECT_EQ(actor.TryRun(twin).kind, Kind::kFenced);
  EXPECT_THAT(actor.Read({"c"}), ElementsAre(5));
}

TEST_P(SessionContract, FencesABatchThatIsNotTheNext) {
  Actor actor(store());
  Batch ahead = WithAdd(actor.Plan(), "c", 1);
  ahead.session.last_batch = 1;
  EXPECT_EQ(actor.TryRun(ahead).kind, Kind::kFenced);
  Batch other_epoch = WithAdd(actor.Plan(), "c", 1);
  ++other_epoch.session.epoch;
  EXPECT_EQ(actor.TryRun(other_epoch).kind, Kind::kFenced);
  Batch nobody = WithAdd(actor.Plan(), "c", 1);
  nobody.session.id += 1'000;
  const BatchOutcome outcome = actor.TryRun(nobody);
  EXPECT_EQ(outcome.kind, Kind::kFenced);
  EXPECT_FALSE(outcome.status.ok());
  EXPECT_THAT(actor.Read({"c"}), ElementsAre(0));
}

TEST_P(SessionContract, ListsOtherLivingSessionsWhenAsked) {
  Actor a(store());
  Actor b(store());
  Actor c(store());
  Actor closed(store());
  b.Heartbeat();
  c.Heartbeat();
  closed.Close();
  a.Bury(c.session());
  EXPECT_THAT(a.report().sessions, IsEmpty());
  Batch batch = a.Plan();
  batch.list_sessions = true;
  a.Run(batch);
  EXPECT_THAT(batch.report.sessions, ElementsAre(b.session()));
}

TEST_P(SessionContract, ABuriedSessionDoesNothingAnyMore) {
  Actor taker(store());
  Actor silent(store());
  Batch late = WithAdd(silent.Plan(), "c", 1);
  taker.Bury(silent.session());
  EXPECT_EQ(silent.TryRun(late).kind, Kind::kFenced);
  // Not with the epoch that the burial left behind either.
  Batch knowing = WithAdd(silent.Plan(), "c", 1);
  ++knowing.session.epoch;
  EXPECT_EQ(silent.TryRun(knowing).kind, Kind::kFenced);
  EXPECT_THAT(taker.Read({"c"}), ElementsAre(0));

  Batch doubt = silent.Plan();
  silent.Resolve(doubt);
  EXPECT_TRUE(doubt.resolution.found);
  EXPECT_TRUE(doubt.resolution.buried);
  EXPECT_EQ(doubt.resolution.last_batch, 0);
  Batch again = WithAdd(silent.Plan(), "c", 1);
  EXPECT_EQ(silent.TryRun(again).kind, Kind::kFenced);
}

TEST_P(SessionContract, DoesNotBuryASessionWhoseRowMoved) {
  Actor taker(store());
  Actor alive(store());
  const engine::SessionRow seen = alive.session();
  alive.Heartbeat();
  taker.Bury(seen);
  alive.Heartbeat();
  EXPECT_EQ(alive.session().last_batch, 2);

  // Nor one that resolved a doubt meanwhile.
  const engine::SessionRow before = alive.session();
  Batch doubt = alive.Plan();
  alive.Resolve(doubt);
  taker.Bury(before);
  alive.Heartbeat();

  // Nor one that is not there, nor the burier.
  Batch batch = taker.Plan();
  batch.bury = {{.id = 987'654, .epoch = 1, .last_batch = 0}};
  taker.Run(batch);
  taker.Heartbeat();
}

TEST_P(SessionContract, ResolvesADoubtAboutABatchThatWasApplied) {
  Actor actor(store());
  Batch batch = WithAdd(actor.Plan(), "c", 5);
  ASSERT_EQ(actor.TryRun(batch).kind, Kind::kApplied);
  Batch doubt = WithAdd(actor.Plan(), "c", 5);
  const std::int64_t epoch = doubt.session.epoch;
  actor.Resolve(doubt);
  EXPECT_TRUE(doubt.resolution.found);
  EXPECT_FALSE(doubt.resolution.buried);
  EXPECT_EQ(doubt.resolution.epoch, epoch + 1);
  EXPECT_EQ(doubt.resolution.last_batch, doubt.number());
  ASSERT_EQ(doubt.adds.size(), 1U);
  EXPECT_EQ(doubt.adds[0].result, engine::CounterAdd::Result::kAdded);
  EXPECT_EQ(doubt.adds[0].value, 5);
  EXPECT_EQ(doubt.report.store_time_us, batch.report.store_time_us);
  EXPECT_EQ(doubt.report.attention_seen, batch.report.attention_seen);
  EXPECT_THAT(actor.Read({"c"}), ElementsAre(5));
}

TEST_P(SessionContract, ResolvesADoubtAboutABatchThatWasNotApplied) {
  Actor actor(store());
  actor.Heartbeat();
  Batch late = WithAdd(actor.Plan(), "c", 5);
  Batch doubt = late;
  actor.Resolve(doubt);
  EXPECT_TRUE(doubt.resolution.found);
  EXPECT_EQ(doubt.resolution.last_batch, doubt.number() - 1);
  // What was still on its way is fenced now.
  EXPECT_EQ(actor.TryRun(late).kind, Kind::kFenced);
  Batch again = WithAdd(actor.Plan(), "c", 7);
  actor.Run(again);
  EXPECT_THAT(actor.Read({"c"}), ElementsAre(7));
}

TEST_P(SessionContract, ResolvesADoubtAgainAndAgain) {
  Actor actor(store());
  Batch batch = WithAdd(actor.Plan(), "c", 5);
  ASSERT_EQ(actor.TryRun(batch).kind, Kind::kApplied);
  Batch doubt = WithAdd(actor.Plan(), "c", 5);
  doubt.kind = Batch::Kind::kResolveDoubt;
  for (int i = 1; i <= 3; ++i) {
    ASSERT_EQ(actor.TryRun(doubt).kind, Kind::kApplied);
    EXPECT_EQ(doubt.resolution.epoch, actor.session().epoch + i);
    EXPECT_EQ(doubt.adds[0].value, 5);
  }
}

TEST_P(SessionContract, ADoubtAboutASessionThatIsGoneFindsNoRow) {
  Actor actor(store());
  Batch doubt = actor.Plan();
  actor.Close();
  doubt.kind = Batch::Kind::kResolveDoubt;
  EXPECT_EQ(actor.TryRun(doubt).kind, Kind::kApplied);
  EXPECT_FALSE(doubt.resolution.found);
}

TEST_P(SessionContract, ADoubtKnowsTheLastBatchOfABuriedSession) {
  Actor actor(store());
  Actor taker(store());
  Batch batch = WithAdd(actor.Plan(), "c", 5);
  Batch doubt = batch;
  ASSERT_EQ(actor.TryRun(batch).kind, Kind::kApplied);
  engine::SessionRow row = actor.session();
  ++row.last_batch;
  taker.Bury(row);
  actor.Resolve(doubt);
  EXPECT_TRUE(doubt.resolution.buried);
  EXPECT_EQ(doubt.resolution.last_batch, doubt.number());
  EXPECT_EQ(doubt.adds[0].value, 5);
}

// A batch with every kind of operation; most kinds with several outcomes.
Batch BatchOfEverything(Actor& actor, Actor& other) {
  const engine::SequenceRow a = actor.Create("a", Ids(1, 1'000));
  const engine::SequenceRow b = actor.Create("b", Ids(1, 5));
  const engine::SequenceRow d = actor.Create("d");
  const engine::SequenceRow e = actor.Create("e");
  const engine::Acquire held = actor.Acquire(a, 10, 100);
  const engine::Acquire given = actor.Acquire(a, 10, 100);
  other.Acquire(b, 2, 2);
  actor.Draw(a, Item(engine::DrawItem::Shape::kAll, 3, {DrawKey("seen", 3, 3)}));
  engine::CounterAdd keyed;
  keyed.name = "keyed";
  keyed.sum = 4;
  keyed.keys = {AddKey("first", 1, 1), AddKey("second", 4, 3)};
  actor.Add(keyed);
  actor.Add("full", INT64_MAX);

  Batch batch = actor.Plan();
  batch.list_sessions = true;
  engine::SequenceSettings settings = Ids(-5, 99, 7);
  settings.chunk_size = 12;
  settings.max_gap = 0;
  settings.format = {Encoding::kBase58, "INV-", "/24", 8, true};
  batch.opens = {{.name = "a", .create_as = {}, .want_usage = true},
                 {.name = "new", .create_as = settings},
                 {.name = "nothing", .create_as = {}}};
  engine::SequenceChange change;
  change.name = "d";
  change.expected_version = d.version;
  change.drain = engine::DrainKind::kTighten;
  change.settings = settings;
  batch.changes = {change};
  batch.drains = {{.name = "d"}, {.name = "nothing"}};
  batch.give_backs = {GiveBackOf(given, actor.session(), given.start + 4)};
  batch.refills = {RefillOf(held, held.start + 5, held.start + 50), RefillOf(given, 0, 1)};
  batch.acquires = {AcquireOf(a, 5, 50), AcquireOf(d, 1, 1)};
  using Wanted = engine::DrawItem::Shape;
  batch.draws = {DrawOf(a, {Item(Wanted::kAll, 20), Item(Wanted::kAll, 3, {DrawKey("seen", 3, 3)}),
                            Item(Wanted::kOneRun, 2, {DrawKey("unseen", 2, 2)})}),
                 DrawOf(b, {Item(Wanted::kUpTo, 9), Item(Wanted::kAll, 1)}),
                 DrawOf(e, {Item(Wanted::kOneRunOfAll, 1'000'000)})};
  batch.draws[2].generation += 7;
  batch.adds.resize(3);
  batch.adds[0].name = "full";
  batch.adds[0].sum = 1;
  batch.adds[1] = keyed;
  batch.adds[2].name = "no";
  batch.adds[2].create = false;
  batch.counter_changes = {{.kind = engine::CounterChange::Kind::kGet, .name = "keyed"},
                           {.kind = engine::CounterChange::Kind::kSet, .name = "z", .value = -3}};
  batch.counter_reads = {{.names = {"full", "keyed", "nothing"}, .values = {}}};
  batch.lists.emplace_back().limit = 10;
  return batch;
}

TEST_P(SessionContract, TheResultsAfterADoubtAreThoseOfTheCommit) {
  Actor actor(store());
  Actor other(store());
  Batch batch = BatchOfEverything(actor, other);
  Batch doubt = batch;
  ASSERT_EQ(actor.TryRun(batch).kind, Kind::kApplied);
  EXPECT_EQ(batch.lists[0].sequences.size(), 5U);
  EXPECT_THAT(batch.report.attention, Not(IsEmpty()));
  EXPECT_THAT(batch.report.sessions, ElementsAre(other.session()));
  actor.Resolve(doubt);
  ASSERT_EQ(doubt.resolution.last_batch, doubt.number());
  EXPECT_EQ(store::EncodeResults(doubt), store::EncodeResults(batch));
}

TEST_P(SessionContract, ResultsOfAnEarlierRunOfTheSameObjectAreOverwritten) {
  Actor actor(store());
  Actor other(store());
  Batch batch = BatchOfEverything(actor, other);
  actor.Run(batch);
  batch.session = actor.session();
  batch.give_backs.clear();  // To give back twice would be wrong.
  actor.Run(batch);
  EXPECT_EQ(batch.opens[1].result, engine::SequenceOpen::Result::kFound);
  EXPECT_EQ(batch.changes[0].result, engine::SequenceChange::Result::kChanged);
  EXPECT_EQ(batch.drains[0].result, engine::SequenceDrain::Result::kOver);
  EXPECT_EQ(batch.draws[0].items[2].result, engine::DrawItem::Result::kKeysSeen);
  EXPECT_THAT(batch.draws[0].items[2].runs, IsEmpty());
  EXPECT_EQ(batch.counter_reads[0].values.size(), 3U);
}

TEST_P(SessionContract, ClosingDeletesTheSessionAndWhatItOwnsIsFree) {
  Actor actor(store());
  Actor other(store());
  const engine::SequenceRow row = actor.Create("s");
  const engine::Acquire acquired = actor.Acquire(row, 10, 100);
  actor.Close();
  Batch late = actor.Plan();
  EXPECT_EQ(actor.TryRun(late).kind, Kind::kFenced);
  const engine::Acquire taken = other.Acquire(row, 10, 100);
  EXPECT_EQ(taken.shard, acquired.shard);
  EXPECT_EQ(taken.start, acquired.ceiling);
  EXPECT_TRUE(taken.taken_over);
}

TEST_P(SessionContract, PurgesWhatWasBuriedADayAgo) {
  Actor actor(store());
  Actor buried(store());
  Actor silent(store());
  actor.Bury(buried.session());
  const auto purge = [&] {
    Batch batch = actor.Plan();
    batch.purge = true;
    actor.Run(batch);
  };
  const auto is_found = [&](Actor& who) {
    Batch doubt = who.Plan();
    doubt.kind = Batch::Kind::kResolveDoubt;
    EXPECT_EQ(who.TryRun(doubt).kind, Kind::kApplied);
    return doubt.resolution.found;
  };
  test_store().PassTime(std::chrono::hours(23));
  purge();
  EXPECT_TRUE(is_found(buried));
  test_store().PassTime(std::chrono::hours(2));
  purge();
  EXPECT_FALSE(is_found(buried));
  // Silence alone is no reason.
  EXPECT_TRUE(is_found(silent));
}

TEST_P(SessionContract, ReportsTheTimeOfTheStore) {
  Actor actor(store());
  const StoreTimeUs before = actor.report().store_time_us;
  EXPECT_GT(before, StoreTimeUs{1'577'836'800} * 1'000'000);  // 2020
  actor.Heartbeat();
  EXPECT_GE(actor.report().store_time_us, before);
  EXPECT_LT(actor.report().store_time_us, before + StoreTimeUs{60} * 1'000'000);
  EXPECT_FALSE(actor.report().suspect);
}

TEST_P(SessionContract, KeepsEverythingWhenItIsOpenedAgain) {
  Actor actor(store());
  const engine::SequenceRow row = actor.Create("s", Ids(INT64_MIN, kMaxId, 3));
  actor.Acquire(row, 10, 100);
  actor.Draw(row, Item(engine::DrawItem::Shape::kAll, 4, {DrawKey("k", 4, 4)}));
  actor.Add("c", INT64_MIN);
  const engine::SequenceOpen before = actor.Open("s");
  if (!test_store().Reopen()) return;  // A store in memory keeps nothing.

  Actor later(store());
  EXPECT_NE(later.session().id, actor.session().id);
  const engine::SequenceOpen after = later.Open("s");
  EXPECT_EQ(after.row.settings, row.settings);
  EXPECT_EQ(after.row.frontier, before.row.frontier);
  EXPECT_EQ(after.row.unissued_in_shards, before.row.unissued_in_shards);
  EXPECT_THAT(later.Read({"c"}), ElementsAre(INT64_MIN));
  const engine::DrawItem replay =
      later.Draw(row, Item(engine::DrawItem::Shape::kAll, 4, {DrawKey("k", 4, 4)}));
  EXPECT_EQ(replay.result, engine::DrawItem::Result::kKeysSeen);
}

MINTMARK_TEST_ON_EVERY_STORE(SessionContract);

}  // namespace
}  // namespace mintmark::testing
