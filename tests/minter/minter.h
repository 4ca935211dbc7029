// A process that mints GUIDs under a client lease.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tests/e2e/child_process.h"
#include "tests/e2e/mintmarkd.h"
#include "tests/store/scratch_folder.h"

namespace mintmark::e2e {

struct MinterSettings {
  std::string group;
  std::int64_t count = 0;
  std::int64_t batch = 500;
  std::int64_t pause_us = 0;  // Between two batches.
};

// Killed in the end if it still runs. For one thread at a time.
class Minter {
 public:
  // Starts it; it knows these servers.
  Minter(const std::vector<const Mintmarkd*>& servers, const MinterSettings& settings);

  // What it has written so far, in order.
  std::vector<std::int64_t> guids() const;
  // SIGSTOP, SIGCONT, SIGKILL.
  void Signal(int signal) { process_->Signal(signal); }
  // Its exit status; see ChildProcess.
  std::optional<int> Wait() { return process_->Wait(); }
  // What it printed: its failures.
  std::string log() const { return ReadFile(folder_.Path("log")); }

 private:
  const testing::ScratchFolder folder_;
  std::unique_ptr<ChildProcess> process_;
};

}  // namespace mintmark::e2e
