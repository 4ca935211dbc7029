// What lovely.essequence shows in its doctest: sequences by name that all users of
// a process share, unique and ascending over processes, and a reset for tests.
#include <set>
#include <string>

#include "client/sequence_cache.h"
#include "tests/seeds/seed_test.h"

namespace mintmark::seeds {
namespace {

class LovelyEssequenceTest : public SeedTest {
 protected:
  absl::Status Reset(const std::string& sequence) {
    return client()
        .ResetSequence(Parse<v1::ResetSequenceRequest>(
            absl::StrCat("name: '", sequence, "' allow_reuse: true")))
        .status();
  }
};
INSTANTIATE_ON_STORES(LovelyEssequenceTest);

// >>> s1 = Sequence('s1'); s1.next() ... s2 = Sequence('s1', bulk_size=100); s2.next()
TEST_P(LovelyEssequenceTest, UsersOfOneNameShareASequenceWhateverTheirBulkSize) {
  ASSERT_THAT(Create("name: 's1' chunk_size: 10"), IsOk());
  EXPECT_EQ(NextId("s1"), 1);
  EXPECT_EQ(NextId("s1"), 2);
  const auto s2 = e2e::Connect({&server()});
  const auto third = s2->NextN(Parse<v1::NextNRequest>("sequence: 's1' chunk_size: 100"));
  EXPECT_THAT(third, HoldsIds(3, 3));
  // Where a bulk is used up, the next one is fetched without further ado.
  for (std::int64_t id = 4; id <= 33; ++id) EXPECT_EQ(NextId("s1"), id);
}

// >>> other = Sequence('other'); other.next()
TEST_P(LovelyEssequenceTest, SequencesOfOtherNamesAreIndependent) {
  for (std::int64_t id = 1; id <= 3; ++id) EXPECT_EQ(NextId("s1"), id);
  EXPECT_EQ(NextId("other"), 1);
  EXPECT_EQ(NextId("s1"), 4);
  EXPECT_EQ(NextId("s1/other"), 1);
}

// "makes sure multiple processes are able to create unique ids"
TEST_P(LovelyEssequenceTest, OneProcessAfterTheOtherGoesOnWhereTheFirstEnded) {
  for (std::int64_t id = 1; id <= 12; id += 3) {
    for (std::int64_t more = 0; more < 3; ++more) EXPECT_EQ(NextId("s1"), id + more);
    EXPECT_EQ(server().Stop(), 0);
    ASSERT_THAT(server().Start(), IsOk());
  }
}

// >>> testing_reset_sequences()
TEST_P(LovelyEssequenceTest, AResetStartsASequenceAnewForTests) {
  const auto s1 = e2e::Connect({&server()});
  const auto s2 = e2e::Connect({&server()});
  EXPECT_EQ(NextId(*s1, "reset"), 1);
  EXPECT_EQ(NextId(*s2, "reset"), 2);
  ASSERT_THAT(Reset("reset"), IsOk());
  EXPECT_EQ(NextId(*s2, "reset"), 1);
  EXPECT_EQ(NextId(*s1, "reset"), 2);
}

TEST_P(LovelyEssequenceTest, AResetThatRepeatsIdsHasToBeAskedForInSoManyWords) {
  EXPECT_EQ(NextId("reset"), 1);
  EXPECT_THAT(client().ResetSequence(Parse<v1::ResetSequenceRequest>("name: 'reset'")),
              FailsWith(Reason::kWouldReuseIds, "allow_reuse"));
  EXPECT_EQ(NextId("reset"), 2);
}

// Its users, as the client library has them: a process draws bulks, and all users of a
// name share them.
class LovelyEssequenceCacheTest : public LovelyEssequenceTest {
 protected:
  void Prepare() override {
    LovelyEssequenceTest::Prepare();
    cache_ = std::make_unique<client::SequenceCache>(client());
  }

  client::SequenceCache& cache() { return *cache_; }

  static std::int64_t Next(client::CachedSequence& sequence) {
    const absl::StatusOr<std::int64_t> id = sequence.Next();
    EXPECT_THAT(id, IsOk());
    return id.value_or(INT64_MIN);
  }

 private:
  std::unique_ptr<client::SequenceCache> cache_;
};
INSTANTIATE_ON_STORES(LovelyEssequenceCacheTest);

// The doctest from its first line to the last bulk.
TEST_P(LovelyEssequenceCacheTest, InstancesOfTheSameNameUseTheSameBulk) {
  client::CachedSequence s1 = cache().Open("s1", 10);
  EXPECT_EQ(Next(s1), 1);
  EXPECT_EQ(Next(s1), 2);
  client::CachedSequence s2 = cache().Open("s1", 100);
  EXPECT_EQ(Next(s2), 3);
  for (std::int64_t id = 4; id <= 13; ++id) EXPECT_EQ(Next(s1), id);
  client::CachedSequence other = cache().Open("other", 10);
  EXPECT_EQ(Next(other), 1);
}

// Who finds the bulk used up draws the next one, as large as it likes: what another
// process is given tells where it ends.
TEST_P(LovelyEssequenceCacheTest, EachUserHasABulkSizeOfItsOwn) {
  client::CachedSequence small = cache().Open("s1", 10);
  client::CachedSequence large = cache().Open("s1", 100);
  EXPECT_EQ(Next(small), 1);
  EXPECT_EQ(NextId("s1"), 11);
  for (std::int64_t id = 2; id <= 10; ++id) EXPECT_EQ(Next(large), id);
  EXPECT_EQ(Next(large), 12);
  EXPECT_EQ(NextId("s1"), 112);
  EXPECT_EQ(Next(small), 13);
}

// >>> Sequence('other', transform=str).next()
// >>> Sequence('other', transform=transformer).next()
TEST_P(LovelyEssequenceCacheTest, ATransformMakesOfAnIdWhatTheUserWants) {
  client::CachedSequence other = cache().Open("other");
  EXPECT_EQ(Next(other), 1);
  auto as_string = cache().Open("other", 10, [](std::int64_t id) { return std::to_string(id); });
  EXPECT_EQ(as_string.Next().value_or(""), "2");
  struct Document {
    std::int64_t iid = 0;
  };
  auto documents = cache().Open("other", 10, [](std::int64_t id) { return Document{id}; });
  EXPECT_EQ(documents.Next().value_or(Document()).iid, 3);
}

// >>> testing_reset_sequences()
TEST_P(LovelyEssequenceCacheTest, AResetAndAForgottenBulkStartASequenceAnew) {
  client::CachedSequence s1 = cache().Open("reset");
  client::CachedSequence s2 = cache().Open("reset");
  EXPECT_EQ(Next(s1), 1);
  EXPECT_EQ(Next(s2), 2);
  ASSERT_THAT(Reset("reset"), IsOk());
  cache().Forget("reset");
  EXPECT_EQ(Next(s2), 1);
  EXPECT_EQ(Next(s1), 2);
}

// "makes sure multiple processes are able to create unique ids"
TEST_P(LovelyEssequenceCacheTest, IdsOfProcessesAscendInEachAndAreUniqueOverAll) {
  const auto other_client = e2e::Connect({&server()});
  client::SequenceCache other_cache(*other_client);
  client::CachedSequence here = cache().Open("s1", 7);
  client::CachedSequence there = other_cache.Open("s1", 10);
  std::set<std::int64_t> ids;
  std::int64_t last_here = 0;
  std::int64_t last_there = 0;
  for (int i = 0; i < 500; ++i) {
    const std::int64_t next_here = Next(here);
    const std::int64_t next_there = Next(there);
    EXPECT_GT(next_here, last_here);
    EXPECT_GT(next_there, last_there);
    last_here = next_here;
    last_there = next_there;
    ids.insert({next_here, next_there});
  }
  EXPECT_EQ(ids.size(), 1'000U);
  EXPECT_LT(*ids.rbegin(), 1'000 + 7 + 10 + 1) << "Only the last bulks are left over.";
}

// The last ids are fewer than a bulk.
TEST_P(LovelyEssequenceCacheTest, TheLastBulkIsWhatIsLeft) {
  ASSERT_THAT(Create("name: 's1' max_id: 13"), IsOk());
  client::CachedSequence s1 = cache().Open("s1", 10);
  for (std::int64_t id = 1; id <= 13; ++id) EXPECT_EQ(Next(s1), id);
  EXPECT_THAT(s1.Next(), FailsWith(Reason::kSequenceExhausted));
}

using LovelyEssequenceProcessesTest = LovelyEssequenceTest;
INSTANTIATE_ON_SHARED_STORES(LovelyEssequenceProcessesTest);

TEST_P(LovelyEssequenceProcessesTest, IdsAreUniqueOverProcessesAndGrowInEach) {
  ASSERT_THAT(Create("name: 's1' chunk_size: 10"), IsOk());
  const auto other = e2e::Connect({&StartServer()});
  std::set<std::int64_t> ids;
  std::int64_t here = 0;
  std::int64_t there = 0;
  for (int i = 0; i < 50; ++i) {
    const std::int64_t next_here = NextId("s1");
    const std::int64_t next_there = NextId(*other, "s1");
    EXPECT_GT(next_here, here);
    EXPECT_GT(next_there, there);
    here = next_here;
    there = next_there;
    ids.insert({here, there});
  }
  EXPECT_EQ(ids.size(), 100U);
}

// "Resetting a sequence will not work correct if multiple processes use the same
// sequence", says the seed; here it does.
TEST_P(LovelyEssequenceProcessesTest, AResetReachesEveryProcess) {
  ASSERT_THAT(Create("name: 'reset' chunk_size: 10 max_gap: 10"), IsOk());
  const auto other = e2e::Connect({&StartServer()});
  EXPECT_EQ(NextId("reset"), 1);
  EXPECT_EQ(NextId(*other, "reset"), 11);
  ASSERT_THAT(Reset("reset"), IsOk());
  EXPECT_EQ(NextId(*other, "reset"), 1);
  EXPECT_EQ(NextId("reset"), 11);
  EXPECT_EQ(NextId(*other, "reset"), 2);
}

}  // namespace
}  // namespace mintmark::seeds
