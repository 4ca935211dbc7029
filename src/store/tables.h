// The tables of a store, as the reference semantics of a batch (apply_batch.h)
// see them. Everything happens inside one transaction that the caller began, and
// nobody else writes meanwhile.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/core/time.h"
#include "src/engine/batch.h"
#include "src/engine/rows.h"

namespace mintmark::store {

// Request ids lie in a ring of slots, each of which holds those of a third of
// their retention: by the time a slot is emptied to be used again, the youngest
// request id in it is as old as the retention.
inline constexpr std::size_t kKeySlots = 4;
inline constexpr std::int64_t kKeyRotationsPerRetention = 3;

// The one row of store_info.
struct StoreInfo {
  std::int64_t generation = 0;  // The last one given out.
  std::int64_t attention = 1;   // The last one given out; from 1, so that 0 means "none seen".
  std::int64_t last_shard = 0;  // Ids of shards and sessions are never used again.
  std::int64_t last_session = 0;
  bool suspect = false;
  std::int64_t key_rotation = 0;  // New request ids go to the slot of this number, modulo 4.
  StoreTimeUs key_rotated_us = 0;
  std::array<std::int64_t, kKeySlots> key_counts{};  // Request ids in each slot.

  std::int64_t KeyCount() const {
    std::int64_t sum = 0;
    for (const std::int64_t count : key_counts) sum += count;
    return sum;
  }
  std::size_t KeySlot() const { return static_cast<std::size_t>(key_rotation) % kKeySlots; }

  friend bool operator==(const StoreInfo&, const StoreInfo&) = default;
};

struct StoredSession {
  engine::SessionRow row;
  std::int64_t attention_seen = 0;  // The highest number that it is known to have seen.
  StoreTimeUs seen_us = 0;
  std::optional<StoreTimeUs> buried_us;
  std::string server;
};

struct StoredSequence {
  engine::SequenceRow row;
  std::int64_t attention = 0;  // 0: never raised.
};

struct StoredShard {
  std::int64_t id = 0;
  std::int64_t generation = 0;
  std::int64_t epoch = 0;
  std::optional<std::int64_t> owner;  // A session, which may be gone or buried.
  // The lowest position that the owner had not issued when the ceiling last
  // moved: up to `ceiling - window_start` positions are lost if it dies.
  std::int64_t window_start = 0;
  std::int64_t ceiling = 0;  // ceiling <= limit
  std::int64_t limit = 0;
  bool counted = true;  // Counts as a chunk at work.

  bool used_up() const { return ceiling >= limit; }
};

struct StoredGroup {
  engine::GroupRow row;
  // A deleted group's row stays: what it may have issued is not to come again.
  bool deleted = false;
  // No earlier group of this name has issued a GUID at or above it, but for the last
  // GUID of all, INT64_MAX, when it is that.
  std::int64_t guid_floor = 0;
  std::int64_t next_generator = 0;  // The first id of the group that never was leased.
  std::int64_t attention = 0;       // 0: never raised.
};

// A generator that is free to be leased.
struct FreeGenerator {
  std::int64_t id = 0;
  std::int64_t ceiling = 0;
};

// What a request id is known by.
struct KeyName {
  engine::KeyKind kind;
  const std::string& name;
  const std::string& id;
};

// Names `[first, …)` that start with `prefix`, at most `limit` of them.
struct NameRange {
  std::string prefix;
  std::string after;  // Only names above this one.
  std::int64_t limit = 0;
};

// May throw what its database throws: the transaction has to be rolled back then.
class Tables {
 public:
  virtual ~Tables() = default;

  virtual StoreInfo ReadInfo() = 0;
  virtual void WriteInfo(const StoreInfo& info) = 0;

  // Sessions.
  virtual void InsertSession(const StoredSession& session) = 0;
  // Moves `last_batch` one up and sets `attention_seen` and `seen_us`, if the row is
  // as given and not buried; else does nothing and returns false.
  virtual bool AdvanceSession(const engine::SessionRow& session, std::int64_t attention_seen,
                              StoreTimeUs now) = 0;
  virtual std::optional<StoredSession> FindSession(std::int64_t id) = 0;
  virtual void UpdateSession(const StoredSession& session) = 0;
  virtual void EraseSession(std::int64_t id) = 0;         // With its results.
  virtual std::vector<StoredSession> ListSessions() = 0;  // By id.
  // Erases sessions buried before `limit`, with their results.
  virtual void EraseSessionsBuriedBefore(StoreTimeUs limit) = 0;
  virtual void WriteResults(std::int64_t session, const std::string& results) = 0;
  virtual std::string ReadResults(std::int64_t session) = 0;  // Empty: there are none.

  // Sequences.
  virtual std::optional<StoredSequence> FindSequence(const std::string& name) = 0;
  virtual void InsertSequence(const StoredSequence& sequence) = 0;
  virtual void UpdateSequence(const StoredSequence& sequence) = 0;
  // Writes frontier, wanted and attention alone.
  virtual void UpdateSequenceProgress(const StoredSequence& sequence) = 0;
  virtual void EraseSequence(const std::string& name) = 0;
  virtual std::vector<StoredSequence> ListSequences(const NameRange& range) = 0;

  // Names of deleted sequences, kept for the sessions that have to learn of it.
  virtual void InsertDeletedSequence(const std::string& name, std::int64_t attention,
                                     StoreTimeUs now) = 0;
  virtual bool EraseDeletedSequence(const std::string& name) = 0;  // Whether it was there.
  // Erases those deleted before `limit` whose number is at most `attention`.
  virtual void EraseDeletedSequencesBefore(StoreTimeUs limit, std::int64_t attention) = 0;

  // Sequences, deleted ones included, whose number is above `seen`, by number.
  virtual std::vector<engine::Attention> ListAttention(std::int64_t seen) = 0;

  // Shards.
  virtual std::vector<StoredShard> ListShards(const std::string& sequence) = 0;  // By ceiling, id.
  virtual std::optional<StoredShard> FindShard(const std::string& sequence, std::int64_t id) = 0;
  virtual void InsertShard(const std::string& sequence, const StoredShard& shard) = 0;
  virtual void UpdateShard(const std::string& sequence, const StoredShard& shard) = 0;
  virtual void EraseShard(const std::string& sequence, std::int64_t id) = 0;
  virtual void EraseShards(const std::string& sequence) = 0;

  // Groups, deleted ones included where nothing else is said.
  virtual std::optional<StoredGroup> FindGroup(const std::string& name) = 0;
  virtual void InsertGroup(const StoredGroup& group) = 0;
  virtual void UpdateGroup(const StoredGroup& group) = 0;
  virtual std::vector<engine::GroupRow> ListGroups(const NameRange& range) = 0;  // Not deleted.
  // Groups whose number is above `seen`, by number.
  virtual std::vector<engine::GroupAttention> ListGroupAttention(std::int64_t seen) = 0;

  // Generators. A row has a session, or a lease_end_us and its token, or neither.
  virtual std::optional<engine::GeneratorRow> FindGenerator(const std::string& group,
                                                            std::int64_t id) = 0;
  virtual void InsertGenerator(const std::string& group, const engine::GeneratorRow& generator) = 0;
  virtual void UpdateGenerator(const std::string& group, const engine::GeneratorRow& generator) = 0;
  virtual void EraseGenerators(const std::string& group) = 0;
  // By id, those above `after`, at most `limit`.
  virtual std::vector<engine::GeneratorRow> ListGenerators(const std::string& group,
                                                           std::int64_t after,
                                                           std::int64_t limit) = 0;
  // What is not looked for row by row: a group may have very many generators.
  virtual std::vector<std::int64_t> ListGeneratorSessions(const std::string& group) = 0;
  virtual std::vector<FreeGenerator> ListGeneratorsOf(const std::string& group,
                                                      std::int64_t session) = 0;
  // Those that have no session, and no lease that ends after `now`.
  virtual std::vector<FreeGenerator> ListUnleasedGenerators(const std::string& group,
                                                            StoreTimeUs now) = 0;
  virtual bool HasLeaseAfter(const std::string& group, StoreTimeUs now) = 0;
  virtual std::int64_t HighestCeiling(const std::string& group) = 0;  // 0 without generators.

  // Counters.
  virtual std::optional<engine::CounterRow> FindCounter(const std::string& name) = 0;
  virtual void InsertCounter(const engine::CounterRow& counter) = 0;
  virtual void UpdateCounter(const engine::CounterRow& counter) = 0;  // Not its create time.
  virtual void EraseCounter(const std::string& name) = 0;
  virtual std::vector<engine::CounterRow> ListCounters(const NameRange& range) = 0;

  // Request ids. Their counts are kept in StoreInfo by the caller.
  virtual std::optional<engine::StoredReply> FindKey(std::size_t slot, const KeyName& key) = 0;
  virtual void InsertKey(std::size_t slot, const KeyName& key,
                         const engine::StoredReply& reply) = 0;
  virtual void EmptyKeySlot(std::size_t slot) = 0;
};

}  // namespace mintmark::store
