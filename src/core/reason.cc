#include "src/core/reason.h"

#include <array>
#include <cstdint>
#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace mintmark {
namespace {

constexpr absl::string_view kReasonUrl = "mintmark/reason";
constexpr absl::string_view kRetryUrl = "mintmark/retry-after-ns";

struct Entry {
  absl::string_view name;
  absl::StatusCode code = absl::StatusCode::kUnknown;
};

using Code = absl::StatusCode;

constexpr std::array<Entry, kReasonCount> kEntries = {{
    {"UNSPECIFIED", Code::kUnknown},
    {"NAME_INVALID", Code::kInvalidArgument},
    {"N_INVALID", Code::kInvalidArgument},
    {"N_TOO_LARGE", Code::kInvalidArgument},
    {"SEQUENCE_INVALID", Code::kInvalidArgument},
    {"GROUP_INVALID", Code::kInvalidArgument},
    {"REQUEST_ID_INVALID", Code::kInvalidArgument},
    {"REQUEST_ID_REUSED", Code::kInvalidArgument},
    {"TEXT_INVALID", Code::kInvalidArgument},
    {"ARGUMENT_INVALID", Code::kInvalidArgument},
    {"SEQUENCE_NOT_FOUND", Code::kNotFound},
    {"GROUP_NOT_FOUND", Code::kNotFound},
    {"COUNTER_NOT_FOUND", Code::kNotFound},
    {"SEQUENCE_ALREADY_EXISTS", Code::kAlreadyExists},
    {"GROUP_ALREADY_EXISTS", Code::kAlreadyExists},
    {"COUNTER_ALREADY_EXISTS", Code::kAlreadyExists},
    {"SEQUENCE_EXHAUSTED", Code::kOutOfRange},
    {"COUNTER_OVERFLOW", Code::kOutOfRange},
    {"GROUP_LIFETIME_OVER", Code::kOutOfRange},
    {"LEASE_LOST", Code::kFailedPrecondition},
    {"WOULD_REUSE_IDS", Code::kFailedPrecondition},
    {"ETAG_MISMATCH", Code::kFailedPrecondition},
    {"STORE_SUSPECT", Code::kFailedPrecondition},
    {"OVERLOADED", Code::kResourceExhausted},
    {"GENERATORS_EXHAUSTED", Code::kResourceExhausted},
    {"QUOTA_EXCEEDED", Code::kResourceExhausted},
    {"REQUEST_IDS_FULL", Code::kResourceExhausted},
    {"STORE_UNAVAILABLE", Code::kUnavailable},
    {"IDS_HELD_ELSEWHERE", Code::kUnavailable},
    {"DRAINING", Code::kUnavailable},
    {"SHUTTING_DOWN", Code::kUnavailable},
    {"COMMIT_IN_DOUBT", Code::kUnknown},
}};

const Entry& EntryOf(Reason reason) { return kEntries[static_cast<std::size_t>(reason)]; }

}  // namespace

absl::string_view ReasonName(Reason reason) { return EntryOf(reason).name; }

Reason ReasonFromName(absl::string_view name) {
  for (int i = 1; i < kReasonCount; ++i) {
    if (kEntries[static_cast<std::size_t>(i)].name == name) return static_cast<Reason>(i);
  }
  return Reason::kUnspecified;
}

absl::StatusCode CodeOf(Reason reason) { return EntryOf(reason).code; }

absl::Status MakeStatus(Reason reason, absl::string_view message,
                        std::optional<Duration> retry_after) {
  absl::Status status(CodeOf(reason), message);
  status.SetPayload(kReasonUrl, absl::Cord(ReasonName(reason)));
  if (retry_after.has_value()) {
    status.SetPayload(kRetryUrl, absl::Cord(absl::StrCat(retry_after->count())));
  }
  return status;
}

Reason ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonUrl);
  if (!payload.has_value()) return Reason::kUnspecified;
  return ReasonFromName(std::string(*payload));
}

std::optional<Duration> RetryAfterOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kRetryUrl);
  if (!payload.has_value()) return std::nullopt;
  std::int64_t ns = 0;
  if (!absl::SimpleAtoi(std::string(*payload), &ns)) return std::nullopt;
  return Duration(ns);
}

}  // namespace mintmark
