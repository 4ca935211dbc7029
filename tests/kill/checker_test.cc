// The checker of the kill tests, tested: it accepts what was promised and rejects
// forged records.
#include "tests/kill/checker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mintmark::kill {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr std::int64_t kGap = 10;
constexpr std::int64_t kMaxId = 100;

Time At(std::int64_t ms) { return Time(std::chrono::milliseconds(ms)); }

// A sequence of 100 ids of which all are drawn in the end, a strict one, and two
// counters; a server was killed once, at 500 ms, and was back at 600 ms.
class CheckerTest : public ::testing::Test {
 protected:
  enum : std::uint32_t { kWindowed, kStrict };

  CheckerTest() {
    history_.sequences = {
        {.name = "windowed", .space = {.min_id = 1, .max_id = kMaxId}, .max_gap = kGap},
        {.name = "strict", .space = {.min_id = 1, .max_id = kMaxId}, .strict = true}};
    history_.counters = {{.name = "counter"}};
    history_.kills = {{.server = 0, .at = At(500), .serving_again = At(600)}};
  }

  // A call for the ids from `first` to `last`, which took 10 ms.
  Draw& AddDraw(std::uint32_t sequence, std::int64_t started_ms, std::int64_t first,
                std::int64_t last) {
    Draw draw;
    draw.sequence = sequence;
    draw.outcome = Outcome::kAnswered;
    draw.n = last - first + 1;
    draw.started = At(started_ms);
    draw.ended = At(started_ms + 10);
    draw.ranges = {{first, last, 1}};
    draw.generation = 7;
    history_.draws.push_back(draw);
    return history_.draws.back();
  }

  Draw& AddLostDraw(std::uint32_t sequence, std::int64_t started_ms, std::int64_t n) {
    Draw& draw = AddDraw(sequence, started_ms, 1, n);
    draw.outcome = Outcome::kUnknown;
    draw.ranges.clear();
    return draw;
  }

  Increment& AddIncrement(std::int64_t started_ms, std::int64_t delta, std::int64_t value) {
    Increment increment;
    increment.outcome = Outcome::kAnswered;
    increment.delta = delta;
    increment.value = value;
    increment.started = At(started_ms);
    increment.ended = At(started_ms + 10);
    history_.increments.push_back(increment);
    return history_.increments.back();
  }

  // The rest of both sequences, from these ids on.
  std::vector<std::string> Problems(std::int64_t windowed_rest, std::int64_t strict_rest = 1) {
    if (windowed_rest <= kMaxId) AddDraw(kWindowed, 1'000, windowed_rest, kMaxId);
    if (strict_rest <= kMaxId) AddDraw(kStrict, 1'000, strict_rest, kMaxId);
    return Check(history_).problems;
  }

  History history_;
};

TEST_F(CheckerTest, AcceptsACleanHistory) {
  AddDraw(kWindowed, 10, 1, 5);
  AddDraw(kWindowed, 10, 6, 6);
  AddDraw(kStrict, 10, 1, 3);
  AddDraw(kStrict, 30, 4, 4);
  AddIncrement(10, 2, 2);
  AddIncrement(30, 3, 5);
  history_.counters[0].value = 5;
  EXPECT_THAT(Problems(7, 5), IsEmpty());
}

TEST_F(CheckerTest, RejectsADuplicate) {
  AddDraw(kWindowed, 10, 1, 10);
  AddDraw(kWindowed, 20, 10, 12);
  EXPECT_THAT(Problems(13),
              ElementsAre(AllOf(StartsWith("unique: id 10 is in "), HasSubstr("0.010000 s"))));
}

TEST_F(CheckerTest, RejectsADuplicateInsideOfALargeRange) {
  AddDraw(kWindowed, 10, 50, 50);
  EXPECT_THAT(Problems(1), ElementsAre(StartsWith("unique: id 50 is in ")));
}

TEST_F(CheckerTest, AcceptsAGapOfMaxGapForAKillAndTheIdsOfLostReplies) {
  AddLostDraw(kWindowed, 495, 4);
  EXPECT_THAT(Problems(1 + kGap + 4), IsEmpty());
}

TEST_F(CheckerTest, RejectsALargerGap) {
  AddLostDraw(kWindowed, 495, 4);
  EXPECT_THAT(Problems(1 + kGap + 5),
              ElementsAre("gaps: windowed lacks 15 ids, 14 are allowed; the first is 1"));
}

TEST_F(CheckerTest, RejectsAnyGapOfAStrictSequenceWithoutALostReply) {
  EXPECT_THAT(Problems(1, 2),
              ElementsAre("gaps: strict lacks 1 ids, 0 are allowed; the first is 1"));
}

TEST_F(CheckerTest, DoesNotExcuseGapsByCallsWithARequestId) {
  AddLostDraw(kStrict, 495, 3).key = 1;
  Draw& answer = AddDraw(kStrict, 610, 1, 3);
  answer.key = 1;
  EXPECT_THAT(Problems(1, 5),
              ElementsAre("gaps: strict lacks 1 ids, 0 are allowed; the first is 4"));
}

TEST_F(CheckerTest, RejectsTheWrongNumberOfIds) {
  AddDraw(kWindowed, 10, 1, 5).n = 6;
  Draw& range = AddDraw(kWindowed, 30, 6, 7);
  range.one_range = true;
  range.ranges = {{6, 6, 1}, {7, 7, 1}};
  Draw& fewer = AddDraw(kWindowed, 50, 8, 9);
  fewer.fewer = true;
  fewer.n = 1;
  EXPECT_THAT(Problems(10),
              ElementsAre(HasSubstr("asked for 6 ids and got 5"), HasSubstr("got 2 ranges"),
                          HasSubstr("asked for 1 ids and got 2")));
}

TEST_F(CheckerTest, RejectsIdsThatTheSequenceDoesNotHave) {
  AddDraw(kWindowed, 10, 0, 0);
  EXPECT_THAT(Problems(1), ElementsAre(HasSubstr("0 to 0, which are no ids of the sequence"),
                                       HasSubstr("asked for 1 ids and got 0")));
}

TEST_F(CheckerTest, RejectsAnotherGeneration) {
  AddDraw(kWindowed, 10, 1, 1);
  AddDraw(kWindowed, 10, 2, 2).generation = 8;
  EXPECT_THAT(Problems(3), ElementsAre(HasSubstr("is of generation 8 instead of 7")));
}

TEST_F(CheckerTest, RejectsReorderedIdsOfAStrictSequenceOnly) {
  AddDraw(kWindowed, 10, 2, 2);
  AddDraw(kWindowed, 30, 1, 1);
  AddDraw(kStrict, 10, 2, 2);
  AddDraw(kStrict, 15, 3, 3);
  AddDraw(kStrict, 30, 1, 1);
  EXPECT_THAT(Problems(3, 4), ElementsAre(StartsWith("order: strict gave 1 to a call")));
}

TEST_F(CheckerTest, OrdersACallWithARequestIdByItsFirstTry) {
  AddLostDraw(kStrict, 495, 1).key = 1;
  AddDraw(kStrict, 610, 2, 2);
  Draw& answer = AddDraw(kStrict, 630, 1, 1);
  answer.key = 1;
  answer.replayed = true;
  EXPECT_THAT(Problems(1, 3), IsEmpty());
}

TEST_F(CheckerTest, RejectsTwoResultsOfOneRequestId) {
  AddDraw(kWindowed, 10, 1, 1).key = 1;
  Draw& other = AddDraw(kWindowed, 30, 2, 2);
  other.key = 1;
  other.replayed = true;
  AddIncrement(10, 2, 2).key = 1;
  AddIncrement(30, 2, 4).key = 1;
  history_.counters[0].value = 4;
  EXPECT_THAT(Problems(3),
              ElementsAre(HasSubstr("have different results"), HasSubstr("have different results"),
                          HasSubstr("was applied 2 times"), StartsWith("counts: counter is 4")));
}

TEST_F(CheckerTest, RejectsAReplayWithoutARequestId) {
  AddDraw(kWindowed, 10, 1, 1).replayed = true;
  EXPECT_THAT(Problems(2), ElementsAre(HasSubstr("a replay without a request_id")));
}

TEST_F(CheckerTest, RejectsARequestIdThatWasNeverAnswered) {
  AddLostDraw(kWindowed, 495, 1).key = 1;
  EXPECT_THAT(Problems(1), ElementsAre(HasSubstr("was never answered")));
}

TEST_F(CheckerTest, RejectsALostAnswerOfAServerThatWasUp) {
  AddLostDraw(kWindowed, 300, 1);
  Draw& other_server = AddLostDraw(kWindowed, 495, 1);
  other_server.server = 1;
  EXPECT_THAT(Problems(1), ElementsAre(HasSubstr("no answer from a server that was up"),
                                       HasSubstr("no answer from a server that was up")));
}

TEST_F(CheckerTest, RejectsALostIncrement) {
  AddIncrement(10, 2, 2);
  history_.counters[0].value = 1;
  EXPECT_THAT(Problems(1), ElementsAre("counts: counter is 1, which should lie between 2 and 2"));
}

TEST_F(CheckerTest, AcceptsALostAnswerOfAnIncrementEitherWay) {
  AddIncrement(495, 3, 0).outcome = Outcome::kUnknown;
  AddIncrement(620, 2, 5);
  history_.counters[0].value = 5;
  EXPECT_THAT(Problems(1), IsEmpty());
}

TEST_F(CheckerTest, RejectsAnIncrementThatCountedTwice) {
  AddIncrement(10, 2, 2);
  AddIncrement(30, 2, 4);
  history_.counters[0].value = 6;
  EXPECT_THAT(Problems(1), ElementsAre("counts: counter is 6, which should lie between 4 and 4"));
}

TEST_F(CheckerTest, RejectsValuesThatOverlap) {
  AddIncrement(10, 2, 2);
  AddIncrement(12, 2, 3);
  AddIncrement(14, 1, 5);
  history_.counters[0].value = 5;
  EXPECT_THAT(Problems(1), ElementsAre(HasSubstr("to 3 by 2, and another one to 2")));
}

TEST_F(CheckerTest, RejectsValuesThatGoBack) {
  AddIncrement(10, 2, 5);
  AddIncrement(30, 3, 3);
  history_.counters[0].value = 5;
  EXPECT_THAT(Problems(1), ElementsAre(StartsWith("order: counter gave 3 to a call")));
}

TEST_F(CheckerTest, NamesAFewProblemsOfAKindAndCountsTheRest) {
  for (int i = 0; i < 20; ++i) AddDraw(kWindowed, 10, 1, 1);
  const std::vector<std::string> problems = Problems(2);
  EXPECT_EQ(problems.size(), 6U);
  EXPECT_EQ(problems.back(), "unique: 14 more");
}

TEST_F(CheckerTest, CountsWhatItSaw) {
  AddLostDraw(kWindowed, 495, 4);
  AddDraw(kWindowed, 10, 1, 2).key = 1;
  Draw& again = AddDraw(kWindowed, 30, 1, 2);
  again.key = 1;
  again.replayed = true;
  Problems(5);
  const SequenceTally tally = Check(history_).sequences[0];
  EXPECT_EQ(tally.calls, 2);
  EXPECT_EQ(tally.replays, 1);
  EXPECT_EQ(tally.ids, 98);
  EXPECT_EQ(tally.unknown, 1);
  EXPECT_EQ(tally.unknown_ids, 4);
  EXPECT_EQ(tally.missing, 2);
  EXPECT_EQ(tally.allowed, kGap + 4);
}

}  // namespace
}  // namespace mintmark::kill
