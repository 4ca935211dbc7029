#include "src/core/guid_layout.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "src/core/reason.h"

namespace mintmark {
namespace {

GuidLayout Layout(std::int32_t time_bits, std::int32_t counter_bits, std::int32_t generator_bits,
                  FieldOrder order = FieldOrder::kTimeCounterGenerator) {
  GuidLayout layout;
  layout.time_bits = time_bits;
  layout.counter_bits = counter_bits;
  layout.generator_bits = generator_bits;
  layout.order = order;
  return layout;
}

std::vector<GuidLayout> Presets() {
  std::vector<GuidLayout> layouts;
  for (const char* const name : {"snowfall", "twitter", "sonyflake", "js"}) {
    layouts.push_back(PresetLayout(name).value());
  }
  return layouts;
}

// The highest value of a field of so many bits.
std::int64_t Ones(std::int32_t bits) {
  return static_cast<std::int64_t>((std::uint64_t{1} << bits) - 1);
}

std::int64_t GuidOfFields(const GuidLayout& layout, const GuidFields& fields) {
  return GuidOf(layout, TickOf(layout, fields.time) + fields.counter, fields.generator);
}

void ExpectRoundTrip(const GuidLayout& layout, const GuidFields& fields) {
  const std::int64_t guid = GuidOfFields(layout, fields);
  EXPECT_GE(guid, 0);
  const auto decoded = DecodeGuid(layout, guid);
  ASSERT_TRUE(decoded.ok()) << guid;
  EXPECT_EQ(*decoded, fields) << guid;
}

TEST(GuidLayoutTest, EveryPresetIsValid) {
  for (const GuidLayout& layout : Presets()) {
    EXPECT_TRUE(CheckLayout(layout).ok()) << CheckLayout(layout);
    EXPECT_EQ(layout.epoch_us, kDefaultEpochUs);
  }
  EXPECT_EQ(PresetLayout("snowfall")->time_bits, GuidLayout().time_bits);
  EXPECT_EQ(ReasonOf(PresetLayout("Snowfall").status()), Reason::kGroupInvalid);
  EXPECT_EQ(ReasonOf(PresetLayout("").status()), Reason::kGroupInvalid);
}

TEST(GuidLayoutTest, SnowfallBitByBit) {
  const GuidLayout layout = PresetLayout("snowfall").value();
  EXPECT_EQ(layout.unit_us, 1'000);
  EXPECT_EQ(GuidOfFields(layout, {1, 0, 0}), std::int64_t{1} << 23);
  EXPECT_EQ(GuidOfFields(layout, {0, 1, 0}), std::int64_t{1} << 12);
  EXPECT_EQ(GuidOfFields(layout, {0, 0, 1}), 1);
  EXPECT_EQ(GuidOfFields(layout, {Ones(40), 2'047, 4'095}), INT64_MAX);
  EXPECT_EQ(GuidOfFields(layout, {3, 5, 7}), (3 << 23) + (5 << 12) + 7);
}

TEST(GuidLayoutTest, TwitterBitByBit) {
  const GuidLayout layout = PresetLayout("twitter").value();
  EXPECT_EQ(layout.unit_us, 1'000);
  EXPECT_EQ(GuidOfFields(layout, {1, 0, 0}), std::int64_t{1} << 22);
  EXPECT_EQ(GuidOfFields(layout, {0, 0, 1}), std::int64_t{1} << 12);
  EXPECT_EQ(GuidOfFields(layout, {0, 1, 0}), 1);
  EXPECT_EQ(GuidOfFields(layout, {Ones(41), 4'095, 1'023}), INT64_MAX);
  EXPECT_EQ(GuidOfFields(layout, {3, 5, 7}), (3 << 22) + (7 << 12) + 5);
}

TEST(GuidLayoutTest, SonyflakeBitByBit) {
  const GuidLayout layout = PresetLayout("sonyflake").value();
  EXPECT_EQ(layout.unit_us, 10'000);
  EXPECT_EQ(GuidOfFields(layout, {1, 0, 0}), std::int64_t{1} << 24);
  EXPECT_EQ(GuidOfFields(layout, {0, 1, 0}), std::int64_t{1} << 16);
  EXPECT_EQ(GuidOfFields(layout, {0, 0, 1}), 1);
  EXPECT_EQ(GuidOfFields(layout, {Ones(39), 255, 65'535}), INT64_MAX);
}

TEST(GuidLayoutTest, JsFitsTheIntegersOfJavaScript) {
  const GuidLayout layout = PresetLayout("js").value();
  EXPECT_EQ(layout.unit_us, 10'000);
  EXPECT_EQ(GuidOfFields(layout, {1, 0, 0}), std::int64_t{1} << 14);
  EXPECT_EQ(GuidOfFields(layout, {0, 1, 0}), std::int64_t{1} << 6);
  EXPECT_EQ(GuidOfFields(layout, {0, 0, 1}), 1);
  EXPECT_EQ(GuidOfFields(layout, {Ones(39), 255, 63}), (std::int64_t{1} << 53) - 1);
}

TEST(GuidLayoutTest, EveryBitOfEveryFieldComesBackInBothOrders) {
  std::vector<GuidLayout> layouts = Presets();
  layouts.push_back(Layout(63, 0, 0));
  layouts.push_back(Layout(1, 62, 0));
  layouts.push_back(Layout(1, 0, 62));
  layouts.push_back(Layout(1, 31, 31));
  layouts.push_back(Layout(1, 0, 0));
  for (GuidLayout layout : layouts) {
    for (const FieldOrder order :
         {FieldOrder::kTimeCounterGenerator, FieldOrder::kTimeGeneratorCounter}) {
      layout.order = order;
      ASSERT_TRUE(CheckLayout(layout).ok());
      for (std::int32_t bit = 0; bit < layout.time_bits; ++bit) {
        ExpectRoundTrip(layout, {std::int64_t{1} << bit, 0, 0});
      }
      for (std::int32_t bit = 0; bit < layout.counter_bits; ++bit) {
        ExpectRoundTrip(layout, {0, std::int64_t{1} << bit, 0});
      }
      for (std::int32_t bit = 0; bit < layout.generator_bits; ++bit) {
        ExpectRoundTrip(layout, {0, 0, std::int64_t{1} << bit});
      }
      ExpectRoundTrip(layout, {0, 0, 0});
      ExpectRoundTrip(
          layout, {Ones(layout.time_bits), Ones(layout.counter_bits), Ones(layout.generator_bits)});
      ExpectRoundTrip(layout, {0, Ones(layout.counter_bits), 0});
      ExpectRoundTrip(layout, {0, 0, Ones(layout.generator_bits)});
    }
  }
}

TEST(GuidLayoutTest, GuidsOfAGeneratorGrowWithItsTicksInBothOrders) {
  for (const FieldOrder order :
       {FieldOrder::kTimeCounterGenerator, FieldOrder::kTimeGeneratorCounter}) {
    const GuidLayout layout = Layout(10, 2, 3, order);
    for (std::int64_t tick = 1; tick < 64; ++tick) {
      EXPECT_GT(GuidOf(layout, tick, 0), GuidOf(layout, tick - 1, 0));
      EXPECT_GT(GuidOf(layout, tick, 7), GuidOf(layout, tick - 1, 7));
      EXPECT_EQ(TimeOfTick(layout, tick), tick / 4);
    }
  }
}

TEST(GuidLayoutTest, KnowsItsSizes) {
  EXPECT_EQ(Layout(40, 11, 12).low_bits(), 23);
  EXPECT_EQ(Layout(40, 11, 12).end_time(), std::int64_t{1} << 40);
  EXPECT_EQ(Layout(40, 11, 12).generators(), 4'096);
  EXPECT_EQ(Layout(1, 62, 0).end_time(), 2);
  EXPECT_EQ(Layout(1, 62, 0).generators(), 1);
  EXPECT_EQ(Layout(1, 0, 62).generators(), std::int64_t{1} << 62);
  EXPECT_EQ(Layout(62, 1, 0).end_time(), std::int64_t{1} << 62);
  EXPECT_EQ(Layout(63, 0, 0).end_time(), INT64_MAX);
}

TEST(GuidLayoutTest, TimesAreRoundedDownOnBothSidesOfTheEpoch) {
  GuidLayout layout = Layout(40, 11, 12);
  layout.epoch_us = 5'000;
  EXPECT_EQ(TimeAt(layout, 5'000), 0);
  EXPECT_EQ(TimeAt(layout, 5'999), 0);
  EXPECT_EQ(TimeAt(layout, 6'000), 1);
  EXPECT_EQ(TimeAt(layout, 4'999), -1);
  EXPECT_EQ(TimeAt(layout, 4'000), -1);
  EXPECT_EQ(TimeAt(layout, 3'999), -2);
  EXPECT_EQ(TimeAt(layout, 0), -5);
  layout.unit_us = 10'000;
  EXPECT_EQ(TimeAt(layout, 14'999), 0);
  EXPECT_EQ(TimeAt(layout, 15'000), 1);
  EXPECT_EQ(TimeAt(layout, 4'999), -1);
  EXPECT_EQ(TimeAt(layout, -5'000), -1);
  EXPECT_EQ(TimeAt(layout, -5'001), -2);
}

TEST(GuidLayoutTest, AMomentIsWhereItsTimeBegins) {
  GuidLayout layout = Layout(40, 11, 12);
  layout.epoch_us = kDefaultEpochUs;
  for (const StoreTimeUs unit_us : {1'000, 10'000}) {
    layout.unit_us = unit_us;
    for (const std::int64_t time : {-1'000'000'001, -1, 0, 1, 77, 1'000'000'007}) {
      const StoreTimeUs moment = MomentOf(layout, time);
      EXPECT_EQ(moment, kDefaultEpochUs + time * unit_us);
      EXPECT_EQ(TimeAt(layout, moment), time);
      EXPECT_EQ(TimeAt(layout, moment - 1), time - 1);
      EXPECT_EQ(TimeAt(layout, moment + unit_us - 1), time);
    }
  }
}

TEST(GuidLayoutTest, NothingOverflowsAtTheEndsOfTime) {
  GuidLayout layout = Layout(63, 0, 0);
  for (const StoreTimeUs epoch_us : {INT64_MIN, std::int64_t{0}, INT64_MAX}) {
    layout.epoch_us = epoch_us;
    EXPECT_EQ(TimeAt(layout, epoch_us), 0);
    EXPECT_EQ(MomentOf(layout, 0), epoch_us);
    EXPECT_EQ(MomentOf(layout, INT64_MAX), INT64_MAX);
    EXPECT_EQ(MomentOf(layout, INT64_MIN), INT64_MIN);
  }
  layout.epoch_us = INT64_MIN;
  EXPECT_EQ(TimeAt(layout, INT64_MAX), 18'446'744'073'709'551);  // 2^64 - 1 us.
  layout.epoch_us = INT64_MAX;
  EXPECT_EQ(TimeAt(layout, INT64_MIN), -18'446'744'073'709'552);
}

TEST(GuidLayoutTest, TicksSaturate) {
  const GuidLayout layout = Layout(40, 11, 12);
  EXPECT_EQ(TickOf(layout, 3), 3 * 2'048);
  EXPECT_EQ(TickOf(layout, INT64_MAX >> 11), INT64_MAX - 2'047);
  EXPECT_EQ(TickOf(layout, (INT64_MAX >> 11) + 1), INT64_MAX);
  EXPECT_EQ(TickOf(layout, INT64_MAX), INT64_MAX);
  EXPECT_EQ(TickOf(Layout(63, 0, 0), INT64_MAX), INT64_MAX);
  EXPECT_EQ(TickOf(Layout(1, 62, 0), 1), std::int64_t{1} << 62);
  EXPECT_EQ(TickOf(Layout(1, 62, 0), 2), INT64_MAX);
}

TEST(GuidLayoutTest, RefusesLayoutsThatAreNone) {
  const std::vector<GuidLayout> bad = {Layout(0, 11, 12),        Layout(-1, 11, 12),
                                       Layout(40, -1, 12),       Layout(40, 11, -1),
                                       Layout(41, 11, 12),       Layout(64, 0, 0),
                                       Layout(63, 1, 0),         Layout(63, 0, 1),
                                       Layout(1, 63, 0),         Layout(1, 0, 63),
                                       Layout(INT32_MAX, 0, 0),  Layout(1, INT32_MAX, INT32_MAX),
                                       Layout(1, INT32_MAX, -1), Layout(1, INT32_MIN, INT32_MAX)};
  for (const GuidLayout& layout : bad) {
    EXPECT_EQ(ReasonOf(CheckLayout(layout)), Reason::kGroupInvalid)
        << layout.time_bits << ", " << layout.counter_bits << ", " << layout.generator_bits;
  }
  for (const StoreTimeUs unit_us : {INT64_MIN, -1'000L, 0L, 1L, 999L, 1'001L, 100'000L}) {
    GuidLayout layout = Layout(40, 11, 12);
    layout.unit_us = unit_us;
    EXPECT_EQ(ReasonOf(CheckLayout(layout)), Reason::kGroupInvalid) << unit_us;
  }
}

TEST(GuidLayoutTest, RefusesGuidsOfAnotherLayout) {
  const GuidLayout js = PresetLayout("js").value();
  EXPECT_TRUE(DecodeGuid(js, (std::int64_t{1} << 53) - 1).ok());
  for (const std::int64_t guid : {std::int64_t{1} << 53, INT64_MAX, std::int64_t{-1}, INT64_MIN}) {
    EXPECT_EQ(ReasonOf(DecodeGuid(js, guid).status()), Reason::kArgumentInvalid) << guid;
  }
  const GuidLayout snowfall = PresetLayout("snowfall").value();
  EXPECT_TRUE(DecodeGuid(snowfall, INT64_MAX).ok());
  EXPECT_EQ(ReasonOf(DecodeGuid(snowfall, -1).status()), Reason::kArgumentInvalid);
  EXPECT_FALSE(DecodeGuid(Layout(1, 0, 0), 2).ok());
}

}  // namespace
}  // namespace mintmark
