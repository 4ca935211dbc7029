#include "client/retry.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <thread>
#include <utility>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "src/core/check.h"
#include "src/core/reason.h"

namespace mintmark::client {
namespace {

constexpr absl::string_view kInDoubtUrl = "mintmark/in-doubt";

class RealEnvironment final : public RetryEnvironment {
 public:
  Duration Now() override { return std::chrono::steady_clock::now().time_since_epoch(); }
  void Sleep(Duration duration) override { std::this_thread::sleep_for(duration); }
  double Random() override {
    static thread_local std::minstd_rand generator{std::random_device{}()};
    return std::generate_canonical<double, 32>(generator);
  }
};

absl::Status MarkedInDoubt(absl::Status status) {
  status.SetPayload(kInDoubtUrl, absl::Cord("true"));
  return status;
}

// The status of a call as a whole whose last try was `last`.
absl::Status FinalStatus(const CallTraits& traits, Attempt last, bool earlier_in_doubt) {
  if (last.effect == Effect::kDone || !traits.mutates) return std::move(last.status);
  if (last.effect == Effect::kInDoubt) return MarkedInDoubt(std::move(last.status));
  if (!earlier_in_doubt) return std::move(last.status);
  if (last.effect == Effect::kNotApplied && traits.keyed) {
    return MarkedInDoubt(MakeStatus(
        Reason::kCommitInDoubt,
        absl::StrCat("an earlier try may have been applied; ask again with the same request_id: ",
                     last.status.message()),
        last.retry_after));
  }
  return MarkedInDoubt(std::move(last.status));
}

}  // namespace

RetryEnvironment& RealRetryEnvironment() {
  static RealEnvironment environment;
  return environment;
}

Duration BackoffAfter(const RetryOptions& options, int failures, double random) {
  const double initial_ns =
      std::chrono::duration<double, std::nano>(options.initial_backoff).count();
  const double max_ns = std::chrono::duration<double, std::nano>(options.max_backoff).count();
  const double full_ns = std::min(max_ns, std::ldexp(initial_ns, failures - 1));
  return Duration(static_cast<Duration::rep>(full_ns * (0.5 + random / 2)));
}

absl::Status RunWithRetries(const RetryOptions& options, const CallTraits& traits, Duration timeout,
                            RetryEnvironment& environment,
                            absl::FunctionRef<Attempt(Duration timeout)> attempt) {
  MINTMARK_CHECK(timeout > Duration::zero());
  const Duration end = environment.Now() + timeout;
  Duration remaining = timeout;
  bool earlier_in_doubt = false;
  for (int tries = 1;; ++tries) {
    const bool may_follow = traits.safe_in_doubt && tries < options.max_attempts;
    Attempt tried =
        attempt(may_follow ? std::min<Duration>(remaining, options.attempt_timeout) : remaining);
    const bool retryable = tried.effect == Effect::kNotApplied ||
                           (tried.effect == Effect::kInDoubt && traits.safe_in_doubt);
    if (!retryable || tries >= options.max_attempts) {
      return FinalStatus(traits, std::move(tried), earlier_in_doubt);
    }
    const Duration wait = std::max(BackoffAfter(options, tries, environment.Random()),
                                   tried.retry_after.value_or(Duration::zero()));
    if (environment.Now() + wait >= end) {
      return FinalStatus(traits, std::move(tried), earlier_in_doubt);
    }
    earlier_in_doubt = earlier_in_doubt || tried.effect == Effect::kInDoubt;
    environment.Sleep(wait);
    remaining = end - environment.Now();
    if (remaining <= Duration::zero()) {
      return FinalStatus(traits, std::move(tried), earlier_in_doubt);
    }
  }
}

bool InDoubt(const absl::Status& status) { return status.GetPayload(kInDoubtUrl).has_value(); }

}  // namespace mintmark::client
