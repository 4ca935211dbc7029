#include "src/store/sqlite/sqlite_file.h"

#include <sqlite3.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"
#include "src/store/migrations.h"
#include "src/store/sqlite/sqlite_query.h"

namespace mintmark::store {
namespace {

namespace fs = std::filesystem;

// Pages of 4 KiB in the write-ahead log before they are copied into the file.
constexpr int kCheckpointPages = 4'000;
constexpr int kCacheKib = 64 * 1024;

absl::Status Refused(const std::string& path, absl::string_view problem) {
  return absl::FailedPreconditionError(absl::StrCat("The SQLite file \"", path, "\" ", problem));
}

// Why a file could not be opened at all.
absl::Status CannotOpen(const std::string& path, const SQLite::Exception& error) {
  std::error_code ignored;
  const fs::path folder = fs::absolute(fs::path(path), ignored).parent_path();
  if (fs::is_directory(path, ignored)) return Refused(path, "is a folder; name a file.");
  if (!fs::exists(folder, ignored)) {
    return Refused(path, absl::StrCat("cannot be made: there is no folder \"", folder.string(),
                                      "\"; create it, or name another file."));
  }
  if (!fs::is_directory(folder, ignored)) {
    return Refused(path, absl::StrCat("cannot be made: \"", folder.string(),
                                      "\" is not a folder; name another file."));
  }
  return Refused(path, absl::StrCat("cannot be opened (", error.what(),
                                    "); give this user the right to write the file and its "
                                    "folder, or name another file."));
}

absl::Status NotWritable(const std::string& path) {
  return Refused(path,
                 "cannot be written; give this user the right to write the file and its folder.");
}

// Locks the file and makes commits durable. The lock comes with the first access
// in WAL mode and is kept, since the locking mode was set before.
absl::Status Configure(const std::string& path, SQLite::Database& database) {
  const bool in_memory = path == kSqliteMemoryPath;
  database.exec("PRAGMA locking_mode = EXCLUSIVE");
  const std::string journal_mode = database.execAndGet("PRAGMA journal_mode = WAL").getString();
  if (!in_memory && journal_mode != "wal") {
    return Refused(path, absl::StrCat("cannot keep a write-ahead log (journal mode ", journal_mode,
                                      "); put it on a local file system."));
  }
  database.exec("PRAGMA synchronous = FULL");
  if (database.execAndGet("PRAGMA synchronous").getInt() != 2) {
    return Refused(path, "cannot be made durable: PRAGMA synchronous = FULL has no effect.");
  }
  database.exec(absl::StrCat("PRAGMA cache_size = -", kCacheKib).c_str());
  database.exec(absl::StrCat("PRAGMA wal_autocheckpoint = ", kCheckpointPages).c_str());
  // Deleted rows hold no secrets, and zeroing the pages of emptied tables is slow.
  database.exec("PRAGMA secure_delete = OFF");
  database.exec("BEGIN EXCLUSIVE; COMMIT");
  if (in_memory) return absl::OkStatus();

  // A sync that failed may have left what looks committed in memory only. Copying
  // it into the file and syncing that is the proof.
  SQLite::Statement checkpoint(database, "PRAGMA wal_checkpoint(TRUNCATE)");
  if (!checkpoint.executeStep() || checkpoint.getColumn(0).getInt() != 0) {
    return MakeStatus(Reason::kStoreUnavailable,
                      absl::StrCat("The write-ahead log of the SQLite file \"", path,
                                   "\" cannot be copied into it."));
  }
  return absl::OkStatus();
}

int SchemaVersion(SQLite::Database& database) {
  return database.execAndGet("SELECT coalesce(max(number), 0) FROM schema_migrations").getInt();
}

void ApplyMigration(SQLite::Database& database, const Migration& migration) {
  database.exec("BEGIN IMMEDIATE");
  database.exec(std::string(migration.sql));
  SQLite::Statement record(database,
                           "INSERT INTO schema_migrations (number, name, applied_at) VALUES (?, ?, "
                           "strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))");
  record.bind(1, migration.number);
  record.bind(2, std::string(migration.name));
  record.exec();
  database.exec("COMMIT");
}

// Brings the schema up to date, or says why it must not be used.
absl::StatusOr<int> Migrate(const std::string& path, SQLite::Database& database, bool migrate) {
  const absl::Span<const Migration> migrations = SqliteMigrations();
  const int newest = static_cast<int>(migrations.size());
  if (!database.tableExists("schema_migrations")) {
    if (database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() != 0) {
      return Refused(path, "belongs to another program; name a new file.");
    }
    if (!migrate) return Refused(path, "is empty; run `mintmarkd migrate` first.");
    database.exec(
        "CREATE TABLE schema_migrations (number INTEGER PRIMARY KEY, name TEXT NOT NULL, "
        "applied_at TEXT NOT NULL) STRICT");
  }
  const int found = SchemaVersion(database);
  if (found > newest) {
    const int minimum = database.execAndGet("SELECT minimum_version FROM store_info").getInt();
    if (minimum <= newest) return found;
    return Refused(path, absl::StrCat("has schema version ", found,
                                      ", which is newer than this program (version ", newest,
                                      "); run a newer mintmarkd."));
  }
  if (found < newest && !migrate) {
    return Refused(path, absl::StrCat("has schema version ", found, ", and this program needs ",
                                      newest, "; run `mintmarkd migrate` first."));
  }
  for (const Migration& migration : migrations.subspan(static_cast<std::size_t>(found))) {
    ApplyMigration(database, migration);
  }
  return newest;
}

}  // namespace

absl::Status SqliteError(const std::string& path, const SQLite::Exception& error) {
  // Extended codes carry the primary one in their low byte.
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_CANTOPEN:
      return CannotOpen(path, error);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Refused(path,
                     "is in use by another server or program; stop that one, or give each server "
                     "a file of its own.");
    case SQLITE_NOTADB:
      return Refused(path, "is not a SQLite database; name another file.");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return NotWritable(path);
    case SQLITE_CORRUPT:
      return Refused(path, absl::StrCat("is damaged (", error.what(),
                                        "); restore it from a backup, then fence it."));
    case SQLITE_FULL:
      return MakeStatus(Reason::kStoreUnavailable,
                        absl::StrCat("The disk of the SQLite file \"", path, "\" is full."));
    case SQLITE_IOERR:
      return MakeStatus(Reason::kStoreUnavailable,
                        absl::StrCat("The SQLite file \"", path, "\" cannot be read or written (",
                                     error.what(), ")."));
    default:
      return absl::InternalError(
          absl::StrCat("The SQLite file \"", path, "\": ", error.what(), "."));
  }
}

absl::StatusOr<SqliteFile> OpenSqliteFile(const std::string& path, bool migrate) {
  // A path that is not absolute could be read as a URI.
  const bool is_plain = path == kSqliteMemoryPath || absl::StartsWith(path, "/");
  SqliteFile file;
  try {
    file.database = std::make_unique<SQLite::Database>(
        is_plain ? path : absl::StrCat("./", path),
        SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE | SQLite::OPEN_NOMUTEX);
    sqlite3_extended_result_codes(file.database->getHandle(), 1);
    // SQLite opens what it may not write for reading, and fails in odd ways later.
    if (sqlite3_db_readonly(file.database->getHandle(), "main") == 1) return NotWritable(path);
    MINTMARK_RETURN_IF_ERROR(Configure(path, *file.database));
    MINTMARK_ASSIGN_OR_RETURN(file.schema_version, Migrate(path, *file.database, migrate));
  } catch (const SQLite::Exception& error) {
    return SqliteError(path, error);
  }
  return file;
}

}  // namespace mintmark::store
