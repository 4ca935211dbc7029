#include "src/core/name.h"

#include <string>

#include "gtest/gtest.h"
#include "src/core/reason.h"

namespace mintmark {
namespace {

TEST(NameTest, TakesLettersDigitsAndFivePunctuationMarks) {
  for (const char* name : {"a", "orders", "billing/invoices", "A.b_c:d-9", "0", "..", "a//b"}) {
    EXPECT_TRUE(ValidateName("sequence", name).ok()) << name;
  }
}

TEST(NameTest, TakesUpTo200Bytes) {
  EXPECT_TRUE(ValidateName("sequence", std::string(200, 'x')).ok());
  EXPECT_EQ(ReasonOf(ValidateName("sequence", std::string(201, 'x'))), Reason::kNameInvalid);
}

TEST(NameTest, RefusesEverythingElse) {
  const std::string with_zero("a\0b", 3);
  for (const std::string& name :
       {std::string(), std::string(" "), std::string("a b"), std::string("/a"), std::string("a/"),
        std::string("/"), std::string("a\n"), std::string("é"), std::string("a%"),
        std::string("\xff"), with_zero}) {
    const absl::Status status = ValidateName("sequence", name);
    EXPECT_EQ(ReasonOf(status), Reason::kNameInvalid) << name;
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << name;
  }
}

TEST(NameTest, TellsWhoseNameItIs) {
  const absl::Status status = ValidateName("counter", "a b");
  EXPECT_NE(std::string(status.message()).find("counter"), std::string::npos) << status;
}

TEST(NameTest, APrefixMayBeEmptyOrEndInASlash) {
  EXPECT_TRUE(ValidateNamePrefix("").ok());
  EXPECT_TRUE(ValidateNamePrefix("billing/").ok());
  EXPECT_TRUE(ValidateNamePrefix(std::string(200, 'x')).ok());
  EXPECT_EQ(ReasonOf(ValidateNamePrefix("a b")), Reason::kNameInvalid);
  EXPECT_EQ(ReasonOf(ValidateNamePrefix(std::string(201, 'x'))), Reason::kNameInvalid);
}

TEST(RequestIdTest, IsPrintableAsciiWithoutSpaces) {
  EXPECT_TRUE(ValidateRequestId("4f6c1e9a-0b1d-4a39-8a3e-1b2c3d4e5f60", 64).ok());
  EXPECT_TRUE(ValidateRequestId("!~", 2).ok());
  EXPECT_TRUE(ValidateRequestId(std::string(64, 'k'), 64).ok());
  for (const std::string& id : {std::string(), std::string("a b"), std::string("a\x7f"),
                                std::string("\x1f"), std::string("ü"), std::string(65, 'k')}) {
    EXPECT_EQ(ReasonOf(ValidateRequestId(id, 64)), Reason::kRequestIdInvalid) << id;
  }
}

}  // namespace
}  // namespace mintmark
