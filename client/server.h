// One address to which calls go, as the client sees it.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <chrono>
#include <memory>
#include <string>
#include <type_traits>

#include "absl/status/status.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "mintmark/v1/admin_service.grpc.pb.h"
#include "mintmark/v1/id_service.grpc.pb.h"
#include "src/core/time.h"

namespace mintmark::client {

// Safe to use from any thread.
class Server {
 public:
  // `address` as TargetOf() takes it. Does not connect yet.
  Server(std::string address, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

  // Returns OK as soon as a connection stands, at once if one does, and
  // UNAVAILABLE with the cause when connecting failed or `deadline` has passed.
  absl::Status Connect(std::chrono::system_clock::time_point deadline);

  // Waits. gRPC connects only while somebody waits for the connection: one that is
  // being made gets on meanwhile.
  void Wait(Duration duration);

  template <typename Stub>
  Stub& stub() {
    if constexpr (std::is_same_v<Stub, v1::IdService::Stub>) {
      return *ids_;
    } else if constexpr (std::is_same_v<Stub, v1::AdminService::Stub>) {
      return *admin_;
    } else {
      static_assert(std::is_same_v<Stub, grpc::health::v1::Health::Stub>);
      return *health_;
    }
  }

 private:
  // Why the channel has no connection, or OK when it has one by now.
  absl::Status FailureToConnect(std::chrono::system_clock::time_point deadline);

  const std::string address_;
  const std::shared_ptr<grpc::Channel> channel_;
  const std::unique_ptr<v1::IdService::Stub> ids_;
  const std::unique_ptr<v1::AdminService::Stub> admin_;
  const std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

}  // namespace mintmark::client
