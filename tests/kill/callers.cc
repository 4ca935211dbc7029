#include "tests/kill/callers.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "mintmark/v1/id_service.pb.h"
#include "src/core/reason.h"

namespace mintmark::kill {
namespace {

// A call with a request_id is given up when it has had no answer for this long after
// the last kill, which the checker then reports.
constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kWaitForServer{100};
constexpr std::chrono::milliseconds kPause{2};

// How often a call with a request_id is made once more after its answer: at once,
// and long after it.
constexpr double kAgainAtOnce = 0.1;
constexpr double kAgainLater = 0.05;
constexpr std::size_t kRemembered = 100;

std::string RequestId(std::uint64_t key) { return key == 0 ? "" : absl::StrCat("kill-", key); }

// What passes when the server or its store comes back.
bool Passes(const absl::Status& status) {
  return absl::IsUnavailable(status) || ReasonOf(status) == Reason::kOverloaded;
}

}  // namespace

Caller::Caller(const Surroundings& surroundings, std::uint64_t seed, std::uint32_t number)
    : surroundings_(surroundings), number_(number), random_(seed, number) {}

void Caller::Start() {
  thread_ = std::thread([this] {
    while (!stop_) Step();
  });
}

Caller::Chosen Caller::Choose() {
  const std::vector<Target*>& targets = surroundings_.targets;
  const auto first =
      static_cast<std::size_t>(random_.Between(0, static_cast<std::int64_t>(targets.size()) - 1));
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const Target& target = *targets[(first + i) % targets.size()];
    if (auto client = target.client(); client != nullptr) return {target.number(), client};
  }
  return {targets[first]->number(), targets[first]->WaitForClient(kWaitForServer)};
}

template <typename Attempt>
void Caller::TryUntilDone(Attempt attempt) {
  // As long as servers are killed, a try may fail any number of times.
  Time end = kNever;
  while (Now() < end) {
    if (stop_ && end == kNever) end = Now() + kPatience;
    const Chosen chosen = Choose();
    if (chosen.client == nullptr) continue;
    if (attempt(chosen)) return;
    std::this_thread::sleep_for(kPause);
  }
}

Outcome Caller::OutcomeOf(const absl::Status& status) {
  if (status.ok()) return Outcome::kAnswered;
  // An item of a batch has no more than its code to say that it is in doubt.
  if (client::InDoubt(status) || absl::IsUnknown(status)) return Outcome::kUnknown;
  if (!Passes(status)) surprises_.push_back(status.ToString());
  return Outcome::kNotApplied;
}

namespace {

// What NextN and ReserveRange ask for.
struct DrawRequest {
  std::uint64_t key = 0;
  std::int64_t n = 0;
  bool one_range = false;
  bool exact = false;
};

// Makes the call and fills in all but the outcome.
absl::Status CallForIds(client::Client& client, const std::string& name, const DrawRequest& asked,
                        bool allow_partial, Draw& draw) {
  if (asked.one_range) {
    v1::ReserveRangeRequest request;
    request.set_sequence(name);
    request.set_n(asked.n);
    request.set_exact(asked.exact);
    request.set_request_id(RequestId(asked.key));
    const absl::StatusOr<v1::ReserveRangeResponse> response = client.ReserveRange(request);
    if (!response.ok()) return response.status();
    const v1::IdRange& range = response->range();
    draw.ranges = {{range.first(), range.last(), range.step()}};
    draw.replayed = response->replayed();
    draw.generation = response->generation();
    return absl::OkStatus();
  }
  v1::NextNRequest request;
  request.set_sequence(name);
  request.set_n(asked.n);
  request.set_allow_partial(allow_partial);
  request.set_request_id(RequestId(asked.key));
  const absl::StatusOr<v1::NextNResponse> response = client.NextN(request);
  if (!response.ok()) return response.status();
  for (const v1::IdRange& range : response->ranges()) {
    draw.ranges.push_back({range.first(), range.last(), range.step()});
  }
  draw.replayed = response->replayed();
  draw.generation = response->generation();
  return absl::OkStatus();
}

Draw StartedDraw(std::uint32_t sequence, std::uint8_t server, const DrawRequest& asked, Time now) {
  Draw draw;
  draw.sequence = sequence;
  draw.server = server;
  draw.one_range = asked.one_range;
  draw.fewer = asked.one_range && !asked.exact;
  draw.key = asked.key;
  draw.n = asked.n;
  draw.started = now;
  return draw;
}

class DrawCaller final : public Caller {
 public:
  DrawCaller(const Surroundings& surroundings, std::uint64_t seed, std::uint32_t number,
             DrawHabits habits)
      : Caller(surroundings, seed, number), habits_(std::move(habits)) {}

  std::vector<std::string> MoveTo(History& history) override {
    std::move(draws_.begin(), draws_.end(), std::back_inserter(history.draws));
    return TakeSurprises();
  }

 protected:
  void Step() override {
    constexpr double kFew = 0.7;
    DrawRequest asked;
    asked.n = random().Between(1, random().Chance(kFew) ? 2 : habits_.most);
    asked.one_range = random().Chance(habits_.ranges);
    asked.exact = asked.one_range && random().Chance(1.0 / 2);
    if (!random().Chance(habits_.keyed)) {
      const Chosen chosen = Choose();
      if (chosen.client != nullptr) Try(chosen, asked);
      std::this_thread::sleep_for(habits_.pause);
      return;
    }
    asked.key = NewKey();
    TryUntilAnswered(asked);
    if (random().Chance(kAgainAtOnce)) TryUntilAnswered(asked);
    answered_.push_back(asked);
    if (answered_.size() < kRemembered) return;
    if (random().Chance(kAgainLater)) TryUntilAnswered(answered_.front());
    answered_.pop_front();
  }

 private:
  void TryUntilAnswered(const DrawRequest& asked) {
    TryUntilDone([&](const Chosen& chosen) { return Try(chosen, asked) == Outcome::kAnswered; });
  }

  Outcome Try(const Chosen& chosen, const DrawRequest& asked) {
    Draw draw = StartedDraw(habits_.sequence, chosen.server, asked, Now());
    const absl::Status status =
        CallForIds(*chosen.client, habits_.name, asked, /*allow_partial=*/false, draw);
    draw.ended = Now();
    draw.outcome = OutcomeOf(status);
    // What was certainly not applied tells the checker nothing.
    if (draw.outcome != Outcome::kNotApplied) draws_.push_back(draw);
    return draw.outcome;
  }

  const DrawHabits habits_;
  std::vector<Draw> draws_;
  std::deque<DrawRequest> answered_;  // The last ones, the oldest first.
};

class CountCaller final : public Caller {
 public:
  CountCaller(const Surroundings& surroundings, std::uint64_t seed, std::uint32_t number,
              CountHabits habits)
      : Caller(surroundings, seed, number), habits_(std::move(habits)) {}

  std::vector<std::string> MoveTo(History& history) override {
    std::move(increments_.begin(), increments_.end(), std::back_inserter(history.increments));
    return TakeSurprises();
  }

 protected:
  void Step() override {
    const bool keyed = random().Chance(habits_.keyed);
    const std::vector<Asked> asked = Ask(keyed);
    if (!keyed) {
      const Chosen chosen = Choose();
      if (chosen.client != nullptr) Try(chosen, asked);
      return;
    }
    TryUntilAnswered(asked);
    if (random().Chance(kAgainAtOnce)) TryUntilAnswered(asked);
    answered_.push_back(asked);
    if (answered_.size() < kRemembered) return;
    if (random().Chance(kAgainLater)) TryUntilAnswered(answered_.front());
    answered_.pop_front();
  }

 private:
  struct Asked {
    std::uint64_t key = 0;
    std::uint32_t counter = 0;  // In `habits_.names`.
    std::int64_t delta = 1;
  };

  std::vector<Asked> Ask(bool keyed) {
    constexpr std::int64_t kDeltaMost = 9;
    const std::int64_t count =
        habits_.batch_most == 0 ? 1 : random().Between(1, habits_.batch_most);
    std::vector<Asked> asked(static_cast<std::size_t>(count));
    for (Asked& one : asked) {
      one.key = keyed ? NewKey() : 0;
      one.counter = static_cast<std::uint32_t>(
          random().Between(0, static_cast<std::int64_t>(habits_.names.size()) - 1));
      one.delta = random().Between(1, kDeltaMost);
    }
    return asked;
  }

  void TryUntilAnswered(const std::vector<Asked>& asked) {
    TryUntilDone([&](const Chosen& chosen) { return Try(chosen, asked); });
  }

  // Whether all were answered.
  bool Try(const Chosen& chosen, const std::vector<Asked>& asked) {
    const Time started = Now();
    std::vector<v1::IncrCounterResponse> responses(asked.size());
    const std::vector<absl::Status> statuses =
        habits_.batch_most == 0 ? std::vector{CallOne(*chosen.client, asked.front(), responses[0])}
                                : CallBatch(*chosen.client, asked, responses);
    const Time ended = Now();
    bool all = true;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      Increment increment;
      increment.counter = habits_.first_counter + asked[i].counter;
      increment.server = chosen.server;
      increment.outcome = OutcomeOf(statuses[i]);
      increment.replayed = responses[i].replayed();
      increment.key = asked[i].key;
      increment.delta = asked[i].delta;
      increment.started = started;
      increment.ended = ended;
      increment.value = responses[i].value();
      all = all && increment.outcome == Outcome::kAnswered;
      if (increment.outcome != Outcome::kNotApplied) increments_.push_back(increment);
    }
    return all;
  }

  v1::IncrCounterRequest RequestFor(const Asked& asked) const {
    v1::IncrCounterRequest request;
    request.set_counter(habits_.names[asked.counter]);
    request.set_delta(asked.delta);
    request.set_request_id(RequestId(asked.key));
    return request;
  }

  absl::Status CallOne(client::Client& client, const Asked& asked,
                       v1::IncrCounterResponse& response) const {
    absl::StatusOr<v1::IncrCounterResponse> answer = client.IncrCounter(RequestFor(asked));
    if (!answer.ok()) return answer.status();
    response = *std::move(answer);
    return absl::OkStatus();
  }

  std::vector<absl::Status> CallBatch(client::Client& client, const std::vector<Asked>& asked,
                                      std::vector<v1::IncrCounterResponse>& responses) const {
    v1::BatchIncrCountersRequest request;
    for (const Asked& one : asked) *request.add_requests() = RequestFor(one);
    absl::StatusOr<v1::BatchIncrCountersResponse> answer = client.BatchIncrCounters(request);
    if (!answer.ok()) return std::vector<absl::Status>(asked.size(), answer.status());
    std::vector<absl::Status> statuses;
    for (std::size_t i = 0; i < asked.size(); ++i) {
      const v1::IncrCounterResult& result = answer->results(static_cast<int>(i));
      responses[i] = result.response();
      statuses.push_back(result.has_response() ? absl::OkStatus() : ItemStatus(result.error()));
    }
    return statuses;
  }

  static absl::Status ItemStatus(const v1::ErrorStatus& error) {
    return absl::Status(static_cast<absl::StatusCode>(error.code()), error.message());
  }

  const CountHabits habits_;
  std::vector<Increment> increments_;
  std::deque<std::vector<Asked>> answered_;
};

}  // namespace

std::unique_ptr<Caller> MakeDrawCaller(const Surroundings& surroundings, std::uint64_t seed,
                                       std::uint32_t number, DrawHabits habits) {
  return std::make_unique<DrawCaller>(surroundings, seed, number, std::move(habits));
}

std::unique_ptr<Caller> MakeCountCaller(const Surroundings& surroundings, std::uint64_t seed,
                                        std::uint32_t number, CountHabits habits) {
  return std::make_unique<CountCaller>(surroundings, seed, number, std::move(habits));
}

absl::Status DrainSequence(const Surroundings& surroundings, std::uint32_t sequence,
                           History& history) {
  constexpr std::int64_t kPortion = 1'000'000;
  const std::string& name = history.sequences[sequence].name;
  const Time end = surroundings.stopwatch.Now() + kPatience;
  for (std::size_t turn = 0;; ++turn) {
    const Target& target = *surroundings.targets[turn % surroundings.targets.size()];
    const std::shared_ptr<client::Client> client = target.WaitForClient(kPatience);
    if (client == nullptr) return absl::UnavailableError("a server did not come back");
    const DrawRequest asked{.n = kPortion};
    Draw draw = StartedDraw(sequence, target.number(), asked, surroundings.stopwatch.Now());
    draw.fewer = true;
    absl::Status status = CallForIds(*client, name, asked, /*allow_partial=*/true, draw);
    draw.ended = surroundings.stopwatch.Now();
    if (ReasonOf(status) == Reason::kSequenceExhausted) return absl::OkStatus();
    if (status.ok()) {
      draw.outcome = Outcome::kAnswered;
      history.draws.push_back(draw);
    } else if (!Passes(status) || surroundings.stopwatch.Now() > end) {
      return status;
    } else {
      std::this_thread::sleep_for(kPause);
    }
  }
}

}  // namespace mintmark::kill
