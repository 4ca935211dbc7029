#include "src/store/postgres/connect_failure.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "src/core/reason.h"

namespace mintmark::store {
namespace {

using Clock = std::chrono::steady_clock;
using Attempt = std::unique_ptr<PGconn, decltype(&PQfinish)>;

// Drives the attempt until it succeeded, failed, or took too long.
PostgresPollingStatusType Connect(PGconn* attempt, Clock::time_point deadline) {
  PostgresPollingStatusType status = PGRES_POLLING_WRITING;
  while (status == PGRES_POLLING_READING || status == PGRES_POLLING_WRITING) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    pollfd waiting{PQsocket(attempt),
                   static_cast<short>(status == PGRES_POLLING_READING ? POLLIN : POLLOUT), 0};
    if (left <= 0 || poll(&waiting, 1, static_cast<int>(left)) <= 0) break;
    status = PQconnectPoll(attempt);
  }
  return status;
}

bool IsSqlState(absl::string_view text) {
  return text.size() == 5 && std::all_of(text.begin(), text.end(), [](char c) {
           return absl::ascii_isdigit(static_cast<unsigned char>(c)) ||
                  absl::ascii_isupper(static_cast<unsigned char>(c));
         });
}

// The first SQLSTATE in a verbose message: "…FATAL:  28P01: password …". The host
// may come before, and the severity be in any language.
std::string FindSqlState(absl::string_view message) {
  constexpr absl::string_view kBefore = ":  ";
  for (std::size_t at = message.find(kBefore); at != absl::string_view::npos;
       at = message.find(kBefore, at + 1)) {
    const absl::string_view rest = message.substr(at + kBefore.size());
    if (rest.size() > 5 && rest[5] == ':' && IsSqlState(rest.substr(0, 5))) {
      return std::string(rest.substr(0, 5));
    }
  }
  return "";
}

std::string Named(absl::string_view what, absl::string_view name) {
  return name.empty() ? absl::StrCat("the ", what) : absl::StrCat("the ", what, " \"", name, "\"");
}

// What the server's SQLSTATE calls for; empty where waiting may help.
std::string Remedy(absl::string_view sqlstate, const ConnectionTarget& target) {
  if (sqlstate == "28P01") {
    return absl::StrCat("refused the password of ", Named("role", target.user),
                        "; check the user and the password in the store's URL.");
  }
  if (absl::StartsWith(sqlstate, "28")) {
    return absl::StrCat("does not let ", Named("role", target.user),
                        " in; check that the role "
                        "exists, may log in, and is allowed in by the server's pg_hba.conf.");
  }
  if (sqlstate == "3D000") {
    return absl::StrCat("has no such database: ", Named("database", target.database),
                        " does not exist; create it, or correct the store's URL.");
  }
  if (sqlstate == "42501") {
    return absl::StrCat("does not allow ", Named("role", target.user), " to connect to ",
                        Named("database", target.database), "; grant it CONNECT on the database.");
  }
  return "";
}

}  // namespace

absl::Status DiagnoseConnectFailure(const ConnectionTarget& target, Duration at_most) {
  const Attempt attempt(PQconnectStart(target.conninfo.c_str()), &PQfinish);
  std::string message = "out of memory";
  std::string sqlstate;
  if (attempt != nullptr) {
    PQsetErrorVerbosity(attempt.get(), PQERRORS_VERBOSE);
    const Clock::time_point deadline =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(at_most);
    const bool started = PQstatus(attempt.get()) != CONNECTION_BAD;
    const PostgresPollingStatusType status =
        started ? Connect(attempt.get(), deadline) : PGRES_POLLING_FAILED;
    message = std::string(absl::StripAsciiWhitespace(PQerrorMessage(attempt.get())));
    if (status == PGRES_POLLING_OK) message = "the first attempt failed, and the next did not";
    if (message.empty()) message = "no answer in time";
    sqlstate = FindSqlState(message);
  }
  const std::string remedy = Remedy(sqlstate, target);
  if (!remedy.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat("PostgreSQL at ", target.address, " ", remedy));
  }
  return MakeStatus(Reason::kStoreUnavailable,
                    absl::StrCat("PostgreSQL at ", target.address, " cannot be reached: ",
                                 absl::StrReplaceAll(message, {{"\n", " "}, {"\t", " "}})));
}

}  // namespace mintmark::store
