// mintmarkd: reads its settings, opens its store, serves, and stops cleanly.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "server/command_line.h"
#include "server/logging.h"
#include "server/process.h"
#include "server/server.h"

namespace mintmark::server {
namespace {

constexpr int kBadSettings = 2;

std::string Text(const absl::Status& status) { return std::string(status.message()); }

void LogStore(const engine::StoreDescription& store) {
  spdlog::info("Store: {} {}, schema {}, {}.", store.kind, store.address, store.schema_version,
               store.durability);
  if (!store.warning.empty()) spdlog::warn("{}", store.warning);
}

// Ends the process without the destructors: they would wait for a store that
// does not answer.
[[noreturn]] void ExitUnclean(const StopOutcome& outcome) {
  spdlog::error(
      "Stopped, but not cleanly: the store could not be reached in time. Not given back: {} "
      "unissued "
      "ids. Not persisted: the deferred increments of {} counters.",
      outcome.unissued_ids, outcome.deferred_counters);
  spdlog::default_logger()->flush();
  std::_Exit(EXIT_FAILURE);
}

int Serve(const Config& config, engine::Store& store, const StopSignals& signals) {
  Server server(config, store);
  if (const absl::Status status = server.Start(); !status.ok()) {
    spdlog::error("{}", Text(status));
    return EXIT_FAILURE;
  }
  spdlog::info("mintmarkd {} serves on {}.", std::string(Version()), server.address());

  signals.Wait();
  signals.ExitOnNext();
  spdlog::info("Stopping; a second signal ends the process at once.");
  const StopOutcome outcome = server.Stop();
  if (!outcome.clean) ExitUnclean(outcome);
  spdlog::info("Stopped; everything was given back.");
  return EXIT_SUCCESS;
}

int Run(const Invocation& invocation, const StopSignals& signals) {
  const absl::StatusOr<std::unique_ptr<engine::Store>> store =
      OpenStoreWaiting(invocation.config, signals);
  if (absl::IsCancelled(store.status())) {
    spdlog::info("{}", Text(store.status()));
    return EXIT_SUCCESS;
  }
  if (!store.ok()) {
    spdlog::error("{}", Text(store.status()));
    return EXIT_FAILURE;
  }
  LogStore((*store)->Describe());
  if (invocation.action == Invocation::Action::kMigrate) return EXIT_SUCCESS;
  return Serve(invocation.config, **store, signals);
}

int Main(const std::vector<std::string>& arguments, const std::vector<std::string>& environment) {
  const absl::StatusOr<Invocation> invocation = ReadInvocation(arguments, environment);
  if (!invocation.ok()) {
    std::fprintf(stderr, "mintmarkd: %s\n", Text(invocation.status()).c_str());
    return kBadSettings;
  }
  if (invocation->action == Invocation::Action::kPrint) {
    std::fputs(invocation->output.c_str(), stdout);
    return EXIT_SUCCESS;
  }
  const StopSignals signals;
  SetUpLogging(invocation->config);
  for (const std::string& warning : invocation->warnings) spdlog::warn("{}", warning);
  return Run(*invocation, signals);
}

}  // namespace
}  // namespace mintmark::server

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    environment.emplace_back(*variable);
  }
  return mintmark::server::Main(arguments, environment);
}
