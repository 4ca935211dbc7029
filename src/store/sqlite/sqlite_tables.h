// The tables of a SQLite database, through prepared statements.
#pragma once

#include <SQLiteCpp/Database.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "src/store/sqlite/sqlite_query.h"
#include "src/store/tables.h"

namespace mintmark::store {

// Borrows the database, which is open and migrated. Begins and ends no
// transaction. Throws SQLite::Exception; a statement is prepared at its first use.
class SqliteTables final : public Tables {
 public:
  explicit SqliteTables(SQLite::Database& database);

  StoreInfo ReadInfo() override;
  void WriteInfo(const StoreInfo& info) override;

  void InsertSession(const StoredSession& session) override;
  bool AdvanceSession(const engine::SessionRow& session, std::int64_t attention_seen,
                      StoreTimeUs now) override;
  std::optional<StoredSession> FindSession(std::int64_t id) override;
  void UpdateSession(const StoredSession& session) override;
  void EraseSession(std::int64_t id) override;
  std::vector<StoredSession> ListSessions() override;
  void EraseSessionsBuriedBefore(StoreTimeUs limit) override;
  void WriteResults(std::int64_t session, const std::string& results) override;
  std::string ReadResults(std::int64_t session) override;

  std::optional<StoredSequence> FindSequence(const std::string& name) override;
  void InsertSequence(const StoredSequence& sequence) override;
  void UpdateSequence(const StoredSequence& sequence) override;
  void UpdateSequenceProgress(const StoredSequence& sequence) override;
  void EraseSequence(const std::string& name) override;
  std::vector<StoredSequence> ListSequences(const NameRange& range) override;
  void InsertDeletedSequence(const std::string& name, std::int64_t attention,
                             StoreTimeUs now) override;
  bool EraseDeletedSequence(const std::string& name) override;
  void EraseDeletedSequencesBefore(StoreTimeUs limit, std::int64_t attention) override;
  std::vector<engine::Attention> ListAttention(std::int64_t seen) override;

  std::vector<StoredShard> ListShards(const std::string& sequence) override;
  std::optional<StoredShard> FindShard(const std::string& sequence, std::int64_t id) override;
  void InsertShard(const std::string& sequence, const StoredShard& shard) override;
  void UpdateShard(const std::string& sequence, const StoredShard& shard) override;
  void EraseShard(const std::string& sequence, std::int64_t id) override;
  void EraseShards(const std::string& sequence) override;

  // sqlite_group_tables.cc
  std::optional<StoredGroup> FindGroup(const std::string& name) override;
  void InsertGroup(const StoredGroup& group) override;
  void UpdateGroup(const StoredGroup& group) override;
  std::vector<engine::GroupRow> ListGroups(const NameRange& range) override;
  std::vector<engine::GroupAttention> ListGroupAttention(std::int64_t seen) override;
  std::optional<engine::GeneratorRow> FindGenerator(const std::string& group,
                                                    std::int64_t id) override;
  void InsertGenerator(const std::string& group, const engine::GeneratorRow& generator) override;
  void UpdateGenerator(const std::string& group, const engine::GeneratorRow& generator) override;
  void EraseGenerators(const std::string& group) override;
  std::vector<engine::GeneratorRow> ListGenerators(const std::string& group, std::int64_t after,
                                                   std::int64_t limit) override;
  std::vector<std::int64_t> ListGeneratorSessions(const std::string& group) override;
  std::vector<FreeGenerator> ListGeneratorsOf(const std::string& group,
                                              std::int64_t session) override;
  std::vector<FreeGenerator> ListUnleasedGenerators(const std::string& group,
                                                    StoreTimeUs now) override;
  bool HasLeaseAfter(const std::string& group, StoreTimeUs now) override;
  std::int64_t HighestCeiling(const std::string& group) override;

  std::optional<engine::CounterRow> FindCounter(const std::string& name) override;
  void InsertCounter(const engine::CounterRow& counter) override;
  void UpdateCounter(const engine::CounterRow& counter) override;
  void EraseCounter(const std::string& name) override;
  std::vector<engine::CounterRow> ListCounters(const NameRange& range) override;

  std::optional<engine::StoredReply> FindKey(std::size_t slot, const KeyName& key) override;
  void InsertKey(std::size_t slot, const KeyName& key, const engine::StoredReply& reply) override;
  void EmptyKeySlot(std::size_t slot) override;

 private:
  struct KeyStatements {
    std::string find;
    std::string insert;
    std::string empty;
  };

  // The statement of `sql`, which is a literal or lives as long as this object:
  // its address is what it is known by.
  SQLite::Statement& Prepared(const char* sql);

  SQLite::Database& database_;
  std::unordered_map<const char*, SQLite::Statement> statements_;
  const std::array<KeyStatements, kKeySlots> key_statements_;
};

}  // namespace mintmark::store
