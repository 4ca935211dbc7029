// The fixture of tests that need a PostgreSQL server.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "src/engine/store.h"
#include "src/store/open_store.h"
#include "src/store/postgres/postgres_store.h"
#include "tests/postgres/scratch_server.h"

namespace mintmark::testing {

class PostgresTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!MaintenanceUrl().empty()) return;
    constexpr const char* kMissing = "MINTMARK_TEST_POSTGRES names no server";
    if (std::getenv("MINTMARK_REQUIRE_POSTGRES") != nullptr) FAIL() << kMissing;
    GTEST_SKIP() << kMissing;
  }

  // Short limits, for tests that run into them.
  static store::StoreOptions Impatient() {
    store::StoreOptions options;
    options.lock_timeout = std::chrono::milliseconds(300);
    options.answer_timeout = std::chrono::milliseconds(1500);
    return options;
  }

  // Opens a store that has to open.
  static std::unique_ptr<engine::Store> Open(const std::string& url,
                                             const store::StoreOptions& options = {}) {
    auto opened = store::OpenPostgresStore(url, options);
    EXPECT_TRUE(opened.ok()) << opened.status();
    return opened.ok() ? *std::move(opened) : nullptr;
  }
};

// Waits until `sql` returns "t" (PostgreSQL's true).
inline void WaitUntil(Session& session, const std::string& sql) {
  while (session.Run(sql) != "t") session.Run("SELECT pg_sleep(0.005)");
}

}  // namespace mintmark::testing
