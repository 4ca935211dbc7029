// Where a URL of PostgreSQL leads, and how connections to it are made.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/store/open_store.h"

namespace mintmark::store {

struct ConnectionTarget {
  // For libpq: what the URL says, and where it is silent what a server needs that
  // has to notice a dead or read-only database soon. No setting is made in the
  // session, which a proxy may share out.
  std::string conninfo;
  std::string address;   // "db1:5432,db2:5432/ids"; without secrets.
  std::string user;      // Empty when the URL does not name one.
  std::string database;  // The same.
};

// InvalidArgument when it is no URL of PostgreSQL.
absl::StatusOr<ConnectionTarget> ParseConnectionTarget(absl::string_view url,
                                                       const StoreOptions& options);

}  // namespace mintmark::store
