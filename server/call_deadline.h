// Until when a call is worked on.
#pragma once

#include <grpcpp/server_context.h>

#include "server/config.h"
#include "src/core/time.h"

namespace mintmark::server {

// The end of what remains, at this moment `now`, of the time that the client
// gave; of default_deadline where it gave none; at most max_deadline from now.
// The wall clock has no part in it.
Time DeadlineOf(const grpc::CallbackServerContext& context, const Config& config, Time now);

}  // namespace mintmark::server
