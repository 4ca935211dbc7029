// How sessions learn of changes to sequences.
#include <gmock/gmock.h>

#include "tests/store/contract.h"

namespace mintmark::testing {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

using engine::Attention;
using engine::Batch;
using engine::DrainKind;
using engine::SequenceChange;
using engine::SequenceDrain;
using engine::SequenceRow;

class AttentionContract : public StoreContract {
 protected:
  static SequenceChange ChangeOf(const SequenceRow& row, DrainKind drain = DrainKind::kNone) {
    SequenceChange change;
    change.name = row.name;
    change.expected_version = row.version;
    change.drain = drain;
    change.settings = row.settings;
    change.frontier = row.frontier;
    return change;
  }

  static void Delete(Actor& actor, const SequenceRow& row) {
    const SequenceChange change = actor.Change(ChangeOf(row, DrainKind::kDelete));
    ASSERT_EQ(change.result, SequenceChange::Result::kDone);
    ASSERT_EQ(actor.Drain({.name = row.name, .token = change.row.drain_token}).result,
              SequenceDrain::Result::kFinished);
  }
};

TEST_P(AttentionContract, CreatingAndDrawingConcernNobody) {
  Actor a(store());
  Actor b(store());
  const SequenceRow row = a.Create("s");
  a.Draw(row, 5);
  a.Acquire(row, 5, 50);
  b.Heartbeat();
  EXPECT_THAT(b.report().attention, IsEmpty());
}

TEST_P(AttentionContract, AChangeIsReportedOnceToEverySession) {
  Actor a(store());
  Actor b(store());
  const SequenceRow row = a.Create("s");
  const SequenceChange change = a.Change(ChangeOf(row));
  ASSERT_EQ(change.result, SequenceChange::Result::kDone);
  // In the batch that made it, too.
  ASSERT_THAT(a.report().attention, SizeIs(1));
  for (int i = 0; i < 2; ++i) {
    b.Heartbeat();
    ASSERT_THAT(b.report().attention, SizeIs(i == 0 ? 1 : 0));
    if (i > 0) break;
    const Attention& attention = b.report().attention[0];
    EXPECT_EQ(attention.sequence, "s");
    EXPECT_EQ(attention.generation, row.generation);
    EXPECT_EQ(attention.revision, row.revision);
    EXPECT_EQ(attention.version, row.version + 1);
    EXPECT_EQ(attention.wanted, row.wanted);
    EXPECT_FALSE(attention.draining);
  }
}

TEST_P(AttentionContract, ABatchThatDidNotHearIsToldAgain) {
  Actor a(store());
  Actor b(store());
  const SequenceRow row = a.Create("s");
  a.Change(ChangeOf(row));
  Batch first = b.Plan();
  ASSERT_EQ(b.TryRun(first).kind, engine::BatchOutcome::Kind::kApplied);
  EXPECT_THAT(first.report.attention, SizeIs(1));
  // The same number seen: as after a doubt whose results were not looked at.
  Batch second = first;
  ++second.session.last_batch;
  ASSERT_EQ(b.TryRun(second).kind, engine::BatchOutcome::Kind::kApplied);
  EXPECT_THAT(second.report.attention, SizeIs(1));
}

TEST_P(AttentionContract, OnlyTheLastStateOfARowIsReportedInOrderOfChange) {
  Actor a(store());
  Actor b(store());
  SequenceRow x = a.Create("x");
  SequenceRow y = a.Create("y");
  SequenceRow z = a.Create("z");
  x = a.Change(ChangeOf(x)).row;
  z = a.Change(ChangeOf(z)).row;
  y = a.Change(ChangeOf(y)).row;
  x = a.Change(ChangeOf(x, DrainKind::kReset)).row;
  b.Heartbeat();
  ASSERT_THAT(b.report().attention, SizeIs(3));
  EXPECT_EQ(b.report().attention[0].sequence, "z");
  EXPECT_EQ(b.report().attention[1].sequence, "y");
  EXPECT_EQ(b.report().attention[2].sequence, "x");
  EXPECT_EQ(b.report().attention[2].version, x.version);
  EXPECT_TRUE(b.report().attention[2].draining);
}

TEST_P(AttentionContract, FinishingADrainIsReported) {
  Actor a(store());
  Actor b(store());
  const SequenceRow row = a.Create("s");
  const SequenceChange change = a.Change(ChangeOf(row, DrainKind::kReset));
  b.Heartbeat();
  a.Drain({.name = "s", .token = change.row.drain_token});
  b.Heartbeat();
  ASSERT_THAT(b.report().attention, SizeIs(1));
  EXPECT_EQ(b.report().attention[0].generation, change.row.drain_token);
  EXPECT_FALSE(b.report().attention[0].draining);
}

TEST_P(AttentionContract, IdsThatAreHeldAreWanted) {
  Actor holder(store());
  Actor asker(store());
  const SequenceRow row = holder.Create("s", Ids(1, 10));
  const engine::Acquire acquired = holder.Acquire(row, 10, 10);
  EXPECT_EQ(acquired.wanted, row.wanted);
  asker.Draw(row, 1);
  holder.Heartbeat();
  ASSERT_THAT(holder.report().attention, SizeIs(1));
  EXPECT_EQ(holder.report().attention[0].wanted, row.wanted + 1);
  EXPECT_EQ(holder.report().attention[0].version, row.version);
}

TEST_P(AttentionContract, ADeletionIsReportedAsGenerationZero) {
  Actor a(store());
  Actor b(store());
  const SequenceRow row = a.Create("s");
  Delete(a, row);
  b.Heartbeat();
  ASSERT_THAT(b.report().attention, SizeIs(1));
  EXPECT_EQ(b.report().attention[0].sequence, "s");
  EXPECT_EQ(b.report().attention[0].generation, 0);
  b.Heartbeat();
  EXPECT_THAT(b.report().attention, IsEmpty());
}

TEST_P(AttentionContract, WhatWasCreatedInTheDeletedOnesPlaceIsReported) {
  Actor a(store());
  Actor knows(store());
  Actor missed(store());
  const SequenceRow row = a.Create("s");
  Delete(a, row);
  knows.Heartbeat();
  const SequenceRow created = a.Create("s");
  EXPECT_GT(created.generation, row.generation);
  missed.Heartbeat();
  ASSERT_THAT(missed.report().attention, SizeIs(1));
  EXPECT_EQ(missed.report().attention[0].generation, created.generation);
  knows.Heartbeat();
  ASSERT_THAT(knows.report().attention, SizeIs(1));
  EXPECT_EQ(knows.report().attention[0].generation, created.generation);
}

TEST_P(AttentionContract, ANewSessionLearnsOfLaterChangesOnly) {
  Actor a(store());
  SequenceRow row = a.Create("s");
  row = a.Change(ChangeOf(row)).row;
  Actor fresh(store());
  EXPECT_THAT(fresh.report().attention, IsEmpty());
  EXPECT_EQ(fresh.report().attention_seen, a.report().attention_seen);
  fresh.Heartbeat();
  EXPECT_THAT(fresh.report().attention, IsEmpty());
  a.Change(ChangeOf(row));
  fresh.Heartbeat();
  EXPECT_THAT(fresh.report().attention, SizeIs(1));
}

TEST_P(AttentionContract, ASessionThatGoesOnFromAnotherMissesNothing) {
  Actor first(store());
  Actor a(store());
  const std::int64_t seen = first.report().attention_seen;
  EXPECT_GT(seen, 0);
  a.Change(ChangeOf(a.Create("s")));
  Actor second(store(), seen);
  ASSERT_THAT(second.report().attention, SizeIs(1));
  EXPECT_EQ(second.report().attention[0].sequence, "s");
  second.Heartbeat();
  EXPECT_THAT(second.report().attention, IsEmpty());
}

TEST_P(AttentionContract, ADeletionIsKeptUntilEverySessionKnows) {
  Actor a(store());
  Actor paused(store());
  Delete(a, a.Create("s"));
  test_store().PassTime(std::chrono::hours(50));
  const auto purge = [&] {
    Batch batch = a.Plan();
    batch.purge = true;
    a.Run(batch);
  };
  purge();
  paused.Heartbeat();
  EXPECT_THAT(paused.report().attention, SizeIs(1));
  // Its next batch shows that it knows.
  paused.Heartbeat();
  purge();
  Actor from_the_start(store(), 1);
  EXPECT_THAT(from_the_start.report().attention, IsEmpty());
}

MINTMARK_TEST_ON_EVERY_STORE(AttentionContract);

}  // namespace
}  // namespace mintmark::testing
