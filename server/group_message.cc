#include "server/group_message.h"

#include <chrono>
#include <cstdint>
#include <optional>

#include "absl/strings/str_cat.h"
#include "server/config.h"
#include "server/sequence_message.h"
#include "server/text_format_message.h"
#include "src/core/guid_layout.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"
#include "src/core/text_format.h"
#include "src/engine/settings.h"

namespace mintmark::server {
namespace {

constexpr std::int64_t kUsPerSecond = 1'000'000;
constexpr std::int32_t kNanosPerUs = 1'000;

// What a google.protobuf.Timestamp may hold: the years 1 to 9999.
constexpr std::int64_t kFirstSecond = -62'135'596'800;
constexpr std::int64_t kLastSecond = 253'402'300'799;

absl::Status Invalid(absl::string_view message) {
  return MakeStatus(Reason::kGroupInvalid, message);
}

// Whole microseconds, or nothing.
template <typename Message>
std::optional<std::int64_t> ReadUs(const Message& message, std::int64_t first_second,
                                   std::int64_t last_second) {
  const bool valid = message.seconds() >= first_second && message.seconds() <= last_second &&
                     message.nanos() >= 0 && message.nanos() < 1'000'000'000 &&
                     message.nanos() % kNanosPerUs == 0;
  if (!valid) return std::nullopt;
  return message.seconds() * kUsPerSecond + message.nanos() / kNanosPerUs;
}

absl::Status ReadOwnLayout(const v1::GuidGroup& group, GuidLayout& layout) {
  if (group.time_bits() != 0 || group.counter_bits() != 0 || group.generator_bits() != 0) {
    layout.time_bits = group.time_bits();
    layout.counter_bits = group.counter_bits();
    layout.generator_bits = group.generator_bits();
  }
  switch (group.order()) {
    case v1::FIELD_ORDER_UNSPECIFIED:
    case v1::FIELD_ORDER_TIME_COUNTER_GENERATOR:
      break;
    case v1::FIELD_ORDER_TIME_GENERATOR_COUNTER:
      layout.order = FieldOrder::kTimeGeneratorCounter;
      break;
    default:
      return Invalid(absl::StrCat("order is ", static_cast<int>(group.order()),
                                  ", which is no order of fields; use one that FieldOrder names."));
  }
  if (group.has_time_unit()) {
    // Whatever is no 1 ms or 10 ms is refused along with the rest of the layout.
    layout.unit_us = ReadUs(group.time_unit(), 0, 1).value_or(0);
  }
  return CheckLayout(layout);
}

absl::StatusOr<GuidLayout> ReadLayout(const v1::CreateGuidGroupRequest& request) {
  const v1::GuidGroup& group = request.group();
  GuidLayout layout;
  layout.epoch_us = kDefaultEpochUs;
  if (request.preset().empty()) {
    MINTMARK_RETURN_IF_ERROR(ReadOwnLayout(group, layout));
  } else {
    const bool own = group.time_bits() != 0 || group.counter_bits() != 0 ||
                     group.generator_bits() != 0 || group.has_time_unit() ||
                     group.order() != v1::FIELD_ORDER_UNSPECIFIED;
    if (own) {
      return Invalid("A preset says what bits, order and time unit are; give it, or them.");
    }
    MINTMARK_ASSIGN_OR_RETURN(layout, PresetLayout(request.preset()));
  }
  if (group.has_epoch()) {
    const std::optional<std::int64_t> epoch = ReadUs(group.epoch(), kFirstSecond, kLastSecond);
    if (!epoch.has_value()) {
      return Invalid("The epoch is no time between the years 1 and 9999 in whole microseconds.");
    }
    layout.epoch_us = *epoch;
  }
  return layout;
}

absl::Status ReadLease(const v1::GuidGroup& group, engine::GroupSettings& settings) {
  if (!group.has_lease()) return absl::OkStatus();
  const std::optional<std::int64_t> lease = ReadUs(group.lease(), 0, kMaxGroupLease.count());
  if (!lease.has_value() || *lease < kMinGroupLease.count() * kUsPerSecond ||
      *lease > kMaxGroupLease.count() * kUsPerSecond) {
    return Invalid(absl::StrCat("The lease takes ", kMinGroupLease.count(), " s to ",
                                kMaxGroupLease.count(), " s, in whole microseconds."));
  }
  settings.lease_us = *lease;
  return absl::OkStatus();
}

absl::Status ReadGenerators(const v1::GuidGroup& group, engine::GroupSettings& settings) {
  const std::int64_t last = settings.layout.generators() - 1;
  settings.generator_min = group.has_generator_id_min() ? group.generator_id_min() : 0;
  settings.generator_max = group.has_generator_id_max() ? group.generator_id_max() : last;
  if (settings.generator_min < 0 || settings.generator_max > last ||
      settings.generator_min > settings.generator_max) {
    return Invalid(absl::StrCat("Generator ids from ", settings.generator_min, " to ",
                                settings.generator_max,
                                " are asked for; the layout has room for 0 "
                                "to ",
                                last, ", and the lowest is not above the highest."));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<engine::GroupSettings> ReadGroupSettings(const v1::CreateGuidGroupRequest& request) {
  const v1::GuidGroup& group = request.group();
  engine::GroupSettings settings = engine::DefaultGroupSettings();
  MINTMARK_ASSIGN_OR_RETURN(settings.layout, ReadLayout(request));
  MINTMARK_RETURN_IF_ERROR(ReadLease(group, settings));
  MINTMARK_RETURN_IF_ERROR(ReadGenerators(group, settings));
  settings.format = ReadTextFormat(group.format());
  MINTMARK_RETURN_IF_ERROR(CheckTextFormat(settings.format, Reason::kGroupInvalid));
  return settings;
}

void WriteGroup(const engine::GroupRow& row, v1::GuidGroup& group) {
  const engine::GroupSettings& settings = row.settings;
  const GuidLayout& layout = settings.layout;
  group.set_name(row.name);
  WriteTimestamp(layout.epoch_us, *group.mutable_epoch());
  group.set_time_bits(layout.time_bits);
  group.set_counter_bits(layout.counter_bits);
  group.set_generator_bits(layout.generator_bits);
  group.set_order(static_cast<v1::FieldOrder>(layout.order));
  WriteDuration(std::chrono::microseconds(layout.unit_us), *group.mutable_time_unit());
  WriteDuration(std::chrono::microseconds(settings.lease_us), *group.mutable_lease());
  group.set_generator_id_min(settings.generator_min);
  group.set_generator_id_max(settings.generator_max);
  if (settings.format != TextFormat()) WriteTextFormat(settings.format, *group.mutable_format());
  WriteTimestamp(row.create_time_us, *group.mutable_create_time());
}

void WriteGenerator(const std::string& group, const engine::GeneratorRow& row,
                    v1::Generator& generator) {
  generator.set_group(group);
  generator.set_generator_id(row.id);
  generator.set_owner(row.owner);
  generator.set_leased(row.leased);
  generator.set_time_ceiling(row.ceiling);
  if (row.leased) WriteTimestamp(row.lease_end_us, *generator.mutable_lease_end());
}

}  // namespace mintmark::server
