// The rules about a sequence's settings.
#include "src/engine/settings.h"

#include <cstdint>
#include <optional>
#include <string>

#include "gtest/gtest.h"
#include "src/core/reason.h"

namespace mintmark::engine {
namespace {

using Gap = std::optional<std::int64_t>;

SequenceSettings Made(const SettingsPatch& patch) {
  const absl::StatusOr<SequenceSettings> settings = NewSettings(patch);
  EXPECT_TRUE(settings.ok()) << settings.status();
  return settings.value_or(SequenceSettings());
}

Reason Refused(const SettingsPatch& patch) { return ReasonOf(NewSettings(patch).status()); }

SettingsPatch Knobs(std::optional<std::int32_t> shards, std::optional<Gap> max_gap) {
  SettingsPatch patch;
  patch.shards = shards;
  patch.max_gap = max_gap;
  return patch;
}

bool Tightens(const SequenceSettings& now, const SettingsPatch& patch) {
  const absl::StatusOr<SettingsUpdate> update = UpdateSettings(now, patch);
  EXPECT_TRUE(update.ok()) << update.status();
  return update.ok() && update->tightens;
}

TEST(NewSettingsTest, Defaults) {
  const SequenceSettings settings = Made({});
  EXPECT_EQ(settings.space, (IdSpace{1, kMaxId, 1}));
  EXPECT_EQ(settings.shards, 16);
  EXPECT_EQ(settings.max_gap, std::nullopt);
  EXPECT_EQ(settings.chunk_size, std::nullopt);
}

TEST(NewSettingsTest, NoShardsImplyNoGap) {
  EXPECT_EQ(Made(Knobs(0, std::nullopt)).max_gap, 0);
  EXPECT_EQ(Made(Knobs(0, Gap(0))).max_gap, 0);
  EXPECT_EQ(Made(Knobs(0, Gap())).max_gap, 0);
  EXPECT_EQ(Refused(Knobs(0, Gap(5))), Reason::kSequenceInvalid);
}

TEST(NewSettingsTest, RefusesWhatCannotBe) {
  EXPECT_EQ(Refused(Knobs(-1, std::nullopt)), Reason::kSequenceInvalid);
  EXPECT_EQ(Refused(Knobs(kMaxShards + 1, std::nullopt)), Reason::kSequenceInvalid);
  EXPECT_EQ(Refused(Knobs(std::nullopt, Gap(-1))), Reason::kSequenceInvalid);
  SettingsPatch patch;
  patch.chunk_size = Gap(0);
  EXPECT_EQ(Refused(patch), Reason::kSequenceInvalid);
  patch = {};
  patch.max_id = INT64_MAX;
  EXPECT_EQ(Refused(patch), Reason::kSequenceInvalid);
  patch = {};
  patch.min_id = 5;
  patch.max_id = 4;
  EXPECT_EQ(Refused(patch), Reason::kSequenceInvalid);
  patch = {};
  patch.step = 0;
  EXPECT_EQ(Refused(patch), Reason::kSequenceInvalid);
}

TEST(NewSettingsTest, TakesTheEndsOfWhatCanBe) {
  EXPECT_EQ(Made(Knobs(kMaxShards, Gap(INT64_MAX))).shards, kMaxShards);
  SettingsPatch patch;
  patch.min_id = kMinId;
  patch.max_id = kMaxId;
  patch.step = INT64_MAX;
  patch.chunk_size = Gap(INT64_MAX);
  EXPECT_EQ(Made(patch).space, (IdSpace{kMinId, kMaxId, INT64_MAX}));
}

TEST(NewSettingsTest, RefusesFormatsThatCannotBeWritten) {
  for (const int what : {0, 1, 2, 3, 4, 5}) {
    SettingsPatch patch;
    patch.format.emplace();
    if (what == 0) patch.format->encoding = static_cast<Encoding>(7);
    if (what == 1) patch.format->width = -1;
    if (what == 2) patch.format->width = 65;
    if (what == 3) patch.format->prefix = std::string(65, 'x');
    if (what == 4) patch.format->suffix = std::string(65, 'x');
    if (what == 5) patch.format->suffix = "a\nb";
    EXPECT_EQ(Refused(patch), Reason::kSequenceInvalid) << what;
  }
}

TEST(NewSettingsTest, OnlyDecimalFormatsShowNegativeIds) {
  SettingsPatch patch;
  patch.min_id = -1;
  patch.format = TextFormat{Encoding::kBase58};
  EXPECT_EQ(Refused(patch), Reason::kSequenceInvalid);
  patch.format->encoding = Encoding::kDecimal;
  EXPECT_EQ(Made(patch).format, *patch.format);
  patch.min_id = 0;
  patch.format->encoding = Encoding::kBase58;
  EXPECT_EQ(Made(patch).format, *patch.format);
}

TEST(UpdateSettingsTest, ASequenceWithNegativeIdsKeepsToDecimalFormats) {
  SettingsPatch made;
  made.min_id = -1;
  SettingsPatch patch;
  patch.format = TextFormat{Encoding::kHex};
  EXPECT_EQ(ReasonOf(UpdateSettings(Made(made), patch).status()), Reason::kSequenceInvalid);
  EXPECT_TRUE(UpdateSettings(Made({}), patch).ok());
}

TEST(UpdateSettingsTest, MinIdAndStepNeverChange) {
  const SequenceSettings now = Made({});
  SettingsPatch patch;
  patch.min_id = 2;
  EXPECT_EQ(ReasonOf(UpdateSettings(now, patch).status()), Reason::kSequenceInvalid);
  patch = {};
  patch.step = 2;
  EXPECT_EQ(ReasonOf(UpdateSettings(now, patch).status()), Reason::kSequenceInvalid);
  patch = {};
  patch.min_id = 1;  // As it is.
  patch.step = 1;
  EXPECT_TRUE(UpdateSettings(now, patch).ok());
}

TEST(UpdateSettingsTest, WhatIsNotGivenStays) {
  SettingsPatch patch = Knobs(4, Gap(100));
  patch.max_id = 5'000;
  patch.chunk_size = Gap(50);
  const SequenceSettings now = Made(patch);
  EXPECT_EQ(UpdateSettings(now, {})->settings, now);
  SettingsPatch unset;
  unset.chunk_size = Gap();
  unset.max_gap = Gap();
  const SettingsUpdate update = *UpdateSettings(now, unset);
  EXPECT_EQ(update.settings.chunk_size, std::nullopt);
  EXPECT_EQ(update.settings.max_gap, std::nullopt);
  EXPECT_FALSE(update.tightens);
}

TEST(UpdateSettingsTest, SaysWhenEverybodyHasToGiveBackFirst) {
  SettingsPatch made = Knobs(4, Gap(100));
  made.max_id = 5'000;
  const SequenceSettings now = Made(made);
  EXPECT_TRUE(Tightens(now, Knobs(3, std::nullopt)));
  EXPECT_FALSE(Tightens(now, Knobs(5, std::nullopt)));
  EXPECT_TRUE(Tightens(now, Knobs(std::nullopt, Gap(0))));
  EXPECT_FALSE(Tightens(now, Knobs(std::nullopt, Gap(101))));
  SettingsPatch limit;
  limit.max_id = 4'999;
  EXPECT_TRUE(Tightens(now, limit));
  limit.max_id = 5'001;
  EXPECT_FALSE(Tightens(now, limit));
  EXPECT_TRUE(Tightens(Made({}), Knobs(std::nullopt, Gap(0)))) << "From a gap that adapts.";
}

TEST(UpdateSettingsTest, ToStrictTheGapGoesWithTheShards) {
  const SequenceSettings now = Made(Knobs(4, Gap(100)));
  const SettingsUpdate update = *UpdateSettings(now, Knobs(0, std::nullopt));
  EXPECT_EQ(update.settings.max_gap, 0);
  EXPECT_TRUE(update.tightens);
  EXPECT_EQ(ReasonOf(UpdateSettings(now, Knobs(0, Gap(5))).status()), Reason::kSequenceInvalid);
  const SequenceSettings strict = Made(Knobs(0, std::nullopt));
  EXPECT_EQ(ReasonOf(UpdateSettings(strict, Knobs(std::nullopt, Gap(5))).status()),
            Reason::kSequenceInvalid);
}

TEST(UpdateSettingsTest, FromStrictItLoosens) {
  const SequenceSettings strict = Made(Knobs(0, std::nullopt));
  const SettingsUpdate update = *UpdateSettings(strict, Knobs(4, Gap(100)));
  EXPECT_FALSE(update.tightens);
  EXPECT_EQ(update.settings.shards, 4);
  EXPECT_EQ(update.settings.max_gap, 100);
}

TEST(UpdateSettingsTest, TheLimitsAreCheckedAgain) {
  SettingsPatch made;
  made.min_id = 100;
  const SequenceSettings now = Made(made);
  SettingsPatch patch;
  patch.max_id = 99;
  EXPECT_EQ(ReasonOf(UpdateSettings(now, patch).status()), Reason::kSequenceInvalid);
}

}  // namespace
}  // namespace mintmark::engine
