// The fixture of the contract suite: one instance for each store.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

#include "tests/store/actor.h"
#include "tests/store/store_factory.h"

namespace mintmark::testing {

class StoreContract : public ::testing::TestWithParam<StoreFactory> {
 protected:
  void SetUp() override {
    if (!GetParam().skip.empty()) {
      if (std::getenv("MINTMARK_REQUIRE_POSTGRES") != nullptr) FAIL() << GetParam().skip;
      GTEST_SKIP() << GetParam().skip;
    }
    Start({});
  }

  // Begins with an empty store again, with other options.
  void Start(const store::StoreOptions& options) {
    test_store_.reset();
    test_store_ = GetParam().make(options);
  }

  TestStore& test_store() { return *test_store_; }
  engine::Store& store() { return test_store_->store(); }

 private:
  std::unique_ptr<TestStore> test_store_;
};

inline std::string FactoryName(const ::testing::TestParamInfo<StoreFactory>& info) {
  return info.param.name;
}

}  // namespace mintmark::testing

// Runs a suite on every store.
#define MINTMARK_TEST_ON_EVERY_STORE(suite)                                            \
  INSTANTIATE_TEST_SUITE_P(Stores, suite,                                              \
                           ::testing::ValuesIn(::mintmark::testing::StoreFactories()), \
                           ::mintmark::testing::FactoryName)
