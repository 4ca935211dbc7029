// The names of a lane, with those that have something to commit in line and a
// timer for each. Used for sequences, groups and counters, under the lane's lock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "src/engine/batch.h"
#include "src/engine/lane_context.h"

namespace mintmark::engine {

template <typename State>
class NameTable {
 public:
  State* Find(const std::string& name) {
    const auto found = all_.find(name);
    return found == all_.end() ? nullptr : found->second.get();
  }

  // The state of a name; made by `make()` and given a timer when there is none.
  template <typename Make>
  State& FindOrMake(const std::string& name, const LaneContext& context, Make make) {
    if (State* state = Find(name); state != nullptr) return *state;
    std::unique_ptr<State> made = make();
    State& state = *made;
    all_.emplace(name, std::move(made));
    Schedule(state, context);
    return state;
  }

  // Puts the state in line when it has something to commit.
  void ListIfReady(State& state, const LaneContext& context) {
    if (state.listed || state.in_batch || !state.HasWork(context)) return;
    state.listed = true;
    ready_.push_back(&state);
  }

  // Plans those in line, at most `names_left` of them, in byte order of names.
  void Plan(const LaneContext& context, std::int64_t& names_left, std::int64_t& calls_left,
            Batch& batch) {
    const std::size_t first = planned_.size();
    while (!ready_.empty() && names_left > 0) {
      State& state = *ready_.front();
      ready_.pop_front();
      state.listed = false;
      if (!state.HasWork(context)) {
        Schedule(state, context);
        continue;
      }
      state.in_batch = true;
      planned_.push_back(&state);
      --names_left;
    }
    std::sort(planned_.begin(), planned_.end(),
              [](const State* a, const State* b) { return a->name() < b->name(); });
    // Each leaves half of an equal share to every one that comes after it, so that
    // none is kept out by a hot one, nor a hot one held down by many.
    auto names = static_cast<std::int64_t>(planned_.size() - first);
    for (State* state : planned_) {
      const std::int64_t equal = calls_left / std::max<std::int64_t>(1, names);
      const std::int64_t share = std::max<std::int64_t>(1, calls_left - (names - 1) * (equal / 2));
      calls_left -= state->Plan(context, share, batch);
      --names;
    }
  }

  const std::vector<State*>& planned() const { return planned_; }

  // The batch is over and its results are taken: those planned may be listed anew,
  // at the end of the line; or `at_front`, when the batch came to nothing.
  void Settle(const LaneContext& context, bool at_front = false) {
    if (at_front) std::reverse(planned_.begin(), planned_.end());
    for (State* state : planned_) {
      state->in_batch = false;
      if (at_front && !state->listed && state->HasWork(context)) {
        state->listed = true;
        ready_.push_front(state);
      }
      ListIfReady(*state, context);
      Schedule(*state, context);
    }
    planned_.clear();
  }

  // Looks at those whose time has come: `tidy(state)`, then forgets them, lists
  // them or looks again later.
  template <typename Tidy>
  void FireTimers(const LaneContext& context, Tidy tidy) {
    for (int fired = 0; fired < kMostTimers && !timers_.empty(); ++fired) {
      const auto [time, name, state] = *timers_.begin();
      if (time > context.now) return;
      timers_.erase(timers_.begin());
      state->timer = kNever;
      tidy(*state);
      if (state->Evictable(context)) {
        all_.erase(all_.find(state->name()));
        continue;
      }
      ListIfReady(*state, context);
      Schedule(*state, context);
    }
  }

  // Sets the state's timer to when it next has something to do by itself.
  void Schedule(State& state, const LaneContext& context) {
    // Whoever is in line needs no timer, but for what takes too long there.
    const Time time = state.listed
                          ? context.now + kListedPause
                          : std::max(state.NextTime(context.options), context.now + kLeastPause);
    if (state.timer == time) return;
    if (state.timer != kNever) timers_.erase({state.timer, &state.name(), &state});
    state.timer = time;
    if (time != kNever) timers_.insert({time, &state.name(), &state});
  }

  Time NextTimer() const { return timers_.empty() ? kNever : std::get<0>(*timers_.begin()); }
  bool HasReady() const { return !ready_.empty(); }
  const std::deque<State*>& ready() const { return ready_; }
  std::int64_t size() const { return static_cast<std::int64_t>(all_.size()); }

  // Every state, in byte order of names, so that a run can be replayed.
  std::vector<State*> Sorted() const {
    std::vector<State*> states;
    states.reserve(all_.size());
    for (const auto& [name, state] : all_) states.push_back(state.get());
    std::sort(states.begin(), states.end(),
              [](const State* a, const State* b) { return a->name() < b->name(); });
    return states;
  }

  template <typename Visit>
  void ForEach(Visit visit) const {
    for (const auto& [name, state] : all_) visit(*state);
  }

 private:
  // Timers that fire at one look; the rest waits for the next.
  static constexpr int kMostTimers = 1'000;
  static constexpr Duration kLeastPause = std::chrono::milliseconds(10);
  static constexpr Duration kListedPause = std::chrono::milliseconds(200);

  using Timer = std::tuple<Time, const std::string*, State*>;
  struct Earlier {
    bool operator()(const Timer& a, const Timer& b) const {
      if (std::get<0>(a) != std::get<0>(b)) return std::get<0>(a) < std::get<0>(b);
      return *std::get<1>(a) < *std::get<1>(b);
    }
  };

  absl::flat_hash_map<std::string, std::unique_ptr<State>> all_;
  std::deque<State*> ready_;     // First come, first served.
  std::vector<State*> planned_;  // Those in the batch under way.
  absl::btree_set<Timer, Earlier> timers_;
};

}  // namespace mintmark::engine
