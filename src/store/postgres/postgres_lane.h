// A lane of a PostgreSQL store: one connection, one message a batch.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "src/engine/batch.h"
#include "src/engine/store.h"
#include "src/store/open_store.h"
#include "src/store/postgres/batch_parameters.h"
#include "src/store/postgres/connection.h"
#include "src/store/postgres/connection_target.h"
#include "src/store/postgres/watchdog.h"

namespace mintmark::store {

class PostgresLane final : public engine::StoreLane {
 public:
  // What is borrowed outlives the lane.
  PostgresLane(const ConnectionTarget& target, const StoreOptions& options, Watchdog& watchdog);

  engine::BatchOutcome Run(engine::Batch& batch) override;

 private:
  // Connects and does all checks of a first connection.
  absl::Status Connect();

  Answer Send(const Statement& statement, const Connection::Parameters& parameters);

  engine::BatchOutcome OpenSession(engine::Batch& batch);
  engine::BatchOutcome Commit(engine::Batch& batch);
  engine::BatchOutcome ResolveDoubt(engine::Batch& batch);

  BatchLimits LimitsFor(const engine::Batch& batch) const;
  // Keeps account of how many request ids there are, about.
  void CountKeys(const engine::Batch& batch, std::optional<std::int64_t> key_count);

  const ConnectionTarget& target_;
  const StoreOptions& options_;
  Watchdog& watchdog_;

  std::unique_ptr<Connection> connection_;  // Null, or open when last seen.
  bool is_foreign_ = false;                 // The database is in another cluster than recorded.

  // Request ids in the store when they were last counted, and those that this lane
  // has sent since, in how many batches.
  std::optional<std::int64_t> counted_keys_;
  std::int64_t sent_keys_ = 0;
  int batches_since_count_ = 0;
};

}  // namespace mintmark::store
