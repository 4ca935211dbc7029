#include "src/core/guid_layout.h"

#include <cstdint>
#include <limits>

#include "gtest/gtest.h"
#include "src/core/reason.h"

namespace mintmark {
namespace {

GuidLayout Bits(std::int32_t time, std::int32_t counter, std::int32_t generator) {
  GuidLayout layout;
  layout.time_bits = time;
  layout.counter_bits = counter;
  layout.generator_bits = generator;
  return layout;
}

Reason Refused(const GuidLayout& layout) { return ReasonOf(CheckLayout(layout)); }

TEST(GuidLayoutTest, EveryPresetIsValid) {
  for (const char* preset : {"snowfall", "twitter", "sonyflake", "js"}) {
    const absl::StatusOr<GuidLayout> layout = PresetLayout(preset);
    ASSERT_TRUE(layout.ok()) << preset;
    EXPECT_TRUE(CheckLayout(*layout).ok()) << preset;
    EXPECT_EQ(layout->epoch_us, kDefaultEpochUs);
  }
  EXPECT_EQ(ReasonOf(PresetLayout("flake").status()), Reason::kGroupInvalid);
}

TEST(GuidLayoutTest, TheDefaultIsSnowfallsLayoutBitByBit) {
  const GuidLayout layout = *PresetLayout("snowfall");
  EXPECT_EQ(GuidOf(layout, TickOf(layout, 1), 0), std::int64_t{1} << 23);
  EXPECT_EQ(GuidOf(layout, 1, 0), std::int64_t{1} << 12);
  EXPECT_EQ(GuidOf(layout, 0, 1), 1);
  EXPECT_EQ(GuidOf(layout, 2'047, 4'095), (std::int64_t{1} << 23) - 1);
  EXPECT_EQ(layout.generators(), 4'096);
}

TEST(GuidLayoutTest, OtherPresetsBitByBit) {
  const GuidLayout twitter = *PresetLayout("twitter");
  EXPECT_EQ(GuidOf(twitter, TickOf(twitter, 1), 0), std::int64_t{1} << 22);
  EXPECT_EQ(GuidOf(twitter, 0, 1), std::int64_t{1} << 12);
  EXPECT_EQ(GuidOf(twitter, 1, 0), 1);
  EXPECT_EQ(twitter.end_time(), std::int64_t{1} << 41);
  const GuidLayout sonyflake = *PresetLayout("sonyflake");
  EXPECT_EQ(GuidOf(sonyflake, TickOf(sonyflake, 1), 0), std::int64_t{1} << 24);
  EXPECT_EQ(GuidOf(sonyflake, 1, 0), std::int64_t{1} << 16);
  EXPECT_EQ(sonyflake.unit_us, 10'000);
  const GuidLayout js = *PresetLayout("js");
  const std::int64_t largest = GuidOf(js, TickOf(js, js.end_time()) - 1, js.generators() - 1);
  EXPECT_EQ(largest, (std::int64_t{1} << 53) - 1);
}

TEST(GuidLayoutTest, NoGuidIsNegativeAndNoTwoAreTheSameUpToTheEnd) {
  for (const GuidLayout& layout :
       {*PresetLayout("snowfall"), *PresetLayout("twitter"), Bits(41, 22, 0), Bits(63, 0, 0),
        Bits(64, 0, 0), Bits(1, 31, 31), Bits(2, 31, 31), Bits(2, 62, 0)}) {
    ASSERT_TRUE(CheckLayout(layout).ok());
    const GuidFields last{layout.end_time() - 1, (std::int64_t{1} << layout.counter_bits) - 1,
                          layout.generators() - 1};
    const std::int64_t tick = TickOf(layout, last.time) + last.counter;
    const std::int64_t guid = GuidOf(layout, tick, last.generator);
    EXPECT_GT(guid, 0);
    EXPECT_EQ(*DecodeGuid(layout, guid), last);
  }
}

TEST(GuidLayoutTest, SixtyFourBitsLastHalfAsLongAsTheirTimeBitsSay) {
  EXPECT_EQ(Bits(41, 11, 12).end_time(), std::int64_t{1} << 40);
  EXPECT_EQ(Bits(40, 11, 12).end_time(), std::int64_t{1} << 40);
  EXPECT_EQ(Bits(41, 11, 11).end_time(), std::int64_t{1} << 41);
  EXPECT_EQ(Bits(64, 0, 0).end_time(), INT64_MAX);
  EXPECT_EQ(Bits(63, 0, 0).end_time(), INT64_MAX);
}

TEST(GuidLayoutTest, RefusesWhatCannotBe) {
  for (const GuidLayout& layout :
       {Bits(0, 11, 12), Bits(41, -1, 12), Bits(41, 11, -1), Bits(42, 11, 12), Bits(65, 0, 0),
        Bits(1, 63, 0), Bits(1, 0, 63), Bits(1, 32, 31),
        Bits(std::numeric_limits<std::int32_t>::max(), 1, 1),
        Bits(1, std::numeric_limits<std::int32_t>::max(), 1)}) {
    EXPECT_EQ(Refused(layout), Reason::kGroupInvalid);
  }
  for (const StoreTimeUs unit : {0, -1'000, 1, 999, 1'001, 100'000}) {
    GuidLayout layout;
    layout.unit_us = unit;
    EXPECT_EQ(Refused(layout), Reason::kGroupInvalid) << unit;
  }
}

TEST(GuidLayoutTest, TimesBeginAtTheEpochAndRoundDown) {
  GuidLayout layout;
  layout.epoch_us = 5'000'500;
  EXPECT_EQ(TimeAt(layout, 5'000'500), 0);
  EXPECT_EQ(TimeAt(layout, 5'001'499), 0);
  EXPECT_EQ(TimeAt(layout, 5'001'500), 1);
  EXPECT_EQ(TimeAt(layout, 5'000'499), -1);
  EXPECT_EQ(TimeAt(layout, 4'999'500), -1);
  EXPECT_EQ(MomentOf(layout, 1), 5'001'500);
  EXPECT_EQ(MomentOf(layout, INT64_MAX), INT64_MAX);
}

TEST(GuidLayoutTest, DecodesNothingThatIsNoGuid) {
  const GuidLayout js = *PresetLayout("js");
  EXPECT_EQ(ReasonOf(DecodeGuid(js, std::int64_t{1} << 53).status()), Reason::kArgumentInvalid);
  EXPECT_EQ(ReasonOf(DecodeGuid(js, -1).status()), Reason::kArgumentInvalid);
  EXPECT_EQ(ReasonOf(DecodeGuid(GuidLayout(), -1).status()), Reason::kArgumentInvalid);
  EXPECT_TRUE(DecodeGuid(GuidLayout(), INT64_MAX).ok());
}

}  // namespace
}  // namespace mintmark
