// Judges a history against the promises of the service.
#pragma once

#include <string>
#include <vector>

#include "tests/simulation/history.h"

namespace mintmark::testing {

// One sentence for each promise that the history shows broken; empty when none.
//   unique: no id of one sequence generation in two replies
//   whole: a reply holds as many ids as it should, inside the sequence's limits
//   gaps: what was never issued stays within max_gap a shard a crash
//   strict order: a call that starts after another finished gets larger ids
//   exact counts: acknowledged increments are all in the value, each once
//   request ids: one result each
//   generations: nothing of an old one to a call that began after a reset returned
std::vector<std::string> Check(const History& history);

}  // namespace mintmark::testing
