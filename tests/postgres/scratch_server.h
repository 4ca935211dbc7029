// PostgreSQL servers and databases for tests of what is special to that store.
#pragma once

#include <pqxx/pqxx>
#include <string>
#include <vector>

namespace mintmark::testing {

// The URL in MINTMARK_TEST_POSTGRES: a maintenance database whose user may do
// everything. Empty when there is none.
std::string MaintenanceUrl();

// `url` with another database; with other user and password.
std::string WithDatabase(const std::string& url, const std::string& database);
std::string WithUser(const std::string& url, const std::string& user, const std::string& password);
// `url` with another port on 127.0.0.1.
std::string WithPort(const std::string& url, int port);
// The port that `url` names.
int PortOf(const std::string& url);

// A database that is gone with this object.
class ScratchDatabase {
 public:
  explicit ScratchDatabase(const std::string& maintenance_url);
  ~ScratchDatabase();
  ScratchDatabase(const ScratchDatabase&) = delete;
  ScratchDatabase& operator=(const ScratchDatabase&) = delete;

  const std::string& name() const { return name_; }
  const std::string& url() const { return url_; }
  const std::string& maintenance_url() const { return maintenance_url_; }

 private:
  const std::string maintenance_url_;
  const std::string name_;
  const std::string url_;
};

// A connection of the test's own.
class Session {
 public:
  explicit Session(const std::string& url) : connection_(url) {}

  // Runs statements; the first value of the last one's rows, if any.
  std::string Run(const std::string& sql);

 private:
  pqxx::connection connection_;
};

// A server of the test's own, started by tools/postgres.sh with these settings.
class ScratchServer {
 public:
  explicit ScratchServer(const std::string& settings);
  ~ScratchServer();
  ScratchServer(const ScratchServer&) = delete;
  ScratchServer& operator=(const ScratchServer&) = delete;

  // Of its maintenance database; empty when it did not start.
  const std::string& url() const { return url_; }

  // Stops and continues all of its processes, as if the machine hung.
  void Freeze();
  void Thaw();

 private:
  std::vector<int> Processes() const;

  std::string dir_;
  std::string url_;
  std::vector<int> frozen_;
};

}  // namespace mintmark::testing
