// mintmark reserve.
#include <memory>

#include "client/cli/command.h"
#include "mintmark/v1/id_service.pb.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

constexpr char kExamples[] =
    "Prints the range as `first..last`, and `first..last step s` for a step above 1.\n"
    "\n"
    "Examples:\n"
    "  mintmark reserve orders -n 1000           at most 1,000 contiguous ids\n"
    "  mintmark reserve orders -n 1000 --exact   all of them or an error\n"
    "  mintmark reserve orders -n 1000 --request-id import-17\n"
    "                                            the same range however often it is run\n";

struct Options {
  std::string sequence;
  std::optional<std::int64_t> n;
  std::optional<std::int64_t> chunk_size;
  std::string request_id;
  bool exact = false;
};

absl::Status Reserve(const Options& options, Context& context) {
  v1::ReserveRangeRequest request;
  request.set_sequence(options.sequence);
  request.set_n(*options.n);
  request.set_exact(options.exact);
  request.set_request_id(options.request_id);
  request.set_chunk_size(options.chunk_size.value_or(0));
  context.request_id = options.request_id;
  MINTMARK_ASSIGN_OR_RETURN(const v1::ReserveRangeResponse response,
                            context.client.ReserveRange(request));
  if (context.settings.json) return context.output.Json(response);
  context.output.Line(RangeText(response.range()));
  return absl::OkStatus();
}

}  // namespace

void AddReserveCommand(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* const verb = app.add_subcommand("reserve", "Draw one contiguous range of ids");
  verb->footer(kExamples);
  verb->add_option("NAME", options->sequence, "The sequence; created if there is none")->required();
  AddInt64(*verb, "-n,--count", options->n, "How many ids at most", {.min = 1})->required();
  verb->add_flag("--exact", options->exact, "All of them or an error");
  verb->add_option("--request-id", options->request_id,
                   "The same range for the same key, for 24 hours");
  AddInt64(*verb, "--chunk-size", options->chunk_size, "Take this many if a chunk is taken");
  verb->callback([options, &action] {
    action = [options](Context& context) { return Reserve(*options, context); };
  });
}

}  // namespace mintmark::client
