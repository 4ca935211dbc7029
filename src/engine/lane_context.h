// What the parts of a lane need to know of it while they work, under its lock.
#pragma once

#include <cstdint>

#include "src/core/time.h"
#include "src/engine/answers.h"
#include "src/engine/engine.h"

namespace mintmark::engine {

struct LaneContext {
  const EngineOptions& options;
  Time now;
  std::int64_t session = 0;
  // Goes up whenever the lane's lease had run out before a commit came back: a
  // window is issued from only when a commit of this era has found it its own.
  std::int64_t era = 0;
  bool may_issue = false;  // The lease holds, and the store is not suspect.
  bool stopping = false;
  StoreTimeUs store_now_us = 0;  // What the store's clock shows now; only with may_issue.
  Answers& answers;
};

}  // namespace mintmark::engine
