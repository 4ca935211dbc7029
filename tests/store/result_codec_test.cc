// That every result comes back is the contract suite's; this is about bytes that
// do not belong to the batch.
#include "src/store/result_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace mintmark::testing {
namespace {

using engine::Batch;

Batch TwoOperations() {
  Batch batch;
  batch.opens.emplace_back().name = "s";
  batch.opens[0].result = engine::SequenceOpen::Result::kCreated;
  batch.opens[0].row.name = "s";
  batch.opens[0].row.settings.chunk_size = INT64_MIN;
  batch.opens[0].row.settings.space = {.min_id = INT64_MIN, .max_id = INT64_MAX, .step = -1};
  batch.adds.emplace_back().name = "c";
  batch.adds[0].result = engine::CounterAdd::Result::kKeysSeen;
  batch.adds[0].seen = {{.key = 3, .n = -1, .flags = INT32_MIN, .runs = {{-5, 5}}, .value = 9}};
  batch.report.attention = {{.sequence = "s", .generation = 7, .draining = true}};
  return batch;
}

Batch WithoutResults() {
  Batch batch;
  batch.opens.emplace_back().name = "s";
  batch.adds.emplace_back().name = "c";
  return batch;
}

TEST(ResultCodecTest, BringsResultsBack) {
  Batch decoded = WithoutResults();
  ASSERT_TRUE(store::DecodeResults(store::EncodeResults(TwoOperations()), decoded).ok());
  EXPECT_EQ(decoded.opens[0].result, engine::SequenceOpen::Result::kCreated);
  EXPECT_EQ(decoded.opens[0].row.settings, TwoOperations().opens[0].row.settings);
  EXPECT_EQ(decoded.adds[0].seen[0].flags, INT32_MIN);
  EXPECT_EQ(decoded.adds[0].seen[0].runs[0], (::mintmark::Run{-5, 5}));
  EXPECT_TRUE(decoded.report.attention[0].draining);
}

TEST(ResultCodecTest, RefusesEveryTruncation) {
  const std::string bytes = store::EncodeResults(TwoOperations());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    Batch decoded = WithoutResults();
    EXPECT_FALSE(store::DecodeResults(bytes.substr(0, size), decoded).ok()) << size;
  }
  Batch decoded = WithoutResults();
  EXPECT_FALSE(store::DecodeResults(bytes + "x", decoded).ok());
}

TEST(ResultCodecTest, SurvivesEveryChangedByte) {
  const std::string bytes = store::EncodeResults(TwoOperations());
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    for (const int value : {0x00, 0x01, 0x7f, 0x80, 0xff}) {
      std::string changed = bytes;
      changed[i] = static_cast<char>(value);
      Batch decoded = WithoutResults();
      store::DecodeResults(changed, decoded).IgnoreError();
    }
  }
}

TEST(ResultCodecTest, RefusesTheResultsOfAnotherBatch) {
  Batch other = WithoutResults();
  other.adds.emplace_back();
  EXPECT_FALSE(store::DecodeResults(store::EncodeResults(TwoOperations()), other).ok());
}

TEST(ResultCodecTest, BringsRunsBack) {
  const std::vector<::mintmark::Run> runs = {{INT64_MIN, -1}, {0, 1}, {5, INT64_MAX}};
  std::vector<::mintmark::Run> decoded = {{1, 2}};
  EXPECT_TRUE(store::DecodeRuns(store::EncodeRuns(runs), decoded));
  EXPECT_EQ(decoded, runs);
  EXPECT_TRUE(store::DecodeRuns(store::EncodeRuns({}), decoded));
  EXPECT_TRUE(decoded.empty());
  EXPECT_FALSE(store::DecodeRuns("", decoded));
  EXPECT_FALSE(store::DecodeRuns("\x04\x02", decoded));
}

}  // namespace
}  // namespace mintmark::testing
