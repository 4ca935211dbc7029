#include "server/sequence_message.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "server/json_text.h"
#include "server/text_format_message.h"
#include "src/core/id_space.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"

namespace mintmark::server {
namespace {

using engine::SettingsPatch;

// Fields of a sequence that no user sets, or that are no settings.
constexpr std::array<absl::string_view, 8> kPassedOver = {
    "name",        "next_id",     "remaining",  "etag",
    "create_time", "update_time", "generation", "effective_max_gap"};

// Takes one field over, with its default when it is unset.
absl::Status SetField(absl::string_view path, const v1::Sequence& sequence, SettingsPatch& patch) {
  const engine::SequenceSettings defaults;
  if (path == "min_id") {
    patch.min_id = sequence.has_min_id() ? sequence.min_id() : defaults.space.min_id;
  } else if (path == "max_id") {
    patch.max_id = sequence.has_max_id() ? sequence.max_id() : defaults.space.max_id;
  } else if (path == "step") {
    patch.step = sequence.has_step() ? sequence.step() : defaults.space.step;
  } else if (path == "chunk_size") {
    patch.chunk_size.emplace();  // Unset: adapts.
    if (sequence.has_chunk_size()) *patch.chunk_size = sequence.chunk_size();
  } else if (path == "shards") {
    patch.shards = sequence.has_shards() ? sequence.shards() : defaults.shards;
  } else if (path == "max_gap") {
    patch.max_gap.emplace();
    if (sequence.has_max_gap()) *patch.max_gap = sequence.max_gap();
  } else if (path == "format") {
    patch.format = ReadTextFormat(sequence.format());
  } else if (std::find(kPassedOver.begin(), kPassedOver.end(), path) == kPassedOver.end()) {
    return MakeStatus(Reason::kArgumentInvalid,
                      absl::StrCat("update_mask names ", Quoted(path.substr(0, 100)),
                                   ", which is no field of a sequence; use max_id, chunk_size, "
                                   "shards, max_gap and format."));
  }
  return absl::OkStatus();
}

}  // namespace

SettingsPatch PatchOfSetFields(const v1::Sequence& sequence) {
  SettingsPatch patch;
  if (sequence.has_min_id()) patch.min_id = sequence.min_id();
  if (sequence.has_max_id()) patch.max_id = sequence.max_id();
  if (sequence.has_step()) patch.step = sequence.step();
  if (sequence.has_chunk_size()) patch.chunk_size = std::optional(sequence.chunk_size());
  if (sequence.has_shards()) patch.shards = sequence.shards();
  if (sequence.has_max_gap()) patch.max_gap = std::optional(sequence.max_gap());
  if (sequence.has_format()) patch.format = ReadTextFormat(sequence.format());
  return patch;
}

absl::StatusOr<SettingsPatch> PatchOfMask(const v1::Sequence& sequence,
                                          const google::protobuf::FieldMask& mask) {
  if (mask.paths().empty() || (mask.paths_size() == 1 && mask.paths(0) == "*")) {
    return PatchOfSetFields(sequence);
  }
  SettingsPatch patch;
  for (const std::string& path : mask.paths()) {
    MINTMARK_RETURN_IF_ERROR(SetField(path, sequence, patch));
  }
  return patch;
}

void WriteSequence(const engine::SequenceView& view, v1::Sequence& sequence) {
  const engine::SequenceRow& row = view.row;
  const engine::SequenceSettings& settings = row.settings;
  sequence.set_name(row.name);
  sequence.set_min_id(settings.space.min_id);
  sequence.set_max_id(settings.space.max_id);
  sequence.set_step(settings.space.step);
  if (settings.chunk_size.has_value()) sequence.set_chunk_size(*settings.chunk_size);
  sequence.set_shards(settings.shards);
  if (settings.max_gap.has_value()) sequence.set_max_gap(*settings.max_gap);
  if (settings.format != TextFormat()) {
    WriteTextFormat(settings.format, *sequence.mutable_format());
  }
  sequence.set_next_id(view.next_id);
  sequence.set_remaining(view.remaining);
  sequence.set_etag(view.etag);
  WriteTimestamp(row.create_time_us, *sequence.mutable_create_time());
  WriteTimestamp(row.update_time_us, *sequence.mutable_update_time());
  sequence.set_generation(row.generation);
  sequence.set_effective_max_gap(view.effective_max_gap);
}

void WriteCounter(const engine::CounterRow& row, v1::Counter& counter) {
  counter.set_name(row.name);
  counter.set_value(row.value);
  WriteTimestamp(row.create_time_us, *counter.mutable_create_time());
  WriteTimestamp(row.update_time_us, *counter.mutable_update_time());
}

void WriteTimestamp(StoreTimeUs time_us, google::protobuf::Timestamp& timestamp) {
  // The years 1 to 9999, which is what a Timestamp may hold.
  constexpr StoreTimeUs kFirst = -62'135'596'800'000'000;
  constexpr StoreTimeUs kLast = 253'402'300'799'999'999;
  const std::chrono::microseconds time(std::clamp(time_us, kFirst, kLast));
  const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
  timestamp.set_seconds(seconds.count());
  timestamp.set_nanos(static_cast<std::int32_t>(std::chrono::nanoseconds(time - seconds).count()));
}

void WriteDuration(Duration duration, google::protobuf::Duration& message) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration);
  message.set_seconds(seconds.count());
  message.set_nanos(static_cast<std::int32_t>((duration - seconds).count()));
}

}  // namespace mintmark::server
