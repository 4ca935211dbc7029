// mintmark next.
#include <memory>
#include <utility>

#include "client/cli/bulk_draw.h"
#include "client/cli/command.h"
#include "mintmark/v1/id_service.pb.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

// What a server takes in one call, unless it is set up otherwise.
constexpr std::int64_t kMaxIdsPerCall = 1'000'000;
constexpr std::int64_t kMaxTextsPerCall = 10'000;

constexpr char kExamples[] =
    "More than 1,000,000 ids (10,000 with --text) are drawn in several calls, and an\n"
    "error or Ctrl-C leaves those that were written before it. On a terminal a bar\n"
    "shows how far a long draw has come, unless the ids are written there.\n"
    "\n"
    "Examples:\n"
    "  mintmark next orders                    one id\n"
    "  mintmark next orders -n 5               five, one a line\n"
    "  mintmark next orders -n 1000000 --ranges\n"
    "  mintmark next orders -n 5000000 --output ids.txt\n"
    "  mintmark next tickets -n 10 --partial   as many as are left, up to ten\n"
    "  mintmark next tickets --text            as text in the sequence's format\n"
    "  mintmark next invoices --request-id invoice-17\n"
    "                                          the same id however often it is run\n";

struct Options {
  std::string sequence;
  std::optional<std::int64_t> n;
  std::optional<std::int64_t> chunk_size;
  std::string request_id;
  std::string file;
  bool partial = false;
  bool text = false;
  bool ranges = false;

  std::int64_t per_call() const { return text ? kMaxTextsPerCall : kMaxIdsPerCall; }
};

absl::Status Print(const Options& options, const v1::NextNResponse& response, Output& output) {
  for (const std::string& text : response.texts()) output.Line(text);
  if (options.text) return absl::OkStatus();
  for (const v1::IdRange& range : response.ranges()) {
    if (options.ranges) {
      output.Line(RangeText(range));
    } else {
      MINTMARK_RETURN_IF_ERROR(output.Ids(range));
    }
  }
  return absl::OkStatus();
}

// Adds the answer of a further call to what came before.
void Append(v1::NextNResponse&& more, v1::NextNResponse& all) {
  all.set_count(all.count() + more.count());
  all.set_replayed(all.replayed() || more.replayed());
  all.set_generation(more.generation());
  for (v1::IdRange& range : *more.mutable_ranges()) *all.add_ranges() = std::move(range);
  for (std::string& text : *more.mutable_texts()) all.add_texts(std::move(text));
}

absl::Status Next(const Options& options, Context& context) {
  v1::NextNRequest request;
  request.set_sequence(options.sequence);
  request.set_allow_partial(options.partial);
  request.set_request_id(options.request_id);
  request.set_chunk_size(options.chunk_size.value_or(0));
  request.set_with_text(options.text);
  context.request_id = options.request_id;

  v1::NextNResponse all;  // For JSON, which is one document.
  bool some = false;
  const auto draw = [&](std::int64_t n, Output& output) -> absl::StatusOr<std::int64_t> {
    request.set_n(n);
    absl::StatusOr<v1::NextNResponse> response = context.client.NextN(request);
    const bool enough =
        options.partial && some && ReasonOf(response.status()) == Reason::kSequenceExhausted;
    if (enough) return 0;
    if (!response.ok()) return response.status();
    some = true;
    const std::int64_t count = response->count();
    if (context.settings.json) {
      Append(*std::move(response), all);
    } else {
      MINTMARK_RETURN_IF_ERROR(Print(options, *response, output));
    }
    return count;
  };
  return RunBulkDraw({options.n.value_or(1), options.per_call(), options.file}, context, draw,
                     [&](Output& output) {
                       return context.settings.json && some ? output.Json(all) : absl::OkStatus();
                     });
}

}  // namespace

void AddNextCommand(CLI::App& app, Action& action) {
  const auto options = std::make_shared<Options>();
  CLI::App* const verb = app.add_subcommand("next", "Draw ids from a sequence, one a line");
  verb->footer(kExamples);
  verb->add_option("NAME", options->sequence, "The sequence; created if there is none")->required();
  AddInt64(*verb, "-n,--count", options->n, "How many ids [1]", {.min = 1});
  verb->add_flag("--partial", options->partial, "Take as many as are left, and at least one");
  CLI::Option* const text =
      verb->add_flag("--text", options->text, "Print ids in the sequence's text format");
  verb->add_flag("--ranges", options->ranges, "Print ranges, `first..last`, instead of ids")
      ->excludes(text);
  AddOutputOption(*verb, options->file);
  verb->add_option("--request-id", options->request_id,
                   "The same ids for the same key, for 24 hours");
  AddInt64(*verb, "--chunk-size", options->chunk_size, "Take this many if a chunk is taken");
  verb->callback([options, &action] {
    if (!options->request_id.empty() && options->n.value_or(1) > options->per_call()) {
      throw CLI::ValidationError(
          "--request-id", "covers one call: -n is at most 1000000 with it, 10000 with --text");
    }
    action = [options](Context& context) { return Next(*options, context); };
  });
}

}  // namespace mintmark::client
