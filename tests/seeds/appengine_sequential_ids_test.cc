// What "Eventually Sequential" IDs for App Engine (appengine-sequential-ids) shows:
// one(), reserve(), next(guaranteed), delete(), chunks per call, shards, min and max.
#include <algorithm>
#include <random>
#include <thread>

#include "tests/e2e/id_set.h"
#include "tests/seeds/seed_test.h"

namespace mintmark::seeds {
namespace {

using AppengineSequentialIdsTest = SeedTest;
INSTANTIATE_ON_STORES(AppengineSequentialIdsTest);

// uid = useridcounter.one()
TEST_P(AppengineSequentialIdsTest, OneHandsOutOneIdAfterTheOther) {
  EXPECT_EQ(NextId("user-id"), 1);
  EXPECT_EQ(NextId("user-id"), 2);
  EXPECT_EQ(NextId("user-id"), 3);
}

// while len(users1) < 10: low, high = useridcounter.reserve(10 - len(users1))
TEST_P(AppengineSequentialIdsTest, ReserveMayHandOutFewerAndGoesOnWhenAskedAgain) {
  ASSERT_THAT(Create("name: 'user-id' chunk_size: 10 max_gap: 10"), IsOk());
  ASSERT_THAT(Next("sequence: 'user-id' n: 7"), HoldsIds(1, 7));
  // Three are left in the chunk: the master is not asked while there are any.
  EXPECT_THAT(Reserve("sequence: 'user-id' n: 9"), HoldsIds(8, 10));
  EXPECT_THAT(Reserve("sequence: 'user-id' n: 6"), HoldsIds(11, 16));
}

TEST_P(AppengineSequentialIdsTest, ReserveExactlyHandsOutAllOfThemOrNone) {
  ASSERT_THAT(Create("name: 'user-id' chunk_size: 10 max_gap: 10 max_id: 30"), IsOk());
  ASSERT_THAT(Next("sequence: 'user-id' n: 7"), HoldsIds(1, 7));
  const auto exact = Reserve("sequence: 'user-id' n: 9 exact: true");
  ASSERT_THAT(exact, IsOk());
  EXPECT_EQ(exact->count(), 9);
  EXPECT_EQ(exact->range().last() - exact->range().first(), 8);
  EXPECT_GT(exact->range().first(), 7);
  EXPECT_THAT(Reserve("sequence: 'user-id' n: 25 exact: true"),
              FailsWith(Reason::kSequenceExhausted));
}

// ids = useridcounter.next(10), guaranteed: all or nothing.
TEST_P(AppengineSequentialIdsTest, NextGuaranteedPutsItsIdsBackWhenThereAreTooFew) {
  ASSERT_THAT(Create("name: 'user-id' max_id: 15"), IsOk());
  EXPECT_THAT(Next("sequence: 'user-id' n: 10"), HoldsIds(1, 10));
  EXPECT_THAT(Next("sequence: 'user-id' n: 10"),
              FailsWith(Reason::kSequenceExhausted, "raise max_id or ask for fewer"));
  EXPECT_THAT(Next("sequence: 'user-id' n: 5"), HoldsIds(11, 15));
}

// ids = useridcounter.next(10, guaranteed=False): what is left.
TEST_P(AppengineSequentialIdsTest, NextNotGuaranteedHandsOutWhatIsLeft) {
  ASSERT_THAT(Create("name: 'user-id' max_id: 15"), IsOk());
  EXPECT_THAT(Next("sequence: 'user-id' n: 10 allow_partial: true"), HoldsIds(1, 10));
  EXPECT_THAT(Next("sequence: 'user-id' n: 10 allow_partial: true"), HoldsIds(11, 15));
  EXPECT_THAT(Next("sequence: 'user-id' n: 10 allow_partial: true"),
              FailsWith(Reason::kSequenceExhausted));
}

// if uid is False: "Oh No! We have run out of keys!"
TEST_P(AppengineSequentialIdsTest, EachWayToGetIdsSaysWhenTheyHaveRunOut) {
  ASSERT_THAT(Create("name: 'user-id' max_id: 2"), IsOk());
  EXPECT_EQ(NextId("user-id"), 1);
  EXPECT_EQ(NextId("user-id"), 2);
  EXPECT_THAT(client().NextId("user-id"), FailsWith(Reason::kSequenceExhausted, "max_id"));
  EXPECT_THAT(Next("sequence: 'user-id' n: 10"), FailsWith(Reason::kSequenceExhausted));
  EXPECT_THAT(Reserve("sequence: 'user-id' n: 10"), FailsWith(Reason::kSequenceExhausted));
  EXPECT_EQ(Frontier("user-id"), 3);
}

// "it will use this chunk size (12), NOT one set earlier on"
TEST_P(AppengineSequentialIdsTest, ACallMaySayHowLargeAChunkItTakes) {
  ASSERT_THAT(Create("name: 'user-id' chunk_size: 10 max_gap: 0"), IsOk());
  ASSERT_THAT(Next("sequence: 'user-id' chunk_size: 12"), HoldsIds(1, 1));
  EXPECT_EQ(Frontier("user-id"), 13);
  // As long as the chunk lasts, none is taken.
  ASSERT_THAT(Next("sequence: 'user-id' n: 9"), HoldsIds(2, 10));
  ASSERT_THAT(Next("sequence: 'user-id' n: 2 chunk_size: 25"), HoldsIds(11, 12));
  EXPECT_EQ(Frontier("user-id"), 13);
  ASSERT_THAT(Reserve("sequence: 'user-id' n: 9 chunk_size: 25"), HoldsIds(13, 21));
  EXPECT_EQ(Frontier("user-id"), 38);
  // A call that says nothing takes the sequence's own.
  ASSERT_THAT(Next("sequence: 'user-id' n: 8"), HoldsIds(22, 29));
  ASSERT_THAT(Next("sequence: 'user-id' n: 8"), HoldsIds(30, 37));
  ASSERT_THAT(Next("sequence: 'user-id'"), HoldsIds(38, 38));
  EXPECT_EQ(Frontier("user-id"), 48);
}

// Increment("user-id", 10): the chunk can be raised at any time.
TEST_P(AppengineSequentialIdsTest, TheChunkSizeOfASequenceCanBeRaisedLater) {
  ASSERT_THAT(Create("name: 'user-id' chunk_size: 10 max_gap: 0"), IsOk());
  ASSERT_THAT(Next("sequence: 'user-id' n: 9"), HoldsIds(1, 9));
  ASSERT_THAT(client().UpdateSequence(
                  Parse<v1::UpdateSequenceRequest>("sequence { name: 'user-id' chunk_size: 100 }")),
              IsOk());
  ASSERT_THAT(Next("sequence: 'user-id'"), HoldsIds(10, 10));
  ASSERT_THAT(Next("sequence: 'user-id'"), HoldsIds(11, 11));
  EXPECT_EQ(Frontier("user-id"), 111);
}

// Increment("user-id", 12, min=-172, max=500)
TEST_P(AppengineSequentialIdsTest, IdsLieBetweenMinAndMax) {
  ASSERT_THAT(Create("name: 'user-id' min_id: -172 max_id: 500 chunk_size: 12"), IsOk());
  e2e::IdSet ids;
  ids.Add(NextId("user-id"));
  EXPECT_EQ(ids.DifferenceFrom(-172, -172), "");
  absl::StatusOr<v1::NextNResponse> next = Next("sequence: 'user-id' n: 10");
  for (; next.ok(); next = Next("sequence: 'user-id' n: 10 allow_partial: true")) ids.Add(*next);
  EXPECT_THAT(next, FailsWith(Reason::kSequenceExhausted));
  EXPECT_EQ(ids.DifferenceFrom(-172, 500), "");
}

// "The min and max values have no effect as the counter has already been created"
TEST_P(AppengineSequentialIdsTest, ASequenceThatExistsKeepsItsMinAndMax) {
  EXPECT_EQ(NextId("user-id"), 1);
  EXPECT_THAT(Create("name: 'user-id' min_id: -172 max_id: 500"),
              FailsWith(Reason::kSequenceAlreadyExists));
  EXPECT_THAT(client().UpdateSequence(
                  Parse<v1::UpdateSequenceRequest>("sequence { name: 'user-id' min_id: -172 }")),
              FailsWith(Reason::kSequenceInvalid, "min_id never changes"));
  EXPECT_EQ(NextId("user-id"), 2);
}

// delete()
TEST_P(AppengineSequentialIdsTest, ADeletedSequenceStartsAnewWhenItIsCreatedAgain) {
  EXPECT_THAT(Next("sequence: 'user-id' n: 5"), HoldsIds(1, 5));
  const auto remove = Parse<v1::DeleteSequenceRequest>("name: 'user-id'");
  ASSERT_THAT(client().DeleteSequence(remove), IsOk());
  EXPECT_THAT(client().DeleteSequence(remove), FailsWith(Reason::kSequenceNotFound));
  ASSERT_THAT(Create("name: 'user-id' min_id: 100"), IsOk());
  EXPECT_EQ(NextId("user-id"), 100);
  ASSERT_THAT(client().DeleteSequence(remove), IsOk());
  EXPECT_EQ(NextId("user-id"), 1);
}

// Requests of at least a chunk do not go through a shard.
TEST_P(AppengineSequentialIdsTest, LargeRequestsGoStraightToTheMaster) {
  ASSERT_THAT(Create("name: 'user-id' chunk_size: 10 max_gap: 10"), IsOk());
  ASSERT_THAT(Next("sequence: 'user-id'"), HoldsIds(1, 1));
  EXPECT_THAT(Next("sequence: 'user-id' n: 25"), HoldsIds(11, 35));
  EXPECT_THAT(Reserve("sequence: 'user-id' n: 10"), HoldsIds(36, 45));
  EXPECT_EQ(Frontier("user-id"), 46);
  // The shard goes on where it was.
  EXPECT_THAT(Next("sequence: 'user-id' n: 3"), HoldsIds(2, 4));
}

// shards=0 goes straight to the master.
TEST_P(AppengineSequentialIdsTest, WithoutShardsEveryIdComesFromTheMasterInOrder) {
  ASSERT_THAT(Create("name: 'user-id' shards: 0"), IsOk());
  const auto other = e2e::Connect({shared() ? &StartServer() : &server()});
  for (std::int64_t id = 1; id <= 10; id += 2) {
    EXPECT_EQ(NextId("user-id"), id);
    EXPECT_EQ(Frontier("user-id"), id + 1);
    EXPECT_EQ(NextId(*other, "user-id"), id + 1);
  }
}

// "lower numbers are sequential while the highest ones have gaps", and in the end
// there are none.
TEST_P(AppengineSequentialIdsTest, EveryIdIsUsedInTheEnd) {
  constexpr std::int64_t kLast = 3'000;
  ASSERT_THAT(Create(absl::StrCat("name: 'user-id' shards: 3 chunk_size: 20 max_id: ", kLast)),
              IsOk());
  std::vector<const Mintmarkd*> servers = {&server()};
  if (shared()) servers.push_back(&StartServer());
  e2e::IdSet ids;
  std::vector<std::thread> users;
  for (unsigned seed = 0; seed < 4; ++seed) {
    users.emplace_back([&ids, seed, user = e2e::Connect({servers[seed % servers.size()]})] {
      std::minstd_rand random(seed + 1);
      const auto draw = [&](int n) {
        const std::string request = absl::StrCat("sequence: 'user-id' n: ", n);
        if (random() % 2 == 0) {
          const auto reserved = user->ReserveRange(Parse<v1::ReserveRangeRequest>(request));
          if (reserved.ok()) ids.Add(*reserved);
          return reserved.status();
        }
        const auto next =
            user->NextN(Parse<v1::NextNRequest>(absl::StrCat(request, " allow_partial: true")));
        if (next.ok()) ids.Add(*next);
        return next.status();
      };
      absl::Status status;
      while (status.ok()) status = draw(1 + static_cast<int>(random() % 30));
      EXPECT_THAT(status, FailsWith(Reason::kSequenceExhausted));
    });
  }
  for (std::thread& user : users) user.join();
  EXPECT_EQ(ids.DifferenceFrom(1, kLast), "");
}

using AppengineSequentialIdsShardsTest = SeedTest;
INSTANTIATE_ON_SHARED_STORES(AppengineSequentialIdsShardsTest);

TEST_P(AppengineSequentialIdsShardsTest, ShardsWorkOnChunksOfTheirOwnSideBySide) {
  ASSERT_THAT(Create("name: 'user-id' shards: 2 chunk_size: 10 max_gap: 5"), IsOk());
  const auto second = e2e::Connect({&StartServer()});
  const auto third = e2e::Connect({&StartServer()});
  EXPECT_EQ(NextId("user-id"), 1);
  EXPECT_EQ(NextId(*second, "user-id"), 11);
  EXPECT_EQ(NextId("user-id"), 2);
  EXPECT_EQ(NextId(*second, "user-id"), 12);
  // Two chunks are at work already: the third server draws from the master.
  EXPECT_EQ(NextId(*third, "user-id"), 21);
  EXPECT_EQ(NextId(*third, "user-id"), 22);
  EXPECT_EQ(Frontier("user-id"), 23);
}

// "there may still be a couple of ids on other shards": they are found too.
TEST_P(AppengineSequentialIdsShardsTest, TheLastIdsAreFetchedFromTheShardsOfOtherServers) {
  ASSERT_THAT(Create("name: 'user-id' shards: 2 chunk_size: 10 max_gap: 10 max_id: 20"), IsOk());
  const auto second = e2e::Connect({&StartServer()});
  EXPECT_EQ(NextId("user-id"), 1);
  EXPECT_EQ(NextId(*second, "user-id"), 11);
  e2e::IdSet ids;
  ids.Add(1);
  ids.Add(11);
  absl::StatusOr<std::int64_t> id = second->NextId("user-id");
  for (; id.ok(); id = second->NextId("user-id")) ids.Add(*id);
  EXPECT_THAT(id, FailsWith(Reason::kSequenceExhausted));
  EXPECT_EQ(ids.DifferenceFrom(1, 20), "");
}

}  // namespace
}  // namespace mintmark::seeds
