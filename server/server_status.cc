#include "server/server_status.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

#include "server/command_line.h"
#include "server/sequence_message.h"

namespace mintmark::server {
namespace {

std::int64_t SumUpTo(std::int64_t a, std::int64_t b) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  return b > kMost - a ? kMost : a + b;
}

void WriteLane(const engine::LaneStatus& lane, const std::string& last_error,
               v1::LaneStatus& message) {
  message.set_lane(lane.lane);
  message.set_session_id(lane.session);
  message.set_epoch(lane.epoch);
  message.set_last_batch(lane.last_batch);
  message.set_state(lane.state);
  if (lane.commits > 0) WriteDuration(lane.since_commit, *message.mutable_since_last_commit());
  message.set_queue_length(lane.waiting);
  message.set_last_error(last_error);
}

// The lane that committed last knows the store's clock best.
void WriteStoreTime(const std::vector<engine::LaneStatus>& lanes,
                    v1::GetServerStatusResponse& response) {
  const engine::LaneStatus* latest = nullptr;
  for (const engine::LaneStatus& lane : lanes) {
    if (lane.store_time_us == 0) continue;
    if (latest == nullptr || lane.since_commit < latest->since_commit) latest = &lane;
  }
  if (latest == nullptr) return;
  const auto since = std::chrono::duration_cast<std::chrono::microseconds>(latest->since_commit);
  WriteTimestamp(latest->store_time_us + since.count(), *response.mutable_store_time());
}

}  // namespace

void WriteServerStatus(const StatusSource& source, v1::GetServerStatusResponse& response) {
  response.set_version(std::string(Version()));
  WriteTimestamp(source.start_wall_time_us, *response.mutable_start_time());
  WriteDuration(source.uptime, *response.mutable_uptime());
  response.set_draining(source.draining);

  response.set_store_kind(source.store.kind);
  response.set_store_description(source.store.address);
  response.set_schema_version(source.store.schema_version);
  WriteStoreTime(source.lanes, response);

  std::int64_t sequences = 0;
  std::int64_t counters = 0;
  std::int64_t unissued = 0;
  std::int64_t deferred = 0;
  std::int64_t generators = 0;
  std::int64_t keys = 0;
  bool suspect = false;
  for (std::size_t i = 0; i < source.lanes.size(); ++i) {
    const engine::LaneStatus& lane = source.lanes[i];
    WriteLane(lane, i < source.last_errors.size() ? source.last_errors[i] : std::string(),
              *response.add_lanes());
    sequences += lane.sequences;
    counters += lane.counters;
    unissued = SumUpTo(unissued, lane.unissued);
    deferred += lane.deferred_counters;
    generators += lane.generators;
    keys = std::max(keys, lane.key_count);
    suspect = suspect || lane.suspect;
  }
  response.set_sequences_in_memory(sequences);
  response.set_counters_in_memory(counters);
  response.set_held_window_ids(unissued);
  response.set_deferred_counters(deferred);
  response.set_generators_held(generators);
  response.set_request_ids_used(keys);
  response.set_request_ids_max(source.max_request_ids);
  response.set_suspect(suspect);
  if (suspect) {
    response.set_suspect_text(
        "The store went back in time, as after an asynchronous failover or from a backup; nothing "
        "is issued before an operator fences it.");
  }
}

}  // namespace mintmark::server
