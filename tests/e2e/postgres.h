// Databases for tests: temporary ones in the PostgreSQL server that `./dev test`
// starts, and servers of a test's own that it may stop and break.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tests/store/scratch_folder.h"

namespace mintmark::e2e {

// What the environment variable MINTMARK_TEST_POSTGRES says: the URL of a
// superuser's maintenance database.
std::optional<std::string> TestPostgresUrl();

// Whether tests that need PostgreSQL have to fail, instead of being left out, where
// there is none: the environment variable MINTMARK_REQUIRE_POSTGRES is set.
bool PostgresIsRequired();

using SqlRows = std::vector<std::vector<std::string>>;  // NULL reads as "".

// Runs SQL on a connection of its own; the rows are those of the last statement.
absl::StatusOr<SqlRows> RunSql(const std::string& url, const std::string& sql);

// A new and empty database, which is dropped in the end together with whatever is
// still connected to it.
class PostgresDatabase {
 public:
  // In the server that `maintenance_url` leads to.
  static absl::StatusOr<std::unique_ptr<PostgresDatabase>> Make(const std::string& maintenance_url);
  ~PostgresDatabase();
  PostgresDatabase(const PostgresDatabase&) = delete;
  PostgresDatabase& operator=(const PostgresDatabase&) = delete;

  const std::string& url() const { return url_; }

 private:
  PostgresDatabase(std::string maintenance_url, std::string name);

  const std::string maintenance_url_;
  const std::string name_;
  const std::string url_;
};

// A PostgreSQL server of its own, on a port that it keeps over restarts. Stopped
// and removed in the end.
class PrivatePostgres {
 public:
  // `settings` are lines of postgresql.conf, as "fsync=off". Takes a second or two.
  static absl::StatusOr<std::unique_ptr<PrivatePostgres>> Start(
      const std::vector<std::string>& settings = {});
  ~PrivatePostgres();
  PrivatePostgres(const PrivatePostgres&) = delete;
  PrivatePostgres& operator=(const PrivatePostgres&) = delete;

  // The maintenance database, as its superuser.
  const std::string& url() const { return url_; }

  // `mode` is "smart", "fast" or "immediate"; each waits until it is done.
  absl::Status Stop(absl::string_view mode);
  absl::Status StartAgain();
  absl::Status Restart(absl::string_view mode);

 private:
  PrivatePostgres() = default;
  absl::Status Control(std::vector<std::string> arguments) const;

  const testing::ScratchFolder folder_;
  std::string url_;
};

}  // namespace mintmark::e2e
