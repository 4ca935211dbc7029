// Sequences at the ends of what int64 holds, and other short ones: each id once, in
// order, and then a clear end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/e2e/id_set.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/store_test.h"
#include "tests/e2e/text_message.h"

namespace mintmark::e2e {
namespace {

constexpr std::int64_t kLowest = INT64_MIN;
constexpr std::int64_t kHighest = INT64_MAX - 1;

// Few enough ids to draw them all.
struct Space {
  std::string name;
  std::int64_t min_id;
  std::int64_t max_id;
  std::int64_t step;
  std::int64_t last_id;  // The last one that there is.
};

const std::vector<Space>& Spaces() {
  static const std::vector<Space> spaces = {
      {"up-to-the-highest", kHighest - 40, kHighest, 1, kHighest},
      {"from-the-lowest", kLowest, kLowest + 40, 1, kLowest + 40},
      {"from-zero", 0, 40, 1, 40},
      {"up-to-zero", -40, 0, 1, 0},
      {"around-zero", -20, 20, 1, 20},
      {"only-zero", 0, 0, 1, 0},
      {"only-the-lowest", kLowest, kLowest, 1, kLowest},
      {"only-the-highest", kHighest, kHighest, 1, kHighest},
      {"step-7-onto-the-end", -100, -100 + 7 * 30, 7, -100 + 7 * 30},
      {"step-7-short-of-the-end", 1, 1 + 7 * 30 + 6, 7, 1 + 7 * 30},
      {"step-7-onto-the-highest", kHighest - std::int64_t{7} * 30, kHighest, 7, kHighest},
      {"step-7-short-of-the-highest", kHighest - std::int64_t{7} * 30 - 6, kHighest, 7,
       kHighest - 6},
      {"step-7-from-the-lowest", kLowest, kLowest + std::int64_t{7} * 30, 7,
       kLowest + std::int64_t{7} * 30},
      {"three-ids-far-apart", kLowest, kHighest, INT64_MAX, kHighest},
      {"four-ids-far-apart", kLowest, kHighest, std::int64_t{1} << 62, std::int64_t{1} << 62},
      {"a-step-beyond-the-end", 5, 10, INT64_MAX, 5},
  };
  return spaces;
}

// How a sequence is served.
struct Kind {
  std::string name;
  std::string settings;
};

const std::vector<Kind>& Kinds() {
  static const std::vector<Kind> kinds = {
      {"adaptive", ""},
      {"bounded", "max_gap: 3 chunk_size: 8"},
      {"gapless", "max_gap: 0 chunk_size: 8"},
      {"strict", "shards: 0"},
  };
  return kinds;
}

class SequenceLimitsTest : public StoreTest {
 protected:
  void Prepare() override {
    server_ = &StartServer({"--poll-interval=10ms"});
    client_ = Connect({server_});
  }

  absl::StatusOr<v1::Sequence> Create(const std::string& sequence) {
    const auto created = client_->CreateSequence(
        Parse<v1::CreateSequenceRequest>(absl::StrCat("sequence { ", sequence, " }")));
    if (!created.ok()) return created.status();
    return created->sequence();
  }

  // Draws one id after the other, then a range, then all that is left.
  void DrawAll(const std::string& name, IdSet& ids) {
    const std::string of_sequence = absl::StrCat("sequence: '", name, "' ");
    std::int64_t last = INT64_MIN;
    for (int i = 0; i < 3; ++i) {
      const absl::StatusOr<std::int64_t> id = client_->NextId(name);
      if (absl::IsOutOfRange(id.status())) return;
      ASSERT_THAT(id, IsOk());
      EXPECT_TRUE(i == 0 || *id > last);
      last = *id;
      ids.Add(*id);
    }
    const auto range = client_->ReserveRange(Parse<v1::ReserveRangeRequest>(of_sequence + "n: 5"));
    if (range.ok()) ids.Add(*range);
    const auto rest = Parse<v1::NextNRequest>(of_sequence + "n: 1000000 allow_partial: true");
    absl::StatusOr<v1::NextNResponse> next = client_->NextN(rest);
    for (; next.ok(); next = client_->NextN(rest)) ids.Add(*next);
    EXPECT_THAT(next, FailsWith(Reason::kSequenceExhausted));
  }

  Mintmarkd* server_ = nullptr;
  std::unique_ptr<client::Client> client_;
};
INSTANTIATE_ON_STORES(SequenceLimitsTest);

TEST_P(SequenceLimitsTest, EveryIdUpToTheLastIsIssuedAndNoneBeyond) {
  for (const Kind& kind : Kinds()) {
    for (const Space& space : Spaces()) {
      const std::string name = absl::StrCat(kind.name, "/", space.name);
      SCOPED_TRACE(name);
      ASSERT_THAT(Create(absl::StrCat("name: '", name, "' min_id: ", space.min_id, " max_id: ",
                                      space.max_id, " step: ", space.step, " ", kind.settings)),
                  IsOk());
      IdSet ids(space.step);
      DrawAll(name, ids);
      EXPECT_EQ(ids.DifferenceFrom(space.min_id, space.last_id), "");
    }
  }
  // The end is still the end for the next server.
  EXPECT_EQ(server_->Stop(), 0);
  ASSERT_THAT(server_->Start(), IsOk());
  for (const Kind& kind : Kinds()) {
    for (const Space& space : Spaces()) {
      const std::string name = absl::StrCat(kind.name, "/", space.name);
      EXPECT_THAT(client_->NextId(name), FailsWith(Reason::kSequenceExhausted, "raise max_id"))
          << name;
    }
  }
}

// As many ids as there can be: nothing overflows on the way.
TEST_P(SequenceLimitsTest, ASequenceMaySpanAllThereIs) {
  for (const Kind& kind : Kinds()) {
    SCOPED_TRACE(kind.name);
    const auto created = Create(absl::StrCat("name: '", kind.name, "' min_id: ", kLowest,
                                             " max_id: ", kHighest, " ", kind.settings));
    ASSERT_THAT(created, IsOk());
    EXPECT_EQ(created->next_id(), kLowest);
    EXPECT_EQ(created->remaining(), INT64_MAX);  // It saturates.
    IdSet ids;
    for (const std::string n : {"1", "1000000", "7"}) {
      const auto next = client_->NextN(
          Parse<v1::NextNRequest>(absl::StrCat("sequence: '", kind.name, "' n: ", n)));
      ASSERT_THAT(next, IsOk());
      ids.Add(*next);
    }
    EXPECT_EQ(ids.count(), 1'000'008);
    EXPECT_EQ(ids.Doubles(), "");
    EXPECT_EQ(server_->Stop(), 0);
    ASSERT_THAT(server_->Start(), IsOk());
  }
}

// The frontier may go anywhere up to the end, and past it no further.
TEST_P(SequenceLimitsTest, AResetMayGoUpToTheLastId) {
  ASSERT_THAT(Create("name: 'a'"), IsOk());
  const auto reset_to = [&](std::int64_t next_id) {
    return client_->ResetSequence(
        Parse<v1::ResetSequenceRequest>(absl::StrCat("name: 'a' next_id: ", next_id)));
  };
  ASSERT_THAT(reset_to(kHighest), IsOk());
  EXPECT_THAT(reset_to(INT64_MAX), FailsWith(Reason::kSequenceInvalid));
  EXPECT_THAT(reset_to(0), FailsWith(Reason::kSequenceInvalid, "go from 1 by steps of 1"));
  const absl::StatusOr<std::int64_t> id = client_->NextId("a");
  ASSERT_THAT(id, IsOk());
  EXPECT_EQ(*id, kHighest);
  EXPECT_THAT(client_->NextId("a"), FailsWith(Reason::kSequenceExhausted));
}

TEST_P(SequenceLimitsTest, AResetGoesToAnIdOfTheSequence) {
  ASSERT_THAT(Create("name: 'a' min_id: 1 max_id: 20 step: 7"), IsOk());
  const auto reset_to = [&](std::int64_t next_id) {
    return client_->ResetSequence(
        Parse<v1::ResetSequenceRequest>(absl::StrCat("name: 'a' next_id: ", next_id)));
  };
  for (const std::int64_t none : {2, 7, 16, 20}) {
    EXPECT_THAT(reset_to(none), FailsWith(Reason::kSequenceInvalid, "by steps of 7")) << none;
  }
  ASSERT_THAT(reset_to(15), IsOk());
  const absl::StatusOr<std::int64_t> id = client_->NextId("a");
  ASSERT_THAT(id, IsOk());
  EXPECT_EQ(*id, 15);
}

// A sequence that ran out goes on when its end is moved, to the very last id.
TEST_P(SequenceLimitsTest, RaisingMaxIdLetsAnExhaustedSequenceGoOn) {
  ASSERT_THAT(Create(absl::StrCat("name: 'a' min_id: ", kHighest - 3, " max_id: ", kHighest - 2)),
              IsOk());
  IdSet ids;
  DrawAll("a", ids);
  EXPECT_EQ(ids.DifferenceFrom(kHighest - 3, kHighest - 2), "");
  ASSERT_THAT(client_->UpdateSequence(Parse<v1::UpdateSequenceRequest>(
                  absl::StrCat("sequence { name: 'a' max_id: ", kHighest, " }"))),
              IsOk());
  DrawAll("a", ids);
  EXPECT_EQ(ids.DifferenceFrom(kHighest - 3, kHighest), "");
  EXPECT_THAT(client_->UpdateSequence(Parse<v1::UpdateSequenceRequest>(
                  absl::StrCat("sequence { name: 'a' max_id: ", INT64_MAX, " }"))),
              FailsWith(Reason::kSequenceInvalid));
}

}  // namespace
}  // namespace mintmark::e2e
