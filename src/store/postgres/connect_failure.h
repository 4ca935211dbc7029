// Why a connection could not be made.
#pragma once

#include "absl/status/status.h"
#include "src/core/time.h"
#include "src/store/postgres/connection_target.h"

namespace mintmark::store {

// Connects once more, and says why it failed, in a sentence for operators: waiting
// helps (STORE_UNAVAILABLE), or it does not (FailedPrecondition): the password is
// wrong, the role or the database does not exist, the role may not connect.
// libpqxx tells only a text, which may be in any language; this goes by SQLSTATE.
absl::Status DiagnoseConnectFailure(const ConnectionTarget& target, Duration at_most);

}  // namespace mintmark::store
