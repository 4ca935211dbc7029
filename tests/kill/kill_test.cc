// Servers are killed at random moments while clients draw and count; afterwards
// every sequence is drawn to its end, and a checker that knows only what clients
// saw judges whether the promises were kept.
//
//   MINTMARK_KILL_SEED   repeats the choices of a run (not its timing); printed
//   MINTMARK_KILLS       how many kills there are; 200 unless set
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <random>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "src/core/status_macros.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/store_test.h"
#include "tests/kill/callers.h"
#include "tests/kill/checker.h"
#include "tests/kill/history.h"
#include "tests/kill/random.h"
#include "tests/kill/target.h"

namespace mintmark::kill {
namespace {

using std::chrono::milliseconds;

constexpr std::int64_t kMaxId = 20'000'000;
constexpr std::int64_t kWindowMax = 5'000;

// The lease is short, so that servers take over what killed ones held while the
// run lasts; and so is the patience with ids that are held elsewhere.
std::vector<std::string> Flags() {
  return {"--lease=1s",         "--heartbeat=200ms",
          "--window-min=200",   absl::StrCat("--window-max=", kWindowMax),
          "--held-patience=1s", "--idle-give-back=2s"};
}

std::uint64_t NumberFromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  std::uint64_t number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

// The sequences of a run, by their place in the history.
enum SequencePlace : std::uint32_t {
  kWindowed,  // Drawn from in every way. Few shards: at times a server finds none.
  kTight,     // Windows so small that there is a ceiling to be moved at any moment.
  kSeldom,    // Windows that are nearly full at any moment: what a crash costs is near the bound.
  kAdaptive,
  kGapless,
  kGaplessSeldom,  // So few calls that lost answers excuse hardly any gap.
  kStrict,
  kStrictKeyed,
};

struct SequenceToMake {
  SequenceRules rules;
  v1::Sequence message;
};

SequenceToMake MakeSequence(const std::string& name, std::optional<std::int64_t> max_gap,
                            std::optional<std::int32_t> shards, IdSpace space) {
  SequenceToMake made;
  made.rules.name = name;
  made.rules.space = space;
  made.rules.strict = shards == 0;
  made.rules.max_gap = max_gap.value_or(made.rules.strict ? 0 : kWindowMax);
  made.message.set_name(name);
  made.message.set_min_id(space.min_id);
  made.message.set_max_id(space.max_id);
  made.message.set_step(space.step);
  if (max_gap.has_value()) made.message.set_max_gap(*max_gap);
  if (shards.has_value()) made.message.set_shards(*shards);
  if (max_gap.has_value()) made.message.set_chunk_size(std::max<std::int64_t>(500, 10 * *max_gap));
  return made;
}

// In the order of their places.
std::vector<SequenceToMake> Sequences() {
  constexpr std::int32_t kFewShards = 4;
  constexpr std::int32_t kEnoughShards = 50;
  const IdSpace plain{.min_id = 1, .max_id = kMaxId, .step = 1};
  const IdSpace odd{.min_id = -1'000, .max_id = 3 * kMaxId, .step = 3};
  return {MakeSequence("windowed", 100, kFewShards, odd),
          MakeSequence("tight", 10, kEnoughShards, plain),
          MakeSequence("seldom", 100, kEnoughShards, plain),
          MakeSequence("adaptive", std::nullopt, std::nullopt, plain),
          MakeSequence("gapless", 0, kFewShards, plain),
          MakeSequence("gapless/seldom", 0, kEnoughShards, plain),
          MakeSequence("strict", std::nullopt, 0, plain),
          MakeSequence("strict/keyed", std::nullopt, 0, plain)};
}

const std::vector<std::string>& Counters() {
  static const std::vector<std::string>* const names = new std::vector<std::string>{
      "plain", "keyed", "batch/0", "batch/1", "batch/2", "batch/keyed/0", "batch/keyed/1"};
  return *names;
}

std::vector<std::unique_ptr<Caller>> MakeCallers(const Surroundings& surroundings,
                                                 std::uint64_t seed) {
  std::vector<std::unique_ptr<Caller>> callers;
  const auto draw = [&](const DrawHabits& habits, int count) {
    for (int i = 0; i < count; ++i) {
      const auto number = static_cast<std::uint32_t>(callers.size() + 1);
      callers.push_back(MakeDrawCaller(surroundings, seed, number, habits));
    }
  };
  const auto count = [&](std::uint32_t first, std::uint32_t limit, double keyed, int batch_most) {
    const auto number = static_cast<std::uint32_t>(callers.size() + 1);
    const std::vector<std::string>& names = Counters();
    callers.push_back(MakeCountCaller(surroundings, seed, number,
                                      {.first_counter = first,
                                       .names = {names.begin() + first, names.begin() + limit},
                                       .keyed = keyed,
                                       .batch_most = batch_most}));
  };
  draw({.sequence = kWindowed, .name = "windowed", .most = 30, .keyed = 0.05, .ranges = 0.2}, 3);
  draw({.sequence = kTight, .name = "tight", .most = 4}, 3);
  draw({.sequence = kSeldom, .name = "seldom", .most = 1, .pause = milliseconds(5)}, 1);
  draw({.sequence = kAdaptive, .name = "adaptive", .most = 100, .ranges = 0.1}, 2);
  draw({.sequence = kGapless, .name = "gapless", .most = 20, .keyed = 0.2, .ranges = 0.2}, 2);
  draw({.sequence = kGaplessSeldom, .name = "gapless/seldom", .most = 1, .pause = milliseconds(5)},
       1);
  draw({.sequence = kStrict, .name = "strict", .most = 10, .keyed = 0.1, .ranges = 0.1}, 2);
  draw({.sequence = kStrictKeyed, .name = "strict/keyed", .most = 10, .keyed = 1, .ranges = 0.2},
       2);
  count(0, 1, 0, 0);
  count(0, 1, 0, 0);
  count(1, 2, 1, 0);
  count(1, 2, 1, 0);
  count(2, 5, 0, 20);
  count(5, 7, 1, 20);
  return callers;
}

// Kills servers and starts them again, one at a time.
class Killer {
 public:
  Killer(std::vector<e2e::Mintmarkd*> servers, const Surroundings& surroundings, std::uint64_t seed)
      : servers_(std::move(servers)), surroundings_(surroundings), random_(seed, 0) {}

  absl::Status Kill(std::int64_t times, History& history) {
    for (std::int64_t i = 0; i < times; ++i) {
      std::this_thread::sleep_for(random_.UpTo(milliseconds(200)));
      if (i >= next_victim_at_) ChooseVictim(i);
      LookAtBound();
      MINTMARK_RETURN_IF_ERROR(KillOnce(history));
    }
    return absl::OkStatus();
  }

  // From the kill until it was seen to serve again.
  std::vector<Duration> downtimes() const { return downtimes_; }
  std::int64_t kills_at_start() const { return kills_at_start_; }
  std::int64_t widest_gap() const { return widest_gap_; }

 private:
  // One server is killed several times in a row, so that the other one lives long
  // enough to see that a session has been silent for a lease.
  void ChooseVictim(std::int64_t now) {
    constexpr std::int64_t kReignMost = 12;
    victim_ = static_cast<std::size_t>(
        random_.Between(0, static_cast<std::int64_t>(servers_.size()) - 1));
    next_victim_at_ = now + random_.Between(1, kReignMost);
  }

  // What the service itself says that a crash may cost has to stay within the
  // setting. A server that cannot say so just now is asked before the next kill.
  void LookAtBound() {
    const Target& target = *surroundings_.targets[servers_.size() - 1 - victim_];
    v1::GetSequenceRequest request;
    request.set_name("adaptive");
    const auto response = target.client()->GetSequence(request);
    if (!response.ok()) return;
    widest_gap_ = std::max(widest_gap_, response->sequence().effective_max_gap());
  }

  absl::Status KillOnce(History& history) {
    constexpr double kDownForLonger = 0.2;
    constexpr double kAgainAtStart = 0.1;
    Target& target = *surroundings_.targets[victim_];
    e2e::Mintmarkd& server = *servers_[victim_];
    struct Kill kill;
    kill.server = target.number();
    kill.at = surroundings_.stopwatch.Now();
    server.Signal(SIGKILL);
    target.GoDown();
    server.Kill();
    if (random_.Chance(kDownForLonger)) {
      std::this_thread::sleep_for(random_.UpTo(milliseconds(300)));
    }
    server.Launch();
    if (random_.Chance(kAgainAtStart)) {
      std::this_thread::sleep_for(random_.UpTo(milliseconds(100)));
      server.Kill();
      server.Launch();
      ++kills_at_start_;
    }
    MINTMARK_RETURN_IF_ERROR(server.WaitUntilServing());
    kill.serving_again = surroundings_.stopwatch.Now();
    target.ComeUp();
    history.kills.push_back(kill);
    downtimes_.push_back(kill.serving_again - kill.at);
    return absl::OkStatus();
  }

  const std::vector<e2e::Mintmarkd*> servers_;
  const Surroundings& surroundings_;
  Random random_;
  std::size_t victim_ = 0;
  std::int64_t next_victim_at_ = 0;
  std::vector<Duration> downtimes_;
  std::int64_t kills_at_start_ = 0;  // Of servers that did not serve yet.
  std::int64_t widest_gap_ = 0;
};

// Shards that were taken over from servers that were gone, as servers log them.
std::int64_t TakeoversIn(const std::string& log) {
  constexpr absl::string_view kBefore = "took over ";
  std::int64_t sum = 0;
  for (const absl::string_view line : absl::StrSplit(log, '\n')) {
    const std::size_t place = line.find(kBefore);
    if (place == absl::string_view::npos) continue;
    const absl::string_view rest = line.substr(place + kBefore.size());
    std::int64_t count = 0;
    if (absl::SimpleAtoi(rest.substr(0, rest.find(' ')), &count)) sum += count;
  }
  return sum;
}

class KillTest : public e2e::StoreTest {
 protected:
  // Servers that run, and clients' views of them.
  void StartServers() {
    const std::size_t count = shared() ? 2 : 1;
    for (std::size_t i = 0; i < count; ++i) {
      servers_.push_back(&StartServer(Flags()));
      if (HasFatalFailure()) return;
      targets_.push_back(
          std::make_unique<Target>(static_cast<std::uint8_t>(i), servers_.back()->address()));
      targets_.back()->ComeUp();
      surroundings_.targets.push_back(targets_.back().get());
    }
  }

  void MakeSequences() {
    for (const SequenceToMake& made : Sequences()) {
      v1::CreateSequenceRequest request;
      *request.mutable_sequence() = made.message;
      ASSERT_THAT(targets_[0]->client()->CreateSequence(request), e2e::IsOk());
      history_.sequences.push_back(made.rules);
    }
    for (const std::string& name : Counters()) history_.counters.push_back({.name = name});
  }

  void RunCallersWhile(std::uint64_t seed, absl::FunctionRef<void()> what) {
    const std::vector<std::unique_ptr<Caller>> callers = MakeCallers(surroundings_, seed);
    for (const auto& caller : callers) caller->Start();
    what();
    for (const auto& caller : callers) caller->RequestStop();
    for (const auto& caller : callers) caller->Join();
    for (const auto& caller : callers) {
      for (const std::string& surprise : caller->MoveTo(history_)) {
        ADD_FAILURE() << "A call got an error that it should not get: " << surprise;
      }
    }
  }

  void ReadCounters() {
    v1::GetCountersRequest request;
    for (const CounterRules& rules : history_.counters) request.add_counters(rules.name);
    for (const auto& target : targets_) {
      const auto response = target->client()->GetCounters(request);
      ASSERT_THAT(response, e2e::IsOk());
      for (std::size_t i = 0; i < history_.counters.size(); ++i) {
        const std::int64_t value = response->values(static_cast<int>(i)).value();
        std::int64_t& known = history_.counters[i].value;
        if (target != targets_.front()) {
          EXPECT_EQ(value, known) << history_.counters[i].name;
        }
        known = value;
      }
    }
  }

  void DrainSequences() {
    for (std::uint32_t i = 0; i < history_.sequences.size(); ++i) {
      ASSERT_THAT(DrainSequence(surroundings_, i, history_), e2e::IsOk())
          << history_.sequences[i].name;
    }
  }

  std::int64_t CountTakeovers() const {
    std::int64_t takeovers = 0;
    for (const e2e::Mintmarkd* server : servers_) takeovers += TakeoversIn(server->log());
    return takeovers;
  }

  Stopwatch stopwatch_;
  Surroundings surroundings_{.targets = {}, .stopwatch = stopwatch_};
  History history_;
  std::vector<e2e::Mintmarkd*> servers_;
  std::vector<std::unique_ptr<Target>> targets_;
};

// A run in which nothing of the kind happened proves nothing.
void ExpectThatAllWasTried(const Verdict& verdict) {
  std::int64_t unknown = 0;
  std::int64_t replays = 0;
  for (const SequenceTally& tally : verdict.sequences) {
    EXPECT_GT(tally.calls, 0) << tally.name;
    unknown += tally.unknown;
    replays += tally.replays;
  }
  EXPECT_GT(unknown, 0);
  EXPECT_GT(replays, 0);
  unknown = replays = 0;
  for (const CounterTally& tally : verdict.counters) {
    EXPECT_GT(tally.calls, 0) << tally.name;
    unknown += tally.unknown;
    replays += tally.replays;
  }
  EXPECT_GT(unknown, 0);
  EXPECT_GT(replays, 0);
}

TEST_P(KillTest, KeepsItsPromisesWhenServersAreKilledAtAnyMoment) {
  const std::uint64_t seed = NumberFromEnvironment("MINTMARK_KILL_SEED", std::random_device()());
  const auto kills = static_cast<std::int64_t>(NumberFromEnvironment("MINTMARK_KILLS", 200));
  std::cout << "MINTMARK_KILL_SEED=" << seed << std::endl;
  StartServers();
  if (HasFatalFailure()) return;
  MakeSequences();
  if (HasFatalFailure()) return;

  Killer killer(servers_, surroundings_, seed);
  std::int64_t takeovers = 0;
  RunCallersWhile(seed, [&] {
    EXPECT_THAT(killer.Kill(kills, history_), e2e::IsOk());
    takeovers = CountTakeovers();
  });
  const Time stopped = stopwatch_.Now();
  if (HasFailure()) return;
  ReadCounters();
  DrainSequences();
  if (HasFailure()) return;

  const Verdict verdict = Check(history_);
  std::vector<Duration> downtimes = killer.downtimes();
  std::sort(downtimes.begin(), downtimes.end());
  std::cout
      << absl::StrFormat(
             "%d kills (and %d of servers that did not serve yet) in %.0f s; serving again "
             "after %.0f ms (median), %.0f ms (most); %d shards taken over meanwhile; "
             "widest effective_max_gap of `adaptive`: %d\n",
             history_.kills.size(), killer.kills_at_start(),
             std::chrono::duration<double>(stopped.time_since_epoch()).count(),
             std::chrono::duration<double, std::milli>(downtimes[downtimes.size() / 2]).count(),
             std::chrono::duration<double, std::milli>(downtimes.back()).count(), takeovers,
             killer.widest_gap())
      << Describe(verdict) << std::flush;
  for (const std::string& problem : verdict.problems) ADD_FAILURE() << problem;
  EXPECT_GT(killer.widest_gap(), 0);
  EXPECT_LE(killer.widest_gap(), kWindowMax);
  EXPECT_GT(takeovers, 0);
  ExpectThatAllWasTried(verdict);
}

INSTANTIATE_ON_STORES(KillTest);

}  // namespace
}  // namespace mintmark::kill
