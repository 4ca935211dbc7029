// A store in a SQLite file, or in memory: one server, one machine.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "src/core/time.h"
#include "src/engine/store.h"
#include "src/store/open_store.h"

namespace mintmark::store {

// The store's clock. Called from any thread.
using SqliteClock = std::function<StoreTimeUs()>;

// The wall clock of this machine, which is the store's.
StoreTimeUs SystemTimeUs();

// Opens the file at `path` (":memory:" for a store in memory) for this process
// alone, and ends the sessions of whoever had it before. Errors: see
// OpenSqliteFile.
//
// Its lanes share one connection: their batches run one after the other. A lane
// must not outlive the store. A batch whose commit failed in a way that does not
// tell whether it is durable is in doubt; the file is then opened anew.
absl::StatusOr<std::unique_ptr<engine::Store>> OpenSqliteStore(const std::string& path,
                                                               const StoreOptions& options,
                                                               SqliteClock clock = SystemTimeUs);

}  // namespace mintmark::store
