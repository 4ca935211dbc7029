// Names of sequences, groups and counters, and request ids.
#pragma once

#include <cstddef>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mintmark {

inline constexpr std::size_t kMaxNameBytes = 200;

// OK for 1 to 200 bytes of `[A-Za-z0-9._:/-]` that neither start nor end in '/';
// otherwise NAME_INVALID, with a sentence that says what is wrong with `what`
// (for instance "sequence").
absl::Status ValidateName(absl::string_view what, absl::string_view name);

// OK for a prefix of such names, the empty one included.
absl::Status ValidateNamePrefix(absl::string_view prefix);

// OK for 1 to `max_bytes` bytes of printable ASCII; otherwise REQUEST_ID_INVALID.
absl::Status ValidateRequestId(absl::string_view request_id, std::size_t max_bytes);

}  // namespace mintmark
