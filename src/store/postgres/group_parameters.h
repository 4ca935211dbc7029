// What a batch does to groups and generators as the schema's functions read it
// (run_group_operations_v1).
#pragma once

#include "src/engine/batch.h"
#include "src/store/postgres/array_text.h"

namespace mintmark::store {

void AddGroupOperations(const engine::Batch& batch, ArrayText& ops, ArrayText& texts);

// Whether any of them has a request id.
bool HasGroupKeys(const engine::Batch& batch);

}  // namespace mintmark::store
