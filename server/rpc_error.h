// How an error reaches a client: code, message, reason and details.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mintmark::server {

// What a call was about, for the metadata of ErrorInfo: {"sequence": "orders"}.
// `kind` is empty when that is not known.
struct Subject {
  absl::string_view kind;
  absl::string_view name;
};

// An error of an rpc, ready to be sent.
struct RpcError {
  // Code, message, and a serialised google.rpc.Status, which gRPC sends as
  // `grpc-status-details-bin`; it holds ErrorInfo, and RetryInfo where a retry
  // may help. Without a reason there are no details.
  grpc::Status status;
  std::string reason;                       // For `mintmark-reason`; empty: not sent.
  std::optional<std::int64_t> pushback_ms;  // For `grpc-retry-pushback-ms`.
};

// `status` is not OK.
RpcError MakeRpcError(const absl::Status& status, const Subject& subject);

// Adds the trailing metadata of the error to the reply and returns its status.
grpc::Status PutError(const absl::Status& status, const Subject& subject,
                      grpc::CallbackServerContext& context);

// At most kMaxErrorMessageBytes, cut between two characters.
absl::string_view CutMessage(absl::string_view message);

}  // namespace mintmark::server
