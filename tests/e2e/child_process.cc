#include "tests/e2e/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "absl/strings/match.h"
#include "src/core/check.h"
#include "tests/store/scratch_folder.h"

namespace mintmark::e2e {
namespace {

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::vector<std::string> EnvironmentWith(const std::vector<std::string>& added) {
  std::vector<std::string> environment = added;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!absl::StartsWith(*variable, "MINTMARKD_")) environment.emplace_back(*variable);
  }
  return environment;
}

// Runs between fork and exec in a process that had several threads: nothing here
// may take a lock or allocate.
[[noreturn]] void Become(char** arguments, char** environment, int output) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  execve(arguments[0], arguments, environment);
  constexpr int kNotFound = 127;
  _exit(kNotFound);
}

// Of a process that has ended.
int StatusOf(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status); }

}  // namespace

ChildProcess::ChildProcess(const Command& command) {
  std::vector<std::string> arguments = command.arguments;
  std::vector<std::string> environment = EnvironmentWith(command.environment);
  const std::vector<char*> argument_pointers = Pointers(arguments);
  const std::vector<char*> environment_pointers = Pointers(environment);
  const int output =
      open(command.output_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  MINTMARK_CHECK(output >= 0);
  pid_ = fork();
  MINTMARK_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    Become(const_cast<char**>(argument_pointers.data()),
           const_cast<char**>(environment_pointers.data()), output);
  }
  close(output);
}

ChildProcess::~ChildProcess() {
  if (status_.has_value()) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

void ChildProcess::Signal(int signal) {
  if (running()) kill(pid_, signal);
}

void ChildProcess::Pause() {
  if (!running()) return;
  kill(pid_, SIGSTOP);
  int status = 0;
  if (waitpid(pid_, &status, WUNTRACED) == pid_ && !WIFSTOPPED(status)) status_ = StatusOf(status);
}

std::optional<int> ChildProcess::Wait(std::chrono::milliseconds at_most) {
  const auto ended = [this] {
    if (status_.has_value()) return true;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return false;
    status_ = StatusOf(status);
    return true;
  };
  WaitUntil(ended, at_most);
  return status_;
}

std::optional<int> RunProgram(const std::vector<std::string>& arguments, std::string* output,
                              std::chrono::milliseconds at_most) {
  const testing::ScratchFolder folder;
  const std::string path = folder.Path("output");
  ChildProcess process({.arguments = arguments, .environment = {}, .output_path = path});
  const std::optional<int> status = process.Wait(at_most);
  *output = ReadFile(path);
  return status;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace mintmark::e2e
