#include "tests/million/orders_table.h"

#include <SQLiteCpp/SQLiteCpp.h>
#include <gtest/gtest.h>
#include <libpq-fe.h>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/core/status_macros.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/postgres.h"

namespace mintmark::e2e {
namespace {

class PostgresTable final : public Table {
 public:
  explicit PostgresTable(const std::string& url)
      : connection_(PQconnectdb(url.c_str()), &PQfinish) {}

  absl::Status Insert(std::int64_t writer, const Ids& ids) override {
    MINTMARK_RETURN_IF_ERROR(
        Expect(PQexec(connection_.get(), "COPY orders (id, writer) FROM STDIN"), PGRES_COPY_IN));
    std::string rows;
    for (const std::int64_t id : ids) absl::StrAppend(&rows, id, "\t", writer, "\n");
    if (PQputCopyData(connection_.get(), rows.data(), static_cast<int>(rows.size())) != 1 ||
        PQputCopyEnd(connection_.get(), nullptr) != 1) {
      return Failure();
    }
    MINTMARK_RETURN_IF_ERROR(Expect(PQgetResult(connection_.get()), PGRES_COMMAND_OK));
    PQclear(PQgetResult(connection_.get()));
    return absl::OkStatus();
  }

 private:
  absl::Status Expect(PGresult* result, ExecStatusType expected) {
    const ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == expected ? absl::OkStatus() : Failure();
  }

  absl::Status Failure() const { return absl::InternalError(PQerrorMessage(connection_.get())); }

  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection_;
};

class SqliteTable final : public Table {
 public:
  explicit SqliteTable(const std::string& path)
      : database_(path, SQLite::OPEN_READWRITE, /*busyTimeoutMs=*/60'000) {}

  absl::Status Insert(std::int64_t writer, const Ids& ids) override {
    try {
      SQLite::Transaction transaction(database_, SQLite::TransactionBehavior::IMMEDIATE);
      SQLite::Statement insert(database_, "INSERT INTO orders (id, writer) VALUES (?, ?)");
      for (const std::int64_t id : ids) {
        insert.reset();
        insert.bind(1, id);
        insert.bind(2, writer);
        insert.exec();
      }
      transaction.commit();
    } catch (const SQLite::Exception& error) {
      return absl::InternalError(error.what());
    }
    return absl::OkStatus();
  }

 private:
  SQLite::Database database_;
};

}  // namespace

void TablePlace::MakeTable() const {
  const std::string sql = "CREATE TABLE orders (id bigint PRIMARY KEY, writer bigint NOT NULL)";
  if (postgres_) {
    ASSERT_THAT(RunSql(location_, sql), IsOk());
  } else {
    SQLite::Database database(location_, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    database.exec(sql);
  }
}

std::unique_ptr<Table> TablePlace::OpenTable() const {
  if (postgres_) return std::make_unique<PostgresTable>(location_);
  return std::make_unique<SqliteTable>(location_);
}

std::int64_t TablePlace::Ask(const std::string& expression) const {
  const std::string sql = absl::StrCat("SELECT ", expression, " FROM orders");
  std::int64_t number = -1;
  if (postgres_) {
    const absl::StatusOr<SqlRows> answer = RunSql(location_, sql);
    EXPECT_THAT(answer, IsOk());
    if (answer.ok()) {
      EXPECT_TRUE(absl::SimpleAtoi(answer->front().front(), &number));
    }
  } else {
    SQLite::Database database(location_);
    number = database.execAndGet(sql).getInt64();
  }
  return number;
}

}  // namespace mintmark::e2e
