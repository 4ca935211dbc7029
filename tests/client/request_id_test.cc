#include "client/request_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace mintmark::client {
namespace {

TEST(RequestIdTest, Is128BitsInHex) {
  EXPECT_THAT(NewRequestId(), testing::MatchesRegex("[0-9a-f]{32}"));
}

TEST(RequestIdTest, IsANewOneEachTime) {
  std::set<std::string> seen;
  for (int i = 0; i < 10'000; ++i) seen.insert(NewRequestId());
  EXPECT_EQ(seen.size(), 10'000U);
}

}  // namespace
}  // namespace mintmark::client
