// What the functions of the schema return, read off. Private to this folder.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "src/core/id_space.h"
#include "src/engine/batch.h"
#include "src/store/postgres/array_text.h"

namespace mintmark::store {

// The functions of the schema speak of results by number.
template <typename Enum>
constexpr bool IsNumber(Enum value, int number) {
  return static_cast<int>(value) == number;
}

// Reads numbers and texts off one after the other. Once something was missing or
// out of range, everything read is zero and ok() is false.
class AnswerReader {
 public:
  AnswerReader(absl::string_view nums, absl::string_view texts)
      : is_ok_(ParseNumbers(nums, nums_) && ParseTexts(texts, texts_)) {}

  bool ok() const { return is_ok_; }
  bool AtEnd() const { return is_ok_ && num_ == nums_.size() && text_ == texts_.size(); }

  std::optional<std::int64_t> OptionalNumber() {
    is_ok_ = is_ok_ && num_ < nums_.size();
    return is_ok_ ? nums_[num_++] : std::nullopt;
  }

  std::int64_t Number() {
    const std::optional<std::int64_t> number = OptionalNumber();
    is_ok_ = is_ok_ && number.has_value();
    return number.value_or(0);
  }

  bool Bool() { return Number() != 0; }

  // How many of something that takes at least one number each.
  std::size_t Count() {
    const std::int64_t count = Number();
    is_ok_ = is_ok_ && count >= 0 && static_cast<std::size_t>(count) <= nums_.size() - num_;
    return is_ok_ ? static_cast<std::size_t>(count) : 0;
  }

  // A number of an enumeration whose last value is `last`.
  template <typename Enum>
  Enum Value(Enum last) {
    const std::int64_t value = Number();
    is_ok_ = is_ok_ && value >= 0 && value <= static_cast<std::int64_t>(last);
    return static_cast<Enum>(is_ok_ ? value : 0);
  }

  std::string Text() {
    is_ok_ = is_ok_ && text_ < texts_.size();
    return is_ok_ ? std::move(texts_[text_++]) : std::string();
  }

 private:
  std::vector<std::optional<std::int64_t>> nums_;
  std::vector<std::string> texts_;
  bool is_ok_;
  std::size_t num_ = 0;
  std::size_t text_ = 0;
};

inline void ReadRuns(AnswerReader& reader, std::vector<Run>& runs) {
  runs.resize(reader.Count());
  for (Run& run : runs) {
    run.first = reader.Number();
    run.limit = reader.Number();
  }
}

// mintmark.find_keys_v1()
inline void ReadReplies(AnswerReader& reader, std::vector<engine::StoredReply>& replies) {
  replies.resize(reader.Count());
  for (engine::StoredReply& reply : replies) {
    reply.key = static_cast<std::size_t>(reader.Number());
    reply.n = reader.Number();
    reply.flags = static_cast<std::int32_t>(reader.Number());
    reply.generation = reader.Number();
    reply.step = reader.Number();
    reply.residue = reader.Number();
    reply.value = reader.Number();
    ReadRuns(reader, reply.runs);
  }
}

}  // namespace mintmark::store
