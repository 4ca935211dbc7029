#include "tests/postgres/scratch_server.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/core/check.h"

namespace mintmark::testing {
namespace {

// The URL's parts: "postgresql://", "user:password", "host:port", "/database?…".
struct UrlParts {
  std::string scheme;
  std::string user;
  std::string host;
  std::string database;
  std::string query;

  std::string Join() const {
    return absl::StrCat(scheme, user, user.empty() ? "" : "@", host, database, query);
  }
};

UrlParts Split(const std::string& url) {
  UrlParts parts;
  const std::size_t authority = url.find("://") + 3;
  const std::size_t query = std::min(url.find('?', authority), url.size());
  const std::size_t slash = std::min(url.find('/', authority), query);
  const std::size_t at = url.rfind('@', slash);
  parts.scheme = url.substr(0, authority);
  const std::size_t host = at == std::string::npos || at < authority ? authority : at + 1;
  if (host != authority) parts.user = url.substr(authority, at - authority);
  parts.host = url.substr(host, slash - host);
  parts.database = url.substr(slash, query - slash);
  parts.query = url.substr(query);
  return parts;
}

// What a command prints, without the line's end.
std::string Output(const std::string& command) {
  FILE* const pipe = popen(command.c_str(), "r");
  MINTMARK_CHECK(pipe != nullptr);
  std::string output;
  std::array<char, 4096> buffer{};
  std::size_t size = 0;
  while ((size = fread(buffer.data(), 1, buffer.size(), pipe)) > 0) {
    output.append(buffer.data(), size);
  }
  pclose(pipe);
  return std::string(absl::StripSuffix(output, "\n"));
}

}  // namespace

std::string MaintenanceUrl() {
  const char* const url = std::getenv("MINTMARK_TEST_POSTGRES");
  return url == nullptr ? "" : url;
}

std::string WithDatabase(const std::string& url, const std::string& database) {
  UrlParts parts = Split(url);
  parts.database = absl::StrCat("/", database);
  return parts.Join();
}

std::string WithUser(const std::string& url, const std::string& user, const std::string& password) {
  UrlParts parts = Split(url);
  parts.user = absl::StrCat(user, ":", password);
  return parts.Join();
}

std::string WithPort(const std::string& url, int port) {
  UrlParts parts = Split(url);
  parts.host = absl::StrCat("127.0.0.1:", port);
  return parts.Join();
}

int PortOf(const std::string& url) {
  const std::string host = Split(url).host;
  return std::atoi(host.substr(host.rfind(':') + 1).c_str());
}

ScratchDatabase::ScratchDatabase(const std::string& maintenance_url)
    : maintenance_url_(maintenance_url),
      name_([] {
        static std::atomic<int> last{0};
        return absl::StrCat("mintmark_pg_test_", getpid(), "_", ++last);
      }()),
      url_(WithDatabase(maintenance_url, name_)) {
  Session(maintenance_url_).Run(absl::StrCat("CREATE DATABASE ", name_));
}

ScratchDatabase::~ScratchDatabase() {
  Session(maintenance_url_).Run(absl::StrCat("DROP DATABASE ", name_, " WITH (FORCE)"));
}

std::string Session::Run(const std::string& sql) {
  pqxx::nontransaction work(connection_);
  const pqxx::result rows = work.exec(sql);
  return rows.empty() || rows.columns() == 0 ? "" : std::string(rows[0][0].c_str());
}

ScratchServer::ScratchServer(const std::string& settings) {
  dir_ = Output("mktemp -d /tmp/mintmark-pg-test.XXXXXX");
  url_ = Output(absl::StrCat("tools/postgres.sh start ", dir_, " ", settings));
}

ScratchServer::~ScratchServer() {
  Thaw();
  Output(absl::StrCat("tools/postgres.sh stop ", dir_));
}

std::vector<int> ScratchServer::Processes() const {
  std::ifstream data_dir_file(absl::StrCat(dir_, "/data_dir"));
  std::string data_dir;
  std::getline(data_dir_file, data_dir);
  std::ifstream pid_file(absl::StrCat(data_dir, "/postmaster.pid"));
  int postmaster = 0;
  pid_file >> postmaster;
  std::vector<int> processes = {postmaster};
  std::istringstream children(Output(absl::StrCat("pgrep -P ", postmaster)));
  for (int child = 0; children >> child;) processes.push_back(child);
  return processes;
}

void ScratchServer::Freeze() {
  frozen_ = Processes();
  for (const int process : frozen_) kill(process, SIGSTOP);
}

void ScratchServer::Thaw() {
  for (const int process : frozen_) kill(process, SIGCONT);
  frozen_.clear();
}

}  // namespace mintmark::testing
