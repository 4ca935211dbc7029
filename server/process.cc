#include "server/process.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <string>

#include "server/clock.h"
#include "src/core/reason.h"
#include "src/store/open_store.h"

namespace mintmark::server {
namespace {

constexpr Duration kSayAgain = std::chrono::seconds(10);
constexpr std::array kStopSignals = {SIGTERM, SIGINT, SIGHUP};

extern "C" void ExitNow(int /*signal*/) { _exit(1); }

bool IsIgnored(int signal) {
  struct sigaction action {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

StopSignals::StopSignals() {
  sigemptyset(&signals_);
  for (const int signal : kStopSignals) {
    if (signal != SIGHUP || !IsIgnored(signal)) sigaddset(&signals_, signal);
  }
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  // A log that nobody reads any more must not end the process.
  std::signal(SIGPIPE, SIG_IGN);
}

int StopSignals::Wait() const {
  int signal = 0;
  while (sigwait(&signals_, &signal) != 0) {
  }
  return signal;
}

std::optional<int> StopSignals::WaitFor(Duration most) const {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(most);
  timespec timeout{};
  timeout.tv_sec = seconds.count();
  timeout.tv_nsec = (most - seconds).count();
  const int signal = sigtimedwait(&signals_, nullptr, &timeout);
  return signal > 0 ? std::optional(signal) : std::nullopt;
}

void StopSignals::ExitOnNext() const {
  // A handler rather than the default action, which the first process of a
  // container does not have.
  for (const int signal : kStopSignals) {
    if (sigismember(&signals_, signal) == 1) std::signal(signal, &ExitNow);
  }
  pthread_sigmask(SIG_UNBLOCK, &signals_, nullptr);
}

absl::StatusOr<std::unique_ptr<engine::Store>> OpenStoreWaiting(const Config& config,
                                                                const StopSignals& signals) {
  Duration pause = config.retry_first;
  std::optional<Time> said;
  while (true) {
    absl::StatusOr<std::unique_ptr<engine::Store>> store =
        store::OpenStore(config.store, StoreOptionsOf(config));
    if (ReasonOf(store.status()) != Reason::kStoreUnavailable) {
      if (store.ok() && said.has_value()) spdlog::info("The store can be reached now.");
      return store;
    }
    if (!said.has_value() || BootNow() - *said >= kSayAgain) {
      said = BootNow();
      spdlog::warn("Waiting for the store, since it cannot be reached: {}",
                   std::string(store.status().message()));
    }
    if (signals.WaitFor(pause).has_value()) {
      return absl::CancelledError("Asked to stop before the store could be reached.");
    }
    pause = std::min(2 * pause, config.retry_most);
  }
}

}  // namespace mintmark::server
