// A settings file, as read and not yet judged.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace mintmark::server {

struct FileEntry {
  std::string key;
  std::string value;  // A string as it is; integers and booleans as text.
  int line = 0;
};

// Reads a TOML file of `key = value` lines, in the order of lines.
// InvalidArgument with one sentence when the file cannot be read, is no TOML, or
// holds a value that is no string, integer or boolean.
absl::StatusOr<std::vector<FileEntry>> ReadConfigFile(const std::string& path);

}  // namespace mintmark::server
