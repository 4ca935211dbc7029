#include "src/core/text_format.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "src/core/status_macros.h"

namespace mintmark {
namespace {

using Digit = std::uint8_t;
constexpr Digit kNoDigit = 0xff;

constexpr char ToLower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
constexpr char ToUpper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }

// The digits of an encoding, and which digit each byte is read as.
class Alphabet {
 public:
  constexpr Alphabet(absl::string_view name, absl::string_view digits, bool any_case = false)
      : name_(name), digits_(digits) {
    for (Digit& value : values_) value = kNoDigit;
    for (std::size_t i = 0; i < digits.size(); ++i) {
      Read(digits[i], static_cast<Digit>(i));
      if (any_case) Read(ToLower(digits[i]), static_cast<Digit>(i));
      if (any_case) Read(ToUpper(digits[i]), static_cast<Digit>(i));
    }
  }

  // The same alphabet, which reads all of `letters` as `value` too.
  constexpr Alphabet With(absl::string_view letters, Digit value) const {
    Alphabet more = *this;
    for (const char letter : letters) more.Read(letter, value);
    return more;
  }

  constexpr absl::string_view name() const { return name_; }
  constexpr std::uint32_t base() const { return static_cast<std::uint32_t>(digits_.size()); }
  constexpr char at(std::size_t value) const { return digits_[value]; }
  constexpr Digit Value(char c) const { return values_[static_cast<unsigned char>(c)]; }

 private:
  constexpr void Read(char c, Digit value) { values_[static_cast<unsigned char>(c)] = value; }

  absl::string_view name_;
  absl::string_view digits_;
  std::array<Digit, 256> values_{};
};

constexpr std::array<Alphabet, 6> kAlphabets = {
    Alphabet("decimal", "0123456789"),
    Alphabet("hexadecimal", "0123456789abcdef", /*any_case=*/true),
    Alphabet("Crockford's base 32", "0123456789ABCDEFGHJKMNPQRSTVWXYZ", /*any_case=*/true)
        .With("IiLl", 1)
        .With("Oo", 0),
    Alphabet("base 36", "0123456789abcdefghijklmnopqrstuvwxyz", /*any_case=*/true),
    Alphabet("base 58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"),
    Alphabet("base 62", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
};

// Of a known encoding.
const Alphabet& AlphabetOf(Encoding encoding) {
  const auto index = static_cast<std::size_t>(encoding);
  return kAlphabets[index == 0 ? 0 : index - 1];
}

// The sum of Luhn mod N, digit by digit from the right. The first digit added
// is doubled when `doubling`; with a check character at the right it is not.
class LuhnSum {
 public:
  LuhnSum(std::uint32_t base, bool doubling) : base_(base), doubling_(doubling) {}

  void Add(Digit digit) {
    const std::uint32_t addend = doubling_ ? digit * 2U : digit;
    sum_ = (sum_ + addend / base_ + addend % base_) % base_;
    doubling_ = !doubling_;
  }

  // What is missing to a multiple of the base.
  std::uint32_t missing() const { return (base_ - sum_) % base_; }

 private:
  const std::uint32_t base_;
  bool doubling_;
  std::uint32_t sum_ = 0;
};

absl::Status Invalid(absl::string_view sentence) {
  return MakeStatus(Reason::kTextInvalid, sentence);
}

// The length of the UTF-8 character that `text` starts with; 0 when there is none,
// or when it is a control character.
std::size_t PrintableLength(absl::string_view text) {
  const auto byte = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<unsigned char>(text[i]));
  };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return lead < 0x20 || lead == 0x7f ? 0 : 1;
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = (code << 6) | (byte(i) & 0x3f);
  }
  const bool too_long = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  const bool control = code < 0xa0;
  return too_long || surrogate || control || code > 0x10ffff ? 0 : length;
}

absl::Status CheckAffix(absl::string_view what, absl::string_view affix, Reason reason) {
  if (affix.size() > kMaxAffixBytes) {
    return MakeStatus(reason, absl::StrCat("format.", what, " has ", affix.size(),
                                           " bytes; it may have ", kMaxAffixBytes, "."));
  }
  while (!affix.empty()) {
    const std::size_t length = PrintableLength(affix);
    if (length == 0) {
      return MakeStatus(
          reason, absl::StrCat("format.", what, " has to be UTF-8 without control characters."));
    }
    affix.remove_prefix(length);
  }
  return absl::OkStatus();
}

// Every byte of `body` is a digit, and the last one the check character of those
// before it.
absl::Status CheckBody(const Alphabet& alphabet, bool check_character, absl::string_view body) {
  const auto stray =
      std::find_if(body.begin(), body.end(), [&](char c) { return alphabet.Value(c) == kNoDigit; });
  if (stray != body.end()) {
    const bool printable = absl::ascii_isprint(static_cast<unsigned char>(*stray));
    return Invalid(absl::StrCat(
        "The text holds ",
        printable ? absl::StrCat("'", absl::string_view(&*stray, 1), "'") : "a character",
        " where a ", alphabet.name(), " digit has to be."));
  }
  if (body.size() < (check_character ? 2U : 1U)) {
    return Invalid(check_character && !body.empty()
                       ? "The text has no digits before its check character."
                       : "The text has no digits.");
  }
  if (!check_character) return absl::OkStatus();
  LuhnSum sum(alphabet.base(), /*doubling=*/false);
  for (auto c = body.rbegin(); c != body.rend(); ++c) sum.Add(alphabet.Value(*c));
  if (sum.missing() != 0) {
    return Invalid(
        "The check character does not belong to the digits: a character is wrong, missing, or "
        "in another's place.");
  }
  return absl::OkStatus();
}

// The value of digits, at most `max`.
absl::StatusOr<std::uint64_t> ValueOf(const Alphabet& alphabet, absl::string_view digits,
                                      std::uint64_t max) {
  std::uint64_t value = 0;
  for (const char c : digits) {
    const Digit digit = alphabet.Value(c);
    if (value > (max - digit) / alphabet.base()) {
      return Invalid("The number in the text is too large: ids have 64 bits with the sign.");
    }
    value = value * alphabet.base() + digit;
  }
  return value;
}

}  // namespace

absl::Status CheckTextFormat(const TextFormat& format, Reason reason) {
  if (format.encoding < Encoding::kUnspecified || format.encoding > Encoding::kBase62) {
    return MakeStatus(reason, "format.encoding is not one of the encodings.");
  }
  if (format.width < 0 || format.width > kMaxTextWidth) {
    return MakeStatus(reason, absl::StrCat("format.width is ", format.width, "; it has to be 0 to ",
                                           kMaxTextWidth, "."));
  }
  MINTMARK_RETURN_IF_ERROR(CheckAffix("prefix", format.prefix, reason));
  return CheckAffix("suffix", format.suffix, reason);
}

bool FormatsNegative(const TextFormat& format) {
  return format.encoding == Encoding::kUnspecified || format.encoding == Encoding::kDecimal;
}

std::string FormatId(const TextFormat& format, std::int64_t id) {
  std::string text;
  AppendId(format, id, text);
  return text;
}

void AppendId(const TextFormat& format, std::int64_t id, std::string& text) {
  const Alphabet& alphabet = AlphabetOf(format.encoding);
  LuhnSum sum(alphabet.base(), /*doubling=*/true);
  std::array<char, kMaxTextWidth> digits{};
  const std::size_t width = std::max<std::size_t>(static_cast<std::size_t>(format.width), 1);
  std::size_t start = digits.size();
  std::uint64_t rest = static_cast<std::uint64_t>(id);
  if (id < 0) rest = std::uint64_t{0} - rest;
  while (rest != 0 || digits.size() - start < width) {
    const auto digit = static_cast<Digit>(rest % alphabet.base());
    sum.Add(digit);
    digits[--start] = alphabet.at(digit);
    rest /= alphabet.base();
  }
  absl::StrAppend(&text, format.prefix, id < 0 ? "-" : "",
                  absl::string_view(digits.data() + start, digits.size() - start));
  if (format.check_character) text.push_back(alphabet.at(sum.missing()));
  text.append(format.suffix);
}

absl::StatusOr<std::int64_t> ParseId(const TextFormat& format, absl::string_view text) {
  if (!absl::ConsumePrefix(&text, format.prefix)) {
    return Invalid(absl::StrCat("The text does not start with '", format.prefix, "'."));
  }
  if (!absl::ConsumeSuffix(&text, format.suffix)) {
    return Invalid(absl::StrCat("The text does not end in '", format.suffix, "'."));
  }
  const bool negative = FormatsNegative(format) && absl::ConsumePrefix(&text, "-");
  const Alphabet& alphabet = AlphabetOf(format.encoding);
  MINTMARK_RETURN_IF_ERROR(CheckBody(alphabet, format.check_character, text));
  if (format.check_character) text.remove_suffix(1);
  constexpr std::uint64_t kMaxPositive = std::numeric_limits<std::int64_t>::max();
  MINTMARK_ASSIGN_OR_RETURN(const std::uint64_t value,
                            ValueOf(alphabet, text, negative ? kMaxPositive + 1 : kMaxPositive));
  if (negative && value == 0) return Invalid("The text has a sign in front of zero.");
  return static_cast<std::int64_t>(negative ? std::uint64_t{0} - value : value);
}

}  // namespace mintmark
