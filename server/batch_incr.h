// BatchIncrCounters: many increments in one rpc, in order, each by itself.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "server/unary_call.h"

namespace mintmark::server {

// Increments of different counters run side by side. Those of one counter run
// side by side as well when they are all alike (no request_id, one durability)
// and far from an overflow, since the engine keeps their order then; otherwise
// each waits for the one before.
grpc::ServerUnaryReactor* StartBatchIncr(const Backend& backend,
                                         grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request,
                                         grpc::ByteBuffer& response);

}  // namespace mintmark::server
