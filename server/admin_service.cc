#include "server/admin_service.h"

#include <cstdint>
#include <string>
#include <utility>

#include "mintmark/v1/admin_service.pb.h"
#include "server/list_method.h"
#include "server/page_token.h"
#include "server/sequence_message.h"
#include "server/unimplemented.h"
#include "server/validation.h"
#include "src/core/name.h"
#include "src/core/status_macros.h"
#include "src/core/text_format.h"

namespace mintmark::server {
namespace {

using Kind = engine::SequenceCall::Kind;

// What all rpcs on one sequence have in common.
struct SequenceMethod {
  using EngineCall = engine::SequenceCall;

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) {
    engine.Sequence(call, now);
  }
  static Subject SubjectOf(const EngineCall& call) { return {"sequence", call.name}; }

  static absl::Status Name(Kind kind, absl::string_view name, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(ValidateName("sequence", name));
    call.kind = kind;
    call.name = std::string(name);
    return absl::OkStatus();
  }
};

// Those that are answered with the sequence.
template <typename RequestType, typename ResponseType>
struct SequenceReplyMethod : SequenceMethod {
  using Request = RequestType;
  using Response = ResponseType;

  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    WriteSequence(call.view, *response.mutable_sequence());
  }
};

struct CreateSequenceMethod
    : SequenceReplyMethod<v1::CreateSequenceRequest, v1::CreateSequenceResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(Name(Kind::kCreate, request.sequence().name(), call));
    call.patch = PatchOfSetFields(request.sequence());
    return absl::OkStatus();
  }
};

struct GetSequenceMethod : SequenceReplyMethod<v1::GetSequenceRequest, v1::GetSequenceResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    return Name(Kind::kGet, request.name(), call);
  }
};

struct UpdateSequenceMethod
    : SequenceReplyMethod<v1::UpdateSequenceRequest, v1::UpdateSequenceResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(Name(Kind::kUpdate, request.sequence().name(), call));
    MINTMARK_ASSIGN_OR_RETURN(call.patch, PatchOfMask(request.sequence(), request.update_mask()));
    call.etag = request.sequence().etag();
    return absl::OkStatus();
  }
};

struct ResetSequenceMethod
    : SequenceReplyMethod<v1::ResetSequenceRequest, v1::ResetSequenceResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(Name(Kind::kReset, request.name(), call));
    if (request.has_next_id()) call.next_id = request.next_id();
    call.allow_reuse = request.allow_reuse();
    return absl::OkStatus();
  }
};

struct DeleteSequenceMethod : SequenceMethod {
  using Request = v1::DeleteSequenceRequest;
  using Response = v1::DeleteSequenceResponse;

  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(Name(Kind::kDelete, request.name(), call));
    call.etag = request.etag();
    return absl::OkStatus();
  }
  static void Write(const EngineCall& /*call*/, const Config& /*config*/, Response& /*response*/) {}
};

struct DecodeTextCall : engine::SequenceCall {
  std::string text;
  std::int64_t id = 0;
};

struct DecodeTextMethod {
  using Request = v1::DecodeTextRequest;
  using Response = v1::DecodeTextResponse;
  using EngineCall = DecodeTextCall;

  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    call.text = std::move(*request.mutable_text());
    return SequenceMethod::Name(Kind::kGet, request.sequence(), call);
  }
  static void Submit(engine::Engine& engine, EngineCall& call, Time now) {
    engine.Sequence(call, now);
  }
  static absl::Status Check(EngineCall& call) {
    const engine::SequenceSettings& settings = call.view.row.settings;
    MINTMARK_ASSIGN_OR_RETURN(call.id, ParseId(settings.format, call.text));
    return absl::OkStatus();
  }
  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    response.set_id(call.id);
  }
  static Subject SubjectOf(const EngineCall& call) { return {"sequence", call.name}; }
};

// What all rpcs on one counter have in common.
template <typename RequestType, typename ResponseType>
struct CounterMethod {
  using Request = RequestType;
  using Response = ResponseType;
  using EngineCall = engine::CounterCall;

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) {
    engine.Counter(call, now);
  }
  static Subject SubjectOf(const EngineCall& call) { return {"counter", call.name}; }

  static absl::Status Name(EngineCall::Kind kind, absl::string_view name, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(ValidateName("counter", name));
    call.kind = kind;
    call.name = std::string(name);
    return absl::OkStatus();
  }
};

struct GetCounterMethod : CounterMethod<v1::GetCounterRequest, v1::GetCounterResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    return Name(EngineCall::Kind::kGet, request.name(), call);
  }
  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    WriteCounter(call.row, *response.mutable_counter());
  }
};

struct ResetCounterMethod : CounterMethod<v1::ResetCounterRequest, v1::ResetCounterResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    call.value = request.value();
    return Name(EngineCall::Kind::kReset, request.name(), call);
  }
  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    WriteCounter(call.row, *response.mutable_counter());
  }
};

struct DeleteCounterMethod : CounterMethod<v1::DeleteCounterRequest, v1::DeleteCounterResponse> {
  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    return Name(EngineCall::Kind::kDelete, request.name(), call);
  }
  static void Write(const EngineCall& /*call*/, const Config& /*config*/, Response& /*response*/) {}
};

struct ListSequencesMethod
    : ListMethod<v1::ListSequencesRequest, v1::ListSequencesResponse, ListKind::kSequences> {
  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    for (const engine::SequenceView& view : call.sequences) {
      const auto written = static_cast<std::size_t>(response.sequences_size());
      if (written == call.page_size) {
        response.set_next_page_token(
            MakePageToken(ListKind::kSequences, call.sequences[written - 1].row.name));
        return;
      }
      WriteSequence(view, *response.add_sequences());
    }
  }
};

struct ListCountersMethod
    : ListMethod<v1::ListCountersRequest, v1::ListCountersResponse, ListKind::kCounters> {
  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    for (const engine::CounterRow& row : call.counters) {
      const auto written = static_cast<std::size_t>(response.counters_size());
      if (written == call.page_size) {
        response.set_next_page_token(
            MakePageToken(ListKind::kCounters, call.counters[written - 1].name));
        return;
      }
      WriteCounter(row, *response.add_counters());
    }
  }
};

}  // namespace

AdminService::Reactor* AdminService::CreateSequence(Context* context, const Bytes* request,
                                                    Bytes* response) {
  return UnaryCall<CreateSequenceMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::GetSequence(Context* context, const Bytes* request,
                                                 Bytes* response) {
  return UnaryCall<GetSequenceMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::ListSequences(Context* context, const Bytes* request,
                                                   Bytes* response) {
  return UnaryCall<ListSequencesMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::UpdateSequence(Context* context, const Bytes* request,
                                                    Bytes* response) {
  return UnaryCall<UpdateSequenceMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::ResetSequence(Context* context, const Bytes* request,
                                                   Bytes* response) {
  return UnaryCall<ResetSequenceMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::DeleteSequence(Context* context, const Bytes* request,
                                                    Bytes* response) {
  return UnaryCall<DeleteSequenceMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::GetCounter(Context* context, const Bytes* request,
                                                Bytes* response) {
  return UnaryCall<GetCounterMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::ListCounters(Context* context, const Bytes* request,
                                                  Bytes* response) {
  return UnaryCall<ListCountersMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::ResetCounter(Context* context, const Bytes* request,
                                                  Bytes* response) {
  return UnaryCall<ResetCounterMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::DeleteCounter(Context* context, const Bytes* request,
                                                   Bytes* response) {
  return UnaryCall<DeleteCounterMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::GetServerStatus(Context* context, const Bytes* request,
                                                     Bytes* response) {
  Reply reply(*context, *response);
  MessageMemory memory;
  const absl::Status status = ReadMessage(*request, backend_.config.max_message_bytes,
                                          memory.Make<v1::GetServerStatusRequest>());
  if (!status.ok()) {
    reply.FinishWithError(status, Subject());
    return reply.reactor();
  }
  auto& message = memory.Make<v1::GetServerStatusResponse>();
  WriteServerStatus(status_(), message);
  reply.Finish(message);
  return reply.reactor();
}

AdminService::Reactor* AdminService::DecodeText(Context* context, const Bytes* request,
                                                Bytes* response) {
  return UnaryCall<DecodeTextMethod>::Start(backend_, *context, *request, *response);
}

AdminService::Reactor* AdminService::Fence(Context* context, const Bytes* /*request*/,
                                           Bytes* /*response*/) {
  return RefuseUnimplemented("Fence", *context);
}

}  // namespace mintmark::server
