// Draws of more than one call takes: cut in calls, written to a file if need be,
// watched by a progress bar, and ended by Ctrl-C without losing what was drawn.
#pragma once

#include <cstdint>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/command.h"
#include "client/cli/output.h"

namespace mintmark::client {

struct BulkDraw {
  std::int64_t total = 1;
  std::int64_t per_call = 1;
  std::string file;  // Where the ids go instead of the context's output, if set.
};

// Adds --output.
void AddOutputOption(CLI::App& verb, std::string& file);

// Calls `draw` for at most `per_call` ids at a time, until there are `total` or it
// returns fewer than it was asked for; then `finish`, also after an error of a later
// call: what was drawn is drawn. Both write to the given output, and `draw` returns
// how many ids it drew. CANCELLED when Ctrl-C ended it.
absl::Status RunBulkDraw(
    const BulkDraw& bulk, Context& context,
    absl::FunctionRef<absl::StatusOr<std::int64_t>(std::int64_t, Output&)> draw,
    absl::FunctionRef<absl::Status(Output&)> finish);

}  // namespace mintmark::client
