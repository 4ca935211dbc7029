// A store in a PostgreSQL database, in its schema "mintmark". Any number of
// programs may use it at the same time.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/engine/store.h"
#include "src/store/open_store.h"

namespace mintmark::store {

// `url` is "postgresql://…". See OpenStore().
absl::StatusOr<std::unique_ptr<engine::Store>> OpenPostgresStore(absl::string_view url,
                                                                 const StoreOptions& options);

}  // namespace mintmark::store
