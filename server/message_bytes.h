// Messages to and from the bytes that gRPC carries. The server's methods are raw
// so that a message that does not parse gets an answer of ours: gRPC's own would
// be UNIMPLEMENTED without a text.
#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/support/byte_buffer.h>

#include <cstdint>

#include "absl/status/status.h"

namespace mintmark::server {

// Reads `message`. ARGUMENT_INVALID when the bytes are more than `max_bytes`, are
// no such message, or hold a string that is not UTF-8.
absl::Status ReadMessage(const grpc::ByteBuffer& bytes, std::int64_t max_bytes,
                         google::protobuf::MessageLite& message);

// Replaces `bytes` by the message, in one slice of its exact size.
void WriteMessage(const google::protobuf::MessageLite& message, grpc::ByteBuffer& bytes);

}  // namespace mintmark::server
