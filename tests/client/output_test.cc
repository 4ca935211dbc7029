#include "client/cli/output.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <string>

#include "mintmark/v1/id_service.pb.h"
#include "tests/client/text_file.h"

namespace mintmark::client {
namespace {

using testing::HasSubstr;

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

v1::IdRange Range(std::int64_t first, std::int64_t last, std::int64_t step) {
  v1::IdRange range;
  range.set_first(first);
  range.set_last(last);
  range.set_step(step);
  return range;
}

std::string Ids(const v1::IdRange& range) {
  TextFile file;
  Output output(file.stream());
  EXPECT_TRUE(output.Ids(range).ok());
  EXPECT_TRUE(output.Flush().ok());
  return file.Read();
}

TEST(OutputTest, PrintsOneIdALine) {
  EXPECT_EQ(Ids(Range(1, 3, 1)), "1\n2\n3\n");
  EXPECT_EQ(Ids(Range(-7, 7, 7)), "-7\n0\n7\n");
  EXPECT_EQ(Ids(Range(5, 5, 1)), "5\n");
}

TEST(OutputTest, PrintsIdsAtBothEndsOfInt64) {
  EXPECT_EQ(Ids(Range(kMax - 2, kMax - 1, 1)), "9223372036854775805\n9223372036854775806\n");
  EXPECT_EQ(Ids(Range(kMin, kMin + kMax, kMax)), "-9223372036854775808\n-1\n");
  // A step that would pass the end of int64.
  EXPECT_EQ(Ids(Range(kMax - 3, kMax - 3, kMax)), "9223372036854775804\n");
}

TEST(OutputTest, PrintsMoreThanItsBufferHolds) {
  const std::string text = Ids(Range(1, 200'000, 1));
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 200'000);
  EXPECT_THAT(text, testing::EndsWith("\n199999\n200000\n"));
}

TEST(OutputTest, RefusesWhatIsNoRange) {
  TextFile file;
  Output output(file.stream());
  EXPECT_EQ(output.Ids(Range(1, 3, 0)).code(), absl::StatusCode::kInternal);
  EXPECT_EQ(output.Ids(Range(3, 1, 1)).code(), absl::StatusCode::kInternal);
}

TEST(OutputTest, SaysWhenItCannotWrite) {
  std::FILE* const full = std::fopen("/dev/full", "w");
  ASSERT_NE(full, nullptr);
  Output output(full);
  output.Line("lost");
  EXPECT_THAT(std::string(output.Flush().message()), HasSubstr("No space left"));
  EXPECT_TRUE(output.failed());
  (void)std::fclose(full);
}

TEST(OutputTest, JsonHasIntegersOf64BitsAsStringsAndFieldsThatAreZero) {
  TextFile file;
  Output output(file.stream());
  v1::IncrCounterResponse response;
  response.set_value(kMin);
  ASSERT_TRUE(output.Json(response).ok());
  ASSERT_TRUE(output.Flush().ok());
  const std::string text = file.Read();
  EXPECT_THAT(text, HasSubstr("\"value\": \"-9223372036854775808\""));
  EXPECT_THAT(text, HasSubstr("\"durable\": false"));
  EXPECT_THAT(text, testing::EndsWith("}\n"));
}

TEST(OutputTest, RangesSayTheirStepUnlessItIsOne) {
  EXPECT_EQ(RangeText(Range(1, 100, 1)), "1..100");
  EXPECT_EQ(RangeText(Range(1, 36, 7)), "1..36 step 7");
}

TEST(TableTest, AlignsItsColumnsAndPrintsTheHeaderOnce) {
  TextFile file;
  Output output(file.stream());
  Table table({{"NAME"}, {"VALUE", Table::Align::kRight}, {"NOTE"}});
  table.Add({"a", "1", "x"});
  table.Add({"longer", "1000000", ""});
  table.Print(output);
  table.Add({"b", "2", "y"});
  table.Print(output);
  ASSERT_TRUE(output.Flush().ok());
  EXPECT_EQ(file.Read(),
            "NAME      VALUE  NOTE\n"
            "a             1  x\n"
            "longer  1000000  \n"
            "b             2  y\n");
}

TEST(FactsTest, AlignsItsValues) {
  TextFile file;
  Output output(file.stream());
  Facts facts;
  facts.Add("name", "orders");
  facts.Add("next id", "17");
  facts.Print(output);
  ASSERT_TRUE(output.Flush().ok());
  EXPECT_EQ(file.Read(), "name:     orders\nnext id:  17\n");
}

}  // namespace
}  // namespace mintmark::client
