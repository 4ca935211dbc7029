// How ids are written as text.
#pragma once

#include <cstdint>
#include <string>

namespace mintmark {

// The values are those of `mintmark.v1.Encoding`.
enum class Encoding : std::int32_t {
  kUnspecified = 0,  // Decimal.
  kDecimal = 1,
  kHex = 2,
  kBase32Crockford = 3,
  kBase36 = 4,
  kBase58 = 5,
  kBase62 = 6,
};

struct TextFormat {
  Encoding encoding = Encoding::kUnspecified;
  std::string prefix;
  std::string suffix;
  std::int32_t width = 0;  // Digits, left-padded with the encoding's zero.
  bool check_character = false;

  friend bool operator==(const TextFormat&, const TextFormat&) = default;
};

}  // namespace mintmark
