#include "server/config_file.h"

#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"

namespace mintmark::server {
namespace {

absl::Status CannotRead(const std::string& path) {
  return absl::InvalidArgumentError(
      absl::StrCat("The settings file ", path, " cannot be read: ", std::strerror(errno), "."));
}

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "re"),
                                                             &std::fclose);
  if (file == nullptr) return CannotRead(path);
  std::string text;
  std::array<char, 4096> block{};
  while (const std::size_t size = std::fread(block.data(), 1, block.size(), file.get())) {
    text.append(block.data(), size);
  }
  if (std::ferror(file.get()) != 0) return CannotRead(path);
  return text;
}

}  // namespace

absl::StatusOr<std::vector<FileEntry>> ReadConfigFile(const std::string& path) {
  const absl::StatusOr<std::string> text = ReadWhole(path);
  if (!text.ok()) return text.status();
  toml::table table;
  try {
    table = toml::parse(*text);
  } catch (const toml::parse_error& error) {
    return absl::InvalidArgumentError(
        absl::StrCat("Line ", error.source().begin.line, " of ", path,
                     " is no TOML: ", std::string(error.description()), "."));
  }
  std::vector<FileEntry> entries;
  for (const auto& [key, node] : table) {
    FileEntry entry;
    entry.key = std::string(key.str());
    entry.line = static_cast<int>(key.source().begin.line);
    if (const auto* const value = node.as_string()) {
      entry.value = value->get();
    } else if (const auto* const number = node.as_integer()) {
      entry.value = absl::StrCat(number->get());
    } else if (const auto* const boolean = node.as_boolean()) {
      entry.value = boolean->get() ? "true" : "false";
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("Line ", entry.line, " of ", path, ": ", entry.key,
                       " has to be a string, an integer, true or false."));
    }
    entries.push_back(std::move(entry));
  }
  std::sort(entries.begin(), entries.end(),
            [](const FileEntry& a, const FileEntry& b) { return a.line < b.line; });
  return entries;
}

}  // namespace mintmark::server
