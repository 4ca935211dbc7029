// mintmark next, mintmark reserve.
#include <algorithm>
#include <memory>
#include <utility>

#include "client/cli/command.h"
#include "mintmark/v1/id_service.pb.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

// What a server takes in one call, unless it is set up otherwise.
constexpr std::int64_t kMaxIdsPerCall = 1'000'000;
constexpr std::int64_t kMaxTextsPerCall = 10'000;

constexpr char kNextExamples[] =
    "An answer of several calls is not atomic: more than 1,000,000 ids (10,000 with\n"
    "--text) are drawn in several calls, and an error leaves those printed before it.\n"
    "\n"
    "Examples:\n"
    "  mintmark next orders                  one id\n"
    "  mintmark next orders -n 5             five, one a line\n"
    "  mintmark next orders -n 1000000 --ranges\n"
    "  mintmark next tickets -n 10 --partial as many as are left, up to ten\n"
    "  mintmark next invoices --request-id invoice-17\n"
    "                                        the same id however often it is run\n";

constexpr char kReserveExamples[] =
    "Prints the range as `first..last`, and `first..last step s` for a step above 1.\n"
    "\n"
    "Examples:\n"
    "  mintmark reserve orders -n 1000          at most 1,000 contiguous ids\n"
    "  mintmark reserve orders -n 1000 --exact  all of them or an error\n";

struct NextOptions {
  std::string sequence;
  std::optional<std::int64_t> n;
  std::optional<std::int64_t> chunk_size;
  std::string request_id;
  bool partial = false;
  bool text = false;
  bool ranges = false;
};

struct ReserveOptions {
  std::string sequence;
  std::optional<std::int64_t> n;
  std::optional<std::int64_t> chunk_size;
  std::string request_id;
  bool exact = false;
};

absl::Status PrintIds(const NextOptions& options, const v1::NextNResponse& response,
                      Output& output) {
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

absl::Status Next(const NextOptions& options, Context& context) {
  const std::int64_t per_call = options.text ? kMaxTextsPerCall : kMaxIdsPerCall;
  v1::NextNRequest request;
  request.set_sequence(options.sequence);
  request.set_allow_partial(options.partial);
  request.set_request_id(options.request_id);
  request.set_chunk_size(options.chunk_size.value_or(0));
  request.set_with_text(options.text);
  context.request_id = options.request_id;

  v1::NextNResponse all;  // For JSON, which is one document.
  std::int64_t left = options.n.value_or(1);
  for (bool first = true; left > 0 && !context.output.failed(); first = false) {
    request.set_n(std::min(left, per_call));
    absl::StatusOr<v1::NextNResponse> response = context.client.NextN(request);
    if (!response.ok()) {
      const bool enough =
          options.partial && !first && ReasonOf(response.status()) == Reason::kSequenceExhausted;
      if (enough) break;
      return response.status();
    }
    left = response->count() < request.n() ? 0 : left - response->count();
    if (context.settings.json) {
      Append(*std::move(response), all);
    } else {
      MINTMARK_RETURN_IF_ERROR(PrintIds(options, *response, context.output));
    }
  }
  return context.settings.json ? context.output.Json(all) : absl::OkStatus();
}

absl::Status Reserve(const ReserveOptions& options, Context& context) {
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

void AddNext(CLI::App& app, Action& action) {
  const auto options = std::make_shared<NextOptions>();
  CLI::App* const verb = app.add_subcommand("next", "Draw ids from a sequence, one a line");
  verb->footer(kNextExamples);
  verb->add_option("NAME", options->sequence, "The sequence; created if there is none")->required();
  AddInt64(*verb, "-n,--count", options->n, "How many ids [1]", {.min = 1});
  verb->add_flag("--partial", options->partial, "Take as many as are left, and at least one");
  CLI::Option* const text =
      verb->add_flag("--text", options->text, "Print ids in the sequence's text format");
  verb->add_flag("--ranges", options->ranges, "Print ranges, `first..last`, instead of ids")
      ->excludes(text);
  verb->add_option("--request-id", options->request_id,
                   "The same ids for the same key, for 24 hours");
  AddInt64(*verb, "--chunk-size", options->chunk_size, "Take this many if a chunk is taken");
  verb->callback([options, &action] {
    const std::int64_t per_call = options->text ? kMaxTextsPerCall : kMaxIdsPerCall;
    if (!options->request_id.empty() && options->n.value_or(1) > per_call) {
      throw CLI::ValidationError(
          "--request-id", "covers one call: -n is at most 1000000 with it, 10000 with --text");
    }
    action = [options](Context& context) { return Next(*options, context); };
  });
}

void AddReserve(CLI::App& app, Action& action) {
  const auto options = std::make_shared<ReserveOptions>();
  CLI::App* const verb = app.add_subcommand("reserve", "Draw one contiguous range of ids");
  verb->footer(kReserveExamples);
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

}  // namespace

void AddDrawCommands(CLI::App& app, Action& action) {
  AddNext(app, action);
  AddReserve(app, action);
}

}  // namespace mintmark::client
