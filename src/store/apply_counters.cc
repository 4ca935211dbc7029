// Counters.
#include <cstdint>
#include <optional>
#include <vector>

#include "src/store/apply_context.h"

namespace mintmark::store {
namespace {

using engine::CounterAdd;
using engine::CounterChange;
using engine::CounterRead;
using engine::CounterRow;

// `value` plus the add's sum, unless the add does not allow it or it, or what one
// of the keys is to remember, leaves 64 bits.
std::optional<std::int64_t> SumOf(const CounterAdd& add, std::int64_t value) {
  if (value < add.lo || value > add.hi) return std::nullopt;
  std::int64_t sum = 0;
  for (const engine::Key& key : add.keys) {
    if (__builtin_add_overflow(value, key.share, &sum)) return std::nullopt;
  }
  if (__builtin_add_overflow(value, add.sum, &sum)) return std::nullopt;
  return sum;
}

void InsertKeys(ApplyContext& context, const CounterAdd& add, std::int64_t value_before) {
  for (const engine::Key& key : add.keys) {
    engine::StoredReply reply;
    reply.n = key.n;
    reply.flags = key.flags;
    reply.value = value_before + key.share;
    context.InsertKey(add.name, key, reply);
  }
}

}  // namespace

void Apply(ApplyContext& context, CounterAdd& add) {
  using Result = CounterAdd::Result;
  add.value = 0;
  add.seen = context.FindKeys(add.name, add.keys);
  if (!add.seen.empty()) {
    add.result = Result::kKeysSeen;
    return;
  }
  std::optional<CounterRow> counter = context.tables.FindCounter(add.name);
  if (!counter.has_value() && !add.create) {
    add.result = Result::kAbsent;
    return;
  }
  if (!context.HasRoomForKeys(add.keys.size())) {
    add.result = Result::kKeysFull;
    return;
  }
  const bool is_new = !counter.has_value();
  const std::int64_t value_before = is_new ? 0 : counter->value;
  const std::optional<std::int64_t> sum = SumOf(add, value_before);
  if (!sum.has_value()) {
    add.result = Result::kOverflow;
    add.value = value_before;
    return;
  }
  if (is_new) {
    context.tables.InsertCounter({add.name, *sum, context.now, context.now});
  } else {
    counter->value = *sum;
    counter->update_time_us = context.now;
    context.tables.UpdateCounter(*counter);
  }
  InsertKeys(context, add, value_before);
  add.result = Result::kAdded;
  add.value = *sum;
}

void Apply(ApplyContext& context, CounterChange& change) {
  std::optional<CounterRow> counter = context.tables.FindCounter(change.name);
  change.found = counter.has_value();
  change.row = {};
  switch (change.kind) {
    case CounterChange::Kind::kGet:
      break;
    case CounterChange::Kind::kDelete:
      if (change.found) context.tables.EraseCounter(change.name);
      return;
    case CounterChange::Kind::kSet:
      if (change.found) {
        counter->value = change.value;
        counter->update_time_us = context.now;
        context.tables.UpdateCounter(*counter);
      } else {
        counter = CounterRow{change.name, change.value, context.now, context.now};
        context.tables.InsertCounter(*counter);
      }
      break;
  }
  if (counter.has_value()) change.row = *std::move(counter);
}

void Apply(ApplyContext& context, CounterRead& read) {
  read.values.clear();
  read.values.reserve(read.names.size());
  for (const std::string& name : read.names) {
    const std::optional<CounterRow> counter = context.tables.FindCounter(name);
    read.values.push_back(counter.has_value() ? counter->value : 0);
  }
}

}  // namespace mintmark::store
