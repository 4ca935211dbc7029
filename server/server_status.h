// What GetServerStatus tells.
#pragma once

#include <string>
#include <vector>

#include "mintmark/v1/admin_service.pb.h"
#include "src/core/time.h"
#include "src/engine/engine.h"
#include "src/engine/store.h"

namespace mintmark::server {

// What the status is made of, besides the engine's own. All of it at one moment.
struct StatusSource {
  StoreTimeUs start_wall_time_us = 0;
  Duration uptime{};
  bool draining = false;
  engine::StoreDescription store;
  std::vector<engine::LaneStatus> lanes;
  std::vector<std::string> last_errors;  // By lane; empty where there is none.
  std::int64_t max_request_ids = 0;
};

void WriteServerStatus(const StatusSource& source, v1::GetServerStatusResponse& response);

}  // namespace mintmark::server
