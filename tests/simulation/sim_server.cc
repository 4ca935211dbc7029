#include "tests/simulation/sim_server.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using engine::BatchOutcome;

constexpr StoreTimeUs kStoreStartUs = 1'800'000'000'000'000;
constexpr Duration kTick = std::chrono::milliseconds(20);
constexpr Duration kMs = std::chrono::milliseconds(1);

BatchOutcome Outcome(BatchOutcome::Kind kind) {
  return BatchOutcome{kind, absl::UnavailableError("a simulated fault")};
}

}  // namespace

SimWorld::SimWorld(std::uint64_t seed) : random(seed), store(kStoreStartUs) {}

void SimWorld::Trace(const std::string& line) const {
  if (trace == nullptr) return;
  const auto ms = std::chrono::duration<double, std::milli>(events.now().time_since_epoch());
  trace->push_back(absl::StrCat(ms.count(), " ms: ", line));
}

BatchOutcome SimWorld::Commit(Batch& batch) {
  store.SetTime(
      kStoreStartUs + store_offset_us +
      std::chrono::duration_cast<std::chrono::microseconds>(events.now().time_since_epoch())
          .count());
  store_highest_us = std::max(store_highest_us, store.time());
  return store.Run(batch);
}

SimServer::SimServer(SimWorld& world, int id, const engine::EngineOptions& options)
    : world_(world), id_(id) {
  clock_offset_ = world_.random.Between(std::chrono::seconds(1), std::chrono::hours(1000));
  engine::EngineOptions own = options;
  own.server = absl::StrCat("server-", id);
  own.jitter_seed = world_.random.Next();
  polls_.assign(static_cast<std::size_t>(own.lanes), kNever);
  engine_ = std::make_unique<engine::Engine>(
      own, [this](int lane) { Run(world_.events.now(), [this, lane] { Poll(lane); }); });
  for (int lane = 0; lane < own.lanes; ++lane) {
    Run(world_.events.now(), [this, lane] { Poll(lane); });
  }
  TickLater();
}

SimServer::~SimServer() = default;

void SimServer::Run(Time at, std::function<void()> event) {
  world_.events.At(at, [this, event = std::move(event)]() mutable {
    if (!alive_) return;
    if (paused_until_ > world_.events.now()) {
      Run(paused_until_, std::move(event));
      return;
    }
    event();
  });
}

void SimServer::TickLater() {
  Run(world_.events.now() + kTick, [this] {
    engine_->Tick(Now());
    TickLater();
  });
}

void SimServer::Start(std::unique_ptr<engine::Call> call,
                      void (*start)(SimServer&, engine::Call&)) {
  engine::Call* raw = call.get();
  calls_[raw] = std::move(call);
  Run(world_.events.now(), [this, raw, start] { start(*this, *raw); });
}

void SimServer::Answered(engine::Call& call) {
  // The engine is still in the call's Done().
  std::shared_ptr<engine::Call> gone = std::move(calls_[&call]);
  calls_.erase(&call);
  world_.events.At(world_.events.now(), [gone] {});
}

void SimServer::Poll(int lane) {
  std::unique_ptr<Batch> batch = engine_->TakeBatch(lane, Now());
  if (batch != nullptr) {
    Send(std::move(batch));
    return;
  }
  const Time wake = engine_->NextWake(lane);
  if (wake == kNever) return;
  const Time at = std::max(wake - clock_offset_, world_.events.now() + kMs);
  Time& planned = polls_[static_cast<std::size_t>(lane)];
  if (planned > world_.events.now() && planned <= at) return;
  planned = at;
  Run(at, [this, lane] { Poll(lane); });
}

void SimServer::Bring(const std::shared_ptr<std::unique_ptr<Batch>>& batch,
                      const BatchOutcome& outcome, Duration after) {
  Run(world_.events.now() + after, [this, batch, outcome] {
    const int lane = (*batch)->lane;
    engine_->Complete(std::move(*batch), outcome, Now());
    Poll(lane);
  });
}

void SimServer::Send(std::unique_ptr<Batch> batch) {
  Random& random = world_.random;
  const Duration there = random.Between(kMs / 10, 2 * kMs);
  const Duration back = random.Between(kMs / 10, 2 * kMs);
  const auto held = std::make_shared<std::unique_ptr<Batch>>(std::move(batch));
  // What travels is a copy: it may arrive late, twice, or after its server is down.
  const auto sent = std::make_shared<Batch>(**held);
  const auto arrive = [this, held, sent, back](bool heard) {
    const BatchOutcome outcome = world_.Commit(*sent);
    world_.Trace(
        absl::StrCat("batch ", sent->number(), " of session ", sent->session.id,
                     outcome.kind == BatchOutcome::Kind::kApplied ? " applied" : " fenced"));
    if (!heard || !alive_) return;
    **held = *sent;
    Bring(held, outcome, back);
  };
  EventQueue& events = world_.events;
  if (!world_.faults || !random.Chance(world_.fault_percent)) {
    events.After(there, [arrive] { arrive(true); });
    return;
  }
  const Duration lease = std::chrono::seconds(3);
  const std::int64_t fault = random.Between(1, 8);
  const BatchOutcome doubt = Outcome(BatchOutcome::Kind::kInDoubt);
  switch (fault) {
    case 1:
      world_.Count("fault.batch_slow");  // A lock is waited for.
      {
        const Duration wait = random.Between(kMs, 2 * lease);
        if (wait > lease / 2) world_.Count("cut_offs.slow_batch");
        events.After(wait, [arrive] { arrive(true); });
        return;
      }
    case 2:
      world_.Count("fault.batch_lost");
      Bring(held, doubt, back);
      return;
    case 3:
      world_.Count("fault.answer_lost");
      events.After(there, [arrive] { arrive(false); });
      Bring(held, doubt, there + back);
      return;
    case 4:
      world_.Count("fault.batch_late");  // Its server does not wait for it any more.
      events.After(random.Between(kMs, 2 * lease), [arrive] { arrive(false); });
      Bring(held, doubt, back);
      return;
    case 5:
      world_.Count("fault.batch_doubled");
      events.After(there, [arrive] { arrive(true); });
      events.After(random.Between(there, lease),
                   [this, again = *sent]() mutable { world_.Commit(again); });
      return;
    case 6:
      world_.Count("fault.store_unreachable");
      Bring(held, Outcome(BatchOutcome::Kind::kUnavailable), back);
      return;
    case 7:
      world_.Count("fault.batch_conflict");
      Bring(held, Outcome(BatchOutcome::Kind::kConflict), there + back);
      return;
    default:
      world_.Count("fault.batch_refused");
      Bring(held, Outcome(BatchOutcome::Kind::kRefused), there + back);
      return;
  }
}

void SimServer::Pause(Duration length) {
  paused_until_ = std::max(paused_until_, world_.events.now() + length);
}

void SimServer::AddCounts() {
  for (const engine::LaneStatus& lane : engine_->Status(Now())) {
    world_.counts["takeovers"] += lane.takeovers;
    world_.counts["takeovers.generators"] += lane.generator_takeovers;
    world_.counts["doubts.applied"] += lane.doubts_applied;
    world_.counts["doubts.not_applied"] += lane.doubts_not_applied;
    world_.counts["sessions.buried"] += lane.buried;
    world_.counts["commits"] += lane.commits;
  }
}

void SimServer::Crash() {
  AddCounts();
  alive_ = false;
}

void SimServer::Stop() {
  stopping_ = true;
  Run(world_.events.now(), [this] { engine_->BeginStop(Now()); });
}

}  // namespace mintmark::testing
