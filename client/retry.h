// When a failed call may be tried again, and how long to wait before it is.
#pragma once

#include <chrono>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "src/core/time.h"

namespace mintmark::client {

// What one try of a call came to.
enum class Effect {
  kDone,        // It was answered.
  kRefused,     // Refused for good: nothing was applied, and another try ends the same.
  kNotApplied,  // Certainly not applied, and another try may succeed.
  kInDoubt,     // The answer was lost on the way: applied or not.
};

struct Attempt {
  absl::Status status;
  Effect effect = Effect::kDone;
  // The server's wish, if it said one, for the time until the next try.
  std::optional<Duration> retry_after;
};

struct RetryOptions {
  // Tries of one call, the first included. At least 1.
  int max_attempts = 20;
  // How long one try may take when another one may follow it; the last of the
  // call's own time otherwise.
  std::chrono::milliseconds attempt_timeout{2000};
  // The wait after the first try; it doubles from try to try. Each is shortened
  // at random by up to a half, so that clients that failed together don't come
  // back together.
  std::chrono::milliseconds initial_backoff{50};
  std::chrono::milliseconds max_backoff{2000};
};

// What the loop has to know of a call.
struct CallTraits {
  // It changes something, so that losing its answer leaves a doubt.
  bool mutates = false;
  // Another try does no harm even when this one may have been applied: it reads
  // only, or carries a request_id, or asks for ids of which any will do.
  bool safe_in_doubt = false;
  // A server never applies it twice, because it carries a request_id.
  bool keyed = false;
};

// Time and chance, passed in so that tests need neither.
class RetryEnvironment {
 public:
  virtual ~RetryEnvironment() = default;
  // Monotonic time.
  virtual Duration Now() = 0;
  virtual void Sleep(Duration duration) = 0;
  // Uniform in [0, 1).
  virtual double Random() = 0;
};

// The process's own monotonic clock and randomness. Safe to use from any thread.
RetryEnvironment& RealRetryEnvironment();

// How long to wait after the `failures`-th failed try (from 1), for a random
// number in [0, 1): half to all of the capped exponential.
Duration BackoffAfter(const RetryOptions& options, int failures, double random);

// Runs tries until one is done or refused, the tries are used up, or `timeout`
// leaves no room for another, and returns the last one's status. A try that is
// in doubt is followed by another only when `traits` says that this is safe.
// Each try gets the time that it may take, which is more than zero.
//
// When the call as a whole is in doubt, InDoubt() of the result is true. When a
// keyed call's last try says that it was not applied, but an earlier one was in
// doubt, the code is kUnknown and the reason COMMIT_IN_DOUBT: its caller must
// not conclude from the last answer that nothing happened.
absl::Status RunWithRetries(const RetryOptions& options, const CallTraits& traits, Duration timeout,
                            RetryEnvironment& environment,
                            absl::FunctionRef<Attempt(Duration timeout)> attempt);

// Whether a call that ended with `status` may have been applied all the same.
// Always false for calls that only read.
bool InDoubt(const absl::Status& status);

}  // namespace mintmark::client
