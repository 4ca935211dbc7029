// What snowfall shows: GUIDs of 41, 11 and 12 bits, schema groups with an epoch and a
// probe, a manifest of 4,096 generator ids that are reserved, kept alive and taken
// over, and its limits.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "client/local_guid_generator.h"
#include "tests/e2e/wait.h"
#include "tests/seeds/seed_test.h"

namespace mintmark::seeds {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

// 2020-01-01T00:00:00Z, the default epoch.
constexpr std::int64_t kEpochMs = 1'577'836'800'000;

std::int64_t WallMs() {
  return std::chrono::system_clock::now().time_since_epoch() / milliseconds(1);
}

// An epoch, in protobuf's text form.
std::string Epoch(std::int64_t ms) {
  const std::int64_t nanos = (ms % 1'000 + 1'000) % 1'000 * 1'000'000;
  return absl::StrCat("epoch { seconds: ", (ms - nanos / 1'000'000) / 1'000, " nanos: ", nanos,
                      " } ");
}

class SnowfallTest : public SeedTest {
 protected:
  void Prepare() override {
    SeedTest::Prepare();
    impatient_ = e2e::Connect({&server()}, /*max_attempts=*/1);
  }

  // Tells each error at once.
  client::Client& impatient() { return *impatient_; }

  // `group` and what comes after it are in protobuf's text form.
  absl::Status CreateGroup(const std::string& group, const std::string& preset = "") {
    return client()
        .CreateGuidGroup(Parse<v1::CreateGuidGroupRequest>(
            absl::StrCat("group { ", group, " } preset: '", preset, "'")))
        .status();
  }

  absl::StatusOr<std::vector<std::int64_t>> Guids(const std::string& group, int n) {
    const auto response = impatient().NextGuid(
        Parse<v1::NextGuidRequest>(absl::StrCat("group: '", group, "' n: ", n)));
    if (!response.ok()) return response.status();
    return std::vector<std::int64_t>(response->guids().begin(), response->guids().end());
  }

  absl::StatusOr<v1::AcquireGeneratorResponse> Acquire(const std::string& group) {
    return impatient().AcquireGenerator(
        Parse<v1::AcquireGeneratorRequest>(absl::StrCat("group: '", group, "' owner: 'seed'")));
  }
  absl::StatusOr<v1::RenewGeneratorResponse> Renew(const std::string& group,
                                                   const v1::AcquireGeneratorResponse& lease) {
    v1::RenewGeneratorRequest request;
    request.set_group(group);
    request.set_generator_id(lease.generator_id());
    request.set_lease_token(lease.lease_token());
    request.set_time_ceiling(lease.time_ceiling());
    return client().RenewGenerator(request);
  }
  absl::Status Release(const std::string& group, const v1::AcquireGeneratorResponse& lease) {
    v1::ReleaseGeneratorRequest request;
    request.set_group(group);
    request.set_generator_id(lease.generator_id());
    request.set_lease_token(lease.lease_token());
    request.set_last_time(lease.start_time());
    return client().ReleaseGenerator(request).status();
  }

 private:
  std::unique_ptr<client::Client> impatient_;
};
INSTANTIATE_ON_STORES(SnowfallTest);

// >>> SimpleSyncer.create_schema_group(); id_generator = Snowfall()
// >>> id_generator.get_guid()
TEST_P(SnowfallTest, AGuidHas41BitsOfMillisecondsThen11OfACounterAnd12OfAGenerator) {
  const std::int64_t before_ms = WallMs() - kEpochMs;
  const auto guids = Guids("", 3'000);
  ASSERT_THAT(guids, IsOk());
  const std::int64_t after_ms = WallMs() - kEpochMs;
  std::int64_t last = -1;
  for (const std::int64_t guid : *guids) {
    EXPECT_GT(guid, last);
    last = guid;
    EXPECT_GE(guid >> 23, before_ms - 1);
    EXPECT_LE(guid >> 23, after_ms + 1'000);
    EXPECT_EQ(guid & 0xfff, 0) << "The first generator that was leased.";
  }
  v1::DecodeGuidRequest request;
  request.set_guid(last);
  const auto decoded = client().DecodeGuid(request);
  ASSERT_THAT(decoded, IsOk());
  EXPECT_EQ(decoded->generator_id(), last & 0xfff);
  EXPECT_EQ(decoded->counter(), (last >> 12) & 0x7ff);
  const std::int64_t time_ms =
      decoded->time().seconds() * 1'000 + decoded->time().nanos() / 1'000'000;
  EXPECT_EQ(time_ms, kEpochMs + (last >> 23));
}

// epoch_start_date=datetime(2020, 1, 1), liveliness_probe_s=10
TEST_P(SnowfallTest, AGroupHasAnEpochAndAProbeOfItsOwn) {
  const std::int64_t epoch_ms = WallMs() - 3'600'000;
  ASSERT_THAT(CreateGroup("name: 'example_schema_group' lease { seconds: 10 } " + Epoch(epoch_ms)),
              IsOk());
  const auto guids = Guids("example_schema_group", 1);
  ASSERT_THAT(guids, IsOk());
  EXPECT_NEAR(static_cast<double>(guids->front() >> 23), 3'600'000, 60'000);
  const auto lease = Acquire("example_schema_group");
  ASSERT_THAT(lease, IsOk());
  EXPECT_EQ(lease->lease().seconds(), 10);
}

TEST_P(SnowfallTest, AnEpochInTheFutureIsRefused) {
  EXPECT_THAT(CreateGroup("name: 'g' " + Epoch(WallMs() + 60'000)),
              FailsWith(Reason::kGroupInvalid, "future"));
  EXPECT_THAT(Guids("g", 1), FailsWith(Reason::kGroupNotFound));
}

TEST_P(SnowfallTest, AGroupIsCreatedOnlyOnce) {
  ASSERT_THAT(CreateGroup("name: 'g'"), IsOk());
  EXPECT_THAT(CreateGroup("name: 'g'"), FailsWith(Reason::kGroupAlreadyExists));
}

// "If all available generator_ids are reserved by active Snowfall instances, further
// attempts at instantiation would result in an OverflowError."
TEST_P(SnowfallTest, AfterAllOf4096GeneratorsTheNextIsRefusedUntilOneIsReleased) {
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
TEST_P(SnowfallTest, AGeneratorWhoseHolderWentSilentIsTakenOverAfterItsLease) {
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

TEST_P(SnowfallTest, AGeneratorIsReservedForAsLongAsItsHolderSaysThatItLives) {
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
TEST_P(SnowfallTest, NothingIsMintedPastALostLease) {
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

// "Snowfall throttles the issuing speed to ensure that no more than 2048 GUIDs are
// generated per ms."
TEST_P(SnowfallTest, AGeneratorGives2048GuidsAMillisecondAndNoneTwice) {
  constexpr std::int64_t kCount = 4'000'000;
  constexpr int kBatch = 100'000;
  ASSERT_THAT(CreateGroup("name: 'g' generator_id_max: 0"), IsOk());
  const auto start = Steady::now();
  std::int64_t last = -1;
  std::int64_t first_ms = -1;
  for (std::int64_t count = 0; count < kCount;) {
    const auto response =
        client().NextGuid(Parse<v1::NextGuidRequest>(absl::StrCat("group: 'g' n: ", kBatch)));
    ASSERT_THAT(response, IsOk());
    for (const std::int64_t guid : response->guids()) {
      ASSERT_GT(guid, last);
      last = guid;
    }
    if (first_ms < 0) first_ms = response->guids(0) >> 23;
    count += response->guids_size();
  }
  const auto elapsed = Steady::now() - start;
  EXPECT_GE((last >> 23) - first_ms, kCount / 2'048 - 1);
  // They may run a second ahead of time.
  EXPECT_GE(elapsed, milliseconds(kCount / 2'048 - 1 - 1'000));
}

// "The lifetime of the system is no more than 2^41ms (~70 years) from the epoch time
// set", in the layout of 63 bits; the seed's own needs the sign bit for the second
// half of it.
TEST_P(SnowfallTest, AGroupWhoseLifetimeIsOverIsRefused) {
  for (const auto& [preset, lifetime_ms] : {std::pair("twitter", std::int64_t{1} << 41),
                                            std::pair("snowfall", std::int64_t{1} << 40)}) {
    EXPECT_THAT(CreateGroup("name: 'over' " + Epoch(WallMs() - lifetime_ms), preset),
                FailsWith(Reason::kGroupLifetimeOver));
    ASSERT_THAT(CreateGroup(absl::StrCat("name: '", preset, "' ",
                                         Epoch(WallMs() - lifetime_ms + 3'600'000)),
                            preset),
                IsOk());
    EXPECT_THAT(Guids(preset, 1), IsOk());
  }
}

TEST_P(SnowfallTest, PastItsLifetimeAGroupGivesAnErrorInsteadOfRepeating) {
  const std::int64_t lifetime_ms = std::int64_t{1} << 41;
  ASSERT_THAT(CreateGroup("name: 'g' " + Epoch(WallMs() - lifetime_ms + 4'000), "twitter"), IsOk());
  client::LocalGuidOptions options;
  options.group = "g";
  const auto local = client::LocalGuidGenerator::Make(client(), options);
  ASSERT_THAT(local, IsOk());
  std::int64_t last = -1;
  absl::StatusOr<std::vector<std::int64_t>> guids;
  ASSERT_TRUE(e2e::WaitUntil([&] {
    guids = Guids("g", 10);
    if (guids.ok()) {
      EXPECT_GT(guids->front(), last);
      last = guids->back();
    }
    return !guids.ok();
  }));
  EXPECT_GT(last, 0);
  EXPECT_LT(last >> 22, lifetime_ms);
  EXPECT_THAT(guids, FailsWith(Reason::kGroupLifetimeOver));
  absl::StatusOr<std::int64_t> guid;
  ASSERT_TRUE(e2e::WaitUntil([&] {
    guid = (*local)->Next();
    return !guid.ok();
  }));
  EXPECT_THAT(guid, FailsWith(Reason::kGroupLifetimeOver));
  EXPECT_THAT(Acquire("g"), FailsWith(Reason::kGroupLifetimeOver));
}

using SnowfallProcessesTest = SnowfallTest;
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

// "The SimpleSyncer records the manifest in-memory, persistence to disk is not
// required for uniqueness."
TEST(SnowfallInMemoryTest, TheManifestMayBeKeptInMemory) {
  Mintmarkd server("sqlite::memory:");
  ASSERT_THAT(server.Start(), IsOk());
  const auto client = e2e::Connect({&server});
  const auto first = client->NextGuid(Parse<v1::NextGuidRequest>("n: 1000"));
  ASSERT_THAT(first, IsOk());
  const auto lease = client->AcquireGenerator({});
  ASSERT_THAT(lease, IsOk());
  EXPECT_NE(lease->generator_id(), first->guids(0) & 0xfff);
  // Another process starts with nothing, and later.
  server.Kill();
  ASSERT_THAT(server.Start(), IsOk());
  const auto second = client->NextGuid(Parse<v1::NextGuidRequest>("n: 1000"));
  ASSERT_THAT(second, IsOk());
  EXPECT_GT(second->guids(0), first->guids(999));
}

}  // namespace
}  // namespace mintmark::seeds
