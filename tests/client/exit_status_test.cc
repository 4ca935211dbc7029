#include "client/cli/exit_status.h"

#include <gtest/gtest.h>

#include "src/core/reason.h"

namespace mintmark::client {
namespace {

TEST(ExitStatusTest, SaysWhatClassOfErrorItWas) {
  EXPECT_EQ(ExitStatusOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitStatusOf(MakeStatus(Reason::kNameInvalid, "")), 3);
  EXPECT_EQ(ExitStatusOf(MakeStatus(Reason::kStoreSuspect, "")), 3);
  EXPECT_EQ(ExitStatusOf(MakeStatus(Reason::kSequenceNotFound, "")), 4);
  EXPECT_EQ(ExitStatusOf(MakeStatus(Reason::kSequenceAlreadyExists, "")), 4);
  EXPECT_EQ(ExitStatusOf(MakeStatus(Reason::kSequenceExhausted, "")), 5);
  EXPECT_EQ(ExitStatusOf(MakeStatus(Reason::kStoreUnavailable, "")), 6);
  EXPECT_EQ(ExitStatusOf(MakeStatus(Reason::kOverloaded, "")), 6);
  EXPECT_EQ(ExitStatusOf(MakeStatus(Reason::kCommitInDoubt, "")), 7);
  EXPECT_EQ(ExitStatusOf(absl::UnimplementedError("")), 8);
  EXPECT_EQ(ExitStatusOf(absl::CancelledError("")), 130);
}

}  // namespace
}  // namespace mintmark::client
