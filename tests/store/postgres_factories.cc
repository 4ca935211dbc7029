// PostgreSQL. MINTMARK_TEST_POSTGRES is the URL of a database whose user may
// create others. Each test has one to itself, mintmark_test_<number>; it is kept
// for the next test, since to create and drop one takes seconds of checkpoints.
#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "src/core/check.h"
#include "src/store/postgres/postgres_store.h"
#include "tests/store/store_factory.h"

namespace mintmark::testing {
namespace {

// A connection to a database that is there. What fails ends the test program.
class Connection {
 public:
  explicit Connection(const std::string& url) : connection_(PQconnectdb(url.c_str()), PQfinish) {}

  // Runs statements, returns the first value of the last one's rows, if any.
  std::string Execute(const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
        PQexec(connection_.get(), sql.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
      std::fprintf(stderr, "%s", PQerrorMessage(connection_.get()));
      MINTMARK_CHECK(false);
    }
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }

 private:
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

// `url` with another database.
std::string WithDatabase(const std::string& url, const std::string& database) {
  const std::size_t authority = url.find("://") + 3;
  const std::size_t query = std::min(url.find('?', authority), url.size());
  const std::size_t slash = std::min(url.find('/', authority), query);
  return absl::StrCat(url.substr(0, slash), "/", database, url.substr(query));
}

// A database that no other test uses as long as this lives, without mintmark's
// schema. The lock is one of the maintenance database's session.
class EmptyDatabase {
 public:
  explicit EmptyDatabase(const std::string& maintenance_url) : maintenance_(maintenance_url) {
    constexpr int kLocks = 0x6d696e74;
    int number = 1;
    while (maintenance_.Execute(
               absl::StrCat("SELECT pg_try_advisory_lock(", kLocks, ", ", number, ")")) != "t") {
      ++number;
    }
    const std::string name = absl::StrCat("mintmark_test_", number);
    url_ = WithDatabase(maintenance_url, name);
    if (maintenance_.Execute(
            absl::StrCat("SELECT count(*) FROM pg_database WHERE datname = '", name, "'")) == "0") {
      maintenance_.Execute("CREATE DATABASE " + name);
    }
    Connection(url_).Execute(
        "SET synchronous_commit = off; SET client_min_messages = warning; "
        "DROP SCHEMA IF EXISTS mintmark CASCADE");
  }

  const std::string& url() const { return url_; }

 private:
  Connection maintenance_;
  std::string url_;
};

class PostgresTestStore final : public TestStore {
 public:
  PostgresTestStore(const std::string& maintenance_url, const store::StoreOptions& options)
      : database_(maintenance_url), options_(options) {
    Open();
  }

  engine::Store& store() override { return *store_; }

  // The clock is the server's: its function in this database gets another body.
  void PassTime(Duration time) override {
    passed_ += time;
    Connection(database_.url())
        .Execute(absl::StrCat(
            "CREATE OR REPLACE FUNCTION mintmark.clock_v1() RETURNS timestamptz LANGUAGE sql "
            "VOLATILE AS $$ SELECT clock_timestamp() + interval '",
            std::chrono::duration_cast<std::chrono::microseconds>(passed_).count(),
            " microseconds' $$"));
  }

  bool Reopen() override {
    store_.reset();
    Open();
    return true;
  }

 private:
  void Open() {
    auto opened = store::OpenPostgresStore(database_.url(), options_);
    if (!opened.ok()) std::fprintf(stderr, "%s\n", opened.status().ToString().c_str());
    MINTMARK_CHECK(opened.ok());
    store_ = *std::move(opened);
  }

  const EmptyDatabase database_;
  const store::StoreOptions options_;
  std::unique_ptr<engine::Store> store_;
  Duration passed_{};
};

}  // namespace

std::vector<StoreFactory> StoreFactories() {
  const char* const url = std::getenv("MINTMARK_TEST_POSTGRES");
  if (url == nullptr || *url == '\0') {
    return {{"postgres", "MINTMARK_TEST_POSTGRES is not set; ./dev test sets it", nullptr}};
  }
  return {{"postgres", "", [maintenance_url = std::string(url)](const auto& options) {
             return std::make_unique<PostgresTestStore>(maintenance_url, options);
           }}};
}

}  // namespace mintmark::testing
