// The model store, and SQLite in a file and in memory.
#include <unistd.h>

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/check.h"
#include "src/store/sqlite/sqlite_store.h"
#include "tests/model_store/model_store.h"
#include "tests/store/scratch_folder.h"
#include "tests/store/store_factory.h"

namespace mintmark::testing {
namespace {

StoreTimeUs Microseconds(Duration time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time).count();
}

class ModelTestStore final : public TestStore {
 public:
  explicit ModelTestStore(const store::StoreOptions& options)
      : store_(store::SystemTimeUs(), {.request_id_retention = options.request_id_retention,
                                       .max_request_ids = options.max_request_ids}) {}

  engine::Store& store() override { return store_; }
  void PassTime(Duration time) override { store_.SetTime(store_.time() + Microseconds(time)); }
  bool Reopen() override { return false; }

 private:
  ModelStore store_;
};

class SqliteTestStore final : public TestStore {
 public:
  SqliteTestStore(std::string path, const store::StoreOptions& options)
      : path_(std::move(path)), options_(options) {
    Open();
  }

  engine::Store& store() override { return *store_; }
  void PassTime(Duration time) override { *passed_us_ += Microseconds(time); }
  bool Reopen() override {
    if (path_ == ":memory:") return false;
    store_.reset();
    Open();
    return true;
  }

 private:
  void Open() {
    auto opened = store::OpenSqliteStore(
        path_, options_, [passed_us = passed_us_] { return store::SystemTimeUs() + *passed_us; });
    MINTMARK_CHECK(opened.ok());
    store_ = *std::move(opened);
  }

  const std::string path_;
  const store::StoreOptions options_;
  const std::shared_ptr<StoreTimeUs> passed_us_ = std::make_shared<StoreTimeUs>(0);
  std::unique_ptr<engine::Store> store_;
};

class SqliteFileTestStore final : public TestStore {
 public:
  explicit SqliteFileTestStore(const store::StoreOptions& options)
      : inner_(folder_.Path("store.db"), options) {}

  engine::Store& store() override { return inner_.store(); }
  void PassTime(Duration time) override { inner_.PassTime(time); }
  bool Reopen() override { return inner_.Reopen(); }

 private:
  const ScratchFolder folder_;
  SqliteTestStore inner_;
};

}  // namespace

std::vector<StoreFactory> StoreFactories() {
  return {
      {"model", "", [](const auto& o) { return std::make_unique<ModelTestStore>(o); }},
      {"sqlite_memory", "",
       [](const auto& o) { return std::make_unique<SqliteTestStore>(":memory:", o); }},
      {"sqlite_file", "", [](const auto& o) { return std::make_unique<SqliteFileTestStore>(o); }}};
}

}  // namespace mintmark::testing
