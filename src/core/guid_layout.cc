#include "src/core/guid_layout.h"

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"

namespace mintmark {
namespace {

constexpr std::int32_t kMostBits = 64;
constexpr std::int32_t kMostLowBits = 62;
constexpr StoreTimeUs kMillisecondUs = 1'000;

__extension__ using Wide = __int128;

}  // namespace

absl::Status CheckLayout(const GuidLayout& layout) {
  const bool in_range = layout.time_bits >= 1 && layout.time_bits <= kMostBits &&
                        layout.counter_bits >= 0 && layout.counter_bits <= kMostLowBits &&
                        layout.generator_bits >= 0 && layout.generator_bits <= kMostLowBits;
  if (!in_range || layout.low_bits() > kMostLowBits ||
      layout.time_bits + layout.low_bits() > kMostBits) {
    return MakeStatus(
        Reason::kGroupInvalid,
        absl::StrCat("The layout has ", layout.time_bits, " bits of time, ", layout.counter_bits,
                     " of counter and ", layout.generator_bits,
                     " of generator id; time takes at least 1, none is negative, counter and "
                     "generator id have at most 62 together, and all three at most 64."));
  }
  if (layout.unit_us != kMillisecondUs && layout.unit_us != 10 * kMillisecondUs) {
    return MakeStatus(Reason::kGroupInvalid, "The time unit is 1 ms or 10 ms; choose one of them.");
  }
  return absl::OkStatus();
}

absl::StatusOr<GuidLayout> PresetLayout(absl::string_view preset) {
  GuidLayout layout;
  layout.epoch_us = kDefaultEpochUs;
  if (preset == "snowfall") return layout;
  if (preset == "twitter") {
    layout.counter_bits = 12;
    layout.generator_bits = 10;
    layout.order = FieldOrder::kTimeGeneratorCounter;
    return layout;
  }
  layout.time_bits = 39;
  layout.counter_bits = 8;
  layout.unit_us = 10 * kMillisecondUs;
  if (preset == "sonyflake") {
    layout.generator_bits = 16;
    return layout;
  }
  if (preset == "js") {
    layout.generator_bits = 6;
    return layout;
  }
  return MakeStatus(Reason::kGroupInvalid,
                    "There is no such preset; use snowfall, twitter, sonyflake or js, or give the "
                    "bits of each field.");
}

std::int64_t TimeAt(const GuidLayout& layout, StoreTimeUs moment) {
  const Wide elapsed = static_cast<Wide>(moment) - layout.epoch_us;
  Wide time = elapsed / layout.unit_us;
  if (elapsed % layout.unit_us < 0) --time;
  return static_cast<std::int64_t>(time);
}

StoreTimeUs MomentOf(const GuidLayout& layout, std::int64_t time) {
  const Wide moment = static_cast<Wide>(time) * layout.unit_us + layout.epoch_us;
  if (moment > INT64_MAX) return INT64_MAX;
  if (moment < INT64_MIN) return INT64_MIN;
  return static_cast<StoreTimeUs>(moment);
}

absl::StatusOr<GuidFields> DecodeGuid(const GuidLayout& layout, std::int64_t guid) {
  const std::int32_t bits = layout.time_bits + layout.low_bits();
  if (guid < 0 || (bits < 63 && (guid >> bits) != 0)) {
    return MakeStatus(
        Reason::kArgumentInvalid,
        absl::StrCat(guid, " is no GUID of this group: its layout has ", bits, " bits."));
  }
  const auto field = [&](std::int32_t shift, std::int32_t width) {
    return (guid >> shift) & ((std::int64_t{1} << width) - 1);
  };
  GuidFields fields;
  fields.time = guid >> layout.low_bits();
  if (layout.order == FieldOrder::kTimeCounterGenerator) {
    fields.counter = field(layout.generator_bits, layout.counter_bits);
    fields.generator = field(0, layout.generator_bits);
  } else {
    fields.generator = field(layout.counter_bits, layout.generator_bits);
    fields.counter = field(0, layout.counter_bits);
  }
  return fields;
}

}  // namespace mintmark
