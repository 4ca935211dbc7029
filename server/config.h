// The settings of mintmarkd and all of its limits. What may be set to what, and
// under which names, is in settings.h.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "src/core/time.h"
#include "src/engine/engine.h"
#include "src/store/open_store.h"

namespace mintmark::server {

// Limits that are part of the API, and so no settings.
inline constexpr std::int32_t kDefaultPageSize = 100;
inline constexpr std::int32_t kMaxPageSize = 1'000;
// Error messages are cut to this, since gRPC bounds the trailers of a reply.
inline constexpr std::size_t kMaxErrorMessageBytes = 1'000;
// A message above max_message_bytes is answered with a reason; one that is more
// than this many times as large is cut off by gRPC itself, unread.
inline constexpr std::int64_t kHardMessageFactor = 4;
// The lease of a GUID group.
inline constexpr std::chrono::seconds kMinGroupLease{1};
inline constexpr std::chrono::seconds kMaxGroupLease{86'400};
// What AcquireGenerator is told of who asks, and a token that comes back.
inline constexpr std::size_t kMaxOwnerBytes = 200;
inline constexpr std::size_t kMaxLeaseTokenBytes = 64;

struct Config {
  // Where.
  std::string listen = "127.0.0.1:50051";
  std::string store = "sqlite:var/mintmark.db";
  std::string name;  // Who this server is, for operators. Empty: the host's name.

  // What it does.
  bool auto_create = true;
  bool auto_migrate = true;
  bool unsafe_store = false;
  std::int64_t lanes = 1;
  Duration lease = std::chrono::seconds(60);
  Duration heartbeat = std::chrono::seconds(1);
  Duration idle_give_back = std::chrono::seconds(10);
  Duration evict_after = std::chrono::seconds(60);
  Duration held_patience = std::chrono::milliseconds(2500);
  Duration drain_patience = std::chrono::seconds(1);
  Duration poll_interval = std::chrono::milliseconds(100);
  Duration request_id_retention = std::chrono::hours(24);
  Duration max_ahead = std::chrono::seconds(1);
  Duration guid_patience = std::chrono::seconds(1);

  // Limits of one call.
  std::int64_t max_n = 1'000'000;
  std::int64_t max_chunk_size = 1'000'000'000;
  std::int64_t max_guid_n = 100'000;
  std::int64_t max_batch = 1'000;
  std::int64_t max_text_n = 10'000;
  std::int64_t max_request_id_bytes = 64;
  std::int64_t max_message_bytes = 1'048'576;
  Duration default_deadline = std::chrono::seconds(30);
  Duration max_deadline = std::chrono::hours(1);
  Duration max_update_interval = std::chrono::hours(1);

  // Limits of the server.
  std::int64_t max_waiting = 50'000;
  std::int64_t max_batch_calls = 4'096;
  std::int64_t max_batch_names = 1'024;
  std::int64_t window_min = 1'000;
  std::int64_t window_max = 10'000'000;
  std::int64_t max_generators = 64;
  std::int64_t max_request_ids = 100'000'000;
  std::int64_t max_memory_bytes = 1'073'741'824;
  std::int64_t max_streams = 10'000;

  // The store.
  std::string pg_prepared = "auto";
  Duration lock_timeout = std::chrono::seconds(2);
  Duration store_timeout = std::chrono::seconds(10);
  Duration connect_timeout = std::chrono::seconds(3);
  Duration retry_first = std::chrono::milliseconds(50);
  Duration retry_most = std::chrono::seconds(1);

  // Connections of clients.
  Duration connection_age = std::chrono::minutes(10);
  Duration connection_grace = std::chrono::seconds(30);
  Duration keepalive_time = std::chrono::seconds(60);
  Duration keepalive_timeout = std::chrono::seconds(20);
  Duration min_ping_interval = std::chrono::seconds(5);

  // The process.
  Duration stop_timeout = std::chrono::seconds(10);
  std::string log_level = "info";
  std::string log_format = "auto";
};

// OK, or InvalidArgument with a sentence about settings that contradict each
// other. Each by itself is checked where it is set.
absl::Status ValidateConfig(const Config& config);

// What the engine and the store get. `jitter_seed` and the host's name, which
// stands in for an empty `name`, are read from the machine.
engine::EngineOptions EngineOptionsOf(const Config& config);
store::StoreOptions StoreOptionsOf(const Config& config);

}  // namespace mintmark::server
