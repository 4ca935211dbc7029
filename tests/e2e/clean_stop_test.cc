// After a clean stop (exit status 0) no id and no increment is missing, whatever
// happened before.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/load.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/postgres.h"
#include "tests/e2e/store_test.h"
#include "tests/e2e/text_message.h"

namespace mintmark::e2e {
namespace {

using Sequences = std::vector<std::unique_ptr<DrawnSequence>>;

std::int64_t Count(client::Client& client, const std::string& counter) {
  const auto values =
      client.GetCounters(Parse<v1::GetCountersRequest>("counters: '" + counter + "'"));
  EXPECT_THAT(values, IsOk());
  return values.ok() ? values->values(0).value() : -1;
}

void ExpectAllThere(client::Client& client, const Sequences& sequences, const Load& load) {
  for (const auto& sequence : sequences) {
    SCOPED_TRACE(sequence->name);
    EXPECT_GT(sequence->ids.count(), 0);
    DrawToTheEnd(client, *sequence);
    EXPECT_EQ(sequence->ids.DifferenceFrom(1, sequence->max_id), "");
  }
  EXPECT_GT(load.committed(), 0);
  EXPECT_GT(load.deferred(), 0);
  EXPECT_EQ(Count(client, "committed"), load.committed());
  const std::int64_t deferred = Count(client, "deferred");
  EXPECT_GE(deferred, load.deferred());
  EXPECT_LE(deferred, load.deferred() + load.deferred_in_doubt());
}

std::vector<std::unique_ptr<client::Client>> Callers(const std::vector<const Mintmarkd*>& servers,
                                                     int count) {
  std::vector<std::unique_ptr<client::Client>> callers;
  for (int i = 0; i < count; ++i) callers.push_back(Connect(servers));
  return callers;
}

using CleanStopTest = StoreTest;
INSTANTIATE_ON_STORES(CleanStopTest);

TEST_P(CleanStopTest, EveryIdOfASmallSequenceIsIssuedOnceOverRestarts) {
  Mintmarkd& server = StartServer();
  const auto client = Connect({&server});
  const Sequences sequences = OneSequenceOfEachKind(500);
  CreateSequences(*client, sequences);
  for (int round = 0; round < 3; ++round) {
    for (const auto& sequence : sequences) {
      SCOPED_TRACE(sequence->name);
      const std::string of_sequence = "sequence: '" + sequence->name + "' ";
      for (const std::string n : {"1", "7", "1", "45", "3"}) {
        const auto next =
            client->NextN(Parse<v1::NextNRequest>(absl::StrCat(of_sequence, "n: ", n)));
        ASSERT_THAT(next, IsOk());
        sequence->ids.Add(*next);
      }
      const auto keyed =
          client->NextN(Parse<v1::NextNRequest>(of_sequence + "n: 5"), {.exactly_once = true});
      ASSERT_THAT(keyed, IsOk());
      sequence->ids.Add(*keyed);
      const auto range =
          client->ReserveRange(Parse<v1::ReserveRangeRequest>(of_sequence + "n: 9 exact: true"));
      ASSERT_THAT(range, IsOk());
      sequence->ids.Add(*range);
    }
    EXPECT_EQ(server.Stop(), 0);
    ASSERT_THAT(server.Start(), IsOk());
  }
  for (const auto& sequence : sequences) {
    SCOPED_TRACE(sequence->name);
    DrawToTheEnd(*client, *sequence);
    EXPECT_EQ(sequence->ids.DifferenceFrom(1, sequence->max_id), "");
  }
}

TEST_P(CleanStopTest, NothingIsMissingAfterStopsUnderLoad) {
  Mintmarkd& server = StartServer();
  const auto client = Connect({&server});
  const Sequences sequences = OneSequenceOfEachKind(1'000'000);
  CreateSequences(*client, sequences);
  Load load(Callers({&server}, 3), sequences);
  for (int round = 0; round < 2; ++round) {
    load.AwaitProgress();
    EXPECT_EQ(server.Stop(), 0);
    ASSERT_THAT(server.Start(), IsOk());
  }
  load.AwaitProgress();
  load.Stop();
  EXPECT_EQ(server.Stop(), 0);
  ASSERT_THAT(server.Start(), IsOk());
  ExpectAllThere(*client, sequences, load);
}

using CleanStopInTurnsTest = StoreTest;
INSTANTIATE_ON_SHARED_STORES(CleanStopInTurnsTest);

TEST_P(CleanStopInTurnsTest, NothingIsMissingAfterTwoServersStoppedAndStartedInTurns) {
  Mintmarkd& first = StartServer();
  Mintmarkd& second = StartServer();
  const auto client = Connect({&first});
  const Sequences sequences = OneSequenceOfEachKind(1'000'000);
  CreateSequences(*client, sequences);
  Load load(Callers({&first, &second}, 4), sequences);
  for (Mintmarkd* server : {&first, &second, &first, &second}) {
    load.AwaitProgress();
    EXPECT_EQ(server->Stop(), 0);
    load.AwaitProgress();
    ASSERT_THAT(server->Start(), IsOk());
  }
  load.AwaitProgress();
  load.Stop();
  EXPECT_EQ(first.Stop(), 0);
  EXPECT_EQ(second.Stop(), 0);
  ASSERT_THAT(first.Start(), IsOk());
  ExpectAllThere(*client, sequences, load);
}

TEST(CleanStopAfterDatabaseRestartsTest, NothingIsMissing) {
  if (!TestPostgresUrl().has_value() && !PostgresIsRequired()) {
    GTEST_SKIP() << "MINTMARK_TEST_POSTGRES names no PostgreSQL server.";
  }
  auto postgres = PrivatePostgres::Start();
  ASSERT_THAT(postgres, IsOk());
  Mintmarkd first((*postgres)->url());
  Mintmarkd second((*postgres)->url());
  ASSERT_THAT(first.Start(), IsOk());
  ASSERT_THAT(second.Start(), IsOk());
  const auto client = Connect({&first});
  const Sequences sequences = OneSequenceOfEachKind(1'000'000);
  CreateSequences(*client, sequences);
  Load load(Callers({&first, &second}, 4), sequences);
  for (const std::string mode : {"fast", "immediate"}) {
    load.AwaitProgress();
    ASSERT_THAT((*postgres)->Restart(mode), IsOk());
  }
  load.AwaitProgress();
  EXPECT_EQ(first.Stop(), 0);
  load.AwaitProgress();
  load.Stop();
  EXPECT_EQ(second.Stop(), 0);
  ASSERT_THAT(first.Start(), IsOk());
  ExpectAllThere(*client, sequences, load);
}

}  // namespace
}  // namespace mintmark::e2e
