#include "src/core/id_space.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "src/core/reason.h"

namespace mintmark {
namespace {

IdSpace Space(std::int64_t min_id, std::int64_t max_id, std::int64_t step = 1) {
  return IdSpace{min_id, max_id, step};
}

// Every id of a small space, by its positions.
std::vector<std::int64_t> IdsOf(const IdSpace& space) {
  std::vector<std::int64_t> ids;
  for (std::int64_t p = space.FirstPosition(); p < space.LimitPosition(); ++p) {
    ids.push_back(space.IdAt(p));
  }
  return ids;
}

TEST(IdSpaceTest, StartsAtOneAndEndsBeforeTheLastInt64) {
  const IdSpace space;
  EXPECT_EQ(space.IdAt(space.FirstPosition()), 1);
  EXPECT_EQ(space.IdAt(space.LimitPosition() - 1), INT64_MAX - 1);
  EXPECT_TRUE(ValidateIdSpace(space).ok());
}

TEST(IdSpaceTest, WithStepOneAPositionIsItsId) {
  for (const std::int64_t id : {INT64_MIN, std::int64_t{-1}, std::int64_t{0}, kMaxId}) {
    EXPECT_EQ(Space(kMinId, kMaxId).IdAt(id), id);
  }
}

TEST(IdSpaceTest, StepsFromTheFirstIdWhateverItsSign) {
  EXPECT_EQ(IdsOf(Space(1, 20, 7)), (std::vector<std::int64_t>{1, 8, 15}));
  EXPECT_EQ(IdsOf(Space(0, 21, 7)), (std::vector<std::int64_t>{0, 7, 14, 21}));
  EXPECT_EQ(IdsOf(Space(-10, 5, 7)), (std::vector<std::int64_t>{-10, -3, 4}));
  EXPECT_EQ(IdsOf(Space(-14, -14, 7)), (std::vector<std::int64_t>{-14}));
  EXPECT_EQ(IdsOf(Space(5, 11, 7)), (std::vector<std::int64_t>{5}));
}

TEST(IdSpaceTest, HoldsTheWholeRangeOfIds) {
  const IdSpace space = Space(kMinId, kMaxId);
  EXPECT_EQ(space.FirstPosition(), INT64_MIN);
  EXPECT_EQ(space.LimitPosition(), INT64_MAX);
  EXPECT_EQ(space.IdAt(INT64_MIN), INT64_MIN);
  EXPECT_EQ(space.IdAt(INT64_MAX - 1), kMaxId);
}

TEST(IdSpaceTest, LargeStepsReachBothEnds) {
  // From one end to the other are two steps: 2^63 - 2 - (-2^63) is 2 * (2^63 - 1).
  const std::int64_t step = INT64_MAX;
  const IdSpace space = Space(kMinId, kMaxId, step);
  ASSERT_EQ(space.LimitPosition() - space.FirstPosition(), 3);
  EXPECT_EQ(space.IdAt(space.FirstPosition()), INT64_MIN);
  EXPECT_EQ(space.IdAt(space.FirstPosition() + 1), -1);
  EXPECT_EQ(space.IdAt(space.FirstPosition() + 2), INT64_MAX - 1);
}

TEST(IdSpaceTest, AOneIdSpaceAtEitherEnd) {
  EXPECT_EQ(IdsOf(Space(kMaxId, kMaxId)), (std::vector<std::int64_t>{kMaxId}));
  EXPECT_EQ(IdsOf(Space(kMinId, kMinId)), (std::vector<std::int64_t>{kMinId}));
  EXPECT_EQ(IdsOf(Space(kMaxId, kMaxId, INT64_MAX)), (std::vector<std::int64_t>{kMaxId}));
}

TEST(IdSpaceTest, TheResidueLiesBelowTheStep) {
  EXPECT_EQ(Space(10, 100, 7).Residue(), 3);
  EXPECT_EQ(Space(-10, 100, 7).Residue(), 4);
  EXPECT_EQ(Space(-14, 100, 7).Residue(), 0);
  EXPECT_EQ(Space(kMinId, kMaxId, INT64_MAX).Residue(), INT64_MAX - 1);
}

TEST(IdSpaceTest, PositionsAndIdsOutliveTheLimits) {
  // What was drawn is told again by step and residue alone.
  const IdSpace space = Space(-10, 5, 7);
  const IdSpace replayed{space.Residue(), kMaxId, space.step};
  for (std::int64_t p = space.FirstPosition(); p < space.LimitPosition(); ++p) {
    EXPECT_EQ(replayed.IdAt(p), space.IdAt(p));
  }
}

TEST(IdSpaceTest, FindsTheFirstPositionAtOrAfterAnId) {
  const IdSpace space = Space(-10, 18, 7);  // -10 -3 4 11 18
  EXPECT_EQ(space.IdAt(space.PositionAtOrAfter(-10)), -10);
  EXPECT_EQ(space.IdAt(space.PositionAtOrAfter(-9)), -3);
  EXPECT_EQ(space.IdAt(space.PositionAtOrAfter(4)), 4);
  EXPECT_EQ(space.IdAt(space.PositionAtOrAfter(5)), 11);
  EXPECT_EQ(space.IdAt(space.PositionAtOrAfter(18)), 18);
}

TEST(IdSpaceTest, ClipsAnIdBeyondTheSpace) {
  const IdSpace space = Space(-10, 20, 7);
  EXPECT_EQ(space.PositionAtOrAfter(INT64_MIN), space.FirstPosition());
  EXPECT_EQ(space.PositionAtOrAfter(19), space.LimitPosition());
  EXPECT_EQ(space.PositionAtOrAfter(INT64_MAX), space.LimitPosition());
}

TEST(IdSpaceTest, RefusesWhatHoldsNoIds) {
  EXPECT_EQ(ReasonOf(ValidateIdSpace(Space(1, 10, 0))), Reason::kSequenceInvalid);
  EXPECT_EQ(ReasonOf(ValidateIdSpace(Space(1, 10, -1))), Reason::kSequenceInvalid);
  EXPECT_EQ(ReasonOf(ValidateIdSpace(Space(2, 1))), Reason::kSequenceInvalid);
  EXPECT_EQ(ReasonOf(ValidateIdSpace(Space(1, INT64_MAX))), Reason::kSequenceInvalid);
  EXPECT_TRUE(ValidateIdSpace(Space(0, 0)).ok());
  EXPECT_TRUE(ValidateIdSpace(Space(kMinId, kMaxId, INT64_MAX)).ok());
}

TEST(PositionsTest, AreCountedWithoutLeavingInt64) {
  EXPECT_EQ(CountBetween(3, 10), 7);
  EXPECT_EQ(CountBetween(3, 3), 0);
  EXPECT_EQ(CountBetween(10, 3), 0);
  EXPECT_EQ(CountBetween(INT64_MIN, INT64_MAX), INT64_MAX);
  EXPECT_EQ(CountBetween(-1, INT64_MAX - 1), INT64_MAX);
  EXPECT_EQ(CountBetween(0, INT64_MAX), INT64_MAX);
  EXPECT_EQ(CountBetween(INT64_MAX, INT64_MIN), 0);
}

TEST(PositionsTest, AdvanceStopsAtTheLimit) {
  EXPECT_EQ(AdvanceUpTo(3, 4, 10), 7);
  EXPECT_EQ(AdvanceUpTo(3, 40, 10), 10);
  EXPECT_EQ(AdvanceUpTo(INT64_MAX - 2, INT64_MAX, INT64_MAX), INT64_MAX);
  EXPECT_EQ(AdvanceUpTo(INT64_MIN, INT64_MAX, INT64_MAX), -1);
}

}  // namespace
}  // namespace mintmark
