// The process's log: readable lines on a terminal, JSON lines otherwise.
#pragma once

#include <string>

#include "absl/strings/string_view.h"
#include "server/config.h"

namespace mintmark::server {

// Sets spdlog's default logger up as the configuration says, on standard error,
// and sends there what gRPC and Protocol Buffers have to say.
void SetUpLogging(const Config& config);

// While one of these lives, what gRPC reports as errors goes to the debug level:
// for steps whose failure the caller reports itself, in one sentence.
class QuietGrpc {
 public:
  QuietGrpc();
  ~QuietGrpc();
  QuietGrpc(const QuietGrpc&) = delete;
  QuietGrpc& operator=(const QuietGrpc&) = delete;
};

// One JSON object, without a line's end: time, level, message.
std::string JsonLogLine(absl::string_view time, absl::string_view level, absl::string_view message);

}  // namespace mintmark::server
