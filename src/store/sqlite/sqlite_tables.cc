#include "src/store/sqlite/sqlite_tables.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/store/result_codec.h"

namespace mintmark::store {
namespace {

// In the order in which BindSettings() and ReadSettings() take them; string
// literals, so that they can be part of statements.
#define MINTMARK_SETTINGS(p)                                                         \
  p "min_id, " p "max_id, " p "step, " p "chunk_size, " p "shards, " p "max_gap, " p \
    "encoding, " p "prefix, " p "suffix, " p "width, " p "check_character"
#define MINTMARK_SEQUENCE_COLUMNS \
  "name, " MINTMARK_SETTINGS("") ", generation, revision, version, frontier, wanted, "    \
  "attention, create_us, update_us, drain, drain_token, drain_frontier, " MINTMARK_SETTINGS( \
      "drain_")

void BindSettings(Query& query, const engine::SequenceSettings& settings) {
  query.Bind(settings.space.min_id).Bind(settings.space.max_id).Bind(settings.space.step);
  query.Bind(settings.chunk_size).Bind(settings.shards).Bind(settings.max_gap);
  const TextFormat& format = settings.format;
  query.Bind(format.encoding).Bind(format.prefix).Bind(format.suffix);
  query.Bind(format.width).Bind(format.check_character);
}

void ReadSettings(Query& query, engine::SequenceSettings& settings) {
  settings.space.min_id = query.Int();
  settings.space.max_id = query.Int();
  settings.space.step = query.Int();
  settings.chunk_size = query.OptionalInt();
  settings.shards = static_cast<std::int32_t>(query.Int());
  settings.max_gap = query.OptionalInt();
  settings.format.encoding = static_cast<Encoding>(query.Int());
  settings.format.prefix = query.Text();
  settings.format.suffix = query.Text();
  settings.format.width = static_cast<std::int32_t>(query.Int());
  settings.format.check_character = query.Int() != 0;
}

void BindSequence(Query& query, const StoredSequence& sequence) {
  const engine::SequenceRow& row = sequence.row;
  query.Bind(row.name);
  BindSettings(query, row.settings);
  query.Bind(row.generation).Bind(row.revision).Bind(row.version);
  query.Bind(row.frontier).Bind(row.wanted).Bind(sequence.attention);
  query.Bind(row.create_time_us).Bind(row.update_time_us);
  query.Bind(row.drain).Bind(row.drain_token).Bind(row.drain_frontier);
  BindSettings(query, row.drain_settings);
}

StoredSequence ReadSequence(Query& query) {
  StoredSequence sequence;
  engine::SequenceRow& row = sequence.row;
  row.name = query.Text();
  ReadSettings(query, row.settings);
  row.generation = query.Int();
  row.revision = query.Int();
  row.version = query.Int();
  row.frontier = query.Int();
  row.wanted = query.Int();
  sequence.attention = query.Int();
  row.create_time_us = query.Int();
  row.update_time_us = query.Int();
  row.drain = static_cast<engine::DrainKind>(query.Int());
  row.drain_token = query.Int();
  row.drain_frontier = query.Int();
  ReadSettings(query, row.drain_settings);
  return sequence;
}

StoredSession ReadSession(Query& query) {
  StoredSession session;
  session.row.id = query.Int();
  session.row.epoch = query.Int();
  session.row.last_batch = query.Int();
  session.attention_seen = query.Int();
  session.seen_us = query.Int();
  session.buried_us = query.OptionalInt();
  session.server = query.Text();
  return session;
}

StoredShard ReadShard(Query& query) {
  StoredShard shard;
  shard.id = query.Int();
  shard.generation = query.Int();
  shard.epoch = query.Int();
  shard.owner = query.OptionalInt();
  shard.window_start = query.Int();
  shard.ceiling = query.Int();
  shard.limit = query.Int();
  shard.counted = query.Int() != 0;
  return shard;
}

engine::CounterRow ReadCounter(Query& query) {
  engine::CounterRow counter;
  counter.name = query.Text();
  counter.value = query.Int();
  counter.create_time_us = query.Int();
  counter.update_time_us = query.Int();
  return counter;
}

}  // namespace

SqliteTables::SqliteTables(SQLite::Database& database)
    : database_(database), key_statements_([] {
        std::array<KeyStatements, kKeySlots> statements;
        for (std::size_t slot = 0; slot < kKeySlots; ++slot) {
          const std::string table = absl::StrCat("request_keys_", slot);
          statements[slot].find =
              absl::StrCat("SELECT n, flags, generation, step, residue, runs, value FROM ", table,
                           " WHERE kind = ? AND name = ? AND id = ?");
          statements[slot].insert =
              absl::StrCat("INSERT INTO ", table, " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
          // Without WHERE: SQLite frees the whole tree instead of row by row.
          statements[slot].empty = absl::StrCat("DELETE FROM ", table);
        }
        return statements;
      }()) {}

SQLite::Statement& SqliteTables::Prepared(const char* sql) {
  const auto place = statements_.find(sql);
  if (place != statements_.end()) return place->second;
  return statements_.try_emplace(sql, database_, sql).first->second;
}

StoreInfo SqliteTables::ReadInfo() {
  Query query(
      Prepared("SELECT generation, attention, last_shard, last_session, suspect, key_rotation, "
               "key_rotated_us, key_count_0, key_count_1, key_count_2, key_count_3 "
               "FROM store_info"));
  if (!query.Step()) throw SQLite::Exception("store_info has no row");
  StoreInfo info;
  info.generation = query.Int();
  info.attention = query.Int();
  info.last_shard = query.Int();
  info.last_session = query.Int();
  info.suspect = query.Int() != 0;
  info.key_rotation = query.Int();
  info.key_rotated_us = query.Int();
  for (std::int64_t& count : info.key_counts) count = query.Int();
  return info;
}

void SqliteTables::WriteInfo(const StoreInfo& info) {
  Query query(
      Prepared("UPDATE store_info SET generation = ?, attention = ?, last_shard = ?, "
               "last_session = ?, suspect = ?, key_rotation = ?, key_rotated_us = ?, "
               "key_count_0 = ?, key_count_1 = ?, key_count_2 = ?, key_count_3 = ?"));
  query.Bind(info.generation).Bind(info.attention).Bind(info.last_shard).Bind(info.last_session);
  query.Bind(info.suspect).Bind(info.key_rotation).Bind(info.key_rotated_us);
  for (const std::int64_t count : info.key_counts) query.Bind(count);
  query.Run();
}

void SqliteTables::InsertSession(const StoredSession& session) {
  Query query(
      Prepared("INSERT INTO sessions (id, epoch, last_batch, attention_seen, seen_us, buried_us, "
               "server) VALUES (?, ?, ?, ?, ?, ?, ?)"));
  query.Bind(session.row.id).Bind(session.row.epoch).Bind(session.row.last_batch);
  query.Bind(session.attention_seen).Bind(session.seen_us).Bind(session.buried_us);
  query.Bind(session.server).Run();
}

bool SqliteTables::AdvanceSession(const engine::SessionRow& session, std::int64_t attention_seen,
                                  StoreTimeUs now) {
  Query query(
      Prepared("UPDATE sessions SET last_batch = last_batch + 1, attention_seen = ?, seen_us = ? "
               "WHERE id = ? AND epoch = ? AND last_batch = ? AND buried_us IS NULL"));
  query.Bind(attention_seen).Bind(now);
  return query.Bind(session.id).Bind(session.epoch).Bind(session.last_batch).Run() == 1;
}

std::optional<StoredSession> SqliteTables::FindSession(std::int64_t id) {
  Query query(
      Prepared("SELECT id, epoch, last_batch, attention_seen, seen_us, buried_us, server "
               "FROM sessions WHERE id = ?"));
  if (!query.Bind(id).Step()) return std::nullopt;
  return ReadSession(query);
}

void SqliteTables::UpdateSession(const StoredSession& session) {
  Query query(
      Prepared("UPDATE sessions SET epoch = ?, last_batch = ?, attention_seen = ?, seen_us = ?, "
               "buried_us = ?, server = ? WHERE id = ?"));
  query.Bind(session.row.epoch).Bind(session.row.last_batch).Bind(session.attention_seen);
  query.Bind(session.seen_us).Bind(session.buried_us).Bind(session.server);
  query.Bind(session.row.id).Run();
}

void SqliteTables::EraseSession(std::int64_t id) {
  Query(Prepared("DELETE FROM session_results WHERE session = ?")).Bind(id).Run();
  Query(Prepared("DELETE FROM sessions WHERE id = ?")).Bind(id).Run();
}

std::vector<StoredSession> SqliteTables::ListSessions() {
  Query query(
      Prepared("SELECT id, epoch, last_batch, attention_seen, seen_us, buried_us, server "
               "FROM sessions ORDER BY id"));
  std::vector<StoredSession> sessions;
  while (query.Step()) sessions.push_back(ReadSession(query));
  return sessions;
}

void SqliteTables::EraseSessionsBuriedBefore(StoreTimeUs limit) {
  Query(Prepared("DELETE FROM session_results WHERE session IN "
                 "(SELECT id FROM sessions WHERE buried_us < ?)"))
      .Bind(limit)
      .Run();
  Query(Prepared("DELETE FROM sessions WHERE buried_us < ?")).Bind(limit).Run();
}

void SqliteTables::WriteResults(std::int64_t session, const std::string& results) {
  Query query(
      Prepared("INSERT INTO session_results (session, results) VALUES (?, ?) "
               "ON CONFLICT (session) DO UPDATE SET results = excluded.results"));
  query.Bind(session).BindBlob(results).Run();
}

std::string SqliteTables::ReadResults(std::int64_t session) {
  Query query(Prepared("SELECT results FROM session_results WHERE session = ?"));
  return query.Bind(session).Step() ? query.Text() : std::string();
}

std::optional<StoredSequence> SqliteTables::FindSequence(const std::string& name) {
  Query query(Prepared("SELECT " MINTMARK_SEQUENCE_COLUMNS " FROM sequences WHERE name = ?"));
  if (!query.Bind(name).Step()) return std::nullopt;
  return ReadSequence(query);
}

void SqliteTables::InsertSequence(const StoredSequence& sequence) {
  Query query(
      Prepared("INSERT INTO sequences (" MINTMARK_SEQUENCE_COLUMNS
               ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
               "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  BindSequence(query, sequence);
  query.Run();
}

void SqliteTables::UpdateSequence(const StoredSequence& sequence) {
  Query query(
      Prepared("UPDATE sequences SET (" MINTMARK_SEQUENCE_COLUMNS
               ") = (?1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
               "?, ?, ?, ?, ?, ?, ?, ?, ?) WHERE name = ?1"));
  BindSequence(query, sequence);
  query.Run();
}

void SqliteTables::UpdateSequenceProgress(const StoredSequence& sequence) {
  Query query(
      Prepared("UPDATE sequences SET frontier = ?, wanted = ?, attention = ? WHERE name = ?"));
  query.Bind(sequence.row.frontier).Bind(sequence.row.wanted).Bind(sequence.attention);
  query.Bind(sequence.row.name).Run();
}

void SqliteTables::EraseSequence(const std::string& name) {
  Query(Prepared("DELETE FROM sequences WHERE name = ?")).Bind(name).Run();
}

std::vector<StoredSequence> SqliteTables::ListSequences(const NameRange& range) {
  Query query(
      Prepared("SELECT " MINTMARK_SEQUENCE_COLUMNS
               " FROM sequences WHERE name >= ? AND name < ? AND name <> ? ORDER BY name LIMIT ?"));
  // One bound on each side: of two, SQLite would use either.
  const std::string& first = std::max(range.prefix, range.after);
  const std::string limit = LimitOfPrefix(range.prefix);
  query.Bind(first).Bind(limit).Bind(range.after).Bind(range.limit);
  std::vector<StoredSequence> sequences;
  while (query.Step()) sequences.push_back(ReadSequence(query));
  return sequences;
}

void SqliteTables::InsertDeletedSequence(const std::string& name, std::int64_t attention,
                                         StoreTimeUs now) {
  Query query(
      Prepared("INSERT INTO deleted_sequences (name, attention, deleted_us) VALUES (?, ?, ?)"));
  query.Bind(name).Bind(attention).Bind(now).Run();
}

bool SqliteTables::EraseDeletedSequence(const std::string& name) {
  return Query(Prepared("DELETE FROM deleted_sequences WHERE name = ?")).Bind(name).Run() > 0;
}

void SqliteTables::EraseDeletedSequencesBefore(StoreTimeUs limit, std::int64_t attention) {
  Query query(Prepared("DELETE FROM deleted_sequences WHERE deleted_us < ? AND attention <= ?"));
  query.Bind(limit).Bind(attention).Run();
}

std::vector<engine::Attention> SqliteTables::ListAttention(std::int64_t seen) {
  // `attention > 0` lets SQLite use the partial index.
  Query query(
      Prepared("SELECT attention, name, generation, revision, version, wanted, drain <> 0 "
               "FROM sequences WHERE attention > 0 AND attention > ?1 "
               "UNION ALL SELECT attention, name, 0, 0, 0, 0, 0 "
               "FROM deleted_sequences WHERE attention > ?1 ORDER BY 1"));
  query.Bind(seen);
  std::vector<engine::Attention> list;
  while (query.Step()) {
    query.Int();
    engine::Attention& attention = list.emplace_back();
    attention.sequence = query.Text();
    attention.generation = query.Int();
    attention.revision = query.Int();
    attention.version = query.Int();
    attention.wanted = query.Int();
    attention.draining = query.Int() != 0;
  }
  return list;
}

std::vector<StoredShard> SqliteTables::ListShards(const std::string& sequence) {
  Query query(
      Prepared("SELECT id, generation, epoch, owner, window_start, ceiling, shard_limit, counted "
               "FROM sequence_shards WHERE sequence = ? ORDER BY ceiling, id"));
  query.Bind(sequence);
  std::vector<StoredShard> shards;
  while (query.Step()) shards.push_back(ReadShard(query));
  return shards;
}

std::optional<StoredShard> SqliteTables::FindShard(const std::string& sequence, std::int64_t id) {
  Query query(
      Prepared("SELECT id, generation, epoch, owner, window_start, ceiling, shard_limit, counted "
               "FROM sequence_shards WHERE sequence = ? AND id = ?"));
  if (!query.Bind(sequence).Bind(id).Step()) return std::nullopt;
  return ReadShard(query);
}

void SqliteTables::InsertShard(const std::string& sequence, const StoredShard& shard) {
  Query query(
      Prepared("INSERT INTO sequence_shards (sequence, id, generation, epoch, owner, window_start, "
               "ceiling, shard_limit, counted) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"));
  query.Bind(sequence).Bind(shard.id).Bind(shard.generation).Bind(shard.epoch).Bind(shard.owner);
  query.Bind(shard.window_start).Bind(shard.ceiling).Bind(shard.limit).Bind(shard.counted).Run();
}

void SqliteTables::UpdateShard(const std::string& sequence, const StoredShard& shard) {
  Query query(
      Prepared("UPDATE sequence_shards SET epoch = ?, owner = ?, window_start = ?, ceiling = ?, "
               "shard_limit = ?, counted = ? WHERE sequence = ? AND id = ?"));
  query.Bind(shard.epoch).Bind(shard.owner).Bind(shard.window_start).Bind(shard.ceiling);
  query.Bind(shard.limit).Bind(shard.counted).Bind(sequence).Bind(shard.id).Run();
}

void SqliteTables::EraseShard(const std::string& sequence, std::int64_t id) {
  Query query(Prepared("DELETE FROM sequence_shards WHERE sequence = ? AND id = ?"));
  query.Bind(sequence).Bind(id).Run();
}

void SqliteTables::EraseShards(const std::string& sequence) {
  Query(Prepared("DELETE FROM sequence_shards WHERE sequence = ?")).Bind(sequence).Run();
}

std::optional<engine::CounterRow> SqliteTables::FindCounter(const std::string& name) {
  Query query(Prepared("SELECT name, value, create_us, update_us FROM counters WHERE name = ?"));
  if (!query.Bind(name).Step()) return std::nullopt;
  return ReadCounter(query);
}

void SqliteTables::InsertCounter(const engine::CounterRow& counter) {
  Query query(
      Prepared("INSERT INTO counters (name, value, create_us, update_us) VALUES (?, ?, ?, ?)"));
  query.Bind(counter.name).Bind(counter.value);
  query.Bind(counter.create_time_us).Bind(counter.update_time_us).Run();
}

void SqliteTables::UpdateCounter(const engine::CounterRow& counter) {
  Query query(Prepared("UPDATE counters SET value = ?, update_us = ? WHERE name = ?"));
  query.Bind(counter.value).Bind(counter.update_time_us).Bind(counter.name).Run();
}

void SqliteTables::EraseCounter(const std::string& name) {
  Query(Prepared("DELETE FROM counters WHERE name = ?")).Bind(name).Run();
}

std::vector<engine::CounterRow> SqliteTables::ListCounters(const NameRange& range) {
  Query query(
      Prepared("SELECT name, value, create_us, update_us FROM counters "
               "WHERE name >= ? AND name < ? AND name <> ? ORDER BY name LIMIT ?"));
  // One bound on each side: of two, SQLite would use either.
  const std::string& first = std::max(range.prefix, range.after);
  const std::string limit = LimitOfPrefix(range.prefix);
  query.Bind(first).Bind(limit).Bind(range.after).Bind(range.limit);
  std::vector<engine::CounterRow> counters;
  while (query.Step()) counters.push_back(ReadCounter(query));
  return counters;
}

std::optional<engine::StoredReply> SqliteTables::FindKey(std::size_t slot, const KeyName& key) {
  Query query(Prepared(key_statements_.at(slot).find.c_str()));
  if (!query.Bind(key.kind).Bind(key.name).Bind(key.id).Step()) return std::nullopt;
  engine::StoredReply reply;
  reply.n = query.Int();
  reply.flags = static_cast<std::int32_t>(query.Int());
  reply.generation = query.Int();
  reply.step = query.Int();
  reply.residue = query.Int();
  if (!DecodeRuns(query.Text(), reply.runs)) {
    throw SQLite::Exception("the reply stored for a request id cannot be read");
  }
  reply.value = query.Int();
  return reply;
}

void SqliteTables::InsertKey(std::size_t slot, const KeyName& key,
                             const engine::StoredReply& reply) {
  const std::string runs = EncodeRuns(reply.runs);
  Query query(Prepared(key_statements_.at(slot).insert.c_str()));
  query.Bind(key.kind).Bind(key.name).Bind(key.id).Bind(reply.n).Bind(reply.flags);
  query.Bind(reply.generation).Bind(reply.step).Bind(reply.residue).BindBlob(runs);
  query.Bind(reply.value).Run();
}

void SqliteTables::EmptyKeySlot(std::size_t slot) {
  Query(Prepared(key_statements_.at(slot).empty.c_str())).Run();
}

}  // namespace mintmark::store
