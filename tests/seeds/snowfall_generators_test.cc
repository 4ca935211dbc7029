// What snowfall shows of its generators: a manifest of 4,096 ids that are reserved,
// kept alive, and taken over from those that went silent.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/local_guid_generator.h"
#include "tests/e2e/wait.h"
#include "tests/seeds/snowfall_test.h"

namespace mintmark::seeds {
namespace {

class SnowfallGeneratorsTest : public SnowfallTest {};
INSTANTIATE_ON_STORES(SnowfallGeneratorsTest);

// "If all available generator_ids are reserved by active Snowfall instances, further
// attempts at instantiation would result in an OverflowError."
TEST_P(SnowfallGeneratorsTest, AfterAllOf4096GeneratorsTheNextIsRefusedUntilOneIsReleased) {
  constexpr int kGenerators = 4'096;
  ASSERT_THAT(CreateGroup("name: 'g' lease { seconds: 3600 }"), IsOk());
  std::mutex mutex;
  std::vector<v1::AcquireGeneratorResponse> leases;
  std::atomic<int> left = kGenerators;
  std::vector<std::thread> threads;
  for (int i = 0; i < 32; ++i) {
    threads.emplace_back([&] {
      while (left.fetch_sub(1) > 0) {
        const auto lease = Acquire("g");
        const std::lock_guard<std::mutex> lock(mutex);
        EXPECT_THAT(lease, IsOk());
        if (lease.ok()) leases.push_back(*lease);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::set<std::int64_t> ids;
  for (const v1::AcquireGeneratorResponse& lease : leases) ids.insert(lease.generator_id());
  ASSERT_EQ(ids.size(), kGenerators);
  EXPECT_EQ(*ids.begin(), 0);
  EXPECT_EQ(*ids.rbegin(), kGenerators - 1);

  EXPECT_THAT(Acquire("g"), FailsWith(Reason::kGeneratorsExhausted));
  EXPECT_THAT(Guids("g", 1), FailsWith(Reason::kGeneratorsExhausted));
  const v1::AcquireGeneratorResponse& released = leases[1'234];
  ASSERT_THAT(Release("g", released), IsOk());
  const auto again = Acquire("g");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->generator_id(), released.generator_id());
  EXPECT_GT(again->start_time(), released.start_time());
  EXPECT_THAT(Acquire("g"), FailsWith(Reason::kGeneratorsExhausted));
}

// "released when the last liveliness update was more than a set amount of time ago":
// not before, and without a cleanup job.
TEST_P(SnowfallGeneratorsTest, AGeneratorWhoseHolderWentSilentIsTakenOverAfterItsLease) {
  ASSERT_THAT(CreateGroup("name: 'g' lease { seconds: 1 } generator_id_max: 0"), IsOk());
  const auto asked_at = Steady::now();
  const auto silent = Acquire("g");
  ASSERT_THAT(silent, IsOk());
  absl::StatusOr<v1::AcquireGeneratorResponse> taken;
  ASSERT_TRUE(e2e::WaitUntil([&] {
    taken = Acquire("g");
    if (!taken.ok()) {
      EXPECT_THAT(taken, FailsWith(Reason::kGeneratorsExhausted));
    }
    return taken.ok();
  }));
  EXPECT_GE(Steady::now() - asked_at, seconds(1));
  EXPECT_EQ(taken->generator_id(), silent->generator_id());
  EXPECT_GE(taken->start_time(), silent->time_ceiling()) << "Above all that was used.";
  EXPECT_THAT(Renew("g", *silent), FailsWith(Reason::kLeaseLost));
  EXPECT_THAT(Release("g", *silent), FailsWith(Reason::kLeaseLost));
  EXPECT_THAT(Renew("g", *taken), IsOk());
}

TEST_P(SnowfallGeneratorsTest, AGeneratorIsReservedForAsLongAsItsHolderSaysThatItLives) {
  ASSERT_THAT(CreateGroup("name: 'g' lease { seconds: 2 } generator_id_max: 0"), IsOk());
  const auto lease = Acquire("g");
  ASSERT_THAT(lease, IsOk());
  const auto end = Steady::now() + seconds(5);
  while (Steady::now() < end) {
    ASSERT_THAT(Renew("g", *lease), IsOk());
    ASSERT_THAT(Acquire("g"), FailsWith(Reason::kGeneratorsExhausted));
    std::this_thread::sleep_for(milliseconds(100));
  }
}

// Where the seed's syncer takes a new id, the generator goes on with the old one.
TEST_P(SnowfallGeneratorsTest, NothingIsMintedPastALostLease) {
  ASSERT_THAT(CreateGroup("name: 'g' lease { seconds: 1 } generator_id_max: 0"), IsOk());
  client::LocalGuidOptions options;
  options.group = "g";
  options.max_wait = milliseconds(0);
  const auto guids = client::LocalGuidGenerator::Make(client(), options);
  ASSERT_THAT(guids, IsOk());
  ASSERT_THAT((*guids)->Next(), IsOk());
  server().Pause();
  const auto paused_at = Steady::now();
  std::int64_t last = -1;
  auto last_at = paused_at;
  const bool stopped = e2e::WaitUntil([&] {
    const auto now = Steady::now();
    const absl::StatusOr<std::int64_t> guid = (*guids)->Next();
    if (guid.ok()) {
      EXPECT_GT(*guid, last);
      last = *guid;
      last_at = now;
    }
    return !guid.ok();
  });
  EXPECT_TRUE(stopped);
  EXPECT_GT(last, 0) << "The lease was good for a while.";
  EXPECT_LT(last_at - paused_at, seconds(1));
  server().Resume();
  absl::StatusOr<std::int64_t> guid;
  EXPECT_TRUE(e2e::WaitUntil([&] {
    guid = (*guids)->Next();
    return guid.ok();
  }));
  EXPECT_GT(guid.value_or(-1), last);
}

class SnowfallProcessesTest : public SnowfallTest {};
INSTANTIATE_ON_SHARED_STORES(SnowfallProcessesTest);

// "multiple Snowfall instances generating concurrently across multiple processes"
TEST_P(SnowfallProcessesTest, ServersMintUnderGeneratorsOfTheirOwn) {
  const auto other = e2e::Connect({&StartServer()});
  std::set<std::int64_t> all;
  std::set<std::int64_t> generators_here;
  std::set<std::int64_t> generators_there;
  for (int i = 0; i < 20; ++i) {
    const auto here = client().NextGuid(Parse<v1::NextGuidRequest>("n: 500"));
    const auto there = other->NextGuid(Parse<v1::NextGuidRequest>("n: 500"));
    ASSERT_THAT(here, IsOk());
    ASSERT_THAT(there, IsOk());
    for (const std::int64_t guid : here->guids()) generators_here.insert(guid & 0xfff);
    for (const std::int64_t guid : there->guids()) generators_there.insert(guid & 0xfff);
    all.insert(here->guids().begin(), here->guids().end());
    all.insert(there->guids().begin(), there->guids().end());
  }
  EXPECT_EQ(all.size(), 20'000U);
  for (const std::int64_t id : generators_here) EXPECT_EQ(generators_there.count(id), 0U);
}

TEST_P(SnowfallProcessesTest, AHolderThatIsCutOffStopsBeforeAnotherMints) {
  ASSERT_THAT(CreateGroup("name: 'g' lease { seconds: 1 } generator_id_max: 0"), IsOk());
  const auto other = e2e::Connect({&StartServer()});
  client::LocalGuidOptions options;
  options.group = "g";
  options.max_wait = milliseconds(0);
  const auto cut_off = client::LocalGuidGenerator::Make(client(), options);
  ASSERT_THAT(cut_off, IsOk());
  server().Pause();
  absl::StatusOr<std::unique_ptr<client::LocalGuidGenerator>> taken;
  std::int64_t last = -1;
  ASSERT_TRUE(e2e::WaitUntil([&] {
    const absl::StatusOr<std::int64_t> guid = (*cut_off)->Next();
    if (guid.ok()) last = *guid;
    taken = client::LocalGuidGenerator::Make(*other, options);
    return taken.ok();
  }));
  EXPECT_FALSE((*cut_off)->Next().ok());
  const absl::StatusOr<std::int64_t> guid = (*taken)->Next();
  ASSERT_THAT(guid, IsOk());
  EXPECT_EQ(*guid & 0xfff, 0) << "The same generator.";
  EXPECT_GT(*guid, last);
  server().Resume();
}

}  // namespace
}  // namespace mintmark::seeds
