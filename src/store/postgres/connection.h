// One connection to PostgreSQL: runs statements, and turns what libpqxx throws
// into values.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/core/time.h"
#include "src/store/postgres/connection_target.h"
#include "src/store/postgres/libpqxx_versions.h"
#include "src/store/postgres/sql_failure.h"
#include "src/store/postgres/watchdog.h"

namespace mintmark::store {

struct Statement {
  const char* name;  // For the server, when it is prepared.
  const char* sql;
};

// What a statement came to. `rows` is there unless `failure` is.
struct Answer {
  std::optional<SqlFailure> failure;
  pqxx::result rows;
};

// To be dropped at its first failure that is not a refusal: libpqxx 6.4 would
// otherwise connect anew by itself, to a server that nobody has looked at. Used by
// one thread at a time.
class Connection {
 public:
  // Null for NULL.
  using Parameters = std::vector<const char*>;

  // Connects, for as long at most as the target's conninfo allows. STORE_UNAVAILABLE
  // when that fails.
  static absl::StatusOr<std::unique_ptr<Connection>> Open(const ConnectionTarget& target,
                                                          Watchdog& watchdog);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Runs a statement in a transaction of its own. A notice that comes with the
  // answer counts as a failure of kind kLost: the statements run here give no cause
  // for any, but a commit that did not wait for its standby is reported as one.
  Answer Run(const Statement& statement, const Parameters& parameters, bool prepare,
             Duration at_most);

  // Runs one or several statements without parameters: in a transaction of their
  // own, or in one that an earlier script began. The rows are those of the last.
  Answer RunScript(const std::string& sql, Duration at_most);

  bool is_open() const { return !is_lost_ && connection_.is_open(); }

 private:
  Connection(const std::string& conninfo, Watchdog& watchdog);

  // Runs `work`, watched, and turns what it throws into a failure.
  Answer Guard(Duration at_most, const std::function<pqxx::result(pqxx::transaction_base&)>& work);

  Watchdog& watchdog_;
  std::string notice_;  // The last since the statement under way began.
  bool is_lost_ = false;
  std::vector<const char*> prepared_;  // Names of statements.
  pqxx::connection connection_;
  NoticeListener listener_;
};

}  // namespace mintmark::store
