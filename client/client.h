// The C++ client: the generated stubs with deadlines, retries and errors that a
// program can act on. What each call promises is said on its rpc, in
// proto/mintmark/v1/; this page says what the client adds.
//
//   auto client = mintmark::client::Client::Make({.addresses = {"ids.internal:50051"}});
//   if (!client.ok()) return client.status();
//   absl::StatusOr<std::int64_t> id = (*client)->NextId("orders");
#pragma once

#include <grpcpp/client_context.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/status.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "client/retry.h"
#include "grpc/health/v1/health.pb.h"
#include "mintmark/v1/admin_service.pb.h"
#include "mintmark/v1/id_service.pb.h"
#include "src/core/reason.h"

namespace mintmark::client {

struct ClientOptions {
  // Servers of one store: "host", "host:port" (50051 unless given) or a gRPC
  // target ("dns:///ids.internal:50051", "ipv4:10.0.0.1:50051,10.0.0.2:50051").
  // Calls go round all of them and all that their names resolve to, and another
  // try of a call goes to the next one.
  std::vector<std::string> addresses = {"127.0.0.1:50051"};
  // How to secure the connections; null for plain text.
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  // What a call may take in all, its tries and the waits between them together.
  std::chrono::milliseconds timeout{5000};
  // The same for UpdateSequence, ResetSequence, DeleteSequence and DeleteGuidGroup,
  // which may have to wait until the lease of a server that is gone has ended (60 s).
  std::chrono::milliseconds drain_timeout{90'000};
  // Whether increments, and whether NextN and ReserveRange, get a request_id
  // when the request has none; see CallOptions::exactly_once.
  bool exactly_once_increments = true;
  bool exactly_once_draws = false;
  RetryOptions retry;
};

struct CallOptions {
  // Instead of ClientOptions::timeout or drain_timeout. Above zero.
  std::optional<std::chrono::milliseconds> timeout;
  // Instead of ClientOptions::exactly_once_*. With it, a request without a
  // request_id gets a random one, the same for all its tries: the server then
  // commits before it answers, remembers the key for 24 hours, and applies the
  // call once however often it is tried. Without it:
  //   - an increment is tried again only after an error that says that nothing
  //     was applied;
  //   - NextN and ReserveRange are tried again after any loss, since other ids
  //     do as well; the ids in a lost answer are a gap.
  // A DEFERRED increment gets no key unless asked for here: it would become
  // COMMITTED.
  std::optional<bool> exactly_once;
};

// Calls mintmark. Safe to use from any number of threads; make one a process
// (or more of them, for more connections). Destroy it after the last call has
// returned.
//
// Tries: a call is tried again after what passes (UNAVAILABLE, a full queue, a
// lost connection, a doubt), as far as CallOptions::exactly_once and its time
// allow, after a wait that doubles, varies at random, and heeds what the server
// asked for. Reads, NextGuid, and the calls for leases on generators are always tried
// again; calls that create, update, reset or delete, and increments without a
// request_id, only when nothing was applied.
//
// Errors: the server's code and message. ReasonOf() (src/core/reason.h) tells
// why, RetryAfterOf() when another call may help, and InDoubt() whether the
// call may have been applied although it failed.
class Client {
 public:
  // INVALID_ARGUMENT when the options make no sense. Connects at the first call.
  static absl::StatusOr<std::unique_ptr<Client>> Make(ClientOptions options);

  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // One id of a sequence.
  absl::StatusOr<std::int64_t> NextId(absl::string_view sequence, const CallOptions& options = {});

  // Adds `delta` to a counter, committed, and returns the sum right after it.
  absl::StatusOr<std::int64_t> Incr(absl::string_view counter, std::int64_t delta = 1,
                                    const CallOptions& options = {});

  // The rpcs of IdService.
  absl::StatusOr<v1::NextNResponse> NextN(v1::NextNRequest request,
                                          const CallOptions& options = {});
  absl::StatusOr<v1::ReserveRangeResponse> ReserveRange(v1::ReserveRangeRequest request,
                                                        const CallOptions& options = {});
  absl::StatusOr<v1::IncrCounterResponse> IncrCounter(v1::IncrCounterRequest request,
                                                      const CallOptions& options = {});
  // Each of its increments counts for itself in exactly_once; the batch is tried
  // again in doubt when all of them carry a request_id. Errors of single
  // increments are in the response, and are not tried again.
  absl::StatusOr<v1::BatchIncrCountersResponse> BatchIncrCounters(
      v1::BatchIncrCountersRequest request, const CallOptions& options = {});
  absl::StatusOr<v1::GetCountersResponse> GetCounters(const v1::GetCountersRequest& request,
                                                      const CallOptions& options = {});
  // Tried again after any loss, since other GUIDs do as well.
  absl::StatusOr<v1::NextGuidResponse> NextGuid(const v1::NextGuidRequest& request,
                                                const CallOptions& options = {});
  absl::StatusOr<v1::DecodeGuidResponse> DecodeGuid(const v1::DecodeGuidRequest& request,
                                                    const CallOptions& options = {});
  // For those who mint GUIDs themselves, as LocalGuidGenerator does. An Acquire
  // without a request_id gets one: a lost answer would keep a generator from
  // everybody for a lease.
  absl::StatusOr<v1::AcquireGeneratorResponse> AcquireGenerator(v1::AcquireGeneratorRequest request,
                                                                const CallOptions& options = {});
  absl::StatusOr<v1::RenewGeneratorResponse> RenewGenerator(
      const v1::RenewGeneratorRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::ReleaseGeneratorResponse> ReleaseGenerator(
      const v1::ReleaseGeneratorRequest& request, const CallOptions& options = {});

  // The rpcs of AdminService.
  absl::StatusOr<v1::CreateSequenceResponse> CreateSequence(
      const v1::CreateSequenceRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::GetSequenceResponse> GetSequence(const v1::GetSequenceRequest& request,
                                                      const CallOptions& options = {});
  absl::StatusOr<v1::ListSequencesResponse> ListSequences(const v1::ListSequencesRequest& request,
                                                          const CallOptions& options = {});
  absl::StatusOr<v1::UpdateSequenceResponse> UpdateSequence(
      const v1::UpdateSequenceRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::ResetSequenceResponse> ResetSequence(const v1::ResetSequenceRequest& request,
                                                          const CallOptions& options = {});
  absl::StatusOr<v1::DeleteSequenceResponse> DeleteSequence(
      const v1::DeleteSequenceRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::DecodeTextResponse> DecodeText(const v1::DecodeTextRequest& request,
                                                    const CallOptions& options = {});
  absl::StatusOr<v1::CreateGuidGroupResponse> CreateGuidGroup(
      const v1::CreateGuidGroupRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::GetGuidGroupResponse> GetGuidGroup(const v1::GetGuidGroupRequest& request,
                                                        const CallOptions& options = {});
  absl::StatusOr<v1::ListGuidGroupsResponse> ListGuidGroups(
      const v1::ListGuidGroupsRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::DeleteGuidGroupResponse> DeleteGuidGroup(
      const v1::DeleteGuidGroupRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::ListGeneratorsResponse> ListGenerators(
      const v1::ListGeneratorsRequest& request, const CallOptions& options = {});
  absl::StatusOr<v1::GetCounterResponse> GetCounter(const v1::GetCounterRequest& request,
                                                    const CallOptions& options = {});
  absl::StatusOr<v1::ListCountersResponse> ListCounters(const v1::ListCountersRequest& request,
                                                        const CallOptions& options = {});
  absl::StatusOr<v1::ResetCounterResponse> ResetCounter(const v1::ResetCounterRequest& request,
                                                        const CallOptions& options = {});
  absl::StatusOr<v1::DeleteCounterResponse> DeleteCounter(const v1::DeleteCounterRequest& request,
                                                          const CallOptions& options = {});
  absl::StatusOr<v1::GetServerStatusResponse> GetServerStatus(
      const v1::GetServerStatusRequest& request, const CallOptions& options = {});

  // gRPC's own health check: of the server as a whole when no service is named.
  absl::StatusOr<grpc::health::v1::HealthCheckResponse> CheckHealth(
      const grpc::health::v1::HealthCheckRequest& request, const CallOptions& options = {});

 private:
  class Servers;

  explicit Client(ClientOptions options);

  template <typename Stub, typename Request, typename Response>
  using Method = grpc::Status (Stub::*)(grpc::ClientContext*, const Request&, Response*);

  // Runs `method` on one server after the other, as `traits` allows.
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Method<Stub, Request, Response> method, const Request& request,
                                const CallTraits& traits, std::chrono::milliseconds timeout);

  const ClientOptions options_;
  const std::unique_ptr<Servers> servers_;  // Synchronised by itself.
};

}  // namespace mintmark::client
