#include "tests/simulation/simulation.h"

#include <cstdio>
#include <cstdlib>

#include "gtest/gtest.h"

namespace mintmark::testing {
namespace {

constexpr int kOperations = 600;
constexpr std::uint64_t kFirstSeed = 1;

std::int64_t FromEnvironment(const char* name, std::int64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoll(value);
}

void ReplayWithTrace(std::uint64_t seed) {
  const SimulationResult result = Simulate(seed, kOperations, true);
  for (const std::string& line : result.trace) std::printf("  %s\n", line.c_str());
}

// MINTMARK_SIM_SEEDS says how many seeds, MINTMARK_SIM_SEED replays one of them.
TEST(SimulationTest, KeepsEveryPromiseUnderEverySeed) {
  const std::int64_t replay = FromEnvironment("MINTMARK_SIM_SEED", 0);
  const std::int64_t seeds = replay != 0 ? 1 : FromEnvironment("MINTMARK_SIM_SEEDS", 1000);
  const std::int64_t first = replay != 0 ? replay : static_cast<std::int64_t>(kFirstSeed);
  std::map<std::string, std::int64_t> counts;
  int failures = 0;
  for (std::int64_t seed = first; seed < first + seeds && failures < 5; ++seed) {
    const SimulationResult result = Simulate(static_cast<std::uint64_t>(seed), kOperations, false);
    for (const auto& [what, count] : result.counts) counts[what] += count;
    if (result.problems.empty()) continue;
    ++failures;
    for (const std::string& problem : result.problems) {
      ADD_FAILURE() << "seed " << seed << ": " << problem;
    }
    std::printf("Replay it: MINTMARK_SIM_SEED=%lld simulation_test\n",
                static_cast<long long>(seed));
    if (replay != 0) ReplayWithTrace(static_cast<std::uint64_t>(seed));
  }
  std::printf("%lld seeds\n", static_cast<long long>(seeds));
  for (const auto& [what, count] : counts) {
    std::printf("  %-36s %lld\n", what.c_str(), static_cast<long long>(count));
  }
  if (seeds < 100) return;  // Too few for every fault to have happened.
  for (const std::string& what : CountsThatMatter()) {
    EXPECT_GT(counts[what], 0) << "nothing of the kind `" << what << "` happened";
  }
}

TEST(SimulationTest, ASeedReplaysTheSameHistory) {
  const SimulationResult first = Simulate(7, kOperations, true);
  const SimulationResult second = Simulate(7, kOperations, true);
  EXPECT_EQ(first.trace, second.trace);
  EXPECT_EQ(first.counts, second.counts);
}

}  // namespace
}  // namespace mintmark::testing
