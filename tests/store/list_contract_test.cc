// Lists of sequences and counters.
#include <gmock/gmock.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/store/contract.h"

namespace mintmark::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

using engine::ListPage;

class ListContract : public StoreContract {
 protected:
  static ListPage PageOf(ListPage::Of of, const std::string& prefix, const std::string& after,
                         std::int64_t limit) {
    ListPage page;
    page.of = of;
    page.prefix = prefix;
    page.after = after;
    page.limit = limit;
    return page;
  }
  static std::vector<std::string> NamesOf(const ListPage& page) {
    std::vector<std::string> names;
    for (const engine::SequenceRow& row : page.sequences) names.push_back(row.name);
    for (const engine::CounterRow& row : page.counters) names.push_back(row.name);
    return names;
  }
};

// Names that another order than that of bytes, or a pattern, would mix up.
const char* const kOddNames[] = {"A",    "B",   "Z",     "_",   "a",   "a-", "a-b",  "a-z",
                                 "a.b",  "a/b", "a/b/c", "a0b", "a:b", "aB", "a_",   "a_b",
                                 "a_bc", "ab",  "abc",   "b",   "z",   "zz", "zzz-_"};

TEST_P(ListContract, ListsInByteOrderByPrefixPageByPage) {
  Actor actor(store());
  std::vector<std::string> names(std::begin(kOddNames), std::end(kOddNames));
  std::sort(names.begin(), names.end());
  engine::Batch batch = actor.Plan();
  for (const std::string& name : names) {
    batch.opens.push_back({.name = name, .create_as = engine::SequenceSettings{}});
    batch.adds.emplace_back().name = name;
  }
  actor.Run(batch);
  for (const ListPage::Of of : {ListPage::Of::kSequences, ListPage::Of::kCounters}) {
    for (const std::string prefix :
         {"", "a", "a_", "a-", "a/", "_", "a_b", "ab", "z", "Q", "zzz"}) {
      for (const std::int64_t limit : {1, 2, 5, 100}) {
        std::vector<std::string> expected;
        for (const std::string& name : names) {
          if (absl::StartsWith(name, prefix)) expected.push_back(name);
        }
        std::vector<std::string> listed;
        std::string after;
        while (true) {
          const std::vector<std::string> page =
              NamesOf(actor.List(PageOf(of, prefix, after, limit)));
          EXPECT_LE(static_cast<std::int64_t>(page.size()), limit);
          if (page.empty()) break;
          listed.insert(listed.end(), page.begin(), page.end());
          after = page.back();
        }
        EXPECT_THAT(listed, ElementsAreArray(expected)) << "prefix " << prefix;
      }
    }
  }
}

TEST_P(ListContract, AfterNeedNotBeAName) {
  Actor actor(store());
  for (const char* name : {"a", "b/x", "b/y", "c"}) actor.Add(name, 1);
  const auto list = [&](const std::string& prefix, const std::string& after) {
    return NamesOf(actor.List(PageOf(ListPage::Of::kCounters, prefix, after, 10)));
  };
  EXPECT_THAT(list("", "aa"), ElementsAre("b/x", "b/y", "c"));
  EXPECT_THAT(list("b/", "a"), ElementsAre("b/x", "b/y"));
  EXPECT_THAT(list("b/", "b/x"), ElementsAre("b/y"));
  EXPECT_THAT(list("b/", "c"), IsEmpty());
  EXPECT_THAT(list("", "zzz"), IsEmpty());
}

TEST_P(ListContract, ShowsTheWholeRow) {
  Actor actor(store());
  engine::SequenceSettings settings = Ids(1, 100, 3);
  settings.format.suffix = "%";
  const engine::SequenceRow row = actor.Create("s", settings);
  actor.Acquire(row, 4, 10);
  actor.Add("c", 42);
  const ListPage sequences = actor.List(PageOf(ListPage::Of::kSequences, "", "", 10));
  ASSERT_EQ(sequences.sequences.size(), 1U);
  EXPECT_EQ(sequences.sequences[0].settings, settings);
  EXPECT_EQ(sequences.sequences[0].generation, row.generation);
  EXPECT_EQ(sequences.sequences[0].frontier, row.frontier + 10);
  EXPECT_EQ(sequences.sequences[0].unissued_in_shards, 6);
  EXPECT_EQ(sequences.sequences[0].largest_window, 4);
  EXPECT_THAT(sequences.counters, IsEmpty());
  const ListPage counters = actor.List(PageOf(ListPage::Of::kCounters, "", "", 10));
  ASSERT_EQ(counters.counters.size(), 1U);
  EXPECT_EQ(counters.counters[0].value, 42);
  EXPECT_GT(counters.counters[0].create_time_us, 0);
  EXPECT_THAT(counters.sequences, IsEmpty());
}

TEST_P(ListContract, SeveralListsSeeTheirOwnBatch) {
  Actor actor(store());
  engine::Batch batch = actor.Plan();
  batch.adds.emplace_back().name = "new";
  batch.lists = {PageOf(ListPage::Of::kCounters, "", "", 10),
                 PageOf(ListPage::Of::kSequences, "", "", 10),
                 PageOf(ListPage::Of::kCounters, "", "", 0)};
  actor.Run(batch);
  EXPECT_THAT(NamesOf(batch.lists[0]), ElementsAre("new"));
  EXPECT_THAT(NamesOf(batch.lists[1]), IsEmpty());
  EXPECT_THAT(NamesOf(batch.lists[2]), IsEmpty());
}

MINTMARK_TEST_ON_EVERY_STORE(ListContract);

}  // namespace
}  // namespace mintmark::testing
