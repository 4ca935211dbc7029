// Why a call was refused: the words that clients can rely on. The values and
// names are those of `mintmark.v1.Reason` (a test compares them).
#pragma once

#include <optional>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "src/core/time.h"

namespace mintmark {

enum class Reason {
  kUnspecified = 0,
  kNameInvalid,
  kNInvalid,
  kNTooLarge,
  kSequenceInvalid,
  kGroupInvalid,
  kRequestIdInvalid,
  kRequestIdReused,
  kTextInvalid,
  kArgumentInvalid,
  kSequenceNotFound,
  kGroupNotFound,
  kCounterNotFound,
  kSequenceAlreadyExists,
  kGroupAlreadyExists,
  kCounterAlreadyExists,
  kSequenceExhausted,
  kCounterOverflow,
  kGroupLifetimeOver,
  kLeaseLost,
  kWouldReuseIds,
  kEtagMismatch,
  kStoreSuspect,
  kOverloaded,
  kGeneratorsExhausted,
  kQuotaExceeded,
  kRequestIdsFull,
  kStoreUnavailable,
  kIdsHeldElsewhere,
  kDraining,
  kShuttingDown,
  kCommitInDoubt,
};

inline constexpr int kReasonCount = static_cast<int>(Reason::kCommitInDoubt) + 1;

// The word on the wire, for instance "SEQUENCE_EXHAUSTED".
absl::string_view ReasonName(Reason reason);

// The reason of that word, or kUnspecified when there is none.
Reason ReasonFromName(absl::string_view name);

// The canonical code that goes with a reason (design section 3, "Errors").
absl::StatusCode CodeOf(Reason reason);

// A status with the code that belongs to `reason`, a sentence that says what to
// do, and the reason attached. `retry_after` says when a retry may help.
absl::Status MakeStatus(Reason reason, absl::string_view message,
                        std::optional<Duration> retry_after = std::nullopt);

// The reason attached to a status, or kUnspecified.
Reason ReasonOf(const absl::Status& status);

// How long to wait before a retry, when the status says so.
std::optional<Duration> RetryAfterOf(const absl::Status& status);

}  // namespace mintmark
