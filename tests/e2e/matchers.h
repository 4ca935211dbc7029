// What tests say of statuses.
#pragma once

#include <gmock/gmock.h>

#include <ostream>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "src/core/reason.h"

namespace mintmark::e2e {

inline const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

MATCHER(IsOk, negation ? "is an error" : "is OK") {
  *result_listener << StatusOf(arg);
  return StatusOf(arg).ok();
}

// The canonical code that belongs to the reason, the reason, and a sentence.
MATCHER_P(FailsWith, reason, std::string("fails with ").append(ReasonName(reason).data())) {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status << " [" << ReasonName(ReasonOf(status)) << "]";
  return status.code() == CodeOf(reason) && ReasonOf(status) == reason &&
         absl::EndsWith(status.message(), ".");
}

// The same, and the sentence holds `words`, which tell what to do.
MATCHER_P2(FailsWith, reason, words,
           std::string("fails with ")
               .append(ReasonName(reason).data())
               .append(" and says: ")
               .append(words)) {
  const absl::Status& status = StatusOf(arg);
  *result_listener << status << " [" << ReasonName(ReasonOf(status)) << "]";
  return status.code() == CodeOf(reason) && ReasonOf(status) == reason &&
         absl::EndsWith(status.message(), ".") && absl::StrContains(status.message(), words);
}

}  // namespace mintmark::e2e
