// What a gRPC status, with the metadata and details that travel with it, says
// about a call.
#pragma once

#include <grpcpp/support/status.h>
#include <grpcpp/support/string_ref.h>

#include <map>
#include <string>

#include "client/retry.h"

namespace mintmark::client {

using TrailingMetadata = std::multimap<grpc::string_ref, grpc::string_ref>;

// Reads code, message, reason (from the key `mintmark-reason`, else from the
// ErrorInfo among the details) and the time to wait (from
// `grpc-retry-pushback-ms`, else from RetryInfo), and tells what the try came
// to. A pushback that is negative or no number asks for no more tries, as gRPC
// has it: what would have been kNotApplied is then kRefused.
//
// `was_sent` is false when the call certainly never left this process.
Attempt InterpretStatus(const grpc::Status& status, const TrailingMetadata& metadata,
                        bool was_sent);

// Whether a call may have left this process, judged by ClientContext::peer():
// until the call is given to a connection gRPC puts the channel's target there,
// and afterwards the connection's address. A "dns:" target is never such an
// address; targets with other schemes are taken to have been reached.
bool PeerWasReached(const std::string& peer);

}  // namespace mintmark::client
