// What an id service is for: eight writers fill a real table whose primary key comes
// from NextN, and the primary key accepts every row.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "client/client.h"
#include "src/core/status_macros.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/store_test.h"
#include "tests/million/orders_table.h"

namespace mintmark::e2e {
namespace {

constexpr std::int64_t kMaxId = 100'000'000;
constexpr std::int64_t kWriters = 8;
constexpr std::int64_t kBatch = 500;

// Draws as many ids as there are rows to insert, mostly many at a time and now and
// then one, and inserts them.
absl::Status Write(client::Client& client, Table& table, std::int64_t writer, std::int64_t rows) {
  constexpr double kOneByOne = 0.02;
  std::mt19937_64 random(static_cast<std::uint64_t>(writer));
  std::bernoulli_distribution one_by_one(kOneByOne);
  for (std::int64_t written = 0; written < rows;) {
    const std::int64_t wanted = std::min(kBatch, rows - written);
    const std::int64_t n = one_by_one(random) ? 1 : wanted;
    Ids ids;
    while (static_cast<std::int64_t>(ids.size()) < wanted) {
      v1::NextNRequest request;
      request.set_sequence("orders");
      request.set_n(n);
      MINTMARK_ASSIGN_OR_RETURN(const v1::NextNResponse response, client.NextN(request));
      for (const v1::IdRange& range : response.ranges()) {
        for (std::int64_t id = range.first(); id <= range.last(); id += range.step()) {
          ids.push_back(id);
        }
      }
    }
    MINTMARK_RETURN_IF_ERROR(table.Insert(writer, ids));
    written += wanted;
  }
  return absl::OkStatus();
}

class MillionTest : public StoreTest {
 protected:
  // In all.
  std::int64_t rows() const { return shared() ? 1'000'000 : 100'000; }

  void StartServers() {
    for (std::size_t i = 0; i < (shared() ? 2U : 1U); ++i) {
      servers_.push_back(&StartServer());
      if (HasFatalFailure()) return;
    }
    v1::CreateSequenceRequest request;
    request.mutable_sequence()->set_name("orders");
    request.mutable_sequence()->set_max_id(kMaxId);
    ASSERT_THAT(Connect(Servers())->CreateSequence(request), IsOk());
  }

  void RunWriters() {
    std::vector<std::thread> threads;
    std::vector<absl::Status> statuses(kWriters);
    for (std::int64_t writer = 0; writer < kWriters; ++writer) {
      threads.emplace_back([&, writer] {
        // As an application would: one client that knows all servers.
        const std::unique_ptr<client::Client> client = Connect(Servers());
        const std::unique_ptr<Table> table = place().OpenTable();
        statuses[static_cast<std::size_t>(writer)] =
            Write(*client, *table, writer, rows() / kWriters);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const absl::Status& status : statuses) ASSERT_THAT(status, IsOk());
  }

  v1::Sequence Orders() {
    v1::GetSequenceRequest request;
    request.set_name("orders");
    const auto response = Connect(Servers())->GetSequence(request);
    EXPECT_THAT(response, IsOk());
    return response.ok() ? response->sequence() : v1::Sequence();
  }

  std::vector<const Mintmarkd*> Servers() const { return {servers_.begin(), servers_.end()}; }

  // What each server holds in windows, which it took for calls that came to it.
  std::vector<std::int64_t> HeldIds() {
    std::vector<std::int64_t> held;
    for (const Mintmarkd* server : servers_) {
      const auto status = Connect({server})->GetServerStatus({});
      EXPECT_THAT(status, IsOk());
      held.push_back(status.ok() ? status->held_window_ids() : 0);
    }
    return held;
  }

  TablePlace place() const {
    return TablePlace(shared(), shared() ? store_url() : folder_.Path("orders.db"));
  }

  std::vector<Mintmarkd*> servers_;

 private:
  const testing::ScratchFolder folder_;
};

TEST_P(MillionTest, EightWritersFillATableWithoutACollision) {
  StartServers();
  if (HasFatalFailure()) return;
  place().MakeTable();
  if (HasFatalFailure()) return;
  const auto start = std::chrono::steady_clock::now();
  RunWriters();
  if (HasFatalFailure()) return;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;

  EXPECT_EQ(place().Ask("count(*)"), rows());
  EXPECT_GE(place().Ask("min(id)"), 1);
  const std::int64_t largest = place().Ask("max(id)");
  const v1::Sequence orders = Orders();
  std::cout << absl::StrFormat("%d rows in %.1f s, ids 1 to %d, next_id %d\n", rows(),
                               elapsed.count(), largest, orders.next_id());
  // All that was issued lies below the frontier, and all servers took part.
  EXPECT_LT(largest, orders.next_id());
  EXPECT_LT(orders.next_id(), kMaxId);
  EXPECT_THAT(HeldIds(), ::testing::Each(::testing::Gt(0)));

  // Stopped cleanly, servers give back what they held, to the last id.
  for (Mintmarkd* server : servers_) ASSERT_EQ(server->Stop(), 0);
  ASSERT_THAT(servers_.front()->Start(), IsOk());
  EXPECT_EQ(Orders().remaining(), kMaxId - rows());
}

INSTANTIATE_ON_STORES(MillionTest);

}  // namespace
}  // namespace mintmark::e2e
