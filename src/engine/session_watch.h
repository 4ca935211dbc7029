// Which other sessions have been silent for a lease on this server's own clock.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "src/core/time.h"
#include "src/engine/rows.h"

namespace mintmark::engine {

class SessionWatch {
 public:
  // Takes what a batch told of the others at `now`. Those not told of are gone.
  void See(const std::vector<SessionRow>& sessions, Time now) {
    absl::flat_hash_map<std::int64_t, Seen> next;
    for (const SessionRow& row : sessions) {
      const auto before = seen_.find(row.id);
      const bool unchanged = before != seen_.end() && before->second.row == row;
      next[row.id] = Seen{row, unchanged ? before->second.since : now};
    }
    seen_ = std::move(next);
  }

  // This server's own connection was out: what it saw before says nothing, since
  // the others may have been out with it.
  void StartAnew(Time now) {
    for (auto& [id, seen] : seen_) seen.since = now;
  }

  // Those that have not changed for `lease`, by id.
  std::vector<SessionRow> Silent(Duration lease, Time now) const {
    std::vector<SessionRow> silent;
    for (const auto& [id, seen] : seen_) {
      if (seen.since + lease <= now) silent.push_back(seen.row);
    }
    std::sort(silent.begin(), silent.end(),
              [](const SessionRow& a, const SessionRow& b) { return a.id < b.id; });
    return silent;
  }

 private:
  struct Seen {
    SessionRow row;
    Time since;
  };
  absl::flat_hash_map<std::int64_t, Seen> seen_;
};

}  // namespace mintmark::engine
