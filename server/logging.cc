#include "server/logging.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>
#include <spdlog/details/os.h>
#include <spdlog/formatter.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/ansicolor_sink.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "server/json_text.h"

namespace mintmark::server {
namespace {

// How many QuietGrpc there are. A global, as gRPC's log function is one.
std::atomic<int> quiet_count{0};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

absl::string_view View(const spdlog::string_view_t& text) { return {text.data(), text.size()}; }

std::string TimeText(const spdlog::details::log_msg& message) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::FromChrono(message.time),
                          absl::UTCTimeZone());
}

void Append(absl::string_view text, spdlog::memory_buf_t& out) {
  out.append(text.data(), text.data() + text.size());
}

class JsonFormatter : public spdlog::formatter {
 public:
  void format(const spdlog::details::log_msg& message, spdlog::memory_buf_t& out) override {
    Append(JsonLogLine(TimeText(message), View(spdlog::level::to_string_view(message.level)),
                       View(message.payload)),
           out);
    Append("\n", out);
  }

  std::unique_ptr<formatter> clone() const override { return std::make_unique<JsonFormatter>(); }
};

// One message, one line: what comes from clients and databases cannot forge
// another.
class MessageFlag : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm& /*time*/,
              spdlog::memory_buf_t& out) override {
    for (const char c : View(message.payload)) {
      const bool control = static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
      out.push_back(control ? ' ' : c);
    }
  }

  std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<MessageFlag>();
  }
};

std::unique_ptr<spdlog::formatter> MakeFormatter(bool json) {
  if (json) return std::make_unique<JsonFormatter>();
  auto text = std::make_unique<spdlog::pattern_formatter>();
  text->add_flag<MessageFlag>('*').set_pattern("%Y-%m-%d %H:%M:%S.%e %^%-7l%$ %*");
  return text;
}

void LogFromGrpc(gpr_log_func_args* arguments) {
  const bool error = arguments->severity == GPR_LOG_SEVERITY_ERROR;
  const bool quiet = quiet_count.load(std::memory_order_relaxed) > 0;
  // Its errors are those of single connections: nothing that an operator has to
  // get up for.
  spdlog::log(error && !quiet ? spdlog::level::warn : spdlog::level::debug, "grpc: {}",
              arguments->message);
}

// All that Protocol Buffers has to say is about messages of clients that do not
// parse, and the clients are told.
void LogFromProtobuf(google::protobuf::LogLevel level, const char* /*file*/, int /*line*/,
                     const std::string& message) {
  spdlog::log(level == google::protobuf::LOGLEVEL_FATAL ? spdlog::level::err : spdlog::level::debug,
              "protobuf: {}", message);
}

}  // namespace

std::string JsonLogLine(absl::string_view time, absl::string_view level,
                        absl::string_view message) {
  std::string line =
      absl::StrCat("{\"time\":\"", time, "\",\"level\":\"", level, "\",\"message\":");
  AppendQuoted(message, line);
  line += '}';
  return line;
}

void SetUpLogging(const Config& config) {
  const bool terminal = isatty(STDERR_FILENO) == 1;
  const bool json = config.log_format == "json" || (config.log_format == "auto" && !terminal);
  spdlog::sink_ptr sink;
  if (terminal && !json) {
    sink = std::make_shared<spdlog::sinks::ansicolor_stderr_sink_mt>();
  } else {
    sink = std::make_shared<spdlog::sinks::stderr_sink_mt>();
  }
  auto logger = std::make_shared<spdlog::logger>("mintmarkd", std::move(sink));
  logger->set_formatter(MakeFormatter(json));
  logger->set_level(spdlog::level::from_str(config.log_level));
  logger->flush_on(spdlog::level::trace);
  spdlog::set_default_logger(std::move(logger));

  gpr_set_log_function(&LogFromGrpc);
  google::protobuf::SetLogHandler(&LogFromProtobuf);
}

QuietGrpc::QuietGrpc() { quiet_count.fetch_add(1, std::memory_order_relaxed); }

QuietGrpc::~QuietGrpc() { quiet_count.fetch_sub(1, std::memory_order_relaxed); }

}  // namespace mintmark::server
