// A program started by a test.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "src/core/check.h"

namespace mintmark::server {

// Runs until it ends by itself, or is killed by the destructor. Used from one
// thread.
class ChildProcess {
 public:
  // `environment` alone, nothing of this process's.
  ChildProcess(const std::string& program, const std::vector<std::string>& arguments,
               const std::vector<std::string>& environment = {}) {
    std::array<int, 2> ends{};
    MINTMARK_CHECK(pipe2(ends.data(), O_CLOEXEC | O_NONBLOCK) == 0);
    output_end_ = ends[0];
    posix_spawn_file_actions_t actions{};
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
    std::vector<char*> argv = {const_cast<char*>(program.c_str())};
    for (const std::string& text : arguments) argv.push_back(const_cast<char*>(text.c_str()));
    argv.push_back(nullptr);
    std::vector<char*> envp;
    for (const std::string& text : environment) envp.push_back(const_cast<char*>(text.c_str()));
    envp.push_back(nullptr);
    MINTMARK_CHECK(
        posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), envp.data()) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
  }

  ~ChildProcess() {
    if (!status_.has_value()) {
      Signal(SIGKILL);
      Wait();
    }
    close(output_end_);
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  void Signal(int signal) const { kill(pid_, signal); }

  // Waits until its output holds `text`; false when it ended, or 20 s passed,
  // without.
  bool AwaitOutput(const std::string& text) {
    return Await([&] { return output().find(text) != std::string::npos; });
  }

  // Waits for its end: the exit status, or minus the signal that killed it, or
  // nothing when it still runs after 20 s.
  std::optional<int> Wait() {
    Await([] { return false; });
    return status_;
  }

  // All that it wrote so far, to both streams.
  const std::string& output() {
    std::array<char, 4096> block{};
    ssize_t size = 0;
    while ((size = read(output_end_, block.data(), block.size())) > 0) {
      output_.append(block.data(), static_cast<std::size_t>(size));
    }
    return output_;
  }

 private:
  // Until `done`, until it has ended, or for 20 s.
  template <typename Done>
  bool Await(const Done& done) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (HasEnded() || std::chrono::steady_clock::now() > end) return done();
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
    return true;
  }

  bool HasEnded() {
    if (status_.has_value()) return true;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    status_ = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
    return true;
  }

  pid_t pid_ = 0;
  int output_end_ = -1;
  std::string output_;
  std::optional<int> status_;
};

}  // namespace mintmark::server
