#include "server/server.h"

#include <grpc/grpc.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/health_check_service_interface.h>
#include <grpcpp/resource_quota.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server_builder.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <string>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "server/clock.h"
#include "server/listen_address.h"
#include "server/logging.h"

namespace mintmark::server {
namespace {

// Calls whose answer is on its way when the port closes get this long; streams of
// health watchers are cut off after it.
constexpr auto kCloseGrace = std::chrono::milliseconds(500);
constexpr auto kStopPoll = std::chrono::milliseconds(2);

// More lanes than the store can commit side by side would wait for each other.
Config Fitted(Config config, const engine::Store& store) {
  if (store.max_lanes() > 0 && config.lanes > store.max_lanes()) {
    spdlog::info("The store commits on {} lane(s) at most; --lanes={} is taken as that.",
                 store.max_lanes(), config.lanes);
    config.lanes = store.max_lanes();
  }
  return config;
}

std::vector<std::unique_ptr<LaneSignal>> MakeSignals(std::int64_t lanes) {
  std::vector<std::unique_ptr<LaneSignal>> signals;
  for (std::int64_t i = 0; i < lanes; ++i) signals.push_back(std::make_unique<LaneSignal>());
  return signals;
}

StoreTimeUs WallTimeUs() {
  return std::chrono::duration_cast<std::chrono::microseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

int ToMs(Duration duration) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<int>(std::min<std::int64_t>(ms, std::numeric_limits<int>::max()));
}

}  // namespace

void SetGrpcArguments(const Config& config, grpc::ServerBuilder& builder) {
  // Debian's abseil looks for deadlock cycles at every lock that gRPC takes, which
  // costs a twentieth of a small call.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  // With it, a second server on the same port would start happily.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_MS, ToMs(config.connection_age));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_AGE_GRACE_MS, ToMs(config.connection_grace));
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, static_cast<int>(config.max_streams));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, ToMs(config.keepalive_time));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, ToMs(config.keepalive_timeout));
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  // By default clients with an ordinary keepalive would be told to go away.
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             ToMs(config.min_ping_interval));
  builder.SetMaxReceiveMessageSize(static_cast<int>(config.max_message_bytes * kHardMessageFactor));
  builder.SetResourceQuota(
      grpc::ResourceQuota("mintmarkd").Resize(static_cast<std::size_t>(config.max_memory_bytes)));
}

Server::Server(const Config& config, engine::Store& store)
    : config_(Fitted(config, store)),
      store_(store),
      start_time_(BootNow()),
      start_wall_time_us_(WallTimeUs()),
      signals_(MakeSignals(config_.lanes)),
      engine_(EngineOptionsOf(config_),
              [this](int lane) { signals_[static_cast<std::size_t>(lane)]->Wake(); }),
      ticker_(engine_),
      id_service_(Backend{engine_, config_}),
      admin_service_(Backend{engine_, config_}, [this] { return MakeStatusSource(); }) {
  for (int lane = 0; lane < engine_.lanes(); ++lane) {
    LaneSignal& signal = *signals_[static_cast<std::size_t>(lane)];
    drivers_.push_back(std::make_unique<LaneDriver>(engine_, signal, lane, store_.MakeLane()));
  }
}

Server::~Server() {
  draining_ = true;
  engine_.BeginStop(BootNow());
  // Stopped, not destroyed: the status may be asked for until the port is closed.
  for (const std::unique_ptr<LaneDriver>& driver : drivers_) driver->RequestStop();
  for (const std::unique_ptr<LaneDriver>& driver : drivers_) driver->Stop();
  ticker_.Stop();
  // Nobody commits any more: what still waits for that ends as if its deadline had
  // passed, which no call's can be later than.
  engine_.Tick(BootNow() + 2 * config_.max_deadline);
  ClosePort();
}

absl::Status Server::Start() {
  if (absl::Status status = OpenPort(); !status.ok()) return status;
  for (const std::unique_ptr<LaneDriver>& driver : drivers_) driver->Start();
  ticker_.Start();
  SetServing(true);
  return absl::OkStatus();
}

absl::Status Server::OpenPort() {
  if (absl::Status status = CheckListenAddress(config_.listen); !status.ok()) return status;
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetGrpcArguments(config_, builder);
  builder.AddListeningPort(GrpcListenAddress(config_.listen), grpc::InsecureServerCredentials(),
                           &port_);
  builder.RegisterService(&id_service_);
  builder.RegisterService(&admin_service_);
  const QuietGrpc quiet;
  grpc_server_ = builder.BuildAndStart();
  if (grpc_server_ == nullptr) {
    return absl::FailedPreconditionError(
        absl::StrCat("The address ", config_.listen,
                     " cannot be listened on; --log-level=debug shows what gRPC says of it."));
  }
  SetServing(false);
  return absl::OkStatus();
}

std::string Server::address() const { return WithPort(config_.listen, port_); }

void Server::SetServing(bool serving) {
  grpc::HealthCheckServiceInterface& health = *grpc_server_->GetHealthCheckService();
  health.SetServingStatus(v1::IdService::service_full_name(), serving);
  health.SetServingStatus(v1::AdminService::service_full_name(), serving);
  health.SetServingStatus(serving);  // All of them, and the server as a whole.
}

StopOutcome Server::Stop() {
  draining_ = true;
  if (grpc_server_ != nullptr) SetServing(false);
  engine_.BeginStop(BootNow());
  const Time end = BootNow() + config_.stop_timeout;
  while (!engine_.Stopped() && BootNow() < end) std::this_thread::sleep_for(kStopPoll);

  StopOutcome outcome;
  outcome.clean = engine_.Stopped();
  if (outcome.clean) {
    ClosePort();
    return outcome;
  }
  for (const engine::LaneStatus& lane : engine_.Status(BootNow())) {
    outcome.unissued_ids +=
        std::min(lane.unissued, std::numeric_limits<std::int64_t>::max() - outcome.unissued_ids);
    outcome.deferred_counters += lane.deferred_counters;
  }
  return outcome;
}

void Server::ClosePort() {
  if (grpc_server_ == nullptr) return;
  grpc_server_->Shutdown(std::chrono::system_clock::now() + kCloseGrace);
  grpc_server_->Wait();
  grpc_server_.reset();
}

StatusSource Server::MakeStatusSource() const {
  const Time now = BootNow();
  StatusSource source;
  source.start_wall_time_us = start_wall_time_us_;
  source.uptime = now - start_time_;
  source.draining = draining_;
  source.store = store_.Describe();
  source.lanes = engine_.Status(now);
  for (const std::unique_ptr<LaneDriver>& driver : drivers_) {
    source.last_errors.push_back(driver->last_error());
  }
  source.max_request_ids = config_.max_request_ids;
  return source;
}

}  // namespace mintmark::server
