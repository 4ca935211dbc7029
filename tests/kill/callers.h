// Threads that draw and count while servers are killed, and write down what they
// saw.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "src/core/time.h"
#include "tests/kill/history.h"
#include "tests/kill/random.h"
#include "tests/kill/target.h"

namespace mintmark::kill {

// Time since the start of a run.
class Stopwatch {
 public:
  Time Now() const {
    return Time(std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start_));
  }

 private:
  const std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

// What all callers of a run share. Outlives them.
struct Surroundings {
  std::vector<Target*> targets;
  const Stopwatch& stopwatch;
};

// Makes one call after the other on a thread of its own.
class Caller {
 public:
  virtual ~Caller() = default;
  Caller(const Caller&) = delete;
  Caller& operator=(const Caller&) = delete;

  void Start();
  // A call under way is ended first; one with a request_id is tried until it is
  // answered.
  void RequestStop() { stop_ = true; }
  void Join() { thread_.join(); }

  // After Join(). Adds what it saw to the history, and returns errors that no call
  // of its kind should get.
  virtual std::vector<std::string> MoveTo(History& history) = 0;

 protected:
  // `number` tells the callers of a run apart.
  Caller(const Surroundings& surroundings, std::uint64_t seed, std::uint32_t number);

  // One call, with what belongs to it.
  virtual void Step() = 0;

  // A server that is up, any of them; waits when there is none.
  struct Chosen {
    std::uint8_t server = 0;
    std::shared_ptr<client::Client> client;  // Null: none came up for a while.
  };
  Chosen Choose();

  // Calls `attempt(Chosen)`, which returns whether the call is done, until it is.
  template <typename Attempt>
  void TryUntilDone(Attempt attempt);

  // Sorts the end of a try. Errors that are a surprise are kept.
  Outcome OutcomeOf(const absl::Status& status);

  std::uint64_t NewKey() { return std::uint64_t{number_} << 32U | ++last_key_; }
  Random& random() { return random_; }
  Time Now() const { return surroundings_.stopwatch.Now(); }
  std::vector<std::string> TakeSurprises() { return std::move(surprises_); }

 private:
  const Surroundings& surroundings_;
  const std::uint32_t number_;
  Random random_;
  std::uint32_t last_key_ = 0;
  std::vector<std::string> surprises_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

// How a caller draws.
struct DrawHabits {
  std::uint32_t sequence = 0;          // Its place in the history's sequences,
  std::string name;                    // and its name.
  std::int64_t most = 20;              // Ids a call asks for; most calls ask for few.
  double keyed = 0;                    // Share of calls with a request_id,
  double ranges = 0;                   // and of ReserveRange.
  std::chrono::milliseconds pause{0};  // After each call.
};

std::unique_ptr<Caller> MakeDrawCaller(const Surroundings& surroundings, std::uint64_t seed,
                                       std::uint32_t number, DrawHabits habits);

// How a caller counts.
struct CountHabits {
  std::uint32_t first_counter = 0;  // Places of its counters in the history are in a row,
  std::vector<std::string> names;   // and these are their names.
  double keyed = 0;                 // Share of calls with a request_id.
  int batch_most = 0;               // Increments in a BatchIncrCounters; 0: IncrCounter.
};

std::unique_ptr<Caller> MakeCountCaller(const Surroundings& surroundings, std::uint64_t seed,
                                        std::uint32_t number, CountHabits habits);

// Draws a sequence to its end in large portions and adds what came to the history.
// A sentence when that cannot be done.
absl::Status DrainSequence(const Surroundings& surroundings, std::uint32_t sequence,
                           History& history);

}  // namespace mintmark::kill
