// The rules of minting under a lease, at moments that the test chooses.
#include "client/local_mint.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace mintmark::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Outcome = LocalMint::Run::Outcome;

constexpr std::int64_t kTicksPerMs = 2'048;

Time At(milliseconds moment) { return Time(seconds(1'000) + moment); }

// From moment 0 on, at time 5,000 of a layout of 2,048 ticks a millisecond, for 60 s.
GeneratorLease Lease(std::int64_t generator_id = 7) {
  GeneratorLease lease;
  lease.generator_id = generator_id;
  lease.start_time = 5'000;
  lease.ceiling = 65'000;
  lease.answered_at = At(milliseconds(0));
  lease.end = At(seconds(60));
  return lease;
}

LocalMint Holding(const GeneratorLease& lease, milliseconds max_ahead = milliseconds(1'000)) {
  LocalMint mint(max_ahead);
  mint.Adopt(lease);
  return mint;
}

// Takes one tick, and returns its time and counter as a tick.
std::int64_t TakeOne(LocalMint& mint, milliseconds moment) {
  const LocalMint::Run run = mint.Take(1, At(moment));
  EXPECT_EQ(run.outcome, Outcome::kTaken);
  EXPECT_EQ(run.count, 1);
  return run.first_tick;
}

constexpr std::int64_t Tick(std::int64_t time, std::int64_t counter) {
  return time * kTicksPerMs + counter;
}

TEST(LocalMintTest, MintsNothingWithoutALease) {
  LocalMint mint(seconds(1));
  EXPECT_EQ(mint.Take(1, At(milliseconds(0))).outcome, Outcome::kNoLease);
  mint.Adopt(Lease());
  mint.Drop();
  EXPECT_EQ(mint.Take(1, At(milliseconds(0))).outcome, Outcome::kNoLease);
  EXPECT_FALSE(mint.HoldsLease(At(milliseconds(0))));
}

TEST(LocalMintTest, TimeIsThatOfTheLeasePlusWhatHasPassed) {
  LocalMint mint = Holding(Lease());
  EXPECT_EQ(TakeOne(mint, milliseconds(0)), Tick(5'000, 0));
  EXPECT_EQ(TakeOne(mint, milliseconds(0)), Tick(5'000, 1));
  EXPECT_EQ(TakeOne(mint, milliseconds(3)), Tick(5'003, 0));
  EXPECT_EQ(TakeOne(mint, milliseconds(59'999)), Tick(64'999, 0));
}

TEST(LocalMintTest, AMomentThatWasReadEarlierDoesNotTurnTimeBack) {
  LocalMint mint = Holding(Lease());
  EXPECT_EQ(TakeOne(mint, milliseconds(10)), Tick(5'010, 0));
  EXPECT_EQ(TakeOne(mint, milliseconds(8)), Tick(5'010, 1));
  EXPECT_EQ(TakeOne(mint, milliseconds(-4)), Tick(5'010, 2));
}

TEST(LocalMintTest, ARunGoesOnWhereTheOneBeforeEnded) {
  LocalMint mint = Holding(Lease());
  const LocalMint::Run run = mint.Take(5'000, At(milliseconds(1)));
  EXPECT_EQ(run.first_tick, Tick(5'001, 0));
  EXPECT_EQ(run.count, 5'000);
  EXPECT_EQ(TakeOne(mint, milliseconds(1)), Tick(5'001, 5'000));
  EXPECT_EQ(mint.LastTime(), 5'003);
}

TEST(LocalMintTest, RunsAheadByMaxAheadAndNoMore) {
  LocalMint mint = Holding(Lease(), milliseconds(2));
  EXPECT_EQ(mint.Take(1'000'000, At(milliseconds(0))).count, 3 * kTicksPerMs);
  const LocalMint::Run run = mint.Take(1, At(milliseconds(0)));
  EXPECT_EQ(run.outcome, Outcome::kAhead);
  EXPECT_EQ(run.wait, milliseconds(1));
  EXPECT_EQ(mint.Take(1'000'000, At(milliseconds(1))).count, kTicksPerMs);
}

TEST(LocalMintTest, SaysHowLongToWaitToTheNanosecond) {
  LocalMint mint = Holding(Lease(), milliseconds(0));
  EXPECT_EQ(mint.Take(kTicksPerMs, At(milliseconds(4))).count, kTicksPerMs);
  const Time later = At(milliseconds(4)) + std::chrono::nanoseconds(999'999);
  EXPECT_EQ(mint.Take(1, later).wait, std::chrono::nanoseconds(1));
  EXPECT_EQ(mint.Take(1, later + std::chrono::nanoseconds(1)).first_tick, Tick(5'005, 0));
}

TEST(LocalMintTest, StaysBelowTheCeiling) {
  GeneratorLease lease = Lease();
  lease.ceiling = 5'002;
  LocalMint mint = Holding(lease);
  EXPECT_EQ(mint.Take(1'000'000, At(milliseconds(0))).count, 2 * kTicksPerMs);
  for (const milliseconds moment : {milliseconds(0), milliseconds(1), milliseconds(30'000)}) {
    const LocalMint::Run run = mint.Take(1, At(moment));
    EXPECT_EQ(run.outcome, Outcome::kAhead);
    EXPECT_GT(run.wait, Duration::zero());
  }
  mint.Prolong(5'003, At(seconds(60)));
  EXPECT_EQ(mint.Take(1'000'000, At(milliseconds(0))).count, kTicksPerMs);
}

TEST(LocalMintTest, MintsNothingFromTheEndOfTheLeaseOn) {
  GeneratorLease lease = Lease();
  lease.ceiling = 1'000'000;
  LocalMint mint = Holding(lease);
  TakeOne(mint, milliseconds(59'999));
  EXPECT_EQ(mint.Take(1, At(seconds(60))).outcome, Outcome::kNoLease);
  EXPECT_EQ(mint.Take(1, At(seconds(3'600))).outcome, Outcome::kNoLease);
  mint.Prolong(1'000'000, At(seconds(90)));
  EXPECT_EQ(TakeOne(mint, milliseconds(89'999)), Tick(94'999, 0));
}

TEST(LocalMintTest, ALateAnswerDoesNotShortenALease) {
  LocalMint mint = Holding(Lease());
  mint.Prolong(10, At(seconds(1)));
  EXPECT_EQ(TakeOne(mint, milliseconds(59'999)), Tick(64'999, 0));
}

TEST(LocalMintTest, TellsWhatWasUsed) {
  LocalMint mint = Holding(Lease());
  EXPECT_EQ(mint.LastTime(), 5'000);
  TakeOne(mint, milliseconds(20));
  EXPECT_EQ(mint.LastTime(), 5'020);
  mint.Take(kTicksPerMs - 1, At(milliseconds(20)));
  EXPECT_EQ(mint.LastTime(), 5'020);
  TakeOne(mint, milliseconds(20));
  EXPECT_EQ(mint.LastTime(), 5'021);
}

TEST(LocalMintTest, GoesOnGrowingUnderAnotherLease) {
  LocalMint mint = Holding(Lease());
  mint.Take(3 * kTicksPerMs + 5, At(milliseconds(0)));  // Up to time 5,003.
  GeneratorLease next = Lease(3);
  next.start_time = 5'001;
  mint.Adopt(next);
  EXPECT_EQ(mint.LastTime(), 5'003) << "Not above what is told at its release.";
  EXPECT_EQ(TakeOne(mint, milliseconds(0)), Tick(5'004, 0));
  next.start_time = 6'000;
  mint.Adopt(next);
  EXPECT_EQ(TakeOne(mint, milliseconds(0)), Tick(6'000, 0));
}

TEST(LocalMintTest, StartsWithTheNewLeaseWhereTheOldOneWasTooFarAhead) {
  LocalMint mint = Holding(Lease(), milliseconds(1'000));
  TakeOne(mint, milliseconds(2'000));  // Time 7,000.
  GeneratorLease next = Lease(3);
  next.start_time = 6'001;
  mint.Adopt(next);
  EXPECT_EQ(TakeOne(mint, milliseconds(0)), Tick(7'001, 0));
  next.start_time = 6'000;
  mint.Adopt(next);
  EXPECT_EQ(TakeOne(mint, milliseconds(0)), Tick(6'000, 0));
  next.start_time = 5'900;
  next.ceiling = 6'000;
  mint.Adopt(next);
  EXPECT_EQ(TakeOne(mint, milliseconds(0)), Tick(5'900, 0)) << "Never from the ceiling on.";
}

TEST(LocalMintTest, AGroupOfAnotherLayoutStartsWithItsLease) {
  LocalMint mint = Holding(Lease());
  TakeOne(mint, milliseconds(500));
  GeneratorLease next = Lease();
  next.layout.epoch_us = 1'000;
  mint.Adopt(next);
  EXPECT_EQ(TakeOne(mint, milliseconds(0)), Tick(5'000, 0));
}

TEST(LocalMintTest, CountsInTheUnitsOfItsLayout) {
  GeneratorLease lease = Lease();
  lease.layout.unit_us = 10'000;
  lease.layout.counter_bits = 8;
  LocalMint mint = Holding(lease, milliseconds(25));  // Two units.
  EXPECT_EQ(TakeOne(mint, milliseconds(9)), 5'000 * 256);
  EXPECT_EQ(TakeOne(mint, milliseconds(10)), 5'001 * 256);
  EXPECT_EQ(mint.Take(10'000, At(milliseconds(10))).count, 3 * 256 - 1);
  EXPECT_EQ(mint.Take(1, At(milliseconds(12))).wait, milliseconds(8));
}

TEST(LocalMintTest, EndsWithItsLayout) {
  GeneratorLease lease = Lease();
  lease.layout.time_bits = 13;  // Up to 8,191.
  lease.ceiling = lease.layout.end_time();
  LocalMint mint = Holding(lease);
  TakeOne(mint, milliseconds(3'191));
  EXPECT_EQ(mint.Take(1'000'000, At(milliseconds(3'191))).count, kTicksPerMs - 1);
  EXPECT_EQ(mint.Take(1, At(milliseconds(3'191))).outcome, Outcome::kLifetimeOver);
  EXPECT_EQ(mint.Take(1, At(milliseconds(3'192))).outcome, Outcome::kLifetimeOver);
}

TEST(LocalMintTest, ALayoutOf63BitsOfTimeAndCounterEndsToo) {
  GeneratorLease lease = Lease();
  lease.layout.time_bits = 20;
  lease.layout.counter_bits = 43;
  lease.layout.generator_bits = 0;
  lease.start_time = (1 << 20) - 1;
  lease.ceiling = 1 << 20;
  LocalMint mint = Holding(lease);
  EXPECT_GT(mint.Take(INT64_MAX, At(milliseconds(0))).count, std::int64_t{1} << 42);
  EXPECT_EQ(mint.Take(1, At(milliseconds(0))).outcome, Outcome::kLifetimeOver);
}

}  // namespace
}  // namespace mintmark::client
