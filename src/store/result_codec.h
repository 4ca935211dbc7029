// What a batch returned, as a string of bytes: kept with the session's row so
// that a doubt about its commit can be resolved.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "src/core/id_space.h"
#include "src/engine/batch.h"

namespace mintmark::store {

// The results of all operations but lists, and the report. The same program
// reads it back: its form may change with any version.
std::string EncodeResults(const engine::Batch& batch);

// Fills in the results and the report of `batch`, which has the very operations
// of the encoded one; the results of its lists become empty. Internal when the
// bytes do not belong to such a batch; its results are then to be thrown away.
absl::Status DecodeResults(absl::string_view bytes, engine::Batch& batch);

std::string EncodeRuns(const std::vector<Run>& runs);

// False when the bytes are no runs.
bool DecodeRuns(absl::string_view bytes, std::vector<Run>& runs);

}  // namespace mintmark::store
