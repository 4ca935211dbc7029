// What the functions of the schema return about groups and generators.
#pragma once

#include <vector>

#include "src/engine/batch.h"
#include "src/store/postgres/answer_reader.h"

namespace mintmark::store {

// mintmark.group_outcome()
engine::GroupRow ReadGroup(AnswerReader& reader);

// mintmark.run_group_operations_v1()
void ReadGroupOperations(AnswerReader& reader, engine::Batch& batch);

// mintmark.report_groups_v1()
void ReadGroupAttention(AnswerReader& reader, std::vector<engine::GroupAttention>& attention);

// mintmark.list_generators_v1(); the list's results are empty.
void ReadGenerators(AnswerReader& reader, engine::GeneratorList& list);

}  // namespace mintmark::store
