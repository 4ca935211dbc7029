#include "src/store/postgres/batch_results.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "src/core/id_space.h"
#include "src/store/postgres/answer_reader.h"
#include "src/store/postgres/array_text.h"
#include "src/store/postgres/group_results.h"

namespace mintmark::store {
namespace {

using engine::Batch;
using engine::DrawItem;

using Numbers = std::vector<std::optional<std::int64_t>>;
using Reader = AnswerReader;

using engine::Acquire;
using engine::CounterAdd;
using engine::CounterChange;
using engine::DrainKind;
using engine::Draw;
using engine::GiveBack;
using engine::SequenceChange;
using engine::SequenceDrain;
using engine::SequenceOpen;
static_assert(IsNumber(SequenceOpen::Result::kFound, 0) &&
              IsNumber(SequenceOpen::Result::kCreated, 1) &&
              IsNumber(SequenceOpen::Result::kAbsent, 2));
static_assert(IsNumber(SequenceChange::Result::kDone, 0) &&
              IsNumber(SequenceChange::Result::kAbsent, 1) &&
              IsNumber(SequenceChange::Result::kChanged, 2) &&
              IsNumber(SequenceChange::Result::kDraining, 3) &&
              IsNumber(SequenceChange::Result::kWouldReuse, 4));
static_assert(IsNumber(SequenceDrain::Result::kFinished, 0) &&
              IsNumber(SequenceDrain::Result::kWaiting, 1) &&
              IsNumber(SequenceDrain::Result::kOver, 2));
static_assert(IsNumber(DrainKind::kNone, 0) && IsNumber(DrainKind::kReset, 1) &&
              IsNumber(DrainKind::kDelete, 2) && IsNumber(DrainKind::kTighten, 3));
static_assert(IsNumber(GiveBack::Result::kGiven, 0) && IsNumber(GiveBack::Result::kReturned, 1) &&
              IsNumber(GiveBack::Result::kVoid, 2));
static_assert(IsNumber(Acquire::Result::kAcquired, 0) && IsNumber(Acquire::Result::kNoShard, 1) &&
              IsNumber(Acquire::Result::kStale, 2) && IsNumber(Acquire::Result::kDraining, 3));
static_assert(IsNumber(Draw::Result::kServed, 0) && IsNumber(Draw::Result::kStale, 1) &&
              IsNumber(Draw::Result::kDraining, 2));
static_assert(IsNumber(DrawItem::Shape::kAll, 0) && IsNumber(DrawItem::Shape::kUpTo, 1) &&
              IsNumber(DrawItem::Shape::kOneRun, 2) && IsNumber(DrawItem::Shape::kOneRunOfAll, 3));
static_assert(IsNumber(DrawItem::Result::kDrawn, 0) && IsNumber(DrawItem::Result::kHeld, 1) &&
              IsNumber(DrawItem::Result::kExhausted, 2) &&
              IsNumber(DrawItem::Result::kKeysSeen, 3) &&
              IsNumber(DrawItem::Result::kOneByOne, 4) && IsNumber(DrawItem::Result::kKeysFull, 5));
static_assert(IsNumber(CounterAdd::Result::kAdded, 0) &&
              IsNumber(CounterAdd::Result::kOverflow, 1) &&
              IsNumber(CounterAdd::Result::kKeysSeen, 2) &&
              IsNumber(CounterAdd::Result::kAbsent, 3) &&
              IsNumber(CounterAdd::Result::kKeysFull, 4));
static_assert(IsNumber(CounterChange::Kind::kGet, 0) && IsNumber(CounterChange::Kind::kSet, 1) &&
              IsNumber(CounterChange::Kind::kDelete, 2));

absl::string_view TextOf(const pqxx::field& field) {
  return field.is_null() ? absl::string_view("{}") : absl::string_view(field.c_str(), field.size());
}

// mintmark.settings_of(); the texts come apart.
engine::SequenceSettings ReadSettings(Reader& reader) {
  engine::SequenceSettings settings;
  settings.space.min_id = reader.Number();
  settings.space.max_id = reader.Number();
  settings.space.step = reader.Number();
  settings.chunk_size = reader.OptionalNumber();
  settings.shards = static_cast<std::int32_t>(reader.Number());
  settings.max_gap = reader.OptionalNumber();
  settings.format.encoding = reader.Value(Encoding::kBase62);
  settings.format.width = static_cast<std::int32_t>(reader.Number());
  settings.format.check_character = reader.Bool();
  reader.OptionalNumber();  // First position, limit and residue follow from the rest.
  reader.OptionalNumber();
  reader.OptionalNumber();
  return settings;
}

// mintmark.sequence_outcome()
engine::SequenceRow ReadSequence(Reader& reader) {
  engine::SequenceRow row;
  row.generation = reader.Number();
  row.revision = reader.Number();
  row.version = reader.Number();
  row.frontier = reader.Number();
  row.wanted = reader.Number();
  row.create_time_us = reader.Number();
  row.update_time_us = reader.Number();
  row.unissued_in_shards = reader.Number();
  row.largest_window = reader.Number();
  row.settings = ReadSettings(reader);
  row.drain = reader.Value(DrainKind::kTighten);
  row.drain_token = reader.Number();
  row.drain_frontier = reader.Number();
  const bool has_drain_settings = reader.OptionalNumber().has_value();
  if (has_drain_settings) row.drain_settings = ReadSettings(reader);
  row.name = reader.Text();
  row.settings.format.prefix = reader.Text();
  row.settings.format.suffix = reader.Text();
  if (has_drain_settings) {
    row.drain_settings.format.prefix = reader.Text();
    row.drain_settings.format.suffix = reader.Text();
  }
  return row;
}

void Read(Reader& reader, SequenceOpen& open) {
  open.row = {};
  open.result = reader.Value(SequenceOpen::Result::kAbsent);
  if (open.result != SequenceOpen::Result::kAbsent) open.row = ReadSequence(reader);
}

void Read(Reader& reader, SequenceChange& change) {
  change.row = {};
  change.result = reader.Value(SequenceChange::Result::kWouldReuse);
  if (change.result != SequenceChange::Result::kAbsent) change.row = ReadSequence(reader);
}

void Read(Reader& reader, SequenceDrain& drain) {
  drain.row = {};
  drain.new_generation = 0;
  drain.result = reader.Value(SequenceDrain::Result::kOver);
  if (drain.result == SequenceDrain::Result::kWaiting) drain.row = ReadSequence(reader);
  if (drain.result == SequenceDrain::Result::kFinished && reader.Bool()) {
    drain.row = ReadSequence(reader);
    drain.new_generation = drain.row.generation;
  }
}

void Read(Reader& reader, GiveBack& give_back) {
  give_back.result = reader.Value(GiveBack::Result::kVoid);
}

void Read(Reader& reader, engine::Refill& refill) {
  const std::optional<std::int64_t> ceiling = reader.OptionalNumber();
  refill.result =
      ceiling.has_value() ? engine::Refill::Result::kMoved : engine::Refill::Result::kLost;
  refill.new_ceiling = ceiling.value_or(0);
}

void Read(Reader& reader, Acquire& acquire) {
  acquire.shard = acquire.epoch = acquire.wanted = 0;
  acquire.start = acquire.ceiling = acquire.limit = 0;
  acquire.taken_over = false;
  acquire.row.reset();
  acquire.result = reader.Value(Acquire::Result::kDraining);
  switch (acquire.result) {
    case Acquire::Result::kAcquired:
      acquire.shard = reader.Number();
      acquire.epoch = reader.Number();
      acquire.start = reader.Number();
      acquire.ceiling = reader.Number();
      acquire.limit = reader.Number();
      acquire.wanted = reader.Number();
      acquire.taken_over = reader.Bool();
      break;
    case Acquire::Result::kNoShard:
      break;
    case Acquire::Result::kStale:
    case Acquire::Result::kDraining:
      if (reader.Bool()) acquire.row = ReadSequence(reader);
      break;
  }
}

void Read(Reader& reader, DrawItem& item) {
  item.runs.clear();
  item.seen.clear();
  item.result = reader.Value(DrawItem::Result::kKeysFull);
  if (item.result == DrawItem::Result::kDrawn) ReadRuns(reader, item.runs);
  if (item.result == DrawItem::Result::kKeysSeen) ReadReplies(reader, item.seen);
}

void Read(Reader& reader, Draw& draw) {
  draw.row.reset();
  draw.result = reader.Value(Draw::Result::kDraining);
  if (draw.result == Draw::Result::kServed) {
    for (DrawItem& item : draw.items) Read(reader, item);
  } else if (reader.Bool()) {
    draw.row = ReadSequence(reader);
  }
}

// A draw that was served together with others: its items one after the other, from
// `first` on.
void ServeFrom(std::int64_t first, Draw& draw) {
  draw.row.reset();
  draw.result = Draw::Result::kServed;
  for (DrawItem& item : draw.items) {
    item.result = DrawItem::Result::kDrawn;
    item.seen.clear();
    item.runs = {{first, first + item.n}};
    first += item.n;
  }
}

void Read(Reader& reader, CounterAdd& add) {
  add.value = 0;
  add.seen.clear();
  add.result = reader.Value(CounterAdd::Result::kKeysFull);
  if (add.result == CounterAdd::Result::kAdded || add.result == CounterAdd::Result::kOverflow) {
    add.value = reader.Number();
  }
  if (add.result == CounterAdd::Result::kKeysSeen) ReadReplies(reader, add.seen);
}

void Read(Reader& reader, CounterChange& change) {
  change.row = {};
  change.found = reader.Bool();
  if (!reader.Bool()) return;
  change.row.name = change.name;
  change.row.value = reader.Number();
  change.row.create_time_us = reader.Number();
  change.row.update_time_us = reader.Number();
}

void Read(Reader& reader, engine::CounterRead& read) {
  read.values.resize(read.names.size());
  for (std::int64_t& value : read.values) value = reader.Number();
}

void Read(Reader& reader, engine::ListPage& page) {
  const std::size_t count = reader.Count();
  for (std::size_t i = 0; i < count; ++i) {
    if (page.of == engine::ListPage::Of::kSequences) {
      page.sequences.push_back(ReadSequence(reader));
    } else if (page.of == engine::ListPage::Of::kGroups) {
      page.groups.push_back(ReadGroup(reader));
    } else {
      engine::CounterRow& row = page.counters.emplace_back();
      row.value = reader.Number();
      row.create_time_us = reader.Number();
      row.update_time_us = reader.Number();
      row.name = reader.Text();
    }
  }
}

// mintmark.report_v1() and report_groups_v1()
void ReadReport(Reader& reader, Batch& batch, std::optional<std::int64_t>& key_count) {
  engine::BatchReport& report = batch.report;
  report = {};
  report.store_time_us = reader.Number();
  report.suspect = reader.Bool();
  report.attention_seen = reader.Number();
  report.key_rotation = reader.Number();
  key_count = reader.OptionalNumber();
  if (batch.list_sessions) report.key_count = key_count.value_or(0);
  report.attention.resize(reader.Count());
  for (engine::Attention& attention : report.attention) {
    attention.generation = reader.Number();
    attention.revision = reader.Number();
    attention.version = reader.Number();
    attention.wanted = reader.Number();
    attention.draining = reader.Bool();
    attention.sequence = reader.Text();
  }
  report.sessions.resize(reader.Count());
  for (engine::SessionRow& session : report.sessions) {
    session.id = reader.Number();
    session.epoch = reader.Number();
    session.last_batch = reader.Number();
  }
  ReadGroupAttention(reader, report.group_attention);
}

template <typename Operation>
void ReadAll(Reader& reader, std::vector<Operation>& operations) {
  for (Operation& operation : operations) Read(reader, operation);
}

// The results of operations that were done together are in `bulk`, by their
// places; those of the others come from the reader.
template <typename Operation, typename Bulk>
bool ReadAll(Reader& reader, const Numbers& bulk, std::vector<Operation>& operations,
             const Bulk& done) {
  if (bulk.size() != operations.size()) return false;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (bulk[i].has_value()) {
      done(*bulk[i], operations[i]);
    } else {
      Read(reader, operations[i]);
    }
  }
  return true;
}

absl::Status NotOurs() {
  return absl::InternalError(
      "The store's answer does not belong to the batch; is its schema mintmark's own?");
}

}  // namespace

absl::Status ReadResults(const pqxx::row& row, bool with_pages, Batch& batch,
                         std::optional<std::int64_t>& key_count) {
  Reader reader(TextOf(row["nums"]), TextOf(row["texts"]));
  Numbers draw_firsts;
  Numbers add_values;
  if (!ParseNumbers(TextOf(row["draw_firsts"]), draw_firsts) ||
      !ParseNumbers(TextOf(row["add_values"]), add_values)) {
    return NotOurs();
  }
  ReadAll(reader, batch.opens);
  ReadAll(reader, batch.changes);
  ReadAll(reader, batch.drains);
  ReadAll(reader, batch.give_backs);
  ReadAll(reader, batch.refills);
  ReadAll(reader, batch.acquires);
  const bool has_draws = ReadAll(reader, draw_firsts, batch.draws, ServeFrom);
  ReadGroupOperations(reader, batch);
  const bool has_adds =
      ReadAll(reader, add_values, batch.adds, [](std::int64_t value, CounterAdd& add) {
        add.result = CounterAdd::Result::kAdded;
        add.value = value;
        add.seen.clear();
      });
  ReadAll(reader, batch.counter_changes);
  ReadAll(reader, batch.counter_reads);
  ReadReport(reader, batch, key_count);
  if (!has_draws || !has_adds || !reader.AtEnd()) return NotOurs();

  for (engine::ListPage& page : batch.lists) {
    page.sequences.clear();
    page.counters.clear();
    page.groups.clear();
  }
  for (engine::GeneratorList& list : batch.generator_lists) {
    list.found = false;
    list.rows.clear();
  }
  if (!with_pages) return absl::OkStatus();
  Reader page_reader(TextOf(row["page_nums"]), TextOf(row["page_texts"]));
  ReadAll(page_reader, batch.lists);
  for (engine::GeneratorList& list : batch.generator_lists) ReadGenerators(page_reader, list);
  return page_reader.AtEnd() ? absl::OkStatus() : NotOurs();
}

absl::Status ReadOpenedSession(const pqxx::row& row, Batch& batch) {
  Reader reader(TextOf(row["nums"]), TextOf(row["texts"]));
  batch.session = {.id = reader.Number(), .epoch = 1, .last_batch = 0};
  std::optional<std::int64_t> key_count;
  ReadReport(reader, batch, key_count);
  return reader.AtEnd() ? absl::OkStatus() : NotOurs();
}

}  // namespace mintmark::store
