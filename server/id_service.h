// The data plane over gRPC.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "mintmark/v1/id_service.grpc.pb.h"
#include "server/unary_call.h"

namespace mintmark::server {

namespace raw {

// clang-format off
template <typename Base> using IdSequences =
    v1::IdService::WithRawCallbackMethod_NextN<
    v1::IdService::WithRawCallbackMethod_ReserveRange<Base>>;
template <typename Base> using IdGuids =
    v1::IdService::WithRawCallbackMethod_NextGuid<
    v1::IdService::WithRawCallbackMethod_DecodeGuid<Base>>;
template <typename Base> using IdCounters =
    v1::IdService::WithRawCallbackMethod_IncrCounter<
    v1::IdService::WithRawCallbackMethod_BatchIncrCounters<
    v1::IdService::WithRawCallbackMethod_GetCounters<Base>>>;
template <typename Base> using IdGenerators =
    v1::IdService::WithRawCallbackMethod_AcquireGenerator<
    v1::IdService::WithRawCallbackMethod_RenewGenerator<
    v1::IdService::WithRawCallbackMethod_ReleaseGenerator<Base>>>;
// clang-format on

using IdService = IdSequences<IdGuids<IdCounters<IdGenerators<v1::IdService::Service>>>>;

}  // namespace raw

// Every method parses its request itself (see message_bytes.h), hands a call to
// the engine, and returns. The backend outlives the service.
class IdService final : public raw::IdService {
 public:
  explicit IdService(const Backend& backend) : backend_(backend) {}

  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* NextN(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* ReserveRange(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* IncrCounter(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* BatchIncrCounters(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* GetCounters(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* NextGuid(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* DecodeGuid(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* AcquireGenerator(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* RenewGenerator(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* ReleaseGenerator(Context* context, const Bytes* request, Bytes* response) override;

 private:
  const Backend backend_;
};

}  // namespace mintmark::server
