// How a request id is found.
#pragma once

#include <cstdint>
#include <string>

#include "src/engine/batch.h"

namespace mintmark::store {

// The number that a request id is looked up by. Every program that ever used a
// schema has to reckon the same: never to be changed.
std::int64_t KeyHash(engine::KeyKind kind, const std::string& name, const std::string& id);

}  // namespace mintmark::store
