// A batch as the parameters of the schema's functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/engine/batch.h"
#include "src/store/postgres/array_text.h"
#include "src/store/postgres/connection.h"

namespace mintmark::store {

// What the functions need besides the batch.
struct BatchLimits {
  std::string lock_timeout;  // "2000ms"
  std::int64_t max_keys = 0;
  std::int64_t key_part_us = 0;          // A third of the retention of request ids.
  std::optional<std::int64_t> key_room;  // For how many more; unset: to be found out.
};

// Each statement, and its parameters in order. Pointers are valid as long as the
// object and the batch.
class OpenSessionCall {
 public:
  static const Statement kStatement;
  OpenSessionCall(const engine::Batch& batch, const BatchLimits& limits);
  Connection::Parameters Parameters();

 private:
  const std::string lock_timeout_;
  const std::string server_;
  const std::string attention_seen_;
  const char* const list_sessions_;
  const char* const purge_;
  ArrayText bury_;
  ArrayText rotate_;
};

class ResolveCall {
 public:
  static const Statement kStatement;
  ResolveCall(const engine::Batch& batch, const BatchLimits& limits);
  Connection::Parameters Parameters();

 private:
  const std::string lock_timeout_;
  const std::string session_;
};

class CommitCall {
 public:
  static const Statement kStatement;
  CommitCall(const engine::Batch& batch, const BatchLimits& limits);
  Connection::Parameters Parameters();

 private:
  struct Keys {
    ArrayText owners;  // The item, or the add, that each is of.
    ArrayText kinds;
    ArrayText ids;
    ArrayText hashes;
    ArrayText ns;
    ArrayText flags;
    ArrayText shares;
    ArrayText offsets;  // Draws.
  };

  void AddOpens(const engine::Batch& batch);
  void AddSequenceOperations(const engine::Batch& batch);
  void AddDraws(const engine::Batch& batch);
  void AddItems(const engine::Draw& draw, std::int64_t place);
  void AddAdds(const engine::Batch& batch);
  void AddCounterOperations(const engine::Batch& batch);
  void AddPages(const engine::Batch& batch);
  void LockNames(const engine::Batch& batch);

  // Scalars.
  const std::string session_;
  const std::string epoch_;
  const std::string number_;
  const std::string lock_timeout_;
  const std::string attention_seen_;
  const char* const list_sessions_;
  const char* const purge_;
  const char* const close_;
  const char* const group_keys_;
  const std::optional<std::string> key_room_;
  const std::string max_keys_;
  std::string bulk_lo_;
  std::string bulk_hi_;

  ArrayText bury_;
  ArrayText rotate_;
  ArrayText opens_;
  ArrayText open_texts_;
  ArrayText lock_sequences_;
  ArrayText sequence_ops_;
  ArrayText sequence_texts_;
  ArrayText draw_names_;
  ArrayText draw_generations_;
  ArrayText draw_revisions_;
  ArrayText draw_totals_;
  ArrayText item_draws_;
  ArrayText item_shapes_;
  ArrayText item_ns_;
  Keys draw_keys_;
  ArrayText group_ops_;
  ArrayText group_texts_;
  ArrayText lock_counters_;
  ArrayText add_names_;
  ArrayText add_sums_;
  ArrayText add_los_;
  ArrayText add_his_;
  ArrayText add_modes_;
  Keys add_keys_;
  ArrayText counter_ops_;
  ArrayText counter_texts_;
  ArrayText pages_;
  ArrayText page_texts_;
  std::int64_t items_ = 0;
};

}  // namespace mintmark::store
