#include "client/cli/group_text.h"

#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "client/cli/text_format.h"

namespace mintmark::client {
namespace {

using google::protobuf::util::TimeUtil;

// What a Timestamp can tell: from the year 1 to the end of 9999.
constexpr std::int64_t kLastSecond = 253'402'300'799;

absl::Duration UnitOf(const v1::GuidGroup& group) {
  return absl::Milliseconds(TimeUtil::DurationToMilliseconds(group.time_unit()));
}

// A time of the group, in its units since its epoch.
absl::Time TimeOf(std::int64_t units, const v1::GuidGroup& group) {
  return absl::FromUnixMillis(TimeUtil::TimestampToMilliseconds(group.epoch())) +
         UnitOf(group) * units;
}

// When the field of time is full; GUIDs are positive, whatever is left for it.
absl::Time EndOf(const v1::GuidGroup& group) {
  const int time_bits =
      std::min(group.time_bits(), 63 - group.counter_bits() - group.generator_bits());
  return TimeOf(std::int64_t{1} << std::clamp(time_bits, 0, 62), group);
}

std::string TimeText(absl::Time time) {
  if (time > absl::FromUnixSeconds(kLastSecond)) return "after the year 9999";
  return TimeUtil::ToString(TimeUtil::MillisecondsToTimestamp(absl::ToUnixMillis(time)));
}

bool GeneratorFirst(const v1::GuidGroup& group) {
  return group.order() == v1::FIELD_ORDER_TIME_GENERATOR_COUNTER;
}

std::string LayoutText(const v1::GuidGroup& group) {
  const std::string counter = absl::StrCat(group.counter_bits(), " counter");
  const std::string generator = absl::StrCat(group.generator_bits(), " generator");
  return absl::StrCat(group.time_bits(), " bits time, ",
                      GeneratorFirst(group) ? generator : counter, ", ",
                      GeneratorFirst(group) ? counter : generator);
}

std::string GeneratorRange(const v1::GuidGroup& group) {
  return absl::StrCat(group.generator_id_min(), "..", group.generator_id_max());
}

}  // namespace

Facts GroupFacts(const v1::GuidGroup& group) {
  Facts facts;
  facts.Add("name", group.name());
  facts.Add("layout", LayoutText(group));
  facts.Add("time unit", absl::FormatDuration(UnitOf(group)));
  facts.Add("epoch", TimeUtil::ToString(group.epoch()));
  facts.Add("lasts until", TimeText(EndOf(group)));
  facts.Add("generators", GeneratorRange(group));
  facts.Add("lease", TimeUtil::ToString(group.lease()));
  facts.Add("format", FormatText(group.format()));
  facts.Add("created", TimeUtil::ToString(group.create_time()));
  return facts;
}

Table GroupTable() {
  return Table({{"NAME"}, {"LAYOUT"}, {"TIME UNIT"}, {"EPOCH"}, {"GENERATORS"}});
}

std::vector<std::string> GroupRow(const v1::GuidGroup& group) {
  return {group.name(), LayoutText(group), absl::FormatDuration(UnitOf(group)),
          TimeUtil::ToString(group.epoch()), GeneratorRange(group)};
}

Table GeneratorTable() {
  return Table({{"GENERATOR", Table::Align::kRight},
                {"LEASED"},
                {"LEASE END"},
                {"TIME CEILING"},
                {"OWNER"}});
}

std::vector<std::string> GeneratorRow(const v1::Generator& generator, const v1::GuidGroup& group) {
  return {absl::StrCat(generator.generator_id()), generator.leased() ? "yes" : "no",
          generator.has_lease_end() ? TimeUtil::ToString(generator.lease_end()) : "-",
          TimeText(TimeOf(generator.time_ceiling(), group)), generator.owner()};
}

}  // namespace mintmark::client
