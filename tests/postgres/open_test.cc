// Opening a store: what is refused, why, and who makes the schema.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "src/core/reason.h"
#include "src/store/migrations.h"
#include "tests/postgres/postgres_test.h"
#include "tests/store/actor.h"

namespace mintmark::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class OpenTest : public PostgresTest {
 protected:
  static absl::Status StatusOf(const std::string& url, const store::StoreOptions& options = {}) {
    return store::OpenPostgresStore(url, options).status();
  }

  static void ExpectRefused(const absl::Status& status, const std::string& words) {
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(words));
  }

  static std::string WithSetting(const ScratchDatabase& database, const std::string& setting) {
    Session(database.maintenance_url())
        .Run(absl::StrCat("ALTER DATABASE ", database.name(), " SET ", setting));
    return database.url();
  }
};

TEST_F(OpenTest, DescribesItself) {
  const ScratchDatabase database(MaintenanceUrl());
  const auto store = Open(database.url());
  ASSERT_NE(store, nullptr);
  const engine::StoreDescription description = store->Describe();
  EXPECT_EQ(description.kind, "postgresql");
  EXPECT_THAT(description.address, AllOf(HasSubstr(database.name()), Not(HasSubstr("postgres:"))));
  EXPECT_THAT(description.durability,
              HasSubstr("fsync=on, full_page_writes=on, synchronous_commit=on"));
  EXPECT_EQ(description.schema_version, static_cast<int>(store::PostgresMigrations().size()));
  EXPECT_EQ(store->max_lanes(), 0);
}

TEST_F(OpenTest, AServerThatCannotBeReachedIsTriedAgain) {
  // Port 1 of this machine is nobody's.
  const absl::Status status = StatusOf("postgresql://ann:s3cret@127.0.0.1:1/ids");
  EXPECT_EQ(ReasonOf(status), Reason::kStoreUnavailable) << status;
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("127.0.0.1:1/ids"), Not(HasSubstr("s3cret"))));
}

TEST_F(OpenTest, AWrongPasswordIsToldApart) {
  const absl::Status status = StatusOf(WithUser(MaintenanceUrl(), "postgres", "wr0ng"));
  ExpectRefused(status, "refused the password of the role \"postgres\"");
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("wr0ng")));
}

TEST_F(OpenTest, AMissingDatabaseIsToldApart) {
  ExpectRefused(StatusOf(WithDatabase(MaintenanceUrl(), "mintmark_no_such_database")),
                "the database \"mintmark_no_such_database\" does not exist");
}

TEST_F(OpenTest, ABadUrlIsAnInvalidArgument) {
  EXPECT_EQ(StatusOf("postgresql://ann@host/ids?no_such_parameter=1").code(),
            absl::StatusCode::kInvalidArgument);
}

// Roles belong to the whole server, which has no role of a test's own at hand.
class RoleTest : public OpenTest {
 protected:
  void SetUp() override {
    OpenTest::SetUp();
    if (IsSkipped()) return;
    database_ = std::make_unique<ScratchDatabase>(MaintenanceUrl());
    role_ = absl::StrCat(database_->name(), "_role");
    Session(MaintenanceUrl()).Run(absl::StrCat("CREATE ROLE ", role_, " LOGIN PASSWORD 'pw'"));
  }
  void TearDown() override {
    if (database_ == nullptr) return;
    database_.reset();
    Session(MaintenanceUrl()).Run(absl::StrCat("DROP ROLE ", role_));
  }

  std::string url() const { return WithUser(database_->url(), role_, "pw"); }

  std::unique_ptr<ScratchDatabase> database_;
  std::string role_;
};

TEST_F(RoleTest, ARoleThatMayNotConnectIsToldApart) {
  Session(MaintenanceUrl())
      .Run(absl::StrCat("REVOKE CONNECT ON DATABASE ", database_->name(), " FROM public"));
  ExpectRefused(StatusOf(url()), "grant it CONNECT on the database");
}

TEST_F(RoleTest, ARoleThatMayNotCreateTheSchemaIsToldApart) {
  ExpectRefused(StatusOf(url()), "grant it CREATE on the database");
}

TEST_F(RoleTest, OwningTheSchemaIsEnough) {
  Session(database_->url()).Run(absl::StrCat("CREATE SCHEMA mintmark AUTHORIZATION ", role_));
  const auto store = Open(url());
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(Actor(*store).Add("visits", 1).value, 1);
  Session(database_->url()).Run("DROP SCHEMA mintmark CASCADE");
}

TEST_F(RoleTest, ARoleThatMayNotUseTheTablesIsToldApart) {
  ASSERT_NE(Open(database_->url()), nullptr);
  ExpectRefused(StatusOf(url()), "make it the owner of the schema mintmark");
}

TEST_F(OpenTest, RefusesCommitsThatAreNotDurable) {
  const ScratchDatabase database(MaintenanceUrl());
  const std::string url = WithSetting(database, "synchronous_commit = off");
  ExpectRefused(StatusOf(url), "synchronous_commit=off");
  store::StoreOptions options;
  options.unsafe = true;
  const auto store = Open(url, options);
  ASSERT_NE(store, nullptr);
  EXPECT_THAT(store->Describe().warning, HasSubstr("synchronous_commit=off"));
}

TEST_F(OpenTest, RefusesFullPageWritesAndFsyncOff) {
  const ScratchServer server("fsync=off full_page_writes=off");
  ASSERT_FALSE(server.url().empty());
  const ScratchDatabase database(server.url());
  ExpectRefused(StatusOf(database.url()), "fsync=off, full_page_writes=off");
}

TEST_F(OpenTest, WarnsOfStandbysThatCommitsDoNotWaitFor) {
  const ScratchDatabase database(MaintenanceUrl());
  const auto store = Open(WithSetting(database, "synchronous_commit = remote_write"));
  ASSERT_NE(store, nullptr);
  EXPECT_THAT(store->Describe().warning, HasSubstr("a failover can repeat ids"));
}

TEST_F(OpenTest, RefusesTransactionsOfAnotherIsolation) {
  const ScratchDatabase database(MaintenanceUrl());
  ExpectRefused(StatusOf(WithSetting(database, "default_transaction_isolation = serializable")),
                "set default_transaction_isolation to 'read committed'");
}

TEST_F(OpenTest, AReadOnlyDatabaseIsTriedAgain) {
  const ScratchDatabase database(MaintenanceUrl());
  const absl::Status status = StatusOf(WithSetting(database, "default_transaction_read_only = on"));
  EXPECT_EQ(ReasonOf(status), Reason::kStoreUnavailable) << status;
}

TEST_F(OpenTest, SeveralServersMayMakeTheSchemaAtTheSameTime) {
  const ScratchDatabase database(MaintenanceUrl());
  std::vector<std::thread> servers;
  for (int i = 0; i < 4; ++i) {
    servers.emplace_back([&database] { EXPECT_NE(Open(database.url()), nullptr); });
  }
  for (std::thread& server : servers) server.join();
  EXPECT_EQ(Session(database.url()).Run("SELECT count(*) FROM mintmark.schema_migrations"),
            absl::StrCat(store::PostgresMigrations().size()));
}

TEST_F(OpenTest, ASchemaThatIsMissingIsRefusedWhenItIsNotToBeMade) {
  const ScratchDatabase database(MaintenanceUrl());
  store::StoreOptions options;
  options.migrate = false;
  ExpectRefused(StatusOf(database.url(), options), "run `mintmarkd migrate`");
}

TEST_F(OpenTest, ANewerSchemaIsRefusedUnlessItSaysThatItIsCompatible) {
  const ScratchDatabase database(MaintenanceUrl());
  ASSERT_NE(Open(database.url()), nullptr);
  Session session(database.url());
  session.Run(
      "INSERT INTO mintmark.schema_migrations (number, name) VALUES (999, 'of_the_future')");
  const auto store = Open(database.url());
  ASSERT_NE(store, nullptr);
  EXPECT_EQ(store->Describe().schema_version, 999);
  Actor actor(*store);
  EXPECT_EQ(actor.Add("visits", 1).value, 1);

  session.Run("UPDATE mintmark.store_info SET minimum_version = 999");
  ExpectRefused(StatusOf(database.url()), absl::StrCat("is version 999, newer than this mintmarkd "
                                                       "knows (",
                                                       store::PostgresMigrations().size(), ")"));
  // A lane that was connected before goes on; a new one is refused.
  EXPECT_EQ(actor.Add("visits", 1).value, 2);
  engine::Batch batch;
  batch.kind = engine::Batch::Kind::kOpenSession;
  const engine::BatchOutcome outcome = store->MakeLane()->Run(batch);
  EXPECT_EQ(outcome.kind, engine::BatchOutcome::Kind::kUnavailable);
  ExpectRefused(outcome.status, "run a newer mintmarkd");
}

TEST_F(OpenTest, AMigrationThatFailsLeavesNothing) {
  const ScratchDatabase database(MaintenanceUrl());
  Session session(database.url());
  session.Run("CREATE SCHEMA mintmark; CREATE TABLE mintmark.counters ()");
  EXPECT_FALSE(StatusOf(database.url()).ok());
  EXPECT_EQ(session.Run("SELECT count(*) FROM pg_tables WHERE schemaname = 'mintmark'"), "1");
}

// A dump that was restored into another cluster brings the identifier of the first.
TEST_F(OpenTest, AnotherClusterThanRecordedIsSuspect) {
  const ScratchDatabase database(MaintenanceUrl());
  ASSERT_NE(Open(database.url()), nullptr);
  Session session(database.url());
  EXPECT_EQ(session.Run("SELECT i.system_identifier = c.system_identifier"
                        " FROM mintmark.store_info i, pg_control_system() c"),
            "t");
  session.Run("UPDATE mintmark.store_info SET system_identifier = 1");
  const auto store = Open(database.url());
  ASSERT_NE(store, nullptr);
  Actor actor(*store);
  EXPECT_TRUE(actor.report().suspect);
  actor.Heartbeat();
  EXPECT_TRUE(actor.report().suspect);
}

}  // namespace
}  // namespace mintmark::testing
