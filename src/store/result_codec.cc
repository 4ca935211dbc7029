#include "src/store/result_codec.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>

namespace mintmark::store {
namespace {

using engine::Batch;

constexpr std::int64_t kFormat = 1;

// Writer and Reader have the same methods, so that one description of each
// structure (Visit, below) serves both directions. Integers are zigzag varints.
class Writer {
 public:
  template <typename Number>
  void Number64(const Number& value) {
    const auto number = static_cast<std::int64_t>(value);
    auto bits =
        (static_cast<std::uint64_t>(number) << 1) ^ static_cast<std::uint64_t>(number >> 63);
    while (bits >= 0x80) {
      bytes_.push_back(static_cast<char>(bits | 0x80));
      bits >>= 7;
    }
    bytes_.push_back(static_cast<char>(bits));
  }

  void Text(const std::string& text) {
    Number64(text.size());
    bytes_.append(text);
  }

  template <typename Value, typename VisitValue>
  void Optional(const std::optional<Value>& value, const VisitValue& visit) {
    Number64(value.has_value());
    if (value.has_value()) visit(*this, *value);
  }

  template <typename Value, typename VisitValue>
  void List(const std::vector<Value>& list, const VisitValue& visit) {
    Number64(list.size());
    for (const Value& value : list) visit(*this, value);
  }

  // A list whose length the reader knows.
  template <typename Value, typename VisitValue>
  void Known(const std::vector<Value>& list, const VisitValue& visit) {
    List(list, visit);
  }

  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

class Reader {
 public:
  explicit Reader(absl::string_view bytes) : bytes_(bytes) {}

  bool ok() const { return ok_; }
  bool AtEnd() const { return bytes_.empty(); }

  template <typename Number>
  void Number64(Number& value) {
    std::uint64_t bits = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (bytes_.empty()) return Fail();
      const auto byte = static_cast<unsigned char>(bytes_.front());
      bytes_.remove_prefix(1);
      bits |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const auto number = static_cast<std::int64_t>((bits >> 1) ^ (~(bits & 1) + 1));
    value = static_cast<Number>(number);
  }

  void Text(std::string& text) {
    const std::size_t size = Size();
    text.assign(bytes_.data(), size);
    bytes_.remove_prefix(size);
  }

  template <typename Value, typename VisitValue>
  void Optional(std::optional<Value>& value, const VisitValue& visit) {
    bool has_value = false;
    Number64(has_value);
    value.reset();
    if (has_value && ok_) visit(*this, value.emplace());
  }

  template <typename Value, typename VisitValue>
  void List(std::vector<Value>& list, const VisitValue& visit) {
    // Every element takes at least a byte, so that no size can be absurd.
    list.assign(Size(), Value{});
    for (Value& value : list) visit(*this, value);
  }

  template <typename Value, typename VisitValue>
  void Known(std::vector<Value>& list, const VisitValue& visit) {
    if (Size() != list.size()) return Fail();
    for (Value& value : list) visit(*this, value);
  }

 private:
  // A size that the remaining bytes can hold.
  std::size_t Size() {
    std::int64_t size = 0;
    Number64(size);
    if (size < 0 || static_cast<std::uint64_t>(size) > bytes_.size()) {
      Fail();
      return 0;
    }
    return static_cast<std::size_t>(size);
  }

  void Fail() {
    ok_ = false;
    bytes_ = {};
  }

  absl::string_view bytes_;
  bool ok_ = true;
};

// In the descriptions `value` is const for a Writer and not for a Reader.

constexpr auto kNumber = [](auto& archive, auto& value) { archive.Number64(value); };

constexpr auto kRun = [](auto& archive, auto& run) {
  archive.Number64(run.first);
  archive.Number64(run.limit);
};

constexpr auto kSettings = [](auto& archive, auto& settings) {
  archive.Number64(settings.space.min_id);
  archive.Number64(settings.space.max_id);
  archive.Number64(settings.space.step);
  archive.Optional(settings.chunk_size, kNumber);
  archive.Number64(settings.shards);
  archive.Optional(settings.max_gap, kNumber);
  archive.Number64(settings.format.encoding);
  archive.Text(settings.format.prefix);
  archive.Text(settings.format.suffix);
  archive.Number64(settings.format.width);
  archive.Number64(settings.format.check_character);
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
