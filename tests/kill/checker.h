// Judges what clients saw against what the service promises.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/kill/history.h"

namespace mintmark::kill {

// What a sequence came to.
struct SequenceTally {
  std::string name;
  std::int64_t calls = 0;        // Answered; tries of one request_id count as one.
  std::int64_t replays = 0;      // Answers that repeated an earlier one.
  std::int64_t ids = 0;          // In replies.
  std::int64_t unknown = 0;      // Tries without a request_id whose answer was lost, and
  std::int64_t unknown_ids = 0;  // the ids that they may hold.
  std::int64_t missing = 0;      // Ids in no reply.
  std::int64_t allowed = 0;      // The most that may be missing.
};

// What a counter came to.
struct CounterTally {
  std::string name;
  std::int64_t calls = 0;
  std::int64_t replays = 0;
  std::int64_t acknowledged = 0;  // Sums of deltas.
  std::int64_t unknown = 0;
  std::int64_t value = 0;
};

struct Verdict {
  std::vector<SequenceTally> sequences;
  std::vector<CounterTally> counters;
  // One sentence for each promise that the history shows broken; a few of a kind
  // at most. Empty when all were kept.
  std::vector<std::string> problems;
};

// Draws
//   whole: a reply holds as many ids as it should, of the sequence, in as many
//     ranges as it may
//   unique: no id is in the replies of two calls
//   gaps: no more is missing than max_gap for each kill and the ids of replies
//     that did not arrive, once each sequence has been drawn to its end
//   order: a call on a strict sequence that started after another ended has
//     larger ids
// Increments
//   counts: the value is the sum of what was acknowledged, plus at most what is
//     unknown
//   steps: the values in replies are those right after each increment, one after
//     the other, and later for calls that started later
// Both
//   keys: all tries with one request_id have one result, one of them is
//     answered, and one at most applied it rather than repeated it
//   outcomes: an answer is lost only where a server was killed with the call
Verdict Check(const History& history);

// A table of what was seen, for people.
std::string Describe(const Verdict& verdict);

}  // namespace mintmark::kill
