#include "client/cli/exit_status.h"

#include "client/retry.h"
#include "src/core/reason.h"

namespace mintmark::client {

ExitStatus ExitStatusOf(const absl::Status& status) {
  if (status.ok()) return kExitOk;
  if (InDoubt(status) || ReasonOf(status) == Reason::kCommitInDoubt) return kExitInDoubt;
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
      return kExitInvalid;
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
      return kExitExistence;
    case absl::StatusCode::kOutOfRange:
      return kExitOutOfRange;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kDeadlineExceeded:
      return kExitUnavailable;
    case absl::StatusCode::kCancelled:  // The client itself cancels no calls.
      return kExitInterrupted;
    default:
      return kExitOther;
  }
}

}  // namespace mintmark::client
