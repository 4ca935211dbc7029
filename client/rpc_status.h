// What a gRPC status, with the metadata and details that travel with it, says
// about a call.
#pragma once

#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include <map>

#include "client/retry.h"

namespace mintmark::client {

using TrailingMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// Reads code, message, reason (from the key `mintmark-reason`, else from the
// ErrorInfo among the details) and the time to wait (from
// `grpc-retry-pushback-ms`, else from RetryInfo), and tells what the try came
// to, given that the call was handed to a connection. A pushback that is
// negative or no number asks for no more tries, as gRPC has it: what would have
// been kNotApplied is then kRefused.
Attempt InterpretStatus(const grpc::Status& status, const TrailingMetadata& metadata);

}  // namespace mintmark::client
