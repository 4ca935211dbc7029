// The control plane's rpcs on GUID groups and their generators.
#include <cstddef>
#include <string>
#include <utility>

#include "mintmark/v1/admin_service.pb.h"
#include "server/admin_service.h"
#include "server/group_message.h"
#include "server/list_method.h"
#include "server/page_token.h"
#include "server/validation.h"
#include "src/core/name.h"
#include "src/core/status_macros.h"

namespace mintmark::server {
namespace {

using Kind = engine::GroupCall::Kind;

// What all rpcs on one group have in common.
template <typename RequestType, typename ResponseType>
struct GroupMethod {
  using Request = RequestType;
  using Response = ResponseType;
  using EngineCall = engine::GroupCall;

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) {
    engine.Group(call, now);
  }
  static Subject SubjectOf(const EngineCall& call) { return {"group", call.name}; }

  static absl::Status Name(Kind kind, absl::string_view name, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(ValidateName("group", name));
    call.kind = kind;
    call.name = std::string(name);
    return absl::OkStatus();
  }
};

struct CreateGuidGroupMethod
    : GroupMethod<v1::CreateGuidGroupRequest, v1::CreateGuidGroupResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(Name(Kind::kCreate, request.group().name(), call));
    MINTMARK_ASSIGN_OR_RETURN(call.settings, ReadGroupSettings(request));
    return absl::OkStatus();
  }
  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    WriteGroup(call.row, *response.mutable_group());
  }
};

struct GetGuidGroupMethod : GroupMethod<v1::GetGuidGroupRequest, v1::GetGuidGroupResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    return Name(Kind::kGet, request.name(), call);
  }
  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    WriteGroup(call.row, *response.mutable_group());
  }
};

struct DeleteGuidGroupMethod
    : GroupMethod<v1::DeleteGuidGroupRequest, v1::DeleteGuidGroupResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    return Name(Kind::kDelete, request.name(), call);
  }
  static void Write(const EngineCall& /*call*/, const Config& /*config*/, Response& /*response*/) {}
};

struct ListGuidGroupsMethod
    : ListMethod<v1::ListGuidGroupsRequest, v1::ListGuidGroupsResponse, ListKind::kGroups> {
  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    for (const engine::GroupRow& row : call.groups) {
      const auto written = static_cast<std::size_t>(response.groups_size());
      if (written == call.page_size) {
        response.set_next_page_token(
            MakePageToken(ListKind::kGroups, call.groups[written - 1].name));
        return;
      }
      WriteGroup(row, *response.add_groups());
    }
  }
};

struct GeneratorsCallOfPage : engine::GeneratorsCall {
  std::size_t page_size = 0;
};

struct ListGeneratorsMethod {
  using Request = v1::ListGeneratorsRequest;
  using Response = v1::ListGeneratorsResponse;
  using EngineCall = GeneratorsCallOfPage;

  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    MINTMARK_ASSIGN_OR_RETURN(call.group, ReadGroupName(request.group()));
    MINTMARK_ASSIGN_OR_RETURN(const std::int32_t page_size, ReadPageSize(request.page_size()));
    MINTMARK_ASSIGN_OR_RETURN(call.after, ReadGeneratorPageToken(call.group, request.page_token()));
    call.page_size = static_cast<std::size_t>(page_size);
    call.limit = page_size + 1;
    call.leased_only = request.leased_only();
    return absl::OkStatus();
  }

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) {
    engine.Generators(call, now);
  }

  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    for (const engine::GeneratorRow& row : call.generators) {
      const auto written = static_cast<std::size_t>(response.generators_size());
      if (written == call.page_size) {
        response.set_next_page_token(
            MakeGeneratorPageToken(call.group, call.generators[written - 1].id));
        return;
      }
      WriteGenerator(call.group, row, *response.add_generators());
    }
  }

  static Subject SubjectOf(const EngineCall& call) { return {"group", call.group}; }
};

}  // namespace

AdminService::Reactor* AdminService::CreateGuidGroup(Context* context, const Bytes* request,
                                                     Bytes* response) {
  return UnaryCall<CreateGuidGroupMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::GetGuidGroup(Context* context, const Bytes* request,
                                                  Bytes* response) {
  return UnaryCall<GetGuidGroupMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::ListGuidGroups(Context* context, const Bytes* request,
                                                    Bytes* response) {
  return UnaryCall<ListGuidGroupsMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::DeleteGuidGroup(Context* context, const Bytes* request,
                                                     Bytes* response) {
  return UnaryCall<DeleteGuidGroupMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::ListGenerators(Context* context, const Bytes* request,
                                                    Bytes* response) {
  return UnaryCall<ListGeneratorsMethod>::Start(backend_, *context, *request, *response);
}

}  // namespace mintmark::server
