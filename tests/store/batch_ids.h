// The numbers in a batch that a store is free to choose, and how to compare two
// stores that choose differently.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "src/engine/batch.h"

namespace mintmark::testing {

enum class IdKind { kSession, kShard, kGeneration };

// Calls visit(kind, number) for every such number of a batch, given and
// returned, in a fixed order.
template <typename Visit>
void VisitIds(engine::Batch& batch, const Visit& visit) {
  const auto row = [&](engine::SequenceRow& sequence) {
    visit(IdKind::kGeneration, sequence.generation);
    visit(IdKind::kGeneration, sequence.drain_token);
  };
  const auto optional_row = [&](std::optional<engine::SequenceRow>& sequence) {
    if (sequence.has_value()) row(*sequence);
  };
  const auto group_row = [&](engine::GroupRow& group) {
    visit(IdKind::kGeneration, group.generation);
    visit(IdKind::kGeneration, group.drain_token);
  };
  visit(IdKind::kSession, batch.session.id);
  for (auto& session : batch.bury) visit(IdKind::kSession, session.id);
  for (auto& open : batch.opens) row(open.row);
  for (auto& change : batch.changes) row(change.row);
  for (auto& drain : batch.drains) {
    visit(IdKind::kGeneration, drain.token);
    row(drain.row);
    visit(IdKind::kGeneration, drain.new_generation);
  }
  for (auto& give_back : batch.give_backs) {
    visit(IdKind::kShard, give_back.shard);
    visit(IdKind::kSession, give_back.owner);
    visit(IdKind::kGeneration, give_back.generation);
  }
  for (auto& refill : batch.refills) {
    visit(IdKind::kShard, refill.shard);
    visit(IdKind::kGeneration, refill.generation);
  }
  for (auto& acquire : batch.acquires) {
    visit(IdKind::kGeneration, acquire.generation);
    visit(IdKind::kShard, acquire.shard);
    optional_row(acquire.row);
  }
  for (auto& draw : batch.draws) {
    visit(IdKind::kGeneration, draw.generation);
    optional_row(draw.row);
    for (auto& item : draw.items) {
      for (auto& reply : item.seen) visit(IdKind::kGeneration, reply.generation);
    }
  }
  for (auto& open : batch.group_opens) group_row(open.row);
  for (auto& remove : batch.group_deletes) {
    visit(IdKind::kGeneration, remove.token);
    visit(IdKind::kGeneration, remove.found_token);
  }
  for (auto& release : batch.generator_releases) {
    visit(IdKind::kSession, release.session);
    visit(IdKind::kGeneration, release.generation);
  }
  for (auto& extend : batch.generator_extends) visit(IdKind::kGeneration, extend.generation);
  for (auto& acquire : batch.generator_acquires) {
    visit(IdKind::kGeneration, acquire.generation);
    if (acquire.row.has_value()) group_row(*acquire.row);
    for (auto& reply : acquire.seen) visit(IdKind::kGeneration, reply.generation);
  }
  for (auto& list : batch.generator_lists) {
    for (auto& generator : list.rows) {
      if (generator.session.has_value()) visit(IdKind::kSession, *generator.session);
    }
  }
  for (auto& page : batch.lists) {
    for (auto& sequence : page.sequences) row(sequence);
    for (auto& group : page.groups) group_row(group);
  }
  for (auto& attention : batch.report.group_attention) {
    visit(IdKind::kGeneration, attention.generation);
  }
  for (auto& attention : batch.report.attention) {
    visit(IdKind::kGeneration, attention.generation);
  }
  for (auto& session : batch.report.sessions) visit(IdKind::kSession, session.id);
}

// Which number of one store is which of another's.
class IdTranslation {
 public:
  // Puts the other store's numbers into a batch; those not known stay.
  void Translate(engine::Batch& batch) const {
    VisitIds(batch, [&](IdKind kind, std::int64_t& id) {
      const auto place = known_.find({kind, id});
      if (place != known_.end()) id = place->second;
    });
  }

  // Learns from the same batch as it came back from both.
  void Learn(engine::Batch from, engine::Batch to) {
    std::vector<std::pair<IdKind, std::int64_t>> given;
    VisitIds(from, [&](IdKind kind, std::int64_t id) { given.emplace_back(kind, id); });
    std::size_t next = 0;
    VisitIds(to, [&](IdKind, std::int64_t id) {
      if (next < given.size() && given[next].second != 0) known_.emplace(given[next], id);
      ++next;
    });
  }

 private:
  std::map<std::pair<IdKind, std::int64_t>, std::int64_t> known_;
};

// Takes out of a batch the times that the clocks of two stores differ in: those of
// sessions whose doubt was resolved, at a moment that no report tells.
inline void ClearSessionTimes(engine::Batch& batch) {
  for (auto& list : batch.generator_lists) {
    for (auto& row : list.rows) {
      if (row.session.has_value()) row.lease_end_us = 0;
    }
  }
}

}  // namespace mintmark::testing
