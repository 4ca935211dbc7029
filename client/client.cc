#include "client/client.h"

#include <atomic>
#include <cstddef>
#include <utility>

#include "client/request_id.h"
#include "client/rpc_status.h"
#include "client/server.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

using IdStub = v1::IdService::Stub;
using AdminStub = v1::AdminService::Stub;
using HealthStub = grpc::health::v1::Health::Stub;

constexpr CallTraits kRead = {.mutates = false, .safe_in_doubt = true};
constexpr CallTraits kChange = {.mutates = true, .safe_in_doubt = false};

// Ids of a lost answer are a gap and nothing worse, so any call for ids may be
// tried again.
CallTraits DrawTraits(bool keyed) {
  return {.mutates = true, .safe_in_doubt = true, .keyed = keyed};
}

// A lease may be prolonged twice, and released but once, whoever asked.
constexpr CallTraits kLease = {.mutates = true, .safe_in_doubt = true};

CallTraits IncrementTraits(bool keyed) {
  return {.mutates = true, .safe_in_doubt = keyed, .keyed = keyed};
}

template <typename Request>
void GiveRequestId(bool exactly_once, Request& request) {
  if (exactly_once && request.request_id().empty()) request.set_request_id(NewRequestId());
}

bool WantsRequestId(const v1::IncrCounterRequest& request, const CallOptions& options,
                    bool by_default) {
  return options.exactly_once.value_or(by_default &&
                                       request.durability() != v1::DURABILITY_DEFERRED);
}

// The machine's time and chance; waits are spent with the server that was tried last.
class WaitingEnvironment final : public RetryEnvironment {
 public:
  Duration Now() override { return RealRetryEnvironment().Now(); }
  void Sleep(Duration duration) override { server_->Wait(duration); }
  double Random() override { return RealRetryEnvironment().Random(); }

  void set_server(Server& server) { server_ = &server; }

 private:
  Server* server_ = nullptr;
};

}  // namespace

// The servers, one after the other.
class Client::Servers {
 public:
  explicit Servers(const ClientOptions& options) {
    const auto credentials =
        options.credentials ? options.credentials : grpc::InsecureChannelCredentials();
    for (const std::string& address : options.addresses) {
      servers_.push_back(std::make_unique<Server>(address, credentials));
    }
  }

  Server& Next() {
    return *servers_[turn_.fetch_add(1, std::memory_order_relaxed) % servers_.size()];
  }

 private:
  std::vector<std::unique_ptr<Server>> servers_;  // Constant after construction.
  std::atomic<std::size_t> turn_{0};
};

absl::StatusOr<std::unique_ptr<Client>> Client::Make(ClientOptions options) {
  if (options.addresses.empty()) {
    return absl::InvalidArgumentError("no address of a server is given");
  }
  for (const std::string& address : options.addresses) {
    if (address.empty()) return absl::InvalidArgumentError("an address of a server is empty");
  }
  const auto zero = std::chrono::milliseconds::zero();
  if (options.timeout <= zero || options.drain_timeout <= zero ||
      options.retry.attempt_timeout <= zero) {
    return absl::InvalidArgumentError("timeouts have to be above zero");
  }
  if (options.retry.max_attempts < 1) {
    return absl::InvalidArgumentError("a call takes at least one try");
  }
  if (options.retry.initial_backoff < zero || options.retry.max_backoff < zero) {
    return absl::InvalidArgumentError("waits between tries cannot be negative");
  }
  return std::unique_ptr<Client>(new Client(std::move(options)));
}

Client::Client(ClientOptions options)
    : options_(std::move(options)), servers_(std::make_unique<Servers>(options_)) {}

Client::~Client() = default;

template <typename Stub, typename Request, typename Response>
absl::StatusOr<Response> Client::Call(Method<Stub, Request, Response> method,
                                      const Request& request, const CallTraits& traits,
                                      std::chrono::milliseconds timeout) {
  if (timeout <= std::chrono::milliseconds::zero()) {
    return absl::InvalidArgumentError("the timeout has to be above zero");
  }
  Response response;
  WaitingEnvironment environment;
  MINTMARK_RETURN_IF_ERROR(
      RunWithRetries(options_.retry, traits, timeout, environment, [&](Duration attempt_timeout) {
        const auto deadline =
            std::chrono::system_clock::now() +
            std::chrono::ceil<std::chrono::system_clock::duration>(attempt_timeout);
        Server& server = servers_->Next();
        environment.set_server(server);
        // A call is handed to a connection that stands, or not at all: what
        // fails to connect was certainly not applied, and gRPC itself does not
        // tell that apart from a connection that broke off.
        if (absl::Status connected = server.Connect(deadline); !connected.ok()) {
          return Attempt{std::move(connected), Effect::kNotApplied, std::nullopt};
        }
        grpc::ClientContext context;
        context.set_deadline(deadline);
        response.Clear();
        const grpc::Status status = (server.stub<Stub>().*method)(&context, request, &response);
        return InterpretStatus(status, context.GetServerTrailingMetadata());
      }));
  return response;
}

absl::StatusOr<std::int64_t> Client::NextId(absl::string_view sequence,
                                            const CallOptions& options) {
  v1::NextNRequest request;
  request.set_sequence(std::string(sequence));
  request.set_n(1);
  MINTMARK_ASSIGN_OR_RETURN(const v1::NextNResponse response, NextN(std::move(request), options));
  if (response.ranges_size() != 1) {
    return absl::InternalError("the server answered a call for one id with none");
  }
  return response.ranges(0).first();
}

absl::StatusOr<std::int64_t> Client::Incr(absl::string_view counter, std::int64_t delta,
                                          const CallOptions& options) {
  v1::IncrCounterRequest request;
  request.set_counter(std::string(counter));
  request.set_delta(delta);
  MINTMARK_ASSIGN_OR_RETURN(const v1::IncrCounterResponse response,
                            IncrCounter(std::move(request), options));
  return response.value();
}

absl::StatusOr<v1::NextNResponse> Client::NextN(v1::NextNRequest request,
                                                const CallOptions& options) {
  GiveRequestId(options.exactly_once.value_or(options_.exactly_once_draws), request);
  return Call(&IdStub::NextN, request, DrawTraits(!request.request_id().empty()),
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::ReserveRangeResponse> Client::ReserveRange(v1::ReserveRangeRequest request,
                                                              const CallOptions& options) {
  GiveRequestId(options.exactly_once.value_or(options_.exactly_once_draws), request);
  return Call(&IdStub::ReserveRange, request, DrawTraits(!request.request_id().empty()),
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::IncrCounterResponse> Client::IncrCounter(v1::IncrCounterRequest request,
                                                            const CallOptions& options) {
  GiveRequestId(WantsRequestId(request, options, options_.exactly_once_increments), request);
  return Call(&IdStub::IncrCounter, request, IncrementTraits(!request.request_id().empty()),
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::BatchIncrCountersResponse> Client::BatchIncrCounters(
    v1::BatchIncrCountersRequest request, const CallOptions& options) {
  bool all_keyed = true;
  for (v1::IncrCounterRequest& one : *request.mutable_requests()) {
    GiveRequestId(WantsRequestId(one, options, options_.exactly_once_increments), one);
    all_keyed = all_keyed && !one.request_id().empty();
  }
  return Call(&IdStub::BatchIncrCounters, request, IncrementTraits(all_keyed),
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::GetCountersResponse> Client::GetCounters(const v1::GetCountersRequest& request,
                                                            const CallOptions& options) {
  return Call(&IdStub::GetCounters, request, kRead, options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::NextGuidResponse> Client::NextGuid(const v1::NextGuidRequest& request,
                                                      const CallOptions& options) {
  return Call(&IdStub::NextGuid, request, DrawTraits(/*keyed=*/false),
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::DecodeGuidResponse> Client::DecodeGuid(const v1::DecodeGuidRequest& request,
                                                          const CallOptions& options) {
  return Call(&IdStub::DecodeGuid, request, kRead, options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::AcquireGeneratorResponse> Client::AcquireGenerator(
    v1::AcquireGeneratorRequest request, const CallOptions& options) {
  GiveRequestId(true, request);
  return Call(&IdStub::AcquireGenerator, request, DrawTraits(/*keyed=*/true),
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::RenewGeneratorResponse> Client::RenewGenerator(
    const v1::RenewGeneratorRequest& request, const CallOptions& options) {
  return Call(&IdStub::RenewGenerator, request, kLease, options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::ReleaseGeneratorResponse> Client::ReleaseGenerator(
    const v1::ReleaseGeneratorRequest& request, const CallOptions& options) {
  return Call(&IdStub::ReleaseGenerator, request, kLease,
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::CreateSequenceResponse> Client::CreateSequence(
    const v1::CreateSequenceRequest& request, const CallOptions& options) {
  return Call(&AdminStub::CreateSequence, request, kChange,
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::GetSequenceResponse> Client::GetSequence(const v1::GetSequenceRequest& request,
                                                            const CallOptions& options) {
  return Call(&AdminStub::GetSequence, request, kRead, options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::ListSequencesResponse> Client::ListSequences(
    const v1::ListSequencesRequest& request, const CallOptions& options) {
  return Call(&AdminStub::ListSequences, request, kRead,
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::UpdateSequenceResponse> Client::UpdateSequence(
    const v1::UpdateSequenceRequest& request, const CallOptions& options) {
  return Call(&AdminStub::UpdateSequence, request, kChange,
              options.timeout.value_or(options_.drain_timeout));
}

absl::StatusOr<v1::ResetSequenceResponse> Client::ResetSequence(
    const v1::ResetSequenceRequest& request, const CallOptions& options) {
  return Call(&AdminStub::ResetSequence, request, kChange,
              options.timeout.value_or(options_.drain_timeout));
}

absl::StatusOr<v1::DeleteSequenceResponse> Client::DeleteSequence(
    const v1::DeleteSequenceRequest& request, const CallOptions& options) {
  return Call(&AdminStub::DeleteSequence, request, kChange,
              options.timeout.value_or(options_.drain_timeout));
}

absl::StatusOr<v1::DecodeTextResponse> Client::DecodeText(const v1::DecodeTextRequest& request,
                                                          const CallOptions& options) {
  return Call(&AdminStub::DecodeText, request, kRead, options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::CreateGuidGroupResponse> Client::CreateGuidGroup(
    const v1::CreateGuidGroupRequest& request, const CallOptions& options) {
  return Call(&AdminStub::CreateGuidGroup, request, kChange,
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::GetGuidGroupResponse> Client::GetGuidGroup(
    const v1::GetGuidGroupRequest& request, const CallOptions& options) {
  return Call(&AdminStub::GetGuidGroup, request, kRead, options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::ListGuidGroupsResponse> Client::ListGuidGroups(
    const v1::ListGuidGroupsRequest& request, const CallOptions& options) {
  return Call(&AdminStub::ListGuidGroups, request, kRead,
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::DeleteGuidGroupResponse> Client::DeleteGuidGroup(
    const v1::DeleteGuidGroupRequest& request, const CallOptions& options) {
  return Call(&AdminStub::DeleteGuidGroup, request, kChange,
              options.timeout.value_or(options_.drain_timeout));
}

absl::StatusOr<v1::ListGeneratorsResponse> Client::ListGenerators(
    const v1::ListGeneratorsRequest& request, const CallOptions& options) {
  return Call(&AdminStub::ListGenerators, request, kRead,
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::GetCounterResponse> Client::GetCounter(const v1::GetCounterRequest& request,
                                                          const CallOptions& options) {
  return Call(&AdminStub::GetCounter, request, kRead, options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::ListCountersResponse> Client::ListCounters(
    const v1::ListCountersRequest& request, const CallOptions& options) {
  return Call(&AdminStub::ListCounters, request, kRead, options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::ResetCounterResponse> Client::ResetCounter(
    const v1::ResetCounterRequest& request, const CallOptions& options) {
  return Call(&AdminStub::ResetCounter, request, kChange,
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::DeleteCounterResponse> Client::DeleteCounter(
    const v1::DeleteCounterRequest& request, const CallOptions& options) {
  return Call(&AdminStub::DeleteCounter, request, kChange,
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<v1::GetServerStatusResponse> Client::GetServerStatus(
    const v1::GetServerStatusRequest& request, const CallOptions& options) {
  return Call(&AdminStub::GetServerStatus, request, kRead,
              options.timeout.value_or(options_.timeout));
}

absl::StatusOr<grpc::health::v1::HealthCheckResponse> Client::CheckHealth(
    const grpc::health::v1::HealthCheckRequest& request, const CallOptions& options) {
  return Call(&HealthStub::Check, request, kRead, options.timeout.value_or(options_.timeout));
}

}  // namespace mintmark::client
