#include "server/rpc_error.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "server/config.h"
#include "src/core/reason.h"

namespace mintmark::server {
namespace {

constexpr absl::string_view kDomain = "mintmark";

std::string MakeDetails(const RpcError& error, const Subject& subject,
                        std::optional<Duration> retry_after) {
  google::rpc::Status details;
  details.set_code(error.status.error_code());
  details.set_message(error.status.error_message());
  if (!error.reason.empty()) {
    google::rpc::ErrorInfo info;
    info.set_reason(error.reason);
    info.set_domain(std::string(kDomain));
    if (!subject.kind.empty()) {
      (*info.mutable_metadata())[std::string(subject.kind)] = std::string(subject.name);
    }
    details.add_details()->PackFrom(info);
  }
  if (retry_after.has_value()) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(*retry_after);
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(seconds.count());
    retry.mutable_retry_delay()->set_nanos(
        static_cast<std::int32_t>((*retry_after - seconds).count()));
    details.add_details()->PackFrom(retry);
  }
  return details.SerializeAsString();
}

}  // namespace

absl::string_view CutMessage(absl::string_view message) {
  if (message.size() <= kMaxErrorMessageBytes) return message;
  std::size_t size = kMaxErrorMessageBytes;
  // Bytes 10xxxxxx continue a character that began before.
  while (size > 0 && (static_cast<unsigned char>(message[size]) & 0xc0) == 0x80) --size;
  return message.substr(0, size);
}

RpcError MakeRpcError(const absl::Status& status, const Subject& subject) {
  RpcError error;
  const Reason reason = ReasonOf(status);
  if (reason != Reason::kUnspecified) error.reason = std::string(ReasonName(reason));
  const std::optional<Duration> retry_after = RetryAfterOf(status);
  if (retry_after.has_value()) {
    const auto whole_ms = std::chrono::ceil<std::chrono::milliseconds>(*retry_after);
    error.pushback_ms = std::max<std::int64_t>(whole_ms.count(), 0);
  }
  // The codes of gRPC and of absl are the same numbers by design.
  const auto code = static_cast<grpc::StatusCode>(status.code());
  const std::string message(CutMessage(status.message()));
  error.status = grpc::Status(code, message);
  if (!error.reason.empty() || retry_after.has_value()) {
    error.status = grpc::Status(code, message, MakeDetails(error, subject, retry_after));
  }
  return error;
}

grpc::Status PutError(const absl::Status& status, const Subject& subject,
                      grpc::CallbackServerContext& context) {
  RpcError error = MakeRpcError(status, subject);
  if (!error.reason.empty()) context.AddTrailingMetadata("mintmark-reason", error.reason);
  if (error.pushback_ms.has_value()) {
    context.AddTrailingMetadata("grpc-retry-pushback-ms", absl::StrCat(*error.pushback_ms));
  }
  return std::move(error.status);
}

}  // namespace mintmark::server
