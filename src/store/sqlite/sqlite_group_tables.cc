// The tables of GUID groups and generators.
#include <algorithm>

#include "src/store/sqlite/sqlite_tables.h"

namespace mintmark::store {
namespace {

// In the order in which BindGroup() and ReadGroup(), BindGenerator() and
// ReadGenerator() take them; string literals, so that they can be part of statements.
#define MINTMARK_GROUP_COLUMNS                                                                \
  "name, epoch_us, time_bits, counter_bits, generator_bits, field_order, unit_us, lease_us, " \
  "generator_min, generator_max, encoding, prefix, suffix, width, check_character, "          \
  "generation, floor_time, drain_token, create_us, deleted, guid_floor, next_generator, attention"
#define MINTMARK_GENERATOR_COLUMNS \
  "id, epoch, start_time, ceiling, session, token, lease_end_us, owner"

void BindGroup(Query& query, const StoredGroup& group) {
  const engine::GroupRow& row = group.row;
  const GuidLayout& layout = row.settings.layout;
  query.Bind(row.name).Bind(layout.epoch_us);
  query.Bind(layout.time_bits).Bind(layout.counter_bits).Bind(layout.generator_bits);
  query.Bind(layout.order).Bind(layout.unit_us).Bind(row.settings.lease_us);
  query.Bind(row.settings.generator_min).Bind(row.settings.generator_max);
  const TextFormat& format = row.settings.format;
  query.Bind(format.encoding).Bind(format.prefix).Bind(format.suffix);
  query.Bind(format.width).Bind(format.check_character);
  query.Bind(row.generation).Bind(row.floor_time).Bind(row.drain_token).Bind(row.create_time_us);
  query.Bind(group.deleted).Bind(group.guid_floor).Bind(group.next_generator);
  query.Bind(group.attention);
}

StoredGroup ReadGroup(Query& query) {
  StoredGroup group;
  engine::GroupRow& row = group.row;
  GuidLayout& layout = row.settings.layout;
  row.name = query.Text();
  layout.epoch_us = query.Int();
  layout.time_bits = static_cast<std::int32_t>(query.Int());
  layout.counter_bits = static_cast<std::int32_t>(query.Int());
  layout.generator_bits = static_cast<std::int32_t>(query.Int());
  layout.order = static_cast<FieldOrder>(query.Int());
  layout.unit_us = query.Int();
  row.settings.lease_us = query.Int();
  row.settings.generator_min = query.Int();
  row.settings.generator_max = query.Int();
  TextFormat& format = row.settings.format;
  format.encoding = static_cast<Encoding>(query.Int());
  format.prefix = query.Text();
  format.suffix = query.Text();
  format.width = static_cast<std::int32_t>(query.Int());
  format.check_character = query.Int() != 0;
  row.generation = query.Int();
  row.floor_time = query.Int();
  row.drain_token = query.Int();
  row.create_time_us = query.Int();
  group.deleted = query.Int() != 0;
  group.guid_floor = query.Int();
  group.next_generator = query.Int();
  group.attention = query.Int();
  return group;
}

void BindGenerator(Query& query, const engine::GeneratorRow& generator) {
  query.Bind(generator.id).Bind(generator.epoch).Bind(generator.start_time);
  query.Bind(generator.ceiling).Bind(generator.session).Bind(generator.token);
  query.Bind(generator.lease_end_us).Bind(generator.owner);
}

engine::GeneratorRow ReadGenerator(Query& query) {
  engine::GeneratorRow generator;
  generator.id = query.Int();
  generator.epoch = query.Int();
  generator.start_time = query.Int();
  generator.ceiling = query.Int();
  generator.session = query.OptionalInt();
  generator.token = query.Text();
  generator.lease_end_us = query.Int();
  generator.owner = query.Text();
  return generator;
}

std::vector<FreeGenerator> ReadFree(Query& query) {
  std::vector<FreeGenerator> free;
  while (query.Step()) {
    FreeGenerator& generator = free.emplace_back();
    generator.id = query.Int();
    generator.ceiling = query.Int();
  }
  return free;
}

}  // namespace

std::optional<StoredGroup> SqliteTables::FindGroup(const std::string& name) {
  Query query(Prepared("SELECT " MINTMARK_GROUP_COLUMNS " FROM guid_groups WHERE name = ?"));
  if (!query.Bind(name).Step()) return std::nullopt;
  return ReadGroup(query);
}

void SqliteTables::InsertGroup(const StoredGroup& group) {
  Query query(
      Prepared("INSERT INTO guid_groups (" MINTMARK_GROUP_COLUMNS
               ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  BindGroup(query, group);
  query.Run();
}

void SqliteTables::UpdateGroup(const StoredGroup& group) {
  Query query(Prepared("UPDATE guid_groups SET (" MINTMARK_GROUP_COLUMNS
                       ") = (?1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
                       "WHERE name = ?1"));
  BindGroup(query, group);
  query.Run();
}

std::vector<engine::GroupRow> SqliteTables::ListGroups(const NameRange& range) {
  Query query(
      Prepared("SELECT " MINTMARK_GROUP_COLUMNS
               " FROM guid_groups WHERE name >= ? AND name < ? AND name <> ? AND deleted = 0 "
               "ORDER BY name LIMIT ?"));
  // One bound on each side: of two, SQLite would use either.
  const std::string& first = std::max(range.prefix, range.after);
  const std::string limit = LimitOfPrefix(range.prefix);
  query.Bind(first).Bind(limit).Bind(range.after).Bind(range.limit);
  std::vector<engine::GroupRow> groups;
  while (query.Step()) groups.push_back(ReadGroup(query).row);
  return groups;
}

std::vector<engine::GroupAttention> SqliteTables::ListGroupAttention(std::int64_t seen) {
  // `attention > 0` lets SQLite use the partial index.
  Query query(
      Prepared("SELECT name, iif(deleted, 0, generation), drain_token <> 0 FROM guid_groups "
               "WHERE attention > 0 AND attention > ? ORDER BY attention"));
  query.Bind(seen);
  std::vector<engine::GroupAttention> list;
  while (query.Step()) {
    engine::GroupAttention& attention = list.emplace_back();
    attention.group = query.Text();
    attention.generation = query.Int();
    attention.draining = query.Int() != 0;
  }
  return list;
}

std::optional<engine::GeneratorRow> SqliteTables::FindGenerator(const std::string& group,
                                                                std::int64_t id) {
  Query query(Prepared("SELECT " MINTMARK_GENERATOR_COLUMNS
                       " FROM guid_generators WHERE group_name = ? AND id = ?"));
  if (!query.Bind(group).Bind(id).Step()) return std::nullopt;
  return ReadGenerator(query);
}

void SqliteTables::InsertGenerator(const std::string& group,
                                   const engine::GeneratorRow& generator) {
  Query query(Prepared("INSERT INTO guid_generators (group_name, " MINTMARK_GENERATOR_COLUMNS
                       ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  query.Bind(group);
  BindGenerator(query, generator);
  query.Run();
}

void SqliteTables::UpdateGenerator(const std::string& group,
                                   const engine::GeneratorRow& generator) {
  Query query(Prepared("UPDATE guid_generators SET (" MINTMARK_GENERATOR_COLUMNS
                       ") = (?2, ?, ?, ?, ?, ?, ?, ?) WHERE group_name = ?1 AND id = ?2"));
  query.Bind(group);
  BindGenerator(query, generator);
  query.Run();
}

void SqliteTables::EraseGenerators(const std::string& group) {
  Query(Prepared("DELETE FROM guid_generators WHERE group_name = ?")).Bind(group).Run();
}

std::vector<engine::GeneratorRow> SqliteTables::ListGenerators(const std::string& group,
                                                               std::int64_t after,
                                                               std::int64_t limit) {
  Query query(
      Prepared("SELECT " MINTMARK_GENERATOR_COLUMNS
               " FROM guid_generators WHERE group_name = ? AND id > ? ORDER BY id LIMIT ?"));
  query.Bind(group).Bind(after).Bind(limit);
  std::vector<engine::GeneratorRow> generators;
  while (query.Step()) generators.push_back(ReadGenerator(query));
  return generators;
}

std::vector<std::int64_t> SqliteTables::ListGeneratorSessions(const std::string& group) {
  // From each session right to the next, however many generators it holds.
  Query query(
      Prepared("WITH RECURSIVE holders (session) AS ("
               "SELECT min(session) FROM guid_generators "
               "WHERE group_name = ?1 AND session IS NOT NULL "
               "UNION ALL SELECT (SELECT min(g.session) FROM guid_generators g "
               "WHERE g.group_name = ?1 AND g.session > h.session) "
               "FROM holders h WHERE h.session IS NOT NULL) "
               "SELECT session FROM holders WHERE session IS NOT NULL"));
  query.Bind(group);
  std::vector<std::int64_t> sessions;
  while (query.Step()) sessions.push_back(query.Int());
  return sessions;
}

std::vector<FreeGenerator> SqliteTables::ListGeneratorsOf(const std::string& group,
                                                          std::int64_t session) {
  Query query(
      Prepared("SELECT id, ceiling FROM guid_generators WHERE group_name = ? AND session = ?"));
  query.Bind(group).Bind(session);
  return ReadFree(query);
}

std::vector<FreeGenerator> SqliteTables::ListUnleasedGenerators(const std::string& group,
                                                                StoreTimeUs now) {
  Query query(
      Prepared("SELECT id, ceiling FROM guid_generators "
               "WHERE group_name = ? AND session IS NULL AND lease_end_us <= ?"));
  query.Bind(group).Bind(now);
  return ReadFree(query);
}

bool SqliteTables::HasLeaseAfter(const std::string& group, StoreTimeUs now) {
  Query query(
      Prepared("SELECT 1 FROM guid_generators "
               "WHERE group_name = ? AND session IS NULL AND lease_end_us > ? LIMIT 1"));
  return query.Bind(group).Bind(now).Step();
}

std::int64_t SqliteTables::HighestCeiling(const std::string& group) {
  Query query(
      Prepared("SELECT coalesce(max(ceiling), 0) FROM guid_generators WHERE group_name = ?"));
  query.Bind(group).Step();
  return query.Int();
}

}  // namespace mintmark::store
