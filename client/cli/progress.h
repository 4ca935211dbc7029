// How far a long command has come, for the person who waits for it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

namespace mintmark::client {

// A bar with the figures beside it, no wider than `width` columns:
//   "[########----------------]  33%  1000000 of 3000000 ids  2s left"
std::string ProgressLine(std::int64_t done, std::int64_t total, std::chrono::milliseconds elapsed,
                         std::size_t width);

// Whether somebody watches the stream.
bool IsTerminal(std::FILE* stream);

// A line of a terminal that is written over and over, and removed in the end.
class Progress {
 public:
  // Borrows `terminal`; writes nothing when it is null.
  Progress(std::FILE* terminal, std::int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // Shows it, unless it was shown a moment ago.
  void Update(std::int64_t done);

 private:
  using Clock = std::chrono::steady_clock;

  std::FILE* const terminal_;
  const std::int64_t total_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point shown_;
};

}  // namespace mintmark::client
