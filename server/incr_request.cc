#include "server/incr_request.h"

#include <chrono>
#include <utility>

#include "server/validation.h"
#include "src/core/name.h"
#include "src/core/status_macros.h"

namespace mintmark::server {

absl::Status ReadIncrRequest(v1::IncrCounterRequest& request, const Config& config,
                             engine::IncrCall& call) {
  MINTMARK_RETURN_IF_ERROR(ValidateName("counter", request.counter()));
  MINTMARK_RETURN_IF_ERROR(CheckRequestId(request.request_id(), config));
  MINTMARK_ASSIGN_OR_RETURN(call.deferred, ReadDeferred(request.durability()));
  if (request.has_update_interval()) {
    MINTMARK_ASSIGN_OR_RETURN(call.update_interval,
                              ReadUpdateInterval(request.update_interval(), config));
    if (call.update_interval == Duration::zero()) call.deferred = false;
  }
  call.delta = request.has_delta() ? request.delta() : 1;
  call.counter = std::move(*request.mutable_counter());
  if (!request.request_id().empty()) {
    call.request_id = std::move(*request.mutable_request_id());
    call.deferred = false;  // What is to be replayed has to be stored.
  }
  return absl::OkStatus();
}

void WriteIncrResponse(const engine::IncrCall& call, v1::IncrCounterResponse& response) {
  response.set_value(call.value);
  response.set_durable(call.durable);
  response.set_replayed(call.replayed);
}

}  // namespace mintmark::server
