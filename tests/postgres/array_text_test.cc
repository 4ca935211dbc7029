#include "src/store/postgres/array_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/store/postgres/key_hash.h"

namespace mintmark::store {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Optional;

TEST(ArrayTextTest, NothingIsNull) {
  ArrayText array;
  EXPECT_EQ(array.Finish(), nullptr);
}

TEST(ArrayTextTest, WritesNumbers) {
  ArrayText array;
  array.Add(INT64_MIN);
  array.Add(std::optional<std::int64_t>());
  array.Add(std::optional<std::int64_t>(0));
  array.Add(INT64_MAX);
  EXPECT_STREQ(array.Finish(), "{-9223372036854775808,NULL,0,9223372036854775807}");
}

TEST(ArrayTextTest, QuotesTexts) {
  ArrayText array;
  array.Add(absl::string_view("NULL"));
  array.Add(absl::string_view(""));
  array.Add(absl::string_view("a,b}\"\\"));
  EXPECT_STREQ(array.Finish(), R"({"NULL","","a,b}\"\\"})");
}

TEST(ArrayTextTest, ReadsNumbers) {
  std::vector<std::optional<std::int64_t>> numbers;
  ASSERT_TRUE(ParseNumbers("{-9223372036854775808,NULL,7}", numbers));
  EXPECT_THAT(numbers, ElementsAre(Optional(INT64_MIN), std::nullopt, Optional(7)));
  ASSERT_TRUE(ParseNumbers("{}", numbers));
  EXPECT_THAT(numbers, IsEmpty());
}

TEST(ArrayTextTest, ReadsTexts) {
  std::vector<std::string> texts;
  ASSERT_TRUE(ParseTexts(R"({a/b,"","NULL","a,b}\"\\",z})", texts));
  EXPECT_THAT(texts, ElementsAre("a/b", "", "NULL", "a,b}\"\\", "z"));
  ASSERT_TRUE(ParseTexts("{}", texts));
  EXPECT_THAT(texts, IsEmpty());
}

TEST(ArrayTextTest, RefusesWhatIsNoArray) {
  std::vector<std::optional<std::int64_t>> numbers;
  for (const char* const text : {"", "{", "1", "{1", "1}", "{1,}", "{,1}", "{1 2}", "{a}", "{{1}}",
                                 "{9223372036854775808}", "{NULLNULL}"}) {
    EXPECT_FALSE(ParseNumbers(text, numbers)) << text;
  }
  std::vector<std::string> texts;
  for (const char* const text :
       {"", "{", "{a,}", "{,a}", "{\"a}", "{\"a\\\"}", "{\"a\"b}", "{NULL}"}) {
    EXPECT_FALSE(ParseTexts(text, texts)) << text;
  }
}

// Request ids are looked up by it for a day, by whatever program runs then.
TEST(KeyHashTest, NeverChanges) {
  EXPECT_EQ(KeyHash(engine::KeyKind::kIncrCounter, "orders", "request-1"),
            INT64_C(6466508919072162992));
  EXPECT_EQ(KeyHash(engine::KeyKind::kNextN, "orders", "request-1"), INT64_C(3143008885993546114));
}

TEST(KeyHashTest, TellsNameAndIdApart) {
  EXPECT_NE(KeyHash(engine::KeyKind::kNextN, "a", "bc"),
            KeyHash(engine::KeyKind::kNextN, "ab", "c"));
}

}  // namespace
}  // namespace mintmark::store
