// The schema "mintmark" in a database: its version, and how it gets there.
#pragma once

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "src/store/migrations.h"
#include "src/store/open_store.h"
#include "src/store/postgres/connection.h"
#include "src/store/postgres/connection_target.h"

namespace mintmark::store {

struct SchemaFacts {
  int version = 0;          // The last migration that was applied; 0: there is no schema.
  int minimum_version = 0;  // The last that a program has to know to use it.
  std::optional<std::int64_t> system_identifier;  // As recorded.
};

absl::StatusOr<SchemaFacts> ReadSchema(Connection& connection, const ConnectionTarget& target,
                                       const StoreOptions& options);

// FailedPrecondition unless a program that knows `migrations` may use the schema:
// it has all of them, and no later one that such a program must not meet.
absl::Status CheckSchema(const SchemaFacts& schema, absl::Span<const Migration> migrations,
                         const ConnectionTarget& target);

// Applies those of `migrations` that are missing, all or none. Of several programs
// that do this at the same time one does it and the others wait. A schema that is
// newer is left alone. After a failure the connection is to be dropped.
absl::Status Migrate(Connection& connection, absl::Span<const Migration> migrations,
                     const ConnectionTarget& target, const StoreOptions& options);

// Records the system identifier where none is recorded yet.
absl::Status RecordSystemIdentifier(Connection& connection, std::int64_t system_identifier,
                                    const ConnectionTarget& target, const StoreOptions& options);

}  // namespace mintmark::store
