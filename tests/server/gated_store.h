// A store for tests that can be made to hang, to be away, or to lose its
// connection in the middle of a commit.
#pragma once

#include <condition_variable>
#include <memory>
#include <string>
#include <utility>

#include "src/core/mutex.h"
#include "src/core/reason.h"
#include "src/engine/store.h"

namespace mintmark::server {

// What becomes of the batches of a GatedStore.
class Gate {
 public:
  enum class Mode {
    kOpen,
    kHangs,    // A batch waits until the mode changes.
    kAway,     // Not run: kUnavailable.
    kDoubtful  // Run, but the answer is lost; finding out works.
  };

  void Set(Mode mode) {
    const MutexLock lock(mutex_);
    mode_ = mode;
    condition_.notify_all();
  }

  // The mode, once it is another than kHangs.
  Mode Pass() {
    const MutexLock lock(mutex_);
    while (mode_ == Mode::kHangs) condition_.wait(mutex_);
    return mode_;
  }

 private:
  Mutex mutex_;
  std::condition_variable_any condition_;
  Mode mode_ ABSL_GUARDED_BY(mutex_) = Mode::kOpen;
};

class GatedStore : public engine::Store {
 public:
  // `store` outlives this one.
  explicit GatedStore(engine::Store& store) : store_(store) {}

  Gate& gate() { return gate_; }

  std::unique_ptr<engine::StoreLane> MakeLane() override {
    return std::make_unique<Lane>(gate_, store_.MakeLane());
  }
  int max_lanes() const override { return store_.max_lanes(); }
  engine::StoreDescription Describe() const override { return store_.Describe(); }

 private:
  class Lane : public engine::StoreLane {
   public:
    Lane(Gate& gate, std::unique_ptr<engine::StoreLane> lane)
        : gate_(gate), lane_(std::move(lane)) {}

    engine::BatchOutcome Run(engine::Batch& batch) override {
      using Kind = engine::BatchOutcome::Kind;
      const Gate::Mode mode = gate_.Pass();
      if (mode == Gate::Mode::kAway) {
        return {Kind::kUnavailable,
                MakeStatus(Reason::kStoreUnavailable, "The test took it away.")};
      }
      engine::BatchOutcome outcome = lane_->Run(batch);
      if (mode == Gate::Mode::kDoubtful && batch.kind == engine::Batch::Kind::kOperations &&
          outcome.kind == Kind::kApplied) {
        return {Kind::kInDoubt, absl::UnavailableError("The test cut the connection.")};
      }
      return outcome;
    }

   private:
    Gate& gate_;
    const std::unique_ptr<engine::StoreLane> lane_;
  };

  engine::Store& store_;
  Gate gate_;
};

}  // namespace mintmark::server
