#include "client/retry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "src/core/reason.h"

namespace mintmark::client {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr CallTraits kRead = {.mutates = false, .safe_in_doubt = true};
constexpr CallTraits kChange = {.mutates = true, .safe_in_doubt = false};
constexpr CallTraits kKeyed = {.mutates = true, .safe_in_doubt = true, .keyed = true};

// Time that moves only by sleeping and by what tries take, and chance that
// always says "the longest wait".
class FakeEnvironment final : public RetryEnvironment {
 public:
  Duration Now() override { return now; }
  void Sleep(Duration duration) override {
    sleeps.push_back(std::chrono::duration_cast<milliseconds>(duration));
    now += duration;
  }
  double Random() override { return 1.0; }

  Duration now{0};
  std::vector<milliseconds> sleeps;
};

// A call whose tries end as planned.
class Script {
 public:
  explicit Script(std::deque<Attempt> plan) : plan_(std::move(plan)) {}

  absl::Status Run(const CallTraits& traits, Duration timeout = std::chrono::seconds(60),
                   RetryOptions options = {}) {
    return RunWithRetries(options, traits, timeout, environment, [&](Duration attempt_timeout) {
      timeouts.push_back(std::chrono::duration_cast<milliseconds>(attempt_timeout));
      environment.now += attempt_duration;
      Attempt attempt = plan_.front();
      if (plan_.size() > 1) plan_.pop_front();
      return attempt;
    });
  }

  FakeEnvironment environment;
  Duration attempt_duration{0};
  std::vector<milliseconds> timeouts;  // One a try.

 private:
  std::deque<Attempt> plan_;  // The last one goes on for ever.
};

Attempt Done() { return {}; }
Attempt NotApplied(std::optional<Duration> retry_after = std::nullopt) {
  return {MakeStatus(Reason::kStoreUnavailable, "the store is away"), Effect::kNotApplied,
          retry_after};
}
Attempt Lost() { return {absl::UnavailableError("socket closed"), Effect::kInDoubt, std::nullopt}; }
Attempt Refused() {
  return {MakeStatus(Reason::kNInvalid, "n is negative"), Effect::kRefused, std::nullopt};
}

TEST(RetryTest, AnsweredCallsAreTriedOnce) {
  Script script({Done()});
  EXPECT_TRUE(script.Run(kChange).ok());
  EXPECT_EQ(script.timeouts.size(), 1U);
  EXPECT_TRUE(script.environment.sleeps.empty());
}

TEST(RetryTest, WhatWasNotAppliedIsTriedAgainWhateverTheCall) {
  for (const CallTraits& traits : {kRead, kChange, kKeyed}) {
    Script script({NotApplied(), NotApplied(), Done()});
    EXPECT_TRUE(script.Run(traits).ok());
    EXPECT_EQ(script.timeouts.size(), 3U);
  }
}

TEST(RetryTest, RefusalsAreNotTriedAgain) {
  Script script({Refused(), Done()});
  const absl::Status status = script.Run(kKeyed);
  EXPECT_EQ(ReasonOf(status), Reason::kNInvalid);
  EXPECT_FALSE(InDoubt(status));
  EXPECT_EQ(script.timeouts.size(), 1U);
}

TEST(RetryTest, ADoubtIsTriedAgainOnlyWhereThatIsSafe) {
  Script unsafe({Lost(), Done()});
  const absl::Status status = unsafe.Run(kChange);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(InDoubt(status));
  EXPECT_EQ(unsafe.timeouts.size(), 1U);

  for (const CallTraits& traits : {kRead, kKeyed}) {
    Script safe({Lost(), Done()});
    EXPECT_TRUE(safe.Run(traits).ok());
    EXPECT_EQ(safe.timeouts.size(), 2U);
  }
}

TEST(RetryTest, ReadsAreNeverInDoubt) {
  Script script({Lost()});
  EXPECT_FALSE(InDoubt(script.Run(kRead)));
}

TEST(RetryTest, AnEarlierDoubtOutlivesALaterNotApplied) {
  Script script({Lost(), NotApplied()});
  const absl::Status status = script.Run(kKeyed);
  EXPECT_EQ(status.code(), absl::StatusCode::kUnknown);
  EXPECT_EQ(ReasonOf(status), Reason::kCommitInDoubt);
  EXPECT_TRUE(InDoubt(status));
  EXPECT_THAT(std::string(status.message()), HasSubstr("the store is away"));
}

TEST(RetryTest, AnEarlierDoubtKeepsALaterRefusalButMarksIt) {
  Script script({Lost(), Refused()});
  const absl::Status status = script.Run(kKeyed);
  EXPECT_EQ(ReasonOf(status), Reason::kNInvalid);
  EXPECT_TRUE(InDoubt(status));
}

TEST(RetryTest, TriesAreBounded) {
  Script script({NotApplied()});
  const absl::Status status =
      script.Run(kChange, std::chrono::hours(1), RetryOptions{.max_attempts = 4});
  EXPECT_EQ(ReasonOf(status), Reason::kStoreUnavailable);
  EXPECT_EQ(script.timeouts.size(), 4U);
}

TEST(RetryTest, WaitsDoubleUpToTheirCap) {
  Script script({NotApplied()});
  (void)script.Run(
      kChange, std::chrono::hours(1),
      {.max_attempts = 6, .initial_backoff = milliseconds(100), .max_backoff = milliseconds(700)});
  EXPECT_THAT(script.environment.sleeps,
              ElementsAre(milliseconds(100), milliseconds(200), milliseconds(400),
                          milliseconds(700), milliseconds(700)));
}

TEST(RetryTest, ChanceTakesUpToHalfOfAWait) {
  const RetryOptions options = {.initial_backoff = milliseconds(100)};
  EXPECT_EQ(BackoffAfter(options, 1, 0.0), milliseconds(50));
  EXPECT_EQ(BackoffAfter(options, 1, 0.5), milliseconds(75));
  EXPECT_EQ(BackoffAfter(options, 2, 0.0), milliseconds(100));
  // No overflow, however often it failed.
  EXPECT_EQ(BackoffAfter(options, 100'000, 0.0), options.max_backoff / 2);
}

TEST(RetryTest, TheServersWishForAWaitIsHeeded) {
  Script script({NotApplied(std::chrono::seconds(7)), Done()});
  EXPECT_TRUE(script.Run(kChange).ok());
  EXPECT_THAT(script.environment.sleeps, ElementsAre(milliseconds(7000)));
}

TEST(RetryTest, NobodyWaitsBeyondTheDeadline) {
  Script script({NotApplied(std::chrono::seconds(7)), Done()});
  const absl::Status status = script.Run(kChange, std::chrono::seconds(5));
  EXPECT_EQ(ReasonOf(status), Reason::kStoreUnavailable);
  EXPECT_TRUE(script.environment.sleeps.empty());
}

TEST(RetryTest, ATryThatAnotherMayFollowGetsAPartOfTheTime) {
  const RetryOptions options = {.max_attempts = 3,
                                .attempt_timeout = milliseconds(2000),
                                .initial_backoff = milliseconds(500)};
  Script script({Lost()});
  script.attempt_duration = std::chrono::seconds(2);
  (void)script.Run(kKeyed, std::chrono::seconds(60), options);
  // The last one has what is left: 60 s - 2 s - 0.5 s - 2 s - 1 s.
  EXPECT_THAT(script.timeouts,
              ElementsAre(milliseconds(2000), milliseconds(2000), milliseconds(54'500)));

  Script unsafe({Done()});
  (void)unsafe.Run(kChange, std::chrono::seconds(60), options);
  EXPECT_THAT(unsafe.timeouts, ElementsAre(milliseconds(60'000)));
}

}  // namespace
}  // namespace mintmark::client
