// Several servers, one model store and their clients in simulated time, with
// faults: everything follows from a seed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "tests/simulation/history.h"

namespace mintmark::testing {

struct SimulationResult {
  History history;
  std::vector<std::string> problems;           // What the checker found, and what never ended.
  std::map<std::string, std::int64_t> counts;  // Faults by kind, takeovers, doubts resolved, …
  std::vector<std::string> trace;              // The last events, when asked for.
};

// Runs at least `operations` operations and 5 faults over at least 3 servers.
SimulationResult Simulate(std::uint64_t seed, int operations, bool trace);

// The counts that have to be above zero over a run of many seeds.
const std::vector<std::string>& CountsThatMatter();

}  // namespace mintmark::testing
