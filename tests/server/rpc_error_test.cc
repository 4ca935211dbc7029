#include "server/rpc_error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "mintmark/v1/errors.pb.h"
#include "server/config.h"
#include "src/core/reason.h"

namespace mintmark::server {
namespace {

google::rpc::Status Details(const RpcError& error) {
  google::rpc::Status details;
  EXPECT_TRUE(details.ParseFromString(error.status.error_details()));
  return details;
}

TEST(RpcErrorTest, ReasonsAreThoseOfTheApi) {
  const auto* const descriptor = v1::Reason_descriptor();
  ASSERT_EQ(descriptor->value_count(), kReasonCount);
  for (int i = 0; i < kReasonCount; ++i) {
    const auto* const value = descriptor->FindValueByNumber(i);
    ASSERT_NE(value, nullptr) << i;
    EXPECT_EQ(value->name(), absl::StrCat("REASON_", ReasonName(static_cast<Reason>(i))));
  }
}

TEST(RpcErrorTest, EveryReasonReachesTheClient) {
  for (int i = 1; i < kReasonCount; ++i) {
    const auto reason = static_cast<Reason>(i);
    const RpcError error =
        MakeRpcError(MakeStatus(reason, "Do this."), {"sequence", "billing/invoices"});
    EXPECT_EQ(static_cast<int>(error.status.error_code()), static_cast<int>(CodeOf(reason)));
    EXPECT_EQ(error.status.error_message(), "Do this.");
    EXPECT_EQ(error.reason, ReasonName(reason));

    const google::rpc::Status details = Details(error);
    EXPECT_EQ(details.code(), error.status.error_code());
    EXPECT_EQ(details.message(), "Do this.");
    google::rpc::ErrorInfo info;
    ASSERT_EQ(details.details_size(), 1);
    ASSERT_TRUE(details.details(0).UnpackTo(&info));
    EXPECT_EQ(info.reason(), ReasonName(reason));
    EXPECT_EQ(info.domain(), "mintmark");
    EXPECT_EQ(info.metadata().at("sequence"), "billing/invoices");
  }
}

TEST(RpcErrorTest, SaysWhenARetryMayHelp) {
  const RpcError error = MakeRpcError(
      MakeStatus(Reason::kOverloaded, "Back off.", std::chrono::microseconds(1'500'001)), {});
  EXPECT_EQ(error.pushback_ms, 1'501);
  google::rpc::RetryInfo retry;
  ASSERT_EQ(Details(error).details_size(), 2);
  ASSERT_TRUE(Details(error).details(1).UnpackTo(&retry));
  EXPECT_EQ(retry.retry_delay().seconds(), 1);
  EXPECT_EQ(retry.retry_delay().nanos(), 500'001'000);
}

TEST(RpcErrorTest, AStatusWithoutReasonHasNoDetails) {
  const RpcError error = MakeRpcError(absl::DeadlineExceededError("Too late."), {});
  EXPECT_EQ(error.status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(error.status.error_details(), "");
  EXPECT_EQ(error.reason, "");
  EXPECT_FALSE(error.pushback_ms.has_value());
}

TEST(RpcErrorTest, LongMessagesAreCutBetweenCharacters) {
  std::string message;
  while (message.size() <= kMaxErrorMessageBytes) message += "\u20ac";
  const absl::string_view cut = CutMessage(message);
  EXPECT_LE(cut.size(), kMaxErrorMessageBytes);
  EXPECT_EQ(cut.size() % 3, 0U);
  EXPECT_EQ(CutMessage("short"), "short");
}

}  // namespace
}  // namespace mintmark::server
