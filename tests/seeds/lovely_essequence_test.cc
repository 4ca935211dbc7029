// What lovely.essequence shows in its doctest: sequences by name that all users of
// a process share, unique and ascending over processes, and a reset for tests.
#include <set>

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
