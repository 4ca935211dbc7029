// Calls with bytes, for messages that no generated stub would send.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "tests/e2e/wait.h"

namespace mintmark::e2e {

// A connection to "HOST:PORT" that is shared with no other channel.
std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address);

// The answer to a unary call.
struct RawAnswer {
  grpc::Status status;
  std::string reason;  // From the trailing metadata key `mintmark-reason`.
  std::string bytes;   // The response, when the status is OK.
};

// Calls "/package.Service/Method" and waits for the connection and the answer.
RawAnswer RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  absl::string_view request, std::chrono::milliseconds timeout = kPatience);

// Whether the server's health service says that the whole of it is SERVING. Takes
// half a second when nobody listens there.
bool IsServing(const std::shared_ptr<grpc::Channel>& channel);

}  // namespace mintmark::e2e
