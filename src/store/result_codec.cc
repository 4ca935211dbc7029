#include "src/store/result_codec.h"

#include <cstdint>

#include "src/store/result_archive.h"

namespace mintmark::store {
namespace {

using engine::Batch;
using Writer = ResultWriter;
using Reader = ResultReader;

constexpr std::int64_t kFormat = 2;

// In the descriptions `value` is const for a Writer and not for a Reader.

constexpr auto kNumber = [](auto& archive, auto& value) { archive.Number64(value); };

constexpr auto kRun = [](auto& archive, auto& run) {
  archive.Number64(run.first);
  archive.Number64(run.limit);
};

constexpr auto kTextFormat = [](auto& archive, auto& format) {
  archive.Number64(format.encoding);
  archive.Text(format.prefix);
  archive.Text(format.suffix);
  archive.Number64(format.width);
  archive.Number64(format.check_character);
};

constexpr auto kSettings = [](auto& archive, auto& settings) {
  archive.Number64(settings.space.min_id);
  archive.Number64(settings.space.max_id);
  archive.Number64(settings.space.step);
  archive.Optional(settings.chunk_size, kNumber);
  archive.Number64(settings.shards);
  archive.Optional(settings.max_gap, kNumber);
  kTextFormat(archive, settings.format);
};

constexpr auto kSequenceRow = [](auto& archive, auto& row) {
  archive.Text(row.name);
  kSettings(archive, row.settings);
  archive.Number64(row.generation);
  archive.Number64(row.revision);
  archive.Number64(row.version);
  archive.Number64(row.frontier);
  archive.Number64(row.wanted);
  archive.Number64(row.drain);
  archive.Number64(row.drain_token);
  archive.Number64(row.drain_frontier);
  kSettings(archive, row.drain_settings);
  archive.Number64(row.create_time_us);
  archive.Number64(row.update_time_us);
  archive.Number64(row.unissued_in_shards);
  archive.Number64(row.largest_window);
};

constexpr auto kCounterRow = [](auto& archive, auto& row) {
  archive.Text(row.name);
  archive.Number64(row.value);
  archive.Number64(row.create_time_us);
  archive.Number64(row.update_time_us);
};

constexpr auto kStoredReply = [](auto& archive, auto& reply) {
  archive.Number64(reply.key);
  archive.Number64(reply.n);
  archive.Number64(reply.flags);
  archive.Number64(reply.generation);
  archive.Number64(reply.step);
  archive.Number64(reply.residue);
  archive.List(reply.runs, kRun);
  archive.Number64(reply.value);
};

constexpr auto kOpen = [](auto& archive, auto& open) {
  archive.Number64(open.result);
  kSequenceRow(archive, open.row);
};

constexpr auto kChange = kOpen;

constexpr auto kDrain = [](auto& archive, auto& drain) {
  archive.Number64(drain.result);
  kSequenceRow(archive, drain.row);
  archive.Number64(drain.new_generation);
};

constexpr auto kGiveBack = [](auto& archive, auto& give_back) {
  archive.Number64(give_back.result);
};

constexpr auto kRefill = [](auto& archive, auto& refill) {
  archive.Number64(refill.result);
  archive.Number64(refill.new_ceiling);
};

constexpr auto kAcquire = [](auto& archive, auto& acquire) {
  archive.Number64(acquire.result);
  archive.Number64(acquire.shard);
  archive.Number64(acquire.epoch);
  archive.Number64(acquire.start);
  archive.Number64(acquire.ceiling);
  archive.Number64(acquire.limit);
  archive.Number64(acquire.wanted);
  archive.Number64(acquire.taken_over);
  archive.Optional(acquire.row, kSequenceRow);
};

constexpr auto kDrawItem = [](auto& archive, auto& item) {
  archive.Number64(item.result);
  archive.List(item.runs, kRun);
  archive.List(item.seen, kStoredReply);
};

constexpr auto kDraw = [](auto& archive, auto& draw) {
  archive.Number64(draw.result);
  archive.Optional(draw.row, kSequenceRow);
  archive.Known(draw.items, kDrawItem);
};

constexpr auto kGroupRow = [](auto& archive, auto& row) {
  archive.Text(row.name);
  auto& layout = row.settings.layout;
  archive.Number64(layout.epoch_us);
  archive.Number64(layout.time_bits);
  archive.Number64(layout.counter_bits);
  archive.Number64(layout.generator_bits);
  archive.Number64(layout.order);
  archive.Number64(layout.unit_us);
  archive.Number64(row.settings.lease_us);
  archive.Number64(row.settings.generator_min);
  archive.Number64(row.settings.generator_max);
  kTextFormat(archive, row.settings.format);
  archive.Number64(row.generation);
  archive.Number64(row.floor_time);
  archive.Number64(row.drain_token);
  archive.Number64(row.create_time_us);
};

constexpr auto kGroupOpen = [](auto& archive, auto& open) {
  archive.Number64(open.result);
  kGroupRow(archive, open.row);
};

constexpr auto kGroupDelete = [](auto& archive, auto& remove) {
  archive.Number64(remove.result);
  archive.Number64(remove.found_token);
  archive.Number64(remove.lease_us);
};

constexpr auto kGeneratorRelease = kGiveBack;

constexpr auto kGeneratorExtend = kRefill;

constexpr auto kLeaseRenew = [](auto& archive, auto& renew) {
  archive.Number64(renew.result);
  archive.Number64(renew.new_ceiling);
  archive.Number64(renew.lease_us);
};

constexpr auto kLeaseRelease = [](auto& archive, auto& release) {
  archive.Number64(release.result);
  archive.Number64(release.start_time);
  archive.Number64(release.ceiling);
};

constexpr auto kGeneratorAcquire = [](auto& archive, auto& acquire) {
  archive.Number64(acquire.result);
  archive.Number64(acquire.id);
  archive.Number64(acquire.epoch);
  archive.Number64(acquire.start_time);
  archive.Number64(acquire.ceiling);
  archive.Text(acquire.held_token);
  archive.Number64(acquire.lease_us);
  archive.Number64(acquire.taken_over);
  archive.Optional(acquire.row, kGroupRow);
  archive.List(acquire.seen, kStoredReply);
};

constexpr auto kAdd = [](auto& archive, auto& add) {
  archive.Number64(add.result);
  archive.Number64(add.value);
  archive.List(add.seen, kStoredReply);
};

constexpr auto kCounterChange = [](auto& archive, auto& change) {
  archive.Number64(change.found);
  kCounterRow(archive, change.row);
};

constexpr auto kCounterRead = [](auto& archive, auto& read) { archive.List(read.values, kNumber); };

constexpr auto kAttention = [](auto& archive, auto& attention) {
  archive.Text(attention.sequence);
  archive.Number64(attention.generation);
  archive.Number64(attention.revision);
  archive.Number64(attention.version);
  archive.Number64(attention.wanted);
  archive.Number64(attention.draining);
};

constexpr auto kGroupAttention = [](auto& archive, auto& attention) {
  archive.Text(attention.group);
  archive.Number64(attention.generation);
  archive.Number64(attention.draining);
};

constexpr auto kSession = [](auto& archive, auto& session) {
  archive.Number64(session.id);
  archive.Number64(session.epoch);
  archive.Number64(session.last_batch);
};

constexpr auto kReport = [](auto& archive, auto& report) {
  archive.Number64(report.store_time_us);
  archive.Number64(report.suspect);
  archive.Number64(report.attention_seen);
  archive.List(report.attention, kAttention);
  archive.List(report.group_attention, kGroupAttention);
  archive.List(report.sessions, kSession);
  archive.Number64(report.key_rotation);
  archive.Number64(report.key_count);
};

constexpr auto kBatch = [](auto& archive, auto& batch) {
  kReport(archive, batch.report);
  archive.Known(batch.opens, kOpen);
  archive.Known(batch.changes, kChange);
  archive.Known(batch.drains, kDrain);
  archive.Known(batch.give_backs, kGiveBack);
  archive.Known(batch.refills, kRefill);
  archive.Known(batch.acquires, kAcquire);
  archive.Known(batch.draws, kDraw);
  archive.Known(batch.group_opens, kGroupOpen);
  archive.Known(batch.group_deletes, kGroupDelete);
  archive.Known(batch.generator_releases, kGeneratorRelease);
  archive.Known(batch.generator_extends, kGeneratorExtend);
  archive.Known(batch.lease_renews, kLeaseRenew);
  archive.Known(batch.lease_releases, kLeaseRelease);
  archive.Known(batch.generator_acquires, kGeneratorAcquire);
  archive.Known(batch.adds, kAdd);
  archive.Known(batch.counter_changes, kCounterChange);
  archive.Known(batch.counter_reads, kCounterRead);
};

}  // namespace

std::string EncodeResults(const Batch& batch) {
  Writer writer;
  writer.Number64(kFormat);
  kBatch(writer, batch);
  return writer.Take();
}

absl::Status DecodeResults(absl::string_view bytes, Batch& batch) {
  Reader reader(bytes);
  std::int64_t format = 0;
  reader.Number64(format);
  if (reader.ok() && format == kFormat) kBatch(reader, batch);
  for (engine::ListPage& page : batch.lists) {
    page.sequences.clear();
    page.counters.clear();
    page.groups.clear();
  }
  for (engine::GeneratorList& list : batch.generator_lists) {
    list.found = false;
    list.rows.clear();
  }
  if (!reader.ok() || format != kFormat || !reader.AtEnd()) {
    return absl::InternalError(
        "The results stored for a batch in doubt do not belong to this batch.");
  }
  return absl::OkStatus();
}

std::string EncodeRuns(const std::vector<Run>& runs) {
  Writer writer;
  writer.List(runs, kRun);
  return writer.Take();
}

bool DecodeRuns(absl::string_view bytes, std::vector<Run>& runs) {
  Reader reader(bytes);
  reader.List(runs, kRun);
  return reader.ok() && reader.AtEnd();
}

}  // namespace mintmark::store
