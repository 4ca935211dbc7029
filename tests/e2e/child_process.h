// A program that a test runs.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/wait.h"

namespace mintmark::e2e {

struct Command {
  std::vector<std::string> arguments;    // The program first, with its path.
  std::vector<std::string> environment;  // NAME=VALUE, besides those of this process.
  // What the program prints is appended to this file.
  std::string output_path;
};

// Starts the program, and kills it in the end if it still runs. It is killed too
// when the thread that started it ends, so that a test that crashes leaves nothing
// behind: start it from a thread that outlives it.
//
// For one thread at a time.
class ChildProcess {
 public:
  // Variables MINTMARKD_* of this process do not reach the program.
  explicit ChildProcess(const Command& command);
  ~ChildProcess();
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  pid_t pid() const { return pid_; }

  // Nothing happens when it has ended already.
  void Signal(int signal);
  // Stops it (SIGSTOP), and returns once all of its threads stand still.
  void Pause();

  // The exit status, or the number of the signal that ended it with a minus in
  // front, or nothing when it still runs after `at_most`.
  std::optional<int> Wait(std::chrono::milliseconds at_most = kPatience);

  bool running() { return !Wait(std::chrono::milliseconds(0)).has_value(); }

 private:
  pid_t pid_ = -1;
  std::optional<int> status_;
};

// Runs a program to its end and returns its exit status, or nothing when it took
// too long and was killed. `output` gets what it printed.
std::optional<int> RunProgram(const std::vector<std::string>& arguments, std::string* output,
                              std::chrono::milliseconds at_most = 2 * kPatience);

// Everything in a file; empty when there is none.
std::string ReadFile(const std::string& path);

}  // namespace mintmark::e2e
