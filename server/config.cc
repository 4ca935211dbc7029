#include "server/config.h"

#include <unistd.h>

#include <array>
#include <random>

#include "absl/strings/str_cat.h"

namespace mintmark::server {
namespace {

std::string HostName() {
  std::array<char, 256> name{};
  if (gethostname(name.data(), name.size() - 1) != 0 || name[0] == '\0') return "mintmarkd";
  return name.data();
}

absl::Status Contradiction(absl::string_view low, absl::string_view high) {
  return absl::InvalidArgumentError(
      absl::StrCat("The setting ", low, " must not be above ", high, "."));
}

}  // namespace

absl::Status ValidateConfig(const Config& config) {
  if (config.heartbeat > config.lease / 3) {
    return absl::InvalidArgumentError(
        "The setting heartbeat must be at most a third of lease, or one late commit ends a lease.");
  }
  if (config.window_min > config.window_max) return Contradiction("window-min", "window-max");
  if (config.retry_first > config.retry_most) return Contradiction("retry-first", "retry-most");
  if (config.lock_timeout > config.store_timeout) {
    return Contradiction("lock-timeout", "store-timeout");
  }
  if (config.default_deadline > config.max_deadline) {
    return Contradiction("default-deadline", "max-deadline");
  }
  return absl::OkStatus();
}

engine::EngineOptions EngineOptionsOf(const Config& config) {
  engine::EngineOptions options;
  options.lanes = static_cast<int>(config.lanes);
  options.server = config.name.empty() ? HostName() : config.name;
  options.auto_create = config.auto_create;
  options.lease = config.lease;
  options.heartbeat = config.heartbeat;
  options.idle_give_back = config.idle_give_back;
  options.evict_after = config.evict_after;
  options.held_patience = config.held_patience;
  options.drain_patience = config.drain_patience;
  options.poll_interval = config.poll_interval;
  options.retry_first = config.retry_first;
  options.retry_most = config.retry_most;
  options.jitter_seed = std::random_device()();
  options.key_rotation = config.request_id_retention / 3;
  options.max_ahead = config.max_ahead;
  options.guid_patience = config.guid_patience;
  options.max_generators = config.max_generators;
  options.window_min = config.window_min;
  options.window_max = config.window_max;
  options.max_waiting = config.max_waiting;
  options.max_batch_calls = config.max_batch_calls;
  options.max_batch_names = config.max_batch_names;
  return options;
}

store::StoreOptions StoreOptionsOf(const Config& config) {
  store::StoreOptions options;
  options.unsafe = config.unsafe_store;
  options.migrate = config.auto_migrate;
  options.prepare = config.pg_prepared != "off";
  options.lock_timeout = config.lock_timeout;
  options.answer_timeout = config.store_timeout;
  options.connect_timeout = config.connect_timeout;
  options.request_id_retention = config.request_id_retention;
  options.max_request_ids = config.max_request_ids;
  return options;
}

}  // namespace mintmark::server
