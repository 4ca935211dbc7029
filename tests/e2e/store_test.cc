#include "tests/e2e/store_test.h"

#include <gmock/gmock.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/check.h"
#include "tests/e2e/matchers.h"

namespace mintmark::e2e {

std::string StoreKindName(const ::testing::TestParamInfo<StoreKind>& info) {
  return info.param == StoreKind::kSqlite ? "Sqlite" : "Postgres";
}

std::unique_ptr<client::Client> Connect(const std::vector<const Mintmarkd*>& servers,
                                        int max_attempts) {
  client::ClientOptions options;
  options.addresses.clear();
  for (const Mintmarkd* server : servers) options.addresses.push_back(server->address());
  options.timeout = kPatience;
  options.retry.attempt_timeout = kPatience;
  options.retry.max_attempts = max_attempts;
  options.retry.max_backoff = std::chrono::milliseconds(200);
  auto client = client::Client::Make(std::move(options));
  MINTMARK_CHECK(client.ok());
  return *std::move(client);
}

void StoreTest::SetUp() {
  if (GetParam() == StoreKind::kSqlite) {
    store_url_ = absl::StrCat("sqlite:", folder_.Path("mintmark.db"));
  } else {
    const std::optional<std::string> url = TestPostgresUrl();
    if (!url.has_value() && !PostgresIsRequired()) {
      GTEST_SKIP() << "MINTMARK_TEST_POSTGRES names no PostgreSQL server.";
    }
    ASSERT_TRUE(url.has_value()) << "MINTMARK_TEST_POSTGRES has to name a PostgreSQL server.";
    auto database = PostgresDatabase::Make(*url);
    ASSERT_THAT(database, IsOk());
    database_ = *std::move(database);
    store_url_ = database_->url();
  }
  Prepare();
  ASSERT_FALSE(HasFailure()) << "The test is not run, since what it needs is not there.";
}

Mintmarkd& StoreTest::StartServer(std::vector<std::string> flags) {
  servers_.push_back(std::make_unique<Mintmarkd>(store_url_, std::move(flags)));
  EXPECT_THAT(servers_.back()->Start(), IsOk());
  return *servers_.back();
}

}  // namespace mintmark::e2e
