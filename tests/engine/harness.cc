#include "tests/engine/harness.h"

#include <algorithm>
#include <utility>

#include "gtest/gtest.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using engine::BatchOutcome;

constexpr StoreTimeUs kStoreStartUs = 1'800'000'000'000'000;
constexpr int kMostBatches = 10'000;
constexpr Duration kStep = std::chrono::milliseconds(10);

}  // namespace

World::World(const store::ApplyOptions& options)
    : store_(kStoreStartUs, options), now_(Time(std::chrono::hours(1000))) {}

void World::Move(Duration by) {
  now_ += by;
  store_.SetTime(store_.time() + std::chrono::duration_cast<std::chrono::microseconds>(by).count());
}

void World::SetStoreClock(StoreTimeUs time_us) { store_.SetTime(time_us); }

StoreTimeUs World::store_time_us() const { return store_.time(); }

std::optional<engine::SequenceRow> World::Sequence(const std::string& name) const {
  std::optional<store::StoredSequence> found = store_.Snapshot().FindSequence(name);
  if (!found.has_value()) return std::nullopt;
  return std::move(found->row);
}

std::vector<store::StoredShard> World::Shards(const std::string& name) const {
  std::vector<store::StoredShard> shards = store_.Snapshot().ListShards(name);
  std::sort(shards.begin(), shards.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  return shards;
}

std::optional<std::int64_t> World::Counter(const std::string& name) const {
  const std::optional<engine::CounterRow> found = store_.Snapshot().FindCounter(name);
  if (!found.has_value()) return std::nullopt;
  return found->value;
}

std::vector<engine::GeneratorRow> World::Generators(const std::string& group) const {
  return store_.Snapshot().ListGenerators(group, -1, INT64_MAX);
}

Server::Server(World& world, const engine::EngineOptions& options)
    : world_(world), engine_(options, [this](int) { ++wakes_; }) {}

void Server::Bring(std::unique_ptr<Batch> batch, BatchOutcome::Kind kind) {
  engine_.Complete(std::move(batch), BatchOutcome{kind, absl::UnavailableError("a test's fault")},
                   world_.now());
}

void Server::Commit(std::unique_ptr<Batch> batch) {
  ASSERT_NE(batch, nullptr) << "There is no batch to commit.";
  const BatchOutcome outcome = Run(*batch);
  engine_.Complete(std::move(batch), outcome, world_.now());
}

void Server::LoseAnswer(std::unique_ptr<Batch> batch) {
  ASSERT_NE(batch, nullptr) << "There is no batch to lose the answer of.";
  Batch sent = *batch;
  ASSERT_EQ(Run(sent).kind, BatchOutcome::Kind::kApplied);
  Bring(std::move(batch), BatchOutcome::Kind::kInDoubt);
}

Batch Server::LoseBatch(std::unique_ptr<Batch> batch) {
  EXPECT_NE(batch, nullptr) << "There is no batch to lose.";
  Batch sent = *batch;
  Bring(std::move(batch), BatchOutcome::Kind::kInDoubt);
  return sent;
}

bool Server::Step(int lane) {
  std::unique_ptr<Batch> batch = Take(lane);
  if (batch == nullptr) return false;
  Commit(std::move(batch));
  return true;
}

void Server::Settle() {
  int batches = 0;
  for (bool any = true; any;) {
    any = false;
    for (int lane = 0; lane < engine_.lanes(); ++lane) any = Step(lane) || any;
    ASSERT_LT(++batches, kMostBatches) << "There is always something to commit.";
  }
  for (int lane = 0; lane < engine_.lanes(); ++lane) {
    ASSERT_GT(engine_.NextWake(lane), world_.now())
        << "Lane " << lane << " has nothing to commit and wants to be asked at once.";
  }
}

engine::LaneStatus Server::Status(int lane) const {
  return engine_.Status(world_.now())[static_cast<std::size_t>(lane)];
}

void Pass(World& world, Duration time, const std::vector<Server*>& servers) {
  for (const Time end = world.now() + time; world.now() < end;) {
    world.Move(std::min<Duration>(kStep, end - world.now()));
    for (Server* server : servers) {
      server->Tick();
      for (int lane = 0; lane < server->engine().lanes(); ++lane) {
        for (int batches = 0; server->Step(lane); ++batches) {
          ASSERT_LT(batches, kMostBatches) << "There is always something to commit.";
        }
      }
    }
  }
}

engine::EngineOptions SmallWindows(std::int64_t window_min, std::int64_t window_max) {
  engine::EngineOptions options;
  options.window_min = window_min;
  options.window_max = window_max;
  return options;
}

engine::SettingsPatch Settings(std::optional<std::int64_t> max_id, std::int32_t shards,
                               std::optional<std::int64_t> max_gap,
                               std::optional<std::int64_t> chunk_size) {
  engine::SettingsPatch patch;
  patch.max_id = max_id;
  patch.shards = shards;
  if (max_gap.has_value()) patch.max_gap = max_gap;
  if (chunk_size.has_value()) patch.chunk_size = chunk_size;
  return patch;
}

void Create(Server& server, const std::string& name, const engine::SettingsPatch& patch) {
  SequenceCall call;
  call.kind = engine::SequenceCall::Kind::kCreate;
  call.name = name;
  call.patch = patch;
  server.Do(call);
  ASSERT_TRUE(call.ok()) << call.status();
}

void Ask(NextCall& call, const std::string& sequence, std::int64_t n,
         const std::string& request_id) {
  call.sequence = sequence;
  call.n = n;
  call.request_id = request_id;
}

void Ask(IncrCall& call, const std::string& counter, std::int64_t delta,
         const std::string& request_id) {
  call.counter = counter;
  call.delta = delta;
  call.request_id = request_id;
}

void Ask(SequenceCall& call, engine::SequenceCall::Kind kind, const std::string& name) {
  call.kind = kind;
  call.name = name;
}

std::vector<std::int64_t> Draw(Server& server, const std::string& sequence, std::int64_t n) {
  NextCall call;
  Ask(call, sequence, n);
  server.Do(call);
  EXPECT_TRUE(call.ok()) << call.status();
  return IdsOf(call);
}

std::int64_t Increment(Server& server, const std::string& counter, std::int64_t delta) {
  IncrCall call;
  Ask(call, counter, delta);
  server.Do(call);
  EXPECT_TRUE(call.ok()) << call.status();
  return call.value;
}

std::vector<std::int64_t> IdsOf(const engine::NextCall& call) {
  std::vector<std::int64_t> ids;
  for (const engine::IdRange& range : call.ranges) {
    for (std::int64_t id = range.first;; id += range.step) {
      ids.push_back(id);
      if (id == range.last) break;
    }
  }
  return ids;
}

}  // namespace mintmark::testing
