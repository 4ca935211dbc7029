#include "client/id_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <future>
#include <thread>
#include <vector>

namespace mintmark::client {
namespace {

using testing::ElementsAre;

void AddRange(v1::NextNResponse& response, std::int64_t first, std::int64_t last,
              std::int64_t step = 1) {
  v1::IdRange& range = *response.add_ranges();
  range.set_first(first);
  range.set_last(last);
  range.set_step(step);
}

// A sequence from 1 on that serves draws, and how large they were.
struct Source {
  absl::StatusOr<v1::NextNResponse> Draw(std::int64_t n) {
    sizes.push_back(n);
    if (!failure.ok()) return failure;
    v1::NextNResponse response;
    response.set_generation(generation);
    AddRange(response, next, next + n - 1);
    next += n;
    return response;
  }

  std::int64_t next = 1;
  std::int64_t generation = 5;
  absl::Status failure;
  std::vector<std::int64_t> sizes;
};

std::vector<std::int64_t> Take(IdPool& pool, int count, std::int64_t bulk_size) {
  std::vector<std::int64_t> ids;
  for (int i = 0; i < count; ++i) {
    const auto id = pool.Next(bulk_size);
    EXPECT_TRUE(id.ok()) << id.status();
    ids.push_back(id.ok() ? id->value : -1);
  }
  return ids;
}

TEST(IdPoolTest, DrawsABulkOnlyWhenTheOneBeforeIsUsedUp) {
  Source source;
  IdPool pool([&](std::int64_t n) { return source.Draw(n); });
  EXPECT_THAT(source.sizes, ElementsAre());
  EXPECT_THAT(Take(pool, 3, 3), ElementsAre(1, 2, 3));
  EXPECT_THAT(source.sizes, ElementsAre(3));
  EXPECT_THAT(Take(pool, 1, 2), ElementsAre(4));
  EXPECT_THAT(Take(pool, 3, 100), ElementsAre(5, 6, 7));
  EXPECT_THAT(source.sizes, ElementsAre(3, 2, 100));
}

TEST(IdPoolTest, HandsOutAllRangesOfADrawInTheirOrder) {
  IdPool pool([](std::int64_t) -> absl::StatusOr<v1::NextNResponse> {
    v1::NextNResponse response;
    AddRange(response, 10, 10);
    AddRange(response, -7, 7, 7);
    AddRange(response, INT64_MIN, INT64_MAX - 1, INT64_MAX);
    return response;
  });
  EXPECT_THAT(Take(pool, 8, 7), ElementsAre(10, -7, 0, 7, INT64_MIN, -1, INT64_MAX - 1, 10));
}

TEST(IdPoolTest, AFailedDrawIsToldAndTheNextCallDrawsAgain) {
  Source source;
  source.failure = absl::UnavailableError("away");
  IdPool pool([&](std::int64_t n) { return source.Draw(n); });
  EXPECT_EQ(pool.Next(10).status(), source.failure);
  EXPECT_EQ(pool.Next(10).status(), source.failure);
  source.failure = absl::OkStatus();
  EXPECT_THAT(Take(pool, 2, 10), ElementsAre(1, 2));
  EXPECT_EQ(source.sizes.size(), 3U);
}

TEST(IdPoolTest, AnAnswerWithoutIdsIsAnError) {
  v1::NextNResponse response;
  IdPool pool([&](std::int64_t) -> absl::StatusOr<v1::NextNResponse> { return response; });
  EXPECT_EQ(pool.Next(1).status().code(), absl::StatusCode::kInternal);
  AddRange(response, 1, 1, 0);
  EXPECT_EQ(pool.Next(1).status().code(), absl::StatusCode::kInternal);
  response.clear_ranges();
  AddRange(response, 2, 1);
  EXPECT_EQ(pool.Next(1).status().code(), absl::StatusCode::kInternal);
}

TEST(IdPoolTest, ForgetsWhatWasDrawn) {
  Source source;
  IdPool pool([&](std::int64_t n) { return source.Draw(n); });
  EXPECT_THAT(Take(pool, 1, 10), ElementsAre(1));
  source.generation = 6;
  source.next = 1;
  EXPECT_EQ(pool.Next(10)->generation, 5);
  pool.Forget();
  const auto id = pool.Next(10);
  EXPECT_EQ(id->value, 1);
  EXPECT_EQ(id->generation, 6);
}

// What is under way comes from before, and is forgotten too.
TEST(IdPoolTest, ForgetsWhatADrawUnderWayBrings) {
  Source source;
  std::promise<void> begun;
  std::promise<void> go;
  std::atomic<bool> waits = true;
  IdPool pool([&](std::int64_t n) {
    auto drawn = source.Draw(n);
    if (waits.exchange(false)) {
      begun.set_value();
      go.get_future().wait();
    }
    return drawn;
  });
  auto first = std::async(std::launch::async, [&] { return pool.Next(10); });
  begun.get_future().wait();
  auto forgotten = std::async(std::launch::async, [&] { pool.Forget(); });
  EXPECT_EQ(forgotten.wait_for(std::chrono::milliseconds(20)), std::future_status::timeout);
  go.set_value();
  forgotten.wait();
  EXPECT_EQ(first.get()->value, 1);
  EXPECT_THAT(Take(pool, 1, 10), ElementsAre(11));
}

TEST(IdPoolTest, WhoWaitsForADrawSharesItsFailure) {
  constexpr int kCallers = 8;
  std::atomic<int> draws = 0;
  std::promise<void> go;
  const std::shared_future<void> gone = go.get_future().share();
  IdPool pool([&](std::int64_t) -> absl::StatusOr<v1::NextNResponse> {
    ++draws;
    gone.wait();
    return absl::UnavailableError("away");
  });
  std::vector<std::future<bool>> callers;
  for (int i = 0; i < kCallers; ++i) {
    callers.push_back(std::async(std::launch::async, [&] { return pool.Next(10).ok(); }));
  }
  // Whoever comes later than this draws once more, and is none of those who waited.
  std::this_thread::sleep_for(std::chrono::milliseconds(100));
  go.set_value();
  for (auto& caller : callers) EXPECT_FALSE(caller.get());
  EXPECT_LT(draws, kCallers);
}

TEST(IdPoolTest, NoTwoThreadsGetTheSameId) {
  constexpr std::size_t kThreads = 4;
  constexpr std::size_t kEach = 200'000;
  Source source;
  IdPool pool([&](std::int64_t n) { return source.Draw(n); });
  std::vector<std::vector<std::int64_t>> parts(kThreads);
  std::vector<std::thread> threads;
  for (std::size_t t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      // Bulks so small that they end all the time.
      const auto bulk_size = static_cast<std::int64_t>(1 + 3 * t);
      parts[t].reserve(kEach);
      for (std::size_t i = 0; i < kEach; ++i) parts[t].push_back(pool.Next(bulk_size)->value);
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::vector<std::int64_t> all;
  for (const auto& part : parts) {
    EXPECT_TRUE(std::is_sorted(part.begin(), part.end()));
    all.insert(all.end(), part.begin(), part.end());
  }
  std::sort(all.begin(), all.end());
  EXPECT_EQ(std::adjacent_find(all.begin(), all.end()), all.end());
  EXPECT_EQ(all.size(), kThreads * kEach);
  EXPECT_GE(all.front(), 1);
  EXPECT_LT(all.back(), source.next);
}

TEST(IdPoolTest, AForkedChildGetsNoIds) {
  Source source;
  IdPool pool([&](std::int64_t n) { return source.Draw(n); });
  EXPECT_THAT(Take(pool, 1, 10), ElementsAre(1));
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    _exit(pool.Next(10).status().code() == absl::StatusCode::kFailedPrecondition ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_THAT(Take(pool, 1, 10), ElementsAre(2));
}

}  // namespace
}  // namespace mintmark::client
