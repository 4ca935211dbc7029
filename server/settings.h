// The table of all settings: how each is called, what it may be, what it is for.
// Flags, environment, file, --help and --print-config are all made from it.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/config.h"

namespace mintmark::server {

struct Setting {
  using Member = std::variant<std::string Config::*, bool Config::*, std::int64_t Config::*,
                              Duration Config::*>;

  absl::string_view name;  // As a flag (without "--") and as a key in the file.
  Member member;
  // Numbers: bounds, both included. Durations: the same in nanoseconds.
  std::int64_t min = 0;
  std::int64_t max = 0;
  absl::string_view choices;  // Strings: the words allowed, with '|' between; empty: any text.
  absl::string_view help;     // One sentence or two.
};

// In the order in which --help shows them.
absl::Span<const Setting> Settings();

// The setting of that name, or null.
const Setting* FindSetting(absl::string_view name);

// "max-n" is MINTMARKD_MAX_N in the environment.
std::string EnvironmentName(const Setting& setting);

// What the setting may be, for instance "an integer from 1 to 64".
std::string AllowedText(const Setting& setting);

// The bounds or choices alone, for --help: "From 1 to 64". Empty when there are
// none to tell.
std::string LimitsText(const Setting& setting);

// Reads a value. On failure nothing is set, and the message says what the value
// has to be, as the end of a sentence that begins with the setting.
absl::Status SetFromText(const Setting& setting, absl::string_view text, Config& config);

// The value as TOML, passwords left out.
std::string TomlValue(const Setting& setting, const Config& config);

}  // namespace mintmark::server
