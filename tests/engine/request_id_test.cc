// Request ids: a call is executed once, however often it is made.
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/engine/harness.h"

namespace mintmark::testing {
namespace {

using engine::Batch;
using Ids = std::vector<std::int64_t>;

std::unique_ptr<NextCall> Keyed(Server& server, const std::string& sequence, std::int64_t n,
                                const std::string& request_id) {
  auto call = std::make_unique<NextCall>();
  Ask(*call, sequence, n, request_id);
  server.Do(*call);
  return call;
}

TEST(RequestIdTest, TheSameIdGetsTheSameResultOnAnyServer) {
  World world;
  Server a(world);
  Server b(world);
  Create(a, "orders", {});
  const auto first = Keyed(a, "orders", 3, "key");
  ASSERT_TRUE(first->ok());
  EXPECT_FALSE(first->replayed);
  for (Server* server : {&a, &b}) {
    const auto again = Keyed(*server, "orders", 3, "key");
    EXPECT_TRUE(again->replayed);
    EXPECT_EQ(again->ranges, first->ranges);
    EXPECT_EQ(again->generation, first->generation);
    EXPECT_EQ(again->count, 3);
  }
}

TEST(RequestIdTest, TwinsInOneBatchGetOneResult) {
  World world;
  Server server(world);
  Create(server, "orders", {});
  NextCall twins[2];
  IncrCall counts[2];
  for (NextCall& twin : twins) Ask(twin, "orders", 2, "key");
  for (IncrCall& twin : counts) Ask(twin, "hits", 5, "key");
  for (NextCall& twin : twins) server.Start(twin);
  for (IncrCall& twin : counts) server.Start(twin);
  server.Settle();
  EXPECT_EQ(IdsOf(twins[0]), IdsOf(twins[1]));
  EXPECT_NE(twins[0].replayed, twins[1].replayed);
  EXPECT_EQ(counts[0].value, 5);
  EXPECT_EQ(counts[1].value, 5);
  EXPECT_NE(counts[0].replayed, counts[1].replayed);
  EXPECT_EQ(world.Counter("hits"), 5);
}

TEST(RequestIdTest, TwinsOnTwoServersGetOneResult) {
  World world;
  Server a(world);
  Server b(world);
  Create(a, "orders", {});
  Keyed(b, "orders", 1, "other");
  NextCall at_a;
  NextCall at_b;
  Ask(at_a, "orders", 2, "key");
  Ask(at_b, "orders", 2, "key");
  a.Start(at_a);
  b.Start(at_b);
  std::unique_ptr<Batch> batch_a = a.Take();
  std::unique_ptr<Batch> batch_b = b.Take();
  b.Commit(std::move(batch_b));
  a.Commit(std::move(batch_a));
  a.Settle();
  EXPECT_EQ(IdsOf(at_a), IdsOf(at_b));
  EXPECT_TRUE(at_a.replayed);
  EXPECT_FALSE(at_b.replayed);
}

TEST(RequestIdTest, OtherParametersAreRefused) {
  World world;
  Server server(world);
  Create(server, "orders", {});
  ASSERT_TRUE(Keyed(server, "orders", 3, "key")->ok());
  EXPECT_EQ(Keyed(server, "orders", 4, "key")->reason(), Reason::kRequestIdReused);
  NextCall partial;
  Ask(partial, "orders", 3, "key");
  partial.allow_partial = true;
  server.Do(partial);
  EXPECT_EQ(partial.reason(), Reason::kRequestIdReused);
  IncrCall first;
  IncrCall other;
  Ask(first, "hits", 1, "key");
  Ask(other, "hits", 2, "key");
  server.Do(first);
  server.Do(other);
  EXPECT_TRUE(first.ok()) << "A request id is known by its rpc and name.";
  EXPECT_EQ(other.reason(), Reason::kRequestIdReused);
  EXPECT_EQ(world.Counter("hits"), 1);
}

TEST(RequestIdTest, IsKnownByRpcAndName) {
  World world;
  Server server(world);
  Create(server, "orders", {});
  Create(server, "others", {});
  EXPECT_FALSE(Keyed(server, "orders", 3, "key")->replayed);
  EXPECT_FALSE(Keyed(server, "others", 3, "key")->replayed);
  NextCall reserve;
  Ask(reserve, "orders", 3, "key");
  reserve.one_range = true;
  server.Do(reserve);
  EXPECT_TRUE(reserve.ok());
  EXPECT_FALSE(reserve.replayed);
}

TEST(RequestIdTest, ARefusedDrawIsNotRemembered) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(5, 0, std::nullopt));
  EXPECT_EQ(Keyed(server, "invoices", 6, "key")->reason(), Reason::kSequenceExhausted);
  const auto second = Keyed(server, "invoices", 5, "key");
  EXPECT_TRUE(second->ok()) << second->status();
  EXPECT_FALSE(second->replayed);
}

TEST(RequestIdTest, APartialDrawIsToldAgainAsItWas) {
  World world;
  Server server(world);
  Create(server, "invoices", Settings(5, 0, std::nullopt));
  NextCall calls[2];
  for (NextCall& call : calls) {
    Ask(call, "invoices", 9, "key");
    call.allow_partial = true;
    server.Do(call);
  }
  EXPECT_EQ(calls[0].count, 5);
  EXPECT_EQ(calls[1].count, 5);
  EXPECT_TRUE(calls[1].replayed);
}

TEST(RequestIdTest, WhenTheStoreIsFullOnlyKeyedCallsAreRefused) {
  store::ApplyOptions limits;
  limits.max_request_ids = 1;
  World world(limits);
  Server server(world);
  Create(server, "invoices", Settings(std::nullopt, 0, std::nullopt));
  ASSERT_TRUE(Keyed(server, "invoices", 1, "first")->ok());
  const auto refused = Keyed(server, "invoices", 1, "second");
  EXPECT_EQ(refused->reason(), Reason::kRequestIdsFull);
  EXPECT_TRUE(Keyed(server, "invoices", 1, "first")->replayed);
  IncrCall incr;
  Ask(incr, "hits", 1, "third");
  server.Do(incr);
  EXPECT_EQ(incr.reason(), Reason::kRequestIdsFull);
  EXPECT_EQ(Draw(server, "invoices"), Ids{2});
  EXPECT_EQ(Increment(server, "hits"), 1);
}

}  // namespace
}  // namespace mintmark::testing
