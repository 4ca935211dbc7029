#include "src/core/text_format.h"

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "src/core/reason.h"

namespace mintmark {
namespace {

struct Known {
  Encoding encoding = Encoding::kDecimal;
  absl::string_view alphabet;
  // The texts of 255, 123456789 and 2^63-1, and their check characters; from the
  // definition, by other means.
  absl::string_view text_255, text_123456789, text_max;
  absl::string_view checks;
};

constexpr std::array<Known, 6> kKnown = {{
    {Encoding::kDecimal, "0123456789", "255", "123456789", "9223372036854775807", "074"},
    {Encoding::kHex, "0123456789abcdef", "ff", "75bcd15", "7fffffffffffffff", "248"},
    {Encoding::kBase32Crockford, "0123456789ABCDEFGHJKMNPQRSTVWXYZ", "7Z", "3NQK8N",
     "7ZZZZZZZZZZZZ", "T1Y"},
    {Encoding::kBase36, "0123456789abcdefghijklmnopqrstuvwxyz", "73", "21i3v9", "1y2p0ij32e8e7",
     "nvt"},
    {Encoding::kBase58, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", "5Q", "BukQL",
     "NQm6nKp8qFC", "9DL"},
    {Encoding::kBase62, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", "47",
     "8M0kX", "AzL8n0Y58m7", "iZq"},
}};

TextFormat Plain(Encoding encoding) {
  TextFormat format;
  format.encoding = encoding;
  return format;
}

TextFormat Checked(Encoding encoding) {
  TextFormat format = Plain(encoding);
  format.check_character = true;
  return format;
}

std::int64_t Parsed(const TextFormat& format, absl::string_view text) {
  const absl::StatusOr<std::int64_t> id = ParseId(format, text);
  EXPECT_TRUE(id.ok()) << text << ": " << id.status();
  return id.value_or(-1);
}

// Whether `text` is refused as TEXT_INVALID, with a sentence that holds `words`.
testing::AssertionResult Refused(const TextFormat& format, absl::string_view text,
                                 absl::string_view words) {
  const absl::StatusOr<std::int64_t> id = ParseId(format, text);
  if (id.ok()) return testing::AssertionFailure() << text << " is read as " << *id;
  if (ReasonOf(id.status()) == Reason::kTextInvalid &&
      absl::StrContains(id.status().message(), words)) {
    return testing::AssertionSuccess();
  }
  return testing::AssertionFailure() << id.status();
}

std::vector<std::int64_t> ManyIds() {
  std::vector<std::int64_t> ids = {0, 1, 9, 10, 57, 58, 61, 62, INT64_MAX - 1, INT64_MAX};
  std::mt19937_64 random(7);
  for (int i = 0; i < 2'000; ++i) {
    ids.push_back(static_cast<std::int64_t>(random() >> (1 + i % 63)));
  }
  return ids;
}

TEST(FormatIdTest, KnownTexts) {
  for (const Known& known : kKnown) {
    const TextFormat plain = Plain(known.encoding);
    EXPECT_EQ(FormatId(plain, 0), known.alphabet.substr(0, 1));
    EXPECT_EQ(FormatId(plain, 255), known.text_255);
    EXPECT_EQ(FormatId(plain, 123'456'789), known.text_123456789);
    EXPECT_EQ(FormatId(plain, INT64_MAX), known.text_max);
    const TextFormat checked = Checked(known.encoding);
    EXPECT_EQ(FormatId(checked, 255), absl::StrCat(known.text_255, known.checks.substr(0, 1)));
    EXPECT_EQ(FormatId(checked, 123'456'789),
              absl::StrCat(known.text_123456789, known.checks.substr(1, 1)));
    EXPECT_EQ(FormatId(checked, INT64_MAX),
              absl::StrCat(known.text_max, known.checks.substr(2, 1)));
  }
}

TEST(FormatIdTest, TheCheckCharacterIsLuhnsInDecimal) {
  EXPECT_EQ(FormatId(Checked(Encoding::kDecimal), 7'992'739'871), "79927398713");
}

TEST(FormatIdTest, UnsetMeansDecimalDigitsAndNothingElse) {
  EXPECT_EQ(FormatId({}, 42), "42");
  EXPECT_EQ(Parsed({}, "42"), 42);
}

TEST(FormatIdTest, PutsPrefixAndSuffixAroundPaddedDigits) {
  TextFormat format{Encoding::kDecimal, "INV-", "/2024", 8, true};
  EXPECT_EQ(FormatId(format, 123), "INV-000001230/2024");
  EXPECT_EQ(FormatId(format, 123'456'789), "INV-1234567897/2024");
  format.encoding = Encoding::kBase58;
  EXPECT_EQ(FormatId(format, 255), "INV-1111115Q9/2024");
}

TEST(FormatIdTest, PadsUpToTheLargestWidth) {
  TextFormat format = Checked(Encoding::kHex);
  format.width = kMaxTextWidth;
  const std::string text = FormatId(format, INT64_MAX);
  EXPECT_EQ(text, absl::StrCat(std::string(48, '0'), "7fffffffffffffff8"));
  EXPECT_EQ(Parsed(format, text), INT64_MAX);
}

TEST(FormatIdTest, PaddingLeavesTheCheckCharacterAsItIs) {
  for (const Known& known : kKnown) {
    TextFormat format = Checked(known.encoding);
    const char check = FormatId(format, 123'456'789).back();
    for (format.width = 1; format.width <= kMaxTextWidth; ++format.width) {
      EXPECT_EQ(FormatId(format, 123'456'789).back(), check);
    }
  }
}

TEST(FormatIdTest, NegativeIdsHaveASignBeforeThePaddedDigits) {
  TextFormat format{Encoding::kDecimal, "N", "", 4, true};
  EXPECT_EQ(FormatId(format, -42), "N-00422");
  EXPECT_EQ(FormatId(format, 42), "N00422");
  EXPECT_EQ(Parsed(format, "N-00422"), -42);
  EXPECT_EQ(FormatId({}, INT64_MIN), "-9223372036854775808");
  EXPECT_EQ(Parsed({}, "-9223372036854775808"), INT64_MIN);
}

TEST(FormatIdTest, OnlyDecimalTextsOfNegativeIdsCanBeReadBack) {
  for (const Known& known : kKnown) {
    const TextFormat format = Plain(known.encoding);
    const bool decimal = known.encoding == Encoding::kDecimal;
    EXPECT_EQ(FormatsNegative(format), decimal);
    EXPECT_EQ(FormatId(format, -255), absl::StrCat("-", known.text_255));
    EXPECT_EQ(ParseId(format, FormatId(format, -255)).ok(), decimal);
  }
  EXPECT_TRUE(FormatsNegative({}));
}

TEST(FormatIdTest, AppendsForManyIdsInARow) {
  std::string text = "ids:";
  for (const std::int64_t id : {7, 8, 9}) AppendId({Encoding::kDecimal, " "}, id, text);
  EXPECT_EQ(text, "ids: 7 8 9");
}

TEST(ParseIdTest, ReadsBackWhatWasWritten) {
  for (const Known& known : kKnown) {
    for (const bool check_character : {false, true}) {
      const TextFormat format{known.encoding, "a-", "1", 5, check_character};
      for (const std::int64_t id : ManyIds()) {
        ASSERT_EQ(Parsed(format, FormatId(format, id)), id) << FormatId(format, id);
      }
    }
  }
  for (const std::int64_t id : ManyIds()) {
    ASSERT_EQ(Parsed(Checked(Encoding::kDecimal), FormatId(Checked(Encoding::kDecimal), -id)), -id);
  }
}

TEST(ParseIdTest, DoesNotMindCaseWhereTheEncodingHasNone) {
  EXPECT_EQ(Parsed(Plain(Encoding::kHex), "fF"), 255);
  EXPECT_EQ(Parsed(Plain(Encoding::kBase36), "21I3v9"), 123'456'789);
  EXPECT_EQ(Parsed(Plain(Encoding::kBase32Crockford), "3nqk8N"), 123'456'789);
  EXPECT_EQ(Parsed(Checked(Encoding::kBase36), "73N"), 255);
}

TEST(ParseIdTest, ReadsCrockfordsLookAlikes) {
  const TextFormat format = Plain(Encoding::kBase32Crockford);
  for (const absl::string_view one : {"1", "I", "i", "L", "l"}) EXPECT_EQ(Parsed(format, one), 1);
  EXPECT_EQ(Parsed(format, "1O"), 32);
  EXPECT_EQ(Parsed(format, "lo"), 32);
  EXPECT_TRUE(Refused(format, "1U", "'U'"));
  EXPECT_TRUE(Refused(format, "1-0", "'-'"));
}

TEST(ParseIdTest, MindsCaseWhereItTellsDigitsApart) {
  EXPECT_NE(Parsed(Plain(Encoding::kBase62), "a"), Parsed(Plain(Encoding::kBase62), "A"));
  EXPECT_NE(Parsed(Plain(Encoding::kBase58), "a"), Parsed(Plain(Encoding::kBase58), "A"));
  for (const absl::string_view look_alike : {"0", "O", "I", "l"}) {
    EXPECT_TRUE(Refused(Plain(Encoding::kBase58), look_alike, look_alike));
  }
}

TEST(ParseIdTest, TheWidthMayHaveChangedSince) {
  TextFormat format{Encoding::kDecimal, "INV-", "", 8, true};
  EXPECT_EQ(Parsed(format, "INV-1230"), 123);
  EXPECT_EQ(Parsed(format, absl::StrCat("INV-", std::string(100, '0'), "1230")), 123);
}

TEST(ParseIdTest, RefusesWhatIsNotInTheFormat) {
  const TextFormat format{Encoding::kDecimal, "INV-", "-X"};
  EXPECT_TRUE(Refused(format, "", "does not start with 'INV-'"));
  EXPECT_TRUE(Refused(format, "inv-7-X", "does not start with 'INV-'"));
  EXPECT_TRUE(Refused(format, "INV-7-x", "does not end in '-X'"));
  EXPECT_TRUE(Refused(format, "INV-X", "does not end in '-X'"));
  EXPECT_TRUE(Refused(format, "INV--X", "no digits"));
  EXPECT_TRUE(Refused(format, "INV---X", "no digits"));
  EXPECT_TRUE(Refused(format, "INV-7 -X", "' '"));
  EXPECT_TRUE(Refused(format, "INV-7\n-X", "a character where a decimal digit"));
  EXPECT_TRUE(Refused(format, "INV-7a-X", "'a'"));
  EXPECT_TRUE(Refused(format, "INV-+7-X", "'+'"));
  EXPECT_TRUE(Refused(format, "INV---7-X", "'-'"));
  EXPECT_TRUE(Refused(format, "INV--0-X", "sign in front of zero"));
  EXPECT_TRUE(Refused(Plain(Encoding::kHex), "-ff", "'-'"));
  EXPECT_TRUE(Refused(Plain(Encoding::kHex), "0xff", "'x'"));
  EXPECT_TRUE(Refused(Checked(Encoding::kDecimal), "", "no digits"));
  EXPECT_TRUE(Refused(Checked(Encoding::kDecimal), "0", "no digits before its check character"));
  EXPECT_TRUE(Refused({}, "\xc3\xa9", "a character where"));
}

TEST(ParseIdTest, RefusesWhatDoesNotFitAnId) {
  for (const Known& known : kKnown) {
    const TextFormat format = Plain(known.encoding);
    // One more than 2^63-1, and one digit more.
    std::string over(known.text_max);
    for (std::size_t i = over.size();; --i) {
      const std::size_t digit = known.alphabet.find(over[i - 1]);
      if (digit + 1 < known.alphabet.size()) {
        over[i - 1] = known.alphabet[digit + 1];
        break;
      }
      over[i - 1] = known.alphabet.front();
    }
    EXPECT_TRUE(Refused(format, over, "too large"));
    EXPECT_TRUE(Refused(format, absl::StrCat(known.text_max, known.text_max), "too large"));
    EXPECT_TRUE(Refused(format, std::string(1000, known.alphabet.back()), "too large"));
  }
  EXPECT_TRUE(Refused({}, "-9223372036854775809", "too large"));
  EXPECT_TRUE(Refused({}, "18446744073709551617", "too large"));
}

TEST(CheckCharacterTest, CatchesEverySingleTypo) {
  for (const Known& known : kKnown) {
    const TextFormat format = Checked(known.encoding);
    for (const std::int64_t id : {std::int64_t{0}, std::int64_t{123'456'789}, INT64_MAX / 3}) {
      const std::string text = FormatId(format, id);
      for (std::size_t i = 0; i < text.size(); ++i) {
        for (const char typo : known.alphabet) {
          if (typo == text[i]) continue;
          std::string wrong = text;
          wrong[i] = typo;
          EXPECT_TRUE(Refused(format, wrong, "check character"));
        }
      }
    }
  }
}

TEST(CheckCharacterTest, CatchesSwappedNeighboursButTheFirstAndTheLastDigit) {
  for (const Known& known : kKnown) {
    const TextFormat format = Checked(known.encoding);
    int caught = 0;
    for (const std::int64_t id : ManyIds()) {
      std::string text = FormatId(format, id);
      for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const std::string pair = {std::min(text[i], text[i + 1]), std::max(text[i], text[i + 1])};
        std::string swapped = text;
        std::swap(swapped[i], swapped[i + 1]);
        if (swapped == text || pair == std::string{known.alphabet.front(), known.alphabet.back()}) {
          continue;
        }
        EXPECT_TRUE(Refused(format, swapped, "check character"));
        ++caught;
      }
    }
    EXPECT_GT(caught, 1'000);
  }
  EXPECT_EQ(FormatId(Checked(Encoding::kDecimal), 909).back(),
            FormatId(Checked(Encoding::kDecimal), 990).back());
}

TEST(CheckTextFormatTest, TakesTheEndsOfWhatCanBe) {
  TextFormat format{Encoding::kBase62, std::string(kMaxAffixBytes, 'p'),
                    std::string(kMaxAffixBytes, 's'), kMaxTextWidth, true};
  EXPECT_TRUE(CheckTextFormat(format).ok());
  EXPECT_TRUE(CheckTextFormat({}).ok());
  format.prefix = "\u00e9\u20ac\U0001f600\u00a0\ufffd";
  EXPECT_TRUE(CheckTextFormat(format).ok());
  EXPECT_EQ(Parsed(format, FormatId(format, 99)), 99);
}

TEST(CheckTextFormatTest, RefusesWhatCannotBe) {
  const auto reason = [](const TextFormat& format) {
    return ReasonOf(CheckTextFormat(format, Reason::kGroupInvalid));
  };
  EXPECT_EQ(reason(Plain(static_cast<Encoding>(-1))), Reason::kGroupInvalid);
  EXPECT_EQ(reason(Plain(static_cast<Encoding>(7))), Reason::kGroupInvalid);
  EXPECT_EQ(reason({Encoding::kHex, "", "", -1}), Reason::kGroupInvalid);
  EXPECT_EQ(reason({Encoding::kHex, "", "", kMaxTextWidth + 1}), Reason::kGroupInvalid);
  const std::string long_affix(kMaxAffixBytes + 1, 'x');
  EXPECT_EQ(reason({Encoding::kHex, long_affix, ""}), Reason::kGroupInvalid);
  EXPECT_EQ(reason({Encoding::kHex, "", long_affix}), Reason::kGroupInvalid);
}

TEST(CheckTextFormatTest, RefusesAffixesThatAreNoPlainUtf8) {
  for (const absl::string_view bad :
       {"a\tb", "\x7f", "\xc2\x85", "\xff", "\x80", "\xc3", "\xe2\x82", "\xc0\xaf", "\xc1\xbf",
        "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xe2\x28\xa1"}) {
    EXPECT_EQ(ReasonOf(CheckTextFormat({Encoding::kHex, std::string(bad), ""})),
              Reason::kArgumentInvalid)
        << absl::StrCat(absl::Hex(static_cast<unsigned char>(bad[0])));
    EXPECT_FALSE(CheckTextFormat({Encoding::kHex, "", std::string(bad)}).ok());
  }
  EXPECT_FALSE(CheckTextFormat({Encoding::kHex, std::string("a\0b", 3), ""}).ok());
}

}  // namespace
}  // namespace mintmark
