#include "tests/model_store/model_tables.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "src/core/check.h"

namespace mintmark::testing {
namespace {

using store::NameRange;
using store::StoredSequence;
using store::StoredSession;
using store::StoredShard;

template <typename Map>
auto Find(const Map& map, const typename Map::key_type& key)
    -> std::optional<typename Map::mapped_type> {
  const auto place = map.find(key);
  if (place == map.end()) return std::nullopt;
  return place->second;
}

template <typename Map>
void Insert(Map& map, const typename Map::key_type& key, const typename Map::mapped_type& value) {
  MINTMARK_CHECK(map.emplace(key, value).second);
}

template <typename Map>
typename Map::mapped_type& Existing(Map& map, const typename Map::key_type& key) {
  const auto place = map.find(key);
  MINTMARK_CHECK(place != map.end());
  return place->second;
}

template <typename Value>
std::vector<Value> ListNames(const std::map<std::string, Value>& map, const NameRange& range) {
  std::vector<Value> page;
  for (auto place = map.lower_bound(std::max(range.prefix, range.after));
       place != map.end() && absl::StartsWith(place->first, range.prefix); ++place) {
    if (static_cast<std::int64_t>(page.size()) >= range.limit) break;
    if (place->first > range.after) page.push_back(place->second);
  }
  return page;
}

}  // namespace

void ModelTables::InsertSession(const StoredSession& session) {
  Insert(sessions, session.row.id, session);
}

bool ModelTables::AdvanceSession(const engine::SessionRow& session, std::int64_t attention_seen,
                                 StoreTimeUs now) {
  const auto place = sessions.find(session.id);
  if (place == sessions.end() || place->second.buried_us.has_value() ||
      place->second.row != session) {
    return false;
  }
  ++place->second.row.last_batch;
  place->second.attention_seen = attention_seen;
  place->second.seen_us = now;
  return true;
}

std::optional<StoredSession> ModelTables::FindSession(std::int64_t id) {
  return Find(sessions, id);
}

void ModelTables::UpdateSession(const StoredSession& session) {
  Existing(sessions, session.row.id) = session;
}

void ModelTables::EraseSession(std::int64_t id) {
  sessions.erase(id);
  session_results.erase(id);
}

std::vector<StoredSession> ModelTables::ListSessions() {
  std::vector<StoredSession> list;
  for (const auto& [id, session] : sessions) list.push_back(session);
  return list;
}

void ModelTables::EraseSessionsBuriedBefore(StoreTimeUs limit) {
  for (const StoredSession& session : ListSessions()) {
    if (session.buried_us.has_value() && *session.buried_us < limit) EraseSession(session.row.id);
  }
}

void ModelTables::WriteResults(std::int64_t session, const std::string& results) {
  session_results[session] = results;
}

std::string ModelTables::ReadResults(std::int64_t session) {
  return Find(session_results, session).value_or("");
}

std::optional<StoredSequence> ModelTables::FindSequence(const std::string& name) {
  return Find(sequences, name);
}

void ModelTables::InsertSequence(const StoredSequence& sequence) {
  Insert(sequences, sequence.row.name, sequence);
}

void ModelTables::UpdateSequence(const StoredSequence& sequence) {
  Existing(sequences, sequence.row.name) = sequence;
}

void ModelTables::UpdateSequenceProgress(const StoredSequence& sequence) {
  StoredSequence& stored = Existing(sequences, sequence.row.name);
  stored.row.frontier = sequence.row.frontier;
  stored.row.wanted = sequence.row.wanted;
  stored.attention = sequence.attention;
}

void ModelTables::EraseSequence(const std::string& name) { sequences.erase(name); }

std::vector<StoredSequence> ModelTables::ListSequences(const NameRange& range) {
  return ListNames(sequences, range);
}

void ModelTables::InsertDeletedSequence(const std::string& name, std::int64_t attention,
                                        StoreTimeUs now) {
  Insert(deleted_sequences, name, {attention, now});
}

bool ModelTables::EraseDeletedSequence(const std::string& name) {
  return deleted_sequences.erase(name) > 0;
}

void ModelTables::EraseDeletedSequencesBefore(StoreTimeUs limit, std::int64_t attention) {
  std::erase_if(deleted_sequences, [&](const auto& entry) {
    return entry.second.deleted_us < limit && entry.second.attention <= attention;
  });
}

std::vector<engine::Attention> ModelTables::ListAttention(std::int64_t seen) {
  std::map<std::int64_t, engine::Attention> by_number;
  for (const auto& [name, sequence] : sequences) {
    if (sequence.attention <= seen) continue;
    const engine::SequenceRow& row = sequence.row;
    by_number[sequence.attention] = {.sequence = name,
                                     .generation = row.generation,
                                     .revision = row.revision,
                                     .version = row.version,
                                     .wanted = row.wanted,
                                     .draining = row.drain != engine::DrainKind::kNone};
  }
  for (const auto& [name, deleted] : deleted_sequences) {
    if (deleted.attention > seen) by_number[deleted.attention] = {.sequence = name};
  }
  std::vector<engine::Attention> list;
  for (auto& [number, attention] : by_number) list.push_back(std::move(attention));
  return list;
}

std::vector<StoredShard> ModelTables::ListShards(const std::string& sequence) {
  std::vector<StoredShard> list;
  const auto place = shards.find(sequence);
  if (place == shards.end()) return list;
  for (const auto& [id, shard] : place->second) list.push_back(shard);
  std::stable_sort(list.begin(), list.end(), [](const StoredShard& a, const StoredShard& b) {
    return a.ceiling < b.ceiling;
  });
  return list;
}

std::optional<StoredShard> ModelTables::FindShard(const std::string& sequence, std::int64_t id) {
  const auto place = shards.find(sequence);
  if (place == shards.end()) return std::nullopt;
  return Find(place->second, id);
}

void ModelTables::InsertShard(const std::string& sequence, const StoredShard& shard) {
  Insert(shards[sequence], shard.id, shard);
}

void ModelTables::UpdateShard(const std::string& sequence, const StoredShard& shard) {
  Existing(shards[sequence], shard.id) = shard;
}

void ModelTables::EraseShard(const std::string& sequence, std::int64_t id) {
  const auto place = shards.find(sequence);
  if (place == shards.end()) return;
  place->second.erase(id);
  if (place->second.empty()) shards.erase(place);
}

void ModelTables::EraseShards(const std::string& sequence) { shards.erase(sequence); }

std::optional<engine::CounterRow> ModelTables::FindCounter(const std::string& name) {
  return Find(counters, name);
}

void ModelTables::InsertCounter(const engine::CounterRow& counter) {
  Insert(counters, counter.name, counter);
}

void ModelTables::UpdateCounter(const engine::CounterRow& counter) {
  engine::CounterRow& stored = Existing(counters, counter.name);
  stored.value = counter.value;
  stored.update_time_us = counter.update_time_us;
}

void ModelTables::EraseCounter(const std::string& name) { counters.erase(name); }

std::vector<engine::CounterRow> ModelTables::ListCounters(const NameRange& range) {
  return ListNames(counters, range);
}

std::optional<engine::StoredReply> ModelTables::FindKey(std::size_t slot,
                                                        const store::KeyName& key) {
  return Find(keys.at(slot), Key{key.kind, key.name, key.id});
}

void ModelTables::InsertKey(std::size_t slot, const store::KeyName& key,
                            const engine::StoredReply& reply) {
  Insert(keys.at(slot), Key{key.kind, key.name, key.id}, reply);
}

void ModelTables::EmptyKeySlot(std::size_t slot) { keys.at(slot).clear(); }

}  // namespace mintmark::testing
