#include "tests/e2e/postgres.h"

#include <libpq-fe.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "src/core/status_macros.h"
#include "tests/e2e/child_process.h"

namespace mintmark::e2e {
namespace {

constexpr absl::string_view kStartScript = MINTMARK_SOURCE_FOLDER "/tools/postgres.sh";
constexpr absl::string_view kControlScript = MINTMARK_SOURCE_FOLDER "/tests/e2e/pg_ctl.sh";

// The same URL with another database: what stands after the address.
std::string WithDatabase(const std::string& url, const std::string& name) {
  const std::size_t slash = url.find('/', url.find("://") + 3);
  const std::size_t question = url.find('?', slash == std::string::npos ? 0 : slash);
  return absl::StrCat(url.substr(0, slash), "/", name,
                      question == std::string::npos ? "" : url.substr(question));
}

std::string UniqueName() {
  static std::atomic<int> count{0};
  return absl::StrCat("mintmark_test_", getpid(), "_", count.fetch_add(1));
}

absl::StatusOr<std::string> RunScript(const std::vector<std::string>& arguments) {
  std::string output;
  const std::optional<int> status = RunProgram(arguments, &output);
  if (status == 0) return output;
  return absl::InternalError(absl::StrCat(arguments.front(), " failed: ", output));
}

}  // namespace

std::optional<std::string> TestPostgresUrl() {
  const char* const url = std::getenv("MINTMARK_TEST_POSTGRES");
  if (url == nullptr || *url == '\0') return std::nullopt;
  return url;
}

bool PostgresIsRequired() { return std::getenv("MINTMARK_REQUIRE_POSTGRES") != nullptr; }

absl::StatusOr<SqlRows> RunSql(const std::string& url, const std::string& sql) {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url.c_str()),
                                                                &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()),
                                                             &PQclear);
  const ExecStatusType status = PQresultStatus(result.get());
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
    return absl::InternalError(PQerrorMessage(connection.get()));
  }
  SqlRows rows(static_cast<std::size_t>(PQntuples(result.get())));
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (int column = 0; column < PQnfields(result.get()); ++column) {
      rows[row].emplace_back(PQgetvalue(result.get(), static_cast<int>(row), column));
    }
  }
  return rows;
}

absl::StatusOr<std::unique_ptr<PostgresDatabase>> PostgresDatabase::Make(
    const std::string& maintenance_url) {
  const std::string name = UniqueName();
  MINTMARK_RETURN_IF_ERROR(
      RunSql(maintenance_url, absl::StrCat("CREATE DATABASE ", name)).status());
  return std::unique_ptr<PostgresDatabase>(new PostgresDatabase(maintenance_url, name));
}

PostgresDatabase::PostgresDatabase(std::string maintenance_url, std::string name)
    : maintenance_url_(std::move(maintenance_url)),
      name_(std::move(name)),
      url_(WithDatabase(maintenance_url_, name_)) {}

PostgresDatabase::~PostgresDatabase() {
  // A server that a test broke takes its databases along.
  RunSql(maintenance_url_, absl::StrCat("DROP DATABASE ", name_, " WITH (FORCE)")).IgnoreError();
}

absl::StatusOr<std::unique_ptr<PrivatePostgres>> PrivatePostgres::Start(
    const std::vector<std::string>& settings) {
  std::unique_ptr<PrivatePostgres> server(new PrivatePostgres());
  std::vector<std::string> arguments = {std::string(kStartScript), "start",
                                        server->folder_.Path("postgres")};
  arguments.insert(arguments.end(), settings.begin(), settings.end());
  MINTMARK_ASSIGN_OR_RETURN(const std::string output, RunScript(arguments));
  server->url_ = std::string(absl::StripAsciiWhitespace(output));
  return server;
}

PrivatePostgres::~PrivatePostgres() {
  RunScript({std::string(kStartScript), "stop", folder_.Path("postgres")}).IgnoreError();
}

absl::Status PrivatePostgres::Control(std::vector<std::string> arguments) const {
  arguments.insert(arguments.begin(), {std::string(kControlScript), folder_.Path("postgres")});
  return RunScript(arguments).status();
}

absl::Status PrivatePostgres::Stop(absl::string_view mode) {
  return Control({"stop", absl::StrCat("--mode=", mode)});
}

absl::Status PrivatePostgres::StartAgain() { return Control({"start"}); }

absl::Status PrivatePostgres::Restart(absl::string_view mode) {
  return Control({"restart", absl::StrCat("--mode=", mode)});
}

}  // namespace mintmark::e2e
