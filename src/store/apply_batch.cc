#include "src/store/apply_batch.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "src/store/apply_context.h"
#include "src/store/result_codec.h"

namespace mintmark::store {

using engine::Batch;
using engine::BatchOutcome;

bool ApplyContext::IsAlive(std::int64_t id) {
  if (id == session) return true;
  const auto [place, is_new] = alive.try_emplace(id, false);
  if (is_new) {
    const std::optional<StoredSession> found = tables.FindSession(id);
    place->second = found.has_value() && !found->buried_us.has_value();
  }
  return place->second;
}

std::vector<engine::StoredReply> ApplyContext::FindKeys(const std::string& name,
                                                        const std::vector<engine::Key>& keys) {
  std::vector<engine::StoredReply> found;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    const KeyName key{keys[i].kind, name, keys[i].id};
    for (std::size_t slot = 0; slot < kKeySlots; ++slot) {
      if (info.key_counts[slot] == 0) continue;
      std::optional<engine::StoredReply> reply = tables.FindKey(slot, key);
      if (!reply.has_value()) continue;
      reply->key = i;
      found.push_back(*std::move(reply));
      break;
    }
  }
  return found;
}

bool ApplyContext::HasRoomForKeys(std::size_t count) const {
  return count == 0 ||
         info.KeyCount() + static_cast<std::int64_t>(count) <= options.max_request_ids;
}

void ApplyContext::InsertKey(const std::string& name, const engine::Key& key,
                             const engine::StoredReply& reply) {
  const std::size_t slot = info.KeySlot();
  tables.InsertKey(slot, KeyName{key.kind, name, key.id}, reply);
  ++info.key_counts[slot];
}

namespace {

void OpenSession(ApplyContext& context, Batch& batch) {
  batch.session = {.id = ++context.info.last_session, .epoch = 1, .last_batch = 0};
  context.session = batch.session.id;
  const bool starts = batch.attention_seen == 0;
  context.tables.InsertSession(
      {.row = batch.session,
       .attention_seen = starts ? context.info.attention : batch.attention_seen,
       .seen_us = context.now,
       .buried_us = std::nullopt,
       .server = batch.server});
}

void BurySessions(ApplyContext& context, const Batch& batch) {
  for (const engine::SessionRow& silent : batch.bury) {
    if (silent.id == context.session) continue;
    std::optional<StoredSession> found = context.tables.FindSession(silent.id);
    if (!found.has_value() || found->buried_us.has_value() || found->row != silent) continue;
    found->buried_us = context.now;
    ++found->row.epoch;
    context.tables.UpdateSession(*found);
  }
}

// The name of a deleted sequence stays until every session that could still issue
// from it has learnt of it, however long that takes.
void Purge(ApplyContext& context) {
  context.tables.EraseSessionsBuriedBefore(context.now - kPurgeAfterUs);
  std::int64_t seen_by_all = context.info.attention;
  for (const StoredSession& session : context.tables.ListSessions()) {
    if (session.buried_us.has_value()) continue;
    seen_by_all = std::min(seen_by_all, session.attention_seen);
  }
  context.tables.EraseDeletedSequencesBefore(context.now - kPurgeAfterUs, seen_by_all);
}

void RotateKeys(ApplyContext& context, std::int64_t expected) {
  StoreInfo& info = context.info;
  const StoreTimeUs part_us = std::chrono::duration_cast<std::chrono::microseconds>(
                                  context.options.request_id_retention / kKeyRotationsPerRetention)
                                  .count();
  if (info.key_rotation != expected || context.now - info.key_rotated_us < part_us) return;
  ++info.key_rotation;
  info.key_rotated_us = context.now;
  const std::size_t slot = info.KeySlot();
  if (info.key_counts[slot] > 0) context.tables.EmptyKeySlot(slot);
  info.key_counts[slot] = 0;
}

void ApplyList(ApplyContext& context, engine::ListPage& page) {
  page.sequences.clear();
  page.counters.clear();
  page.groups.clear();
  if (page.limit <= 0) return;
  const NameRange range{page.prefix, page.after, page.limit};
  if (page.of == engine::ListPage::Of::kCounters) {
    page.counters = context.tables.ListCounters(range);
    return;
  }
  if (page.of == engine::ListPage::Of::kGroups) {
    page.groups = context.tables.ListGroups(range);
    return;
  }
  for (StoredSequence& sequence : context.tables.ListSequences(range)) {
    AddUsage(context, sequence.row);
    page.sequences.push_back(std::move(sequence.row));
  }
}

template <typename Operation>
void ApplyAll(ApplyContext& context, std::vector<Operation>& operations) {
  for (Operation& operation : operations) Apply(context, operation);
}

void ApplyOperations(ApplyContext& context, Batch& batch) {
  ApplyAll(context, batch.opens);
  ApplyAll(context, batch.changes);
  ApplyAll(context, batch.drains);
  ApplyAll(context, batch.give_backs);
  ApplyAll(context, batch.refills);
  ApplyAll(context, batch.acquires);
  ApplyAll(context, batch.draws);
  ApplyAll(context, batch.group_opens);
  ApplyAll(context, batch.group_deletes);
  ApplyAll(context, batch.generator_releases);
  ApplyAll(context, batch.generator_extends);
  ApplyAll(context, batch.lease_renews);
  ApplyAll(context, batch.lease_releases);
  ApplyAll(context, batch.generator_acquires);
  ApplyAll(context, batch.generator_lists);
  ApplyAll(context, batch.adds);
  ApplyAll(context, batch.counter_changes);
  ApplyAll(context, batch.counter_reads);
  for (engine::ListPage& page : batch.lists) ApplyList(context, page);
}

void FillReport(ApplyContext& context, Batch& batch) {
  engine::BatchReport& report = batch.report;
  report = {};
  report.store_time_us = context.now;
  report.suspect = context.info.suspect;
  report.key_rotation = context.info.key_rotation;
  report.attention_seen = context.info.attention;
  // A session that starts from nothing has nothing cached that could be stale.
  const bool starts = batch.kind == Batch::Kind::kOpenSession && batch.attention_seen == 0;
  if (!starts && batch.attention_seen < context.info.attention) {
    report.attention = context.tables.ListAttention(batch.attention_seen);
    report.group_attention = context.tables.ListGroupAttention(batch.attention_seen);
  }
  if (!batch.list_sessions) return;
  report.key_count = context.info.KeyCount();
  for (const StoredSession& session : context.tables.ListSessions()) {
    if (session.row.id == context.session || session.buried_us.has_value()) continue;
    report.sessions.push_back(session.row);
  }
}

// Bumps the epoch first of all: it fences what is still on its way.
BatchOutcome ResolveDoubt(ApplyContext& context, Batch& batch) {
  batch.resolution = {};
  std::optional<StoredSession> found = context.tables.FindSession(batch.session.id);
  if (!found.has_value()) return {};
  ++found->row.epoch;
  found->seen_us = context.now;
  context.tables.UpdateSession(*found);
  batch.resolution = {.found = true,
                      .buried = found->buried_us.has_value(),
                      .epoch = found->row.epoch,
                      .last_batch = found->row.last_batch};
  if (found->row.last_batch != batch.number()) return {};
  const absl::Status decoded = DecodeResults(context.tables.ReadResults(batch.session.id), batch);
  if (!decoded.ok()) return {BatchOutcome::Kind::kRefused, decoded};
  return {};
}

}  // namespace

BatchOutcome ApplyBatch(Tables& tables, const ApplyOptions& options, StoreTimeUs now,
                        Batch& batch) {
  ApplyContext context{.tables = tables,
                       .options = options,
                       .now = now,
                       .session = batch.session.id,
                       .info = {},
                       .alive = {}};
  if (batch.kind == Batch::Kind::kResolveDoubt) return ResolveDoubt(context, batch);

  if (batch.kind != Batch::Kind::kOpenSession &&
      !tables.AdvanceSession(batch.session, batch.attention_seen, now)) {
    return {BatchOutcome::Kind::kFenced,
            absl::AbortedError(absl::StrCat("Session ", batch.session.id, " is not where batch ",
                                            batch.number(), " expects it."))};
  }
  context.info = tables.ReadInfo();
  const StoreInfo info_before = context.info;
  if (batch.kind == Batch::Kind::kOpenSession) OpenSession(context, batch);
  BurySessions(context, batch);
  if (batch.purge) Purge(context);
  if (batch.kind != Batch::Kind::kOpenSession) ApplyOperations(context, batch);
  if (batch.rotate_keys.has_value()) RotateKeys(context, *batch.rotate_keys);
  FillReport(context, batch);
  if (context.info != info_before) tables.WriteInfo(context.info);
  if (batch.kind == Batch::Kind::kOperations) {
    tables.WriteResults(batch.session.id, EncodeResults(batch));
  } else if (batch.kind == Batch::Kind::kCloseSession) {
    tables.EraseSession(batch.session.id);
  }
  return {};
}

}  // namespace mintmark::store
