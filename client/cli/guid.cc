// mintmark guid, mintmark decode.
#include <google/protobuf/util/time_util.h>

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "client/cli/bulk_draw.h"
#include "client/cli/command.h"
#include "mintmark/v1/id_service.pb.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

// What a server takes in one call, unless it is set up otherwise.
constexpr std::int64_t kMaxGuidsPerCall = 100'000;
constexpr std::int64_t kMaxTextsPerCall = 10'000;

constexpr char kGuidExamples[] =
    "GUIDs are positive 64-bit numbers that sort by time; those of one call only grow.\n"
    "The group `default` is created by its first use; others: mintmark group create.\n"
    "\n"
    "Examples:\n"
    "  mintmark guid                     one, from the group `default`\n"
    "  mintmark guid -n 5                five, one a line\n"
    "  mintmark guid tweets --text       from another group, in its text format\n"
    "  mintmark guid -n 500000 --output guids.txt\n";

constexpr char kDecodeExamples[] =
    "Shows time, counter and generator of a GUID; whether it was ever issued is not\n"
    "checked. A whole number is taken as a GUID, anything else as text in the group's\n"
    "format. To decode the text of a sequence's id: mintmark sequence decode.\n"
    "\n"
    "Examples:\n"
    "  mintmark decode 1234567890123456789\n"
    "  mintmark decode T-9G3P2W --group tickets\n"
    "  mintmark decode 0123456789 --text   text that looks like a number\n";

struct GuidOptions {
  std::string group;
  std::optional<std::int64_t> n;
  std::string file;
  bool text = false;
};

struct DecodeOptions {
  std::string id;
  std::string group;
  bool text = false;
};

void Print(const v1::NextGuidResponse& response, bool text, Output& output) {
  if (text) {
    for (const std::string& each : response.texts()) output.Line(each);
  } else {
    for (const std::int64_t guid : response.guids()) output.Line(absl::StrCat(guid));
  }
}

absl::Status Guid(const GuidOptions& options, Context& context) {
  v1::NextGuidRequest request;
  request.set_group(options.group);
  request.set_with_text(options.text);
  v1::NextGuidResponse all;  // For JSON, which is one document.
  const auto draw = [&](std::int64_t n, Output& output) -> absl::StatusOr<std::int64_t> {
    request.set_n(static_cast<std::int32_t>(n));
    MINTMARK_ASSIGN_OR_RETURN(const v1::NextGuidResponse response,
                              context.client.NextGuid(request));
    if (context.settings.json) {
      all.MergeFrom(response);
    } else {
      Print(response, options.text, output);
    }
    return response.guids_size();
  };
  const std::int64_t per_call = options.text ? kMaxTextsPerCall : kMaxGuidsPerCall;
  return RunBulkDraw(
      {options.n.value_or(1), per_call, options.file}, context, draw, [&](Output& output) {
        return context.settings.json && all.guids_size() > 0 ? output.Json(all) : absl::OkStatus();
      });
}

absl::Status Decode(const DecodeOptions& options, Context& context) {
  v1::DecodeGuidRequest request;
  request.set_group(options.group);
  std::int64_t guid = 0;
  if (!options.text && absl::SimpleAtoi(options.id, &guid)) {
    request.set_guid(guid);
  } else {
    request.set_text(options.id);
  }
  MINTMARK_ASSIGN_OR_RETURN(const v1::DecodeGuidResponse response,
                            context.client.DecodeGuid(request));
  if (context.settings.json) return context.output.Json(response);
  Facts facts;
  facts.Add("guid", absl::StrCat(response.guid()));
  facts.Add("time", google::protobuf::util::TimeUtil::ToString(response.time()));
  facts.Add("counter", absl::StrCat(response.counter()));
  facts.Add("generator", absl::StrCat(response.generator_id()));
  facts.Print(context.output);
  return absl::OkStatus();
}

void AddGuid(CLI::App& app, Action& action) {
  const auto options = std::make_shared<GuidOptions>();
  CLI::App* const verb = app.add_subcommand("guid", "Draw GUIDs, one a line");
  verb->footer(kGuidExamples);
  verb->add_option("--group,GROUP", options->group, "The group [default]");
  AddInt64(*verb, "-n,--count", options->n, "How many GUIDs [1]", {.min = 1});
  verb->add_flag("--text", options->text, "Print them in the group's text format");
  AddOutputOption(*verb, options->file);
  verb->callback([options, &action] {
    action = [options](Context& context) { return Guid(*options, context); };
  });
}

void AddDecode(CLI::App& app, Action& action) {
  const auto options = std::make_shared<DecodeOptions>();
  CLI::App* const verb = app.add_subcommand("decode", "Take a GUID apart");
  verb->footer(kDecodeExamples);
  verb->add_option("GUID", options->id, "The GUID, as a number or as text")->required();
  verb->add_option("--group", options->group, "The group [default]");
  verb->add_flag("--text", options->text, "Take it as text, whatever it looks like");
  verb->callback([options, &action] {
    action = [options](Context& context) { return Decode(*options, context); };
  });
}

}  // namespace

void AddGuidCommands(CLI::App& app, Action& action) {
  AddGuid(app, action);
  AddDecode(app, action);
}

}  // namespace mintmark::client
