// What gae-fastcounters shows: incr(name, delta, update_interval), get_count and
// get_counts.
#include <cstdint>

#include "tests/e2e/wait.h"
#include "tests/seeds/seed_test.h"

namespace mintmark::seeds {
namespace {

class GaeFastcountersTest : public SeedTest {
 protected:
  // fastcounter.get_count(name)
  std::int64_t Count(const std::string& counter) { return Counts({counter}).front(); }

  // fastcounter.get_counts(names)
  std::vector<std::int64_t> Counts(const std::vector<std::string>& counters) {
    v1::GetCountersRequest request;
    for (const std::string& counter : counters) request.add_counters(counter);
    const auto response = client().GetCounters(request);
    EXPECT_THAT(response, IsOk());
    std::vector<std::int64_t> counts(counters.size());
    if (!response.ok() || response->values_size() != request.counters_size()) {
      ADD_FAILURE() << "There are not as many counts as names.";
      return counts;
    }
    for (std::size_t i = 0; i < counts.size(); ++i) {
      const v1::CounterValue& value = response->values(static_cast<int>(i));
      EXPECT_EQ(value.counter(), counters[i]);
      counts[i] = value.value();
    }
    return counts;
  }

  // Whether the server holds increments that are not persisted yet.
  bool HoldsBack() {
    const auto status = client().GetServerStatus({});
    EXPECT_THAT(status, IsOk());
    return !status.ok() || status->deferred_counters() > 0;
  }
};
INSTANTIATE_ON_STORES(GaeFastcountersTest);

// fastcounter.incr('my_counter0')
TEST_P(GaeFastcountersTest, IncrCountsByOne) {
  EXPECT_EQ(client().Incr("my_counter0").value_or(0), 1);
  EXPECT_EQ(client().Incr("my_counter0").value_or(0), 2);
  EXPECT_EQ(Count("my_counter0"), 2);
}

// fastcounter.incr('my_counter1', delta=-1)
TEST_P(GaeFastcountersTest, IncrCountsDown) {
  EXPECT_EQ(client().Incr("my_counter1", -1).value_or(0), -1);
  EXPECT_EQ(client().Incr("my_counter1", -1).value_or(0), -2);
  EXPECT_EQ(Count("my_counter1"), -2);
}

// fastcounter.incr('my_counter2', update_interval=5)
TEST_P(GaeFastcountersTest, ReadsSeeAnIncrementBeforeItIsPersisted) {
  const std::string later =
      "counter: 'my_counter2' durability: DURABILITY_DEFERRED update_interval { seconds: 3600 }";
  ASSERT_THAT(Incr(later), IsOk());
  const auto second = Incr(later);
  ASSERT_THAT(second, IsOk());
  EXPECT_EQ(second->value(), 2);
  EXPECT_FALSE(second->durable());
  EXPECT_TRUE(HoldsBack());
  EXPECT_EQ(Count("my_counter2"), 2);
  const auto counter = client().GetCounter(Parse<v1::GetCounterRequest>("name: 'my_counter2'"));
  ASSERT_THAT(counter, IsOk());
  EXPECT_EQ(counter->counter().value(), 2);
  const auto list = client().ListCounters({});
  ASSERT_THAT(list, IsOk());
  ASSERT_EQ(list->counters_size(), 1);
  EXPECT_EQ(list->counters(0).value(), 2);
}

TEST_P(GaeFastcountersTest, AnIncrementIsPersistedWithinItsInterval) {
  const std::string deferred = "counter: 'my_counter2' durability: DURABILITY_DEFERRED ";
  ASSERT_THAT(Incr("counter: 'my_counter2'"), IsOk());
  ASSERT_THAT(Incr(deferred + "delta: 10 update_interval { seconds: 3600 }"), IsOk());
  // The earliest of the intervals holds for what waits for the others, too.
  const auto soon = Incr(deferred + "delta: 100 update_interval { nanos: 100000000 }");
  ASSERT_THAT(soon, IsOk());
  EXPECT_FALSE(soon->durable());
  EXPECT_TRUE(e2e::WaitUntil([&] { return !HoldsBack(); }));
  server().Kill();
  ASSERT_THAT(server().Start(), IsOk());
  EXPECT_EQ(Count("my_counter2"), 111);
}

TEST_P(GaeFastcountersTest, AnIntervalOfZeroPersistsAtOnce) {
  ASSERT_THAT(Incr("counter: 'my_counter2'"), IsOk());
  const auto now =
      Incr("counter: 'my_counter2' durability: DURABILITY_DEFERRED update_interval {}");
  ASSERT_THAT(now, IsOk());
  EXPECT_TRUE(now->durable());
  server().Kill();
  ASSERT_THAT(server().Start(), IsOk());
  EXPECT_EQ(Count("my_counter2"), 2);
}

// What the seed could not do: "counters may undercount" there.
TEST_P(GaeFastcountersTest, ACleanStopPersistsWhatWasHeldBack) {
  const std::string later =
      "counter: 'my_counter2' delta: 7 durability: DURABILITY_DEFERRED "
      "update_interval { seconds: 3600 }";
  for (int i = 0; i < 3; ++i) ASSERT_THAT(Incr(later), IsOk());
  ASSERT_TRUE(HoldsBack());
  EXPECT_EQ(server().Stop(), 0);
  ASSERT_THAT(server().Start(), IsOk());
  EXPECT_EQ(Count("my_counter2"), 21);
}

// value9 = fastcounter.get_count('my_counter9'): never used before, so it is 0.
TEST_P(GaeFastcountersTest, ACounterThatWasNeverUsedIsZero) {
  EXPECT_EQ(Count("my_counter9"), 0);
  // Reading has not made it.
  EXPECT_THAT(client().GetCounter(Parse<v1::GetCounterRequest>("name: 'my_counter9'")),
              FailsWith(Reason::kCounterNotFound));
}

// values = fastcounter.get_counts(['my_counter%d' % i for i in xrange(100)])
TEST_P(GaeFastcountersTest, AHundredCountersAreReadInOneCallInTheOrderAsked) {
  std::vector<std::string> names;
  std::vector<std::int64_t> expected;
  v1::BatchIncrCountersRequest batch;
  for (int i = 0; i < 100; ++i) {
    names.push_back(absl::StrCat("my_counter", i));
    expected.push_back(i % 3 == 0 ? 0 : i - 50);
    if (i % 3 == 0) continue;  // Never used.
    v1::IncrCounterRequest& incr = *batch.add_requests();
    incr.set_counter(names.back());
    incr.set_delta(i - 50);
  }
  ASSERT_THAT(client().BatchIncrCounters(batch), IsOk());
  ASSERT_THAT(Incr("counter: 'my_counter7' durability: DURABILITY_DEFERRED"), IsOk());
  expected[7] += 1;
  EXPECT_EQ(Counts(names), expected);
  std::reverse(names.begin(), names.end());
  std::reverse(expected.begin(), expected.end());
  EXPECT_EQ(Counts(names), expected);
}

// "Counter values are limited to the range [-2**63, 2**63 - 1]"
TEST_P(GaeFastcountersTest, CountsReachBothEndsOf64Bits) {
  EXPECT_EQ(client().Incr("high", INT64_MAX).value_or(0), INT64_MAX);
  EXPECT_EQ(client().Incr("low", INT64_MIN).value_or(0), INT64_MIN);
  EXPECT_THAT(client().Incr("high"), FailsWith(Reason::kCounterOverflow));
  EXPECT_THAT(client().Incr("low", -1), FailsWith(Reason::kCounterOverflow));
  EXPECT_EQ(Counts({"low", "high"}), (std::vector<std::int64_t>{INT64_MIN, INT64_MAX}));
}

class GaeFastcountersSharedTest : public GaeFastcountersTest {};
INSTANTIATE_ON_SHARED_STORES(GaeFastcountersSharedTest);

TEST_P(GaeFastcountersSharedTest, EveryServerCountsOnTheSameCounter) {
  const auto other = e2e::Connect({&StartServer()});
  EXPECT_EQ(client().Incr("my_counter0").value_or(0), 1);
  EXPECT_EQ(other->Incr("my_counter0").value_or(0), 2);
  EXPECT_EQ(client().Incr("my_counter0").value_or(0), 3);
  ASSERT_THAT(Incr("counter: 'my_counter0' durability: DURABILITY_DEFERRED "
                   "update_interval { nanos: 100000000 }"),
              IsOk());
  const auto read = Parse<v1::GetCountersRequest>("counters: 'my_counter0'");
  EXPECT_TRUE(e2e::WaitUntil([&] {
    const auto values = other->GetCounters(read);
    return values.ok() && values->values(0).value() == 4;
  }));
}

}  // namespace
}  // namespace mintmark::seeds
