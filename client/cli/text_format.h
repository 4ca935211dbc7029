// How text formats of ids and GUIDs look on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "mintmark/v1/types.pb.h"

namespace mintmark::client {

// The flags of a text format.
class FormatOptions {
 public:
  void AddTo(CLI::App& verb);

  // Whether any of them was given.
  bool given() const;

  // Changes what was given, and nothing else.
  void Apply(v1::TextFormat& format) const;

 private:
  std::optional<v1::Encoding> encoding_;
  std::optional<std::string> prefix_;
  std::optional<std::string> suffix_;
  std::optional<std::int64_t> width_;
  std::optional<bool> check_character_;
};

// "base32, prefix "T-", at least 8 digits, check character".
std::string FormatText(const v1::TextFormat& format);

}  // namespace mintmark::client
