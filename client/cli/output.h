// What commands print: lines, tables, ids by the million, and JSON.
#pragma once

#include <google/protobuf/message.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "mintmark/v1/types.pb.h"

namespace mintmark::client {

// Writes to a stream through a buffer of its own. After a failure to write it
// writes no more. For one thread.
class Output {
 public:
  // Borrows `stream`.
  explicit Output(std::FILE* stream) : stream_(stream) {}

  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void Line(absl::string_view text);

  // One line for each id. INTERNAL when that is not a range.
  absl::Status Ids(const v1::IdRange& range);

  // The message as one JSON document, as proto3 JSON has it: int64 as strings.
  absl::Status Json(const google::protobuf::Message& message);

  std::FILE* stream() const { return stream_; }

  // Whether nobody takes what is written any more.
  bool failed() const { return error_ != 0; }

  // Hands over everything written so far. UNKNOWN when it could not be written.
  absl::Status Flush();

 private:
  void WriteBuffer();

  std::FILE* const stream_;
  std::string buffer_;
  int error_ = 0;  // An errno, once writing has failed.
};

// "1..100", or "1..36 step 7".
std::string RangeText(const v1::IdRange& range);

// Rows with a header, aligned in columns that only grow: a table may be printed
// in parts, and the header comes with the first.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string header;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns);

  // One text for each column.
  void Add(std::vector<std::string> row);

  // Prints the rows added since the last time.
  void Print(Output& output);

 private:
  void PrintRow(const std::vector<std::string>& row, Output& output) const;

  std::vector<Column> columns_;
  std::vector<std::size_t> widths_;
  std::vector<std::vector<std::string>> rows_;
  bool header_printed_ = false;
};

// "name: value" lines with the values aligned.
class Facts {
 public:
  void Add(std::string name, std::string value);
  void Print(Output& output) const;

 private:
  struct Fact {
    std::string name;
    std::string value;
  };
  std::vector<Fact> facts_;
};

}  // namespace mintmark::client
