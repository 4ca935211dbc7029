#include "client/server.h"

#include <grpcpp/client_context.h>

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/channel.h"

namespace mintmark::client {

Server::Server(std::string address, const std::shared_ptr<grpc::ChannelCredentials>& credentials)
    : address_(std::move(address)),
      channel_(MakeChannel(TargetOf(address_), credentials)),
      ids_(v1::IdService::NewStub(channel_)),
      admin_(v1::AdminService::NewStub(channel_)),
      health_(grpc::health::v1::Health::NewStub(channel_)) {}

absl::Status Server::Connect(std::chrono::system_clock::time_point deadline) {
  for (;;) {
    const grpc_connectivity_state state = channel_->GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) return absl::OkStatus();
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE) return FailureToConnect(deadline);
    if (!channel_->WaitForStateChange(state, deadline)) {
      return absl::UnavailableError(
          absl::StrCat("cannot connect to ", address_, ": no answer in time"));
    }
  }
}

void Server::Wait(Duration duration) {
  // Measured on the steady clock: a wall clock that is set back in the meantime
  // must not prolong the wait.
  const auto end = std::chrono::steady_clock::now() + duration;
  for (;;) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= std::chrono::steady_clock::duration::zero()) return;
    const grpc_connectivity_state state = channel_->GetState(/*try_to_connect=*/true);
    if (state == GRPC_CHANNEL_READY) {
      std::this_thread::sleep_for(left);
    } else {
      channel_->WaitForStateChange(
          state, std::chrono::system_clock::now() +
                     std::chrono::ceil<std::chrono::system_clock::duration>(left));
    }
  }
}

absl::Status Server::FailureToConnect(std::chrono::system_clock::time_point deadline) {
  // A channel says why it failed only as the answer to a call; this one changes
  // nothing should it get through.
  grpc::ClientContext context;
  context.set_deadline(deadline);
  v1::GetServerStatusResponse response;
  const grpc::Status status = admin_->GetServerStatus(&context, {}, &response);
  if (channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat("cannot connect to ", address_, ": ", status.error_message()));
}

}  // namespace mintmark::client
