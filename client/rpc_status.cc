#include "client/rpc_status.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/numbers.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "src/core/reason.h"

namespace mintmark::client {
namespace {

// What came with the code and the message.
struct Extras {
  std::string reason;  // The word on the wire, which a newer server may have coined.
  std::optional<Duration> retry_after;
  bool no_more_tries = false;
};

// Longer waits than this one help nobody; it also keeps sums far from overflow.
constexpr Duration kMaxRetryAfter = std::chrono::hours(1);

Duration ToDuration(const google::protobuf::Duration& duration) {
  const std::int64_t max_seconds =
      std::chrono::duration_cast<std::chrono::seconds>(kMaxRetryAfter).count();
  return std::chrono::seconds(std::clamp<std::int64_t>(duration.seconds(), 0, max_seconds)) +
         std::chrono::nanoseconds(std::clamp(duration.nanos(), 0, 999'999'999));
}

void ReadDetails(const std::string& bytes, Extras& extras) {
  google::rpc::Status details;
  if (bytes.empty() || !details.ParseFromString(bytes)) return;
  for (const google::protobuf::Any& any : details.details()) {
    google::rpc::ErrorInfo info;
    google::rpc::RetryInfo retry;
    if (any.Is<google::rpc::ErrorInfo>() && any.UnpackTo(&info) && info.domain() == "mintmark") {
      extras.reason = info.reason();
    } else if (any.Is<google::rpc::RetryInfo>() && any.UnpackTo(&retry)) {
      extras.retry_after = ToDuration(retry.retry_delay());
    }
  }
}

void ReadMetadata(const TrailingMetadata& metadata, Extras& extras) {
  if (const auto it = metadata.find("mintmark-reason"); it != metadata.end()) {
    extras.reason = std::string(it->second.begin(), it->second.end());
  }
  if (const auto it = metadata.find("grpc-retry-pushback-ms"); it != metadata.end()) {
    std::int64_t pushback_ms = -1;
    const std::string text(it->second.begin(), it->second.end());
    extras.no_more_tries = !absl::SimpleAtoi(text, &pushback_ms) || pushback_ms < 0;
    if (!extras.no_more_tries) {
      const Duration cap = kMaxRetryAfter;
      extras.retry_after = pushback_ms < cap / std::chrono::milliseconds(1)
                               ? Duration(std::chrono::milliseconds(pushback_ms))
                               : cap;
    }
  }
}

Effect EffectOf(absl::StatusCode code, const Extras& extras) {
  const Effect not_applied = extras.no_more_tries ? Effect::kRefused : Effect::kNotApplied;
  switch (code) {
    case absl::StatusCode::kOk:
      return Effect::kDone;
    case absl::StatusCode::kUnavailable:
      return extras.reason.empty() ? Effect::kInDoubt : not_applied;
    case absl::StatusCode::kResourceExhausted:
      // Only what passes by itself soon is worth the wait: a full queue, and
      // whatever the server gave a time for.
      return extras.reason == ReasonName(Reason::kOverloaded) || extras.retry_after.has_value()
                 ? not_applied
                 : Effect::kRefused;
    // The time ran out, COMMIT_IN_DOUBT, and what gRPC makes of a connection
    // that breaks off.
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
    case absl::StatusCode::kCancelled:
      return Effect::kInDoubt;
    default:
      return Effect::kRefused;
  }
}

}  // namespace

Attempt InterpretStatus(const grpc::Status& status, const TrailingMetadata& metadata) {
  if (status.ok()) return {};
  Extras extras;
  ReadDetails(status.error_details(), extras);
  ReadMetadata(metadata, extras);

  // The codes of gRPC and of absl are the same numbers by design.
  const auto code = static_cast<absl::StatusCode>(status.error_code());
  const Reason reason = ReasonFromName(extras.reason);
  Attempt attempt;
  attempt.status = reason != Reason::kUnspecified && CodeOf(reason) == code
                       ? MakeStatus(reason, status.error_message(), extras.retry_after)
                       : absl::Status(code, status.error_message());
  attempt.effect = EffectOf(code, extras);
  attempt.retry_after = extras.retry_after;
  return attempt;
}

}  // namespace mintmark::client
