// Where a list goes on: opaque to clients, and checked when it comes back.
#pragma once

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace mintmark::server {

enum class ListKind : char { kSequences = 's', kCounters = 'c', kGroups = 'g' };

std::string MakePageToken(ListKind kind, absl::string_view last_name);

// The name after which the list goes on; empty for an empty token.
// ARGUMENT_INVALID when the token is none of MakePageToken for this kind of list
// and this prefix.
absl::StatusOr<std::string> ReadPageToken(ListKind kind, absl::string_view prefix,
                                          absl::string_view token);

// The same for generators of a group: the id after which the list goes on, -1 for
// an empty token.
std::string MakeGeneratorPageToken(absl::string_view group, std::int64_t last_id);
absl::StatusOr<std::int64_t> ReadGeneratorPageToken(absl::string_view group,
                                                    absl::string_view token);

}  // namespace mintmark::server
