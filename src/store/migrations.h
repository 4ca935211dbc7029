// The numbered migrations of each store, compiled in from
// src/store/migrations/<store>/NNNN_verb_noun.sql.
#pragma once

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace mintmark::store {

struct Migration {
  int number = 0;          // From 1, without holes.
  absl::string_view name;  // "create_tables"
  absl::string_view sql;
};

// In ascending order of numbers.
absl::Span<const Migration> SqliteMigrations();
absl::Span<const Migration> PostgresMigrations();

}  // namespace mintmark::store
