// What an error of libpqxx means for the statement that met it.
#pragma once

#include <string>

#include "absl/status/status.h"

namespace mintmark::store {

struct SqlFailure {
  enum class Kind {
    kRefused,   // The server refused the statement; nothing of it happened.
    kConflict,  // The same, because of another transaction: a deadlock, for instance.
    kReadOnly,  // The same, because the server is a standby.
    kLost,      // The connection is gone, and with it the answer, if there was to be one.
  } kind = Kind::kLost;
  std::string sqlstate;  // Empty where the error came without one.
  std::string message;   // One line.
};

// To be called in a handler: says what the exception under way means. Exceptions
// that are not about the statement are thrown on. `is_open`: whether the
// connection still is, after the error.
SqlFailure CurrentSqlFailure(bool is_open);

}  // namespace mintmark::store
