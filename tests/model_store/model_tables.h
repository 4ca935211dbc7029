// The tables of a store in memory. Copying them is a snapshot.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "src/store/tables.h"

namespace mintmark::testing {

// Public members: tests look at what is stored, and plant what they need.
struct ModelTables final : public store::Tables {
  using Key = std::tuple<engine::KeyKind, std::string, std::string>;
  struct DeletedSequence {
    std::int64_t attention = 0;
    StoreTimeUs deleted_us = 0;
  };

  store::StoreInfo info;
  std::map<std::int64_t, store::StoredSession> sessions;
  std::map<std::int64_t, std::string> session_results;
  std::map<std::string, store::StoredSequence> sequences;
  std::map<std::string, DeletedSequence> deleted_sequences;
  std::map<std::string, std::map<std::int64_t, store::StoredShard>> shards;  // By sequence, id.
  std::map<std::string, store::StoredGroup> groups;
  std::map<std::string, std::map<std::int64_t, engine::GeneratorRow>> generators;  // By group, id.
  std::map<std::string, engine::CounterRow> counters;
  std::array<std::map<Key, engine::StoredReply>, store::kKeySlots> keys;

  store::StoreInfo ReadInfo() override { return info; }
  void WriteInfo(const store::StoreInfo& new_info) override { info = new_info; }

  void InsertSession(const store::StoredSession& session) override;
  bool AdvanceSession(const engine::SessionRow& session, std::int64_t attention_seen,
                      StoreTimeUs now) override;
  std::optional<store::StoredSession> FindSession(std::int64_t id) override;
  void UpdateSession(const store::StoredSession& session) override;
  void EraseSession(std::int64_t id) override;
  std::vector<store::StoredSession> ListSessions() override;
  void EraseSessionsBuriedBefore(StoreTimeUs limit) override;
  void WriteResults(std::int64_t session, const std::string& results) override;
  std::string ReadResults(std::int64_t session) override;

  std::optional<store::StoredSequence> FindSequence(const std::string& name) override;
  void InsertSequence(const store::StoredSequence& sequence) override;
  void UpdateSequence(const store::StoredSequence& sequence) override;
  void UpdateSequenceProgress(const store::StoredSequence& sequence) override;
  void EraseSequence(const std::string& name) override;
  std::vector<store::StoredSequence> ListSequences(const store::NameRange& range) override;
  void InsertDeletedSequence(const std::string& name, std::int64_t attention,
                             StoreTimeUs now) override;
  bool EraseDeletedSequence(const std::string& name) override;
  void EraseDeletedSequencesBefore(StoreTimeUs limit, std::int64_t attention) override;
  std::vector<engine::Attention> ListAttention(std::int64_t seen) override;

  std::vector<store::StoredShard> ListShards(const std::string& sequence) override;
  std::optional<store::StoredShard> FindShard(const std::string& sequence,
                                              std::int64_t id) override;
  void InsertShard(const std::string& sequence, const store::StoredShard& shard) override;
  void UpdateShard(const std::string& sequence, const store::StoredShard& shard) override;
  void EraseShard(const std::string& sequence, std::int64_t id) override;
  void EraseShards(const std::string& sequence) override;

  std::optional<store::StoredGroup> FindGroup(const std::string& name) override;
  void InsertGroup(const store::StoredGroup& group) override;
  void UpdateGroup(const store::StoredGroup& group) override;
  std::vector<engine::GroupRow> ListGroups(const store::NameRange& range) override;
  std::vector<engine::GroupAttention> ListGroupAttention(std::int64_t seen) override;

  std::optional<engine::GeneratorRow> FindGenerator(const std::string& group,
                                                    std::int64_t id) override;
  void InsertGenerator(const std::string& group, const engine::GeneratorRow& generator) override;
  void UpdateGenerator(const std::string& group, const engine::GeneratorRow& generator) override;
  void EraseGenerators(const std::string& group) override;
  std::vector<engine::GeneratorRow> ListGenerators(const std::string& group, std::int64_t after,
                                                   std::int64_t limit) override;
  std::vector<std::int64_t> ListGeneratorSessions(const std::string& group) override;
  std::vector<store::FreeGenerator> ListGeneratorsOf(const std::string& group,
                                                     std::int64_t session) override;
  std::vector<store::FreeGenerator> ListUnleasedGenerators(const std::string& group,
                                                           StoreTimeUs now) override;
  bool HasLeaseAfter(const std::string& group, StoreTimeUs now) override;
  std::int64_t HighestCeiling(const std::string& group) override;

  std::optional<engine::CounterRow> FindCounter(const std::string& name) override;
  void InsertCounter(const engine::CounterRow& counter) override;
  void UpdateCounter(const engine::CounterRow& counter) override;
  void EraseCounter(const std::string& name) override;
  std::vector<engine::CounterRow> ListCounters(const store::NameRange& range) override;

  std::optional<engine::StoredReply> FindKey(std::size_t slot, const store::KeyName& key) override;
  void InsertKey(std::size_t slot, const store::KeyName& key,
                 const engine::StoredReply& reply) override;
  void EmptyKeySlot(std::size_t slot) override;
};

}  // namespace mintmark::testing
