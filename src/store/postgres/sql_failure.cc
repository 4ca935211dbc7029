#include "src/store/postgres/sql_failure.h"

#include <array>
#include <pqxx/pqxx>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"

namespace mintmark::store {
namespace {

using Kind = SqlFailure::Kind;

// The server ends the connection with these (an administrator's command, a crash of
// another backend, a shutdown), or cannot tell whether the transaction was
// committed: what became of it is unknown.
constexpr std::array<absl::string_view, 5> kEnding = {"57P01", "57P02", "57P03", "57P05", "40003"};

// "ERROR:  canceling statement due to lock timeout", without what follows: detail,
// context and statement.
std::string FirstLine(absl::string_view message) {
  message = message.substr(0, message.find('\n'));
  return std::string(absl::StripAsciiWhitespace(message));
}

SqlFailure Make(Kind kind, absl::string_view sqlstate, absl::string_view message) {
  return {kind, std::string(sqlstate), FirstLine(message)};
}

SqlFailure FromSqlState(const std::string& sqlstate, absl::string_view message) {
  // Class 08 is about connections.
  if (absl::c_linear_search(kEnding, sqlstate) || absl::StartsWith(sqlstate, "08")) {
    return Make(Kind::kLost, sqlstate, message);
  }
  if (absl::StartsWith(sqlstate, "40")) return Make(Kind::kConflict, sqlstate, message);
  if (sqlstate == "25006") return Make(Kind::kReadOnly, sqlstate, message);
  if (sqlstate.empty()) return Make(Kind::kLost, sqlstate, message);
  return Make(Kind::kRefused, sqlstate, message);
}

}  // namespace

// Narrowest first: in libpqxx 6.4 statement_completion_unknown is a
// transaction_rollback, which it is not.
SqlFailure CurrentSqlFailure(bool is_open) {
  SqlFailure failure;
  try {
    throw;
  } catch (const pqxx::in_doubt_error& error) {
    failure = Make(Kind::kLost, "", error.what());
  } catch (const pqxx::statement_completion_unknown& error) {
    failure = Make(Kind::kLost, "40003", error.what());
  } catch (const pqxx::broken_connection& error) {
    failure = Make(Kind::kLost, "", error.what());
  } catch (const pqxx::deadlock_detected& error) {
    failure = Make(Kind::kConflict, "40P01", error.what());
  } catch (const pqxx::transaction_rollback& error) {
    failure = Make(Kind::kConflict, "40001", error.what());
  } catch (const pqxx::insufficient_privilege& error) {
    failure = Make(Kind::kRefused, "42501", error.what());
  } catch (const pqxx::sql_error& error) {
    failure = FromSqlState(error.sqlstate(), error.what());
  } catch (const pqxx::failure& error) {
    failure = Make(Kind::kLost, "", error.what());
  }
  // Whatever the error says: with the connection gone, it may not have been the
  // last word.
  if (!is_open) failure.kind = Kind::kLost;
  return failure;
}

}  // namespace mintmark::store
