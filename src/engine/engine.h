// Allocation, counting and the session protocol, as a passive machine: it starts
// no thread, reads no clock, draws no random number and never calls the store.
// Callers hand it calls; drivers take batches from it, commit them, and bring
// back what came of them. Production drives it from threads, a simulator drives
// several of them against one store in simulated time.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "src/core/time.h"
#include "src/engine/batch.h"
#include "src/engine/calls.h"

namespace mintmark::engine {

class Lane;

struct EngineOptions {
  int lanes = 1;
  std::string server = "mintmarkd";  // Who it is, for operators.
  bool auto_create = true;
  Duration lease = std::chrono::seconds(60);
  Duration heartbeat = std::chrono::seconds(1);
  // A window that nobody drew from for this long is given back.
  Duration idle_give_back = std::chrono::seconds(10);
  // What is not used for this long is forgotten.
  Duration evict_after = std::chrono::seconds(60);
  // How long a caller waits for ids that other servers hold, or for a drain, before
  // it is told so.
  Duration held_patience = std::chrono::milliseconds(2500);
  Duration drain_patience = std::chrono::seconds(1);
  // Between two looks at a drain, or two tries for ids that are held elsewhere.
  Duration poll_interval = std::chrono::milliseconds(100);
  // Pauses between tries to reach a store that is away: doubling, spread by
  // `jitter_seed`.
  Duration retry_first = std::chrono::milliseconds(50);
  Duration retry_most = std::chrono::seconds(1);
  std::uint64_t jitter_seed = 0;
  // Request ids are rotated this often (a third of their retention).
  Duration key_rotation = std::chrono::hours(8);
  // How far the times of GUIDs may be ahead of the store's clock.
  Duration max_ahead = std::chrono::seconds(1);
  // How long a caller waits for GUIDs that the clock does not allow yet.
  Duration guid_patience = std::chrono::seconds(1);
  // Generators of one group that a server mints with side by side.
  std::int64_t max_generators = 64;
  // Adaptive windows, in ids.
  std::int64_t window_min = 1'000;
  std::int64_t window_max = 10'000'000;
  // Callers waiting in one lane; further ones get OVERLOADED.
  std::int64_t max_waiting = 50'000;
  // Callers and names in one batch.
  std::int64_t max_batch_calls = 4'096;
  std::int64_t max_batch_names = 1'024;
};

// What a lane is doing, for status.
struct LaneStatus {
  int lane = 0;
  std::int64_t session = 0;
  std::int64_t epoch = 0;
  std::int64_t last_batch = 0;
  std::string state;        // "opening", "ready", "committing", "in doubt", "store away", "stopped"
  Duration since_commit{};  // Since the last committed batch came back.
  std::int64_t waiting = 0;  // Callers.
  std::int64_t sequences = 0;
  std::int64_t counters = 0;
  std::int64_t groups = 0;
  std::int64_t generators = 0;         // That it mints with.
  std::int64_t unissued = 0;           // Ids in windows; saturates.
  std::int64_t deferred_counters = 0;  // Counters with deltas not yet persisted.
  std::int64_t commits = 0;            // Batches applied since start.
  std::int64_t doubts_applied = 0;     // Doubts resolved.
  std::int64_t doubts_not_applied = 0;
  std::int64_t takeovers = 0;  // Shards taken over from sessions that were gone.
  // Generators taken over, also from clients whose lease was over.
  std::int64_t generator_takeovers = 0;
  std::int64_t buried = 0;  // Sessions this lane buried (asked for).
  std::int64_t key_count = 0;
  bool suspect = false;
  StoreTimeUs store_time_us = 0;  // As of the last commit.
};

// Thread-safe. Every method takes the time of the moment, from one clock (see
// BootClock), since what is issued from memory depends on it.
class Engine {
 public:
  // `wake(lane)` is called, with no lock held, when a lane without a batch under
  // way has something to commit: its driver should call TakeBatch soon.
  Engine(const EngineOptions& options, const std::function<void(int lane)>& wake);
  ~Engine();

  // Calls. The parameters have been checked (names valid, n within limits); the
  // calls stay borrowed until their Done().
  void Next(NextCall& call, Time now);
  void Incr(IncrCall& call, Time now);
  void Read(ReadCall& call, Time now);
  void Sequence(SequenceCall& call, Time now);
  void Counter(CounterCall& call, Time now);
  void List(ListCall& call, Time now);
  void Guid(GuidCall& call, Time now);
  void Group(GroupCall& call, Time now);
  void Lease(LeaseCall& call, Time now);
  void Generators(GeneratorsCall& call, Time now);

  int lanes() const;
  // The lane that a name belongs to.
  int LaneOf(absl::string_view name) const;

  // The next batch of a lane, or null when there is nothing to commit now (or a
  // batch of the lane is under way). The driver runs it (StoreLane::Run) and
  // brings it back.
  std::unique_ptr<Batch> TakeBatch(int lane, Time now);
  void Complete(std::unique_ptr<Batch> batch, const BatchOutcome& outcome, Time now);

  // When TakeBatch may have something even though nobody calls: heartbeats,
  // retries, deferred deltas.
  Time NextWake(int lane) const;

  // Ends calls whose deadline has passed. To be called every few milliseconds,
  // also while a batch is under way.
  void Tick(Time now);

  // A clean stop: new calls are refused (SHUTTING_DOWN), those under way finish,
  // windows are given back, deferred deltas persisted, sessions closed.
  void BeginStop(Time now);
  // True once all of that is done.
  bool Stopped() const;

  std::vector<LaneStatus> Status(Time now) const;

 private:
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace mintmark::engine
