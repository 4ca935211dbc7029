// What all commands of `mintmark` have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "client/cli/output.h"
#include "client/client.h"

namespace mintmark::client {

// Fewer than the client's own: a person waits.
inline constexpr int kDefaultAttempts = 5;

// The options that stand before or after any verb.
struct Settings {
  std::string address = "127.0.0.1:50051";
  std::optional<std::chrono::milliseconds> timeout;  // The client's own when unset.
  std::optional<std::int64_t> attempts;              // kDefaultAttempts when unset.
  bool json = false;
};

// What a command works with.
struct Context {
  const Settings& settings;
  Client& client;
  Output& output;
  // Set by a command that carries a request_id, for what is said when its call
  // ends in doubt.
  std::string request_id;
};

using Action = std::function<absl::Status(Context&)>;

// Each adds its verbs below `app`. Parsing sets `action` to what the chosen verb
// does; `action` has to outlive `app`.
void AddDrawCommands(CLI::App& app, Action& action);      // next, reserve
void AddCountCommands(CLI::App& app, Action& action);     // incr, get
void AddSequenceCommands(CLI::App& app, Action& action);  // sequence ...
void AddCounterCommands(CLI::App& app, Action& action);   // counter ...
void AddStatusCommand(CLI::App& app, Action& action);     // status

struct Bounds {
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

// A 64-bit integer as an option or, when `flags` has no dash, as an argument.
// Decimal only: what CLI11 does itself reads 010 as 8 and cuts what is too
// large.
CLI::Option* AddInt64(CLI::App& app, const std::string& flags, std::optional<std::int64_t>& target,
                      const std::string& description, const Bounds& bounds = {});

// A time span: "5s", "250ms", "1m30s", or a number of seconds.
CLI::Option* AddTimeSpan(CLI::App& app, const std::string& flags,
                         std::optional<std::chrono::milliseconds>& target,
                         const std::string& description);

}  // namespace mintmark::client
