// A simulated server: an engine, its drivers in simulated time, and the faults
// that happen to it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "src/engine/engine.h"
#include "tests/model_store/model_store.h"
#include "tests/simulation/event_queue.h"
#include "tests/simulation/random.h"

namespace mintmark::testing {

// What the servers of a simulation share.
struct SimWorld {
  EventQueue events;
  Random random;
  ModelStore store;
  StoreTimeUs store_offset_us = 0;   // Of the store's clock; faults make it jump.
  StoreTimeUs store_highest_us = 0;  // That the store's clock has shown.
  bool faults = true;
  double fault_percent = 0;  // Of batches.
  std::map<std::string, std::int64_t> counts;
  std::vector<std::string>* trace = nullptr;

  explicit SimWorld(std::uint64_t seed);
  void Count(const std::string& what) { ++counts[what]; }
  void Trace(const std::string& line) const;
  // Runs a batch against the store as of now.
  engine::BatchOutcome Commit(engine::Batch& batch);
};

class SimServer {
 public:
  SimServer(SimWorld& world, int id, const engine::EngineOptions& options);
  ~SimServer();

  int id() const { return id_; }
  bool alive() const { return alive_; }
  bool stopping() const { return stopping_; }
  engine::Engine& engine() { return *engine_; }
  // The server's own clock.
  Time Now() const { return world_.events.now() + clock_offset_; }

  // Hands `call` to the engine by `start`, now or when a pause ends. It is kept
  // until it is answered; `call.Done()` has to end in Answered(call).
  void Start(std::unique_ptr<engine::Call> call, void (*start)(SimServer&, engine::Call&));
  void Answered(engine::Call& call);

  void Pause(Duration length);
  // Goes down: whatever it was doing is not answered any more.
  void Crash();
  void Stop();
  bool Stopped() const { return stopping_ && engine_->Stopped(); }

 private:
  void Poll(int lane);
  void Send(std::unique_ptr<engine::Batch> batch);
  void Bring(const std::shared_ptr<std::unique_ptr<engine::Batch>>& batch,
             const engine::BatchOutcome& outcome, Duration after);
  void TickLater();
  // Runs `event` on this server: not while it is paused, not once it is down.
  void Run(Time at, std::function<void()> event);
  void AddCounts();

  SimWorld& world_;
  const int id_;
  Duration clock_offset_{};
  std::unique_ptr<engine::Engine> engine_;
  std::map<engine::Call*, std::unique_ptr<engine::Call>> calls_;
  std::vector<Time> polls_;  // The next one of each lane.
  Time paused_until_ = Time::min();
  bool alive_ = true;
  bool stopping_ = false;
};

}  // namespace mintmark::testing
