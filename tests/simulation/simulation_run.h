// One run of a simulation: its servers, its clients, its faults, and what is made
// sure of when they have ended. Private to simulation*.cc.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "src/engine/engine.h"
#include "tests/simulation/guid_traffic.h"
#include "tests/simulation/sim_server.h"
#include "tests/simulation/simulation.h"

namespace mintmark::testing {

inline constexpr Duration kSimLease = std::chrono::seconds(3);

class Simulation;

// A call of a client: an operation in the history, and what the engine borrows.
template <typename Base>
class SimCall : public Base {
 public:
  SimCall(Simulation& simulation, SimServer& server, std::size_t operation)
      : simulation_(simulation), server_(server), operation_(operation) {}
  void Done(const absl::Status& status) override;

  std::size_t operation() const { return operation_; }

 private:
  Simulation& simulation_;
  SimServer& server_;
  const std::size_t operation_;
};

class Simulation {
 public:
  using End = Operation::End;
  using Kind = Operation::Kind;

  Simulation(std::uint64_t seed, int operations, bool trace)
      : world_(seed),
        operations_(operations),
        guids_(world_, result_.history, kSimLease, [this] { return AnyServer(); }) {
    if (trace) world_.trace = &result_.trace;
  }

  SimulationResult Run();

  // What a call came back with.
  void Ended(std::size_t operation, const absl::Status& status);
  void Fill(std::size_t operation, const engine::NextCall& call);
  void Fill(std::size_t operation, const engine::IncrCall& call);
  void Fill(std::size_t operation, const engine::SequenceCall& call);
  void Fill(std::size_t operation, const engine::ReadCall& call);

 private:
  Operation& OperationOf(std::size_t index) { return result_.history.operations[index]; }

  void SetUp();
  SimServer& AddServer();
  SimServer* AnyServer();
  void DefineSequence(const std::string& name, const SequenceRules& rules,
                      engine::SettingsPatch patch);

  void ClientStep();
  void FaultStep();
  void Draw(const std::string& name);
  void Increment();
  void Admin();
  void Retry();
  void StartDraw(SimServer& server, const Operation& operation);
  void StartIncr(SimServer& server, const Operation& operation);
  // The call of `operation` once more, as its client would make it again.
  void StartAgain(SimServer& server, const Operation& operation);
  void StartAdmin(SimServer& server, engine::SequenceCall::Kind kind, const std::string& name,
                  engine::SettingsPatch patch, Kind as);
  void CrashOne();

  bool AllAnswered() { return open_ == 0 && !guids_.open(); }
  void Quiesce();
  bool RunUntil(Duration most, const std::function<bool()>& done);
  void ResolveKeys();
  void DrainAll();
  void ReadCounters();

  SimWorld world_;
  const int operations_;
  SimulationResult result_;
  std::vector<std::unique_ptr<SimServer>> servers_;
  engine::EngineOptions options_;
  GuidTraffic guids_;
  std::vector<std::size_t> keyed_;  // Operations with a request id.
  std::int64_t open_ = 0;
  std::int64_t faults_ = 0;
  bool admin_ = false;
  bool crashes_ = false;
};

template <typename Base>
void SimCall<Base>::Done(const absl::Status& status) {
  if (status.ok()) simulation_.Fill(operation_, *this);
  simulation_.Ended(operation_, status);
  server_.Answered(*this);
}

}  // namespace mintmark::testing
