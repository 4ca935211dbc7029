#include "server/settings.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "server/json_text.h"

namespace mintmark::server {
namespace {

constexpr std::int64_t Ns(Duration duration) { return duration.count(); }
constexpr std::int64_t kMs = Ns(std::chrono::milliseconds(1));
constexpr std::int64_t kSecond = Ns(std::chrono::seconds(1));
constexpr std::int64_t kMinute = Ns(std::chrono::minutes(1));
constexpr std::int64_t kHour = Ns(std::chrono::hours(1));

constexpr std::array kSettings = {
    // Where.
    Setting{"listen", &Config::listen, 0, 0, "",
            "Where to serve: HOST:PORT, [IPV6]:PORT, :PORT for every interface, or unix:PATH. Port "
            "0 takes a free one."},
    Setting{"store", &Config::store, 0, 0, "",
            "The database: sqlite:PATH, sqlite::memory: or postgresql://..."},
    Setting{"name", &Config::name, 0, 0, "",
            "Who this server is, for operators; the host's name when empty."},

    // What it does.
    Setting{"auto-create", &Config::auto_create, 0, 0, "",
            "Create sequences and counters on first use; otherwise they are NOT_FOUND."},
    Setting{"auto-migrate", &Config::auto_migrate, 0, 0, "",
            "Bring an older schema up to date at start; otherwise `mintmarkd migrate` has to."},
    Setting{"unsafe-store", &Config::unsafe_store, 0, 0, "",
            "Accept a store that loses commits in a crash. Ids may then be issued twice."},
    Setting{"lanes", &Config::lanes, 1, 64, "",
            "Connections to the store that commit side by side."},
    Setting{"lease", &Config::lease, kSecond, kHour, "",
            "A server that is silent for this long loses the ids that it held to the others."},
    Setting{"heartbeat", &Config::heartbeat, 10 * kMs, 20 * kMinute, "",
            "An idle lane commits this often; at most a third of lease."},
    Setting{"idle-give-back", &Config::idle_give_back, 10 * kMs, kHour, "",
            "Ids that nobody asked for in this time are given back to the store."},
    Setting{"evict-after", &Config::evict_after, 10 * kMs, 24 * kHour, "",
            "Sequences and counters not used for this long are dropped from memory."},
    Setting{"held-patience", &Config::held_patience, 0, kMinute, "",
            "How long a call waits for ids that other servers hold."},
    Setting{"drain-patience", &Config::drain_patience, 0, kMinute, "",
            "How long a call waits for a reset, deletion or tightening under way."},
    Setting{"poll-interval", &Config::poll_interval, 10 * kMs, 10 * kSecond, "",
            "Between two looks at ids that are held elsewhere, or at a drain."},
    Setting{"request-id-retention", &Config::request_id_retention, kMinute,
            std::int64_t{30} * 24 * kHour, "", "Request ids are remembered at least this long."},
    Setting{"max-ahead", &Config::max_ahead, 10 * kMs, kMinute, "",
            "How far the times of GUIDs may be ahead of the store's clock."},
    Setting{"guid-patience", &Config::guid_patience, 0, kMinute, "",
            "How long a call waits for GUIDs that the clock does not allow yet."},

    // Limits of one call.
    Setting{"max-n", &Config::max_n, 1, 10'000'000, "",
            "Ids that one NextN or ReserveRange may ask for."},
    Setting{"max-chunk-size", &Config::max_chunk_size, 1, 1'000'000'000'000, "",
            "The chunk_size that one NextN or ReserveRange may ask for."},
    Setting{"max-guid-n", &Config::max_guid_n, 1, 100'000, "",
            "GUIDs that one NextGuid may ask for."},
    Setting{"max-batch", &Config::max_batch, 1, 10'000, "",
            "Requests in one BatchIncrCounters, and names in one GetCounters."},
    Setting{"max-text-n", &Config::max_text_n, 1, 100'000, "",
            "Ids that one call may ask for as text."},
    Setting{"max-request-id-bytes", &Config::max_request_id_bytes, 1, 64, "",
            "The longest request_id."},
    Setting{"max-message-bytes", &Config::max_message_bytes, 1'024, 67'108'864, "",
            "The largest request."},
    Setting{"default-deadline", &Config::default_deadline, kMs, 24 * kHour, "",
            "For calls that come without a deadline."},
    Setting{"max-deadline", &Config::max_deadline, kMs, 24 * kHour, "",
            "No call is worked on for longer, whatever its own deadline."},
    Setting{"max-update-interval", &Config::max_update_interval, kMs, 24 * kHour, "",
            "The longest update_interval of a DEFERRED increment."},

    // Limits of the server.
    Setting{"max-waiting", &Config::max_waiting, 1, 1'000'000, "",
            "Calls that may wait in one lane; further ones are refused as OVERLOADED."},
    Setting{"max-batch-calls", &Config::max_batch_calls, 1, 65'536, "",
            "Calls that share one transaction."},
    Setting{"max-batch-names", &Config::max_batch_names, 1, 65'536, "",
            "Sequences and counters in one transaction."},
    Setting{"window-min", &Config::window_min, 1, 1'000'000'000, "",
            "The smallest window of ids that a server holds of a sequence that adapts."},
    Setting{"window-max", &Config::window_max, 1, 1'000'000'000'000, "",
            "The largest such window."},
    Setting{"max-generators", &Config::max_generators, 1, 65'536, "",
            "Generators of one GUID group that this server mints with side by side."},
    Setting{"max-request-ids", &Config::max_request_ids, 1, 10'000'000'000, "",
            "Request ids that the store keeps; beyond, calls with one get REQUEST_IDS_FULL."},
    Setting{"max-memory-bytes", &Config::max_memory_bytes, 16'777'216, 1'099'511'627'776, "",
            "Memory for the buffers of all connections together."},
    Setting{"max-streams", &Config::max_streams, 1, 1'000'000, "",
            "Calls under way on one connection; further ones wait at the client."},

    // The store.
    Setting{"pg-prepared", &Config::pg_prepared, 0, 0, "auto|off",
            "Prepared statements in PostgreSQL; off for proxies that pool transactions."},
    Setting{"lock-timeout", &Config::lock_timeout, kMs, 10 * kMinute, "",
            "A transaction gives up on a locked row after this long."},
    Setting{"store-timeout", &Config::store_timeout, 10 * kMs, 10 * kMinute, "",
            "A transaction that takes longer has lost its connection."},
    Setting{"connect-timeout", &Config::connect_timeout, 10 * kMs, 10 * kMinute, "",
            "For connecting to the store."},
    Setting{"retry-first", &Config::retry_first, kMs, kMinute, "",
            "The first pause before a store that is away is tried again; it doubles."},
    Setting{"retry-most", &Config::retry_most, kMs, kMinute, "", "The longest such pause."},

    // Connections of clients.
    Setting{"connection-age", &Config::connection_age, kSecond, 24 * kHour, "",
            "A connection older than this is asked to come again, so that servers share load."},
    Setting{"connection-grace", &Config::connection_grace, kMs, kHour, "",
            "Calls on such a connection may take this long to finish."},
    Setting{"keepalive-time", &Config::keepalive_time, kSecond, 24 * kHour, "",
            "A silent connection is probed this often."},
    Setting{"keepalive-timeout", &Config::keepalive_timeout, 10 * kMs, kHour, "",
            "A connection that does not answer a probe in this time is closed."},
    Setting{"min-ping-interval", &Config::min_ping_interval, kMs, kHour, "",
            "Clients that probe more often than this are cut off."},

    // The process.
    Setting{"stop-timeout", &Config::stop_timeout, 0, 10 * kMinute, "",
            "How long a clean stop may take; then the exit status is 1."},
    Setting{"log-level", &Config::log_level, 0, 0, "trace|debug|info|warn|error",
            "What is logged."},
    Setting{"log-format", &Config::log_format, 0, 0, "auto|text|json",
            "auto is text on a terminal and JSON lines otherwise."},
};

absl::Duration ToAbsl(std::int64_t ns) { return absl::Nanoseconds(ns); }

// A listening address without a port is a mistake that gRPC would report as
// something else.
bool IsListenAddress(absl::string_view text) {
  if (absl::StartsWith(text, "unix:")) return text.size() > 5;
  const std::size_t colon = text.rfind(':');
  if (colon == absl::string_view::npos) return false;
  const absl::string_view host = text.substr(0, colon);
  const bool bracketed = absl::StartsWith(host, "[") && absl::EndsWith(host, "]");
  if (host.find(':') != absl::string_view::npos && !bracketed) return false;
  int port = -1;
  return absl::SimpleAtoi(text.substr(colon + 1), &port) && port >= 0 && port <= 65'535;
}

absl::Status NotAllowed(const Setting& setting) {
  return absl::InvalidArgumentError(absl::StrCat("it has to be ", AllowedText(setting), "."));
}

absl::Status Set(const Setting& setting, std::string Config::*member, absl::string_view text,
                 Config& config) {
  const std::vector<absl::string_view> words = absl::StrSplit(setting.choices, '|');
  const bool allowed = !setting.choices.empty()
                           ? std::find(words.begin(), words.end(), text) != words.end()
                           : (setting.name != "listen" || IsListenAddress(text)) &&
                                 text.find('\0') == absl::string_view::npos;
  if (!allowed) return NotAllowed(setting);
  config.*member = std::string(text);
  return absl::OkStatus();
}

absl::Status Set(const Setting& setting, bool Config::*member, absl::string_view text,
                 Config& config) {
  if (text != "true" && text != "false") return NotAllowed(setting);
  config.*member = text == "true";
  return absl::OkStatus();
}

absl::Status Set(const Setting& setting, std::int64_t Config::*member, absl::string_view text,
                 Config& config) {
  std::int64_t value = 0;
  if (!absl::SimpleAtoi(text, &value) || value < setting.min || value > setting.max) {
    return NotAllowed(setting);
  }
  config.*member = value;
  return absl::OkStatus();
}

absl::Status Set(const Setting& setting, Duration Config::*member, absl::string_view text,
                 Config& config) {
  absl::Duration value;
  if (!absl::ParseDuration(text, &value) || value < ToAbsl(setting.min) ||
      value > ToAbsl(setting.max)) {
    return NotAllowed(setting);
  }
  config.*member = Duration(absl::ToInt64Nanoseconds(value));
  return absl::OkStatus();
}

std::string Toml(const Setting& setting, const std::string& value) {
  const std::string shown = setting.name == "store" ? store::RedactUrl(value) : value;
  return Quoted(shown);
}
std::string Toml(const Setting& /*setting*/, bool value) { return value ? "true" : "false"; }
std::string Toml(const Setting& /*setting*/, std::int64_t value) { return absl::StrCat(value); }
std::string Toml(const Setting& /*setting*/, Duration value) {
  return absl::StrCat("\"", absl::FormatDuration(ToAbsl(value.count())), "\"");
}

}  // namespace

absl::Span<const Setting> Settings() { return kSettings; }

const Setting* FindSetting(absl::string_view name) {
  const auto* const found = std::find_if(kSettings.begin(), kSettings.end(),
                                         [&](const Setting& s) { return s.name == name; });
  return found == kSettings.end() ? nullptr : found;
}

std::string EnvironmentName(const Setting& setting) {
  return absl::StrCat("MINTMARKD_",
                      absl::StrReplaceAll(absl::AsciiStrToUpper(setting.name), {{"-", "_"}}));
}

std::string LimitsText(const Setting& setting) {
  if (std::holds_alternative<std::int64_t Config::*>(setting.member)) {
    return absl::StrCat("From ", setting.min, " to ", setting.max);
  }
  if (std::holds_alternative<Duration Config::*>(setting.member)) {
    return absl::StrCat("From ", absl::FormatDuration(ToAbsl(setting.min)), " to ",
                        absl::FormatDuration(ToAbsl(setting.max)));
  }
  if (setting.choices.empty()) return "";
  return absl::StrCat("One of ", absl::StrReplaceAll(setting.choices, {{"|", ", "}}));
}

std::string AllowedText(const Setting& setting) {
  if (std::holds_alternative<bool Config::*>(setting.member)) return "true or false";
  if (setting.name == "listen") return "HOST:PORT, [IPV6]:PORT, :PORT or unix:PATH";
  const std::string limits = absl::AsciiStrToLower(LimitsText(setting));
  if (std::holds_alternative<std::int64_t Config::*>(setting.member)) {
    return absl::StrCat("an integer ", limits);
  }
  if (std::holds_alternative<Duration Config::*>(setting.member)) {
    return absl::StrCat("a duration (such as 250ms, 10s, 1h) ", limits);
  }
  return setting.choices.empty() ? "text" : limits;
}

absl::Status SetFromText(const Setting& setting, absl::string_view text, Config& config) {
  return std::visit([&](auto member) { return Set(setting, member, text, config); },
                    setting.member);
}

std::string TomlValue(const Setting& setting, const Config& config) {
  return std::visit([&](auto member) { return Toml(setting, config.*member); }, setting.member);
}

}  // namespace mintmark::server
