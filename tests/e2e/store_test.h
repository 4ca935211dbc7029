// The base of tests that run against real servers over each kind of store.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "tests/e2e/mintmarkd.h"
#include "tests/e2e/postgres.h"
#include "tests/store/scratch_folder.h"

namespace mintmark::e2e {

enum class StoreKind { kSqlite, kPostgres };

std::string StoreKindName(const ::testing::TestParamInfo<StoreKind>& info);

// A client of the servers, in this order. A try of a call may take as long as the
// call itself, so that a busy machine does not make it lose an answer; each error
// is told after `max_attempts` tries.
std::unique_ptr<client::Client> Connect(const std::vector<const Mintmarkd*>& servers,
                                        int max_attempts = 100);

// A new and empty store for each test. Instantiate it with INSTANTIATE_ON_STORES.
// Tests on PostgreSQL are skipped where there is none, or fail if it is required.
class StoreTest : public ::testing::TestWithParam<StoreKind> {
 protected:
  void SetUp() final;

  // What is to be done before each test, when there is a store. A test for which it
  // fails is not run.
  virtual void Prepare() {}

  // Whether several servers can use the store at once.
  bool shared() const { return GetParam() == StoreKind::kPostgres; }
  const std::string& store_url() const { return store_url_; }

  // Starts a server that lasts as long as the test. Fails the test when it does not
  // serve.
  Mintmarkd& StartServer(std::vector<std::string> flags = {});

 private:
  const testing::ScratchFolder folder_;
  std::unique_ptr<PostgresDatabase> database_;
  std::string store_url_;
  std::vector<std::unique_ptr<Mintmarkd>> servers_;
};

#define INSTANTIATE_ON_STORES(suite)                                                 \
  INSTANTIATE_TEST_SUITE_P(Stores, suite,                                            \
                           ::testing::Values(::mintmark::e2e::StoreKind::kSqlite,    \
                                             ::mintmark::e2e::StoreKind::kPostgres), \
                           ::mintmark::e2e::StoreKindName)

#define INSTANTIATE_ON_SHARED_STORES(suite)                                          \
  INSTANTIATE_TEST_SUITE_P(Stores, suite,                                            \
                           ::testing::Values(::mintmark::e2e::StoreKind::kPostgres), \
                           ::mintmark::e2e::StoreKindName)

}  // namespace mintmark::e2e
