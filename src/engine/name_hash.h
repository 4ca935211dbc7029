// A hash that is the same in every run and on every machine.
#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace mintmark::engine {

// FNV-1a of 64 bits, its halves folded into each other.
inline std::uint64_t NameHash(absl::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3ULL;
  }
  return hash ^ (hash >> 32);
}

}  // namespace mintmark::engine
