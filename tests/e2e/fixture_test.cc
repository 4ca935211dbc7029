// The fixture of the end-to-end tests, tested: what it cannot see, they cannot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <cstdint>
#include <string>

#include "tests/e2e/id_set.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/postgres.h"
#include "tests/e2e/raw_call.h"
#include "tests/e2e/reserved_port.h"
#include "tests/e2e/store_test.h"

namespace mintmark::e2e {
namespace {

using ::testing::HasSubstr;

TEST(IdSetTest, AcceptsEachIdOnce) {
  IdSet ids;
  ids.Add(4, 6);
  ids.Add(1, 3);
  ids.Add(7);
  EXPECT_EQ(ids.count(), 7);
  EXPECT_EQ(ids.Doubles(), "");
  EXPECT_EQ(ids.DifferenceFrom(1, 7), "");
  EXPECT_EQ(ids.CountMissing(1, 7), 0);
}

TEST(IdSetTest, SeesDoubles) {
  IdSet ids;
  ids.Add(1, 10);
  ids.Add(4);
  EXPECT_EQ(ids.Doubles(), "4..4 was issued twice. ");
  EXPECT_EQ(ids.DifferenceFrom(1, 10), ids.Doubles());
  ids.Add(11);
  ids.Add(10, 12);
  EXPECT_THAT(ids.Doubles(), HasSubstr("10..10 was issued twice."));
  EXPECT_THAT(ids.Doubles(), HasSubstr("11..11 was issued twice."));
}

TEST(IdSetTest, SeesGapsAndStrays) {
  IdSet ids(7);
  ids.Add(1, 15);
  ids.Add(36, 43);
  EXPECT_EQ(ids.DifferenceFrom(1, 43), "22..29 was not issued. ");
  EXPECT_EQ(ids.DifferenceFrom(1, 57), "22..29 was not issued. 50..57 was not issued. ");
  EXPECT_EQ(ids.DifferenceFrom(-6, 43), "-6..-6 was not issued. 22..29 was not issued. ");
  EXPECT_EQ(ids.DifferenceFrom(8, 43), "1 lies below 8. 22..29 was not issued. ");
  EXPECT_EQ(ids.DifferenceFrom(1, 36), "43 lies above 36. 22..29 was not issued. ");
  EXPECT_EQ(ids.CountMissing(1, 57), 4);
  EXPECT_EQ(IdSet().DifferenceFrom(1, 1), "No id was issued.");
}

TEST(IdSetTest, KnowsBothEndsOfTheRange) {
  IdSet ids;
  ids.Add(INT64_MIN, 0);
  ids.Add(1, INT64_MAX - 1);
  EXPECT_EQ(ids.DifferenceFrom(INT64_MIN, INT64_MAX - 1), "");
  EXPECT_THAT(ids.DifferenceFrom(INT64_MIN, INT64_MAX),
              HasSubstr("9223372036854775807..9223372036854775807 was not issued."));
}

TEST(ReservedPortTest, RefusesConnectionsUntilSomebodyListens) {
  const ReservedPort port;
  EXPECT_FALSE(IsServing(MakeChannel(port.address())));
}

class FixtureTest : public StoreTest {};

TEST_P(FixtureTest, AServerKeepsItsPortAndItsStoreOverStopsAndKills) {
  Mintmarkd& server = StartServer();
  const auto client = Connect({&server});
  EXPECT_THAT(client->Incr("a"), IsOk());
  server.Kill();
  EXPECT_EQ(server.Wait(), -SIGKILL);
  EXPECT_THAT(server.Start(), IsOk());
  EXPECT_THAT(client->Incr("a"), IsOk());
  EXPECT_EQ(server.Stop(), 0);
  EXPECT_FALSE(IsServing(MakeChannel(server.address())));
  EXPECT_THAT(server.Start(), IsOk());
  const auto sum = client->Incr("a");
  ASSERT_THAT(sum, IsOk());
  EXPECT_EQ(*sum, 3);
  EXPECT_THAT(server.log(), HasSubstr("everything was given back"));
}

TEST_P(FixtureTest, APausedServerAnswersAgainWhenItIsResumed) {
  Mintmarkd& server = StartServer();
  server.Pause();
  EXPECT_FALSE(IsServing(MakeChannel(server.address())));
  server.Resume();
  EXPECT_THAT(server.WaitUntilServing(), IsOk());
}

INSTANTIATE_ON_STORES(FixtureTest);

TEST(PrivatePostgresTest, StopsAndStartsOnTheSamePort) {
  auto postgres = PrivatePostgres::Start({"work_mem=5MB"});
  ASSERT_THAT(postgres, IsOk());
  const std::string& url = (*postgres)->url();
  EXPECT_THAT(RunSql(url, "CREATE TABLE t AS SELECT 42 AS n"), IsOk());
  EXPECT_THAT((*postgres)->Restart("fast"), IsOk());
  EXPECT_THAT((*postgres)->Stop("immediate"), IsOk());
  EXPECT_THAT(RunSql(url, "SELECT 1"), ::testing::Not(IsOk()));
  EXPECT_THAT((*postgres)->StartAgain(), IsOk());
  const auto rows = RunSql(url, "SELECT n, current_setting('work_mem') FROM t");
  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ(*rows, (SqlRows{{"42", "5MB"}}));
}

}  // namespace
}  // namespace mintmark::e2e
