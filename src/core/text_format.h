// How ids and GUIDs are written as text, and read back; the API's message is
// `mintmark.v1.TextFormat`.
//
// A text is: prefix, '-' when the id is negative, digits, check character, suffix.
//
// The check character is Luhn mod N over the encoding's alphabet: from the right,
// every other digit, the last one first, is doubled and its own two digits are
// added up; the check character brings the sum to a multiple of N. Zeros on the
// left add nothing, so that padding does not change it; neither the sign nor
// prefix and suffix take part. It catches every single digit that is mistyped, and
// every two neighbours that are swapped but those of the alphabet's first and last
// digit ("09" for "90" in decimal).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "src/core/reason.h"

namespace mintmark {

// The values are those of `mintmark.v1.Encoding`.
enum class Encoding : std::int32_t {
  kUnspecified = 0,  // Decimal.
  kDecimal = 1,
  kHex = 2,              // 0-9a-f; reads upper case too.
  kBase32Crockford = 3,  // 0-9A-Z without I, L, O and U; reads lower case, I and L as 1, O as 0.
  kBase36 = 4,           // 0-9a-z; reads upper case too.
  kBase58 = 5,           // Bitcoin's: 1-9A-Za-z without I, O and l; its zero is '1'.
  kBase62 = 6,           // 0-9A-Za-z
};

inline constexpr std::int32_t kMaxTextWidth = 64;
inline constexpr std::size_t kMaxAffixBytes = 64;

// Valid when CheckTextFormat() says so; the other functions ask for a valid one.
struct TextFormat {
  Encoding encoding = Encoding::kUnspecified;
  std::string prefix;
  std::string suffix;
  std::int32_t width = 0;  // Digits, left-padded with the encoding's zero.
  bool check_character = false;

  friend bool operator==(const TextFormat&, const TextFormat&) = default;
};

// `reason`, with a sentence, unless the encoding is known, the width 0 to 64, and
// prefix and suffix at most 64 bytes each of UTF-8 without control characters.
absl::Status CheckTextFormat(const TextFormat& format, Reason reason = Reason::kArgumentInvalid);

// Whether texts of negative ids can be read back: only decimal ones can. Settings
// refuse any other encoding where ids may be negative.
bool FormatsNegative(const TextFormat& format);

// The text of an id. A negative one is its absolute value's with the sign, in
// whatever encoding.
std::string FormatId(const TextFormat& format, std::int64_t id);

// Appends what FormatId() returns.
void AppendId(const TextFormat& format, std::int64_t id, std::string& text);

// The id that a text stands for, whatever zeros it is padded with: a format's width
// may change while texts are out. TEXT_INVALID, with a sentence that says what is
// wrong, for anything else that FormatId() would not write, but for the case and
// the letters that the encoding reads too.
absl::StatusOr<std::int64_t> ParseId(const TextFormat& format, absl::string_view text);

}  // namespace mintmark
