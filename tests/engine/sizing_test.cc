// How large windows are.
#include <cstdint>

#include "gtest/gtest.h"
#include "src/engine/window.h"
#include "tests/engine/harness.h"

namespace mintmark::testing {
namespace {

using engine::WindowSizer;

const Time kStart(std::chrono::hours(1));

TEST(WindowSizerTest, StartsWithTheLeast) {
  WindowSizer sizer(1'000, 1'000'000);
  EXPECT_EQ(sizer.Size(kStart), 1'000);
}

TEST(WindowSizerTest, HoldsAMinuteOfRecentDemand) {
  WindowSizer sizer(10, 1'000'000);
  for (int i = 0; i < 600; ++i) sizer.Issued(10, kStart + i * 100 * kMs);
  EXPECT_NEAR(static_cast<double>(sizer.Size(kStart + 60 * kSecond)), 6'000, 1'200);
}

TEST(WindowSizerTest, AShortBurstIsNotAMinutesDemand) {
  WindowSizer sizer(10, 1'000'000);
  sizer.Issued(100, kStart);
  // Reckoned as if it had taken two seconds.
  EXPECT_EQ(sizer.Size(kStart + kMs), 3'000);
}

TEST(WindowSizerTest, GrowsAtOnceWhenACallerHadToWait) {
  WindowSizer sizer(10, 1'000);
  sizer.Size(kStart);
  sizer.Stalled(kStart);
  EXPECT_EQ(sizer.Size(kStart), 40);
  sizer.Stalled(kStart);
  EXPECT_EQ(sizer.Size(kStart), 160);
}

TEST(WindowSizerTest, NeverPassesTheMost) {
  WindowSizer sizer(10, 100);
  sizer.Issued(INT64_MAX / 4, kStart);
  for (int i = 0; i < 10; ++i) sizer.Stalled(kStart);
  EXPECT_EQ(sizer.Size(kStart + kMs), 100);
}

TEST(WindowSizerTest, ForgetsWhatIsLongAgo) {
  WindowSizer sizer(10, 1'000'000);
  sizer.Issued(50'000, kStart);
  sizer.Stalled(kStart);
  EXPECT_EQ(sizer.Size(kStart + std::chrono::hours(1)), 10);
  // And goes on from there.
  sizer.Issued(600, kStart + std::chrono::hours(1));
  EXPECT_GT(sizer.Size(kStart + std::chrono::hours(1) + kMs), 100);
}

TEST(WindowSizerTest, AStallIsForgottenByAndBy) {
  WindowSizer sizer(10, 1'000'000);
  sizer.Size(kStart);
  for (int i = 0; i < 4; ++i) sizer.Stalled(kStart);
  EXPECT_EQ(sizer.Size(kStart), 2'560);
  EXPECT_EQ(sizer.Size(kStart + 10 * kSecond), 1'280);
  EXPECT_EQ(sizer.Size(kStart + 40 * kSecond), 160);
}

TEST(WindowSizerTest, IsTheSameOnEveryClock) {
  for (const Time start : {kStart, Time(), Time(std::chrono::hours(100'000))}) {
    WindowSizer sizer(10, 1'000'000);
    for (int i = 0; i < 100; ++i) sizer.Issued(10, start + i * 100 * kMs);
    EXPECT_EQ(sizer.Size(start + 10 * kSecond), 6'000);
  }
}

}  // namespace
}  // namespace mintmark::testing
