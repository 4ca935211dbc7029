#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "tests/server/server_fixture.h"

namespace mintmark::server {
namespace {

using IdServiceTest = ServerTest;

std::string Many(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

TEST_F(IdServiceTest, NextNReturnsAscendingRanges) {
  v1::NextNResponse first;
  ExpectOk(Id(&IdStub::NextN, "sequence: 'orders'", &first));
  ASSERT_EQ(first.ranges_size(), 1);
  EXPECT_EQ(first.ranges(0).first(), 1);
  EXPECT_EQ(first.ranges(0).last(), 1);
  EXPECT_EQ(first.ranges(0).step(), 1);
  EXPECT_EQ(first.count(), 1);
  EXPECT_FALSE(first.replayed());
  EXPECT_GT(first.generation(), 0);

  v1::NextNResponse second;
  ExpectOk(Id(&IdStub::NextN, "sequence: 'orders' n: 500", &second));
  ASSERT_EQ(second.ranges_size(), 1);
  EXPECT_EQ(second.ranges(0).first(), 2);
  EXPECT_EQ(second.ranges(0).last(), 501);
  EXPECT_EQ(second.count(), 500);
}

TEST_F(IdServiceTest, NextNTakesLongNames) {
  v1::NextNResponse response;
  ExpectOk(Id(&IdStub::NextN, "sequence: '" + std::string(200, 'x') + "'", &response));
}

TEST_F(IdServiceTest, NextNReplaysARequestId) {
  const std::string request = "sequence: 'orders' n: 3 request_id: 'c0ffee'";
  v1::NextNResponse first;
  v1::NextNResponse again;
  ExpectOk(Id(&IdStub::NextN, request, &first));
  ExpectOk(Id(&IdStub::NextN, request, &again));
  EXPECT_FALSE(first.replayed());
  EXPECT_TRUE(again.replayed());
  ASSERT_EQ(again.ranges_size(), first.ranges_size());
  EXPECT_EQ(again.ranges(0).first(), first.ranges(0).first());
  EXPECT_EQ(again.ranges(0).last(), first.ranges(0).last());

  const Outcome reused = Id(&IdStub::NextN, "sequence: 'orders' n: 4 request_id: 'c0ffee'", &again);
  ExpectReason(reused, Reason::kRequestIdReused);
  EXPECT_EQ(reused.info.metadata().at("sequence"), "orders");
}

TEST_F(IdServiceTest, NextNRefusesWrongArguments) {
  v1::NextNResponse response;
  const auto next = [&](const std::string& request) {
    return Id(&IdStub::NextN, request, &response);
  };
  ExpectReason(next(""), Reason::kNameInvalid);
  ExpectReason(next("sequence: 'a b'"), Reason::kNameInvalid);
  ExpectReason(next("sequence: '/a'"), Reason::kNameInvalid);
  ExpectReason(next("sequence: 'a/'"), Reason::kNameInvalid);
  ExpectReason(next("sequence: 'M\u00fcnze'"), Reason::kNameInvalid);
  ExpectReason(next("sequence: '" + std::string(201, 'x') + "'"), Reason::kNameInvalid);
  ExpectReason(next("sequence: '" + std::string(100'000, 'x') + "'"), Reason::kNameInvalid);
  ExpectReason(next("sequence: 'a' n: -1"), Reason::kNInvalid);
  ExpectReason(next("sequence: 'a' n: -9223372036854775808"), Reason::kNInvalid);
  ExpectReason(next("sequence: 'a' n: 1000001"), Reason::kNTooLarge);
  ExpectReason(next("sequence: 'a' n: 9223372036854775807"), Reason::kNTooLarge);
  ExpectReason(next("sequence: 'a' chunk_size: -1"), Reason::kNInvalid);
  ExpectReason(next("sequence: 'a' chunk_size: 9223372036854775807"), Reason::kNTooLarge);
  ExpectReason(next("sequence: 'a' request_id: '" + std::string(65, 'x') + "'"),
               Reason::kRequestIdInvalid);
  ExpectReason(next("sequence: 'a' request_id: 'a b'"), Reason::kRequestIdInvalid);
  // None of them has made the sequence.
  v1::GetSequenceResponse sequence;
  ExpectReason(Admin(&AdminStub::GetSequence, "name: 'a'", &sequence), Reason::kSequenceNotFound);
}

TEST_F(IdServiceTest, NextNTakesTheLimitItself) {
  v1::NextNResponse response;
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a' n: 1000000", &response));
  EXPECT_EQ(response.count(), 1'000'000);
}

TEST_F(IdServiceTest, NextNEndsWithTheSequence) {
  v1::CreateSequenceResponse created;
  ExpectOk(Admin(&AdminStub::CreateSequence, "sequence { name: 'few' max_id: 10 }", &created));
  v1::NextNResponse response;
  const Outcome too_many = Id(&IdStub::NextN, "sequence: 'few' n: 11", &response);
  ExpectReason(too_many, Reason::kSequenceExhausted);
  EXPECT_EQ(too_many.info.metadata().at("sequence"), "few");
  ExpectOk(Id(&IdStub::NextN, "sequence: 'few' n: 11 allow_partial: true", &response));
  EXPECT_EQ(response.count(), 10);
  ExpectReason(Id(&IdStub::NextN, "sequence: 'few'", &response), Reason::kSequenceExhausted);
}

TEST_F(IdServiceTest, ReserveRangeReturnsOneRange) {
  v1::ReserveRangeResponse response;
  ExpectOk(Id(&IdStub::ReserveRange, "sequence: 'orders' n: 100 exact: true", &response));
  EXPECT_EQ(response.count(), 100);
  EXPECT_EQ(response.range().last() - response.range().first(), 99);
  EXPECT_EQ(response.range().step(), 1);

  const std::string keyed = "sequence: 'orders' n: 5 request_id: 'r1'";
  v1::ReserveRangeResponse first;
  v1::ReserveRangeResponse again;
  ExpectOk(Id(&IdStub::ReserveRange, keyed, &first));
  ExpectOk(Id(&IdStub::ReserveRange, keyed, &again));
  EXPECT_TRUE(again.replayed());
  EXPECT_EQ(again.range().first(), first.range().first());
}

TEST_F(IdServiceTest, ReserveRangeRefusesWrongArguments) {
  v1::ReserveRangeResponse response;
  const auto reserve = [&](const std::string& request) {
    return Id(&IdStub::ReserveRange, request, &response);
  };
  ExpectReason(reserve(""), Reason::kNameInvalid);
  ExpectReason(reserve("sequence: 'a' n: -5"), Reason::kNInvalid);
  ExpectReason(reserve("sequence: 'a' n: 1000001"), Reason::kNTooLarge);
  ExpectReason(reserve("sequence: 'a' chunk_size: -1"), Reason::kNInvalid);
  ExpectReason(reserve("sequence: 'a' request_id: '\\001'"), Reason::kRequestIdInvalid);
}

TEST_F(IdServiceTest, IncrCounterReturnsTheExactSum) {
  v1::IncrCounterResponse response;
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'visits'", &response));
  EXPECT_EQ(response.value(), 1);
  EXPECT_TRUE(response.durable());
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'visits' delta: -5", &response));
  EXPECT_EQ(response.value(), -4);
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'visits' delta: 0", &response));
  EXPECT_EQ(response.value(), -4);
}

TEST_F(IdServiceTest, IncrCounterCountsARequestIdOnce) {
  v1::IncrCounterResponse response;
  const std::string request =
      "counter: 'visits' delta: 7 request_id: 'i1' durability: DURABILITY_DEFERRED";
  ExpectOk(Id(&IdStub::IncrCounter, request, &response));
  EXPECT_EQ(response.value(), 7);
  EXPECT_TRUE(response.durable());
  ExpectOk(Id(&IdStub::IncrCounter, request, &response));
  EXPECT_EQ(response.value(), 7);
  EXPECT_TRUE(response.replayed());
  ExpectReason(Id(&IdStub::IncrCounter, "counter: 'visits' delta: 8 request_id: 'i1'", &response),
               Reason::kRequestIdReused);
}

TEST_F(IdServiceTest, IncrCounterDefersOnlyWhenAsked) {
  v1::IncrCounterResponse response;
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'c'", &response));
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'c' durability: DURABILITY_DEFERRED", &response));
  EXPECT_FALSE(response.durable());
  EXPECT_EQ(response.value(), 2);
  ExpectOk(Id(&IdStub::IncrCounter,
              "counter: 'c' durability: DURABILITY_DEFERRED update_interval {}", &response));
  EXPECT_TRUE(response.durable());
  EXPECT_EQ(response.value(), 3);
}

TEST_F(IdServiceTest, IncrCounterReachesBothEnds) {
  v1::IncrCounterResponse response;
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'c' delta: 9223372036854775807", &response));
  EXPECT_EQ(response.value(), INT64_MAX);
  const Outcome over = Id(&IdStub::IncrCounter, "counter: 'c'", &response);
  ExpectReason(over, Reason::kCounterOverflow);
  EXPECT_EQ(over.info.metadata().at("counter"), "c");
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'd' delta: -9223372036854775808", &response));
  EXPECT_EQ(response.value(), INT64_MIN);
}

TEST_F(IdServiceTest, IncrCounterRefusesWrongArguments) {
  v1::IncrCounterResponse response;
  const auto incr = [&](const std::string& request) {
    return Id(&IdStub::IncrCounter, request, &response);
  };
  ExpectReason(incr(""), Reason::kNameInvalid);
  ExpectReason(incr("counter: 'a?'"), Reason::kNameInvalid);
  ExpectReason(incr("counter: 'a' durability: 7"), Reason::kArgumentInvalid);
  ExpectReason(incr("counter: 'a' update_interval { seconds: -1 }"), Reason::kArgumentInvalid);
  ExpectReason(incr("counter: 'a' update_interval { nanos: -1 }"), Reason::kArgumentInvalid);
  ExpectReason(incr("counter: 'a' update_interval { nanos: 1000000000 }"),
               Reason::kArgumentInvalid);
  ExpectReason(incr("counter: 'a' update_interval { seconds: 1 nanos: -1 }"),
               Reason::kArgumentInvalid);
  ExpectReason(incr("counter: 'a' update_interval { seconds: 3601 }"), Reason::kArgumentInvalid);
  ExpectReason(incr("counter: 'a' update_interval { seconds: 9223372036854775807 }"),
               Reason::kArgumentInvalid);
  ExpectReason(incr("counter: 'a' request_id: '" + std::string(65, 'x') + "'"),
               Reason::kRequestIdInvalid);
}

TEST_F(IdServiceTest, BatchIncrCountersRunsInOrder) {
  v1::BatchIncrCountersResponse response;
  ExpectOk(Id(&IdStub::BatchIncrCounters,
              "requests { counter: 'a' delta: 1 }"
              "requests { counter: 'b' delta: 10 }"
              "requests { counter: 'a' delta: 2 request_id: 'k1' }"
              "requests { counter: 'a' delta: 3 durability: DURABILITY_DEFERRED }"
              "requests { counter: 'a' delta: 4 }"
              "requests { counter: 'a' delta: 2 request_id: 'k1' }"
              "requests { counter: 'b' delta: 20 }",
              &response));
  ASSERT_EQ(response.results_size(), 7);
  const std::int64_t expected[] = {1, 10, 3, 6, 10, 3, 30};
  for (int i = 0; i < 7; ++i) {
    EXPECT_EQ(response.results(i).response().value(), expected[i]) << i;
  }
  EXPECT_FALSE(response.results(3).response().durable());
  EXPECT_TRUE(response.results(5).response().replayed());
}

TEST_F(IdServiceTest, BatchIncrCountersAnswersEachByItself) {
  v1::BatchIncrCountersResponse response;
  ExpectOk(Id(&IdStub::BatchIncrCounters,
              "requests { counter: 'a' delta: 9223372036854775807 }"
              "requests { counter: '' }"
              "requests { counter: 'a' delta: 1 }"
              "requests { counter: 'b' update_interval { seconds: -1 } }"
              "requests { counter: 'a' delta: -7 }",
              &response));
  ASSERT_EQ(response.results_size(), 5);
  EXPECT_EQ(response.results(0).response().value(), INT64_MAX);
  EXPECT_EQ(response.results(1).error().reason(), v1::REASON_NAME_INVALID);
  EXPECT_EQ(response.results(1).error().code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_FALSE(response.results(1).error().message().empty());
  EXPECT_EQ(response.results(2).error().reason(), v1::REASON_COUNTER_OVERFLOW);
  EXPECT_EQ(response.results(3).error().reason(), v1::REASON_ARGUMENT_INVALID);
  EXPECT_EQ(response.results(4).response().value(), INT64_MAX - 7);
}

TEST_F(IdServiceTest, BatchIncrCountersTakesManyOfOneCounter) {
  v1::BatchIncrCountersResponse response;
  ExpectOk(Id(&IdStub::BatchIncrCounters, Many(1'000, "requests { counter: 'a' }"), &response));
  ASSERT_EQ(response.results_size(), 1'000);
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(response.results(i).response().value(), i + 1);

  // Answers from memory, in a chain (the first is committed): they must not nest.
  ExpectOk(Id(&IdStub::BatchIncrCounters,
              "requests { counter: 'b' }" +
                  Many(999, "requests { counter: 'b' durability: DURABILITY_DEFERRED }"),
              &response));
  EXPECT_EQ(response.results(999).response().value(), 1'000);
}

TEST_F(IdServiceTest, BatchIncrCountersMayBeEmptyButNotTooLarge) {
  v1::BatchIncrCountersResponse response;
  ExpectOk(Id(&IdStub::BatchIncrCounters, "", &response));
  EXPECT_EQ(response.results_size(), 0);
  ExpectReason(Id(&IdStub::BatchIncrCounters, Many(1'001, "requests { counter: 'a' }"), &response),
               Reason::kNTooLarge);
  v1::GetCounterResponse counter;
  ExpectReason(Admin(&AdminStub::GetCounter, "name: 'a'", &counter), Reason::kCounterNotFound);
}

TEST_F(IdServiceTest, GetCountersAnswersInTheOrderAsked) {
  v1::IncrCounterResponse incr;
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'a' delta: 5", &incr));
  ExpectOk(
      Id(&IdStub::IncrCounter, "counter: 'b' delta: 6 durability: DURABILITY_DEFERRED", &incr));
  v1::GetCountersResponse response;
  ExpectOk(Id(&IdStub::GetCounters, "counters: ['b', 'none', 'a', 'b']", &response));
  ASSERT_EQ(response.values_size(), 4);
  EXPECT_EQ(response.values(0).counter(), "b");
  EXPECT_EQ(response.values(0).value(), 6);
  EXPECT_EQ(response.values(1).value(), 0);
  EXPECT_EQ(response.values(2).value(), 5);
  EXPECT_EQ(response.values(3).value(), 6);
}

TEST_F(IdServiceTest, GetCountersRefusesWrongArguments) {
  v1::GetCountersResponse response;
  ExpectOk(Id(&IdStub::GetCounters, "", &response));
  EXPECT_EQ(response.values_size(), 0);
  ExpectReason(Id(&IdStub::GetCounters, "counters: 'a' counters: ''", &response),
               Reason::kNameInvalid);
  ExpectReason(Id(&IdStub::GetCounters, Many(1'001, "counters: 'a' "), &response),
               Reason::kNTooLarge);
  ExpectOk(Id(&IdStub::GetCounters, Many(1'000, "counters: 'a' "), &response));
  EXPECT_EQ(response.values_size(), 1'000);
}

TEST_F(IdServiceTest, LimitsAreSettings) {
  config_.max_n = 10;
  config_.max_batch = 2;
  config_.max_request_id_bytes = 4;
  StartServer();
  v1::NextNResponse next;
  ExpectReason(Id(&IdStub::NextN, "sequence: 'a' n: 11", &next), Reason::kNTooLarge);
  ExpectReason(Id(&IdStub::NextN, "sequence: 'a' request_id: '12345'", &next),
               Reason::kRequestIdInvalid);
  v1::GetCountersResponse counters;
  ExpectReason(Id(&IdStub::GetCounters, "counters: ['a', 'b', 'c']", &counters),
               Reason::kNTooLarge);
}

TEST_F(IdServiceTest, WithoutAutoCreateNothingIsMadeByUse) {
  config_.auto_create = false;
  StartServer();
  v1::NextNResponse next;
  v1::ReserveRangeResponse reserve;
  v1::IncrCounterResponse incr;
  ExpectReason(Id(&IdStub::NextN, "sequence: 'a'", &next), Reason::kSequenceNotFound);
  ExpectReason(Id(&IdStub::ReserveRange, "sequence: 'a'", &reserve), Reason::kSequenceNotFound);
  ExpectReason(Id(&IdStub::IncrCounter, "counter: 'a'", &incr), Reason::kCounterNotFound);
}

}  // namespace
}  // namespace mintmark::server
