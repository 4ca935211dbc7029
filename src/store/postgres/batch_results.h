// What the schema's functions returned, as the results of a batch.
#pragma once

#include <optional>
#include <pqxx/pqxx>

#include "absl/status/status.h"
#include "src/engine/batch.h"

namespace mintmark::store {

// Fills in the results and the report of a batch from a row with the columns nums,
// texts, draw_firsts and add_values; and its lists from page_nums and page_texts, if
// `with_pages`: they become empty otherwise. `key_count`: request ids in the store,
// where the row tells. Internal when the row does not belong to such a batch.
absl::Status ReadResults(const pqxx::row& row, bool with_pages, engine::Batch& batch,
                         std::optional<std::int64_t>& key_count);

// Fills in session and report of a batch that opened a session.
absl::Status ReadOpenedSession(const pqxx::row& row, engine::Batch& batch);

}  // namespace mintmark::store
