// GUIDs as primary keys: writers fill a real table with those of two servers while a
// third program mints as many in its own process, and the primary key accepts them
// all.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iostream>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "client/client.h"
#include "src/core/status_macros.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/store_test.h"
#include "tests/million/orders_table.h"
#include "tests/minter/minter.h"

namespace mintmark::e2e {
namespace {

constexpr std::int64_t kServersWriters = 6;
constexpr std::int64_t kMinterWriters = 2;
constexpr std::int64_t kBatch = 500;

// Asks for as many GUIDs as there are rows to insert, mostly many at a time and now
// and then one, and inserts them.
absl::Status Write(client::Client& client, Table& table, std::int64_t writer, std::int64_t rows) {
  constexpr double kOneByOne = 0.02;
  std::mt19937_64 random(static_cast<std::uint64_t>(writer));
  std::bernoulli_distribution one_by_one(kOneByOne);
  for (std::int64_t written = 0; written < rows;) {
    const std::int64_t wanted = std::min(kBatch, rows - written);
    const std::int64_t n = one_by_one(random) ? 1 : wanted;
    Ids ids;
    while (static_cast<std::int64_t>(ids.size()) < wanted) {
      v1::NextGuidRequest request;
      request.set_group("orders");
      request.set_n(static_cast<std::int32_t>(n));
      MINTMARK_ASSIGN_OR_RETURN(const v1::NextGuidResponse response, client.NextGuid(request));
      ids.insert(ids.end(), response.guids().begin(), response.guids().end());
    }
    MINTMARK_RETURN_IF_ERROR(table.Insert(writer, ids));
    written += wanted;
  }
  return absl::OkStatus();
}

absl::Status Copy(const Ids& ids, Table& table, std::int64_t writer) {
  for (std::size_t first = 0; first < ids.size(); first += kBatch) {
    const std::size_t limit = std::min<std::size_t>(first + kBatch, ids.size());
    const auto begin = ids.begin() + static_cast<std::ptrdiff_t>(first);
    const auto end = ids.begin() + static_cast<std::ptrdiff_t>(limit);
    MINTMARK_RETURN_IF_ERROR(table.Insert(writer, Ids(begin, end)));
  }
  return absl::OkStatus();
}

class MillionGuidsTest : public StoreTest {
 protected:
  void Prepare() override {
    for (std::size_t i = 0; i < (shared() ? 2U : 1U); ++i) servers_.push_back(&StartServer());
    v1::CreateGuidGroupRequest request;
    request.mutable_group()->set_name("orders");
    // Renewed often.
    request.mutable_group()->mutable_lease()->set_seconds(5);
    ASSERT_THAT(Connect(Servers())->CreateGuidGroup(request), IsOk());
    place().MakeTable();
  }

  // Of the servers, and of the program that mints.
  std::int64_t rows() const { return shared() ? 1'000'000 : 100'000; }

  std::vector<const Mintmarkd*> Servers() const { return {servers_.begin(), servers_.end()}; }

  TablePlace place() const {
    return TablePlace(shared(), shared() ? store_url() : folder_.Path("orders.db"));
  }

  // Runs `write` in as many threads as there are writers, each with a table of its own.
  template <typename WriteRows>
  void RunWriters(std::int64_t first, std::int64_t limit, WriteRows write) {
    std::vector<std::thread> threads;
    std::vector<absl::Status> statuses(static_cast<std::size_t>(limit - first));
    for (std::int64_t writer = first; writer < limit; ++writer) {
      threads.emplace_back([&, writer] {
        const std::unique_ptr<Table> table = place().OpenTable();
        statuses[static_cast<std::size_t>(writer - first)] = write(writer, *table);
      });
    }
    for (std::thread& thread : threads) thread.join();
    for (const absl::Status& status : statuses) ASSERT_THAT(status, IsOk());
  }

 private:
  std::vector<Mintmarkd*> servers_;
  const testing::ScratchFolder folder_;
};
INSTANTIATE_ON_STORES(MillionGuidsTest);

TEST_P(MillionGuidsTest, ServersAndAClientWithALeaseMintKeysWithoutACollision) {
  MinterSettings settings;
  settings.group = "orders";
  settings.count = rows();
  settings.batch = kBatch;
  settings.pause_us = 1'000;  // So that it takes about as long as the writers do.
  const auto start = std::chrono::steady_clock::now();
  Minter minter(Servers(), settings);
  RunWriters(0, kServersWriters, [&](std::int64_t writer, Table& table) {
    // As an application would: one client that knows all servers.
    const std::int64_t rest = writer == 0 ? rows() % kServersWriters : 0;
    return Write(*Connect(Servers()), table, writer, rows() / kServersWriters + rest);
  });
  if (HasFatalFailure()) return;
  const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
  EXPECT_EQ(minter.Wait(), 0) << minter.log();
  const std::chrono::duration<double> minted = std::chrono::steady_clock::now() - start;

  const Ids guids = minter.guids();
  ASSERT_EQ(static_cast<std::int64_t>(guids.size()), rows());
  const Ids half(guids.begin(), guids.begin() + static_cast<std::ptrdiff_t>(guids.size() / 2));
  const Ids other_half(guids.begin() + static_cast<std::ptrdiff_t>(half.size()), guids.end());
  RunWriters(kServersWriters, kServersWriters + kMinterWriters,
             [&](std::int64_t writer, Table& table) {
               return Copy(writer == kServersWriters ? half : other_half, table, writer);
             });
  if (HasFatalFailure()) return;
  std::cout << absl::StrFormat("%d rows of %d servers in %.1f s, %d of a minter in %.1f s\n",
                               rows(), Servers().size(), elapsed.count(), rows(), minted.count());
  EXPECT_EQ(place().Ask("count(*)"), 2 * rows());
  EXPECT_GT(place().Ask("min(id)"), 0);
  // Each server and the minter had a generator of its own.
  EXPECT_GE(place().Ask("count(DISTINCT id & 4095)"), static_cast<int>(Servers().size()) + 1);
}

}  // namespace
}  // namespace mintmark::e2e
