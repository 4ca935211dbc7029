// Counters at both ends of int64.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/rpc_status.h"
#include "mintmark/v1/id_service.grpc.pb.h"
#include "src/core/mutex.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/raw_call.h"
#include "tests/e2e/store_test.h"
#include "tests/e2e/text_message.h"

namespace mintmark::e2e {
namespace {

// Increments that are all under way at the same time.
class Increments {
 public:
  explicit Increments(const std::string& address)
      : stub_(v1::IdService::NewStub(MakeChannel(address))) {}
  ~Increments() { Wait(); }

  void Send(const std::string& counter, std::int64_t delta) {
    calls_.push_back(std::make_unique<Call>());
    Call& call = *calls_.back();
    call.request.set_counter(counter);
    call.request.set_delta(delta);
    call.context.set_deadline(std::chrono::system_clock::now() + kPatience);
    call.context.set_wait_for_ready(true);
    {
      const MutexLock lock(mutex_);
      ++under_way_;
    }
    stub_->async()->IncrCounter(
        &call.context, &call.request, &call.response, [this, &call](const grpc::Status& status) {
          call.status =
              client::InterpretStatus(status, call.context.GetServerTrailingMetadata()).status;
          const MutexLock lock(mutex_);
          --under_way_;
          done_.notify_all();
        });
  }

  void Wait() {
    const MutexLock lock(mutex_);
    while (under_way_ > 0) done_.wait(mutex_);
  }

  // What came of each, in the order they were sent; after Wait().
  struct Call {
    grpc::ClientContext context;
    v1::IncrCounterRequest request;
    v1::IncrCounterResponse response;
    absl::Status status;
  };
  const std::vector<std::unique_ptr<Call>>& calls() const { return calls_; }

 private:
  const std::unique_ptr<v1::IdService::Stub> stub_;
  std::vector<std::unique_ptr<Call>> calls_;
  Mutex mutex_;
  std::condition_variable_any done_;
  int under_way_ ABSL_GUARDED_BY(mutex_) = 0;
};

class CounterLimitsTest : public StoreTest {
 protected:
  void Prepare() override {
    server_ = &StartServer();
    client_ = Connect({server_});
  }

  absl::StatusOr<v1::IncrCounterResponse> Incr(const std::string& request) {
    return client_->IncrCounter(Parse<v1::IncrCounterRequest>(request));
  }

  void Set(const std::string& counter, std::int64_t value) {
    EXPECT_THAT(client_->ResetCounter(Parse<v1::ResetCounterRequest>(
                    absl::StrCat("name: '", counter, "' value: ", value))),
                IsOk());
  }

  std::int64_t Value(const std::string& counter) {
    const auto values =
        client_->GetCounters(Parse<v1::GetCountersRequest>("counters: '" + counter + "'"));
    EXPECT_THAT(values, IsOk());
    return values.ok() ? values->values(0).value() : 0;
  }

  Mintmarkd* server_ = nullptr;
  std::unique_ptr<client::Client> client_;
};
INSTANTIATE_ON_STORES(CounterLimitsTest);

TEST_P(CounterLimitsTest, IncrementsBeyondAnEndAreRefusedAndChangeNothing) {
  struct Case {
    std::int64_t value;
    std::int64_t delta;
  };
  const std::vector<Case> cases = {
      {INT64_MAX, 1},          {INT64_MAX, INT64_MAX}, {INT64_MAX - 5, 6},  {1, INT64_MAX},
      {INT64_MIN, -1},         {INT64_MIN, INT64_MIN}, {INT64_MIN + 5, -6}, {-1, INT64_MIN},
      {INT64_MIN, -INT64_MAX}, {-2, -INT64_MAX},
  };
  for (const Case& a_case : cases) {
    for (const std::string durability : {"COMMITTED", "DEFERRED"}) {
      SCOPED_TRACE(absl::StrCat(a_case.value, " and ", a_case.delta, " ", durability));
      Set("c", a_case.value);
      const auto over = Incr(absl::StrCat("counter: 'c' delta: ", a_case.delta,
                                          " durability: DURABILITY_", durability));
      EXPECT_THAT(over, FailsWith(Reason::kCounterOverflow, "Nothing was counted"));
      EXPECT_FALSE(client::InDoubt(over.status()));
      EXPECT_EQ(Value("c"), a_case.value);
    }
  }
}

TEST_P(CounterLimitsTest, IncrementsUpToAnEndAreCounted) {
  struct Case {
    std::int64_t value;
    std::int64_t delta;
    std::int64_t sum;
  };
  const std::vector<Case> cases = {
      {INT64_MAX - 1, 1, INT64_MAX}, {0, INT64_MAX, INT64_MAX},  {INT64_MIN + 1, -1, INT64_MIN},
      {0, INT64_MIN, INT64_MIN},     {INT64_MAX, INT64_MIN, -1}, {INT64_MIN, INT64_MAX, -1},
      {INT64_MAX, 0, INT64_MAX},     {INT64_MIN, 0, INT64_MIN},
  };
  for (const Case& a_case : cases) {
    for (const std::string durability : {"COMMITTED", "DEFERRED"}) {
      SCOPED_TRACE(absl::StrCat(a_case.value, " and ", a_case.delta, " ", durability));
      Set("c", a_case.value);
      const auto sum = Incr(absl::StrCat("counter: 'c' delta: ", a_case.delta,
                                         " durability: DURABILITY_", durability));
      ASSERT_THAT(sum, IsOk());
      EXPECT_EQ(sum->value(), a_case.sum);
      EXPECT_TRUE(sum->durable());
      EXPECT_EQ(Value("c"), a_case.sum);
    }
  }
  // It is in the store, too.
  EXPECT_EQ(server_->Stop(), 0);
  ASSERT_THAT(server_->Start(), IsOk());
  EXPECT_EQ(Value("c"), INT64_MIN);
}

// Near an end a server's view from memory would not do.
TEST_P(CounterLimitsTest, DeferredIncrementsAddUpToAnEndWithoutLoss) {
  const std::string defer = "counter: 'c' durability: DURABILITY_DEFERRED delta: ";
  ASSERT_THAT(Incr(absl::StrCat(defer, 1)), IsOk());
  for (int i = 0; i < 3; ++i) {
    const auto sum = Incr(absl::StrCat(defer, std::int64_t{1} << 61));
    ASSERT_THAT(sum, IsOk());
    EXPECT_EQ(sum->value(), (std::int64_t{1} << 61) * (i + 1) + 1);
  }
  EXPECT_THAT(Incr(absl::StrCat(defer, std::int64_t{1} << 61)),
              FailsWith(Reason::kCounterOverflow));
  EXPECT_EQ(server_->Stop(), 0);
  ASSERT_THAT(server_->Start(), IsOk());
  EXPECT_EQ(Value("c"), (std::int64_t{1} << 61) * 3 + 1);
}

// A refused increment is not remembered: its request_id may be used again.
TEST_P(CounterLimitsTest, ARequestIdOfARefusedIncrementIsFree) {
  Set("c", INT64_MAX);
  const std::string keyed = "counter: 'c' delta: 1 request_id: 'k'";
  EXPECT_THAT(Incr(keyed), FailsWith(Reason::kCounterOverflow));
  Set("c", 41);
  const auto again = Incr(keyed);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->value(), 42);
  EXPECT_FALSE(again->replayed());
}

TEST_P(CounterLimitsTest, InABatchOnlyTheOneThatOverflowsFails) {
  Set("c", INT64_MAX - 2);
  const auto batch = client_->BatchIncrCounters(Parse<v1::BatchIncrCountersRequest>(
      absl::StrCat("requests { counter: 'c' } requests { counter: 'c' delta: 2 } "
                   "requests { counter: 'd' delta: ",
                   INT64_MIN, " } requests { counter: 'c' } requests { counter: 'd' delta: -1 }")));
  ASSERT_THAT(batch, IsOk());
  ASSERT_EQ(batch->results_size(), 5);
  EXPECT_EQ(batch->results(0).response().value(), INT64_MAX - 1);
  EXPECT_EQ(batch->results(1).error().reason(), v1::REASON_COUNTER_OVERFLOW);
  EXPECT_EQ(batch->results(2).response().value(), INT64_MIN);
  EXPECT_EQ(batch->results(3).response().value(), INT64_MAX);
  EXPECT_EQ(batch->results(4).error().reason(), v1::REASON_COUNTER_OVERFLOW);
}

TEST_P(CounterLimitsTest, IncrementsThatOverflowHarmNoneOf400GoodOnesAmidThem) {
  constexpr int kGood = 400;
  constexpr std::int64_t kStart = INT64_MAX - 1'000;
  Set("high", kStart);
  Set("low", -kStart);
  Increments increments(server_->address());
  for (int i = 0; i < kGood; ++i) {
    // Between them such as no order can make fit.
    if (i % 20 == 10) increments.Send("high", INT64_MAX);
    if (i % 50 == 25) increments.Send("low", INT64_MIN);
    increments.Send(i % 2 == 0 ? "high" : "low", i % 2 == 0 ? 1 : -1);
  }
  increments.Wait();

  std::set<std::int64_t> high;
  std::set<std::int64_t> low;
  for (const auto& call : increments.calls()) {
    const std::int64_t delta = call->request.delta();
    if (delta == INT64_MAX || delta == INT64_MIN) {
      EXPECT_THAT(call->status, FailsWith(Reason::kCounterOverflow));
      continue;
    }
    ASSERT_THAT(call->status, IsOk());
    EXPECT_TRUE(call->response.durable());
    (delta > 0 ? high : low).insert(call->response.value());
  }
  // Each of the good ones has a sum of its own.
  EXPECT_EQ(high.size(), kGood / 2U);
  EXPECT_EQ(*high.begin(), kStart + 1);
  EXPECT_EQ(*high.rbegin(), kStart + kGood / 2);
  EXPECT_EQ(low.size(), kGood / 2U);
  EXPECT_EQ(*low.begin(), -kStart - kGood / 2);
  EXPECT_EQ(*low.rbegin(), -kStart - 1);
  EXPECT_EQ(Value("high"), kStart + kGood / 2);
  EXPECT_EQ(Value("low"), -kStart - kGood / 2);
}

}  // namespace
}  // namespace mintmark::e2e
