// Opening a SQLite file for one server, and bringing its schema up to date.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Exception.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mintmark::store {

// The path that means a store in memory.
inline constexpr absl::string_view kSqliteMemoryPath = ":memory:";

struct SqliteFile {
  std::unique_ptr<SQLite::Database> database;
  int schema_version = 0;
};

// Opens `path`, creating the file (but not its folder) when it is not there;
// takes an exclusive lock that is held until the database is closed; checks that
// commits will be durable; migrates. After this, everything that was committed
// is in the file itself and on disk, whatever became of earlier syncs.
//   FailedPrecondition: the file must not or cannot be used as it is; the
//     sentence names the file and says what to do.
//   STORE_UNAVAILABLE: the disk is full or fails; trying again may help.
absl::StatusOr<SqliteFile> OpenSqliteFile(const std::string& path, bool migrate);

// What a failure in an open database means, in a sentence.
absl::Status SqliteError(const std::string& path, const SQLite::Exception& error);

}  // namespace mintmark::store
