// The tables of GUID groups and generators.
#include <algorithm>
#include <set>

#include "absl/strings/match.h"
#include "src/core/check.h"
#include "tests/model_store/model_tables.h"

namespace mintmark::testing {

using engine::GeneratorRow;
using store::FreeGenerator;
using store::StoredGroup;

std::optional<StoredGroup> ModelTables::FindGroup(const std::string& name) {
  const auto place = groups.find(name);
  if (place == groups.end()) return std::nullopt;
  return place->second;
}

void ModelTables::InsertGroup(const StoredGroup& group) {
  MINTMARK_CHECK(groups.emplace(group.row.name, group).second);
}

void ModelTables::UpdateGroup(const StoredGroup& group) { groups.at(group.row.name) = group; }

std::vector<engine::GroupRow> ModelTables::ListGroups(const store::NameRange& range) {
  std::vector<engine::GroupRow> page;
  for (const auto& [name, group] : groups) {
    if (static_cast<std::int64_t>(page.size()) >= range.limit) break;
    const bool is_in_range = name > range.after && absl::StartsWith(name, range.prefix);
    if (is_in_range && !group.deleted) page.push_back(group.row);
  }
  return page;
}

std::vector<engine::GroupAttention> ModelTables::ListGroupAttention(std::int64_t seen) {
  std::map<std::int64_t, engine::GroupAttention> by_number;
  for (const auto& [name, group] : groups) {
    if (group.attention <= seen) continue;
    by_number[group.attention] = {.group = name,
                                  .generation = group.deleted ? 0 : group.row.generation,
                                  .draining = group.row.drain_token != 0};
  }
  std::vector<engine::GroupAttention> list;
  for (auto& [number, attention] : by_number) list.push_back(std::move(attention));
  return list;
}

std::optional<GeneratorRow> ModelTables::FindGenerator(const std::string& group, std::int64_t id) {
  const auto place = generators[group].find(id);
  if (place == generators[group].end()) return std::nullopt;
  return place->second;
}

void ModelTables::InsertGenerator(const std::string& group, const GeneratorRow& generator) {
  MINTMARK_CHECK(generators[group].emplace(generator.id, generator).second);
}

void ModelTables::UpdateGenerator(const std::string& group, const GeneratorRow& generator) {
  generators[group].at(generator.id) = generator;
}

void ModelTables::EraseGenerators(const std::string& group) { generators.erase(group); }

std::vector<GeneratorRow> ModelTables::ListGenerators(const std::string& group, std::int64_t after,
                                                      std::int64_t limit) {
  std::vector<GeneratorRow> page;
  const auto& rows = generators[group];
  for (auto place = rows.upper_bound(after); place != rows.end(); ++place) {
    if (static_cast<std::int64_t>(page.size()) >= limit) break;
    page.push_back(place->second);
  }
  return page;
}

std::vector<std::int64_t> ModelTables::ListGeneratorSessions(const std::string& group) {
  std::set<std::int64_t> holders;
  for (const auto& [id, generator] : generators[group]) {
    if (generator.session.has_value()) holders.insert(*generator.session);
  }
  return {holders.begin(), holders.end()};
}

std::vector<FreeGenerator> ModelTables::ListGeneratorsOf(const std::string& group,
                                                         std::int64_t session) {
  std::vector<FreeGenerator> list;
  for (const auto& [id, generator] : generators[group]) {
    if (generator.session == session) list.push_back({id, generator.ceiling});
  }
  return list;
}

std::vector<FreeGenerator> ModelTables::ListUnleasedGenerators(const std::string& group,
                                                               StoreTimeUs now) {
  std::vector<FreeGenerator> list;
  for (const auto& [id, generator] : generators[group]) {
    const bool is_held = generator.session.has_value() || generator.lease_end_us > now;
    if (!is_held) list.push_back({id, generator.ceiling});
  }
  return list;
}

bool ModelTables::HasLeaseAfter(const std::string& group, StoreTimeUs now) {
  const auto& rows = generators[group];
  return std::any_of(rows.begin(), rows.end(),
                     [now](const auto& row) { return row.second.lease_end_us > now; });
}

std::int64_t ModelTables::HighestCeiling(const std::string& group) {
  std::int64_t highest = 0;
  for (const auto& [id, generator] : generators[group]) {
    highest = std::max(highest, generator.ceiling);
  }
  return highest;
}

}  // namespace mintmark::testing
