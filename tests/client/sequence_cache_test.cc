#include "client/sequence_cache.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"
#include "src/core/text_format.h"
#include "tests/client/fake_server.h"

namespace mintmark::client {
namespace {

using testing::ElementsAre;

class SequenceCacheTest : public testing::Test {
 protected:
  SequenceCacheTest() {
    ClientOptions options;
    options.addresses = {server_.address()};
    options.retry.max_attempts = 1;
    client_ = Client::Make(std::move(options)).value();
  }

  // The server answers the i-th call for n ids with i, i + 1, ….
  FakeServer server_;
  std::unique_ptr<Client> client_;
};

TEST_F(SequenceCacheTest, UsersOfANameShareABulk) {
  SequenceCache cache(*client_);
  CachedSequence one = cache.Open("orders", 3);
  CachedSequence other = cache.Open("orders", 100);
  EXPECT_EQ(one.Next().value(), 1);
  EXPECT_EQ(other.Next().value(), 2);
  EXPECT_EQ(one.Next().value(), 3);
  EXPECT_EQ(server_.calls(), 1);
  EXPECT_EQ(other.Next().value(), 2) << "The second answer of the server.";
  for (int i = 0; i < 99; ++i) EXPECT_TRUE(one.Next().ok());
  EXPECT_EQ(server_.calls(), 2) << "Whoever finds the bulk used up says how large the next one is.";
}

TEST_F(SequenceCacheTest, OtherNamesHaveBulksOfTheirOwn) {
  SequenceCache cache(*client_);
  EXPECT_EQ(cache.Open("orders").Next().value(), 1);
  EXPECT_EQ(cache.Open("invoices").Next().value(), 2);
  EXPECT_EQ(cache.Open("orders").Next().value(), 2);
  EXPECT_EQ(server_.calls(), 2);
}

TEST_F(SequenceCacheTest, ATransformMakesOfIdsWhatTheUserWants) {
  SequenceCache cache(*client_);
  const TextFormat format{Encoding::kBase36, "ord-", "", 4};
  auto texts = cache.Open("orders", 10, [&](std::int64_t id) { return FormatId(format, id); });
  EXPECT_EQ(texts.Next().value(), "ord-0001");
  auto doubled = cache.Open("orders", 10, [](std::int64_t id) { return 2 * id; });
  EXPECT_EQ(doubled.Next().value(), 4);
  server_.PlanError(Reason::kSequenceExhausted);
  auto other = cache.Open("other", 10, [](std::int64_t) { return std::string("never"); });
  EXPECT_EQ(ReasonOf(other.Next().status()), Reason::kSequenceExhausted);
}

TEST_F(SequenceCacheTest, FillsManyAtOnce) {
  SequenceCache cache(*client_);
  CachedSequence orders = cache.Open("orders", 4);
  std::vector<std::int64_t> ids(6);
  ASSERT_TRUE(orders.NextN(absl::MakeSpan(ids)).ok());
  EXPECT_THAT(ids, ElementsAre(1, 2, 3, 4, 2, 3));
  server_.PlanError(Reason::kSequenceExhausted);
  EXPECT_EQ(ReasonOf(orders.NextN(absl::MakeSpan(ids))), Reason::kSequenceExhausted);
}

TEST_F(SequenceCacheTest, ManyAtOnceAreOfOneGeneration) {
  SequenceCache cache(*client_);
  CachedSequence orders = cache.Open("orders", 4);
  EXPECT_EQ(orders.Next().value(), 1);
  server_.set_generation(2);
  std::vector<std::int64_t> ids(5);
  // Of the first bulk 2, 3 and 4 are left, and may be issued again by now.
  ASSERT_TRUE(orders.NextN(absl::MakeSpan(ids)).ok());
  EXPECT_THAT(ids, ElementsAre(2, 3, 4, 5, 3));
  EXPECT_EQ(server_.calls(), 3);
}

TEST_F(SequenceCacheTest, AfterForgetNothingOfTheOldBulkIsHandedOut) {
  SequenceCache cache(*client_);
  CachedSequence orders = cache.Open("orders", 100);
  EXPECT_EQ(orders.Next().value(), 1);
  cache.Forget("invoices");
  EXPECT_EQ(orders.Next().value(), 2);
  cache.Forget("orders");
  EXPECT_EQ(orders.Next().value(), 2);
  EXPECT_EQ(server_.calls(), 2);
}

}  // namespace
}  // namespace mintmark::client
