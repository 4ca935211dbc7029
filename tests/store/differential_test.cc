// The same random batches on the model store and on another one: everything
// that comes back is the same, but for the numbers a store chooses. The model's
// clock shows what the other's showed.
// MINTMARK_DIFFERENTIAL_SEEDS=N runs N seeds; MINTMARK_DIFFERENTIAL_SEED=S only S.
#include <gmock/gmock.h>

#include <cstdlib>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "src/store/result_codec.h"
#include "src/store/sqlite/sqlite_store.h"
#include "tests/model_store/model_store.h"
#include "tests/store/batch_ids.h"
#include "tests/store/contract.h"
#include "tests/store/random_batches.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using engine::BatchOutcome;

constexpr int kSessions = 4;
constexpr int kSteps = 250;

std::int64_t Setting(const char* name, std::int64_t value) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return value;
  EXPECT_TRUE(absl::SimpleAtoi(text, &value)) << name;
  return value;
}

class Differential : public StoreContract {
 protected:
  struct Session {
    engine::SessionRow row;
    std::int64_t attention_seen = 0;
    std::unique_ptr<engine::StoreLane> model_lane;
    std::unique_ptr<engine::StoreLane> lane;
    std::vector<Batch> late;  // Planned, but never heard of again.
  };

  void RunSeed(std::uint64_t seed);

 private:
  // Runs a batch, in the model's numbers, on both stores, and compares. The
  // results are the model's.
  BatchOutcome::Kind RunOnBoth(Session& session, Batch& batch);
  void Compare(const Batch& model, const Batch& other);

  void Open(Session& session);
  void Step(Session& session);
  void RunLate(Session& session);
  void Resolve(Session& session, Batch planned, const Batch* committed);
  void PlanHousekeeping(Batch& batch);

  std::unique_ptr<ModelStore> model_;
  std::unique_ptr<RandomBatches> batches_;
  IdTranslation ids_;
  std::vector<Session> sessions_;
  std::int64_t key_rotation_ = 0;
};

template <typename Operation>
void CompareEach(const Batch& model, const Batch& other, std::vector<Operation> Batch::*member,
                 const char* name) {
  for (std::size_t i = 0; i < (model.*member).size(); ++i) {
    Batch a;
    Batch b;
    (a.*member).push_back((model.*member)[i]);
    (b.*member).push_back((other.*member)[i]);
    EXPECT_EQ(store::EncodeResults(a), store::EncodeResults(b)) << name << "[" << i << "]";
  }
}

std::string TextOf(const engine::GeneratorList& list) {
  std::string text = list.found ? "found" : "absent";
  for (const engine::GeneratorRow& row : list.rows) {
    absl::StrAppend(&text, "\n", row.id, ", epoch ", row.epoch, ", [", row.start_time, ", ",
                    row.ceiling, "), session ", row.session.value_or(0), ", until ",
                    row.lease_end_us, row.leased ? ", leased" : "", ", ", row.owner, row.token);
  }
  return text;
}

void CompareLists(const Batch& model, const Batch& other) {
  for (std::size_t i = 0; i < model.lists.size(); ++i) {
    const auto encoded = [i](const Batch& batch) {
      Batch list;
      for (const auto& row : batch.lists[i].sequences) list.opens.emplace_back().row = row;
      for (const auto& row : batch.lists[i].counters) list.counter_changes.emplace_back().row = row;
      for (const auto& row : batch.lists[i].groups) list.group_opens.emplace_back().row = row;
      return store::EncodeResults(list);
    };
    EXPECT_EQ(encoded(model), encoded(other)) << "lists[" << i << "]";
  }
  for (std::size_t i = 0; i < model.generator_lists.size(); ++i) {
    EXPECT_EQ(TextOf(model.generator_lists[i]), TextOf(other.generator_lists[i]))
        << "generator_lists[" << i << "]";
  }
}

void Differential::Compare(const Batch& model, const Batch& other) {
  Batch a = model;
  ids_.Translate(a);
  Batch b = other;
  ClearSessionTimes(a);
  ClearSessionTimes(b);
  EXPECT_EQ(a.resolution.found, b.resolution.found);
  EXPECT_EQ(a.resolution.buried, b.resolution.buried);
  EXPECT_EQ(a.resolution.epoch, b.resolution.epoch);
  EXPECT_EQ(a.resolution.last_batch, b.resolution.last_batch);
  CompareLists(a, b);
  if (store::EncodeResults(a) == store::EncodeResults(b)) return;
  CompareEach(a, b, &Batch::opens, "opens");
  CompareEach(a, b, &Batch::changes, "changes");
  CompareEach(a, b, &Batch::drains, "drains");
  CompareEach(a, b, &Batch::give_backs, "give_backs");
  CompareEach(a, b, &Batch::refills, "refills");
  CompareEach(a, b, &Batch::acquires, "acquires");
  CompareEach(a, b, &Batch::draws, "draws");
  CompareEach(a, b, &Batch::group_opens, "group_opens");
  CompareEach(a, b, &Batch::group_deletes, "group_deletes");
  CompareEach(a, b, &Batch::generator_releases, "generator_releases");
  CompareEach(a, b, &Batch::generator_extends, "generator_extends");
  CompareEach(a, b, &Batch::lease_renews, "lease_renews");
  CompareEach(a, b, &Batch::lease_releases, "lease_releases");
  CompareEach(a, b, &Batch::generator_acquires, "generator_acquires");
  CompareEach(a, b, &Batch::adds, "adds");
  CompareEach(a, b, &Batch::counter_changes, "counter_changes");
  CompareEach(a, b, &Batch::counter_reads, "counter_reads");
  Batch report_a;
  Batch report_b;
  report_a.report = a.report;
  report_b.report = b.report;
  EXPECT_EQ(store::EncodeResults(report_a), store::EncodeResults(report_b)) << "report";
}

BatchOutcome::Kind Differential::RunOnBoth(Session& session, Batch& batch) {
  Batch other = batch;
  ids_.Translate(other);
  const BatchOutcome outcome = session.lane->Run(other);
  if (batch.kind != Batch::Kind::kResolveDoubt && other.report.store_time_us != 0) {
    model_->SetTime(other.report.store_time_us);
  }
  const BatchOutcome expected = session.model_lane->Run(batch);
  EXPECT_EQ(static_cast<int>(expected.kind), static_cast<int>(outcome.kind)) << outcome.status;
  if (expected.kind == BatchOutcome::Kind::kApplied && !HasFailure()) {
    ids_.Learn(batch, other);
    Compare(batch, other);
  }
  return expected.kind;
}

void Differential::Open(Session& session) {
  session.model_lane = model_->MakeLane();
  session.lane = store().MakeLane();
  Batch batch;
  batch.kind = Batch::Kind::kOpenSession;
  batch.server = "a test";
  if (batches_->random().Chance(50)) batch.attention_seen = session.attention_seen;
  const std::int64_t before = session.row.id;
  ASSERT_EQ(RunOnBoth(session, batch), BatchOutcome::Kind::kApplied);
  session.row = batch.session;
  session.attention_seen = batch.report.attention_seen;
  session.late.clear();
  batches_->Replaced(before, session.row.id);
}

void Differential::PlanHousekeeping(Batch& batch) {
  Random& random = batches_->random();
  if (random.Chance(4)) {
    // As it is, or as it was a while ago.
    engine::SessionRow row =
        sessions_[static_cast<std::size_t>(random.Between(0, kSessions - 1))].row;
    if (random.Chance(30)) --row.last_batch;
    batch.bury.push_back(row);
  }
  if (random.Chance(3)) {
    test_store().PassTime(std::chrono::hours(5 * random.Between(1, 2)));
    batch.purge = random.Chance(50);
  }
  if (random.Chance(8)) {
    // What leases are measured in, and now and then backward.
    test_store().PassTime(std::chrono::seconds(random.Between(-30, 90)));
  }
  if (random.Chance(10)) batch.rotate_keys = key_rotation_ - (random.Chance(20) ? 1 : 0);
}

void Differential::Resolve(Session& session, Batch planned, const Batch* committed) {
  planned.kind = Batch::Kind::kResolveDoubt;
  ASSERT_EQ(RunOnBoth(session, planned), BatchOutcome::Kind::kApplied);
  if (!planned.resolution.found || planned.resolution.buried) {
    Open(session);
    return;
  }
  session.row.epoch = planned.resolution.epoch;
  session.row.last_batch = planned.resolution.last_batch;
  if (committed == nullptr) return;
  ASSERT_EQ(planned.resolution.last_batch, planned.number());
  EXPECT_EQ(store::EncodeResults(planned), store::EncodeResults(*committed));
}

void Differential::RunLate(Session& session) {
  for (Batch& late : session.late) {
    EXPECT_EQ(RunOnBoth(session, late), BatchOutcome::Kind::kFenced);
  }
  session.late.clear();
}

void Differential::Step(Session& session) {
  Random& random = batches_->random();
  Batch batch = batches_->Plan(session.row, session.attention_seen);
  PlanHousekeeping(batch);
  const Batch planned = batch;
  if (random.Chance(5)) {
    // It never arrives, and then it does, too late.
    batches_->NotApplied(batch);
    session.late.push_back(batch);
    Resolve(session, planned, nullptr);
    return;
  }
  const BatchOutcome::Kind outcome = RunOnBoth(session, batch);
  if (outcome == BatchOutcome::Kind::kFenced) {
    batches_->NotApplied(batch);
    Resolve(session, planned, nullptr);
    return;
  }
  ASSERT_EQ(outcome, BatchOutcome::Kind::kApplied);
  batches_->Applied(batch);
  key_rotation_ = batch.report.key_rotation;
  session.attention_seen = batch.report.attention_seen;
  if (random.Chance(10)) session.late.push_back(planned);
  if (random.Chance(10)) {
    Resolve(session, planned, &batch);
  } else {
    ++session.row.last_batch;
  }
  if (random.Chance(20)) RunLate(session);
}

void Differential::RunSeed(std::uint64_t seed) {
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  Start({});
  model_ = std::make_unique<ModelStore>(store::SystemTimeUs());
  batches_ = std::make_unique<RandomBatches>(seed);
  ids_ = {};
  key_rotation_ = 0;
  sessions_.clear();
  for (int i = 0; i < kSessions; ++i) Open(sessions_.emplace_back());
  for (int step = 0; step < kSteps && !HasFailure(); ++step) {
    SCOPED_TRACE(absl::StrCat("step ", step));
    Step(sessions_[static_cast<std::size_t>(batches_->random().Between(0, kSessions - 1))]);
  }
  sessions_.clear();
}

TEST_P(Differential, TheModelAndEveryStoreAgree) {
  const std::int64_t only = Setting("MINTMARK_DIFFERENTIAL_SEED", 0);
  if (only != 0) {
    RunSeed(static_cast<std::uint64_t>(only));
    return;
  }
  const std::int64_t seeds = Setting("MINTMARK_DIFFERENTIAL_SEEDS", 3);
  for (std::int64_t seed = 1; seed <= seeds && !HasFailure(); ++seed) {
    RunSeed(static_cast<std::uint64_t>(seed));
  }
}

MINTMARK_TEST_ON_EVERY_STORE(Differential);

}  // namespace
}  // namespace mintmark::testing
