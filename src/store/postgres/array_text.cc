#include "src/store/postgres/array_text.h"

#include <charconv>
#include <cstddef>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/strip.h"

namespace mintmark::store {
namespace {

// "-9223372036854775808"
constexpr std::size_t kMaxDigits = 20;

}  // namespace

void ArrayText::Add(std::int64_t number) {
  Separate();
  char digits[kMaxDigits];
  const std::to_chars_result written = std::to_chars(digits, digits + kMaxDigits, number);
  text_.append(digits, written.ptr);
}

void ArrayText::Add(const std::optional<std::int64_t>& number) {
  if (number.has_value()) {
    Add(*number);
  } else {
    AddNull();
  }
}

void ArrayText::Add(absl::string_view text) {
  Separate();
  text_ += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

void ArrayText::AddAll(std::initializer_list<std::int64_t> numbers) {
  for (const std::int64_t number : numbers) Add(number);
}

void ArrayText::AddNull() {
  Separate();
  text_ += "NULL";
}

const char* ArrayText::Finish() {
  if (text_.empty()) return nullptr;
  text_ += '}';
  return text_.c_str();
}

bool ParseNumbers(absl::string_view text, std::vector<std::optional<std::int64_t>>& numbers) {
  numbers.clear();
  if (!absl::ConsumePrefix(&text, "{") || !absl::ConsumeSuffix(&text, "}")) return false;
  while (!text.empty()) {
    if (absl::ConsumePrefix(&text, "NULL")) {
      numbers.emplace_back();
    } else {
      std::int64_t number = 0;
      const std::from_chars_result read =
          std::from_chars(text.data(), text.data() + text.size(), number);
      if (read.ec != std::errc()) return false;
      numbers.emplace_back(number);
      text.remove_prefix(static_cast<std::size_t>(read.ptr - text.data()));
    }
    // An element is followed by the end, or by a comma and another.
    if (!text.empty() && (!absl::ConsumePrefix(&text, ",") || text.empty())) return false;
  }
  return true;
}

bool ParseTexts(absl::string_view text, std::vector<std::string>& texts) {
  texts.clear();
  if (!absl::ConsumePrefix(&text, "{") || !absl::ConsumeSuffix(&text, "}")) return false;
  while (!text.empty()) {
    std::string& element = texts.emplace_back();
    if (absl::ConsumePrefix(&text, "\"")) {
      while (!text.empty() && text.front() != '"') {
        absl::ConsumePrefix(&text, "\\");
        if (text.empty()) return false;
        element += text.front();
        text.remove_prefix(1);
      }
      if (!absl::ConsumePrefix(&text, "\"")) return false;
    } else {
      const std::size_t size = text.find(',');
      element = std::string(text.substr(0, size));
      text.remove_prefix(element.size());
      // NULL without quotes is no text, and none is ever returned.
      if (element.empty() || element == "NULL") return false;
    }
    if (!text.empty() && (!absl::ConsumePrefix(&text, ",") || text.empty())) return false;
  }
  return true;
}

}  // namespace mintmark::store
