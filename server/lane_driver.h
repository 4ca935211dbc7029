// The threads that drive the engine: one a lane, which commits its batches, and
// one that moves time.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "src/core/mutex.h"
#include "src/core/time.h"
#include "src/engine/batch.h"
#include "src/engine/engine.h"
#include "src/engine/store.h"

namespace mintmark::server {

// Wakes the thread of a lane. Any thread may wake it, any number of times.
class LaneSignal {
 public:
  // Ends the wait under way, or else the next one.
  void Wake();

  // Waits until somebody wakes it, at most for `most`.
  void Wait(Duration most);

 private:
  // Lets the many who wake an awake lane pass without the lock.
  std::atomic<bool> woken_{false};
  Mutex mutex_;
  std::condition_variable_any condition_;
};

// Tells the log about a lane's store, once each time that something changes:
// away and back, in doubt and resolved, refused, fenced, suspect. Used by the
// lane's thread.
class LaneLog {
 public:
  explicit LaneLog(int lane) : lane_(lane) {}

  void Note(const engine::Batch& batch, const engine::BatchOutcome& outcome, Time now);

 private:
  void NoteApplied(const engine::Batch& batch, Time now);
  void NoteSuspect(bool suspect);

  const int lane_;
  std::optional<Time> away_since_;
  std::optional<std::int64_t> doubtful_batch_;
  std::string refusal_;  // What the store said when it last refused a batch.
  bool suspect_ = false;
};

// Commits the batches of one lane on a thread of its own.
class LaneDriver {
 public:
  // The engine and the signal outlive the driver.
  LaneDriver(engine::Engine& engine, LaneSignal& signal, int lane,
             std::unique_ptr<engine::StoreLane> store_lane);
  // Stops.
  ~LaneDriver();
  LaneDriver(const LaneDriver&) = delete;
  LaneDriver& operator=(const LaneDriver&) = delete;

  void Start();

  // The thread ends after the batch under way. Does not wait for it.
  void RequestStop();

  // The same, and waits until it has ended. May be called more than once.
  void Stop();

  // Why the store last failed; empty when the last batch was applied.
  std::string last_error() const;

 private:
  void Run();
  void SetLastError(const absl::Status& status);

  engine::Engine& engine_;
  LaneSignal& signal_;
  const int lane_;
  const std::unique_ptr<engine::StoreLane> store_lane_;

  std::atomic<bool> stop_{false};
  bool failing_ = false;  // Of the lane's thread: whether last_error_ is set.
  mutable Mutex mutex_;
  std::string last_error_ ABSL_GUARDED_BY(mutex_);
  std::thread thread_;
};

// Calls Engine::Tick every few milliseconds on a thread of its own.
class Ticker {
 public:
  explicit Ticker(engine::Engine& engine) : engine_(engine) {}
  ~Ticker();
  Ticker(const Ticker&) = delete;
  Ticker& operator=(const Ticker&) = delete;

  void Start();
  // Joins the thread.
  void Stop();

 private:
  engine::Engine& engine_;
  LaneSignal signal_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

}  // namespace mintmark::server
