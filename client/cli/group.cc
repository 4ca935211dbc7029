// mintmark group create, list, show, delete; mintmark generators.
#include <google/protobuf/util/time_util.h>

#include <map>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/command.h"
#include "client/cli/group_text.h"
#include "client/cli/text_format.h"
#include "mintmark/v1/admin_service.pb.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

using google::protobuf::util::TimeUtil;

constexpr int kPageSize = 1000;
constexpr Bounds kBits = {.min = 0, .max = 63};

constexpr char kExamples[] =
    "A group gives its GUIDs their layout; every GUID in a group is unique.\n"
    "\n"
    "Examples:\n"
    "  mintmark group create tweets --preset twitter\n"
    "  mintmark group list\n"
    "  mintmark group show tweets\n"
    "To draw GUIDs: mintmark guid. Who holds generators: mintmark generators.\n";

constexpr char kCreateExamples[] =
    "Presets: snowfall (41 bits of ms, 11 counter, 12 generator; what is taken when\n"
    "nothing is said), twitter (41 ms, 10 generator, 12 counter), sonyflake (39 of\n"
    "10 ms, 8 counter, 16 generator), js (39 of 10 ms, 8 counter, 6 generator: 53\n"
    "bits). Or set the bits: they sum up to at most 63. None of this ever changes.\n"
    "\n"
    "Examples:\n"
    "  mintmark group create tweets --preset twitter\n"
    "  mintmark group create tickets --preset js --encoding base32 --prefix T-\n"
    "  mintmark group create sensors --time-bits 40 --counter-bits 7 --generator-bits 16\n"
    "  mintmark group create eu/orders --preset twitter --generator-id-max 99\n";

constexpr char kListExamples[] =
    "Examples:\n"
    "  mintmark group list\n"
    "  mintmark group list --prefix eu/ --json\n";

constexpr char kShowExamples[] =
    "Examples:\n"
    "  mintmark group show tweets\n";

constexpr char kDeleteExamples[] =
    "Its layout and highest times stay known: a group that is created again under this\n"
    "name goes on above them, and no GUID comes twice.\n"
    "\n"
    "Examples:\n"
    "  mintmark group delete tweets\n";

constexpr char kGeneratorsExamples[] =
    "Lists the generator ids of a group that were ever leased, with who leased them last.\n"
    "\n"
    "Examples:\n"
    "  mintmark generators\n"
    "  mintmark generators tweets --leased\n";

struct GroupOptions {
  std::string name;
  std::string preset;
  std::optional<google::protobuf::Timestamp> epoch;
  std::optional<std::int64_t> time_bits;
  std::optional<std::int64_t> counter_bits;
  std::optional<std::int64_t> generator_bits;
  std::optional<v1::FieldOrder> order;
  std::optional<std::chrono::milliseconds> time_unit;
  std::optional<std::chrono::milliseconds> lease;
  std::optional<std::int64_t> generator_id_min;
  std::optional<std::int64_t> generator_id_max;
  FormatOptions format;
  std::string prefix;
};

struct GeneratorsOptions {
  std::string group = "default";
  bool leased = false;
};

std::map<std::string, v1::FieldOrder> Orders() {
  return {{"time-counter-generator", v1::FIELD_ORDER_TIME_COUNTER_GENERATOR},
          {"time-generator-counter", v1::FIELD_ORDER_TIME_GENERATOR_COUNTER}};
}

template <typename Response>
absl::Status Print(const Response& response, Context& context) {
  if (context.settings.json) return context.output.Json(response);
  GroupFacts(response.group()).Print(context.output);
  return absl::OkStatus();
}

absl::Status Create(const GroupOptions& options, Context& context) {
  v1::CreateGuidGroupRequest request;
  request.set_preset(options.preset);
  v1::GuidGroup& group = *request.mutable_group();
  group.set_name(options.name);
  const auto bits = [](const std::optional<std::int64_t>& option) {
    return static_cast<std::int32_t>(option.value_or(0));
  };
  group.set_time_bits(bits(options.time_bits));
  group.set_counter_bits(bits(options.counter_bits));
  group.set_generator_bits(bits(options.generator_bits));
  const auto duration = [](std::chrono::milliseconds span) {
    return TimeUtil::MillisecondsToDuration(span.count());
  };
  if (options.epoch) *group.mutable_epoch() = *options.epoch;
  if (options.order) group.set_order(*options.order);
  if (options.time_unit) *group.mutable_time_unit() = duration(*options.time_unit);
  if (options.lease) *group.mutable_lease() = duration(*options.lease);
  if (options.generator_id_min) group.set_generator_id_min(*options.generator_id_min);
  if (options.generator_id_max) group.set_generator_id_max(*options.generator_id_max);
  if (options.format.given()) options.format.Apply(*group.mutable_format());
  MINTMARK_ASSIGN_OR_RETURN(const auto response, context.client.CreateGuidGroup(request));
  return Print(response, context);
}

absl::Status List(const GroupOptions& options, Context& context) {
  v1::ListGuidGroupsRequest request;
  request.set_prefix(options.prefix);
  request.set_page_size(kPageSize);
  v1::ListGuidGroupsResponse all;
  Table table = GroupTable();
  do {
    MINTMARK_ASSIGN_OR_RETURN(v1::ListGuidGroupsResponse page,
                              context.client.ListGuidGroups(request));
    request.set_page_token(page.next_page_token());
    page.clear_next_page_token();
    if (context.settings.json) {
      all.MergeFrom(page);
      continue;
    }
    for (const v1::GuidGroup& group : page.groups()) table.Add(GroupRow(group));
    table.Print(context.output);
  } while (!request.page_token().empty());
  return context.settings.json ? context.output.Json(all) : absl::OkStatus();
}

absl::Status Show(const GroupOptions& options, Context& context) {
  v1::GetGuidGroupRequest request;
  request.set_name(options.name);
  MINTMARK_ASSIGN_OR_RETURN(const auto response, context.client.GetGuidGroup(request));
  return Print(response, context);
}

absl::Status Delete(const GroupOptions& options, Context& context) {
  v1::DeleteGuidGroupRequest request;
  request.set_name(options.name);
  MINTMARK_ASSIGN_OR_RETURN(const auto response, context.client.DeleteGuidGroup(request));
  if (context.settings.json) return context.output.Json(response);
  context.output.Line(absl::StrCat("deleted group ", options.name));
  return absl::OkStatus();
}

absl::Status ListGenerators(const GeneratorsOptions& options, Context& context) {
  v1::GetGuidGroupRequest get;
  get.set_name(options.group);
  // Times of generators are told in the group's units since its epoch.
  MINTMARK_ASSIGN_OR_RETURN(const v1::GetGuidGroupResponse group, context.client.GetGuidGroup(get));
  v1::ListGeneratorsRequest request;
  request.set_group(options.group);
  request.set_leased_only(options.leased);
  request.set_page_size(kPageSize);
  v1::ListGeneratorsResponse all;
  Table table = GeneratorTable();
  do {
    MINTMARK_ASSIGN_OR_RETURN(v1::ListGeneratorsResponse page,
                              context.client.ListGenerators(request));
    request.set_page_token(page.next_page_token());
    page.clear_next_page_token();
    if (context.settings.json) {
      all.MergeFrom(page);
      continue;
    }
    for (const v1::Generator& each : page.generators()) {
      table.Add(GeneratorRow(each, group.group()));
    }
    table.Print(context.output);
  } while (!request.page_token().empty());
  return context.settings.json ? context.output.Json(all) : absl::OkStatus();
}

// A point in time as RFC 3339 has it.
void AddTime(CLI::App& verb, const std::string& flags,
             std::optional<google::protobuf::Timestamp>& target, const std::string& description) {
  verb.add_option_function<std::string>(
          flags,
          [&target, flags](const std::string& text) {
            google::protobuf::Timestamp time;
            if (!TimeUtil::FromString(text, &time)) {
              throw CLI::ValidationError(
                  flags, absl::StrCat("`", text, "` is not a time such as 2024-01-01T00:00:00Z"));
            }
            target = time;
          },
          description)
      ->type_name("DATE");
}

void AddCreate(CLI::App& noun, const std::shared_ptr<GroupOptions>& options, Action& action) {
  CLI::App* const verb = noun.add_subcommand("create", "Create a GUID group");
  verb->footer(kCreateExamples);
  verb->add_option("NAME", options->name, "The group")->required();
  verb->add_option("--preset", options->preset, "Bits, order and time unit of a known layout")
      ->check(CLI::IsMember({"snowfall", "twitter", "sonyflake", "js"}))
      ->type_name("LAYOUT");
  AddTime(*verb, "--epoch", options->epoch, "Time 0 of its GUIDs [2020-01-01T00:00:00Z]");
  AddInt64(*verb, "--time-bits", options->time_bits, "Bits of time, at the top [41]", kBits);
  AddInt64(*verb, "--counter-bits", options->counter_bits, "Bits of the counter [11]", kBits);
  AddInt64(*verb, "--generator-bits", options->generator_bits, "Bits of the generator id [12]",
           kBits);
  verb->add_option_function<std::string>(
          "--order", [options](const std::string& name) { options->order = Orders().at(name); },
          "Which field stands above which")
      ->check(CLI::IsMember(Orders()))
      ->type_name("ORDER");
  AddTimeSpan(*verb, "--time-unit", options->time_unit, "One unit of time: 1ms or 10ms [1ms]");
  AddTimeSpan(*verb, "--lease", options->lease, "How long a generator is leased at a time [60s]");
  AddInt64(*verb, "--generator-id-min", options->generator_id_min, "The lowest generator id [0]");
  AddInt64(*verb, "--generator-id-max", options->generator_id_max,
           "The highest generator id [all bits 1]");
  options->format.AddTo(*verb);
  verb->callback([options, &action] {
    action = [options](Context& context) { return Create(*options, context); };
  });
}

}  // namespace

void AddGroupCommands(CLI::App& app, Action& action) {
  const auto options = std::make_shared<GroupOptions>();
  CLI::App* const noun = app.add_subcommand("group", "Create, list, show and delete GUID groups");
  noun->footer(kExamples);
  noun->require_subcommand(1);
  AddCreate(*noun, options, action);

  CLI::App* const list = noun->add_subcommand("list", "List GUID groups by name");
  list->footer(kListExamples);
  list->add_option("--prefix", options->prefix, "Only names that start with this");
  list->callback([options, &action] {
    action = [options](Context& context) { return List(*options, context); };
  });

  CLI::App* const show = noun->add_subcommand("show", "Show a GUID group");
  show->footer(kShowExamples);
  show->add_option("NAME", options->name, "The group")->required();
  show->callback([options, &action] {
    action = [options](Context& context) { return Show(*options, context); };
  });

  CLI::App* const remove = noun->add_subcommand("delete", "Delete a GUID group");
  remove->footer(kDeleteExamples);
  remove->add_option("NAME", options->name, "The group")->required();
  remove->callback([options, &action] {
    action = [options](Context& context) { return Delete(*options, context); };
  });
}

void AddGeneratorsCommand(CLI::App& app, Action& action) {
  const auto options = std::make_shared<GeneratorsOptions>();
  CLI::App* const verb = app.add_subcommand("generators", "List the generators of a GUID group");
  verb->footer(kGeneratorsExamples);
  verb->add_option("--group,GROUP", options->group, "The group [default]");
  verb->add_flag("--leased", options->leased, "Only those that are leased now");
  verb->callback([options, &action] {
    action = [options](Context& context) { return ListGenerators(*options, context); };
  });
}

}  // namespace mintmark::client
