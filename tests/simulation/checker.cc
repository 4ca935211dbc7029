#include "tests/simulation/checker.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mintmark::testing {
namespace {

using Kind = Operation::Kind;
using End = Operation::End;

std::vector<std::int64_t> IdsOf(const Operation& op) {
  std::vector<std::int64_t> ids;
  for (const engine::IdRange& range : op.ranges) {
    for (std::int64_t id = range.first;; id += range.step) {
      ids.push_back(id);
      if (id >= range.last) break;
    }
  }
  return ids;
}

bool IsDraw(const Operation& op) { return op.kind == Kind::kNext || op.kind == Kind::kReserve; }

class Checker {
 public:
  explicit Checker(const History& history) : history_(history) {}

  std::vector<std::string> Run() {
    CheckReplies();
    CheckGaps();
    CheckStrictOrder();
    CheckGenerations();
    CheckKeys();
    CheckCounters();
    CheckGuids();
    return std::move(problems_);
  }

 private:
  template <typename... Parts>
  void Report(const Parts&... parts) {
    problems_.push_back(absl::StrCat(parts...));
  }

  std::string Label(std::size_t index) const {
    const Operation& op = history_.operations[index];
    return absl::StrCat("operation ", index, " on ", op.name, " at server ", op.server);
  }

  void CheckReplies() {
    for (std::size_t i = 0; i < history_.operations.size(); ++i) {
      const Operation& op = history_.operations[i];
      if (!IsDraw(op) || op.end != End::kOk) continue;
      const std::vector<std::int64_t> ids = IdsOf(op);
      const auto count = static_cast<std::int64_t>(ids.size());
      const bool fewer = op.allow_partial || (op.kind == Kind::kReserve && !op.exact);
      if (count > op.n || count == 0 || (count < op.n && !fewer)) {
        Report("whole: ", Label(i), " asked for ", op.n, " ids and got ", count);
      }
      if (op.kind == Kind::kReserve && op.ranges.size() != 1) {
        Report("whole: ", Label(i), " reserved ", op.ranges.size(), " ranges");
      }
      const IdSpace& space = history_.sequences.at(op.name).space;
      for (const std::int64_t id : ids) {
        if (id < space.min_id || id > space.max_id || (id - space.min_id) % space.step != 0) {
          Report("whole: ", Label(i), " got ", id, ", which is no id of the sequence");
        }
        // A replay shows again what was given before.
        auto& owner = owners_[{op.name, op.generation}];
        const auto [place, fresh] = owner.try_emplace(id, i);
        if (!fresh && !(SameKey(history_.operations[place->second], op))) {
          Report("unique: id ", id, " of ", op.name, " generation ", op.generation, " in ",
                 Label(place->second), " and in ", Label(i));
        }
      }
    }
  }

  static bool SameKey(const Operation& a, const Operation& b) {
    return !a.request_id.empty() && a.request_id == b.request_id && a.kind == b.kind;
  }

  // What crashes and lost replies may have cost a sequence.
  std::int64_t GapAllowance(const std::string& name, const SequenceRules& rules) const {
    auto losses = static_cast<std::int64_t>(history_.crashes.size());
    // A rest that comes back after its sequence became strict is not used.
    if (rules.tightened) losses += history_.cut_offs;
    std::int64_t allowed = losses * rules.max_gap * std::max(rules.shards, 1);
    for (const Operation& op : history_.operations) {
      if (!IsDraw(op) || op.name != name) continue;
      if (op.end == End::kUnknown && op.request_id.empty()) allowed += op.n;
    }
    return allowed;
  }

  void CheckGaps() {
    for (const auto& [name, rules] : history_.sequences) {
      if (!rules.drained) continue;
      std::int64_t generation = 0;
      for (const Operation& op : history_.operations) {
        if (IsDraw(op) && op.name == name && op.end == End::kOk) {
          generation = std::max(generation, op.generation);
        }
      }
      const auto owner = owners_.find({name, generation});
      const auto issued =
          owner == owners_.end() ? 0 : static_cast<std::int64_t>(owner->second.size());
      const std::int64_t missing =
          CountBetween(rules.space.FirstPosition(), rules.space.LimitPosition()) - issued;
      const std::int64_t allowed = GapAllowance(name, rules);
      if (missing > allowed) {
        Report("gaps: ", name, " lacks ", missing, " ids, ", allowed, " are allowed; the first is ",
               FirstMissing(rules, owner == owners_.end() ? nullptr : &owner->second));
      }
    }
  }

  static std::int64_t FirstMissing(const SequenceRules& rules,
                                   const std::map<std::int64_t, std::size_t>* issued) {
    std::int64_t id = rules.space.min_id;
    while (issued != nullptr && issued->count(id) > 0) id += rules.space.step;
    return id;
  }

  void CheckStrictOrder() {
    std::map<std::pair<std::string, std::int64_t>, std::vector<std::size_t>> draws;
    for (std::size_t i = 0; i < history_.operations.size(); ++i) {
      const Operation& op = history_.operations[i];
      if (!IsDraw(op) || op.end != End::kOk || op.replayed) continue;
      if (history_.sequences.at(op.name).strict) draws[{op.name, op.generation}].push_back(i);
    }
    for (auto& [key, indices] : draws) {
      // By start; the largest id of all that ended before is kept up to date.
      std::vector<std::size_t> by_end = indices;
      const auto& ops = history_.operations;
      std::sort(indices.begin(), indices.end(),
                [&](std::size_t a, std::size_t b) { return ops[a].started < ops[b].started; });
      std::sort(by_end.begin(), by_end.end(),
                [&](std::size_t a, std::size_t b) { return ops[a].ended < ops[b].ended; });
      std::size_t next = 0;
      std::size_t largest = SIZE_MAX;
      for (const std::size_t i : indices) {
        for (; next < by_end.size() && ops[by_end[next]].ended < ops[i].started; ++next) {
          const std::size_t j = by_end[next];
          if (largest == SIZE_MAX || ops[j].ranges.back().last > ops[largest].ranges.back().last) {
            largest = j;
          }
        }
        if (largest != SIZE_MAX && ops[i].ranges.front().first <= ops[largest].ranges.back().last) {
          Report("strict order: ", Label(i), " got ", ops[i].ranges.front().first, " after ",
                 Label(largest), " had got ", ops[largest].ranges.back().last);
        }
      }
    }
  }

  void CheckGenerations() {
    std::map<std::string, std::vector<std::pair<Time, std::int64_t>>> resets;
    for (const Operation& op : history_.operations) {
      if (op.end != End::kOk) continue;
      if (op.kind == Kind::kReset) resets[op.name].emplace_back(op.ended, op.generation);
      if (op.kind == Kind::kDelete) resets[op.name].emplace_back(op.ended, NewestBefore(op) + 1);
    }
    for (std::size_t i = 0; i < history_.operations.size(); ++i) {
      const Operation& op = history_.operations[i];
      if (!IsDraw(op) || op.end != End::kOk || op.replayed) continue;
      for (const auto& [returned, generation] : resets[op.name]) {
        if (op.started > returned && op.generation < generation) {
          Report("generations: ", Label(i), " got ids of generation ", op.generation,
                 " after the reset to ", generation, " had returned");
        }
      }
    }
  }

  // The newest generation that anybody had seen when the deletion began.
  std::int64_t NewestBefore(const Operation& deletion) const {
    std::int64_t newest = 0;
    for (const Operation& op : history_.operations) {
      if (IsDraw(op) && op.name == deletion.name && op.end == End::kOk &&
          op.ended < deletion.started) {
        newest = std::max(newest, op.generation);
      }
    }
    return newest;
  }

  void CheckKeys() {
    std::map<std::tuple<Kind, std::string, std::string>, std::size_t> first;
    for (std::size_t i = 0; i < history_.operations.size(); ++i) {
      const Operation& op = history_.operations[i];
      if (op.request_id.empty() || op.end != End::kOk) continue;
      const auto [place, fresh] = first.try_emplace({op.kind, op.name, op.request_id}, i);
      if (fresh) continue;
      const Operation& before = history_.operations[place->second];
      const bool same = before.ranges == op.ranges && before.value == op.value &&
                        before.generation == op.generation;
      if (!same) {
        Report("request ids: ", Label(place->second), " and ", Label(i), " have the request id ",
               op.request_id, " and different results");
      }
    }
  }

  // A deferred increment that its server may have taken down with it.
  bool MayBeLost(const Operation& op) const {
    if (op.durable) return false;
    return std::any_of(history_.crashes.begin(), history_.crashes.end(),
                       [&](const History::Crash& crash) {
                         return crash.server == op.server && crash.at >= op.ended &&
                                crash.at - op.ended <= history_.deferred_interval;
                       });
  }

  // All deltas are positive here, so that what may have been counted lies between
  // two sums, and the steps that were acknowledged do not overlap.
  void CheckCounters() {
    struct Sums {
      std::int64_t least = 0;
      std::int64_t most = 0;
      std::map<std::int64_t, std::size_t> steps;  // Value after it -> operation.
      std::map<std::string, std::size_t> keys;
    };
    std::map<std::string, Sums> sums;
    for (std::size_t i = 0; i < history_.operations.size(); ++i) {
      const Operation& op = history_.operations[i];
      if (op.kind != Kind::kIncr) continue;
      Sums& of = sums[op.name];
      if (!op.request_id.empty()) {
        // Once, however often it was asked for; a known result outweighs doubts.
        const auto [place, fresh] = of.keys.try_emplace(op.request_id, i);
        if (!fresh && history_.operations[place->second].end != End::kOk) place->second = i;
        continue;
      }
      CountOne(i, of.least, of.most, of.steps);
    }
    for (auto& [name, of] : sums) {
      for (const auto& [key, i] : of.keys) CountOne(i, of.least, of.most, of.steps);
      const auto read = history_.counters.find(name);
      if (read == history_.counters.end()) continue;
      if (read->second < of.least || read->second > of.most) {
        Report("exact counts: ", name, " is ", read->second, ", which should lie between ",
               of.least, " and ", of.most);
      }
      CheckSteps(name, of.steps);
    }
  }

  void CountOne(std::size_t i, std::int64_t& least, std::int64_t& most,
                std::map<std::int64_t, std::size_t>& steps) {
    const Operation& op = history_.operations[i];
    if (op.end == End::kOk) {
      most += op.delta;
      if (!MayBeLost(op)) least += op.delta;
      if (!op.durable) return;
      const auto [place, fresh] = steps.try_emplace(op.value, i);
      if (!fresh) {
        Report("exact counts: ", Label(place->second), " and ", Label(i), " both brought it to ",
               op.value);
      }
    } else if (op.end == End::kUnknown || op.end == End::kOpen) {
      most += op.delta;
    }
  }

  void CheckSteps(const std::string& name, const std::map<std::int64_t, std::size_t>& steps) {
    std::int64_t reached = 0;
    for (const auto& [value, i] : steps) {
      if (value - history_.operations[i].delta < reached) {
        Report("exact counts: ", Label(i), " brought ", name, " from below ", reached, " to ",
               value);
      }
      reached = value;
    }
  }

  // For one generator every tick is another GUID, over all the groups of one name.
  void CheckGuids() {
    std::map<std::pair<std::string, std::int64_t>, std::vector<const MintedGuids*>> by_generator;
    for (const MintedGuids& minted : history_.guids) {
      by_generator[{minted.group, minted.generator}].push_back(&minted);
      const bool of_server = minted.time_us != 0;
      if (of_server && minted.time_us > minted.shown_us + history_.guid_ahead_us) {
        Report("guid time: ", minted.by, " minted in ", minted.group, " ",
               minted.time_us - minted.shown_us, " us ahead of the store's clock");
      }
    }
    for (auto& [key, all] : by_generator) {
      std::sort(all.begin(), all.end(), [](const MintedGuids* a, const MintedGuids* b) {
        return a->first_tick < b->first_tick;
      });
      for (std::size_t i = 1; i < all.size(); ++i) {
        const MintedGuids& before = *all[i - 1];
        if (all[i]->first_tick >= before.first_tick + before.n) continue;
        Report("unique guids: generator ", key.second, " of ", key.first, " gave tick ",
               all[i]->first_tick, " to ", before.by, " and to ", all[i]->by);
      }
    }
  }

  const History& history_;
  std::vector<std::string> problems_;
  // Who got each id of a sequence's generation.
  std::map<std::pair<std::string, std::int64_t>, std::map<std::int64_t, std::size_t>> owners_;
};

}  // namespace

std::vector<std::string> Check(const History& history) { return Checker(history).Run(); }

}  // namespace mintmark::testing
