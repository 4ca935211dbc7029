// mintmark incr, mintmark get.
#include <google/protobuf/util/time_util.h>

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/command.h"
#include "client/request_id.h"
#include "mintmark/v1/id_service.pb.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

constexpr int kMaxNamesPerCall = 1000;

constexpr char kIncrExamples[] =
    "Prints the sum: exact once committed, this server's best view with --deferred.\n"
    "A committed increment carries a request_id, a random one unless given, so that\n"
    "trying it again after a lost answer counts once.\n"
    "\n"
    "Examples:\n"
    "  mintmark incr hits\n"
    "  mintmark incr stock -5\n"
    "  mintmark incr views 3 --deferred --update-interval 5s\n"
    "  mintmark incr paid 100 --request-id payment-17\n"
    "                           counts once however often it is run\n";

constexpr char kGetExamples[] =
    "Prints the value of one counter, and a table for more. A counter that does not\n"
    "exist is 0.\n"
    "\n"
    "Examples:\n"
    "  mintmark get hits\n"
    "  mintmark get hits stock views\n";

struct IncrOptions {
  std::string counter;
  std::optional<std::int64_t> delta;
  std::optional<std::chrono::milliseconds> update_interval;
  std::string request_id;
  bool deferred = false;
};

absl::Status Incr(const IncrOptions& options, Context& context) {
  v1::IncrCounterRequest request;
  request.set_counter(options.counter);
  request.set_delta(options.delta.value_or(1));
  request.set_request_id(options.request_id);
  if (options.deferred) {
    request.set_durability(v1::DURABILITY_DEFERRED);
    if (options.update_interval.has_value()) {
      *request.mutable_update_interval() = google::protobuf::util::TimeUtil::MillisecondsToDuration(
          options.update_interval->count());
    }
  } else {
    request.set_durability(v1::DURABILITY_COMMITTED);
    // Made here and not by the client, to be told when the call ends in doubt.
    if (options.request_id.empty()) request.set_request_id(NewRequestId());
  }
  context.request_id = request.request_id();
  MINTMARK_ASSIGN_OR_RETURN(const v1::IncrCounterResponse response,
                            context.client.IncrCounter(request));
  if (context.settings.json) return context.output.Json(response);
  context.output.Line(absl::StrCat(response.value()));
  return absl::OkStatus();
}

absl::Status Get(const std::vector<std::string>& names, Context& context) {
  v1::GetCountersResponse all;
  v1::GetCountersRequest request;
  for (std::size_t i = 0; i < names.size(); ++i) {
    request.add_counters(names[i]);
    if (request.counters_size() < kMaxNamesPerCall && i + 1 < names.size()) continue;
    MINTMARK_ASSIGN_OR_RETURN(v1::GetCountersResponse response,
                              context.client.GetCounters(request));
    all.MergeFrom(response);
    request.Clear();
  }
  if (context.settings.json) return context.output.Json(all);
  if (names.size() == 1 && all.values_size() == 1) {
    context.output.Line(absl::StrCat(all.values(0).value()));
    return absl::OkStatus();
  }
  Table table({{"NAME"}, {"VALUE", Table::Align::kRight}});
  for (const v1::CounterValue& value : all.values()) {
    table.Add({value.counter(), absl::StrCat(value.value())});
  }
  table.Print(context.output);
  return absl::OkStatus();
}

void AddIncr(CLI::App& app, Action& action) {
  const auto options = std::make_shared<IncrOptions>();
  CLI::App* const verb = app.add_subcommand("incr", "Add to a counter and print the sum");
  verb->footer(kIncrExamples);
  verb->add_option("NAME", options->counter, "The counter; created if there is none")->required();
  AddInt64(*verb, "DELTA", options->delta, "What to add, of either sign [1]");
  CLI::Option* const deferred =
      verb->add_flag("--deferred", options->deferred, "Add in memory first; a crash may lose it");
  AddTimeSpan(*verb, "--update-interval", options->update_interval,
              "Persist a deferred increment within this time [10s]")
      ->needs(deferred);
  verb->add_option("--request-id", options->request_id,
                   "Counts once for the same key, for 24 hours");
  verb->callback([options, &action] {
    action = [options](Context& context) { return Incr(*options, context); };
  });
}

void AddGet(CLI::App& app, Action& action) {
  const auto names = std::make_shared<std::vector<std::string>>();
  CLI::App* const verb = app.add_subcommand("get", "Print the values of counters");
  verb->footer(kGetExamples);
  verb->add_option("NAME", *names, "The counters")->required();
  verb->callback(
      [names, &action] { action = [names](Context& context) { return Get(*names, context); }; });
}

}  // namespace

void AddCountCommands(CLI::App& app, Action& action) {
  AddIncr(app, action);
  AddGet(app, action);
}

}  // namespace mintmark::client
