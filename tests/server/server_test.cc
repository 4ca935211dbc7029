// How a server behaves when its store hangs, is away or loses connections, when
// clients give up, and when it is stopped.
#include "server/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <string>
#include <thread>
#include <vector>

#include "server/listen_address.h"
#include "tests/server/raw_call.h"
#include "tests/server/server_fixture.h"

namespace mintmark::server {
namespace {

using ::testing::HasSubstr;

class ServerBehaviourTest : public ServerTest {
 protected:
  // Whatever happened, nothing may hang on in the destructor.
  ~ServerBehaviourTest() override { gate().Set(Gate::Mode::kOpen); }

  Outcome Incr(std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
    v1::IncrCounterResponse response;
    return Id(&IdStub::IncrCounter, "counter: 'c'", &response, timeout);
  }

  std::future<Outcome> IncrInBackground() {
    return std::async(std::launch::async, [this] { return Incr(); });
  }

  v1::GetServerStatusResponse Status() {
    v1::GetServerStatusResponse status;
    ExpectOk(Admin(&AdminStub::GetServerStatus, "", &status));
    return status;
  }

  // Between two looks at something that another thread is about to do.
  static void Pause() { std::this_thread::sleep_for(std::chrono::milliseconds(1)); }

  // Waits until `count` calls wait in the lane.
  void AwaitWaiting(std::int64_t count) {
    while (Status().lanes(0).queue_length() < count) Pause();
  }

  std::int64_t Value() {
    v1::GetCountersResponse response;
    ExpectOk(Id(&IdStub::GetCounters, "counters: 'c'", &response));
    return response.values_size() == 1 ? response.values(0).value() : -1;
  }
};

TEST_F(ServerBehaviourTest, ACallPastItsDeadlineIsNotExecuted) {
  ExpectOk(Incr());
  gate().Set(Gate::Mode::kHangs);
  // The first is in the batch that hangs; the second waits behind it.
  std::future<Outcome> first = IncrInBackground();
  AwaitWaiting(1);
  EXPECT_EQ(Incr(std::chrono::milliseconds(50)).status.error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  // The client counts from before the call left; the server from when it came.
  while (Status().lanes(0).queue_length() > 1) Pause();
  gate().Set(Gate::Mode::kOpen);
  ExpectOk(first.get());
  EXPECT_EQ(Value(), 2);
}

TEST_F(ServerBehaviourTest, CallsWithoutDeadlineGetTheDefault) {
  config_.default_deadline = std::chrono::milliseconds(50);
  StartServer();
  ExpectOk(Incr());
  gate().Set(Gate::Mode::kHangs);
  std::future<Outcome> first = IncrInBackground();
  AwaitWaiting(1);
  v1::IncrCounterRequest request;
  request.set_counter("c");
  v1::IncrCounterResponse response;
  grpc::ClientContext context;
  EXPECT_EQ(id_stub_->IncrCounter(&context, request, &response).error_code(),
            grpc::StatusCode::DEADLINE_EXCEEDED);
  gate().Set(Gate::Mode::kOpen);
  first.get();
}

TEST_F(ServerBehaviourTest, NoCallOutlivesTheLongestDeadline) {
  config_.default_deadline = std::chrono::milliseconds(50);
  config_.max_deadline = std::chrono::milliseconds(50);
  StartServer();
  ExpectOk(Incr());
  gate().Set(Gate::Mode::kHangs);
  std::future<Outcome> first = IncrInBackground();
  AwaitWaiting(1);
  EXPECT_EQ(Incr(std::chrono::hours(1)).status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  gate().Set(Gate::Mode::kOpen);
  first.get();
}

TEST_F(ServerBehaviourTest, ClientsThatGiveUpDoNoHarm) {
  ExpectOk(Incr());
  gate().Set(Gate::Mode::kHangs);
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts;
  std::vector<std::thread> clients;
  for (int i = 0; i < 20; ++i) {
    contexts.push_back(std::make_unique<grpc::ClientContext>());
    clients.emplace_back([this, &context = *contexts.back()] {
      v1::BatchIncrCountersRequest request;
      for (int k = 0; k < 5; ++k) request.add_requests()->set_counter("c");
      request.mutable_requests(0)->set_request_id("once");
      v1::BatchIncrCountersResponse response;
      EXPECT_EQ(id_stub_->BatchIncrCounters(&context, request, &response).error_code(),
                grpc::StatusCode::CANCELLED);
    });
  }
  AwaitWaiting(20);
  for (const auto& context : contexts) context->TryCancel();
  for (std::thread& client : clients) client.join();
  gate().Set(Gate::Mode::kOpen);
  ExpectOk(Incr());
}

TEST_F(ServerBehaviourTest, AFullQueueIsOverloaded) {
  config_.max_waiting = 1;
  StartServer();
  ExpectOk(Incr());
  gate().Set(Gate::Mode::kHangs);
  std::future<Outcome> first = IncrInBackground();
  AwaitWaiting(1);
  const Outcome refused = Incr();
  ExpectReason(refused, Reason::kOverloaded);
  EXPECT_TRUE(refused.has_retry_info);
  EXPECT_NE(refused.pushback_ms, "");
  gate().Set(Gate::Mode::kOpen);
  ExpectOk(first.get());
}

TEST_F(ServerBehaviourTest, AStoreThatIsAwayIsSaidSoAndComesBack) {
  ExpectOk(Incr());
  gate().Set(Gate::Mode::kAway);
  const Outcome away = Incr();
  ExpectReason(away, Reason::kStoreUnavailable);
  EXPECT_TRUE(away.has_retry_info);
  EXPECT_THAT(Status().lanes(0).last_error(), HasSubstr("took it away"));
  gate().Set(Gate::Mode::kOpen);
  Outcome back = Incr();
  while (!back.status.ok()) {
    ExpectReason(back, Reason::kStoreUnavailable);
    back = Incr();
  }
  EXPECT_EQ(Value(), 2);
  EXPECT_EQ(Status().lanes(0).last_error(), "");
}

TEST_F(ServerBehaviourTest, ADoubtIsResolvedBeforeItsCallersAreAnswered) {
  ExpectOk(Incr());
  gate().Set(Gate::Mode::kDoubtful);
  ExpectOk(Incr());
  gate().Set(Gate::Mode::kOpen);
  EXPECT_EQ(Value(), 2);
}

TEST_F(ServerBehaviourTest, ACleanStopGivesEverythingBack) {
  v1::NextNResponse next;
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a'", &next));
  v1::IncrCounterResponse incr;
  ExpectOk(Incr());
  ExpectOk(
      Id(&IdStub::IncrCounter, "counter: 'c' delta: 4 durability: DURABILITY_DEFERRED", &incr));
  EXPECT_TRUE(server_->Stop().clean);
  StartServer();
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a'", &next));
  EXPECT_EQ(next.ranges(0).first(), 2);
  EXPECT_EQ(Value(), 5);
}

TEST_F(ServerBehaviourTest, AStoppingServerRefusesNewWorkAndFinishesOld) {
  ExpectOk(Incr());
  gate().Set(Gate::Mode::kHangs);
  std::future<Outcome> old = IncrInBackground();
  AwaitWaiting(1);
  std::future<StopOutcome> stop =
      std::async(std::launch::async, [this] { return server_->Stop(); });
  while (!Status().draining()) Pause();
  // The stop is under way; SHUTTING_DOWN may take a moment to be what is said.
  Outcome refused = Incr(std::chrono::milliseconds(200));
  while (refused.status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    refused = Incr(std::chrono::milliseconds(200));
  }
  ExpectReason(refused, Reason::kShuttingDown);
  std::string health;
  ExpectOk(RawCall(channel_, "/grpc.health.v1.Health/Check", {""}, &health));
  EXPECT_EQ(health, "\x08\x02");  // NOT_SERVING
  gate().Set(Gate::Mode::kOpen);
  ExpectOk(old.get());
  EXPECT_TRUE(stop.get().clean);
}

TEST_F(ServerBehaviourTest, AStopWithoutStoreSaysWhatItCouldNotGiveBack) {
  config_.stop_timeout = std::chrono::milliseconds(200);
  StartServer();
  v1::NextNResponse next;
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a'", &next));
  ExpectOk(Incr());
  v1::IncrCounterResponse incr;
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'c' durability: DURABILITY_DEFERRED", &incr));
  gate().Set(Gate::Mode::kAway);
  const StopOutcome outcome = server_->Stop();
  EXPECT_FALSE(outcome.clean);
  EXPECT_GT(outcome.unissued_ids, 0);
  EXPECT_EQ(outcome.deferred_counters, 1);
}

TEST_F(ServerBehaviourTest, CallsThatWaitAreEndedWhenTheServerGoes) {
  ExpectOk(Incr());
  gate().Set(Gate::Mode::kHangs);
  std::vector<std::future<Outcome>> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(IncrInBackground());
  AwaitWaiting(5);
  std::thread destroyer([this] { server_.reset(); });
  gate().Set(Gate::Mode::kAway);
  destroyer.join();
  for (std::future<Outcome>& call : calls) EXPECT_FALSE(call.get().status.ok());
}

TEST_F(ServerBehaviourTest, APortInUseIsRefusedAndTheStoreLeftAlone) {
  Config config = config_;
  config.listen = server_->address();
  Server second(config, *gated_store_);
  const absl::Status status = second.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(status.message()), HasSubstr("is in use"));
  ExpectOk(Incr());
}

TEST_F(ServerBehaviourTest, ServesOnAUnixSocket) {
  config_.listen = "unix:" + ::testing::TempDir() + "/mintmark_server_test.sock";
  StartServer();
  EXPECT_EQ(server_->address(), config_.listen);
  channel_ = grpc::CreateChannel(config_.listen, grpc::InsecureChannelCredentials());
  id_stub_ = v1::IdService::NewStub(channel_);
  ExpectOk(Incr());
  EXPECT_THAT(std::string(CheckListenAddress(config_.listen).message()), HasSubstr("is in use"));
}

TEST_F(ServerBehaviourTest, ServesOnEveryInterface) {
  config_.listen = ":0";
  StartServer();
  ExpectOk(Incr());
}

TEST_F(ServerBehaviourTest, TakesNoMoreLanesThanTheStoreHas) {
  config_.lanes = 8;
  StartServer();
  EXPECT_EQ(Status().lanes_size(), gated_store_->max_lanes());
}

TEST(ListenAddressTest, SaysWhyAnAddressCannotBeHad) {
  EXPECT_THAT(std::string(CheckListenAddress("192.0.2.1:0").message()),
              HasSubstr("cannot be listened on"));
  EXPECT_THAT(std::string(CheckListenAddress("no-such-host.invalid:0").message()),
              HasSubstr("no-such-host.invalid"));
  EXPECT_TRUE(CheckListenAddress("127.0.0.1:0").ok());
  EXPECT_TRUE(CheckListenAddress("unix:/nowhere/yet.sock").ok());
  EXPECT_EQ(WithPort("[::1]:0", 7), "[::1]:7");
}

}  // namespace
}  // namespace mintmark::server
