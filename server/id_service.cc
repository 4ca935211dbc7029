#include "server/id_service.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "mintmark/v1/id_service.pb.h"
#include "server/batch_incr.h"
#include "server/incr_request.h"
#include "server/validation.h"
#include "src/core/name.h"
#include "src/core/status_macros.h"
#include "src/core/text_format.h"

namespace mintmark::server {
namespace {

void WriteRange(const engine::IdRange& range, v1::IdRange& message) {
  message.set_first(range.first);
  message.set_last(range.last);
  message.set_step(range.step);
}

void WriteTexts(const engine::NextCall& call, v1::NextNResponse& response) {
  response.mutable_texts()->Reserve(static_cast<int>(call.count));
  for (const engine::IdRange& range : call.ranges) {
    for (std::int64_t id = range.first;; id += range.step) {
      AppendId(call.format, id, *response.add_texts());
      if (id == range.last) break;  // Before the addition that could overflow.
    }
  }
}

// What NextN and ReserveRange have in common.
template <typename Request>
absl::Status ReadDraw(Request& request, const Config& config, std::int64_t max_n,
                      engine::NextCall& call) {
  MINTMARK_RETURN_IF_ERROR(ValidateName("sequence", request.sequence()));
  MINTMARK_ASSIGN_OR_RETURN(call.n, ReadCount(request.n(), max_n));
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
    const std::int64_t max_n = request.with_text() ? config.max_text_n : config.max_n;
    MINTMARK_RETURN_IF_ERROR(ReadDraw(request, config, max_n, call));
    call.want_format = request.with_text();
    call.allow_partial = request.allow_partial();
    return absl::OkStatus();
  }

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) { engine.Next(call, now); }

  static void Write(const EngineCall& call, const Config& /*config*/, Response& response) {
    for (const engine::IdRange& range : call.ranges) WriteRange(range, *response.add_ranges());
    if (call.want_format) WriteTexts(call, response);
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
    MINTMARK_RETURN_IF_ERROR(ReadDraw(request, config, config.max_n, call));
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

}  // namespace mintmark::server
