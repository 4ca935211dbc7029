// Results as bytes. Private to result_codec.cc.
//
// Writer and reader have the same methods, so that one description of each
// structure serves both directions. Integers are zigzag varints.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace mintmark::store {

class ResultWriter {
 public:
  template <typename Number>
  void Number64(const Number& value) {
    const auto number = static_cast<std::int64_t>(value);
    auto bits =
        (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
    while (bits >= 0x80) {
      bytes_.push_back(static_cast<char>(bits | 0x80));
      bits >>= 7;
    }
    bytes_.push_back(static_cast<char>(bits));
  }

  void Text(const std::string& text) {
    Number64(text.size());
    bytes_.append(text);
  }

  template <typename Value, typename VisitValue>
  void Optional(const std::optional<Value>& value, const VisitValue& visit) {
    Number64(value.has_value());
    if (value.has_value()) visit(*this, *value);
  }

  template <typename Value, typename VisitValue>
  void List(const std::vector<Value>& list, const VisitValue& visit) {
    Number64(list.size());
    for (const Value& value : list) visit(*this, value);
  }

  // A list whose length the reader knows.
  template <typename Value, typename VisitValue>
  void Known(const std::vector<Value>& list, const VisitValue& visit) {
    List(list, visit);
  }

  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class ResultReader {
 public:
  explicit ResultReader(absl::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return bytes_.empty(); }

  template <typename Number>
  void Number64(Number& value) {
    std::uint64_t bits = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) return Fail();
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      bits |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const auto number = static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
    value = static_cast<Number>(number);
  }

  void Text(std::string& text) {
    const std::size_t size = Size();
    text.assign(bytes_.data(), size);
    bytes_.remove_prefix(size);
  }

  template <typename Value, typename VisitValue>
  void Optional(std::optional<Value>& value, const VisitValue& visit) {
    bool has_value = false;
    Number64(has_value);
    value.reset();
    if (has_value && ok_) visit(*this, value.emplace());
  }

  template <typename Value, typename VisitValue>
  void List(std::vector<Value>& list, const VisitValue& visit) {
    // Every element takes at least a byte, so that no size can be absurd.
    list.assign(Size(), Value{});
    for (Value& value : list) visit(*this, value);
  }

  template <typename Value, typename VisitValue>
  void Known(std::vector<Value>& list, const VisitValue& visit) {
    if (Size() != list.size()) return Fail();
    for (Value& value : list) visit(*this, value);
  }

 private:
  // A size that the remaining bytes can hold.
  std::size_t Size() {
    std::int64_t size = 0;
    Number64(size);
    if (size < 0 || static_cast<std::uint64_t>(size) > bytes_.size()) {
      Fail();
      return 0;
    }
    return static_cast<std::size_t>(size);
  }

  void Fail() {
    ok_ = false;
    bytes_ = {};
  }

  absl::string_view bytes_;
  bool ok_ = true;
};

}  // namespace mintmark::store
