#include "src/core/reason.h"

#include <set>
#include <string>

#include "absl/strings/cord.h"
#include "gtest/gtest.h"

namespace mintmark {
namespace {

using Code = absl::StatusCode;

Reason At(int place) { return static_cast<Reason>(place); }

TEST(ReasonTest, EveryReasonHasAWordOfItsOwn) {
  std::set<std::string> words;
  for (int i = 0; i < kReasonCount; ++i) {
    const std::string word(ReasonName(At(i)));
    EXPECT_FALSE(word.empty()) << i;
    EXPECT_TRUE(words.insert(word).second) << word;
  }
}

TEST(ReasonTest, WordsAndReasonsAreTurnedIntoEachOther) {
  for (int i = 1; i < kReasonCount; ++i) {
    EXPECT_EQ(ReasonFromName(ReasonName(At(i))), At(i)) << ReasonName(At(i));
  }
  EXPECT_EQ(ReasonFromName("NO_SUCH_REASON"), Reason::kUnspecified);
  EXPECT_EQ(ReasonFromName(""), Reason::kUnspecified);
}

TEST(ReasonTest, GoesWithTheCodeOfTheContract) {
  const struct {
    Reason reason;
    Code code;
  } kPairs[] = {
      {Reason::kNameInvalid, Code::kInvalidArgument},
      {Reason::kNInvalid, Code::kInvalidArgument},
      {Reason::kNTooLarge, Code::kInvalidArgument},
      {Reason::kSequenceInvalid, Code::kInvalidArgument},
      {Reason::kGroupInvalid, Code::kInvalidArgument},
      {Reason::kRequestIdInvalid, Code::kInvalidArgument},
      {Reason::kRequestIdReused, Code::kInvalidArgument},
      {Reason::kTextInvalid, Code::kInvalidArgument},
      {Reason::kArgumentInvalid, Code::kInvalidArgument},
      {Reason::kSequenceNotFound, Code::kNotFound},
      {Reason::kGroupNotFound, Code::kNotFound},
      {Reason::kCounterNotFound, Code::kNotFound},
      {Reason::kSequenceAlreadyExists, Code::kAlreadyExists},
      {Reason::kGroupAlreadyExists, Code::kAlreadyExists},
      {Reason::kCounterAlreadyExists, Code::kAlreadyExists},
      {Reason::kSequenceExhausted, Code::kOutOfRange},
      {Reason::kCounterOverflow, Code::kOutOfRange},
      {Reason::kGroupLifetimeOver, Code::kOutOfRange},
      {Reason::kLeaseLost, Code::kFailedPrecondition},
      {Reason::kWouldReuseIds, Code::kFailedPrecondition},
      {Reason::kEtagMismatch, Code::kFailedPrecondition},
      {Reason::kStoreSuspect, Code::kFailedPrecondition},
      {Reason::kOverloaded, Code::kResourceExhausted},
      {Reason::kGeneratorsExhausted, Code::kResourceExhausted},
      {Reason::kQuotaExceeded, Code::kResourceExhausted},
      {Reason::kRequestIdsFull, Code::kResourceExhausted},
      {Reason::kStoreUnavailable, Code::kUnavailable},
      {Reason::kIdsHeldElsewhere, Code::kUnavailable},
      {Reason::kDraining, Code::kUnavailable},
      {Reason::kShuttingDown, Code::kUnavailable},
      {Reason::kCommitInDoubt, Code::kUnknown},
  };
  std::set<Reason> told;
  for (const auto& [reason, code] : kPairs) {
    EXPECT_EQ(CodeOf(reason), code) << ReasonName(reason);
    EXPECT_EQ(MakeStatus(reason, "a sentence").code(), code) << ReasonName(reason);
    told.insert(reason);
  }
  EXPECT_EQ(static_cast<int>(told.size()), kReasonCount - 1) << "A reason is missing here.";
}

TEST(StatusTest, CarriesItsReasonMessageAndPause) {
  const absl::Status status =
      MakeStatus(Reason::kOverloaded, "Try again later.", std::chrono::milliseconds(250));
  EXPECT_EQ(status.message(), "Try again later.");
  EXPECT_EQ(ReasonOf(status), Reason::kOverloaded);
  EXPECT_EQ(RetryAfterOf(status), Duration(std::chrono::milliseconds(250)));
}

TEST(StatusTest, APauseOfZeroIsAPause) {
  EXPECT_EQ(RetryAfterOf(MakeStatus(Reason::kShuttingDown, "Ask another.", Duration::zero())),
            Duration::zero());
}

TEST(StatusTest, HasNoPauseUnlessOneIsGiven) {
  EXPECT_EQ(RetryAfterOf(MakeStatus(Reason::kNameInvalid, "Another name.")), std::nullopt);
}

TEST(StatusTest, WithoutPayloadsHasNeither) {
  EXPECT_EQ(ReasonOf(absl::OkStatus()), Reason::kUnspecified);
  EXPECT_EQ(ReasonOf(absl::UnavailableError("gone")), Reason::kUnspecified);
  EXPECT_EQ(RetryAfterOf(absl::UnavailableError("gone")), std::nullopt);
}

TEST(StatusTest, APayloadThatIsNoneOfOursIsNotRead) {
  absl::Status status = absl::UnavailableError("gone");
  status.SetPayload("mintmark/reason", absl::Cord("GIBBERISH"));
  status.SetPayload("mintmark/retry-after-ns", absl::Cord("soon"));
  EXPECT_EQ(ReasonOf(status), Reason::kUnspecified);
  EXPECT_EQ(RetryAfterOf(status), std::nullopt);
}

}  // namespace
}  // namespace mintmark
