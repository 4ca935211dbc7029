// What is SQLite's own: files that cannot be used, faults of the disk, kills.
#include "src/store/sqlite/sqlite_store.h"

#include <SQLiteCpp/Database.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "src/core/reason.h"
#include "src/store/migrations.h"
#include "tests/store/actor.h"
#include "tests/store/fault_vfs.h"
#include "tests/store/scratch_folder.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using engine::Batch;
using engine::BatchOutcome;
using Kind = engine::BatchOutcome::Kind;

class SqliteStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { SetFileFault(FileFault::kNone); }
  void TearDown() override { SetFileFault(FileFault::kNone); }

  std::string path() const { return folder_.Path("ids.db"); }
  const ScratchFolder& folder() const { return folder_; }

  std::unique_ptr<engine::Store> Open() {
    auto store = store::OpenSqliteStore(path(), {});
    EXPECT_TRUE(store.ok()) << store.status();
    return *std::move(store);
  }

  // Expects that the file cannot be used, and that the sentence says why.
  static void ExpectRefused(const std::string& path, const std::string& sentence,
                            const store::StoreOptions& options = {}) {
    const auto store = store::OpenSqliteStore(path, options);
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(store.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_THAT(std::string(store.status().message()), HasSubstr(path));
    EXPECT_THAT(std::string(store.status().message()), HasSubstr(sentence));
  }

  // As another program would that has the file to itself.
  void Execute(const std::string& sql) const {
    SQLite::Database database(path(), SQLite::OPEN_READWRITE);
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec(sql);
  }

  static Batch WithAdd(Batch batch, std::int64_t delta) {
    batch.adds.push_back({.name = "c", .sum = delta});
    return batch;
  }

 private:
  const ScratchFolder folder_;
};

TEST_F(SqliteStoreTest, SaysWhatItIs) {
  const auto store = Open();
  const engine::StoreDescription description = store->Describe();
  EXPECT_EQ(description.kind, "sqlite");
  EXPECT_EQ(description.address, path());
  EXPECT_EQ(description.durability, "journal_mode=WAL, synchronous=FULL");
  EXPECT_EQ(description.schema_version, static_cast<int>(store::SqliteMigrations().size()));
  EXPECT_EQ(description.warning, "");
  EXPECT_EQ(store->max_lanes(), 1);
}

TEST_F(SqliteStoreTest, ASecondServerIsRefusedAtOnce) {
  const auto store = Open();
  ExpectRefused(path(), "is in use by another server");
  Actor(*store).Heartbeat();
}

TEST_F(SqliteStoreTest, ASecondServerInAnotherProcessIsRefusedAtOnce) {
  const auto store = Open();
  const pid_t child = fork();
  if (child == 0) {
    const auto second = store::OpenSqliteStore(path(), {});
    _exit(second.ok() ? 1 : 0);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

TEST_F(SqliteStoreTest, TheNextServerMayHaveTheFile) {
  Open().reset();
  Open().reset();
}

TEST_F(SqliteStoreTest, RefusesWhatIsNoFileOfItsOwn) {
  ExpectRefused(folder().Path("no/such/ids.db"), "there is no folder");
  ExpectRefused(folder().Path("."), "is a folder");
  std::ofstream(folder().Path("text.db")) << std::string(5'000, 'x');
  ExpectRefused(folder().Path("text.db"), "is not a SQLite database");
  ExpectRefused(folder().Path("text.db/ids.db"), "is not a folder");
  {
    SQLite::Database other(folder().Path("other.db"), SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
    other.exec("CREATE TABLE recipes (name TEXT)");
  }
  ExpectRefused(folder().Path("other.db"), "belongs to another program");
  // An empty file is a new one.
  { const std::ofstream empty(folder().Path("empty.db")); }
  EXPECT_TRUE(store::OpenSqliteStore(folder().Path("empty.db"), {}).ok());
}

TEST_F(SqliteStoreTest, RefusesAFileThatCannotBeWritten) {
  Open().reset();
  SetFileFault(FileFault::kReadOnly);
  ExpectRefused(path(), "cannot be written");
}

TEST_F(SqliteStoreTest, NamesThatLookLikeSomethingElseAreFiles) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder().Path("."));
  EXPECT_TRUE(store::OpenSqliteStore("file:odd?mode=memory", {}).ok());
  EXPECT_TRUE(std::filesystem::exists(folder().Path("file:odd?mode=memory")));
  EXPECT_TRUE(store::OpenSqliteStore("a b%20c.db", {}).ok());
  EXPECT_TRUE(std::filesystem::exists(folder().Path("a b%20c.db")));
  std::filesystem::current_path(before);
}

TEST_F(SqliteStoreTest, MigratesOnlyWhenToldTo) {
  ExpectRefused(path(), "mintmarkd migrate", {.migrate = false});
  Open().reset();
  EXPECT_TRUE(store::OpenSqliteStore(path(), {.migrate = false}).ok());
}

TEST_F(SqliteStoreTest, RefusesANewerSchemaUnlessThatAllowsIt) {
  Open().reset();
  Execute("INSERT INTO schema_migrations VALUES (900, 'change_all', 'later')");
  {
    const auto store = Open();
    EXPECT_EQ(store->Describe().schema_version, 900);
    Actor(*store).Add("c", 1);
  }
  Execute("UPDATE store_info SET minimum_version = 900");
  ExpectRefused(path(), "schema version 900, which is newer than this program");
}

TEST_F(SqliteStoreTest, TheSessionsOfTheServerBeforeAreOver) {
  auto store = Open();
  Batch late;
  engine::Acquire acquired;
  engine::SequenceRow row;
  {
    Actor earlier(*store);
    row = earlier.Create("s", Ids(1, 100));
    acquired = earlier.Acquire(row, 10, 20);
    late = WithAdd(earlier.Plan(), 1);
  }
  store.reset();
  store = Open();
  Actor later(*store);
  EXPECT_EQ(later.TryRun(late).kind, Kind::kFenced);
  Batch doubt = late;
  doubt.kind = Batch::Kind::kResolveDoubt;
  EXPECT_EQ(later.TryRun(doubt).kind, Kind::kApplied);
  EXPECT_TRUE(doubt.resolution.buried);
  const engine::Acquire taken = later.Acquire(row, 10, 20);
  EXPECT_EQ(taken.shard, acquired.shard);
  EXPECT_EQ(taken.start, acquired.ceiling);
  EXPECT_TRUE(taken.taken_over);
  Batch list = later.Plan();
  list.list_sessions = true;
  later.Run(list);
  EXPECT_TRUE(list.report.sessions.empty());
}

TEST_F(SqliteStoreTest, ALaneMayLiveOnAnotherThread) {
  const auto store = Open();
  std::thread([&] { Actor(*store).Add("c", 3); }).join();
  EXPECT_THAT(Actor(*store).Read({"c"}), ElementsAre(3));
}

TEST_F(SqliteStoreTest, SeveralLanesTakeTurns) {
  const auto store = Open();
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      Actor actor(*store);
      for (int k = 0; k < 25; ++k) actor.Add("c", 1);
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(Actor(*store).Read({"c"}), ElementsAre(100));
}

TEST_F(SqliteStoreTest, StoresInMemoryAreTheirOwn) {
  const auto a = store::OpenSqliteStore(":memory:", {});
  const auto b = store::OpenSqliteStore(":memory:", {});
  ASSERT_TRUE(a.ok() && b.ok());
  Actor(**a).Add("c", 1);
  EXPECT_THAT(Actor(**b).Read({"c"}), ElementsAre(0));
  EXPECT_THAT((*a)->Describe().durability, HasSubstr("none"));
  EXPECT_THAT((*a)->Describe().warning, HasSubstr("it is lost"));
}

TEST_F(SqliteStoreTest, WhatWasAcknowledgedSurvivesAKill) {
  int acknowledged[2];
  ASSERT_EQ(pipe(acknowledged), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto store = store::OpenSqliteStore(path(), {});
    if (!store.ok()) _exit(1);
    Actor actor(**store);
    for (std::int64_t value = 1;; ++value) {
      if (actor.Add("c", 1).value != value) _exit(1);
      if (write(acknowledged[1], "x", 1) != 1) _exit(1);
    }
  }
  close(acknowledged[1]);
  std::int64_t count = 0;
  char byte = 0;
  while (count < 20 && read(acknowledged[0], &byte, 1) == 1) ++count;
  kill(child, SIGKILL);
  while (read(acknowledged[0], &byte, 1) == 1) ++count;
  close(acknowledged[0]);
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  const auto store = Open();
  const std::int64_t value = Actor(*store).Read({"c"})[0];
  EXPECT_GE(count, 20);
  EXPECT_GE(value, count);
  EXPECT_LE(value, count + 1);
}

// ---------------------------------------------------------------------------
// Faults of the disk

TEST_F(SqliteStoreTest, AFullDiskRefusesABatchAndHarmsNothing) {
  const auto store = Open();
  Actor actor(*store);
  actor.Add("c", 1);
  SetFileFault(FileFault::kDiskFull);
  for (int i = 0; i < 3; ++i) {
    Batch refused = WithAdd(actor.Plan(), 10);
    const BatchOutcome outcome = actor.TryRun(refused);
    EXPECT_EQ(outcome.kind, Kind::kRefused);
    EXPECT_EQ(ReasonOf(outcome.status), Reason::kStoreUnavailable);
    EXPECT_THAT(std::string(outcome.status.message()), HasSubstr("is full"));
  }
  SetFileFault(FileFault::kNone);
  Batch batch = WithAdd(actor.Plan(), 100);
  actor.Run(batch);
  EXPECT_EQ(batch.adds[0].value, 101);
}

TEST_F(SqliteStoreTest, ACommitThatCannotBeSyncedIsInDoubtAndThenResolved) {
  for (const FileFault fault : {FileFault::kSyncFails, FileFault::kWriteFails}) {
    std::int64_t expected = 0;
    std::int64_t value = 0;
    {
      const auto store = Open();
      Actor actor(*store);
      value = actor.Add("c", 1).value;
      const Batch planned = WithAdd(actor.Plan(), 10);
      Batch batch = planned;
      SetFileFault(fault);
      const BatchOutcome outcome = actor.TryRun(batch);
      EXPECT_EQ(outcome.kind, Kind::kInDoubt);
      EXPECT_FALSE(outcome.status.ok());

      // While the disk is broken, nothing can be said.
      Batch doubt = planned;
      doubt.kind = Batch::Kind::kResolveDoubt;
      const Kind meanwhile = actor.TryRun(doubt).kind;
      EXPECT_TRUE(meanwhile == Kind::kUnavailable || meanwhile == Kind::kInDoubt);

      SetFileFault(FileFault::kNone);
      doubt = planned;
      actor.Resolve(doubt);
      ASSERT_TRUE(doubt.resolution.found);
      EXPECT_FALSE(doubt.resolution.buried);
      const bool is_applied = doubt.resolution.last_batch == planned.number();
      if (is_applied) {
        EXPECT_EQ(doubt.adds[0].value, value + 10);
      }
      expected = value + (is_applied ? 10 : 0);
      EXPECT_THAT(actor.Read({"c"}), ElementsAre(expected));
    }
    const auto store = Open();
    EXPECT_THAT(Actor(*store).Read({"c"}), ElementsAre(expected));
  }
}

TEST_F(SqliteStoreTest, ADiskThatFailsAtTheStartMayBeTriedAgain) {
  Actor(*Open()).Heartbeat();
  SetFileFault(FileFault::kSyncFails);
  {
    // Ending the session before is a write.
    const auto store = store::OpenSqliteStore(path(), {});
    ASSERT_FALSE(store.ok());
    EXPECT_EQ(ReasonOf(store.status()), Reason::kStoreUnavailable);
  }
  SetFileFault(FileFault::kNone);
  EXPECT_NE(Open(), nullptr);
}

}  // namespace
}  // namespace mintmark::testing
