#include "client/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/client/text_file.h"

namespace mintmark::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(ProgressLineTest, ShowsShareCountAndTimeLeft) {
  EXPECT_EQ(ProgressLine(1'000'000, 4'000'000, seconds(1), 200),
            "[##########------------------------------]  25%  1000000 of 4000000 ids  3s left");
}

TEST(ProgressLineTest, SaysNothingOfTimeAtTheEnds) {
  EXPECT_EQ(ProgressLine(0, 10, seconds(0), 30), "[----------]   0%  0 of 10 ids");
  EXPECT_EQ(ProgressLine(10, 10, seconds(5), 31), "[##########] 100%  10 of 10 ids");
}

TEST(ProgressLineTest, IsNeverWiderThanTheTerminal) {
  for (std::size_t width = 1; width < 120; ++width) {
    EXPECT_LE(ProgressLine(1'500'000, 3'000'000, milliseconds(1500), width).size(), width);
  }
  EXPECT_EQ(ProgressLine(5, 10, seconds(1), 26), " 50%  5 of 10 ids  1s left");
}

TEST(ProgressLineTest, StaysWithinItsBoundsWhateverItIsTold) {
  EXPECT_EQ(ProgressLine(11, 10, seconds(1), 31), "[##########] 100%  11 of 10 ids");
  EXPECT_EQ(ProgressLine(0, 0, seconds(1), 31), "[############] 100%  0 of 0 ids");
}

TEST(ProgressTest, AFileIsNoTerminal) {
  TextFile file;
  EXPECT_FALSE(IsTerminal(file.stream()));
  { Progress(nullptr, 10).Update(5); }
  EXPECT_EQ(file.Read(), "");
}

TEST(ProgressTest, TheLineIsRemovedInTheEnd) {
  TextFile file;
  { Progress(file.stream(), 10).Update(10); }
  EXPECT_THAT(file.Read(), testing::EndsWith("10 of 10 ids\r\033[K"));
}

}  // namespace
}  // namespace mintmark::client
