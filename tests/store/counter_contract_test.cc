// Counters.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/store/contract.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

using engine::CounterAdd;
using engine::CounterChange;
using Added = engine::CounterAdd::Result;
using Kind = engine::CounterChange::Kind;

class CounterContract : public StoreContract {
 protected:
  static CounterAdd AddWithin(const std::string& name, std::int64_t sum, std::int64_t lo,
                              std::int64_t hi) {
    CounterAdd add;
    add.name = name;
    add.sum = sum;
    add.lo = lo;
    add.hi = hi;
    return add;
  }
  static CounterChange ChangeOf(Kind kind, const std::string& name, std::int64_t value = 0) {
    return {.kind = kind, .name = name, .value = value, .found = false, .row = {}};
  }
};

TEST_P(CounterContract, CreatesAtZeroAndAdds) {
  Actor actor(store());
  EXPECT_THAT(actor.Read({"c"}), ElementsAre(0));
  EXPECT_EQ(actor.Add("c", 0).value, 0);
  EXPECT_TRUE(actor.ChangeCounter(ChangeOf(Kind::kGet, "c")).found);
  EXPECT_EQ(actor.Add("c", 5).value, 5);
  EXPECT_EQ(actor.Add("c", -7).value, -2);
  EXPECT_EQ(actor.Add("d", -1).value, -1);
  EXPECT_THAT(actor.Read({"d", "c", "absent", "c"}), ElementsAre(-1, -2, 0, -2));
  EXPECT_THAT(actor.Read({}), IsEmpty());
}

TEST_P(CounterContract, DoesNotCreateWhenToldNotTo) {
  Actor actor(store());
  CounterAdd add = AddWithin("c", 1, INT64_MIN, INT64_MAX);
  add.create = false;
  EXPECT_EQ(actor.Add(add).result, Added::kAbsent);
  EXPECT_FALSE(actor.ChangeCounter(ChangeOf(Kind::kGet, "c")).found);
  actor.Add("c", 1);
  EXPECT_EQ(actor.Add(add).value, 2);
}

TEST_P(CounterContract, AddsOnlyWithinTheBounds) {
  Actor actor(store());
  actor.Add("c", 10);
  EXPECT_EQ(actor.Add(AddWithin("c", 1, 10, 10)).value, 11);
  CounterAdd refused = actor.Add(AddWithin("c", 1, 12, 20));
  EXPECT_EQ(refused.result, Added::kOverflow);
  EXPECT_EQ(refused.value, 11);
  refused = actor.Add(AddWithin("c", 1, 0, 10));
  EXPECT_EQ(refused.result, Added::kOverflow);
  EXPECT_EQ(actor.Add(AddWithin("absent", 1, 1, 10)).result, Added::kOverflow);
  EXPECT_FALSE(actor.ChangeCounter(ChangeOf(Kind::kGet, "absent")).found);
  EXPECT_THAT(actor.Read({"c"}), ElementsAre(11));
}

TEST_P(CounterContract, BothEndsOfTheRange) {
  Actor actor(store());
  EXPECT_EQ(actor.Add("low", INT64_MIN).value, INT64_MIN);
  EXPECT_EQ(actor.Add("low", INT64_MAX).value, -1);
  EXPECT_EQ(actor.Add("low", INT64_MIN + 1).value, INT64_MIN);
  EXPECT_EQ(actor.Add("high", INT64_MAX).value, INT64_MAX);
  EXPECT_EQ(actor.Add("high", INT64_MIN).value, -1);
  EXPECT_EQ(actor.Add("high", INT64_MIN).result, Added::kOverflow);
  actor.Add("high", 1);
  EXPECT_EQ(actor.Add(AddWithin("high", INT64_MAX, INT64_MIN, 0)).value, INT64_MAX);
  // Also where the bounds would have let it pass.
  const CounterAdd high = actor.Add("high", 1);
  EXPECT_EQ(high.result, Added::kOverflow);
  EXPECT_EQ(high.value, INT64_MAX);
  const CounterAdd low = actor.Add("low", -1);
  EXPECT_EQ(low.result, Added::kOverflow);
  EXPECT_EQ(low.value, INT64_MIN);
  EXPECT_EQ(actor.Add("low", INT64_MIN).result, Added::kOverflow);
  EXPECT_THAT(actor.Read({"high", "low"}), ElementsAre(INT64_MAX, INT64_MIN));
}

TEST_P(CounterContract, AnOverflowAmidFourHundredHarmsNoOther) {
  Actor actor(store());
  engine::Batch fill = actor.Plan();
  fill.counter_changes = {ChangeOf(Kind::kSet, "c1200", INT64_MAX)};
  actor.Run(fill);
  for (int round = 1; round <= 2; ++round) {
    engine::Batch batch = actor.Plan();
    for (int i = 0; i < 400; ++i) {
      CounterAdd& add = batch.adds.emplace_back();
      add.name = absl::StrCat("c", 1'000 + i);
      add.sum = i;
      add.hi = INT64_MAX - i;
    }
    actor.Run(batch);
    for (std::int64_t i = 0; i < 400; ++i) {
      const CounterAdd& add = batch.adds[static_cast<std::size_t>(i)];
      if (i == 200) {
        EXPECT_EQ(add.result, Added::kOverflow);
        EXPECT_EQ(add.value, INT64_MAX);
      } else {
        EXPECT_EQ(add.result, Added::kAdded);
        EXPECT_EQ(add.value, round * i);
      }
    }
  }
}

TEST_P(CounterContract, SeveralAddsOfOneNameRunInOrder) {
  Actor actor(store());
  engine::Batch batch = actor.Plan();
  batch.adds = {AddWithin("a", 1, INT64_MIN, INT64_MAX),
                AddWithin("c", 5, INT64_MIN, INT64_MAX),
                AddWithin("c", 1, 100, INT64_MAX),
                AddWithin("c", -2, 5, 5),
                AddWithin("c", 4, 3, 3),
                AddWithin("d", 1, INT64_MIN, INT64_MAX)};
  actor.Run(batch);
  EXPECT_EQ(batch.adds[0].value, 1);
  EXPECT_EQ(batch.adds[1].value, 5);
  EXPECT_EQ(batch.adds[2].result, Added::kOverflow);
  EXPECT_EQ(batch.adds[2].value, 5);
  EXPECT_EQ(batch.adds[3].value, 3);
  EXPECT_EQ(batch.adds[4].value, 7);
  EXPECT_EQ(batch.adds[5].value, 1);
}

TEST_P(CounterContract, NamesAreTakenByteByByte) {
  Actor actor(store());
  engine::Batch batch = actor.Plan();
  const std::vector<std::string> names = {"A/b", "A_b", "a", "a-b", "a.b", "a/b", "a_b", "ab"};
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    batch.adds.push_back(
        AddWithin(sorted[i], static_cast<std::int64_t>(i) + 1, INT64_MIN, INT64_MAX));
  }
  actor.Run(batch);
  EXPECT_THAT(actor.Read(sorted), ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
}

TEST_P(CounterContract, SetsGetsAndDeletes) {
  Actor actor(store());
  EXPECT_FALSE(actor.ChangeCounter(ChangeOf(Kind::kGet, "c")).found);
  CounterChange change = actor.ChangeCounter(ChangeOf(Kind::kSet, "c", INT64_MIN));
  EXPECT_FALSE(change.found);
  EXPECT_EQ(change.row.name, "c");
  EXPECT_EQ(change.row.value, INT64_MIN);
  EXPECT_EQ(change.row.create_time_us, actor.report().store_time_us);
  const StoreTimeUs created = change.row.create_time_us;

  test_store().PassTime(std::chrono::seconds(10));
  change = actor.ChangeCounter(ChangeOf(Kind::kSet, "c", 40));
  EXPECT_TRUE(change.found);
  EXPECT_EQ(change.row.value, 40);
  EXPECT_GT(change.row.update_time_us, change.row.create_time_us);
  actor.Add("c", 2);
  change = actor.ChangeCounter(ChangeOf(Kind::kGet, "c"));
  EXPECT_TRUE(change.found);
  EXPECT_EQ(change.row.value, 42);
  EXPECT_GE(change.row.create_time_us, created - 10'000'000);

  EXPECT_TRUE(actor.ChangeCounter(ChangeOf(Kind::kDelete, "c")).found);
  EXPECT_FALSE(actor.ChangeCounter(ChangeOf(Kind::kDelete, "c")).found);
  EXPECT_FALSE(actor.ChangeCounter(ChangeOf(Kind::kGet, "c")).found);
  EXPECT_EQ(actor.Add("c", 1).value, 1);
}

TEST_P(CounterContract, ChangesComeAfterAddsAndReadsAfterChanges) {
  Actor actor(store());
  engine::Batch batch = actor.Plan();
  batch.adds = {AddWithin("c", 5, INT64_MIN, INT64_MAX), AddWithin("d", 5, INT64_MIN, INT64_MAX)};
  batch.counter_changes = {ChangeOf(Kind::kSet, "c", 9), ChangeOf(Kind::kDelete, "d")};
  batch.counter_reads = {{.names = {"d", "c"}, .values = {}}, {.names = {"c"}, .values = {}}};
  actor.Run(batch);
  EXPECT_TRUE(batch.counter_changes[0].found);
  EXPECT_TRUE(batch.counter_changes[1].found);
  EXPECT_THAT(batch.counter_reads[0].values, ElementsAre(0, 9));
  EXPECT_THAT(batch.counter_reads[1].values, ElementsAre(9));
}

MINTMARK_TEST_ON_EVERY_STORE(CounterContract);

}  // namespace
}  // namespace mintmark::testing
