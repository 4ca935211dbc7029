#include "client/cli/command.h"

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace mintmark::client {

CLI::Option* AddInt64(CLI::App& app, const std::string& flags, std::optional<std::int64_t>& target,
                      const std::string& description, const Bounds& bounds) {
  return app
      .add_option_function<std::string>(
          flags,
          [&target, flags, bounds](const std::string& text) {
            std::int64_t value = 0;
            if (!absl::SimpleAtoi(text, &value)) {
              throw CLI::ValidationError(
                  flags, absl::StrCat("`", text, "` is not a whole number of 64 bits"));
            }
            if (value < bounds.min || value > bounds.max) {
              throw CLI::ValidationError(
                  flags, absl::StrCat(text, " is not in [", bounds.min, ", ", bounds.max, "]"));
            }
            target = value;
          },
          description)
      ->type_name("INT");
}

CLI::Option* AddTimeSpan(CLI::App& app, const std::string& flags,
                         std::optional<std::chrono::milliseconds>& target,
                         const std::string& description) {
  return app
      .add_option_function<std::string>(
          flags,
          [&target, flags](const std::string& text) {
            double seconds = 0;
            absl::Duration span;
            if (absl::SimpleAtod(text, &seconds)) {
              span = absl::Seconds(seconds);
            } else if (!absl::ParseDuration(text, &span)) {
              throw CLI::ValidationError(
                  flags, absl::StrCat("`", text, "` is not a time span such as 5s or 250ms"));
            }
            // A day is longer than anything here may take.
            if (span < absl::ZeroDuration() || span > absl::Hours(24)) {
              throw CLI::ValidationError(flags, absl::StrCat("`", text, "` is not in [0s, 24h]"));
            }
            target = absl::ToChronoMilliseconds(span);
          },
          description)
      ->type_name("TIME");
}

}  // namespace mintmark::client
