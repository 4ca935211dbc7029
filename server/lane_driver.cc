#include "server/lane_driver.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/clock.h"

namespace mintmark::server {
namespace {

using Kind = engine::BatchOutcome::Kind;

// The engine says when it wants to be asked again; this bounds what a machine
// that slept, or a mistake in that time, can cost.
constexpr Duration kLongestWait = std::chrono::milliseconds(100);
// And this one what a time in the past would cost that nothing is ready for.
constexpr Duration kShortestWait = std::chrono::milliseconds(1);
constexpr Duration kTick = std::chrono::milliseconds(10);

std::string Elapsed(Duration duration) {
  return absl::FormatDuration(
      absl::Milliseconds(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count()));
}

std::string Text(const absl::Status& status) { return std::string(status.message()); }

}  // namespace

void LaneSignal::Wake() {
  if (woken_.exchange(true, std::memory_order_acq_rel)) return;
  // Under the lock, so that the waiter is either before its look at woken_ or
  // asleep already.
  const MutexLock lock(mutex_);
  condition_.notify_one();
}

void LaneSignal::Wait(Duration most) {
  {
    const MutexLock lock(mutex_);
    if (!woken_.load(std::memory_order_acquire)) condition_.wait_for(mutex_, most);
  }
  // An exchange, not a store: who woke it in this moment has prepared something,
  // and what it prepared has to be seen afterwards.
  woken_.exchange(false, std::memory_order_acq_rel);
}

void LaneLog::Note(const engine::Batch& batch, const engine::BatchOutcome& outcome, Time now) {
  switch (outcome.kind) {
    case Kind::kApplied:
      NoteApplied(batch, now);
      break;
    case Kind::kUnavailable:
      if (!away_since_.has_value()) {
        away_since_ = now;
        spdlog::warn("Lane {}: the store is away; calls that need it fail until it is back: {}",
                     lane_, Text(outcome.status));
      }
      break;
    case Kind::kInDoubt:
      if (!doubtful_batch_.has_value() && batch.kind != engine::Batch::Kind::kResolveDoubt) {
        doubtful_batch_ = batch.number();
        spdlog::warn("Lane {}: the outcome of batch {} is in doubt and is being found out: {}",
                     lane_, batch.number(), Text(outcome.status));
      }
      break;
    case Kind::kRefused:
      if (refusal_ != outcome.status.message()) {
        refusal_ = Text(outcome.status);
        spdlog::warn("Lane {}: the store refused a batch: {}", lane_, refusal_);
      }
      break;
    case Kind::kFenced:
      spdlog::warn("Lane {}: the session was fenced by another server or an operator: {}", lane_,
                   Text(outcome.status));
      break;
    case Kind::kConflict:
      spdlog::debug("Lane {}: a batch met a conflict and is planned anew: {}", lane_,
                    Text(outcome.status));
      break;
  }
}

void LaneLog::NoteApplied(const engine::Batch& batch, Time now) {
  refusal_.clear();
  if (away_since_.has_value()) {
    spdlog::info("Lane {}: the store is back after {}.", lane_, Elapsed(now - *away_since_));
    away_since_.reset();
  }
  if (batch.kind == engine::Batch::Kind::kResolveDoubt && doubtful_batch_.has_value()) {
    const bool applied = batch.resolution.found && batch.resolution.last_batch >= *doubtful_batch_;
    spdlog::info("Lane {}: batch {} was {}applied; the doubt is resolved.", lane_, *doubtful_batch_,
                 applied ? "" : "not ");
    doubtful_batch_.reset();
  }
  const auto taken_over = std::count_if(
      batch.acquires.begin(), batch.acquires.end(), [](const engine::Acquire& acquire) {
        return acquire.taken_over && acquire.result == engine::Acquire::Result::kAcquired;
      });
  if (taken_over > 0) {
    spdlog::info("Lane {}: took over {} shard(s) from servers that are gone.", lane_, taken_over);
  }
  NoteSuspect(batch.report.suspect);
}

void LaneLog::NoteSuspect(bool suspect) {
  if (suspect && !suspect_) {
    spdlog::error(
        "Lane {}: the store went back in time (an asynchronous failover or a restored backup?); "
        "nothing is issued before an operator fences it.",
        lane_);
  } else if (!suspect && suspect_) {
    spdlog::info("Lane {}: the store is no longer suspect.", lane_);
  }
  suspect_ = suspect;
}

LaneDriver::LaneDriver(engine::Engine& engine, LaneSignal& signal, int lane,
                       std::unique_ptr<engine::StoreLane> store_lane)
    : engine_(engine), signal_(signal), lane_(lane), store_lane_(std::move(store_lane)) {}

LaneDriver::~LaneDriver() { Stop(); }

void LaneDriver::Stop() {
  RequestStop();
  if (thread_.joinable()) thread_.join();
}

void LaneDriver::Start() {
  thread_ = std::thread([this] { Run(); });
}

void LaneDriver::RequestStop() {
  stop_.store(true, std::memory_order_release);
  signal_.Wake();
}

std::string LaneDriver::last_error() const {
  const MutexLock lock(mutex_);
  return last_error_;
}

void LaneDriver::Run() {
  LaneLog log(lane_);
  while (!stop_.load(std::memory_order_acquire)) {
    std::unique_ptr<engine::Batch> batch = engine_.TakeBatch(lane_, BootNow());
    if (batch == nullptr) {
      const Duration until_wake = engine_.NextWake(lane_) - BootNow();
      signal_.Wait(std::clamp(until_wake, kShortestWait, kLongestWait));
      continue;
    }
    const engine::BatchOutcome outcome = store_lane_->Run(*batch);
    const Time now = BootNow();
    log.Note(*batch, outcome, now);
    SetLastError(outcome.kind == Kind::kApplied ? absl::OkStatus() : outcome.status);
    engine_.Complete(std::move(batch), outcome, now);
  }
}

void LaneDriver::SetLastError(const absl::Status& status) {
  if (status.ok() && !failing_) return;
  failing_ = !status.ok();
  const MutexLock lock(mutex_);
  last_error_ = Text(status);
}

Ticker::~Ticker() { Stop(); }

void Ticker::Start() {
  thread_ = std::thread([this] {
    while (!stop_.load(std::memory_order_acquire)) {
      engine_.Tick(BootNow());
      signal_.Wait(kTick);
    }
  });
}

void Ticker::Stop() {
  stop_.store(true, std::memory_order_release);
  signal_.Wake();
  if (thread_.joinable()) thread_.join();
}

}  // namespace mintmark::server
