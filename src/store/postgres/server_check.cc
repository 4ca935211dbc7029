#include "src/store/postgres/server_check.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"

namespace mintmark::store {
namespace {

constexpr int kOldestServer = 130000;

constexpr Statement kReadSettings = {
    "mintmark_read_settings",
    "SELECT current_setting('server_version_num'), current_setting('server_version'),"
    " current_setting('fsync'), current_setting('full_page_writes'),"
    " current_setting('synchronous_commit'), current_setting('synchronous_standby_names'),"
    " current_setting('default_transaction_isolation'),"
    " current_setting('transaction_read_only') = 'on' OR pg_is_in_recovery(),"
    " has_function_privilege('pg_control_system()', 'EXECUTE')"};

constexpr Statement kReadSystemIdentifier = {
    "mintmark_read_system_identifier",
    "SELECT system_identifier FROM pg_catalog.pg_control_system()"};

struct Settings {
  int version = 0;
  std::string version_text;
  std::string fsync;
  std::string full_page_writes;
  std::string synchronous_commit;
  std::string standby_names;
  std::string isolation;
  bool is_read_only = false;
  bool tells_identifier = false;
};

Settings ToSettings(const pqxx::row& row) {
  return {.version = row[0].as<int>(),
          .version_text = row[1].c_str(),
          .fsync = row[2].c_str(),
          .full_page_writes = row[3].c_str(),
          .synchronous_commit = row[4].c_str(),
          .standby_names = row[5].c_str(),
          .isolation = row[6].c_str(),
          .is_read_only = row[7].as<bool>(),
          .tells_identifier = row[8].as<bool>()};
}

std::string Durability(const Settings& settings) {
  std::string text =
      absl::StrCat("fsync=", settings.fsync, ", full_page_writes=", settings.full_page_writes,
                   ", synchronous_commit=", settings.synchronous_commit);
  if (!settings.standby_names.empty()) {
    absl::StrAppend(&text, ", synchronous_standby_names='", settings.standby_names, "'");
  }
  return text;
}

bool IsDurable(const Settings& settings) {
  return settings.fsync == "on" && settings.full_page_writes == "on" &&
         settings.synchronous_commit != "off";
}

// What an operator should know of a server that is accepted; mostly empty.
std::string Warning(const Settings& settings, const ConnectionTarget& target) {
  const std::string server =
      absl::StrCat("PostgreSQL at ", target.address, " (", Durability(settings), ") ");
  if (!IsDurable(settings)) {
    return absl::StrCat(server,
                        "does not keep what it acknowledges, which --unsafe-store accepts: after "
                        "a crash ids can be issued twice and increments be gone.");
  }
  if (settings.synchronous_commit == "local" && !settings.standby_names.empty()) {
    return absl::StrCat(server,
                        "commits without waiting for its standby: a failover can lose and repeat "
                        "ids; set synchronous_commit to on.");
  }
  if (settings.synchronous_commit == "remote_write") {
    return absl::StrCat(server,
                        "has standbys that may lose commits when their machine fails: a failover "
                        "can repeat ids; set synchronous_commit to on.");
  }
  return "";
}

absl::Status CheckSettings(const Settings& settings, const ConnectionTarget& target,
                           const StoreOptions& options) {
  const std::string server = absl::StrCat("PostgreSQL at ", target.address);
  if (settings.version < kOldestServer) {
    return absl::FailedPreconditionError(absl::StrCat(server, " is version ", settings.version_text,
                                                      "; mintmark needs 13 or later."));
  }
  if (settings.is_read_only) {
    return MakeStatus(Reason::kStoreUnavailable,
                      absl::StrCat(server,
                                   " is read-only: a standby, or the role's or database's "
                                   "default_transaction_read_only is on."));
  }
  if (!IsDurable(settings) && !options.unsafe) {
    return absl::FailedPreconditionError(absl::StrCat(
        server, " does not keep what it acknowledges (", Durability(settings),
        "); set fsync, full_page_writes and synchronous_commit to on, or accept lost and repeated "
        "ids with --unsafe-store."));
  }
  if (settings.isolation != "read committed") {
    return absl::FailedPreconditionError(absl::StrCat(
        server, " starts transactions as '", settings.isolation,
        "'; set default_transaction_isolation to 'read committed' for this role and database."));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status StatusOfFailure(const SqlFailure& failure, const ConnectionTarget& target) {
  const std::string server = absl::StrCat("PostgreSQL at ", target.address);
  if (failure.sqlstate == "42501") {
    return absl::FailedPreconditionError(absl::StrCat(
        server, " does not grant the role of the store's URL what mintmark needs (",
        failure.message,
        "); make it the owner of the schema mintmark, or grant it CREATE on the database."));
  }
  if (failure.sqlstate == "42P05" || failure.sqlstate == "26000") {
    return absl::FailedPreconditionError(absl::StrCat(
        server, " lost a prepared statement (", failure.message,
        "); behind a proxy that pools transactions, switch them off with --pg-prepared=off."));
  }
  return MakeStatus(Reason::kStoreUnavailable, absl::StrCat(server, " failed: ", failure.message));
}

absl::StatusOr<ServerFacts> CheckServer(Connection& connection, const ConnectionTarget& target,
                                        const StoreOptions& options) {
  const Answer answer =
      connection.Run(kReadSettings, {}, /*prepare=*/false, options.answer_timeout);
  if (answer.failure.has_value()) return StatusOfFailure(*answer.failure, target);
  const Settings settings = ToSettings(answer.rows[0]);
  MINTMARK_RETURN_IF_ERROR(CheckSettings(settings, target, options));

  ServerFacts facts{.durability = Durability(settings),
                    .warning = Warning(settings, target),
                    .system_identifier = std::nullopt};
  if (settings.tells_identifier) {
    const Answer told =
        connection.Run(kReadSystemIdentifier, {}, /*prepare=*/false, options.answer_timeout);
    if (told.failure.has_value()) return StatusOfFailure(*told.failure, target);
    facts.system_identifier = told.rows[0][0].as<std::int64_t>();
  }
  return facts;
}

}  // namespace mintmark::store
