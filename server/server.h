// A mintmark server in one object, for main() as well as for tests and benches.
#pragma once

#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "server/admin_service.h"
#include "server/config.h"
#include "server/id_service.h"
#include "server/lane_driver.h"
#include "server/unary_call.h"
#include "src/engine/engine.h"
#include "src/engine/store.h"

namespace mintmark::server {

// The settings of gRPC, of which one holds for the whole process; also for a server
// that mintmarkd is compared with.
void SetGrpcArguments(const Config& config, grpc::ServerBuilder& builder);

// How a stop went.
struct StopOutcome {
  bool clean = false;                  // Everything was given back and persisted.
  std::int64_t unissued_ids = 0;       // Otherwise: ids in windows that nobody gets before the
                                       // session's lease is over, and that a crash would have lost.
  std::int64_t deferred_counters = 0;  // Counters with increments that are lost.
};

// Serves the ids and counters of a store over gRPC. Used from one thread.
class Server {
 public:
  // The store has been opened, and outlives the server.
  Server(const Config& config, engine::Store& store);

  // Stops what still runs; a store that does not answer can hold it up for
  // store_timeout. Calls that wait are ended.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Opens the port and serves. Once. FailedPrecondition, with a sentence, when
  // the address cannot be had; nothing has touched the store then.
  absl::Status Start();

  // After Start(): the port, also when a free one was asked for.
  int port() const { return port_; }

  // After Start(): where clients reach it.
  std::string address() const;

  // Health says NOT_SERVING, new calls are refused (SHUTTING_DOWN), those under
  // way finish, all is given back, and the port is closed. Takes at most
  // stop_timeout, and when it was not clean leaves the rest to the destructor.
  StopOutcome Stop();

  engine::Engine& engine() { return engine_; }

 private:
  StatusSource MakeStatusSource() const;
  absl::Status OpenPort();
  void SetServing(bool serving);
  void ClosePort();

  const Config config_;
  engine::Store& store_;
  const Time start_time_;
  const StoreTimeUs start_wall_time_us_;
  std::vector<std::unique_ptr<LaneSignal>> signals_;  // By lane, as are the drivers.
  engine::Engine engine_;
  std::vector<std::unique_ptr<LaneDriver>> drivers_;
  Ticker ticker_;
  IdService id_service_;
  AdminService admin_service_;
  std::atomic<bool> draining_{false};
  int port_ = 0;
  std::unique_ptr<grpc::Server> grpc_server_;
};

}  // namespace mintmark::server
