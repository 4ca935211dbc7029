// Lanes that meet at the same groups and generators.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/postgres/postgres_test.h"
#include "tests/store/actor.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using engine::GeneratorAcquire;
using Acquired = engine::GeneratorAcquire::Result;

constexpr StoreTimeUs kYearUs = StoreTimeUs{366} * 24 * 3600 * 1'000'000;

class GroupLocksTest : public PostgresTest {
 protected:
  void SetUp() override {
    PostgresTest::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    database_ = std::make_unique<ScratchDatabase>(MaintenanceUrl());
    store_ = Open(database_->url());
    ASSERT_NE(store_, nullptr);
  }

  // Waits until `lanes` lanes wait for a lock.
  static void WaitForLocks(Session& session, int lanes) {
    WaitUntil(session, absl::StrCat("SELECT count(*) = ", lanes,
                                    " FROM pg_stat_activity WHERE datname = current_database()"
                                    " AND application_name = 'mintmarkd'"
                                    " AND wait_event_type = 'Lock'"));
  }

  static engine::GroupSettings Generators(std::int64_t count) {
    engine::GroupSettings settings = Milliseconds();
    settings.generator_max = count - 1;
    return settings;
  }

  std::unique_ptr<ScratchDatabase> database_;
  std::unique_ptr<engine::Store> store_;
};

// The lease is over by the time of whoever takes over, and was not by the time of
// the renewal that got the lock first.
TEST_F(GroupLocksTest, ATakeoverStartsAboveWhatARenewalInFlightRaised) {
  Actor client(*store_);
  Actor taker(*store_);
  engine::GroupSettings settings = Generators(1);
  settings.lease_us = 1'000'000;
  client.CreateGroup("g", settings);
  Session other(database_->url());
  const GeneratorAcquire leased = client.AcquireGenerator("g", "secret");
  other.Run("BEGIN; SELECT 1 FROM mintmark.guid_groups FOR UPDATE");
  Batch renewal = client.Plan();
  renewal.lease_renews.push_back(RenewOf(leased, INT64_MAX));
  std::thread renewing([&] { client.Run(renewal); });
  WaitForLocks(other, 1);
  other.Run("SELECT pg_sleep(1.1)");
  Batch takeover = taker.Plan();
  takeover.generator_acquires.push_back({.group = "g", .max_ahead_us = kYearUs});
  std::thread taking([&] { taker.Run(takeover); });
  WaitForLocks(other, 2);
  other.Run("COMMIT");
  renewing.join();
  taking.join();

  const engine::LeaseRenew& renewed = renewal.lease_renews[0];
  ASSERT_EQ(renewed.result, engine::LeaseRenew::Result::kRenewed);
  EXPECT_GT(renewed.new_ceiling, leased.ceiling);
  const GeneratorAcquire& taken = takeover.generator_acquires[0];
  ASSERT_EQ(taken.result, Acquired::kAcquired);
  EXPECT_TRUE(taken.taken_over);
  EXPECT_GE(taken.start_time, renewed.new_ceiling);
}

// What was absent when the group was to be locked is there when it is looked at.
TEST_F(GroupLocksTest, LanesThatCreateOneGroupMakeOne) {
  constexpr std::size_t kLanes = 4;
  std::vector<std::unique_ptr<Actor>> actors;
  for (std::size_t i = 0; i < kLanes; ++i) actors.push_back(std::make_unique<Actor>(*store_));
  for (int round = 0; round < 25; ++round) {
    std::vector<Batch> batches;
    for (const auto& actor : actors) {
      Batch& batch = batches.emplace_back(actor->Plan());
      for (const char* const name : {"a", "b"}) {
        const std::string group = absl::StrCat(name, round);
        batch.group_opens.push_back({.name = group, .create_as = Milliseconds()});
        batch.generator_acquires.push_back({.group = group});
      }
    }
    // The last one does not create: it finds the groups, or does not.
    batches.back().group_opens.clear();
    std::vector<std::thread> running;
    for (std::size_t i = 0; i < kLanes; ++i) {
      running.emplace_back([&, i] { actors[i]->Run(batches[i]); });
    }
    for (std::thread& thread : running) thread.join();
    for (std::size_t group = 0; group < 2; ++group) {
      int created = 0;
      std::set<std::int64_t> ids;
      for (const Batch& batch : batches) {
        if (!batch.group_opens.empty() &&
            batch.group_opens[group].result == engine::GroupOpen::Result::kCreated) {
          ++created;
        }
        const GeneratorAcquire& acquired = batch.generator_acquires[group];
        if (acquired.result == Acquired::kStale) continue;
        ASSERT_EQ(acquired.result, Acquired::kAcquired);
        EXPECT_TRUE(ids.insert(acquired.id).second);
      }
      EXPECT_EQ(created, 1);
      EXPECT_GE(ids.size(), kLanes - 1);
    }
  }
}

TEST_F(GroupLocksTest, TwinsOnTwoLanesShareALease) {
  Actor first(*store_);
  Actor second(*store_);
  first.CreateGroup("g");
  Session other(database_->url());
  other.Run("BEGIN; SELECT 1 FROM mintmark.guid_groups FOR UPDATE");
  Batch ours = first.Plan();
  Batch theirs = second.Plan();
  ours.generator_acquires.push_back({.group = "g", .token = "a", .keys = {AcquireKey("twin")}});
  theirs.generator_acquires.push_back({.group = "g", .token = "b", .keys = {AcquireKey("twin")}});
  std::thread first_running([&] { first.Run(ours); });
  std::thread second_running([&] { second.Run(theirs); });
  WaitForLocks(other, 2);
  other.Run("COMMIT");
  first_running.join();
  second_running.join();
  const GeneratorAcquire& a = ours.generator_acquires[0];
  const GeneratorAcquire& b = theirs.generator_acquires[0];
  EXPECT_EQ(std::min(a.result, b.result), Acquired::kAcquired);
  EXPECT_EQ(std::max(a.result, b.result), Acquired::kKeySeen);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.held_token, b.held_token);
}

TEST_F(GroupLocksTest, LanesNeverUseATimeOfAGeneratorTwice) {
  constexpr std::size_t kLanes = 3;
  constexpr int kRounds = 40;
  struct Use {
    std::string group;
    std::int64_t id = 0;
    std::int64_t first = 0;
    std::int64_t limit = 0;
  };
  std::vector<std::unique_ptr<Actor>> actors;
  for (std::size_t i = 0; i < kLanes; ++i) actors.push_back(std::make_unique<Actor>(*store_));
  for (const char* const name : {"g", "h"}) actors[0]->CreateGroup(name, Generators(2));
  std::vector<std::vector<Use>> uses(kLanes);
  const auto work = [&](std::size_t lane) {
    Actor& actor = *actors[lane];
    for (int round = 0; round < kRounds; ++round) {
      Batch batch = actor.Plan();
      for (const char* const name : {"g", "h"}) {
        batch.generator_acquires.push_back({.group = name, .max_ahead_us = kYearUs});
      }
      actor.Run(batch);
      Batch release = actor.Plan();
      for (const GeneratorAcquire& acquired : batch.generator_acquires) {
        if (acquired.result != Acquired::kAcquired) continue;
        const std::int64_t limit = acquired.start_time + 1 + round % 5;
        uses[lane].push_back({acquired.group, acquired.id, acquired.start_time, limit});
        release.generator_releases.push_back(ReleaseOf(acquired, actor.session(), limit));
      }
      actor.Run(release);
    }
  };
  std::vector<std::thread> running;
  for (std::size_t lane = 0; lane < kLanes; ++lane) running.emplace_back(work, lane);
  for (std::thread& thread : running) thread.join();

  std::vector<Use> all;
  for (const auto& some : uses) all.insert(all.end(), some.begin(), some.end());
  EXPECT_GE(all.size(), 2U * kRounds);
  std::sort(all.begin(), all.end(), [](const Use& a, const Use& b) {
    return std::tie(a.group, a.id, a.first) < std::tie(b.group, b.id, b.first);
  });
  for (std::size_t i = 1; i < all.size(); ++i) {
    if (all[i - 1].group != all[i].group || all[i - 1].id != all[i].id) continue;
    ASSERT_LE(all[i - 1].limit, all[i].first) << all[i].group << " " << all[i].id;
  }
}

}  // namespace
}  // namespace mintmark::testing
