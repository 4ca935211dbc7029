// From flags, environment and file to a configuration.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/config.h"

namespace mintmark::server {

// What the process is asked to do.
struct Invocation {
  enum class Action {
    kServe,
    kMigrate,  // Bring the schema up to date and exit.
    kPrint,    // Print `output` and exit.
  } action = Action::kServe;
  Config config;
  std::string output;                 // kPrint.
  std::vector<std::string> warnings;  // Sentences for the log.
};

// Reads `arguments` (without the program's name), `environment` ("NAME=value"
// each) and the TOML file that --config or MINTMARKD_CONFIG names. Flags win over
// the environment, and that wins over the file. InvalidArgument with one sentence
// for an unknown flag, argument or key of the file and for a bad value, also for
// one that another source overrides. A variable MINTMARKD_* that is no setting is
// a warning, unless it is one of those that Kubernetes sets for a Service.
absl::StatusOr<Invocation> ReadInvocation(absl::Span<const std::string> arguments,
                                          absl::Span<const std::string> environment);

// Whether Kubernetes sets a variable of this name in every pod, for a Service
// whose name starts with "mintmarkd": MINTMARKD_SERVICE_HOST, MINTMARKD_PORT and
// so on. No setting may be called like that.
bool IsKubernetesServiceVariable(absl::string_view name);

// The version of the program, for instance "0.1.0".
absl::string_view Version();

}  // namespace mintmark::server
