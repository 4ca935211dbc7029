// PostgreSQL's text form of arrays: "{1,NULL,3}", "{\"a\",\"b \\\" c\"}".
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mintmark::store {

// Builds an array that is passed as a parameter. An array to which nothing was
// added is NULL: the functions of the schema skip what a batch has nothing of.
class ArrayText {
 public:
  void Add(std::int64_t number);
  void Add(const std::optional<std::int64_t>& number);
  void Add(absl::string_view text);
  void AddAll(std::initializer_list<std::int64_t> numbers);
  void AddNull();

  // The array's text, or null for NULL; valid until the next call. To be called
  // once all has been added.
  const char* Finish();

 private:
  void Separate() { text_ += text_.empty() ? '{' : ','; }

  std::string text_;
};

// Fills in the elements of an array that the server returned; false when it is
// none of its kind.
bool ParseNumbers(absl::string_view text, std::vector<std::optional<std::int64_t>>& numbers);
bool ParseTexts(absl::string_view text, std::vector<std::string>& texts);

}  // namespace mintmark::store
