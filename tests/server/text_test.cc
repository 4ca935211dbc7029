// What is written for machines to read: JSON, log lines, page tokens.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "server/json_text.h"
#include "server/logging.h"
#include "server/page_token.h"
#include "src/core/reason.h"

namespace mintmark::server {
namespace {

TEST(JsonTextTest, EscapesWhatJsonDoesNotAllow) {
  EXPECT_EQ(Quoted("plain"), "\"plain\"");
  EXPECT_EQ(Quoted("a\"b\\c"), R"("a\"b\\c")");
  EXPECT_EQ(Quoted("line\nbreak\ttab\r"), R"("line\nbreak\ttab\r")");
  EXPECT_EQ(Quoted(absl::string_view("\0\x01\x1f\x7f", 4)), R"("\u0000\u0001\u001f\u007f")");
}

TEST(JsonTextTest, KeepsUtf8AndReplacesWhatIsNone) {
  EXPECT_EQ(Quoted("M\u00fcnze \u20ac \U0001f4b0"), "\"M\u00fcnze \u20ac \U0001f4b0\"");
  EXPECT_EQ(Quoted("\xff"), "\"\ufffd\"");
  EXPECT_EQ(Quoted("a\xc3"), "\"a\ufffd\"");                              // Cut short.
  EXPECT_EQ(Quoted("\xc0\xaf"), "\"\ufffd\ufffd\"");                      // Overlong.
  EXPECT_EQ(Quoted("\xed\xa0\x80"), "\"\ufffd\ufffd\ufffd\"");            // A surrogate.
  EXPECT_EQ(Quoted("\xf4\x90\x80\x80"), "\"\ufffd\ufffd\ufffd\ufffd\"");  // Beyond U+10FFFF.
}

TEST(LoggingTest, AJsonLineIsOneObject) {
  EXPECT_EQ(JsonLogLine("2024-01-01T00:00:00Z", "info", "a \"b\"\n{}"),
            R"({"time":"2024-01-01T00:00:00Z","level":"info","message":"a \"b\"\n{}"})");
}

TEST(PageTokenTest, GoesOnAfterTheLastName) {
  const std::string token = MakePageToken(ListKind::kSequences, "billing/invoices");
  EXPECT_EQ(*ReadPageToken(ListKind::kSequences, "billing/", token), "billing/invoices");
  EXPECT_EQ(*ReadPageToken(ListKind::kSequences, "", token), "billing/invoices");
  EXPECT_EQ(*ReadPageToken(ListKind::kCounters, "", ""), "");
}

TEST(PageTokenTest, RefusesATokenOfAnotherListOrNone) {
  const std::string token = MakePageToken(ListKind::kSequences, "billing/invoices");
  const std::string no_name = absl::WebSafeBase64Escape("1s/x");
  const std::string other_version = absl::WebSafeBase64Escape("2sx");
  EXPECT_EQ(ReasonOf(ReadPageToken(ListKind::kCounters, "", token).status()),
            Reason::kArgumentInvalid);
  EXPECT_EQ(ReasonOf(ReadPageToken(ListKind::kSequences, "orders", token).status()),
            Reason::kArgumentInvalid);
  for (const std::string& bad : {std::string("?"), std::string("abc"), std::string("billing"),
                                 no_name, other_version, token + "A"}) {
    EXPECT_EQ(ReasonOf(ReadPageToken(ListKind::kSequences, "", bad).status()),
              Reason::kArgumentInvalid)
        << bad;
  }
}

}  // namespace
}  // namespace mintmark::server
