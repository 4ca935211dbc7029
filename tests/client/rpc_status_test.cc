#include "client/rpc_status.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "mintmark/v1/errors.pb.h"
#include "src/core/reason.h"

namespace mintmark::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

Attempt Interpret(grpc::StatusCode code, const TrailingMetadata& metadata = {}) {
  return InterpretStatus(grpc::Status(code, "a sentence"), metadata);
}

TrailingMetadata WithReason(const char* reason) { return {{"mintmark-reason", reason}}; }

TEST(RpcStatusTest, ReasonsOfCoreAreThoseOfTheApi) {
  ASSERT_EQ(kReasonCount, v1::Reason_ARRAYSIZE);
  for (int i = 1; i < kReasonCount; ++i) {
    EXPECT_EQ(v1::Reason_Name(static_cast<v1::Reason>(i)),
              "REASON_" + std::string(ReasonName(static_cast<Reason>(i))));
  }
}

TEST(RpcStatusTest, KeepsCodeMessageAndReason) {
  const Attempt attempt =
      Interpret(grpc::StatusCode::OUT_OF_RANGE, WithReason("SEQUENCE_EXHAUSTED"));
  EXPECT_EQ(attempt.status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(attempt.status.message(), "a sentence");
  EXPECT_EQ(ReasonOf(attempt.status), Reason::kSequenceExhausted);
  EXPECT_EQ(attempt.effect, Effect::kRefused);
}

TEST(RpcStatusTest, ReadsTheDetailsToo) {
  google::rpc::Status details;
  google::rpc::ErrorInfo foreign;
  foreign.set_domain("elsewhere");
  foreign.set_reason("NAME_INVALID");
  google::rpc::ErrorInfo info;
  info.set_domain("mintmark");
  info.set_reason("OVERLOADED");
  google::rpc::RetryInfo retry;
  retry.mutable_retry_delay()->set_seconds(1);
  retry.mutable_retry_delay()->set_nanos(500'000'000);
  details.add_details()->PackFrom(info);
  details.add_details()->PackFrom(foreign);
  details.add_details()->PackFrom(retry);
  const Attempt attempt = InterpretStatus(
      grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "full", details.SerializeAsString()), {});
  EXPECT_EQ(ReasonOf(attempt.status), Reason::kOverloaded);
  EXPECT_EQ(attempt.retry_after, milliseconds(1500));
  EXPECT_EQ(RetryAfterOf(attempt.status), milliseconds(1500));
  EXPECT_EQ(attempt.effect, Effect::kNotApplied);
}

TEST(RpcStatusTest, DetailsThatAreNoneAreIgnored) {
  const Attempt attempt = InterpretStatus(
      grpc::Status(grpc::StatusCode::NOT_FOUND, "none", "\xff\xff not a message"), {});
  EXPECT_EQ(attempt.status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(attempt.effect, Effect::kRefused);
}

TEST(RpcStatusTest, UnavailableWithAReasonWasNotApplied) {
  EXPECT_EQ(Interpret(grpc::StatusCode::UNAVAILABLE, WithReason("STORE_UNAVAILABLE")).effect,
            Effect::kNotApplied);
  // A reason that only a newer server knows is one all the same.
  const Attempt attempt = Interpret(grpc::StatusCode::UNAVAILABLE, WithReason("ON_HOLIDAY"));
  EXPECT_EQ(attempt.effect, Effect::kNotApplied);
  EXPECT_EQ(attempt.status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(attempt.status), Reason::kUnspecified);
}

TEST(RpcStatusTest, LostAnswersAreInDoubt) {
  EXPECT_EQ(Interpret(grpc::StatusCode::UNAVAILABLE).effect, Effect::kInDoubt);
  EXPECT_EQ(Interpret(grpc::StatusCode::DEADLINE_EXCEEDED).effect, Effect::kInDoubt);
  EXPECT_EQ(Interpret(grpc::StatusCode::UNKNOWN).effect, Effect::kInDoubt);
  EXPECT_EQ(Interpret(grpc::StatusCode::INTERNAL).effect, Effect::kInDoubt);
  EXPECT_EQ(Interpret(grpc::StatusCode::UNKNOWN, WithReason("COMMIT_IN_DOUBT")).effect,
            Effect::kInDoubt);
}

TEST(RpcStatusTest, OnlyBoundsThatPassAreTriedAgain) {
  const auto exhausted = grpc::StatusCode::RESOURCE_EXHAUSTED;
  EXPECT_EQ(Interpret(exhausted, WithReason("OVERLOADED")).effect, Effect::kNotApplied);
  EXPECT_EQ(Interpret(exhausted, WithReason("REQUEST_IDS_FULL")).effect, Effect::kRefused);
  EXPECT_EQ(Interpret(exhausted).effect, Effect::kRefused);
}

TEST(RpcStatusTest, PushbackSetsTheWaitOrEndsTheTries) {
  TrailingMetadata metadata = WithReason("DRAINING");
  metadata.emplace("grpc-retry-pushback-ms", "250");
  Attempt attempt = Interpret(grpc::StatusCode::UNAVAILABLE, metadata);
  EXPECT_EQ(attempt.retry_after, milliseconds(250));
  EXPECT_EQ(attempt.effect, Effect::kNotApplied);

  for (const char* no_more : {"-1", "soon", ""}) {
    metadata = WithReason("DRAINING");
    metadata.emplace("grpc-retry-pushback-ms", no_more);
    EXPECT_EQ(Interpret(grpc::StatusCode::UNAVAILABLE, metadata).effect, Effect::kRefused);
  }

  metadata = WithReason("DRAINING");
  metadata.emplace("grpc-retry-pushback-ms", "9223372036854775807");
  attempt = Interpret(grpc::StatusCode::UNAVAILABLE, metadata);
  EXPECT_EQ(attempt.retry_after, seconds(3600));
}

}  // namespace
}  // namespace mintmark::client
