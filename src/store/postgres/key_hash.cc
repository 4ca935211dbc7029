#include "src/store/postgres/key_hash.h"

namespace mintmark::store {

std::int64_t KeyHash(engine::KeyKind kind, const std::string& name, const std::string& id) {
  // FNV-1a over kind, name, a zero byte and id.
  std::uint64_t hash = 14695981039346656037U;
  const auto mix = [&hash](unsigned char byte) { hash = (hash ^ byte) * 1099511628211U; };
  mix(static_cast<unsigned char>(kind));
  for (const char c : name) mix(static_cast<unsigned char>(c));
  mix(0);
  for (const char c : id) mix(static_cast<unsigned char>(c));
  return static_cast<std::int64_t>(hash);
}

}  // namespace mintmark::store
