// What all commands of `mintmark` have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
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
  std::FILE* err;  // Where errors and progress go.
  // Set by a command that carries a request_id, for what is said when its call
  // ends in doubt.
  std::string request_id;
};

using Action = std::function<absl::Status(Context&)>;

// Each adds its verbs below `app`. Parsing sets `action` to what the chosen verb
// does; `action` has to outlive `app`.
void AddNextCommand(CLI::App& app, Action& action);        // next
void AddReserveCommand(CLI::App& app, Action& action);     // reserve
void AddGuidCommands(CLI::App& app, Action& action);       // guid, decode
void AddCountCommands(CLI::App& app, Action& action);      // incr, get
void AddSequenceCommands(CLI::App& app, Action& action);   // sequence ...
void AddGroupCommands(CLI::App& app, Action& action);      // group ...
void AddGeneratorsCommand(CLI::App& app, Action& action);  // generators
void AddCounterCommands(CLI::App& app, Action& action);    // counter ...
void AddStatusCommand(CLI::App& app, Action& action);      // status
void AddHealthCommand(CLI::App& app, Action& action);      // health

// mintmark completion, which tells what `app` has when it runs.
void AddCompletionCommand(CLI::App& app, Action& action);

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
