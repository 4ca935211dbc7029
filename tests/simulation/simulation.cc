#include "tests/simulation/simulation.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"
#include "tests/simulation/checker.h"
#include "tests/simulation/simulation_run.h"

namespace mintmark::testing {
namespace {

using engine::Call;

constexpr Duration kMostInterval = std::chrono::seconds(2);
constexpr Duration kMs = std::chrono::milliseconds(1);
constexpr std::size_t kTraceLines = 200;

}  // namespace

void Simulation::Fill(std::size_t operation, const engine::NextCall& call) {
  Operation& op = OperationOf(operation);
  op.ranges.assign(call.ranges.begin(), call.ranges.end());
  op.generation = call.generation;
  op.replayed = call.replayed;
}

void Simulation::Fill(std::size_t operation, const engine::IncrCall& call) {
  Operation& op = OperationOf(operation);
  op.value = call.value;
  op.durable = call.durable;
  op.replayed = call.replayed;
}

void Simulation::Fill(std::size_t operation, const engine::SequenceCall& call) {
  OperationOf(operation).generation = call.view.row.generation;
}

void Simulation::Fill(std::size_t, const engine::ReadCall& call) {
  for (std::size_t i = 0; i < call.counters.size(); ++i) {
    result_.history.counters[call.counters[i]] = call.values[i];
  }
}

void Simulation::Ended(std::size_t operation, const absl::Status& status) {
  Operation& op = OperationOf(operation);
  --open_;
  op.ended = world_.events.now();
  op.error = std::string(ReasonName(ReasonOf(status)));
  if (status.ok()) {
    op.end = End::kOk;
  } else if (status.code() == absl::StatusCode::kDeadlineExceeded) {
    op.end = End::kLate;
  } else if (ReasonOf(status) == Reason::kCommitInDoubt) {
    op.end = End::kUnknown;
  } else if (ReasonOf(status) == Reason::kSequenceExhausted) {
    op.end = End::kExhausted;
  } else {
    op.end = End::kRefused;
  }
  world_.Count(absl::StrCat("ended.", status.ok() ? "ok" : op.error));
  std::string ids;
  for (const engine::IdRange& range : op.ranges) {
    absl::StrAppend(&ids, " ", range.first, "-", range.last);
  }
  world_.Trace(absl::StrCat("server ", op.server, " answers operation ", operation, " on ", op.name,
                            ": ", status.ok() ? "ok" : op.error, ids, " generation ", op.generation,
                            " value ", op.value, op.durable ? "" : " deferred",
                            op.replayed ? " replayed" : "", " delta ", op.delta));
}

SimServer& Simulation::AddServer() {
  options_.lanes = world_.random.Chance(30) ? 2 : 1;
  servers_.push_back(
      std::make_unique<SimServer>(world_, static_cast<int>(servers_.size()) + 1, options_));
  world_.Trace(absl::StrCat("server ", servers_.back()->id(), " starts"));
  return *servers_.back();
}

SimServer* Simulation::AnyServer() {
  std::vector<SimServer*> able;
  for (const auto& server : servers_) {
    if (server->alive() && !server->stopping()) able.push_back(server.get());
  }
  if (able.empty()) return nullptr;
  return able[static_cast<std::size_t>(
      world_.random.Between(0, static_cast<std::int64_t>(able.size()) - 1))];
}

void Simulation::DefineSequence(const std::string& name, const SequenceRules& rules,
                                engine::SettingsPatch patch) {
  result_.history.sequences[name] = rules;
  StartAdmin(*servers_.front(), engine::SequenceCall::Kind::kCreate, name, std::move(patch),
             Kind::kUpdate);
}

void Simulation::SetUp() {
  Random& random = world_.random;
  options_.lease = kSimLease;
  options_.heartbeat = std::chrono::milliseconds(200);
  options_.idle_give_back = std::chrono::seconds(2);
  options_.evict_after = std::chrono::seconds(5);
  options_.held_patience = std::chrono::milliseconds(500);
  options_.drain_patience = std::chrono::milliseconds(300);
  options_.window_min = 5;
  options_.window_max = 40;
  world_.fault_percent = static_cast<double>(random.Between(1, 12));
  admin_ = random.Chance(60);
  crashes_ = random.Chance(70);
  // A store that is slow or away holds up what was deferred before it was.
  result_.history.deferred_interval = kMostInterval + 4 * kSimLease;
  for (int i = 0; i < 3; ++i) AddServer();

  const auto rules_of = [&](std::int64_t step, std::int64_t count) {
    SequenceRules rules;
    rules.space.step = step;
    rules.space.min_id = random.Chance(20) ? INT64_MIN : random.Between(-50, 50);
    rules.space.max_id = rules.space.min_id + (count - 1) * step;
    return rules;
  };
  const auto define = [&](const std::string& name, std::int32_t shards,
                          std::optional<std::int64_t> max_gap) {
    SequenceRules rules = rules_of(random.Chance(30) ? 7 : 1, random.Between(60, 500));
    rules.shards = shards;
    rules.strict = shards == 0;
    rules.max_gap = max_gap.value_or(options_.window_max);
    engine::SettingsPatch patch;
    patch.min_id = rules.space.min_id;
    patch.max_id = rules.space.max_id;
    patch.step = rules.space.step;
    patch.shards = shards;
    if (max_gap.has_value()) patch.max_gap = max_gap;
    if (shards > 0 && random.Chance(60)) patch.chunk_size = random.Between(3, 30);
    DefineSequence(name, rules, std::move(patch));
  };
  define("adaptive", static_cast<std::int32_t>(random.Between(1, 4)), std::nullopt);
  define("windowed", static_cast<std::int32_t>(random.Between(1, 4)), random.Between(1, 15));
  define("gapless", static_cast<std::int32_t>(random.Between(1, 3)), 0);
  define("strict", 0, 0);
  guids_.SetUp();
}

void Simulation::StartAdmin(SimServer& server, engine::SequenceCall::Kind kind,
                            const std::string& name, engine::SettingsPatch patch, Kind as) {
  Operation op;
  op.kind = as;
  op.name = name;
  op.server = server.id();
  op.started = world_.events.now();
  const std::size_t index = result_.history.operations.size();
  result_.history.operations.push_back(op);
  ++open_;
  auto call = std::make_unique<SimCall<engine::SequenceCall>>(*this, server, index);
  call->kind = kind;
  call->name = name;
  call->patch = std::move(patch);
  call->allow_reuse = true;
  server.Start(std::move(call), [](SimServer& at, Call& started) {
    at.engine().Sequence(static_cast<engine::SequenceCall&>(started), at.Now());
  });
}

void Simulation::StartDraw(SimServer& server, const Operation& operation) {
  Operation op = operation;
  op.server = server.id();
  op.started = world_.events.now();
  const std::size_t index = result_.history.operations.size();
  auto call = std::make_unique<SimCall<engine::NextCall>>(*this, server, index);
  call->sequence = op.name;
  call->n = op.n;
  call->allow_partial = op.allow_partial;
  call->one_range = op.kind == Kind::kReserve;
  call->exact = op.exact;
  call->request_id = op.request_id;
  if (world_.faults && world_.random.Chance(25)) {
    call->deadline = server.Now() + world_.random.Between(20 * kMs, 2000 * kMs);
  }
  if (!op.request_id.empty()) keyed_.push_back(index);
  result_.history.operations.push_back(std::move(op));
  ++open_;
  server.Start(std::move(call), [](SimServer& at, Call& started) {
    at.engine().Next(static_cast<engine::NextCall&>(started), at.Now());
  });
}

void Simulation::StartIncr(SimServer& server, const Operation& operation) {
  Operation op = operation;
  op.server = server.id();
  op.started = world_.events.now();
  const std::size_t index = result_.history.operations.size();
  auto call = std::make_unique<SimCall<engine::IncrCall>>(*this, server, index);
  call->counter = op.name;
  call->delta = op.delta;
  call->deferred = op.deferred;
  call->update_interval = world_.random.Between(50 * kMs, kMostInterval);
  call->request_id = op.request_id;
  if (world_.faults && world_.random.Chance(25)) {
    call->deadline = server.Now() + world_.random.Between(20 * kMs, 2000 * kMs);
  }
  if (!op.request_id.empty()) keyed_.push_back(index);
  result_.history.operations.push_back(std::move(op));
  ++open_;
  server.Start(std::move(call), [](SimServer& at, Call& started) {
    at.engine().Incr(static_cast<engine::IncrCall&>(started), at.Now());
  });
}

void Simulation::Draw(const std::string& name) {
  SimServer* server = AnyServer();
  if (server == nullptr) return;
  Random& random = world_.random;
  Operation op;
  op.kind = random.Chance(15) ? Kind::kReserve : Kind::kNext;
  op.name = name;
  op.n = random.Chance(85) ? random.Between(1, 4) : random.Between(1, 25);
  op.allow_partial = op.kind == Kind::kNext && random.Chance(10);
  op.exact = op.kind == Kind::kReserve && random.Chance(30);
  if (random.Chance(20)) {
    op.request_id = absl::StrCat("key-", result_.history.operations.size());
  }
  StartDraw(*server, op);
}

void Simulation::Increment() {
  SimServer* server = AnyServer();
  if (server == nullptr) return;
  Random& random = world_.random;
  Operation op;
  op.kind = Kind::kIncr;
  op.name = random.Chance(70) ? "hot" : absl::StrCat("counter-", random.Between(1, 5));
  op.delta = random.Between(1, 9);
  if (random.Chance(30)) {
    op.deferred = true;
  } else if (random.Chance(30)) {
    op.request_id = absl::StrCat("key-", result_.history.operations.size());
  }
  StartIncr(*server, op);
}

// A client that did not hear, or did not like what it heard, asks again: the same
// server or another, soon or late.
void Simulation::Retry() {
  SimServer* server = AnyServer();
  if (server == nullptr || keyed_.empty()) return;
  const auto last = static_cast<std::int64_t>(keyed_.size()) - 1;
  const std::size_t index = keyed_[static_cast<std::size_t>(
      world_.random.Between(std::max<std::int64_t>(0, last - 8), last))];
  world_.Count("client.retry");
  StartAgain(*server, OperationOf(index));
}

void Simulation::StartAgain(SimServer& server, const Operation& operation) {
  Operation again;
  again.kind = operation.kind;
  again.name = operation.name;
  again.n = operation.n;
  again.allow_partial = operation.allow_partial;
  again.exact = operation.exact;
  again.request_id = operation.request_id;
  again.delta = operation.delta;
  if (again.kind == Kind::kIncr) {
    StartIncr(server, again);
  } else {
    StartDraw(server, again);
  }
}

void Simulation::Admin() {
  SimServer* server = AnyServer();
  if (server == nullptr) return;
  Random& random = world_.random;
  const std::int64_t what = random.Between(1, 4);
  engine::SettingsPatch patch;
  if (what == 1) {
    world_.Count("admin.reset");
    const char* name = random.Chance(50) ? "adaptive" : "strict";
    StartAdmin(*server, engine::SequenceCall::Kind::kReset, name, patch, Kind::kReset);
  } else if (what == 2) {
    world_.Count("admin.tighten");
    SequenceRules& rules = result_.history.sequences["windowed"];
    rules.tightened = true;
    if (random.Chance(50)) {
      patch.max_gap = std::optional<std::int64_t>(0);
    } else {
      patch.shards = 0;
    }
    StartAdmin(*server, engine::SequenceCall::Kind::kUpdate, "windowed", patch, Kind::kTighten);
  } else if (what == 3) {
    world_.Count("admin.update");
    patch.chunk_size = std::optional<std::int64_t>(random.Between(2, 40));
    StartAdmin(*server, engine::SequenceCall::Kind::kUpdate, "gapless", patch, Kind::kUpdate);
  } else {
    world_.Count("admin.get");
    StartAdmin(*server, engine::SequenceCall::Kind::kGet, "gapless", patch, Kind::kUpdate);
  }
}

void Simulation::CrashOne() {
  SimServer* server = AnyServer();
  if (server == nullptr) return;
  world_.Count("fault.crash");
  world_.Trace(absl::StrCat("server ", server->id(), " crashes"));
  server->Crash();
  result_.history.crashes.push_back({server->id(), world_.events.now()});
  for (Operation& op : result_.history.operations) {
    if (op.server != server->id() || op.end != End::kOpen) continue;
    op.end = End::kUnknown;
    op.ended = world_.events.now();
    op.error = "server down";
    --open_;
  }
  AddServer();
}

void Simulation::FaultStep() {
  Random& random = world_.random;
  SimServer* server = AnyServer();
  if (server == nullptr) return;
  const std::int64_t what = random.Between(1, 10);
  ++faults_;
  if (what <= 2 && crashes_) {
    CrashOne();
  } else if (what <= 4) {
    const bool is_long = random.Chance(40);
    const Duration length = is_long ? random.Between(kSimLease, 3 * kSimLease)
                                    : random.Between(50 * kMs, kSimLease / 2);
    world_.Count(is_long ? "fault.pause_past_lease" : "fault.pause");
    world_.Trace(absl::StrCat("server ", server->id(), " pauses for ", length / kMs, " ms"));
    result_.history.cut_offs += is_long ? 1 : 0;
    server->Pause(length);
  } else if (what <= 6) {
    world_.Count("fault.clean_stop");
    world_.Trace(absl::StrCat("server ", server->id(), " stops"));
    server->Stop();
    AddServer();
  } else if (what <= 8) {
    world_.Count("fault.store_clock_jump");
    const StoreTimeUs hour = 3'600'000'000;
    world_.store_offset_us += random.Chance(50) ? hour : -hour;
  } else {
    // A while in which most batches go wrong.
    world_.Count("fault.storm");
    world_.fault_percent = 70;
    result_.history.cut_offs += static_cast<std::int64_t>(servers_.size());
    world_.events.After(random.Between(100 * kMs, kSimLease), [this] {
      world_.fault_percent = static_cast<double>(world_.random.Between(1, 12));
    });
  }
}

void Simulation::ClientStep() {
  const bool enough = static_cast<int>(result_.history.operations.size()) >= operations_;
  if (enough && faults_ >= 5) return;
  Random& random = world_.random;
  const std::int64_t what = random.Between(1, 100);
  if (what <= 50) {
    static const char* const kNames[] = {"adaptive", "windowed", "gapless", "strict"};
    Draw(kNames[random.Between(0, 3)]);
  } else if (what <= 85) {
    Increment();
  } else if (what <= 97) {
    Retry();
  } else if (admin_ && what <= 98) {
    Admin();
  } else if (what == 100) {
    FaultStep();
  }
  if (random.Chance(50)) guids_.Step();
  const bool burst = random.Chance(40);
  world_.events.After(burst ? Duration(0) : random.Between(kMs, 80 * kMs),
                      [this] { ClientStep(); });
}

bool Simulation::RunUntil(Duration most, const std::function<bool()>& done) {
  const Time end = world_.events.now() + most;
  while (!done()) {
    if (world_.events.now() > end || !world_.events.Step()) return done();
    if (result_.trace.size() > 2 * kTraceLines) {
      result_.trace.erase(result_.trace.begin(), result_.trace.end() - kTraceLines);
    }
  }
  return true;
}

SimulationResult Simulation::Run() {
  SetUp();
  world_.faults = false;
  if (!RunUntil(10 * kSimLease, [this] { return AllAnswered(); })) {
    result_.problems.push_back("stuck: sequences and groups could not be made");
    return std::move(result_);
  }
  world_.faults = true;
  ClientStep();
  RunUntil(std::chrono::hours(1), [this] {
    return static_cast<int>(result_.history.operations.size()) >= operations_ && faults_ >= 5;
  });
  Quiesce();
  if (result_.problems.empty()) {
    AddServer();
    AddServer();
    ResolveKeys();
    DrainAll();
    ReadCounters();
  }
  result_.history.cut_offs += world_.counts["cut_offs.slow_batch"];
  guids_.Audit();
  for (const std::string& problem : guids_.problems()) result_.problems.push_back(problem);
  for (const std::string& problem : Check(result_.history)) result_.problems.push_back(problem);
  for (const auto& server : servers_) {
    if (server->alive()) server->Crash();  // Adds what it counted.
  }
  world_.counts["operations"] = static_cast<std::int64_t>(result_.history.operations.size());
  result_.counts = world_.counts;
  return std::move(result_);
}

SimulationResult Simulate(std::uint64_t seed, int operations, bool trace) {
  return Simulation(seed, operations, trace).Run();
}

const std::vector<std::string>& CountsThatMatter() {
  static const auto* const kCounts = new std::vector<std::string>{
      "fault.crash",
      "fault.pause",
      "fault.pause_past_lease",
      "fault.clean_stop",
      "fault.store_clock_jump",
      "fault.storm",
      "fault.batch_slow",
      "fault.batch_lost",
      "fault.answer_lost",
      "fault.batch_late",
      "fault.batch_doubled",
      "fault.store_unreachable",
      "fault.batch_conflict",
      "fault.batch_refused",
      "takeovers",
      "sessions.buried",
      "doubts.applied",
      "doubts.not_applied",
      "client.retry",
      "takeovers.generators",
      "guid.ok",
      "guid.client_lease",
      "guid.client_minted",
      "guid.client_minted_past_its_lease",
      "guid.client_renewed",
      "guid.client_lost_its_lease",
      "guid.client_released",
      "guid.client_lie",
      "guid.group_deleted",
      "admin.reset",
      "admin.tighten",
  };
  return *kCounts;
}

}  // namespace mintmark::testing
