#include "tests/e2e/raw_call.h"

#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>

#include <vector>

#include "src/core/check.h"

namespace mintmark::e2e {

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& address) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 1'000);  // Also bounds one connect.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 100);
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments);
}

RawAnswer RawCall(const std::shared_ptr<grpc::Channel>& channel, const std::string& method,
                  absl::string_view request, std::chrono::milliseconds timeout) {
  const grpc::Slice slice(request.data(), request.size());
  const grpc::ByteBuffer request_bytes(&slice, 1);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  // A connection makes progress only while somebody waits for a call on it.
  context.set_wait_for_ready(true);
  grpc::GenericStub stub(channel);
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareUnaryCall(&context, method, request_bytes, &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  RawAnswer answer;
  call->Finish(&response, &answer.status, nullptr);
  void* tag = nullptr;
  bool ok = false;
  MINTMARK_CHECK(queue.Next(&tag, &ok));

  const auto& trailers = context.GetServerTrailingMetadata();
  if (const auto found = trailers.find("mintmark-reason"); found != trailers.end()) {
    answer.reason.assign(found->second.begin(), found->second.end());
  }
  std::vector<grpc::Slice> slices;
  if (answer.status.ok() && response.Dump(&slices).ok()) {
    for (const grpc::Slice& part : slices) {
      answer.bytes.append(reinterpret_cast<const char*>(part.begin()), part.size());
    }
  }
  return answer;
}

bool IsServing(const std::shared_ptr<grpc::Channel>& channel) {
  // The request names no service; the response's field 1 is the enum, and 1 SERVING.
  constexpr absl::string_view kServing = "\x08\x01";
  const RawAnswer answer =
      RawCall(channel, "/grpc.health.v1.Health/Check", "", std::chrono::milliseconds(500));
  return answer.status.ok() && answer.bytes == kServing;
}

}  // namespace mintmark::e2e
