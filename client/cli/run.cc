#include "client/cli/run.h"

#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/channel.h"
#include "client/cli/command.h"
#include "client/cli/exit_status.h"
#include "client/cli/output.h"
#include "client/client.h"
#include "src/core/reason.h"

namespace mintmark::client {
namespace {

constexpr char kDescription[] =
    "mintmark draws ids from an ID-allocation service, counts, and administers it.";

constexpr char kExamples[] =
    "Examples:\n"
    "  mintmark next orders                     the next id of the sequence `orders`\n"
    "  mintmark guid                            a GUID\n"
    "  mintmark incr hits                       add one to the counter `hits`\n"
    "  mintmark status --json | grep version    every verb prints JSON as well\n"
    "\n";

void AddSettings(CLI::App& app, Settings& settings) {
  app.add_option("--address", settings.address,
                 "Where servers listen: host:port, more of them with commas between,\n"
                 "or a gRPC target [127.0.0.1:50051]")
      ->envname("MINTMARK_ADDRESS")
      ->check([](const std::string& list) {
        return SplitAddresses(list).empty() ? std::string("is empty") : std::string();
      })
      ->type_name("ADDRESS");
  AddTimeSpan(app, "--timeout", settings.timeout,
              "How long to try in all [5s; 90s to update, reset or delete a sequence]");
  AddInt64(app, "--attempts", settings.attempts, "How often to try within that time [5]",
           {.min = 1, .max = 1'000'000});
  app.add_flag("--json", settings.json, "Print one JSON document, with 64-bit integers as strings");
}

// The help of each verb shows its own options only.
void MentionSettings(CLI::App& app) {
  for (CLI::App* const verb : app.get_subcommands([](const CLI::App*) { return true; })) {
    verb->footer(absl::StrCat(verb->get_footer(),
                              "\nBefore or after the verb: --address, --timeout, --attempts, "
                              "--json; see mintmark --help.\n"));
    MentionSettings(*verb);
  }
}

void AddCommands(CLI::App& app, Action& action) {
  AddNextCommand(app, action);
  AddReserveCommand(app, action);
  AddGuidCommands(app, action);
  AddCountCommands(app, action);
  AddSequenceCommands(app, action);
  AddGroupCommands(app, action);
  AddGeneratorsCommand(app, action);
  AddCounterCommands(app, action);
  AddStatusCommand(app, action);
  AddHealthCommand(app, action);
  AddCompletionCommand(app, action);
  MentionSettings(app);
}

// Everything about an error in one sentence, and what to do about a doubt.
void Report(const absl::Status& status, const Context& context, std::FILE* err) {
  std::string text(status.message());
  if (status.code() == absl::StatusCode::kDeadlineExceeded) {
    text = absl::StrCat("no answer from ", context.settings.address, " in time");
  }
  if (text.empty()) text = "the call failed";
  const Reason reason = ReasonOf(status);
  absl::StrAppend(&text, " [",
                  reason == Reason::kUnspecified ? absl::StatusCodeToString(status.code())
                                                 : std::string(ReasonName(reason)),
                  "]");
  if (ExitStatusOf(status) == kExitInDoubt) {
    absl::StrAppend(&text, "; it may have been done");
    if (!context.request_id.empty()) {
      absl::StrAppend(&text, ": run it again with --request-id ", context.request_id,
                      " and it is done once");
    }
  }
  std::fprintf(err, "mintmark: %s\n", text.c_str());
}

int Run(const Settings& settings, const Action& action, std::FILE* out, std::FILE* err) {
  ClientOptions options;
  options.addresses = SplitAddresses(settings.address);
  options.retry.max_attempts = static_cast<int>(settings.attempts.value_or(kDefaultAttempts));
  if (settings.timeout.has_value()) {
    options.timeout = *settings.timeout;
    options.drain_timeout = *settings.timeout;
  }
  const auto client = Client::Make(std::move(options));
  if (!client.ok()) {
    std::fprintf(err, "mintmark: %s\n", std::string(client.status().message()).c_str());
    return kExitUsage;
  }
  Output output(out);
  Context context{settings, **client, output, err, {}};
  const absl::Status status = action(context);
  // What was printed before an error counts: those ids are drawn.
  const absl::Status written = output.Flush();
  if (!status.ok()) Report(status, context, err);
  if (!written.ok()) Report(written, context, err);
  return ExitStatusOf(status.ok() ? written : status);
}

// What is wrong with the command line, and where it says how it should be.
std::string UsageText(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* last = &app;
  std::string path = app.get_name();
  while (!last->get_subcommands().empty()) {
    last = last->get_subcommands().front();
    absl::StrAppend(&path, " ", last->get_name());
  }
  const auto verbs = last->get_subcommands([](const CLI::App*) { return true; });
  std::string text = error.what();
  if (!verbs.empty()) {
    // CLI11 says "A subcommand is required" whatever stands in its place.
    const std::vector<std::string> unknown = app.remaining(/*recurse=*/true);
    text = unknown.empty() ? "a verb is missing"
                           : absl::StrCat("`", unknown.front(), "` is no verb or option");
    const auto name = [](std::string* out, const CLI::App* verb) { out->append(verb->get_name()); };
    absl::StrAppend(&text, "; the verbs are ", absl::StrJoin(verbs, ", ", name));
  }
  return absl::StrCat(text, "\nRun ", path, " --help to see how it is used.");
}

}  // namespace

int RunCommandLine(int argc, const char* const* argv, std::FILE* out, std::FILE* err) {
  Settings settings;
  Action action;
  CLI::App app(kDescription, "mintmark");
  app.set_version_flag("--version", std::string("mintmark ") + MINTMARK_VERSION);
  app.require_subcommand(1);
  app.fallthrough();
  app.footer(absl::StrCat(kExamples, kExitStatusHelp));
  AddSettings(app, settings);
  AddCommands(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) {
      std::ostringstream text;
      const int status = app.exit(error, text, text);
      std::fputs(text.str().c_str(), out);
      return status;
    }
    std::fprintf(err, "mintmark: %s\n", UsageText(app, error).c_str());
    return kExitUsage;
  }
  return Run(settings, action, out, err);
}

}  // namespace mintmark::client
