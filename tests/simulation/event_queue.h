// Simulated time: events in order, each at a moment.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "src/core/time.h"

namespace mintmark::testing {

class EventQueue {
 public:
  Time now() const { return now_; }

  void At(Time time, std::function<void()> event) {
    events_.push(Event{std::max(time, now_), next_++, std::move(event)});
  }
  void After(Duration pause, std::function<void()> event) { At(now_ + pause, std::move(event)); }

  // Runs the next event; false when there is none.
  bool Step() {
    if (events_.empty()) return false;
    const Event event = events_.top();
    events_.pop();
    now_ = event.time;
    event.run();
    return true;
  }

 private:
  struct Event {
    Time time;
    std::uint64_t order;  // Of two at one moment the one that was set first.
    std::function<void()> run;

    friend bool operator<(const Event& a, const Event& b) {
      return a.time != b.time ? a.time > b.time : a.order > b.order;
    }
  };

  std::priority_queue<Event> events_;
  std::uint64_t next_ = 0;
  Time now_{};
};

}  // namespace mintmark::testing
