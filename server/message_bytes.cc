#include "server/message_bytes.h"

#include <grpcpp/support/proto_buffer_reader.h>
#include <grpcpp/support/slice.h>

#include <cstddef>

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"

namespace mintmark::server {
namespace {

bool Parse(const grpc::ByteBuffer& bytes, google::protobuf::MessageLite& message) {
  // Nearly every request lies in one slice.
  grpc::Slice slice;
  if (bytes.TrySingleSlice(&slice).ok()) {
    return message.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
  }
  grpc::ByteBuffer copy(bytes);  // Shares the slices; the reader wants it not const.
  grpc::ProtoBufferReader reader(&copy);
  return reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
}

}  // namespace

absl::Status ReadMessage(const grpc::ByteBuffer& bytes, std::int64_t max_bytes,
                         google::protobuf::MessageLite& message) {
  const std::size_t size = bytes.Length();
  if (size > static_cast<std::size_t>(max_bytes)) {
    return MakeStatus(Reason::kArgumentInvalid,
                      absl::StrCat("The request is ", size, " bytes long; at most ", max_bytes,
                                   " are accepted: split it."));
  }
  if (!Parse(bytes, message)) {
    return MakeStatus(Reason::kArgumentInvalid,
                      absl::StrCat("The request is no ", message.GetTypeName(),
                                   ", or a string in it is not UTF-8."));
  }
  return absl::OkStatus();
}

void WriteMessage(const google::protobuf::MessageLite& message, grpc::ByteBuffer& bytes) {
  const std::size_t size = message.ByteSizeLong();
  grpc::Slice slice(size);
  // A slice that was just made is nobody else's, so that it may be written to.
  message.SerializeWithCachedSizesToArray(const_cast<std::uint8_t*>(slice.begin()));
  grpc::ByteBuffer written(&slice, 1);
  bytes.Swap(&written);
}

}  // namespace mintmark::server
