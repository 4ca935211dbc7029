#include "server/lane_driver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_split.h"

namespace mintmark::server {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using engine::Batch;
using engine::BatchOutcome;
using Kind = BatchOutcome::Kind;

class LaneLogTest : public ::testing::Test {
 protected:
  LaneLogTest() : before_(spdlog::default_logger()) {
    auto logger = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_st>(text_));
    logger->set_pattern("%l: %v");
    spdlog::set_default_logger(logger);
  }
  ~LaneLogTest() override { spdlog::set_default_logger(before_); }

  void Note(Kind kind, absl::string_view why = "because", const Batch& batch = Batch()) {
    now_ += std::chrono::seconds(1);
    log_.Note(batch, BatchOutcome{kind, absl::UnavailableError(why)}, now_);
  }

  // What was logged since the last time.
  std::vector<std::string> Lines() {
    const std::vector<std::string> lines = absl::StrSplit(text_.str(), '\n', absl::SkipEmpty());
    text_.str("");
    return lines;
  }

  std::ostringstream text_;
  const std::shared_ptr<spdlog::logger> before_;
  Time now_ = Time(std::chrono::hours(1));
  LaneLog log_{3};
};

TEST_F(LaneLogTest, SaysOnceThatTheStoreIsAwayAndThatItIsBack) {
  Note(Kind::kApplied);
  EXPECT_THAT(Lines(), IsEmpty());
  Note(Kind::kUnavailable, "no route");
  EXPECT_THAT(Lines(), ElementsAre(AllOf(HasSubstr("warning: Lane 3: the store is away"),
                                         HasSubstr("no route"))));
  Note(Kind::kUnavailable, "still none");
  EXPECT_THAT(Lines(), IsEmpty());
  Note(Kind::kApplied);
  EXPECT_THAT(Lines(), ElementsAre("info: Lane 3: the store is back after 2s."));
  Note(Kind::kUnavailable);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("the store is away")));
}

TEST_F(LaneLogTest, SaysHowADoubtEnded) {
  Batch batch;
  batch.session.last_batch = 6;
  Batch resolve;
  resolve.kind = Batch::Kind::kResolveDoubt;
  for (const bool applied : {true, false}) {
    Note(Kind::kInDoubt, "cut", batch);
    EXPECT_THAT(Lines(), ElementsAre(HasSubstr("the outcome of batch 7 is in doubt")));
    Note(Kind::kInDoubt, "cut again", resolve);
    EXPECT_THAT(Lines(), IsEmpty());
    resolve.resolution.found = true;
    resolve.resolution.last_batch = applied ? 7 : 6;
    Note(Kind::kApplied, "", resolve);
    EXPECT_THAT(Lines(), ElementsAre(HasSubstr(applied ? "batch 7 was applied"
                                                       : "batch 7 was not applied")));
  }
}

TEST_F(LaneLogTest, SaysARefusalOncePerReason) {
  Note(Kind::kRefused, "disk full");
  Note(Kind::kRefused, "disk full");
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("refused a batch: disk full")));
  Note(Kind::kRefused, "lock timeout");
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("lock timeout")));
  Note(Kind::kApplied);
  Note(Kind::kRefused, "lock timeout");
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("lock timeout")));
}

TEST_F(LaneLogTest, SaysThatTheStoreIsSuspectAndThatItIsNoMore) {
  Batch batch;
  batch.report.suspect = true;
  Note(Kind::kApplied, "", batch);
  Note(Kind::kApplied, "", batch);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("error: Lane 3: the store went back in time")));
  Note(Kind::kApplied);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("no longer suspect")));
}

TEST_F(LaneLogTest, ConflictsAreEverydayLife) {
  Note(Kind::kConflict);
  EXPECT_THAT(Lines(), IsEmpty());
  Note(Kind::kFenced);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("was fenced")));
}

TEST(LaneSignalTest, AWakeBeforeTheWaitEndsIt) {
  LaneSignal signal;
  signal.Wake();
  signal.Wake();
  signal.Wait(std::chrono::hours(1));
}

TEST(LaneSignalTest, AWakeFromAnotherThreadEndsTheWait) {
  LaneSignal signal;
  for (int i = 0; i < 1'000; ++i) {
    std::thread waker([&signal] { signal.Wake(); });
    signal.Wait(std::chrono::hours(1));
    waker.join();
  }
}

TEST(LaneSignalTest, TheWaitEndsByItself) {
  LaneSignal signal;
  signal.Wait(std::chrono::milliseconds(1));
}

}  // namespace
}  // namespace mintmark::server
