// The one place that checks what clients send before the engine sees it, names
// apart (src/core/name.h). The settings of sequences are checked by the engine.
// Every function returns OK or a status with a reason and a sentence.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/duration.pb.h"
#include "mintmark/v1/id_service.pb.h"
#include "server/config.h"
#include "src/core/time.h"

namespace mintmark::server {

// How many: 0 means 1. N_INVALID when negative, N_TOO_LARGE above `max`.
absl::StatusOr<std::int64_t> ReadCount(std::int64_t n, std::int64_t max);

// N_INVALID when negative, N_TOO_LARGE above `max`; 0 is left to the sequence.
absl::Status CheckChunkSize(std::int64_t chunk_size, std::int64_t max);

// N_TOO_LARGE when there are more than `max` of `what`.
absl::Status CheckBatchSize(absl::string_view what, int count, std::int64_t max);

// Empty is none. REQUEST_ID_INVALID.
absl::Status CheckRequestId(absl::string_view request_id, const Config& config);

// The name of a GUID group; empty means "default". NAME_INVALID.
absl::StatusOr<std::string> ReadGroupName(const std::string& name);

// ARGUMENT_INVALID when it is too long or has control characters.
absl::Status CheckOwner(absl::string_view owner);

// ARGUMENT_INVALID when it can be no token of ours.
absl::Status CheckLeaseToken(absl::string_view token);

// ARGUMENT_INVALID for a durability that is not known.
absl::StatusOr<bool> ReadDeferred(v1::Durability durability);

// ARGUMENT_INVALID when it is no duration, negative, or above max_update_interval.
absl::StatusOr<Duration> ReadUpdateInterval(const google::protobuf::Duration& interval,
                                            const Config& config);

// 0 means kDefaultPageSize, more than kMaxPageSize is cut to that.
// ARGUMENT_INVALID when negative.
absl::StatusOr<std::int32_t> ReadPageSize(std::int32_t page_size);

}  // namespace mintmark::server
