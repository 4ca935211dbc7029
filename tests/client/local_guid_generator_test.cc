#include "client/local_guid_generator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/functional/function_ref.h"
#include "client/boot_now.h"
#include "src/core/reason.h"
#include "tests/client/fake_leases.h"

namespace mintmark::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

std::unique_ptr<Client> ClientOf(const FakeLeases& server) {
  ClientOptions options;
  options.addresses = {server.address()};
  options.retry.max_attempts = 1;
  return Client::Make(std::move(options)).value();
}

// Options with little patience, so that tests end soon.
LocalGuidOptions Impatient(milliseconds max_wait = milliseconds(20)) {
  LocalGuidOptions options;
  options.owner = "test";
  options.max_wait = max_wait;
  return options;
}

bool WaitUntil(absl::FunctionRef<bool()> condition) {
  const Time end = BootNow() + seconds(30);
  while (!condition()) {
    if (BootNow() >= end) return false;
    std::this_thread::sleep_for(milliseconds(2));
  }
  return true;
}

GuidFields Fields(const FakeLeases& server, std::int64_t guid) {
  const absl::StatusOr<GuidFields> fields = DecodeGuid(server.layout(), guid);
  EXPECT_TRUE(fields.ok()) << fields.status();
  return fields.value_or(GuidFields());
}

class LocalGuidGeneratorTest : public testing::Test {
 protected:
  void Start(Duration lease, const LocalGuidOptions& options = Impatient(),
             std::int64_t generators = 16) {
    server_ = std::make_unique<FakeLeases>(lease, generators);
    client_ = ClientOf(*server_);
    auto made = LocalGuidGenerator::Make(*client_, options);
    ASSERT_TRUE(made.ok()) << made.status();
    guids_ = *std::move(made);
  }

  GuidFields Next() {
    const absl::StatusOr<std::int64_t> guid = guids_->Next();
    EXPECT_TRUE(guid.ok()) << guid.status();
    return Fields(*server_, guid.value_or(-1));
  }

  std::unique_ptr<FakeLeases> server_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<LocalGuidGenerator> guids_;
};

TEST_F(LocalGuidGeneratorTest, RefusesOptionsThatMakeNoSense) {
  const FakeLeases server{seconds(60)};
  const auto client = ClientOf(server);
  LocalGuidOptions options;
  options.max_ahead = milliseconds(-1);
  EXPECT_EQ(LocalGuidGenerator::Make(*client, options).status().code(),
            absl::StatusCode::kInvalidArgument);
  options = {};
  options.call_timeout = milliseconds(0);
  EXPECT_EQ(LocalGuidGenerator::Make(*client, options).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server.acquisitions(), 0);
}

TEST_F(LocalGuidGeneratorTest, MakingOneFailsWithoutALease) {
  FakeLeases server{seconds(60)};
  server.FailWith(Reason::kGeneratorsExhausted);
  const auto client = ClientOf(server);
  EXPECT_EQ(ReasonOf(LocalGuidGenerator::Make(*client).status()), Reason::kGeneratorsExhausted);
}

TEST_F(LocalGuidGeneratorTest, MintsAtTheStoresTimeUnderItsGenerator) {
  Start(seconds(60));
  const std::int64_t before = server_->Now();
  std::int64_t last = -1;
  for (int i = 0; i < 10'000; ++i) {
    const std::int64_t guid = guids_->Next().value();
    ASSERT_GT(guid, last);
    last = guid;
    const GuidFields fields = Fields(*server_, guid);
    ASSERT_EQ(fields.generator, 0);
    ASSERT_GE(fields.time, before - 5'000);
    ASSERT_LE(fields.time, server_->Now() + 1'000);
  }
  EXPECT_EQ(server_->generators().at(0).owner, "test");
}

TEST_F(LocalGuidGeneratorTest, BatchesGrowAndLeaveNoTickOut) {
  Start(seconds(60));
  std::vector<std::int64_t> batch(300'000);
  ASSERT_TRUE(guids_->NextN(absl::MakeSpan(batch)).ok());
  for (std::size_t i = 1; i < batch.size(); ++i) {
    ASSERT_GE((batch[i] >> 12) - (batch[i - 1] >> 12), 1);
  }
  const std::int64_t ticks = (batch.back() >> 12) - (batch.front() >> 12) + 1;
  EXPECT_GE(ticks, 300'000);
  EXPECT_TRUE(guids_->NextN({}).ok());
}

TEST_F(LocalGuidGeneratorTest, NoTwoThreadsGetTheSameGuid) {
  Start(seconds(60));
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 50'000;
  std::vector<std::vector<std::int64_t>> parts(kThreads);
  std::vector<std::thread> threads;
  for (auto& part : parts) {
    threads.emplace_back([&] {
      part.resize(kEach);
      std::size_t i = 0;
      while (i < kEach / 2) part[i++] = guids_->Next().value();
      ASSERT_TRUE(guids_->NextN(absl::MakeSpan(part).subspan(i)).ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::int64_t> all;
  for (const auto& part : parts) {
    EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  EXPECT_EQ(all.size(), kThreads * kEach);
}

TEST_F(LocalGuidGeneratorTest, RenewsItsLeaseForAsLongAsItLives) {
  Start(milliseconds(600), Impatient(seconds(10)));
  const std::int64_t end = server_->Now() + 2'000;
  std::int64_t last = -1;
  while (server_->Now() < end) {
    const absl::StatusOr<std::int64_t> guid = guids_->Next();
    ASSERT_TRUE(guid.ok()) << guid.status();
    ASSERT_GT(*guid, last);
    last = *guid;
    ASSERT_LT(Fields(*server_, last).time, server_->generators().at(0).ceiling);
  }
  EXPECT_GE(server_->renewals(), 3);
  EXPECT_EQ(server_->acquisitions(), 1);
}

TEST_F(LocalGuidGeneratorTest, MintsNothingPastALeaseThatCannotBeRenewed) {
  Start(milliseconds(500));
  Next();
  server_->FailWith(Reason::kStoreUnavailable);
  absl::StatusOr<std::int64_t> guid;
  Time last;
  // Renewals before the failure may have prolonged it.
  ASSERT_TRUE(WaitUntil([&] {
    const Time now = BootNow();
    guid = guids_->Next();
    if (guid.ok()) last = now;
    return !guid.ok();
  }));
  EXPECT_EQ(ReasonOf(guid.status()), Reason::kStoreUnavailable) << guid.status();
  EXPECT_LT(last, server_->generators().at(0).lease_end);
  EXPECT_EQ(server_->acquisitions(), 1);

  server_->FailWith(std::nullopt);
  ASSERT_TRUE(WaitUntil([&] { return guids_->Next().ok(); }));
  EXPECT_EQ(server_->acquisitions(), 2);
}

TEST_F(LocalGuidGeneratorTest, ALeaseThatIsAnothersIsLeftAtOnce) {
  Start(seconds(3), Impatient(seconds(10)));
  const GuidFields first = Next();
  EXPECT_EQ(first.generator, 0);
  server_->FailRenewalsWith(Reason::kLeaseLost);
  ASSERT_TRUE(WaitUntil([&] { return server_->acquisitions() == 2; }));
  server_->FailRenewalsWith(std::nullopt);
  ASSERT_TRUE(WaitUntil([&] { return Next().generator == 1; }));
  EXPECT_FALSE(server_->generators().at(0).last_time.has_value()) << "Not its own to release.";
}

TEST_F(LocalGuidGeneratorTest, WaitsForANewLeaseInTheMeantime) {
  Start(milliseconds(400), Impatient(seconds(20)));
  Next();
  server_->FailWith(Reason::kStoreUnavailable);
  std::this_thread::sleep_for(milliseconds(600));
  std::thread back([&] {
    std::this_thread::sleep_for(milliseconds(100));
    server_->FailWith(std::nullopt);
  });
  Next();
  back.join();
  EXPECT_EQ(server_->acquisitions(), 2);
}

TEST_F(LocalGuidGeneratorTest, IsThrottledToWhatItsLayoutHas) {
  LocalGuidOptions options = Impatient(seconds(5));
  options.max_ahead = milliseconds(0);
  Start(seconds(60), options);
  std::vector<std::int64_t> batch(std::size_t{2'048} * 100);
  const Time start = BootNow();
  ASSERT_TRUE(guids_->NextN(absl::MakeSpan(batch)).ok());
  // A hundred milliseconds, of which the first and the last one hardly had to pass.
  EXPECT_GE(BootNow() - start, milliseconds(98));
  EXPECT_TRUE(std::is_sorted(batch.begin(), batch.end()));
  EXPECT_EQ(std::adjacent_find(batch.begin(), batch.end()), batch.end());
}

TEST_F(LocalGuidGeneratorTest, FailsWhenNotEnoughTimePasses) {
  LocalGuidOptions options = Impatient(milliseconds(0));
  options.max_ahead = milliseconds(10);
  Start(seconds(60), options);
  std::vector<std::int64_t> batch(std::size_t{2'048} * 10'000);
  EXPECT_EQ(ReasonOf(guids_->NextN(absl::MakeSpan(batch))), Reason::kOverloaded);
}

TEST_F(LocalGuidGeneratorTest, GivesBackWhatItHasInTheEnd) {
  Start(seconds(60));
  const GuidFields last = Next();
  guids_.reset();
  EXPECT_EQ(server_->generators().at(0).last_time, last.time);
  // Nothing was minted with the second one.
  guids_ = LocalGuidGenerator::Make(*client_, Impatient()).value();
  const auto generators = server_->generators();
  guids_.reset();
  for (const auto& [id, generator] : generators) {
    if (generator.token.empty()) continue;
    EXPECT_EQ(server_->generators().at(id).last_time, generator.start_time);
  }
  EXPECT_EQ(server_->acquisitions(), 2);
}

TEST_F(LocalGuidGeneratorTest, LeavesItsGeneratorWhenItsTenureIsOver) {
  LocalGuidOptions options = Impatient(seconds(10));
  options.max_tenure = milliseconds(1);
  Start(milliseconds(600), options);
  server_->MoveClock(std::chrono::hours(1));
  std::int64_t last = -1;
  ASSERT_TRUE(WaitUntil([&] {
    const std::int64_t guid = guids_->Next().value();
    EXPECT_GT(guid, last);
    last = guid;
    return server_->releases() >= 3;
  }));
  EXPECT_GE(Next().time, server_->Now() - 5'000) << "The store's time is noticed.";
  EXPECT_GE(server_->acquisitions(), 4);
  EXPECT_EQ(server_->renewals(), 0);
}

TEST_F(LocalGuidGeneratorTest, KeepsItsGeneratorWhenThereIsNoOther) {
  LocalGuidOptions options = Impatient(seconds(10));
  options.max_tenure = milliseconds(1);
  Start(milliseconds(600), options, /*generators=*/1);
  ASSERT_TRUE(WaitUntil([&] {
    EXPECT_EQ(Next().generator, 0);
    return server_->renewals() >= 4;
  }));
  EXPECT_EQ(server_->acquisitions(), 1);
}

TEST_F(LocalGuidGeneratorTest, AForkedChildCannotMint) {
  Start(seconds(60));
  Next();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const absl::Status status = guids_->Next().status();
    guids_.reset();
    _exit(status.code() == absl::StatusCode::kFailedPrecondition ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(server_->generators().at(0).last_time.has_value()) << "The lease is the parent's.";
  Next();
}

}  // namespace
}  // namespace mintmark::client
