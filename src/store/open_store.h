// Opens the store that a URL names.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/core/time.h"
#include "src/engine/store.h"

namespace mintmark::store {

struct StoreOptions {
  // Accept a store whose commits are not durable (fsync and the like off).
  bool unsafe = false;
  // Bring the schema up to date when it is older than this program.
  bool migrate = true;
  // PostgreSQL: use named prepared statements; false for transaction-pooling
  // proxies, which refuse them.
  bool prepare = true;
  // A batch gives up on a locked row after this long.
  Duration lock_timeout = std::chrono::seconds(2);
  // A batch whose answer takes longer than this has lost its connection.
  Duration answer_timeout = std::chrono::seconds(10);
  Duration connect_timeout = std::chrono::seconds(3);
  // Request ids are kept at least this long; at most this many are kept.
  Duration request_id_retention = std::chrono::hours(24);
  std::int64_t max_request_ids = 100'000'000;
};

// `url` is "sqlite:PATH", "sqlite::memory:" or "postgresql://…" ("postgres://…"
// too). Connects, checks durability, migrates, and records or compares the
// store's identity. Errors: InvalidArgument for a URL that names no store;
// STORE_UNAVAILABLE while the database cannot be reached (trying again may help);
// FailedPrecondition for a store that must not be used: not durable, a schema
// newer than this program, a file that another server holds.
absl::StatusOr<std::unique_ptr<engine::Store>> OpenStore(absl::string_view url,
                                                         const StoreOptions& options);

// The same URL without its password, for logs.
std::string RedactUrl(absl::string_view url);

}  // namespace mintmark::store
