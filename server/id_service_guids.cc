// The data plane's rpcs on GUIDs and their generators.
#include <cstdint>
#include <string>
#include <utility>

#include "mintmark/v1/id_service.pb.h"
#include "server/group_message.h"
#include "server/id_service.h"
#include "server/lease_token.h"
#include "server/sequence_message.h"
#include "server/validation.h"
#include "src/core/guid_layout.h"
#include "src/core/name.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"
#include "src/core/text_format.h"

namespace mintmark::server {
namespace {

struct NextGuidMethod {
  using Request = v1::NextGuidRequest;
  using Response = v1::NextGuidResponse;
  using EngineCall = engine::GuidCall;

  static absl::Status Read(Request& request, const Config& config, EngineCall& call) {
    MINTMARK_ASSIGN_OR_RETURN(call.group, ReadGroupName(request.group()));
    MINTMARK_ASSIGN_OR_RETURN(
        call.n,
        ReadCount(request.n(), request.with_text() ? config.max_text_n : config.max_guid_n));
    call.want_format = request.with_text();
    return absl::OkStatus();
  }

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) { engine.Guid(call, now); }

  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    response.mutable_guids()->Reserve(static_cast<int>(call.n));
    for (std::int64_t i = 0; i < call.n; ++i) {
      const std::int64_t guid = GuidOf(call.layout, call.first_tick + i, call.generator);
      response.add_guids(guid);
      if (call.want_format) AppendId(call.format, guid, *response.add_texts());
    }
  }

  static Subject SubjectOf(const EngineCall& call) { return {"group", call.group}; }
};

// What is decoded, and what it turned out to be.
struct DecodeCall : engine::GroupCall {
  bool of_text = false;
  std::string text;
  std::int64_t guid = 0;
  GuidFields fields;
};

struct DecodeGuidMethod {
  using Request = v1::DecodeGuidRequest;
  using Response = v1::DecodeGuidResponse;
  using EngineCall = DecodeCall;

  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    MINTMARK_ASSIGN_OR_RETURN(call.name, ReadGroupName(request.group()));
    call.from_memory = true;
    switch (request.id_case()) {
      case Request::kGuid:
        call.guid = request.guid();
        return absl::OkStatus();
      case Request::kText:
        call.of_text = true;
        call.text = std::move(*request.mutable_text());
        return absl::OkStatus();
      case Request::ID_NOT_SET:
        break;
    }
    return MakeStatus(Reason::kArgumentInvalid, "Nothing to decode: set guid or text.");
  }

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) {
    engine.Group(call, now);
  }

  static absl::Status Check(EngineCall& call) {
    const engine::GroupSettings& settings = call.row.settings;
    if (call.of_text) {
      MINTMARK_ASSIGN_OR_RETURN(call.guid, ParseId(settings.format, call.text));
    }
    MINTMARK_ASSIGN_OR_RETURN(call.fields, DecodeGuid(settings.layout, call.guid));
    return absl::OkStatus();
  }

  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    WriteTimestamp(MomentOf(call.row.settings.layout, call.fields.time), *response.mutable_time());
    response.set_counter(call.fields.counter);
    response.set_generator_id(call.fields.generator);
    response.set_guid(call.guid);
  }

  static Subject SubjectOf(const EngineCall& call) { return {"group", call.name}; }
};

// What the rpcs on one lease have in common.
template <typename RequestType, typename ResponseType>
struct LeaseMethod {
  using Request = RequestType;
  using Response = ResponseType;
  using EngineCall = engine::LeaseCall;

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) {
    engine.Lease(call, now);
  }
  static Subject SubjectOf(const EngineCall& call) { return {"group", call.group}; }

  static absl::Status ReadProof(const Request& request, EngineCall& call) {
    MINTMARK_ASSIGN_OR_RETURN(call.group, ReadGroupName(request.group()));
    MINTMARK_RETURN_IF_ERROR(CheckLeaseToken(request.lease_token()));
    if (request.generator_id() < 0) {
      return MakeStatus(Reason::kArgumentInvalid,
                        "generator_id is negative; give the one that AcquireGenerator returned.");
    }
    call.generator_id = request.generator_id();
    call.token = request.lease_token();
    return absl::OkStatus();
  }
};

struct AcquireGeneratorMethod
    : LeaseMethod<v1::AcquireGeneratorRequest, v1::AcquireGeneratorResponse> {
  static absl::Status Read(Request& request, const Config& config, EngineCall& call) {
    call.kind = EngineCall::Kind::kAcquire;
    MINTMARK_ASSIGN_OR_RETURN(call.group, ReadGroupName(request.group()));
    MINTMARK_RETURN_IF_ERROR(CheckOwner(request.owner()));
    MINTMARK_RETURN_IF_ERROR(CheckRequestId(request.request_id(), config));
    call.owner = request.owner();
    call.request_id = request.request_id();
    call.token = MakeLeaseToken();
    return absl::OkStatus();
  }

  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    response.set_generator_id(call.generator_id);
    response.set_lease_token(call.lease_token);
    WriteDuration(call.lease, *response.mutable_lease());
    response.set_start_time(call.start_time);
    response.set_time_ceiling(call.ceiling);
    WriteGroup(call.row, *response.mutable_group());
  }
};

struct RenewGeneratorMethod : LeaseMethod<v1::RenewGeneratorRequest, v1::RenewGeneratorResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    call.kind = EngineCall::Kind::kRenew;
    MINTMARK_RETURN_IF_ERROR(ReadProof(request, call));
    if (request.time_ceiling() < 0) {
      return MakeStatus(Reason::kArgumentInvalid,
                        "time_ceiling is negative; give the time up to which GUIDs are to be "
                        "minted, or 0 to keep the ceiling.");
    }
    call.ceiling = request.time_ceiling();
    return absl::OkStatus();
  }

  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    WriteDuration(call.lease, *response.mutable_lease());
    response.set_time_ceiling(call.ceiling);
  }
};

struct ReleaseGeneratorMethod
    : LeaseMethod<v1::ReleaseGeneratorRequest, v1::ReleaseGeneratorResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    call.kind = EngineCall::Kind::kRelease;
    call.last_time = request.last_time();
    return ReadProof(request, call);
  }

  static void Write(const EngineCall& /*call*/, const Config& /*config*/, Response& /*response*/) {}
};

}  // namespace

IdService::Reactor* IdService::NextGuid(Context* context, const Bytes* request, Bytes* response) {
  return UnaryCall<NextGuidMethod>::Start(backend_, *context, *request, *response);
}

IdService::Reactor* IdService::DecodeGuid(Context* context, const Bytes* request, Bytes* response) {
  return UnaryCall<DecodeGuidMethod>::Start(backend_, *context, *request, *response);
}

IdService::Reactor* IdService::AcquireGenerator(Context* context, const Bytes* request,
                                                Bytes* response) {
  return UnaryCall<AcquireGeneratorMethod>::Start(backend_, *context, *request, *response);
}

IdService::Reactor* IdService::RenewGenerator(Context* context, const Bytes* request,
                                              Bytes* response) {
  return UnaryCall<RenewGeneratorMethod>::Start(backend_, *context, *request, *response);
}

IdService::Reactor* IdService::ReleaseGenerator(Context* context, const Bytes* request,
                                                Bytes* response) {
  return UnaryCall<ReleaseGeneratorMethod>::Start(backend_, *context, *request, *response);
}

}  // namespace mintmark::server
