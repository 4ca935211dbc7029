#include "client/cli/output.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/check.h"

namespace mintmark::client {
namespace {

constexpr std::size_t kBufferBytes = 1 << 16;

void Pad(std::size_t width, absl::string_view text, std::string& line) {
  if (text.size() < width) line.append(width - text.size(), ' ');
}

}  // namespace

void Output::Line(absl::string_view text) {
  absl::StrAppend(&buffer_, text, "\n");
  if (buffer_.size() >= kBufferBytes) WriteBuffer();
}

absl::Status Output::Ids(const v1::IdRange& range) {
  if (range.step() < 1 || range.first() > range.last()) {
    return absl::InternalError("the server answered with a range that is none");
  }
  std::array<char, 24> digits{};
  // Distances in unsigned arithmetic: they may be above 2^63-1.
  const auto step = static_cast<std::uint64_t>(range.step());
  const auto last = static_cast<std::uint64_t>(range.last());
  for (auto id = static_cast<std::uint64_t>(range.first()); error_ == 0; id += step) {
    char* const end =
        std::to_chars(digits.data(), digits.data() + digits.size(), static_cast<std::int64_t>(id))
            .ptr;
    buffer_.append(digits.data(), end);
    buffer_.push_back('\n');
    if (buffer_.size() >= kBufferBytes) WriteBuffer();
    if (last - id < step) break;
  }
  return absl::OkStatus();
}

absl::Status Output::Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = true;
  options.always_print_primitive_fields = true;
  std::string text;
  const auto status = google::protobuf::util::MessageToJsonString(message, &text, options);
  if (!status.ok()) {
    return absl::InternalError(
        absl::StrCat("cannot print the answer as JSON: ", std::string(status.message())));
  }
  absl::StrAppend(&buffer_, text);
  return absl::OkStatus();
}

absl::Status Output::Flush() {
  WriteBuffer();
  if (error_ == 0 && std::fflush(stream_) != 0) error_ = errno;
  if (error_ == 0) return absl::OkStatus();
  return absl::UnknownError(absl::StrCat("cannot write the output: ", std::strerror(error_)));
}

void Output::WriteBuffer() {
  if (error_ == 0 && std::fwrite(buffer_.data(), 1, buffer_.size(), stream_) != buffer_.size()) {
    error_ = errno;
  }
  buffer_.clear();
}

std::string RangeText(const v1::IdRange& range) {
  std::string text = absl::StrCat(range.first(), "..", range.last());
  if (range.step() != 1) absl::StrAppend(&text, " step ", range.step());
  return text;
}

Table::Table(std::vector<Column> columns) : columns_(std::move(columns)) {
  for (const Column& column : columns_) widths_.push_back(column.header.size());
}

void Table::Add(std::vector<std::string> row) {
  MINTMARK_CHECK(row.size() == columns_.size());
  for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], row[i].size());
  rows_.push_back(std::move(row));
}

void Table::Print(Output& output) {
  if (!header_printed_) {
    std::vector<std::string> headers;
    for (const Column& column : columns_) headers.push_back(column.header);
    PrintRow(headers, output);
    header_printed_ = true;
  }
  for (const auto& row : rows_) PrintRow(row, output);
  rows_.clear();
}

void Table::PrintRow(const std::vector<std::string>& row, Output& output) const {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line.append("  ");
    const bool right = columns_[i].align == Align::kRight;
    if (right) Pad(widths_[i], row[i], line);
    line.append(row[i]);
    if (!right && i + 1 < row.size()) Pad(widths_[i], row[i], line);
  }
  output.Line(line);
}

void Facts::Add(std::string name, std::string value) {
  facts_.push_back({std::move(name), std::move(value)});
}

void Facts::Print(Output& output) const {
  std::size_t width = 0;
  for (const Fact& fact : facts_) width = std::max(width, fact.name.size());
  for (const Fact& fact : facts_) {
    std::string line = absl::StrCat(fact.name, ":  ");
    Pad(width, fact.name, line);
    line.append(fact.value);
    output.Line(line);
  }
}

}  // namespace mintmark::client
