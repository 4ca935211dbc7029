#include "src/store/sqlite/sqlite_store.h"

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>
#include <sqlite3.h>

#include <chrono>
#include <utility>

#include "src/core/mutex.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"
#include "src/store/apply_batch.h"
#include "src/store/sqlite/sqlite_file.h"
#include "src/store/sqlite/sqlite_query.h"
#include "src/store/sqlite/sqlite_tables.h"

namespace mintmark::store {
namespace {

using engine::Batch;
using engine::BatchOutcome;

// An open database with the statements prepared on it.
struct Connection {
  explicit Connection(SqliteFile opened)
      : file(std::move(opened)),
        tables(*file.database),
        begin(*file.database, "BEGIN IMMEDIATE"),
        commit(*file.database, "COMMIT"),
        roll_back(*file.database, "ROLLBACK") {}

  SqliteFile file;
  SqliteTables tables;
  SQLite::Statement begin;
  SQLite::Statement commit;
  SQLite::Statement roll_back;
};

class SqliteStore final : public engine::Store {
 public:
  SqliteStore(const std::string& path, const StoreOptions& options, SqliteClock clock)
      : path_(path),
        options_{.request_id_retention = options.request_id_retention,
                 .max_request_ids = options.max_request_ids},
        clock_(std::move(clock)) {}

  // Opens the file for the first time.
  absl::Status Open(bool migrate);

  std::unique_ptr<engine::StoreLane> MakeLane() override;
  int max_lanes() const override { return 1; }
  engine::StoreDescription Describe() const override;

  BatchOutcome Run(Batch& batch);

 private:
  // Opens the file again after a doubt.
  absl::Status Reopen() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // The one place where an error of SQLite ends: says what came of the batch,
  // and leaves either a sound connection without a transaction, or none.
  BatchOutcome Failed(const SQLite::Exception& error, bool committing)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  // False when the transaction could not be rolled back.
  bool RollBack() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  bool in_memory() const { return path_ == kSqliteMemoryPath; }

  const std::string path_;
  const ApplyOptions options_;
  const SqliteClock clock_;

  mutable Mutex mutex_;
  std::unique_ptr<Connection> connection_ ABSL_GUARDED_BY(mutex_);  // Null after a doubt.
  int schema_version_ ABSL_GUARDED_BY(mutex_) = 0;
};

class SqliteLane final : public engine::StoreLane {
 public:
  explicit SqliteLane(SqliteStore& store) : store_(store) {}
  BatchOutcome Run(Batch& batch) override { return store_.Run(batch); }

 private:
  SqliteStore& store_;
};

absl::Status SqliteStore::Open(bool migrate) {
  const MutexLock lock(mutex_);
  MINTMARK_ASSIGN_OR_RETURN(SqliteFile file, OpenSqliteFile(path_, migrate));
  try {
    // The lock on the file proves that whoever had these sessions is gone.
    SQLite::Statement bury(
        *file.database,
        "UPDATE sessions SET buried_us = ?, epoch = epoch + 1 WHERE buried_us IS NULL");
    Query(bury).Bind(clock_()).Run();
  } catch (const SQLite::Exception& error) {
    return SqliteError(path_, error);
  }
  schema_version_ = file.schema_version;
  connection_ = std::make_unique<Connection>(std::move(file));
  return absl::OkStatus();
}

absl::Status SqliteStore::Reopen() {
  if (in_memory()) {
    return MakeStatus(Reason::kStoreUnavailable,
                      "The store in memory is lost; start the server again.");
  }
  MINTMARK_ASSIGN_OR_RETURN(SqliteFile file, OpenSqliteFile(path_, /*migrate=*/false));
  connection_ = std::make_unique<Connection>(std::move(file));
  return absl::OkStatus();
}

std::unique_ptr<engine::StoreLane> SqliteStore::MakeLane() {
  return std::make_unique<SqliteLane>(*this);
}

engine::StoreDescription SqliteStore::Describe() const {
  const MutexLock lock(mutex_);
  engine::StoreDescription description{.kind = "sqlite",
                                       .address = path_,
                                       .durability = "journal_mode=WAL, synchronous=FULL",
                                       .schema_version = schema_version_};
  if (in_memory()) {
    description.durability = "none: kept in memory only";
    description.warning = "The store is in memory: it is lost when this server ends.";
  }
  return description;
}

BatchOutcome SqliteStore::Run(Batch& batch) {
  const MutexLock lock(mutex_);
  if (connection_ == nullptr) {
    absl::Status reopened = Reopen();
    if (!reopened.ok()) return {BatchOutcome::Kind::kUnavailable, std::move(reopened)};
  }
  bool committing = false;
  try {
    Query(connection_->begin).Run();
    BatchOutcome outcome = ApplyBatch(connection_->tables, options_, clock_(), batch);
    if (outcome.kind == BatchOutcome::Kind::kApplied) {
      committing = true;
      Query(connection_->commit).Run();
    } else {
      Query(connection_->roll_back).Run();
    }
    return outcome;
  } catch (const SQLite::Exception& error) {
    return Failed(error, committing);
  }
}

BatchOutcome SqliteStore::Failed(const SQLite::Exception& error, bool committing) {
  absl::Status status = SqliteError(path_, error);
  // A full disk stops a commit before its last frame is in the log. After any
  // other failure to write or sync, the log may hold the whole transaction, and
  // only reading it anew tells.
  const int code = error.getErrorCode() & 0xff;
  const bool in_doubt = committing && code != SQLITE_FULL && code != SQLITE_BUSY;
  const bool rolled_back = !in_doubt && RollBack();
  if (!rolled_back) connection_ = nullptr;
  return {in_doubt ? BatchOutcome::Kind::kInDoubt : BatchOutcome::Kind::kRefused,
          std::move(status)};
}

bool SqliteStore::RollBack() {
  SQLite::Database& database = *connection_->file.database;
  // SQLite has rolled back by itself after some errors.
  if (sqlite3_get_autocommit(database.getHandle()) != 0) return true;
  return database.tryExec("ROLLBACK") == SQLITE_OK;
}

}  // namespace

StoreTimeUs SystemTimeUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

absl::StatusOr<std::unique_ptr<engine::Store>> OpenSqliteStore(const std::string& path,
                                                               const StoreOptions& options,
                                                               SqliteClock clock) {
  auto store = std::make_unique<SqliteStore>(path, options, std::move(clock));
  MINTMARK_RETURN_IF_ERROR(store->Open(options.migrate));
  return std::unique_ptr<engine::Store>(std::move(store));
}

}  // namespace mintmark::store
