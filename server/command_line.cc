#include "server/command_line.h"

#include <CLI/CLI.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/config_file.h"
#include "server/json_text.h"
#include "server/settings.h"
#include "src/core/name.h"
#include "src/core/status_macros.h"
#include "src/engine/settings.h"

namespace mintmark::server {
namespace {

constexpr absl::string_view kEnvironmentPrefix = "MINTMARKD_";
constexpr absl::string_view kConfigVariable = "MINTMARKD_CONFIG";

// What the command line says, not yet judged.
struct Flags {
  std::map<std::string, std::string> settings;  // By the setting's name.
  std::string config_file;
  bool help = false;
  bool version = false;
  bool print_config = false;
  bool migrate = false;
};

absl::Status BadValue(absl::string_view where, absl::string_view value,
                      const absl::Status& problem) {
  return absl::InvalidArgumentError(
      absl::StrCat(where, " is ", Quoted(value), "; ", problem.message()));
}

// "--max-n: 1 required TEXT missing" is how CLI11 says that a value is missing.
absl::Status LacksValue(absl::string_view what) {
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(what, ':');
  return absl::InvalidArgumentError(
      absl::StrCat("The flag ", parts.first, " needs a value, as in ", parts.first, "=VALUE."));
}

absl::Status Unknown(absl::string_view argument) {
  const absl::string_view what = absl::StartsWith(argument, "-") ? "flag" : "argument";
  const std::pair<absl::string_view, absl::string_view> parts = absl::StrSplit(argument, '=');
  return absl::InvalidArgumentError(
      absl::StrCat("Unknown ", what, " ", Quoted(parts.first), "; see mintmarkd --help."));
}

absl::StatusOr<Flags> ParseFlags(absl::Span<const std::string> arguments) {
  Flags flags;
  std::map<std::string, std::string> given;
  CLI::App app;
  app.set_help_flag();
  app.allow_extras();
  for (const Setting& setting : Settings()) {
    const std::string name(setting.name);
    std::string& value = given[name];
    // A flag may stand alone (--unsafe-store means true); an option needs a value.
    CLI::Option* const option = std::holds_alternative<bool Config::*>(setting.member)
                                    ? app.add_flag("--" + name, value)
                                    : app.add_option("--" + name, value);
    option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  }
  app.add_option("--config", flags.config_file)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  app.add_flag("--help,-h", flags.help);
  app.add_flag("--version", flags.version);
  app.add_flag("--print-config", flags.print_config);
  CLI::App* const migrate = app.add_subcommand("migrate");
  CLI::App* const fence = app.add_subcommand("fence");
  for (CLI::App* const command : {migrate, fence}) {
    command->set_help_flag();
    command->fallthrough();
    command->allow_extras();
  }

  try {
    // CLI11 takes the arguments from the back.
    app.parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::ArgumentMismatch& error) {
    return LacksValue(error.what());
  } catch (const CLI::ParseError& error) {
    return absl::InvalidArgumentError(absl::StrCat("The command line is wrong: ", error.what()));
  }
  if (const std::vector<std::string> rest = app.remaining(true); !rest.empty() && !flags.help) {
    return Unknown(rest.front());
  }
  if (fence->parsed()) {
    return absl::InvalidArgumentError("This version of mintmarkd cannot fence a store.");
  }
  flags.migrate = migrate->parsed();
  for (const auto& [name, value] : given) {
    if (app.count("--" + name) > 0) flags.settings.emplace(name, value);
  }
  return flags;
}

// Where a setting's value came from, for --print-config.
using Sources = std::map<std::string, std::string, std::less<>>;

absl::Status ReadFile(const std::string& path, Config& config, Sources& sources) {
  MINTMARK_ASSIGN_OR_RETURN(const std::vector<FileEntry> entries, ReadConfigFile(path));
  for (const FileEntry& entry : entries) {
    const std::string where = absl::StrCat("Line ", entry.line, " of ", path, ": ");
    const Setting* const setting = FindSetting(entry.key);
    if (setting == nullptr) {
      return absl::InvalidArgumentError(
          absl::StrCat(where, "unknown setting ", Quoted(entry.key), "; see mintmarkd --help."));
    }
    if (const absl::Status status = SetFromText(*setting, entry.value, config); !status.ok()) {
      return BadValue(where + entry.key, entry.value, status);
    }
    sources[entry.key] = path;
  }
  return absl::OkStatus();
}

absl::Status ReadEnvironment(absl::Span<const std::string> environment, Config& config,
                             Sources& sources, std::vector<std::string>& warnings) {
  std::map<std::string, const Setting*, std::less<>> settings;
  for (const Setting& setting : Settings()) settings.emplace(EnvironmentName(setting), &setting);
  for (const std::string& variable : environment) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(variable, absl::MaxSplits('=', 1));
    const auto& [name, value] = parts;
    if (!absl::StartsWith(name, kEnvironmentPrefix) || name == kConfigVariable) continue;
    const auto found = settings.find(name);
    if (found == settings.end()) {
      if (!IsKubernetesServiceVariable(name)) {
        warnings.push_back(absl::StrCat("The environment variable ", name,
                                        " is no setting of mintmarkd and does nothing."));
      }
      continue;
    }
    if (const absl::Status status = SetFromText(*found->second, value, config); !status.ok()) {
      return BadValue(absl::StrCat("The environment variable ", name), value, status);
    }
    sources[std::string(found->second->name)] = name;
  }
  return absl::OkStatus();
}

absl::Status ReadFlags(const Flags& flags, Config& config, Sources& sources) {
  for (const auto& [name, value] : flags.settings) {
    if (const absl::Status status = SetFromText(*FindSetting(name), value, config); !status.ok()) {
      return BadValue(absl::StrCat("The flag --", name), value, status);
    }
    sources[name] = absl::StrCat("--", name);
  }
  return absl::OkStatus();
}

std::string ConfigPath(const Flags& flags, absl::Span<const std::string> environment) {
  if (!flags.config_file.empty()) return flags.config_file;
  for (const std::string& variable : environment) {
    absl::string_view value = variable;
    if (absl::ConsumePrefix(&value, kConfigVariable) && absl::ConsumePrefix(&value, "=")) {
      return std::string(value);
    }
  }
  return {};
}

// Appends lines of at most 80 columns, each with the indent in front.
void AppendWrapped(absl::string_view indent, absl::string_view words, std::string& text) {
  constexpr std::size_t kColumns = 80;
  std::size_t column = 0;
  for (const absl::string_view word : absl::StrSplit(words, ' ')) {
    if (column == 0 || column + 1 + word.size() > kColumns) {
      if (column != 0) text += '\n';
      absl::StrAppend(&text, indent, word);
      column = indent.size() + word.size();
    } else {
      absl::StrAppend(&text, " ", word);
      column += 1 + word.size();
    }
  }
  text += '\n';
}

std::string HelpText() {
  const Config defaults;
  std::string text =
      "usage: mintmarkd [SETTING...]          serves until SIGTERM\n"
      "       mintmarkd migrate [SETTING...]  brings the store's schema up to date\n"
      "\n"
      "  --config=FILE   reads settings from a TOML file (also: MINTMARKD_CONFIG)\n"
      "  --print-config  prints the settings in force, as TOML and without passwords\n"
      "  --version       prints the version\n"
      "  --help          prints this\n"
      "\n"
      "A setting is a flag (--max-n=1000), a variable in the environment\n"
      "(MINTMARKD_MAX_N=1000) or a line of the file (max-n = 1000). Flags win over the\n"
      "environment, and the environment wins over the file. Durations look like 250ms,\n"
      "10s or 1h30m. Below, each setting stands with its default.\n";
  for (const Setting& setting : Settings()) {
    absl::StrAppend(&text, "\n  --", setting.name, "=", TomlValue(setting, defaults), "\n");
    std::string about(setting.help);
    if (const std::string limits = LimitsText(setting); !limits.empty()) {
      absl::StrAppend(&about, " ", limits, ".");
    }
    AppendWrapped("      ", about, text);
  }
  text += '\n';
  AppendWrapped("",
                absl::StrCat("Fixed limits: names ", kMaxNameBytes, " bytes, pages of lists ",
                             kMaxPageSize, " rows, shards of a sequence ", engine::kMaxShards,
                             ", prefix and suffix of a text format 64 bytes each and its width 64 "
                             "digits. Requests above ",
                             kHardMessageFactor, " times max-message-bytes are cut off unread."),
                text);
  return text;
}

std::string ConfigText(const Config& config, const Sources& sources) {
  std::string text;
  for (const Setting& setting : Settings()) {
    absl::StrAppend(&text, setting.name, " = ", TomlValue(setting, config));
    const auto source = sources.find(setting.name);
    if (source != sources.end()) absl::StrAppend(&text, "  # ", source->second);
    text += '\n';
  }
  return text;
}

Invocation Print(std::string output) {
  Invocation invocation;
  invocation.action = Invocation::Action::kPrint;
  invocation.output = std::move(output);
  return invocation;
}

}  // namespace

absl::StatusOr<Invocation> ReadInvocation(absl::Span<const std::string> arguments,
                                          absl::Span<const std::string> environment) {
  MINTMARK_ASSIGN_OR_RETURN(const Flags flags, ParseFlags(arguments));
  if (flags.help) return Print(HelpText());
  if (flags.version) return Print(absl::StrCat("mintmarkd ", Version(), "\n"));

  Invocation invocation;
  Sources sources;
  if (const std::string path = ConfigPath(flags, environment); !path.empty()) {
    MINTMARK_RETURN_IF_ERROR(ReadFile(path, invocation.config, sources));
  }
  MINTMARK_RETURN_IF_ERROR(
      ReadEnvironment(environment, invocation.config, sources, invocation.warnings));
  MINTMARK_RETURN_IF_ERROR(ReadFlags(flags, invocation.config, sources));
  MINTMARK_RETURN_IF_ERROR(ValidateConfig(invocation.config));
  if (flags.print_config) return Print(ConfigText(invocation.config, sources));
  if (flags.migrate) invocation.action = Invocation::Action::kMigrate;
  return invocation;
}

bool IsKubernetesServiceVariable(absl::string_view name) {
  if (!absl::ConsumePrefix(&name, kEnvironmentPrefix)) return false;
  // A Service "mintmarkd-read" is MINTMARKD_READ_SERVICE_HOST; a named port adds
  // its name at the end of _SERVICE_PORT_.
  const std::vector<absl::string_view> words = absl::StrSplit(name, '_');
  for (std::size_t i = 0; i < words.size(); ++i) {
    const bool last = i + 1 == words.size();
    if (words[i] == "SERVICE" && !last) return words[i + 1] == "HOST" || words[i + 1] == "PORT";
    if (words[i] == "PORT") {
      int number = 0;
      return last || absl::SimpleAtoi(words[i + 1], &number);
    }
  }
  return false;
}

absl::string_view Version() { return MINTMARK_VERSION; }

}  // namespace mintmark::server
