#include "server/validation.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "src/core/name.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"
#include "src/engine/calls.h"

namespace mintmark::server {
namespace {

absl::Status TooLarge(absl::string_view what, std::int64_t n, std::int64_t max) {
  return MakeStatus(
      Reason::kNTooLarge,
      absl::StrCat(what, " is ", n, "; this server takes at most ", max, " in one call."));
}

absl::Status Argument(absl::string_view problem) {
  return MakeStatus(Reason::kArgumentInvalid, problem);
}

}  // namespace

absl::StatusOr<std::int64_t> ReadCount(std::int64_t n, std::int64_t max) {
  if (n < 0) {
    return MakeStatus(Reason::kNInvalid,
                      absl::StrCat("n is ", n, "; it has to be at least 1 (0 means 1)."));
  }
  if (n > max) return TooLarge("n", n, max);
  return n == 0 ? 1 : n;
}

absl::Status CheckChunkSize(std::int64_t chunk_size, std::int64_t max) {
  if (chunk_size < 0) {
    return MakeStatus(
        Reason::kNInvalid,
        absl::StrCat("chunk_size is ", chunk_size,
                     "; it has to be at least 1 (0 leaves it to the sequence's settings)."));
  }
  if (chunk_size > max) return TooLarge("chunk_size", chunk_size, max);
  return absl::OkStatus();
}

absl::Status CheckBatchSize(absl::string_view what, int count, std::int64_t max) {
  if (count > max) return TooLarge(absl::StrCat("The number of ", what), count, max);
  return absl::OkStatus();
}

absl::Status CheckRequestId(absl::string_view request_id, const Config& config) {
  if (request_id.empty()) return absl::OkStatus();
  return ValidateRequestId(request_id, static_cast<std::size_t>(config.max_request_id_bytes));
}

absl::StatusOr<std::string> ReadGroupName(const std::string& name) {
  if (name.empty()) return std::string(engine::kDefaultGroup);
  MINTMARK_RETURN_IF_ERROR(ValidateName("group", name));
  return name;
}

absl::Status CheckOwner(absl::string_view owner) {
  if (owner.size() > kMaxOwnerBytes) {
    return Argument(
        absl::StrCat("owner has ", owner.size(), " bytes; the most is ", kMaxOwnerBytes, "."));
  }
  if (std::any_of(owner.begin(), owner.end(),
                  [](unsigned char c) { return absl::ascii_iscntrl(c); })) {
    return Argument("owner has control characters; use text that a person can read.");
  }
  return absl::OkStatus();
}

absl::Status CheckLeaseToken(absl::string_view token) {
  if (token.empty() || token.size() > kMaxLeaseTokenBytes) {
    return Argument(absl::StrCat("lease_token has ", token.size(),
                                 " bytes; give the one that AcquireGenerator returned."));
  }
  return absl::OkStatus();
}

absl::StatusOr<bool> ReadDeferred(v1::Durability durability) {
  switch (durability) {
    case v1::DURABILITY_UNSPECIFIED:
    case v1::DURABILITY_COMMITTED:
      return false;
    case v1::DURABILITY_DEFERRED:
      return true;
    default:
      return Argument(absl::StrCat("durability is ", static_cast<int>(durability),
                                   ", which this server does not know."));
  }
}

absl::StatusOr<Duration> ReadUpdateInterval(const google::protobuf::Duration& interval,
                                            const Config& config) {
  if (interval.nanos() < -999'999'999 || interval.nanos() > 999'999'999 ||
      (interval.seconds() > 0 && interval.nanos() < 0) ||
      (interval.seconds() < 0 && interval.nanos() > 0)) {
    return Argument("update_interval is no duration: its nanos are out of range.");
  }
  if (interval.seconds() < 0 || interval.nanos() < 0) {
    return Argument(
        "update_interval is negative; leave it unset for 10 s, or use 0 for COMMITTED.");
  }
  const auto most = std::chrono::ceil<std::chrono::seconds>(config.max_update_interval);
  const Duration duration = std::chrono::seconds(std::min(interval.seconds(), most.count() + 1)) +
                            std::chrono::nanoseconds(interval.nanos());
  if (duration > config.max_update_interval) {
    return Argument(absl::StrCat(
        "update_interval is ", interval.seconds(), " s; this server takes at most ",
        std::chrono::floor<std::chrono::seconds>(config.max_update_interval).count(), " s."));
  }
  return duration;
}

absl::StatusOr<std::int32_t> ReadPageSize(std::int32_t page_size) {
  if (page_size < 0) {
    return Argument(absl::StrCat("page_size is ", page_size, "; it has to be 1 to ", kMaxPageSize,
                                 " (0 means ", kDefaultPageSize, ")."));
  }
  return page_size == 0 ? kDefaultPageSize : std::min(page_size, kMaxPageSize);
}

}  // namespace mintmark::server
