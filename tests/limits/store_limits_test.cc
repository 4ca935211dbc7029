// Stores that a server must not use, or cannot yet: what it says, and that it leaves
// them alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/e2e/load.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/postgres.h"
#include "tests/e2e/store_test.h"
#include "tests/e2e/text_message.h"

namespace mintmark::e2e {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Starts a server that has to end by itself, with exit status 1 and one sentence in
// its log, and returns the log.
std::string RefusalOf(const std::string& store_url, std::vector<std::string> flags = {}) {
  Mintmarkd server(store_url, std::move(flags));
  server.Launch();
  EXPECT_EQ(server.Wait(), 1) << server.log();
  const std::string log = server.log();
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  EXPECT_THAT(log, AllOf(HasSubstr(" error "), Not(HasSubstr("serves on"))));
  return log;
}

void RunSqlite(const std::string& path, const std::string& sql) {
  sqlite3* database = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &database), SQLITE_OK);
  EXPECT_EQ(sqlite3_exec(database, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
      << sqlite3_errmsg(database);
  EXPECT_EQ(sqlite3_close(database), SQLITE_OK);
}

class StoreLimitsTest : public StoreTest {
 protected:
  void RunOnStore(const std::string& sqlite, const std::string& postgres) {
    if (GetParam() == StoreKind::kSqlite) {
      RunSqlite(store_url().substr(std::string("sqlite:").size()), sqlite);
    } else {
      EXPECT_THAT(RunSql(store_url(), postgres), IsOk());
    }
  }

  // As if a newer program had migrated the store, one that says which programs may
  // still use it.
  void MakeNewer(int minimum_version) {
    RunOnStore(absl::StrCat("INSERT INTO schema_migrations VALUES (999, 'later', '2100-01-01');"
                            "UPDATE store_info SET minimum_version = ",
                            minimum_version),
               absl::StrCat("INSERT INTO mintmark.schema_migrations (number, name) "
                            "VALUES (999, 'later');"
                            "UPDATE mintmark.store_info SET minimum_version = ",
                            minimum_version));
  }
};
INSTANTIATE_ON_STORES(StoreLimitsTest);

TEST_P(StoreLimitsTest, ASchemaNewerThanTheProgramIsRefusedAndLeftAlone) {
  Mintmarkd& server = StartServer();
  EXPECT_THAT(Connect({&server})->Incr("a", 42), IsOk());
  EXPECT_EQ(server.Stop(), 0);
  MakeNewer(999);
  EXPECT_THAT(RefusalOf(store_url()), AllOf(HasSubstr("999"), HasSubstr("run a newer mintmarkd")));
  EXPECT_THAT(RefusalOf(store_url(), {"migrate"}), HasSubstr("run a newer mintmarkd"));
  // What was there is there still.
  RunOnStore("UPDATE store_info SET minimum_version = 1",
             "UPDATE mintmark.store_info SET minimum_version = 1");
  ASSERT_THAT(server.Start(), IsOk());
  const auto sum = Connect({&server})->Incr("a");
  ASSERT_THAT(sum, IsOk());
  EXPECT_EQ(*sum, 43);
}

// So that servers can be brought up to date one after the other.
TEST_P(StoreLimitsTest, ANewerSchemaThatSaysItIsCompatibleIsUsed) {
  Mintmarkd& server = StartServer();
  EXPECT_EQ(server.Stop(), 0);
  MakeNewer(1);
  ASSERT_THAT(server.Start(), IsOk());
  const auto status = Connect({&server})->GetServerStatus({});
  ASSERT_THAT(status, IsOk());
  EXPECT_EQ(status->schema_version(), 999);
}

TEST(SqliteLimitsTest, AFileOfAnotherProgramIsRefusedAndLeftAlone) {
  const testing::ScratchFolder folder;
  const std::string path = folder.Path("other.db");
  RunSqlite(path, "CREATE TABLE albums (title TEXT); INSERT INTO albums VALUES ('Blue')");
  EXPECT_THAT(RefusalOf("sqlite:" + path), HasSubstr("belongs to another program"));
  RunSqlite(path, "INSERT INTO albums SELECT title || ' again' FROM albums");
}

class PostgresLimitsTest : public StoreTest {
 protected:
  // The same server and another database, or another password.
  std::string UrlWith(const std::string& part, const std::string& other) const {
    std::string url = store_url();
    const std::size_t start =
        part == "database" ? url.rfind('/') + 1 : url.find(':', url.find("://") + 3) + 1;
    const std::size_t end = part == "database" ? url.size() : url.find('@');
    return url.replace(start, end - start, other);
  }
};
INSTANTIATE_ON_SHARED_STORES(PostgresLimitsTest);

TEST_P(PostgresLimitsTest, AWrongUrlIsRefusedAtOnceWithoutShowingThePassword) {
  EXPECT_THAT(RefusalOf(UrlWith("database", "no_such_database")),
              AllOf(HasSubstr("no_such_database"), HasSubstr("create it, or correct the store")));
  EXPECT_THAT(RefusalOf(UrlWith("password", "geheim")),
              AllOf(HasSubstr("refused the password"), HasSubstr("check the user and the password"),
                    Not(HasSubstr("geheim"))));
  EXPECT_THAT(RefusalOf("postgresql://anna:geheim@[::1/m"),
              AllOf(HasSubstr("write postgresql://user:password@host:5432/database"),
                    Not(HasSubstr("geheim"))));
}

TEST_P(PostgresLimitsTest, ATransactionsDurabilityMayNotBeSwitchedOff) {
  EXPECT_THAT(RefusalOf(store_url() + "?options=-csynchronous_commit%3Doff"),
              AllOf(HasSubstr("synchronous_commit=off"), HasSubstr("--unsafe-store")));
}

// Servers of a test's own, to be stopped and started.
class PrivatePostgresLimitsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!TestPostgresUrl().has_value() && !PostgresIsRequired()) {
      GTEST_SKIP() << "MINTMARK_TEST_POSTGRES names no PostgreSQL server.";
    }
  }

  void StartPostgres(const std::vector<std::string>& settings = {}) {
    auto postgres = PrivatePostgres::Start(settings);
    ASSERT_THAT(postgres, IsOk());
    postgres_ = *std::move(postgres);
  }

  std::unique_ptr<PrivatePostgres> postgres_;
};

TEST_F(PrivatePostgresLimitsTest, ADatabaseThatIsDownAtStartIsWaitedFor) {
  ASSERT_NO_FATAL_FAILURE(StartPostgres());
  ASSERT_THAT(postgres_->Stop("fast"), IsOk());
  Mintmarkd server(postgres_->url());
  server.Launch();
  EXPECT_TRUE(server.WaitForLog("Waiting for the store, since it cannot be reached"));
  EXPECT_TRUE(server.running());
  EXPECT_THAT(server.log(), Not(HasSubstr("serves on")));
  ASSERT_THAT(postgres_->StartAgain(), IsOk());
  EXPECT_THAT(server.WaitUntilServing(), IsOk());
  EXPECT_THAT(server.log(), HasSubstr("The store can be reached now"));
  const auto id = Connect({&server})->NextId("a");
  ASSERT_THAT(id, IsOk());
  EXPECT_EQ(*id, 1);
  EXPECT_EQ(server.Stop(), 0);
}

TEST_F(PrivatePostgresLimitsTest, AStopWhileTheDatabaseIsDownSaysWhatCouldNotBeGivenBack) {
  ASSERT_NO_FATAL_FAILURE(StartPostgres());
  Mintmarkd server(postgres_->url(), {"--stop-timeout=1s"});
  ASSERT_THAT(server.Start(), IsOk());
  const auto client = Connect({&server}, /*max_attempts=*/1);
  ASSERT_THAT(client->CreateSequence(
                  Parse<v1::CreateSequenceRequest>("sequence { name: 'a' max_gap: 10 }")),
              IsOk());
  ASSERT_THAT(client->NextId("a"), IsOk());
  const auto deferred = Parse<v1::IncrCounterRequest>(
      "counter: 'c' durability: DURABILITY_DEFERRED update_interval { seconds: 3600 }");
  ASSERT_THAT(client->IncrCounter(deferred), IsOk());
  ASSERT_THAT(client->IncrCounter(deferred), IsOk());
  ASSERT_THAT(postgres_->Stop("fast"), IsOk());

  EXPECT_EQ(server.Stop(), 1);
  EXPECT_THAT(server.log(), AllOf(HasSubstr("Stopped, but not cleanly"),
                                  HasSubstr("Not given back: 9 unissued ids"),
                                  HasSubstr("the deferred increments of 1 counters")));
  // As much is missing afterwards, and no more.
  ASSERT_THAT(postgres_->StartAgain(), IsOk());
  ASSERT_THAT(server.Start(), IsOk());
  const auto sum = Connect({&server})->Incr("c");
  ASSERT_THAT(sum, IsOk());
  EXPECT_EQ(*sum, 2);
}

TEST_F(PrivatePostgresLimitsTest, AStoreWithFsyncOffIsRefusedUnlessItIsAskedFor) {
  ASSERT_NO_FATAL_FAILURE(StartPostgres({"fsync=off"}));
  EXPECT_THAT(RefusalOf(postgres_->url()),
              AllOf(HasSubstr("fsync=off"), HasSubstr("set fsync"), HasSubstr("--unsafe-store")));
  // Nothing was made in it.
  const auto schemas =
      RunSql(postgres_->url(), "SELECT 1 FROM pg_namespace WHERE nspname = 'mintmark'");
  ASSERT_THAT(schemas, IsOk());
  EXPECT_TRUE(schemas->empty());

  Mintmarkd server(postgres_->url(), {"--unsafe-store"});
  ASSERT_THAT(server.Start(), IsOk());
  EXPECT_THAT(server.log(), AllOf(HasSubstr(" warning "), HasSubstr("fsync=off")));
  EXPECT_THAT(Connect({&server})->NextId("a"), IsOk());
  EXPECT_EQ(server.Stop(), 0);
}

}  // namespace
}  // namespace mintmark::e2e
