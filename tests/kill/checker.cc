#include "tests/kill/checker.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace mintmark::kill {
namespace {

constexpr int kProblemsOfAKind = 5;

// Which call a try belongs to: tries with one request_id are one call.
std::tuple<std::uint32_t, bool, std::uint64_t> CallOf(const Draw& draw) {
  return {draw.sequence, draw.one_range, draw.key};
}
std::tuple<std::uint32_t, bool, std::uint64_t> CallOf(const Increment& increment) {
  return {increment.counter, false, increment.key};
}

bool SameResult(const Draw& a, const Draw& b) {
  return a.ranges == b.ranges && a.generation == b.generation;
}
bool SameResult(const Increment& a, const Increment& b) { return a.value == b.value; }

// All tries of a call.
template <typename Try>
struct Call {
  const Try* first = nullptr;
  const Try* answer = nullptr;  // The first one that was answered.
  bool unknown = false;         // The answer of a try was lost.
  std::int64_t answers = 0;
  std::int64_t not_replayed = 0;
};

// What a call took from an ever growing number, and when.
struct Step {
  Time started;
  Time ended;
  std::int64_t first = 0;
  std::int64_t last = 0;
};

struct OwnedRun {
  Run run;
  const Draw* draw = nullptr;
};

class Checker {
 public:
  explicit Checker(const History& history) : history_(history) {}

  Verdict Run() {
    for (const SequenceRules& rules : history_.sequences) {
      verdict_.sequences.push_back({.name = rules.name});
    }
    for (const CounterRules& rules : history_.counters) {
      verdict_.counters.push_back({.name = rules.name});
    }
    CheckOutcomes(history_.draws);
    CheckOutcomes(history_.increments);
    CheckDraws();
    CheckIncrements();
    for (const auto& [kind, count] : found_) {
      if (count > kProblemsOfAKind) {
        verdict_.problems.push_back(absl::StrCat(kind, ": ", count - kProblemsOfAKind, " more"));
      }
    }
    return std::move(verdict_);
  }

 private:
  template <typename... Parts>
  void Report(const std::string& kind, const Parts&... parts) {
    if (++found_[kind] <= kProblemsOfAKind) {
      verdict_.problems.push_back(absl::StrCat(kind, ": ", parts...));
    }
  }

  std::string Label(const Draw& draw) const {
    return absl::StrCat(draw.one_range ? "a range of " : "a draw from ",
                        history_.sequences[draw.sequence].name, Circumstances(draw));
  }
  std::string Label(const Increment& increment) const {
    return absl::StrCat("an increment of ", history_.counters[increment.counter].name,
                        Circumstances(increment));
  }
  template <typename Try>
  std::string Circumstances(const Try& one) const {
    const std::string key = one.key == 0 ? "" : absl::StrCat(", request_id ", one.key);
    return absl::StrFormat(" (server %d, %.6f s to %.6f s%s)", one.server, Seconds(one.started),
                           Seconds(one.ended), key);
  }
  static double Seconds(Time time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
  }

  template <typename Try>
  void CheckOutcomes(const std::vector<Try>& tries) {
    for (const Try& one : tries) {
      if (one.outcome != Outcome::kUnknown) continue;
      const bool killed =
          std::any_of(history_.kills.begin(), history_.kills.end(), [&](const Kill& kill) {
            return kill.server == one.server && kill.at <= one.ended &&
                   kill.serving_again >= one.started;
          });
      if (!killed) Report("outcomes", Label(one), " got no answer from a server that was up");
    }
  }

  // Puts tries together into calls, and checks that those of one call agree.
  template <typename Try>
  std::vector<Call<Try>> CallsOf(const std::vector<Try>& tries) {
    std::vector<Call<Try>> calls;
    absl::flat_hash_map<decltype(CallOf(tries.front())), std::size_t> keyed;
    for (const Try& one : tries) {
      std::size_t place = calls.size();
      if (one.key != 0) place = keyed.try_emplace(CallOf(one), place).first->second;
      if (place == calls.size()) calls.emplace_back().first = &one;
      Call<Try>& call = calls[place];
      call.unknown = call.unknown || one.outcome == Outcome::kUnknown;
      if (one.outcome != Outcome::kAnswered) continue;
      ++call.answers;
      call.not_replayed += one.replayed ? 0 : 1;
      if (call.answer == nullptr) {
        call.answer = &one;
      } else if (!SameResult(*call.answer, one)) {
        Report("keys", Label(*call.answer), " and ", Label(one), " have different results");
      }
    }
    for (const Call<Try>& call : calls) CheckKey(call);
    return calls;
  }

  template <typename Try>
  void CheckKey(const Call<Try>& call) {
    if (call.first->key == 0) {
      if (call.answers > call.not_replayed) {
        Report("keys", Label(*call.first), " was answered with a replay without a request_id");
      }
      return;
    }
    if (call.answer == nullptr) Report("keys", Label(*call.first), " was never answered");
    if (call.not_replayed > 1) {
      Report("keys", Label(*call.first), " was applied ", call.not_replayed, " times");
    }
  }

  void CheckDraws() {
    const std::vector<Call<Draw>> calls = CallsOf(history_.draws);
    std::vector<std::vector<OwnedRun>> runs(history_.sequences.size());
    std::vector<std::vector<Step>> steps(history_.sequences.size());
    for (const Call<Draw>& call : calls) {
      SequenceTally& tally = verdict_.sequences[call.first->sequence];
      if (call.answer == nullptr) {
        if (!call.unknown || call.first->key != 0) continue;
        ++tally.unknown;
        tally.unknown_ids += call.first->n;
        continue;
      }
      ++tally.calls;
      tally.replays += call.answers - call.not_replayed;
      AddRuns(*call.answer, runs[call.first->sequence]);
      if (call.answer->ranges.empty()) continue;
      steps[call.first->sequence].push_back({call.first->started, call.answer->ended,
                                             call.answer->ranges.front().first,
                                             call.answer->ranges.back().last});
    }
    for (std::size_t i = 0; i < history_.sequences.size(); ++i) {
      CheckIds(i, runs[i]);
      if (history_.sequences[i].strict) CheckOrder(history_.sequences[i].name, steps[i]);
    }
  }

  void AddRuns(const Draw& draw, std::vector<OwnedRun>& runs) {
    const IdSpace& space = history_.sequences[draw.sequence].space;
    std::int64_t count = 0;
    for (const engine::IdRange& range : draw.ranges) {
      const bool inside = range.step == space.step && range.first >= space.min_id &&
                          range.first <= range.last && range.last <= space.max_id &&
                          (range.first - space.min_id) % space.step == 0 &&
                          (range.last - space.min_id) % space.step == 0;
      if (!inside) {
        Report("whole", Label(draw), " holds ", range.first, " to ", range.last,
               ", which are no ids of the sequence");
        continue;
      }
      const mintmark::Run run{space.PositionAtOrAfter(range.first),
                              space.PositionAtOrAfter(range.last) + 1};
      count += run.limit - run.first;
      runs.push_back({run, &draw});
    }
    const bool enough = draw.fewer ? count >= 1 && count <= draw.n : count == draw.n;
    if (!enough) Report("whole", Label(draw), " asked for ", draw.n, " ids and got ", count);
    if (draw.one_range && draw.ranges.size() > 1) {
      Report("whole", Label(draw), " got ", draw.ranges.size(), " ranges");
    }
    std::int64_t& generation =
        generations_.try_emplace(draw.sequence, draw.generation).first->second;
    if (generation != draw.generation) {
      Report("whole", Label(draw), " is of generation ", draw.generation, " instead of ",
             generation);
    }
  }

  void CheckIds(std::size_t sequence, std::vector<OwnedRun>& runs) {
    const SequenceRules& rules = history_.sequences[sequence];
    SequenceTally& tally = verdict_.sequences[sequence];
    std::sort(runs.begin(), runs.end(),
              [](const OwnedRun& a, const OwnedRun& b) { return a.run.first < b.run.first; });
    std::int64_t reached = rules.space.FirstPosition();
    std::int64_t first_missing = INT64_MAX;
    const OwnedRun* before = nullptr;  // Of those so far, the one that reaches furthest.
    for (const OwnedRun& one : runs) {
      if (before != nullptr && one.run.first < reached) {
        Report("unique", "id ", rules.space.IdAt(one.run.first), " is in ", Label(*before->draw),
               " and in ", Label(*one.draw));
      }
      if (one.run.first > reached) first_missing = std::min(first_missing, reached);
      if (one.run.limit > reached) {
        tally.ids += one.run.limit - std::max(reached, one.run.first);
        reached = one.run.limit;
        before = &one;
      }
    }
    const std::int64_t limit = rules.space.LimitPosition();
    if (reached < limit) first_missing = std::min(first_missing, reached);
    tally.missing = CountBetween(rules.space.FirstPosition(), limit) - tally.ids;
    tally.allowed =
        rules.max_gap * static_cast<std::int64_t>(history_.kills.size()) + tally.unknown_ids;
    if (tally.missing > tally.allowed) {
      Report("gaps", rules.name, " lacks ", tally.missing, " ids, ", tally.allowed,
             " are allowed; the first is ", rules.space.IdAt(first_missing));
    }
  }

  // What a call took lies above all that was taken by those that ended before it
  // started.
  void CheckOrder(const std::string& name, std::vector<Step>& steps) {
    std::vector<Step> by_end = steps;
    std::sort(steps.begin(), steps.end(),
              [](const Step& a, const Step& b) { return a.started < b.started; });
    std::sort(by_end.begin(), by_end.end(),
              [](const Step& a, const Step& b) { return a.ended < b.ended; });
    std::size_t next = 0;
    std::int64_t largest = INT64_MIN;
    for (const Step& step : steps) {
      for (; next < by_end.size() && by_end[next].ended < step.started; ++next) {
        largest = std::max(largest, by_end[next].last);
      }
      if (step.first <= largest) {
        Report("order", name, " gave ", step.first, " to a call that started at ",
               Seconds(step.started), " s, after ", largest, " had been given");
      }
    }
  }

  void CheckIncrements() {
    const std::vector<Call<Increment>> calls = CallsOf(history_.increments);
    std::vector<std::vector<const Increment*>> answers(history_.counters.size());
    std::vector<std::vector<Step>> steps(history_.counters.size());
    for (const Call<Increment>& call : calls) {
      CounterTally& tally = verdict_.counters[call.first->counter];
      if (call.answer == nullptr) {
        // Without an answer, what has a request_id is a problem of its own.
        if (call.unknown) tally.unknown += call.first->delta;
        continue;
      }
      ++tally.calls;
      tally.replays += call.answers - call.not_replayed;
      tally.acknowledged += call.answer->delta;
      answers[call.first->counter].push_back(call.answer);
      steps[call.first->counter].push_back(
          {call.first->started, call.answer->ended, call.answer->value, call.answer->value});
    }
    for (std::size_t i = 0; i < history_.counters.size(); ++i) {
      CheckSum(i);
      CheckSteps(history_.counters[i].name, answers[i]);
      CheckOrder(history_.counters[i].name, steps[i]);
    }
  }

  void CheckSum(std::size_t counter) {
    CounterTally& tally = verdict_.counters[counter];
    tally.value = history_.counters[counter].value;
    if (tally.value < tally.acknowledged || tally.value > tally.acknowledged + tally.unknown) {
      Report("counts", tally.name, " is ", tally.value, ", which should lie between ",
             tally.acknowledged, " and ", tally.acknowledged + tally.unknown);
    }
  }

  void CheckSteps(const std::string& name, std::vector<const Increment*>& answers) {
    std::sort(answers.begin(), answers.end(),
              [](const Increment* a, const Increment* b) { return a->value < b->value; });
    std::int64_t reached = 0;
    for (const Increment* increment : answers) {
      if (increment->value - increment->delta < reached) {
        Report("steps", Label(*increment), " brought ", name, " to ", increment->value, " by ",
               increment->delta, ", and another one to ", reached);
      }
      reached = increment->value;
    }
  }

  const History& history_;
  Verdict verdict_;
  std::map<std::string, std::int64_t> found_;          // Problems by kind.
  std::map<std::uint32_t, std::int64_t> generations_;  // Seen first, by sequence.
};

}  // namespace

Verdict Check(const History& history) { return Checker(history).Run(); }

std::string Describe(const Verdict& verdict) {
  std::string text =
      absl::StrFormat("%-20s %9s %9s %10s %8s %11s %8s %8s\n", "sequence", "calls", "replays",
                      "ids", "unknown", "unknown ids", "missing", "allowed");
  for (const SequenceTally& tally : verdict.sequences) {
    absl::StrAppendFormat(&text, "%-20s %9d %9d %10d %8d %11d %8d %8d\n", tally.name, tally.calls,
                          tally.replays, tally.ids, tally.unknown, tally.unknown_ids, tally.missing,
                          tally.allowed);
  }
  absl::StrAppendFormat(&text, "%-20s %9s %9s %12s %8s %12s\n", "counter", "calls", "replays",
                        "acknowledged", "unknown", "value");
  for (const CounterTally& tally : verdict.counters) {
    absl::StrAppendFormat(&text, "%-20s %9d %9d %12d %8d %12d\n", tally.name, tally.calls,
                          tally.replays, tally.acknowledged, tally.unknown, tally.value);
  }
  return text;
}

}  // namespace mintmark::kill
