#include "tests/model_store/model_store.h"

#include <utility>

namespace mintmark::testing {
namespace {

class ModelLane final : public engine::StoreLane {
 public:
  explicit ModelLane(ModelStore& store) : store_(store) {}
  engine::BatchOutcome Run(engine::Batch& batch) override { return store_.Run(batch); }

 private:
  ModelStore& store_;
};

}  // namespace

ModelStore::ModelStore(StoreTimeUs now, const store::ApplyOptions& options)
    : options_(options), now_(now) {
  tables_.info.key_rotated_us = now;
}

std::unique_ptr<engine::StoreLane> ModelStore::MakeLane() {
  return std::make_unique<ModelLane>(*this);
}

engine::StoreDescription ModelStore::Describe() const {
  return {.kind = "model", .address = "memory", .durability = "none", .schema_version = 0};
}

engine::BatchOutcome ModelStore::Run(engine::Batch& batch) {
  const MutexLock lock(mutex_);
  // Nothing to roll back: tables in memory do not fail, a fenced batch writes
  // nothing, and stored results are always those of the session's last batch.
  return store::ApplyBatch(tables_, options_, now_, batch);
}

void ModelStore::SetTime(StoreTimeUs now) {
  const MutexLock lock(mutex_);
  now_ = now;
}

StoreTimeUs ModelStore::time() const {
  const MutexLock lock(mutex_);
  return now_;
}

ModelTables ModelStore::Snapshot() const {
  const MutexLock lock(mutex_);
  return tables_;
}

void ModelStore::Restore(ModelTables tables) {
  const MutexLock lock(mutex_);
  tables_ = std::move(tables);
}

}  // namespace mintmark::testing
