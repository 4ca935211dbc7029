#include "src/store/postgres/sql_failure.h"

#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <stdexcept>

namespace mintmark::store {
namespace {

using Kind = SqlFailure::Kind;

template <typename Error>
SqlFailure FailureOf(const Error& error, bool is_open = true) {
  try {
    throw error;
  } catch (const std::exception&) {
    return CurrentSqlFailure(is_open);
  }
}

// A kind of transaction_rollback; libpqxx 7 wants the statement too.
template <typename Error>
Error Rollback(const char* message) {
#if PQXX_VERSION_MAJOR < 7
  return Error(message);
#else
  return Error(message, "SELECT");
#endif
}

Kind KindOf(const char* sqlstate) {
  return FailureOf(pqxx::sql_error("ERROR:  it failed\nDETAIL:  so", "SELECT", sqlstate)).kind;
}

TEST(SqlFailureTest, AnErrorOfTheStatementIsARefusal) {
  EXPECT_EQ(KindOf("55P03"), Kind::kRefused);  // lock_not_available
  EXPECT_EQ(KindOf("57014"), Kind::kRefused);  // query_canceled
  EXPECT_EQ(KindOf("53100"), Kind::kRefused);  // disk_full
  EXPECT_EQ(KindOf("22003"), Kind::kRefused);  // numeric_value_out_of_range
  EXPECT_EQ(KindOf("XX000"), Kind::kRefused);  // internal_error
  EXPECT_EQ(FailureOf(pqxx::insufficient_privilege("ERROR:  no")).sqlstate, "42501");
}

TEST(SqlFailureTest, AnotherTransactionInTheWayIsAConflict) {
  EXPECT_EQ(FailureOf(Rollback<pqxx::serialization_failure>("ERROR:  no")).kind, Kind::kConflict);
  EXPECT_EQ(FailureOf(Rollback<pqxx::deadlock_detected>("ERROR:  no")).kind, Kind::kConflict);
}

TEST(SqlFailureTest, AStandbyIsReadOnly) { EXPECT_EQ(KindOf("25006"), Kind::kReadOnly); }

TEST(SqlFailureTest, WhatEndsTheConnectionLosesTheAnswer) {
  EXPECT_EQ(KindOf("57P01"), Kind::kLost);  // admin_shutdown
  EXPECT_EQ(KindOf("57P02"), Kind::kLost);  // crash_shutdown
  EXPECT_EQ(KindOf("57P03"), Kind::kLost);  // cannot_connect_now
  EXPECT_EQ(KindOf("08006"), Kind::kLost);  // connection_failure
  EXPECT_EQ(FailureOf(pqxx::broken_connection("gone")).kind, Kind::kLost);
  EXPECT_EQ(FailureOf(pqxx::in_doubt_error("gone")).kind, Kind::kLost);
}

// In libpqxx 6.4 it is a transaction_rollback, which would say "not applied".
TEST(SqlFailureTest, AnUnknownCompletionIsNoRollback) {
  EXPECT_EQ(FailureOf(Rollback<pqxx::statement_completion_unknown>("who knows")).kind, Kind::kLost);
}

TEST(SqlFailureTest, WithTheConnectionGoneNoErrorIsTheLastWord) {
  const pqxx::sql_error error("ERROR:  canceling statement", "SELECT", "57014");
  EXPECT_EQ(FailureOf(error, /*is_open=*/false).kind, Kind::kLost);
}

TEST(SqlFailureTest, TellsTheFirstLine) {
  const pqxx::sql_error error("ERROR:  it failed\nDETAIL:  so", "SELECT", "22003");
  EXPECT_EQ(FailureOf(error).message, "ERROR:  it failed");
}

TEST(SqlFailureTest, WhatIsNotAboutTheStatementIsThrownOn) {
  EXPECT_THROW(FailureOf(std::logic_error("ours")), std::logic_error);
}

}  // namespace
}  // namespace mintmark::store
