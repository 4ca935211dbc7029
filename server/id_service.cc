#include "server/id_service.h"

#include <cstddef>
#include <string>
#include <utility>

#include "mintmark/v1/id_service.pb.h"
#include "server/batch_incr.h"
#include "server/incr_request.h"
#include "server/unimplemented.h"
#include "server/validation.h"
#include "src/core/name.h"
#include "src/core/status_macros.h"

namespace mintmark::server {
namespace {

void WriteRange(const engine::IdRange& range, v1::IdRange& message) {
  message.set_first(range.first);
  message.set_last(range.last);
  message.set_step(range.step);
}

// What NextN and ReserveRange have in common.
template <typename Request>
absl::Status ReadDraw(Request& request, const Config& config, engine::NextCall& call) {
  MINTMARK_RETURN_IF_ERROR(ValidateName("sequence", request.sequence()));
  MINTMARK_ASSIGN_OR_RETURN(call.n, ReadCount(request.n(), config.max_n));
  MINTMARK_RETURN_IF_ERROR(CheckChunkSize(request.chunk_size(), config.max_chunk_size));
  MINTMARK_RETURN_IF_ERROR(CheckRequestId(request.request_id(), config));
  call.sequence = std::move(*request.mutable_sequence());
  call.chunk_size = request.chunk_size();
  if (!request.request_id().empty()) call.request_id = std::move(*request.mutable_request_id());
  return absl::OkStatus();
}

struct NextNMethod {
  using Request = v1::NextNRequest;
  using Response = v1::NextNResponse;
  using EngineCall = engine::NextCall;

  static absl::Status Read(Request& request, const Config& config, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(ReadDraw(request, config, call));
    if (request.with_text()) return UnimplementedStatus("with_text");
    call.allow_partial = request.allow_partial();
    return absl::OkStatus();
  }

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) { engine.Next(call, now); }

  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    for (const engine::IdRange& range : call.ranges) WriteRange(range, *response.add_ranges());
    response.set_count(call.count);
    response.set_replayed(call.replayed);
    response.set_generation(call.generation);
  }

  static Subject SubjectOf(const EngineCall& call) { return {"sequence", call.sequence}; }
};

struct ReserveRangeMethod {
  using Request = v1::ReserveRangeRequest;
  using Response = v1::ReserveRangeResponse;
  using EngineCall = engine::NextCall;

  static absl::Status Read(Request& request, const Config& config, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(ReadDraw(request, config, call));
    call.one_range = true;
    call.exact = request.exact();
    return absl::OkStatus();
  }

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) { engine.Next(call, now); }

  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    WriteRange(call.ranges.front(), *response.mutable_range());
    response.set_count(call.count);
    response.set_replayed(call.replayed);
    response.set_generation(call.generation);
  }

  static Subject SubjectOf(const EngineCall& call) { return {"sequence", call.sequence}; }
};

struct IncrCounterMethod {
  using Request = v1::IncrCounterRequest;
  using Response = v1::IncrCounterResponse;
  using EngineCall = engine::IncrCall;

  static absl::Status Read(Request& request, const Config& config, EngineCall& call) {
    return ReadIncrRequest(request, config, call);
  }

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) { engine.Incr(call, now); }

  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    WriteIncrResponse(call, response);
  }

  static Subject SubjectOf(const EngineCall& call) { return {"counter", call.counter}; }
};

struct GetCountersMethod {
  using Request = v1::GetCountersRequest;
  using Response = v1::GetCountersResponse;
  using EngineCall = engine::ReadCall;

  static absl::Status Read(Request& request, const Config& config, EngineCall& call) {
    MINTMARK_RETURN_IF_ERROR(CheckBatchSize("counters", request.counters_size(), config.max_batch));
    call.counters.reserve(static_cast<std::size_t>(request.counters_size()));
    for (std::string& counter : *request.mutable_counters()) {
      MINTMARK_RETURN_IF_ERROR(ValidateName("counter", counter));
      call.counters.push_back(std::move(counter));
    }
    return absl::OkStatus();
  }

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) {
    if (call.counters.empty()) {
      call.Done(absl::OkStatus());
    } else {
      engine.Read(call, now);
    }
  }

  static void Write(EngineCall& call, const Config& /*config*/, Response& response) {
    for (std::size_t i = 0; i < call.counters.size(); ++i) {
      v1::CounterValue& value = *response.add_values();
      value.set_counter(std::move(call.counters[i]));
      value.set_value(call.values[i]);
    }
  }

  static Subject SubjectOf(const EngineCall& /*call*/) { return {}; }
};

}  // namespace

IdService::Reactor* IdService::NextN(Context* context, const Bytes* request, Bytes* response) {
  return UnaryCall<NextNMethod>::Start(backend_, *context, *request, *response);
}

IdService::Reactor* IdService::ReserveRange(Context* context, const Bytes* request,
                                            Bytes* response) {
  return UnaryCall<ReserveRangeMethod>::Start(backend_, *context, *request, *response);
}

IdService::Reactor* IdService::IncrCounter(Context* context, const Bytes* request,
                                           Bytes* response) {
  return UnaryCall<IncrCounterMethod>::Start(backend_, *context, *request, *response);
}

IdService::Reactor* IdService::BatchIncrCounters(Context* context, const Bytes* request,
                                                 Bytes* response) {
  return StartBatchIncr(backend_, *context, *request, *response);
}

IdService::Reactor* IdService::GetCounters(Context* context, const Bytes* request,
                                           Bytes* response) {
  return UnaryCall<GetCountersMethod>::Start(backend_, *context, *request, *response);
}

IdService::Reactor* IdService::NextGuid(Context* context, const Bytes* /*request*/,
                                        Bytes* /*response*/) {
  return RefuseUnimplemented("NextGuid", *context);
}

IdService::Reactor* IdService::DecodeGuid(Context* context, const Bytes* /*request*/,
                                          Bytes* /*response*/) {
  return RefuseUnimplemented("DecodeGuid", *context);
}

IdService::Reactor* IdService::AcquireGenerator(Context* context, const Bytes* /*request*/,
                                                Bytes* /*response*/) {
  return RefuseUnimplemented("AcquireGenerator", *context);
}

IdService::Reactor* IdService::RenewGenerator(Context* context, const Bytes* /*request*/,
                                              Bytes* /*response*/) {
  return RefuseUnimplemented("RenewGenerator", *context);
}

IdService::Reactor* IdService::ReleaseGenerator(Context* context, const Bytes* /*request*/,
                                                Bytes* /*response*/) {
  return RefuseUnimplemented("ReleaseGenerator", *context);
}

}  // namespace mintmark::server
