// A stream to write to that can be read afterwards.
#pragma once

#include <array>
#include <cstdio>
#include <string>

#include "src/core/check.h"

namespace mintmark::client {

class TextFile {
 public:
  TextFile() : file_(std::tmpfile()) { MINTMARK_CHECK(file_ != nullptr); }
  ~TextFile() { std::fclose(file_); }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;

  std::FILE* stream() { return file_; }

  // Everything written so far.
  std::string Read() {
    std::string text;
    std::rewind(file_);
    std::array<char, 4096> part{};
    for (std::size_t got = 0; (got = std::fread(part.data(), 1, part.size(), file_)) > 0;) {
      text.append(part.data(), got);
    }
    return text;
  }

 private:
  std::FILE* const file_;
};

}  // namespace mintmark::client
