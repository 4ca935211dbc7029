// What belongs to the process as a whole: signals, and waiting for a store.
#pragma once

#include <csignal>
#include <memory>
#include <optional>

#include "absl/status/statusor.h"
#include "server/config.h"
#include "src/core/time.h"
#include "src/engine/store.h"

namespace mintmark::server {

// The signals that ask for a stop: SIGTERM, SIGINT, and SIGHUP unless it was
// ignored at the start (nohup). To be made before any other thread, which then
// inherit that the signals are blocked.
class StopSignals {
 public:
  StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  // Waits for one of them, and returns its number.
  int Wait() const;

  // The same, for at most `most`.
  std::optional<int> WaitFor(Duration most) const;

  // From now on the next of them ends the process at once, with exit status 1.
  void ExitOnNext() const;

 private:
  sigset_t signals_{};
};

// Opens the store of the configuration. While it cannot be reached, tries again
// and again and says so in the log: at first, and then every ten seconds. Any
// other error is returned; Cancelled when a signal came meanwhile.
absl::StatusOr<std::unique_ptr<engine::Store>> OpenStoreWaiting(const Config& config,
                                                                const StopSignals& signals);

}  // namespace mintmark::server
