// A real server for tests: the program that was built, in a process of its own.
#pragma once

#include <signal.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tests/e2e/child_process.h"
#include "tests/e2e/reserved_port.h"
#include "tests/e2e/wait.h"
#include "tests/store/scratch_folder.h"

namespace mintmark::e2e {

// The path of the program that was built along with the tests: "mintmarkd", or
// "mintmark".
std::string ProgramPath(absl::string_view name);

// A mintmarkd on a port of its own, which it keeps over restarts. Killed in the end
// if it still runs; its log is shown when the test has failed.
//
// For one thread at a time, and to be started from a thread that outlives it.
class Mintmarkd {
 public:
  // Starts nothing. `flags` come after --listen, --store and --log-format.
  explicit Mintmarkd(std::string store_url, std::vector<std::string> flags = {});
  ~Mintmarkd();
  Mintmarkd(const Mintmarkd&) = delete;
  Mintmarkd& operator=(const Mintmarkd&) = delete;

  // Starts the process and waits until it is SERVING. An error holds the log.
  absl::Status Start();

  // Starts the process, and waits for nothing.
  void Launch();
  absl::Status WaitUntilServing();

  // SIGTERM. Returns the exit status as Wait() does, or nothing when the process
  // had to be killed because it did not end.
  std::optional<int> Stop();
  // SIGKILL, and waits until the process is gone.
  void Kill();
  // SIGSTOP and SIGCONT.
  void Pause();
  void Resume() { Signal(SIGCONT); }
  void Signal(int signal);

  // The exit status, or the number of the signal that ended it with a minus in
  // front; nothing when it still runs after `at_most`.
  std::optional<int> Wait(std::chrono::milliseconds at_most = kPatience);
  bool running() { return process_ != nullptr && process_->running(); }

  // Whether the log holds `text` before `at_most` has passed.
  bool WaitForLog(absl::string_view text, std::chrono::milliseconds at_most = kPatience) const;
  // Everything logged since construction, over all restarts.
  std::string log() const;

  const std::string& address() const { return port_.address(); }
  const std::string& store_url() const { return store_url_; }
  // For later starts.
  void set_flags(std::vector<std::string> flags) { flags_ = std::move(flags); }
  // NAME=VALUE, for later starts.
  void set_environment(std::vector<std::string> environment) {
    environment_ = std::move(environment);
  }

 private:
  const std::string store_url_;
  std::vector<std::string> flags_;
  std::vector<std::string> environment_;
  const ReservedPort port_;
  const testing::ScratchFolder folder_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace mintmark::e2e
