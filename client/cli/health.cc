// mintmark health.
#include <algorithm>
#include <memory>
#include <optional>
#include <thread>

#include "absl/strings/str_cat.h"
#include "client/cli/command.h"
#include "grpc/health/v1/health.pb.h"

namespace mintmark::client {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using std::chrono::milliseconds;
using SteadyTime = std::chrono::steady_clock::time_point;

constexpr milliseconds kBetweenChecks{200};
// What one check of several may take.
constexpr milliseconds kCheckTimeout{2000};

constexpr char kExamples[] =
    "Prints SERVING and exits with 0 when the server takes calls; exits with 6 when it\n"
    "does not answer, has not opened its store yet, or is stopping.\n"
    "\n"
    "Examples:\n"
    "  mintmark health\n"
    "  mintmark health --timeout 2s      for a container's health check\n"
    "  mintmark health --wait 30s        as soon as it serves\n"
    "  mintmark health --for 3s          only if it serves for so long on end\n";

struct HealthOptions {
  std::optional<milliseconds> wait;
  std::optional<milliseconds> span;
};

// One check; UNAVAILABLE when the server answers that it does not serve.
absl::StatusOr<HealthCheckResponse> Check(Client& client, const CallOptions& options) {
  absl::StatusOr<HealthCheckResponse> response = client.CheckHealth(HealthCheckRequest(), options);
  if (response.ok() && response->status() != HealthCheckResponse::SERVING) {
    return absl::UnavailableError(absl::StrCat(
        "the server says ", HealthCheckResponse::ServingStatus_Name(response->status())));
  }
  return response;
}

milliseconds Until(SteadyTime end) {
  return std::chrono::duration_cast<milliseconds>(end - std::chrono::steady_clock::now());
}

// Checks until the outcome is `wanted` or `span` is over, and returns the last one.
absl::StatusOr<HealthCheckResponse> CheckUntil(bool wanted, milliseconds span, Client& client) {
  const SteadyTime end = std::chrono::steady_clock::now() + span;
  for (;;) {
    const milliseconds left = std::max(Until(end), milliseconds(1));
    const auto outcome =
        Check(client, {.timeout = wanted ? std::min(left, kCheckTimeout) : kCheckTimeout});
    if (outcome.ok() == wanted || Until(end) <= milliseconds::zero()) return outcome;
    std::this_thread::sleep_for(std::clamp(Until(end), milliseconds::zero(), kBetweenChecks));
  }
}

absl::Status ShowHealth(const HealthOptions& options, Context& context) {
  auto outcome = options.wait.has_value()
                     ? CheckUntil(true, *options.wait, context.client)
                     : Check(context.client, {.timeout = context.settings.timeout});
  if (outcome.ok() && options.span.has_value()) {
    outcome = CheckUntil(false, *options.span, context.client);
  }
  if (!outcome.ok()) return outcome.status();
  if (context.settings.json) return context.output.Json(*outcome);
  context.output.Line(HealthCheckResponse::ServingStatus_Name(outcome->status()));
  return absl::OkStatus();
}

}  // namespace

void AddHealthCommand(CLI::App& app, Action& action) {
  const auto options = std::make_shared<HealthOptions>();
  CLI::App* const verb = app.add_subcommand("health", "Tell whether a server takes calls");
  verb->footer(kExamples);
  AddTimeSpan(*verb, "--wait", options->wait, "Try for so long until it does");
  AddTimeSpan(*verb, "--for", options->span, "Then watch for so long that it goes on");
  verb->callback([options, &action] {
    action = [options](Context& context) { return ShowHealth(*options, context); };
  });
}

}  // namespace mintmark::client
