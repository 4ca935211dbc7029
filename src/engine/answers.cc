#include "src/engine/answers.h"

#include <chrono>

#include "src/core/reason.h"

namespace mintmark::engine {

absl::Status InDoubt() {
  return MakeStatus(Reason::kCommitInDoubt,
                    "The call's time ended while its commit was under way: it may or may not have "
                    "happened. With a request_id, ask again with the same one; without, look.");
}

absl::Status NotExecuted() {
  return absl::DeadlineExceededError(
      "The deadline ended before the call was executed; nothing was changed.");
}

absl::Status RequestIdReused() {
  return MakeStatus(Reason::kRequestIdReused,
                    "This request_id was used for a call with other parameters; use a new one for "
                    "each call.");
}

absl::Status RequestIdsFull() {
  return MakeStatus(Reason::kRequestIdsFull,
                    "The store holds as many request ids as it may; call without a request_id, or "
                    "raise --max-request-ids.",
                    std::chrono::minutes(1));
}

}  // namespace mintmark::engine
