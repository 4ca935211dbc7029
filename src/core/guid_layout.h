// How a GUID is put together from its fields. A GUID is a number that is never
// negative: a time, a counter within that time, and the id of the generator that
// minted it. Layouts are data; the API's message is `mintmark.v1.GuidGroup`.
#pragma once

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/core/time.h"

namespace mintmark {

// The values are those of `mintmark.v1.FieldOrder`.
enum class FieldOrder : std::int32_t {
  kTimeCounterGenerator = 1,
  kTimeGeneratorCounter = 2,
};

// Times are counted in `unit_us` since `epoch_us`. Valid when CheckLayout() says
// so; the functions below ask for a valid one.
struct GuidLayout {
  StoreTimeUs epoch_us = 0;
  std::int32_t time_bits = 41;
  std::int32_t counter_bits = 11;
  std::int32_t generator_bits = 12;
  FieldOrder order = FieldOrder::kTimeCounterGenerator;
  StoreTimeUs unit_us = 1'000;

  // Bits below the time.
  std::int32_t low_bits() const { return counter_bits + generator_bits; }
  // The first time that the layout cannot express; INT64_MAX when it has 63 bits of
  // it. Where all fields together have 64 bits, as in the default layout, the top
  // one of time would be the sign: times stay below it.
  std::int64_t end_time() const {
    const std::int32_t bits = std::min(time_bits, 63 - low_bits());
    return bits >= 63 ? INT64_MAX : std::int64_t{1} << bits;
  }
  std::int64_t generators() const { return std::int64_t{1} << generator_bits; }

  friend bool operator==(const GuidLayout&, const GuidLayout&) = default;
};

// 2020-01-01T00:00:00Z.
inline constexpr StoreTimeUs kDefaultEpochUs = 1'577'836'800'000'000;

// The fields of a GUID.
struct GuidFields {
  std::int64_t time = 0;
  std::int64_t counter = 0;
  std::int64_t generator = 0;

  friend bool operator==(const GuidFields&, const GuidFields&) = default;
};

// GROUP_INVALID unless time has at least one bit besides the sign, no field a
// negative number of them, all three together at most 64, and the unit is 1 ms or
// 10 ms.
absl::Status CheckLayout(const GuidLayout& layout);

// "snowfall" (41, 11, 12), "twitter" (41, 12 counter, 10 generator; generator
// above counter), "sonyflake" (39 x 10 ms, 8, 16), "js" (39 x 10 ms, 8, 6: 53
// bits), each with the epoch above. GROUP_INVALID for any other name.
absl::StatusOr<GuidLayout> PresetLayout(absl::string_view preset);

// The time, in the layout's units, at this moment; negative before the epoch.
std::int64_t TimeAt(const GuidLayout& layout, StoreTimeUs moment);

// The moment at which this time begins; saturates.
StoreTimeUs MomentOf(const GuidLayout& layout, std::int64_t time);

// A tick is `(time << counter_bits) + counter`, the one integer that a generator
// advances.
// Saturates. No tick lies before the epoch: of a negative time it is 0.
inline std::int64_t TickOf(const GuidLayout& layout, std::int64_t time) {
  if (time <= 0) return 0;
  return time > (INT64_MAX >> layout.counter_bits) ? INT64_MAX : time << layout.counter_bits;
}
inline std::int64_t TimeOfTick(const GuidLayout& layout, std::int64_t tick) {
  return tick >> layout.counter_bits;
}

// The GUID of one generator at one tick. For one generator, GUIDs grow with ticks
// in either order.
inline std::int64_t GuidOf(const GuidLayout& layout, std::int64_t tick, std::int64_t generator) {
  if (layout.order == FieldOrder::kTimeCounterGenerator) {
    return (tick << layout.generator_bits) | generator;
  }
  const std::int64_t time = tick >> layout.counter_bits;
  const std::int64_t counter = tick & ((std::int64_t{1} << layout.counter_bits) - 1);
  return (((time << layout.generator_bits) | generator) << layout.counter_bits) | counter;
}

// Takes a GUID apart. ARGUMENT_INVALID when it is negative or has bits above the
// layout's.
absl::StatusOr<GuidFields> DecodeGuid(const GuidLayout& layout, std::int64_t guid);

}  // namespace mintmark
