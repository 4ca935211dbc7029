// Engines over one model store, driven by hand: the test says when a batch is
// taken, when it is run, and what its server hears of it. No thread, no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "src/core/reason.h"
#include "src/core/time.h"
#include "src/engine/engine.h"
#include "tests/model_store/model_store.h"

namespace mintmark {

// So that a failed comparison says which.
inline void PrintTo(Reason reason, std::ostream* out) { *out << ReasonName(reason); }

}  // namespace mintmark

namespace mintmark::testing {

inline constexpr Duration kMs = std::chrono::milliseconds(1);
inline constexpr Duration kSecond = std::chrono::seconds(1);

// A call that remembers its answer.
template <typename Base>
class Recorded final : public Base {
 public:
  void Done(const absl::Status& status) override {
    ++answers_;
    status_ = status;
  }

  int answers() const { return answers_; }
  bool answered() const { return answers_ > 0; }
  bool ok() const { return answers_ == 1 && status_.ok(); }
  Reason reason() const { return ReasonOf(status_); }
  absl::StatusCode code() const { return status_.code(); }
  const absl::Status& status() const { return status_; }

 private:
  int answers_ = 0;
  absl::Status status_ = absl::UnknownError("It is not answered yet.");
};

using NextCall = Recorded<engine::NextCall>;
using IncrCall = Recorded<engine::IncrCall>;
using ReadCall = Recorded<engine::ReadCall>;
using SequenceCall = Recorded<engine::SequenceCall>;
using CounterCall = Recorded<engine::CounterCall>;
using ListCall = Recorded<engine::ListCall>;
using GuidCall = Recorded<engine::GuidCall>;
using GroupCall = Recorded<engine::GroupCall>;
using LeaseCall = Recorded<engine::LeaseCall>;
using GeneratorsCall = Recorded<engine::GeneratorsCall>;

// What the servers of a test share: the store, and the time of the moment.
class World {
 public:
  explicit World(const store::ApplyOptions& options = {});

  ModelStore& store() { return store_; }
  Time now() const { return now_; }
  // Moves time, and the store's clock with it. Nobody is told.
  void Move(Duration by);
  // Sets the store's clock alone.
  void SetStoreClock(StoreTimeUs time_us);
  StoreTimeUs store_time_us() const;

  // Looks into the store.
  std::optional<engine::SequenceRow> Sequence(const std::string& name) const;
  std::vector<store::StoredShard> Shards(const std::string& name) const;  // By id.
  std::optional<std::int64_t> Counter(const std::string& name) const;
  std::vector<engine::GeneratorRow> Generators(const std::string& group) const;  // By id.

 private:
  ModelStore store_;
  Time now_;
};

// One server: an engine and its lanes' way to the store.
class Server {
 public:
  explicit Server(World& world, const engine::EngineOptions& options = {});

  World& world() { return world_; }
  engine::Engine& engine() { return engine_; }

  // Hands a call over, now.
  void Start(engine::NextCall& call) { engine_.Next(call, world_.now()); }
  void Start(engine::IncrCall& call) { engine_.Incr(call, world_.now()); }
  void Start(engine::ReadCall& call) { engine_.Read(call, world_.now()); }
  void Start(engine::SequenceCall& call) { engine_.Sequence(call, world_.now()); }
  void Start(engine::CounterCall& call) { engine_.Counter(call, world_.now()); }
  void Start(engine::ListCall& call) { engine_.List(call, world_.now()); }
  void Start(engine::GuidCall& call) { engine_.Guid(call, world_.now()); }
  void Start(engine::GroupCall& call) { engine_.Group(call, world_.now()); }
  void Start(engine::LeaseCall& call) { engine_.Lease(call, world_.now()); }
  void Start(engine::GeneratorsCall& call) { engine_.Generators(call, world_.now()); }

  // The lane's next batch; null when there is none now.
  std::unique_ptr<engine::Batch> Take(int lane = 0) {
    return engine_.TakeBatch(lane, world_.now());
  }
  // Runs the batch against the store and does not tell the engine.
  engine::BatchOutcome Run(engine::Batch& batch) { return world_.store().Run(batch); }
  // Brings it back with this outcome.
  void Bring(std::unique_ptr<engine::Batch> batch, engine::BatchOutcome::Kind kind);
  // Runs the batch and brings it back.
  void Commit(std::unique_ptr<engine::Batch> batch);

  // Commits one batch of the lane, if it has one.
  bool Step(int lane = 0);
  // Commits until no lane has anything to commit now. Fails when that never ends, or
  // when a lane asks to be called at once though it has nothing.
  void Settle();
  // Starts the call and settles.
  template <typename C>
  void Do(C& call) {
    Start(call);
    Settle();
  }

  void Tick() { engine_.Tick(world_.now()); }
  void BeginStop() { engine_.BeginStop(world_.now()); }
  engine::LaneStatus Status(int lane = 0) const;
  // How often the engine asked for its driver.
  int wakes() const { return wakes_; }

  // --- what goes wrong with a batch
  // It was applied, and the answer is lost.
  void LoseAnswer(std::unique_ptr<engine::Batch> batch);
  // It is lost on its way. Returns what may still arrive.
  engine::Batch LoseBatch(std::unique_ptr<engine::Batch> batch);

 private:
  World& world_;
  int wakes_ = 0;
  engine::Engine engine_;
};

// Lets time pass for all of `servers`, in small steps, each of them at work.
void Pass(World& world, Duration time, const std::vector<Server*>& servers);

// Small windows, so that a test can count.
engine::EngineOptions SmallWindows(std::int64_t window_min = 10, std::int64_t window_max = 100);

// What a sequence is made with, in a line. Unset knobs adapt.
engine::SettingsPatch Settings(std::optional<std::int64_t> max_id, std::int32_t shards,
                               std::optional<std::int64_t> max_gap,
                               std::optional<std::int64_t> chunk_size = std::nullopt);

// A sequence of these settings is made through `server`.
void Create(Server& server, const std::string& name, const engine::SettingsPatch& patch);

// Fills in a call.
void Ask(NextCall& call, const std::string& sequence, std::int64_t n = 1,
         const std::string& request_id = "");
void Ask(IncrCall& call, const std::string& counter, std::int64_t delta = 1,
         const std::string& request_id = "");
void Ask(SequenceCall& call, engine::SequenceCall::Kind kind, const std::string& name);

// Draws n ids through a settled server, which has to give them.
std::vector<std::int64_t> Draw(Server& server, const std::string& sequence, std::int64_t n = 1);
// Increments through a settled server, which has to count; returns the value.
std::int64_t Increment(Server& server, const std::string& counter, std::int64_t delta = 1);

// The ids of a reply, one by one.
std::vector<std::int64_t> IdsOf(const engine::NextCall& call);

}  // namespace mintmark::testing
