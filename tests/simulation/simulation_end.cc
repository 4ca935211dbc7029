// How a run of a simulation ends: everything is answered, stopped, asked again,
// drawn to its end and read.
#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/simulation/simulation_run.h"

namespace mintmark::testing {

// Faults end; every call that is still open has to be answered, and every server
// to come to a clean stop.
void Simulation::Quiesce() {
  world_.faults = false;
  if (!RunUntil(100 * kSimLease, [this] { return AllAnswered(); })) {
    if (guids_.open()) result_.problems.push_back("stuck: a call about GUIDs was never answered");
    for (const Operation& op : result_.history.operations) {
      if (op.end == End::kOpen) {
        result_.problems.push_back(absl::StrCat("stuck: a call on ", op.name, " at server ",
                                                op.server, " was never answered"));
      }
    }
  }
  for (const auto& server : servers_) {
    if (server->alive() && !server->stopping()) server->Stop();
  }
  const auto all_stopped = [this] {
    return std::all_of(servers_.begin(), servers_.end(),
                       [](const auto& server) { return !server->alive() || server->Stopped(); });
  };
  if (!RunUntil(100 * kSimLease, all_stopped)) {
    result_.problems.push_back("stuck: a clean stop never ended");
  }
}

// Whoever did not learn what came of a call with a request id asks again.
void Simulation::ResolveKeys() {
  std::set<std::pair<int, std::string>> known;
  for (const std::size_t index : keyed_) {
    const Operation& op = OperationOf(index);
    if (op.end == End::kOk) known.insert({static_cast<int>(op.kind), op.request_id});
  }
  for (const std::size_t index : std::vector<std::size_t>(keyed_)) {
    const Operation op = OperationOf(index);
    if (op.end != End::kUnknown) continue;
    if (!known.insert({static_cast<int>(op.kind), op.request_id}).second) continue;
    StartAgain(*AnyServer(), op);
  }
  if (!RunUntil(100 * kSimLease, [this] { return open_ == 0; })) {
    result_.problems.push_back("stuck: a retry after everything was never answered");
  }
}

void Simulation::DrainAll() {
  for (auto& [name, rules] : result_.history.sequences) {
    for (int tries = 0; tries < 3000; ++tries) {
      Operation op;
      op.name = name;
      op.n = 1;
      StartDraw(*AnyServer(), op);
      const std::size_t index = result_.history.operations.size() - 1;
      if (!RunUntil(100 * kSimLease, [this] { return open_ == 0; })) {
        result_.problems.push_back(absl::StrCat("stuck: a draw at the end of ", name));
        return;
      }
      if (OperationOf(index).end == End::kExhausted) {
        rules.drained = true;
        break;
      }
    }
    if (!rules.drained) {
      result_.problems.push_back(absl::StrCat("stuck: ", name, " never ends"));
    }
  }
}

void Simulation::ReadCounters() {
  SimServer& server = *AnyServer();
  Operation op;
  op.kind = Kind::kUpdate;
  op.name = "counters";
  const std::size_t index = result_.history.operations.size();
  result_.history.operations.push_back(op);
  ++open_;
  auto call = std::make_unique<SimCall<engine::ReadCall>>(*this, server, index);
  call->counters = {"hot", "counter-1", "counter-2", "counter-3", "counter-4", "counter-5"};
  server.Start(std::move(call), [](SimServer& at, engine::Call& started) {
    at.engine().Read(static_cast<engine::ReadCall&>(started), at.Now());
  });
  RunUntil(100 * kSimLease, [this] { return open_ == 0; });
}

}  // namespace mintmark::testing
