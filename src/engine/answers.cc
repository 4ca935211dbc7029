#include "src/engine/answers.h"

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

}  // namespace mintmark::engine
