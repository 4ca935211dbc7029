// The checker has to reject what breaks a promise: forged histories, each sound
// but for one record.
#include "tests/simulation/checker.h"

#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mintmark::testing {
namespace {

using ::testing::Contains;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Kind = Operation::Kind;
using End = Operation::End;

Time At(int second) { return Time(std::chrono::seconds(second)); }

Operation Drawn(const std::string& name, int second, std::int64_t first, std::int64_t last) {
  Operation op;
  op.name = name;
  op.end = End::kOk;
  op.started = At(second);
  op.ended = At(second + 1);
  op.n = last - first + 1;
  op.ranges = {{first, last, 1}};
  op.generation = 1;
  return op;
}

Operation Counted(int second, std::int64_t delta, std::int64_t value) {
  Operation op;
  op.kind = Kind::kIncr;
  op.name = "hits";
  op.end = End::kOk;
  op.started = At(second);
  op.ended = At(second + 1);
  op.delta = delta;
  op.value = value;
  return op;
}

// Two sequences of ten ids, drawn to their ends in order, and a counter at 6.
History Sound() {
  History history;
  for (const char* name : {"windowed", "strict"}) {
    SequenceRules rules;
    rules.space = {1, 10, 1};
    rules.strict = std::string(name) == "strict";
    rules.shards = rules.strict ? 0 : 2;
    rules.max_gap = rules.strict ? 0 : 3;
    rules.drained = true;
    history.sequences[name] = rules;
    history.operations.push_back(Drawn(name, 0, 1, 4));
    history.operations.push_back(Drawn(name, 2, 5, 6));
    history.operations.push_back(Drawn(name, 4, 7, 10));
  }
  history.operations.push_back(Counted(0, 1, 1));
  history.operations.push_back(Counted(2, 2, 3));
  history.operations.push_back(Counted(4, 3, 6));
  history.counters["hits"] = 6;
  return history;
}

Operation& StrictDraw(History& history, std::size_t place) { return history.operations[3 + place]; }
Operation& Increment(History& history, std::size_t place) { return history.operations[6 + place]; }

TEST(CheckerTest, AcceptsASoundHistory) { EXPECT_THAT(Check(Sound()), IsEmpty()); }

TEST(CheckerTest, RejectsADuplicate) {
  History history = Sound();
  history.operations[1].ranges = {{4, 5, 1}};
  EXPECT_THAT(Check(history), Contains(StartsWith("unique:")));
}

TEST(CheckerTest, AcceptsTheSameIdInTwoGenerations) {
  History history = Sound();
  history.operations.push_back(Drawn("windowed", 6, 1, 10));
  history.operations.back().generation = 2;
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(CheckerTest, RejectsAnIdOutsideTheSequence) {
  History history = Sound();
  history.operations[2].ranges = {{8, 11, 1}};
  EXPECT_THAT(Check(history), Contains(StartsWith("whole:")));
}

TEST(CheckerTest, RejectsAReplyThatIsShort) {
  History history = Sound();
  history.operations[2].n = 5;
  EXPECT_THAT(Check(history), Contains(StartsWith("whole:")));
}

TEST(CheckerTest, RejectsAGapWithoutACrash) {
  History history = Sound();
  history.operations[2] = Drawn("windowed", 4, 8, 10);
  EXPECT_THAT(Check(history), Contains(StartsWith("gaps:")));
}

TEST(CheckerTest, AcceptsAGapThatACrashAllowsAndRejectsALargerOne) {
  History history = Sound();
  history.crashes.push_back({1, At(3)});
  history.operations.erase(history.operations.begin() + 2);  // 4 of at most 2 * 3 are missing.
  EXPECT_THAT(Check(history), IsEmpty());
  history.operations[0] = Drawn("windowed", 0, 1, 1);  // 7 are.
  EXPECT_THAT(Check(history), Contains(StartsWith("gaps:")));
}

TEST(CheckerTest, RejectsAGapInAStrictSequenceInSpiteOfACrash) {
  History history = Sound();
  history.crashes.push_back({1, At(3)});
  StrictDraw(history, 2) = Drawn("strict", 4, 8, 10);
  EXPECT_THAT(Check(history), Contains(StartsWith("gaps:")));
}

TEST(CheckerTest, AcceptsIdsMissingForAReplyThatWasNotDelivered) {
  History history = Sound();
  StrictDraw(history, 1).end = End::kUnknown;
  StrictDraw(history, 1).ranges.clear();
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(CheckerTest, RejectsAReorderedStrictId) {
  History history = Sound();
  std::swap(StrictDraw(history, 0).ranges, StrictDraw(history, 2).ranges);
  EXPECT_THAT(Check(history), Contains(StartsWith("strict order:")));
}

TEST(CheckerTest, AcceptsAnyOrderOfCallsAtOneTime) {
  History history = Sound();
  std::swap(StrictDraw(history, 0).ranges, StrictDraw(history, 2).ranges);
  for (std::size_t i = 0; i < 3; ++i) {
    StrictDraw(history, i).started = At(0);
    StrictDraw(history, i).ended = At(5);
  }
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(CheckerTest, RejectsALostCount) {
  History history = Sound();
  history.counters["hits"] = 5;
  EXPECT_THAT(Check(history), Contains(StartsWith("exact counts:")));
}

TEST(CheckerTest, RejectsACountThatNobodyMade) {
  History history = Sound();
  history.counters["hits"] = 7;
  EXPECT_THAT(Check(history), Contains(StartsWith("exact counts:")));
}

TEST(CheckerTest, AcceptsEitherOutcomeOfAnIncrementInDoubt) {
  History history = Sound();
  Increment(history, 2).end = End::kUnknown;
  EXPECT_THAT(Check(history), IsEmpty());
  history.counters["hits"] = 3;
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(CheckerTest, RejectsOneValueForTwoIncrements) {
  History history = Sound();
  Increment(history, 1).value = 6;
  EXPECT_THAT(Check(history), Contains(StartsWith("exact counts:")));
}

TEST(CheckerTest, RejectsADeferredIncrementThatIsLostWithoutACrash) {
  History history = Sound();
  Increment(history, 2).durable = false;
  history.counters["hits"] = 3;
  EXPECT_THAT(Check(history), Contains(StartsWith("exact counts:")));
  history.deferred_interval = std::chrono::seconds(10);
  history.crashes.push_back({Increment(history, 2).server, At(6)});
  EXPECT_THAT(Check(history), IsEmpty());
}

TEST(CheckerTest, RejectsTwoResultsOfOneRequestId) {
  History history = Sound();
  for (const std::size_t i : {std::size_t{0}, std::size_t{1}})
    StrictDraw(history, i).request_id = "once";
  EXPECT_THAT(Check(history), Contains(StartsWith("request ids:")));
}

TEST(CheckerTest, RejectsARequestIdThatCountedTwice) {
  History history = Sound();
  Increment(history, 0).request_id = "once";
  Operation again = Increment(history, 0);
  history.operations.push_back(again);
  EXPECT_THAT(Check(history), IsEmpty());
  history.counters["hits"] = 7;
  EXPECT_THAT(Check(history), Contains(StartsWith("exact counts:")));
}

TEST(CheckerTest, RejectsAnOldGenerationAfterItsReset) {
  History history = Sound();
  Operation reset;
  reset.kind = Kind::kReset;
  reset.name = "windowed";
  reset.end = End::kOk;
  reset.started = At(0);
  reset.ended = At(3);
  reset.generation = 2;
  history.operations.push_back(reset);
  history.sequences["windowed"].drained = false;
  EXPECT_THAT(Check(history), Contains(StartsWith("generations:")));
}

MintedGuids Minted(std::int64_t generator, std::int64_t first_tick, std::int64_t n) {
  MintedGuids minted;
  minted.group = "events";
  minted.generator = generator;
  minted.first_tick = first_tick;
  minted.n = n;
  return minted;
}

TEST(CheckerTest, RejectsAGuidThatCameTwice) {
  History history = Sound();
  history.guids = {Minted(1, 100, 10), Minted(2, 100, 10), Minted(1, 110, 1)};
  EXPECT_THAT(Check(history), IsEmpty());
  history.guids.push_back(Minted(1, 95, 6));
  EXPECT_THAT(Check(history), Contains(StartsWith("unique guids:")));
}

TEST(CheckerTest, RejectsAGuidTooFarAheadOfTheStoresClock) {
  History history = Sound();
  history.guid_ahead_us = 1'000;
  MintedGuids minted = Minted(1, 100, 1);
  minted.shown_us = 5'000'000;
  minted.time_us = 5'001'000;
  history.guids = {minted};
  EXPECT_THAT(Check(history), IsEmpty());
  history.guids[0].time_us += 1;
  EXPECT_THAT(Check(history), Contains(StartsWith("guid time:")));
}

}  // namespace
}  // namespace mintmark::testing
