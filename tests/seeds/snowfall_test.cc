// What snowfall shows of its GUIDs: 41, 11 and 12 bits, schema groups with an epoch,
// and its limits. Its manifest of generators is in snowfall_generators_test.cc.
#include "tests/seeds/snowfall_test.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "client/local_guid_generator.h"
#include "tests/e2e/wait.h"

namespace mintmark::seeds {
namespace {

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
