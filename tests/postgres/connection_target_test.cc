#include "src/store/postgres/connection_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>

#include "absl/status/status.h"

namespace mintmark::store {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

ConnectionTarget Parse(const std::string& url, const StoreOptions& options = {}) {
  auto target = ParseConnectionTarget(url, options);
  EXPECT_TRUE(target.ok()) << target.status();
  return target.ok() ? *target : ConnectionTarget{};
}

TEST(ConnectionTargetTest, TellsTheAddressWithoutThePassword) {
  const ConnectionTarget target = Parse("postgresql://ann:s3cret@db1:5433/ids");
  EXPECT_EQ(target.address, "db1:5433/ids");
  EXPECT_EQ(target.user, "ann");
  EXPECT_EQ(target.database, "ids");
  EXPECT_THAT(target.conninfo, HasSubstr("password='s3cret'"));
}

TEST(ConnectionTargetTest, TellsAllHosts) {
  EXPECT_EQ(Parse("postgresql://db1:5433,db2:5434/ids").address, "db1:5433,db2:5434/ids");
  EXPECT_EQ(Parse("postgresql://db1,db2/ids?port=5433").address, "db1:5433,db2:5433/ids");
}

TEST(ConnectionTargetTest, AddsWhatAServerNeeds) {
  StoreOptions options;
  options.connect_timeout = std::chrono::milliseconds(2500);
  options.answer_timeout = std::chrono::seconds(7);
  const std::string conninfo = Parse("postgresql://db1/ids", options).conninfo;
  EXPECT_THAT(conninfo, HasSubstr("target_session_attrs='read-write'"));
  EXPECT_THAT(conninfo, HasSubstr("connect_timeout='3'"));
  EXPECT_THAT(conninfo, HasSubstr("tcp_user_timeout='7000'"));
  EXPECT_THAT(conninfo, HasSubstr("application_name='mintmarkd'"));
  EXPECT_THAT(conninfo, HasSubstr("client_encoding='UTF8'"));
  // A proxy that pools transactions refuses settings of the session.
  EXPECT_THAT(conninfo, Not(HasSubstr("options=")));
}

TEST(ConnectionTargetTest, TheUrlHasTheLastWord) {
  const std::string conninfo =
      Parse("postgresql://db1/ids?application_name=ids&connect_timeout=9").conninfo;
  EXPECT_THAT(conninfo, HasSubstr("application_name='ids'"));
  EXPECT_THAT(conninfo, HasSubstr("connect_timeout='9'"));
}

TEST(ConnectionTargetTest, QuotesOddPasswords) {
  EXPECT_THAT(Parse("postgresql://ann:%27a%5Cb%20c@db1/ids").conninfo,
              HasSubstr(R"(password='\'a\\b c')"));
}

TEST(ConnectionTargetTest, RefusesABadUrlWithoutQuotingIt) {
  const auto target = ParseConnectionTarget("postgresql://ann:s3cret@db1:/ids?no_such=1", {});
  ASSERT_EQ(target.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(target.status().message()), Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace mintmark::store
