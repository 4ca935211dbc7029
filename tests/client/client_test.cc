#include "client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <thread>

#include "tests/client/fake_server.h"

namespace mintmark::client {
namespace {

using std::chrono::milliseconds;
using testing::ElementsAre;
using testing::MatchesRegex;

constexpr char kKeyPattern[] = "[0-9a-f]{32}";

// Waits so short that no test notices them.
std::unique_ptr<Client> Connect(std::vector<std::string> addresses,
                                milliseconds timeout = milliseconds(20'000)) {
  ClientOptions options;
  options.addresses = std::move(addresses);
  options.timeout = timeout;
  options.retry.initial_backoff = milliseconds(1);
  options.retry.max_backoff = milliseconds(4);
  return Client::Make(std::move(options)).value();
}

v1::IncrCounterRequest Increment(const char* counter) {
  v1::IncrCounterRequest request;
  request.set_counter(counter);
  return request;
}

TEST(ClientTest, RefusesOptionsThatMakeNoSense) {
  EXPECT_EQ(Client::Make({.addresses = {}}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Client::Make({.addresses = {""}}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Client::Make({.timeout = milliseconds(0)}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Client::Make({.retry = {.max_attempts = 0}}).status().code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(ClientTest, IncrementsAreTriedAgainUnderOneRequestId) {
  FakeServer server;
  server.PlanError(Reason::kStoreUnavailable);
  server.PlanLoss();
  server.PlanError(Reason::kCommitInDoubt);
  const auto client = Connect({server.address()});
  EXPECT_EQ(client->Incr("hits", 3).value(), 3);
  const std::vector<std::string> keys = server.request_ids();
  ASSERT_EQ(keys.size(), 4U);
  EXPECT_THAT(keys[0], MatchesRegex(kKeyPattern));
  EXPECT_THAT(keys, testing::Each(keys[0]));
}

TEST(ClientTest, EachCallHasARequestIdOfItsOwn) {
  FakeServer server;
  const auto client = Connect({server.address()});
  ASSERT_TRUE(client->Incr("hits").ok());
  ASSERT_TRUE(client->Incr("hits").ok());
  const std::vector<std::string> keys = server.request_ids();
  EXPECT_NE(keys[0], keys[1]);
}

TEST(ClientTest, TheCallersRequestIdIsKept) {
  FakeServer server;
  server.PlanLoss();
  const auto client = Connect({server.address()});
  v1::IncrCounterRequest request = Increment("hits");
  request.set_request_id("order-17");
  ASSERT_TRUE(client->IncrCounter(request, {.exactly_once = false}).ok());
  EXPECT_THAT(server.request_ids(), ElementsAre("order-17", "order-17"));
}

TEST(ClientTest, AnIncrementWithoutARequestIdIsNotTriedAgainInDoubt) {
  FakeServer server;
  server.PlanError(Reason::kStoreUnavailable);
  server.PlanLoss();
  const auto client = Connect({server.address()});
  const auto answer = client->IncrCounter(Increment("hits"), {.exactly_once = false});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(InDoubt(answer.status()));
  EXPECT_THAT(server.request_ids(), ElementsAre("", ""));
}

TEST(ClientTest, ADeferredIncrementGetsARequestIdOnlyWhenAskedFor) {
  FakeServer server;
  const auto client = Connect({server.address()});
  v1::IncrCounterRequest request = Increment("hits");
  request.set_durability(v1::DURABILITY_DEFERRED);
  ASSERT_TRUE(client->IncrCounter(request).ok());
  ASSERT_TRUE(client->IncrCounter(request, {.exactly_once = true}).ok());
  EXPECT_THAT(server.request_ids(), ElementsAre("", MatchesRegex(kKeyPattern)));
}

TEST(ClientTest, ABatchIsTriedAgainInDoubtOnlyWhenAllOfItIsKeyed) {
  FakeServer server;
  const auto client = Connect({server.address()});
  v1::BatchIncrCountersRequest batch;
  *batch.add_requests() = Increment("a");
  *batch.add_requests() = Increment("b");
  server.PlanLoss();
  EXPECT_TRUE(client->BatchIncrCounters(batch).ok());
  EXPECT_EQ(server.calls(), 2);

  batch.mutable_requests(1)->set_durability(v1::DURABILITY_DEFERRED);
  server.PlanLoss();
  EXPECT_TRUE(InDoubt(client->BatchIncrCounters(batch).status()));
  EXPECT_EQ(server.calls(), 3);
}

TEST(ClientTest, ALostDrawIsMadeUpForByOtherIds) {
  FakeServer server;
  server.PlanLoss();
  const auto client = Connect({server.address()});
  EXPECT_EQ(client->NextId("orders").value(), 2);
  EXPECT_THAT(server.request_ids(), ElementsAre("", ""));
}

TEST(ClientTest, ADrawCanBeExactlyOnce) {
  FakeServer server;
  server.PlanLoss();
  const auto client = Connect({server.address()});
  ASSERT_TRUE(client->NextId("orders", {.exactly_once = true}).ok());
  const std::vector<std::string> keys = server.request_ids();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_THAT(keys[0], MatchesRegex(kKeyPattern));
  EXPECT_EQ(keys[0], keys[1]);
}

TEST(ClientTest, AdminChangesAreNotTriedAgainInDoubt) {
  FakeServer server;
  server.PlanError(Reason::kDraining);
  server.PlanLoss();
  const auto client = Connect({server.address()});
  EXPECT_TRUE(InDoubt(client->ResetCounter({}).status()));
  EXPECT_EQ(server.calls(), 2);
}

TEST(ClientTest, ALostGuidIsMadeUpForByAnother) {
  FakeServer server;
  server.PlanLoss();
  const auto client = Connect({server.address()});
  const auto answer = client->NextGuid({});
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_THAT(answer->guids(), ElementsAre(2));
}

TEST(ClientTest, AGeneratorIsAskedForUnderOneRequestIdWhateverGetsLost) {
  FakeServer server;
  server.PlanLoss();
  const auto client = Connect({server.address()});
  EXPECT_TRUE(client->AcquireGenerator({}, {.exactly_once = false}).ok());
  const std::vector<std::string> keys = server.request_ids();
  ASSERT_EQ(keys.size(), 2U);
  EXPECT_THAT(keys, testing::Each(MatchesRegex(kKeyPattern)));
  EXPECT_EQ(keys[0], keys[1]);
}

TEST(ClientTest, LeasesAreProlongedAndReleasedAgainAfterALoss) {
  FakeServer server;
  const auto client = Connect({server.address()});
  server.PlanLoss();
  EXPECT_TRUE(client->RenewGenerator({}).ok());
  server.PlanLoss();
  EXPECT_TRUE(client->ReleaseGenerator({}).ok());
  EXPECT_EQ(server.calls(), 4);
}

TEST(ClientTest, AGroupIsNotCreatedAgainInDoubt) {
  FakeServer server;
  server.PlanLoss();
  const auto client = Connect({server.address()});
  EXPECT_TRUE(InDoubt(client->CreateGuidGroup({}).status()));
  EXPECT_EQ(server.calls(), 1);
}

TEST(ClientTest, ErrorsKeepTheirReason) {
  FakeServer server;
  server.PlanError(Reason::kCounterOverflow);
  const auto client = Connect({server.address()});
  const auto answer = client->Incr("hits");
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(answer.status().message(), "planned");
  EXPECT_EQ(ReasonOf(answer.status()), Reason::kCounterOverflow);
  EXPECT_FALSE(InDoubt(answer.status()));
}

TEST(ClientTest, AnotherTryGoesToTheNextServer) {
  FakeServer stopping;
  FakeServer running;
  for (int i = 0; i < 10; ++i) stopping.PlanError(Reason::kShuttingDown);
  const auto client = Connect({stopping.address(), running.address()});
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(client->Incr("hits").ok());
  EXPECT_EQ(running.calls(), 4);
}

TEST(ClientTest, ATryThatHangsIsFollowedByAnother) {
  FakeServer server;
  server.Plan([](grpc::ServerContext& context) {
    while (!context.IsCancelled()) std::this_thread::sleep_for(milliseconds(1));
    return grpc::Status::CANCELLED;
  });
  ClientOptions options;
  options.addresses = {server.address()};
  options.retry.attempt_timeout = milliseconds(200);
  options.retry.initial_backoff = milliseconds(1);
  const auto client = Client::Make(options).value();
  EXPECT_TRUE(client->Incr("hits", 1, {.timeout = milliseconds(20'000)}).ok());
  const std::vector<std::string> keys = server.request_ids();
  ASSERT_GE(keys.size(), 2U);
  EXPECT_THAT(keys, testing::Each(keys[0]));
}

TEST(ClientTest, ADeadlineThatEndsDuringACallLeavesADoubt) {
  FakeServer server;
  const auto client = Connect({server.address()});
  // The connection stands by then: what is not sent at all leaves no doubt.
  ASSERT_TRUE(client->Incr("hits").ok());
  server.Plan([](grpc::ServerContext& context) {
    while (!context.IsCancelled()) std::this_thread::sleep_for(milliseconds(1));
    return grpc::Status::CANCELLED;
  });
  const auto answer =
      client->IncrCounter(Increment("hits"), {.timeout = milliseconds(300), .exactly_once = false});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_TRUE(InDoubt(answer.status()));
}

TEST(ClientTest, NobodyListeningLeavesNoDoubt) {
  std::string address;
  {
    const FakeServer gone;
    address = gone.address();
  }
  const auto client = Connect({address}, milliseconds(300));
  const auto answer = client->IncrCounter(Increment("hits"), {.exactly_once = false});
  EXPECT_EQ(answer.status().code(), absl::StatusCode::kUnavailable) << answer.status();
  EXPECT_FALSE(InDoubt(answer.status()));
}

TEST(ClientTest, AServerThatDiesDuringACallLeavesADoubt) {
  auto server = std::make_unique<FakeServer>();
  std::promise<void> arrived;
  server->Plan([&](grpc::ServerContext& context) {
    arrived.set_value();
    while (!context.IsCancelled()) std::this_thread::sleep_for(milliseconds(1));
    return grpc::Status::CANCELLED;
  });
  const auto client = Connect({server->address()});
  auto answer = std::async(std::launch::async, [&] {
    return client->IncrCounter(Increment("hits"), {.exactly_once = false}).status();
  });
  arrived.get_future().wait();
  server.reset();
  const absl::Status status = answer.get();
  EXPECT_FALSE(status.ok());
  EXPECT_TRUE(InDoubt(status)) << status;
}

TEST(ClientTest, AServerThatComesBackIsFoundAgain) {
  auto server = std::make_unique<FakeServer>();
  const int port = server->port();
  ClientOptions options;
  options.addresses = {server->address()};
  options.timeout = milliseconds(20'000);
  options.retry.max_attempts = 1000;
  const auto client = Client::Make(options).value();
  ASSERT_TRUE(client->Incr("hits").ok());
  server.reset();
  auto answer = std::async(std::launch::async, [&] {
    return client->IncrCounter(Increment("hits"), {.exactly_once = false}).status();
  });
  server = std::make_unique<FakeServer>(port);
  const absl::Status status = answer.get();
  EXPECT_TRUE(status.ok()) << status;
}

TEST(ClientTest, ConnectsWhileItWaitsForTheNextTry) {
  // Otherwise gRPC looks after connections that nobody waits for every five seconds.
  setenv("GRPC_CLIENT_CHANNEL_BACKUP_POLL_INTERVAL_MS", "3600000", 1);
  auto server = std::make_unique<FakeServer>();
  const int port = server->port();
  ClientOptions options;
  options.addresses = {server->address()};
  options.timeout = milliseconds(20'000);
  options.retry.max_attempts = 1000;
  const auto client = Client::Make(options).value();
  server.reset();
  ASSERT_FALSE(client->NextId("orders", {.timeout = milliseconds(100)}).ok());
  server = std::make_unique<FakeServer>(port);
  const auto id = client->NextId("orders");
  EXPECT_TRUE(id.ok()) << id.status();
}

TEST(ClientTest, ServesManyThreads) {
  FakeServer server;
  const auto client = Connect({server.address()});
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 50; ++j) EXPECT_TRUE(client->Incr("hits").ok());
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> keys = server.request_ids();
  EXPECT_EQ(std::set<std::string>(keys.begin(), keys.end()).size(), 200U);
}

}  // namespace
}  // namespace mintmark::client
