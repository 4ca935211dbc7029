// A store in memory that does exactly what the reference semantics say: for
// simulations, and as the measure for other stores.
#pragma once

#include <memory>

#include "src/core/mutex.h"
#include "src/core/time.h"
#include "src/engine/store.h"
#include "src/store/apply_batch.h"
#include "tests/model_store/model_tables.h"

namespace mintmark::testing {

// Safe to use from any thread. A batch is applied the moment it is run; whoever
// wants it late, twice or in doubt runs it late, twice, or drops its outcome.
// Lanes keep nothing of their own: any lane runs any session's batch.
class ModelStore final : public engine::Store {
 public:
  explicit ModelStore(StoreTimeUs now, const store::ApplyOptions& options = {});

  std::unique_ptr<engine::StoreLane> MakeLane() override;  // Outlived by this store.
  int max_lanes() const override { return 0; }
  engine::StoreDescription Describe() const override;

  // What a lane's Run() does.
  engine::BatchOutcome Run(engine::Batch& batch);

  // The store's clock stands still until it is set, forward or backward.
  void SetTime(StoreTimeUs now);
  StoreTimeUs time() const;

  // A copy of all that is stored, and its replacement: a backup, its
  // restoration, a failover to something older.
  ModelTables Snapshot() const;
  void Restore(ModelTables tables);

 private:
  const store::ApplyOptions options_;

  mutable Mutex mutex_;
  StoreTimeUs now_ ABSL_GUARDED_BY(mutex_);
  ModelTables tables_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mintmark::testing
