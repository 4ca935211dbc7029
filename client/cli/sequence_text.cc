#include "client/cli/sequence_text.h"

#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "client/cli/text_format.h"

namespace mintmark::client {
namespace {

using google::protobuf::util::TimeUtil;

// "adapts" for a knob that is not set.
template <typename Integer>
std::string Knob(bool set, Integer value) {
  return set ? absl::StrCat(value) : "adapts";
}

// With the bound in force, where that is not what was set.
std::string MaxGapText(const v1::Sequence& sequence) {
  std::string knob = Knob(sequence.has_max_gap(), sequence.max_gap());
  if (sequence.has_max_gap() && sequence.max_gap() == sequence.effective_max_gap()) return knob;
  return absl::StrCat(knob, " (", sequence.effective_max_gap(), " in force)");
}

}  // namespace

Facts SequenceFacts(const v1::Sequence& sequence) {
  Facts facts;
  facts.Add("name", sequence.name());
  facts.Add("next id", absl::StrCat(sequence.next_id()));
  facts.Add("remaining", absl::StrCat(sequence.remaining()));
  facts.Add("min id", absl::StrCat(sequence.min_id()));
  facts.Add("max id", absl::StrCat(sequence.max_id()));
  facts.Add("step", absl::StrCat(sequence.step()));
  const bool strict = sequence.has_shards() && sequence.shards() == 0;
  facts.Add("shards", strict ? "0 (strict)" : Knob(sequence.has_shards(), sequence.shards()));
  facts.Add("max gap", MaxGapText(sequence));
  facts.Add("chunk size", Knob(sequence.has_chunk_size(), sequence.chunk_size()));
  facts.Add("format", FormatText(sequence.format()));
  facts.Add("generation", absl::StrCat(sequence.generation()));
  facts.Add("created", TimeUtil::ToString(sequence.create_time()));
  facts.Add("updated", TimeUtil::ToString(sequence.update_time()));
  facts.Add("etag", sequence.etag());
  return facts;
}

Table SequenceTable() {
  constexpr auto kRight = Table::Align::kRight;
  return Table({{"NAME"},
                {"NEXT ID", kRight},
                {"REMAINING", kRight},
                {"STEP", kRight},
                {"SHARDS", kRight},
                {"MAX GAP", kRight}});
}

std::vector<std::string> SequenceRow(const v1::Sequence& sequence) {
  return {sequence.name(),
          absl::StrCat(sequence.next_id()),
          absl::StrCat(sequence.remaining()),
          absl::StrCat(sequence.step()),
          Knob(sequence.has_shards(), sequence.shards()),
          absl::StrCat(sequence.effective_max_gap())};
}

}  // namespace mintmark::client
