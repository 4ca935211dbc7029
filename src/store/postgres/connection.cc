#include "src/store/postgres/connection.h"

#include <algorithm>
#include <exception>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "src/core/reason.h"

namespace mintmark::store {

Connection::Connection(const std::string& conninfo, Watchdog& watchdog)
    : watchdog_(watchdog),
      connection_(conninfo),
      listener_(connection_, [this](const char* notice) { notice_ = notice; }) {
  ForbidReconnecting(connection_);
}

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(const ConnectionTarget& target,
                                                             Watchdog& watchdog) {
  try {
    // Not make_unique: the constructor is private.
    return std::unique_ptr<Connection>(new Connection(target.conninfo, watchdog));
  } catch (const std::exception& error) {
    absl::string_view why = absl::StripAsciiWhitespace(error.what());
    return MakeStatus(Reason::kStoreUnavailable,
                      absl::StrCat("PostgreSQL at ", target.address,
                                   " cannot be reached; it is tried again: ", why));
  }
}

Answer Connection::Run(const Statement& statement, const Parameters& parameters, bool prepare,
                       Duration at_most) {
  Answer answer = Guard(at_most, [&](pqxx::transaction_base& work) {
    if (!prepare) return ExecParams(work, statement.sql, parameters);
    if (std::find(prepared_.begin(), prepared_.end(), statement.name) == prepared_.end()) {
      connection_.prepare(statement.name, statement.sql);
      prepared_.push_back(statement.name);
    }
    return ExecPrepared(work, statement.name, parameters);
  });
  if (!answer.failure.has_value() && !notice_.empty()) {
    is_lost_ = true;
    answer.failure =
        SqlFailure{SqlFailure::Kind::kLost, "", std::string(absl::StripAsciiWhitespace(notice_))};
  }
  return answer;
}

Answer Connection::RunScript(const std::string& sql, Duration at_most) {
  return Guard(at_most, [&](pqxx::transaction_base& work) { return work.exec(sql); });
}

Answer Connection::Guard(Duration at_most,
                         const std::function<pqxx::result(pqxx::transaction_base&)>& work) {
  Answer answer;
  notice_.clear();
  const Watchdog::Watch watch(watchdog_, connection_.sock(), at_most);
  try {
    pqxx::nontransaction transaction(connection_);
    answer.rows = work(transaction);
  } catch (const std::exception&) {
    answer.failure = CurrentSqlFailure(connection_.is_open());
  }
  if (watch.HasFired()) {
    is_lost_ = true;
    if (answer.failure.has_value()) {
      answer.failure = SqlFailure{SqlFailure::Kind::kLost, "",
                                  "The server did not answer in time; the connection was cut."};
    }
  }
  if (answer.failure.has_value() && answer.failure->kind != SqlFailure::Kind::kRefused &&
      answer.failure->kind != SqlFailure::Kind::kConflict) {
    is_lost_ = true;
  }
  return answer;
}

}  // namespace mintmark::store
