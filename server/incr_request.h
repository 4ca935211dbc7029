// An increment as clients ask for it, and as the engine is asked.
#pragma once

#include "absl/status/status.h"
#include "mintmark/v1/id_service.pb.h"
#include "server/config.h"
#include "src/engine/calls.h"

namespace mintmark::server {

// Checks the request and moves it into the call. On failure both are of no use.
absl::Status ReadIncrRequest(v1::IncrCounterRequest& request, const Config& config,
                             engine::IncrCall& call);

void WriteIncrResponse(const engine::IncrCall& call, v1::IncrCounterResponse& response);

}  // namespace mintmark::server
