// mintmark counter list, show, reset, delete.
#include <google/protobuf/util/time_util.h>

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/command.h"
#include "mintmark/v1/admin_service.pb.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int kPageSize = 1000;

constexpr char kExamples[] =
    "Examples:\n"
    "  mintmark counter list\n"
    "  mintmark counter show hits\n"
    "  mintmark counter reset hits 0\n"
    "To add to a counter: mintmark incr. To read values: mintmark get.\n";

constexpr char kListExamples[] =
    "Examples:\n"
    "  mintmark counter list\n"
    "  mintmark counter list --prefix shop/ --json\n";

constexpr char kShowExamples[] =
    "Unlike mintmark get it exits with 4 when there is no such counter.\n"
    "\n"
    "Examples:\n"
    "  mintmark counter show hits\n";

constexpr char kResetExamples[] =
    "What servers still hold of deferred increments is added when it is persisted.\n"
    "\n"
    "Examples:\n"
    "  mintmark counter reset hits 0\n"
    "  mintmark counter reset imported 123456789   the way in from another system\n";

constexpr char kDeleteExamples[] =
    "Examples:\n"
    "  mintmark counter delete hits\n";

struct CounterOptions {
  std::string name;
  std::string prefix;
  std::optional<std::int64_t> value;
};

absl::Status Show(const v1::Counter& counter, Context& context) {
  Facts facts;
  facts.Add("name", counter.name());
  facts.Add("value", absl::StrCat(counter.value()));
  facts.Add("created", TimeUtil::ToString(counter.create_time()));
  facts.Add("updated", TimeUtil::ToString(counter.update_time()));
  facts.Print(context.output);
  return absl::OkStatus();
}

absl::Status ListCounters(const std::string& prefix, Context& context) {
  v1::ListCountersRequest request;
  request.set_prefix(prefix);
  request.set_page_size(kPageSize);
  v1::ListCountersResponse all;
  Table table({{"NAME"}, {"VALUE", Table::Align::kRight}, {"UPDATED"}});
  do {
    MINTMARK_ASSIGN_OR_RETURN(v1::ListCountersResponse page, context.client.ListCounters(request));
    request.set_page_token(page.next_page_token());
    page.clear_next_page_token();
    if (context.settings.json) {
      all.MergeFrom(page);
      continue;
    }
    for (const v1::Counter& counter : page.counters()) {
      table.Add({counter.name(), absl::StrCat(counter.value()),
                 TimeUtil::ToString(counter.update_time())});
    }
    table.Print(context.output);
  } while (!request.page_token().empty());
  return context.settings.json ? context.output.Json(all) : absl::OkStatus();
}

absl::Status ShowCounter(const std::string& name, Context& context) {
  v1::GetCounterRequest request;
  request.set_name(name);
  MINTMARK_ASSIGN_OR_RETURN(const v1::GetCounterResponse response,
                            context.client.GetCounter(request));
  return context.settings.json ? context.output.Json(response) : Show(response.counter(), context);
}

absl::Status ResetCounter(const CounterOptions& options, Context& context) {
  v1::ResetCounterRequest request;
  request.set_name(options.name);
  request.set_value(*options.value);
  MINTMARK_ASSIGN_OR_RETURN(const v1::ResetCounterResponse response,
                            context.client.ResetCounter(request));
  return context.settings.json ? context.output.Json(response) : Show(response.counter(), context);
}

absl::Status DeleteCounter(const std::string& name, Context& context) {
  v1::DeleteCounterRequest request;
  request.set_name(name);
  MINTMARK_ASSIGN_OR_RETURN(const v1::DeleteCounterResponse response,
                            context.client.DeleteCounter(request));
  if (context.settings.json) return context.output.Json(response);
  context.output.Line(absl::StrCat("deleted counter ", name));
  return absl::OkStatus();
}

}  // namespace

void AddCounterCommands(CLI::App& app, Action& action) {
  const auto options = std::make_shared<CounterOptions>();
  CLI::App* const noun = app.add_subcommand("counter", "List, show, set and delete counters");
  noun->footer(kExamples);
  noun->require_subcommand(1);

  CLI::App* const list = noun->add_subcommand("list", "List counters by name");
  list->footer(kListExamples);
  list->add_option("--prefix", options->prefix, "Only names that start with this");
  list->callback([options, &action] {
    action = [options](Context& context) { return ListCounters(options->prefix, context); };
  });

  CLI::App* const show = noun->add_subcommand("show", "Show a counter");
  show->footer(kShowExamples);
  show->add_option("NAME", options->name, "The counter")->required();
  show->callback([options, &action] {
    action = [options](Context& context) { return ShowCounter(options->name, context); };
  });

  CLI::App* const reset = noun->add_subcommand("reset", "Set the value of a counter");
  reset->footer(kResetExamples);
  reset->add_option("NAME", options->name, "The counter; created if there is none")->required();
  AddInt64(*reset, "VALUE", options->value, "The value")->required();
  reset->callback([options, &action] {
    action = [options](Context& context) { return ResetCounter(*options, context); };
  });

  CLI::App* const remove = noun->add_subcommand("delete", "Delete a counter; it is 0 then");
  remove->footer(kDeleteExamples);
  remove->add_option("NAME", options->name, "The counter")->required();
  remove->callback([options, &action] {
    action = [options](Context& context) { return DeleteCounter(options->name, context); };
  });
}

}  // namespace mintmark::client
