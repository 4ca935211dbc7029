// The control plane over gRPC.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <functional>

#include "mintmark/v1/admin_service.grpc.pb.h"
#include "server/server_status.h"
#include "server/unary_call.h"

namespace mintmark::server {

namespace raw {

// clang-format off
template <typename Base> using AdminSequences =
    v1::AdminService::WithRawCallbackMethod_CreateSequence<
    v1::AdminService::WithRawCallbackMethod_GetSequence<
    v1::AdminService::WithRawCallbackMethod_ListSequences<
    v1::AdminService::WithRawCallbackMethod_UpdateSequence<
    v1::AdminService::WithRawCallbackMethod_ResetSequence<
    v1::AdminService::WithRawCallbackMethod_DeleteSequence<
    v1::AdminService::WithRawCallbackMethod_DecodeText<Base>>>>>>>;
template <typename Base> using AdminGuids =
    v1::AdminService::WithRawCallbackMethod_CreateGuidGroup<
    v1::AdminService::WithRawCallbackMethod_GetGuidGroup<
    v1::AdminService::WithRawCallbackMethod_ListGuidGroups<
    v1::AdminService::WithRawCallbackMethod_DeleteGuidGroup<
    v1::AdminService::WithRawCallbackMethod_ListGenerators<Base>>>>>;
template <typename Base> using AdminCounters =
    v1::AdminService::WithRawCallbackMethod_GetCounter<
    v1::AdminService::WithRawCallbackMethod_ListCounters<
    v1::AdminService::WithRawCallbackMethod_ResetCounter<
    v1::AdminService::WithRawCallbackMethod_DeleteCounter<Base>>>>;
template <typename Base> using AdminServer =
    v1::AdminService::WithRawCallbackMethod_GetServerStatus<
    v1::AdminService::WithRawCallbackMethod_Fence<Base>>;
// clang-format on

using AdminService =
    AdminSequences<AdminGuids<AdminCounters<AdminServer<v1::AdminService::Service>>>>;

}  // namespace raw

// As IdService. `status` is asked anew for each GetServerStatus, from any thread.
class AdminService final : public raw::AdminService {
 public:
  AdminService(const Backend& backend, std::function<StatusSource()> status)
      : backend_(backend), status_(std::move(status)) {}

  using Context = grpc::CallbackServerContext;
  using Bytes = grpc::ByteBuffer;
  using Reactor = grpc::ServerUnaryReactor;

  Reactor* CreateSequence(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* GetSequence(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* ListSequences(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* UpdateSequence(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* ResetSequence(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* DeleteSequence(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* GetCounter(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* ListCounters(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* ResetCounter(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* DeleteCounter(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* GetServerStatus(Context* context, const Bytes* request, Bytes* response) override;

  // Answered with UNIMPLEMENTED.
  Reactor* DecodeText(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* CreateGuidGroup(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* GetGuidGroup(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* ListGuidGroups(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* DeleteGuidGroup(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* ListGenerators(Context* context, const Bytes* request, Bytes* response) override;
  Reactor* Fence(Context* context, const Bytes* request, Bytes* response) override;

 private:
  const Backend backend_;
  const std::function<StatusSource()> status_;
};

}  // namespace mintmark::server
