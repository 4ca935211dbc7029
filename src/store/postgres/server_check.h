// Whether a server that was just connected to may be used, and what it says of
// itself. Done for every connection: the next one may lead to another server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/core/time.h"
#include "src/store/open_store.h"
#include "src/store/postgres/connection.h"
#include "src/store/postgres/connection_target.h"

namespace mintmark::store {

struct ServerFacts {
  // The settings that make a commit durable, as found.
  std::string durability;
  // See engine::StoreDescription.
  std::string warning;
  // Names the database cluster; absent where the role may not ask.
  std::optional<std::int64_t> system_identifier;
};

// FailedPrecondition when it must not be used: too old, not durable (unless that
// is accepted), transactions of another isolation by default. STORE_UNAVAILABLE
// when it is a standby, or does not answer.
absl::StatusOr<ServerFacts> CheckServer(Connection& connection, const ConnectionTarget& target,
                                        const StoreOptions& options);

// A statement that failed outside of any batch, as a status: FailedPrecondition
// where privileges are missing, STORE_UNAVAILABLE otherwise.
absl::Status StatusOfFailure(const SqlFailure& failure, const ConnectionTarget& target);

}  // namespace mintmark::store
