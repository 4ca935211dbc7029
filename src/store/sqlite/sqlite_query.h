// One use of a prepared SQLite statement.
#pragma once

#include <SQLiteCpp/Statement.h>

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>

namespace mintmark::store {

// Binds parameters and reads columns in their order, and leaves the statement
// ready for its next use. Bound texts are borrowed: they outlive the Query.
// Throws SQLite::Exception.
class Query {
 public:
  explicit Query(SQLite::Statement& statement) : statement_(statement) {}
  ~Query() { statement_.tryReset(); }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  template <typename Number>
  requires std::is_integral_v<Number> || std::is_enum_v<Number> Query& Bind(Number value) {
    statement_.bind(++bound_, static_cast<std::int64_t>(value));
    return *this;
  }
  Query& Bind(const std::string& text) {
    statement_.bindNoCopy(++bound_, text);
    return *this;
  }
  Query& Bind(const std::optional<std::int64_t>& value) {
    if (value.has_value()) return Bind(*value);
    statement_.bind(++bound_);
    return *this;
  }
  Query& BindBlob(const std::string& bytes) {
    statement_.bindNoCopy(++bound_, bytes.data(), static_cast<int>(bytes.size()));
    return *this;
  }

  // Goes to the next row; false when there is none.
  bool Step() {
    column_ = 0;
    return statement_.executeStep();
  }

  // Runs a statement that returns no rows; returns how many rows it changed.
  int Run() { return statement_.exec(); }

  // The columns of the row, one after the other.
  std::int64_t Int() { return statement_.getColumn(column_++).getInt64(); }
  std::optional<std::int64_t> OptionalInt() {
    const SQLite::Column column = statement_.getColumn(column_++);
    if (column.isNull()) return std::nullopt;
    return column.getInt64();
  }
  std::string Text() { return statement_.getColumn(column_++).getString(); }

 private:
  SQLite::Statement& statement_;
  int bound_ = 0;
  int column_ = 0;
};

// The least text above all that start with `prefix`; a byte above every one that
// a name can hold, when there is no prefix.
inline std::string LimitOfPrefix(std::string prefix) {
  if (prefix.empty()) return "\x7f";
  ++prefix.back();  // Names are ASCII.
  return prefix;
}

}  // namespace mintmark::store
