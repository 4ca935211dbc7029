#include "client/cli/bulk_draw.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/cli/interrupt.h"
#include "client/cli/progress.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

// Small enough for a bar that moves.
constexpr std::int64_t kIdsPerWatchedCall = 100'000;

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

// Whether a bar is of use and in nobody's way.
bool IsWatched(const BulkDraw& bulk, const Context& context) {
  return bulk.total > kIdsPerWatchedCall && IsTerminal(context.err) &&
         (!bulk.file.empty() || !IsTerminal(context.output.stream()));
}

absl::Status DrawAll(const BulkDraw& bulk, Context& context, Output& output,
                     absl::FunctionRef<absl::StatusOr<std::int64_t>(std::int64_t, Output&)> draw) {
  const bool watched = IsWatched(bulk, context);
  const std::int64_t per_call =
      watched ? std::min(bulk.per_call, kIdsPerWatchedCall) : bulk.per_call;
  Progress progress(watched ? context.err : nullptr, bulk.total);
  const InterruptWatch watch;
  std::int64_t done = 0;
  while (done < bulk.total && !output.failed()) {
    const std::int64_t n = std::min(per_call, bulk.total - done);
    MINTMARK_ASSIGN_OR_RETURN(const std::int64_t drawn, draw(n, output));
    done += drawn;
    progress.Update(done);
    if (drawn < n) break;
    if (watch.interrupted() && done < bulk.total) {
      return absl::CancelledError(
          absl::StrCat("interrupted: ", done, " of ", bulk.total, " ids were drawn and written"));
    }
  }
  return absl::OkStatus();
}

}  // namespace

void AddOutputOption(CLI::App& verb, std::string& file) {
  verb.add_option("--output", file, "Write to this file instead; it is overwritten")
      ->type_name("FILE");
}

absl::Status RunBulkDraw(
    const BulkDraw& bulk, Context& context,
    absl::FunctionRef<absl::StatusOr<std::int64_t>(std::int64_t, Output&)> draw,
    absl::FunctionRef<absl::Status(Output&)> finish) {
  if (bulk.file.empty()) {
    const absl::Status drawn = DrawAll(bulk, context, context.output, draw);
    const absl::Status finished = finish(context.output);
    return drawn.ok() ? finished : drawn;
  }
  // Opened before anything is drawn, which would be lost if it cannot be.
  const File file(std::fopen(bulk.file.c_str(), "w"));
  if (file == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot write ", bulk.file, ": ", std::strerror(errno)));
  }
  Output output(file.get());
  absl::Status status = DrawAll(bulk, context, output, draw);
  status.Update(finish(output));
  status.Update(output.Flush());
  return status;
}

}  // namespace mintmark::client
