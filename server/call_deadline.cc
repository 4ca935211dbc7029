#include "server/call_deadline.h"

#include <grpc/support/time.h>

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace mintmark::server {

Time DeadlineOf(const grpc::CallbackServerContext& context, const Config& config, Time now) {
  const gpr_timespec deadline = context.raw_deadline();
  if (gpr_time_cmp(deadline, gpr_inf_future(deadline.clock_type)) == 0) {
    return now + config.default_deadline;
  }
  // deadline() would be wall time, which may have jumped since the call came;
  // gRPC itself keeps it on the monotonic clock.
  const gpr_timespec remaining = gpr_time_sub(gpr_convert_clock_type(deadline, GPR_CLOCK_MONOTONIC),
                                              gpr_now(GPR_CLOCK_MONOTONIC));
  const auto most_seconds = std::chrono::ceil<std::chrono::seconds>(config.max_deadline).count();
  const std::int64_t seconds =
      std::clamp<std::int64_t>(remaining.tv_sec, -most_seconds, most_seconds);
  const Duration duration =
      std::chrono::seconds(seconds) + std::chrono::nanoseconds(remaining.tv_nsec);
  return now + std::min(duration, config.max_deadline);
}

}  // namespace mintmark::server
