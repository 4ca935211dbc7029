// What a batch does to the tables of a store: the reference for every store, and
// the whole of it for those where one writer at a time is enough.
#pragma once

#include <cstdint>

#include "src/core/time.h"
#include "src/engine/batch.h"
#include "src/store/tables.h"

namespace mintmark::store {

struct ApplyOptions {
  // As in StoreOptions.
  Duration request_id_retention = std::chrono::hours(24);
  std::int64_t max_request_ids = 100'000'000;
};

// Sessions that are buried, and names of deleted sequences, are kept this long.
inline constexpr StoreTimeUs kPurgeAfterUs = StoreTimeUs{24} * 3600 * 1'000'000;

// Runs a batch of any kind in the transaction that `tables` stands for and fills
// in its results, whatever they held before. `now` is the store's clock.
//   kApplied: the transaction is to be committed; nothing is durable before.
//   kFenced: nothing was written.
//   kRefused: the results stored for a batch in doubt cannot be read; to be
//     rolled back.
// Throws what `tables` throws; the transaction is to be rolled back then.
engine::BatchOutcome ApplyBatch(Tables& tables, const ApplyOptions& options, StoreTimeUs now,
                                engine::Batch& batch);

}  // namespace mintmark::store
