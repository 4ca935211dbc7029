// Sequences and counters as the API shows them, and as the engine knows them.
#pragma once

#include <google/protobuf/duration.pb.h>
#include <google/protobuf/field_mask.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "mintmark/v1/types.pb.h"
#include "src/core/time.h"
#include "src/engine/calls.h"

namespace mintmark::server {

// What is set in `sequence` of the fields that users choose.
engine::SettingsPatch PatchOfSetFields(const v1::Sequence& sequence);

// What `mask` names of those fields; one that is unset in `sequence` goes back to
// its default. Fields that the server sets, `name` and `etag` are passed over. An
// empty mask, and "*", stand for all fields that are set. ARGUMENT_INVALID for a
// path that names no field of a sequence.
absl::StatusOr<engine::SettingsPatch> PatchOfMask(const v1::Sequence& sequence,
                                                  const google::protobuf::FieldMask& mask);

void WriteSequence(const engine::SequenceView& view, v1::Sequence& sequence);
void WriteCounter(const engine::CounterRow& row, v1::Counter& counter);

// A moment outside of the years 1 to 9999 becomes the nearest one inside.
void WriteTimestamp(StoreTimeUs time_us, google::protobuf::Timestamp& timestamp);
// `duration` is not negative.
void WriteDuration(Duration duration, google::protobuf::Duration& message);

}  // namespace mintmark::server
