#include "client/channel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mintmark::client {
namespace {

TEST(ChannelTest, PlainAddressesBecomeTargets) {
  EXPECT_EQ(TargetOf("ids.internal"), "dns:///ids.internal:50051");
  EXPECT_EQ(TargetOf("ids.internal:7000"), "dns:///ids.internal:7000");
  EXPECT_EQ(TargetOf("127.0.0.1:50051"), "dns:///127.0.0.1:50051");
  EXPECT_EQ(TargetOf("[::1]:7000"), "dns:///[::1]:7000");
  EXPECT_EQ(TargetOf("[::1]"), "dns:///[::1]:50051");
  EXPECT_EQ(TargetOf("::1"), "dns:///[::1]:50051");
}

TEST(ChannelTest, TargetsStayAsTheyAre) {
  EXPECT_EQ(TargetOf("dns:///ids.internal:1"), "dns:///ids.internal:1");
  EXPECT_EQ(TargetOf("ipv4:10.0.0.1:1,10.0.0.2:1"), "ipv4:10.0.0.1:1,10.0.0.2:1");
  EXPECT_EQ(TargetOf("unix:/run/mintmark.sock"), "unix:/run/mintmark.sock");
}

TEST(ChannelTest, AddressesArePartedByCommasUnlessATargetHasThem) {
  EXPECT_THAT(SplitAddresses("a:1,b,"), testing::ElementsAre("a:1", "b"));
  EXPECT_THAT(SplitAddresses("ipv4:10.0.0.1:1,10.0.0.2:1"),
              testing::ElementsAre("ipv4:10.0.0.1:1,10.0.0.2:1"));
  EXPECT_THAT(SplitAddresses(""), testing::IsEmpty());
}

}  // namespace
}  // namespace mintmark::client
