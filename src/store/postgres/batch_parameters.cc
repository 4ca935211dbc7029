#include "src/store/postgres/batch_parameters.h"

#include <algorithm>
#include <cstddef>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/id_space.h"
#include "src/store/postgres/group_parameters.h"
#include "src/store/postgres/key_hash.h"

namespace mintmark::store {
namespace {

using engine::Batch;
using engine::CounterAdd;
using engine::Draw;
using engine::DrawItem;

// The numbers of operations in the arrays, as the functions of the schema read
// them (run_sequence_operations_v1, run_counter_operations_v1).
constexpr std::int64_t kOpen = 1;
constexpr std::int64_t kOpenOrCreate = 2;
constexpr std::int64_t kChange = 3;
constexpr std::int64_t kDrain = 4;
constexpr std::int64_t kGiveBack = 5;
constexpr std::int64_t kRefill = 6;
constexpr std::int64_t kAcquire = 7;
constexpr std::int64_t kChangeCounter = 1;
constexpr std::int64_t kReadCounters = 2;
constexpr std::int64_t kListGenerators = 3;  // After those of ListPage::Of.

constexpr std::int64_t kModeCreate = 1;
constexpr std::int64_t kModeFirst = 2;

const char* ToText(bool value) { return value ? "t" : "f"; }

// In the order of mintmark.settings_of().
void AddSettings(const engine::SequenceSettings& settings, ArrayText& numbers, ArrayText& texts) {
  const IdSpace& space = settings.space;
  numbers.AddAll({space.min_id, space.max_id, space.step});
  numbers.Add(settings.chunk_size);
  numbers.Add(std::int64_t{settings.shards});
  numbers.Add(settings.max_gap);
  numbers.AddAll({static_cast<std::int64_t>(settings.format.encoding), settings.format.width,
                  settings.format.check_character ? 1 : 0, space.FirstPosition(),
                  space.LimitPosition(), space.Residue()});
  texts.Add(settings.format.prefix);
  texts.Add(settings.format.suffix);
}

void AddBury(const Batch& batch, ArrayText& bury) {
  for (const engine::SessionRow& silent : batch.bury) {
    bury.AddAll({silent.id, silent.epoch, silent.last_batch});
  }
}

void AddRotation(const Batch& batch, const BatchLimits& limits, ArrayText& rotate) {
  if (batch.rotate_keys.has_value()) rotate.AddAll({*batch.rotate_keys, limits.key_part_us});
}

// What a draw's items ask for together; nothing when they cannot be served as one
// run: it would not fit a number, or the same request id is there twice, so that
// the second is to be told what the first got.
std::optional<std::int64_t> TotalOf(const Draw& draw) {
  std::int64_t total = 0;
  std::set<std::pair<engine::KeyKind, std::string>> ids;
  for (const DrawItem& item : draw.items) {
    if (item.n < 1 || __builtin_add_overflow(total, item.n, &total)) return std::nullopt;
    if (draw.items.size() == 1) continue;
    for (const engine::Key& key : item.keys) {
      if (!ids.emplace(key.kind, key.id).second) return std::nullopt;
    }
  }
  return total;
}

// Between which values an add fits: what it allows, less those from which it, or
// what one of its keys is to remember, would leave 64 bits.
std::pair<std::int64_t, std::int64_t> BoundsOf(const CounterAdd& add) {
  std::int64_t lo = add.lo;
  std::int64_t hi = add.hi;
  const auto narrow = [&](std::int64_t delta) {
    if (delta < 0) lo = std::max(lo, INT64_MIN - delta);
    if (delta > 0) hi = std::min(hi, INT64_MAX - delta);
  };
  narrow(add.sum);
  for (const engine::Key& key : add.keys) narrow(key.share);
  return {lo, hi};
}

void AddKey(const engine::Key& key, const std::string& name, std::int64_t owner, ArrayText& owners,
            ArrayText& kinds, ArrayText& ids, ArrayText& hashes, ArrayText& ns, ArrayText& flags) {
  owners.Add(owner);
  kinds.Add(static_cast<std::int64_t>(key.kind));
  ids.Add(key.id);
  hashes.Add(KeyHash(key.kind, name, key.id));
  ns.Add(key.n);
  flags.Add(std::int64_t{key.flags});
}

}  // namespace

const Statement OpenSessionCall::kStatement = {
    "mintmark_open_session_v2",
    "SELECT * FROM mintmark.open_session_v2($1, $2, $3, $4, $5, $6, $7)"};

OpenSessionCall::OpenSessionCall(const Batch& batch, const BatchLimits& limits)
    : lock_timeout_(limits.lock_timeout),
      server_(batch.server),
      attention_seen_(absl::StrCat(batch.attention_seen)),
      list_sessions_(ToText(batch.list_sessions)),
      purge_(ToText(batch.purge)) {
  AddBury(batch, bury_);
  AddRotation(batch, limits, rotate_);
}

Connection::Parameters OpenSessionCall::Parameters() {
  return {lock_timeout_.c_str(), server_.c_str(), attention_seen_.c_str(), list_sessions_, purge_,
          bury_.Finish(),        rotate_.Finish()};
}

const Statement ResolveCall::kStatement = {"mintmark_resolve_v1",
                                           "SELECT * FROM mintmark.resolve_v1($1, $2)"};

ResolveCall::ResolveCall(const Batch& batch, const BatchLimits& limits)
    : lock_timeout_(limits.lock_timeout), session_(absl::StrCat(batch.session.id)) {}

Connection::Parameters ResolveCall::Parameters() {
  return {lock_timeout_.c_str(), session_.c_str()};
}

const Statement CommitCall::kStatement = {
    "mintmark_commit_v2",
    "SELECT * FROM mintmark.commit_v2("
    "$1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, "
    "$21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, "
    "$39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54)"};

CommitCall::CommitCall(const Batch& batch, const BatchLimits& limits)
    : session_(absl::StrCat(batch.session.id)),
      epoch_(absl::StrCat(batch.session.epoch)),
      number_(absl::StrCat(batch.number())),
      lock_timeout_(limits.lock_timeout),
      attention_seen_(absl::StrCat(batch.attention_seen)),
      list_sessions_(ToText(batch.list_sessions)),
      purge_(ToText(batch.purge)),
      close_(ToText(batch.kind == Batch::Kind::kCloseSession)),
      group_keys_(ToText(HasGroupKeys(batch))),
      key_room_(limits.key_room.has_value()
                    ? std::optional<std::string>(absl::StrCat(*limits.key_room))
                    : std::nullopt),
      max_keys_(absl::StrCat(limits.max_keys)) {
  AddBury(batch, bury_);
  AddRotation(batch, limits, rotate_);
  AddOpens(batch);
  AddSequenceOperations(batch);
  AddDraws(batch);
  AddGroupOperations(batch, group_ops_, group_texts_);
  AddAdds(batch);
  AddCounterOperations(batch);
  AddPages(batch);
  LockNames(batch);
}

Connection::Parameters CommitCall::Parameters() {
  return {session_.c_str(),
          epoch_.c_str(),
          number_.c_str(),
          lock_timeout_.c_str(),
          attention_seen_.c_str(),
          list_sessions_,
          purge_,
          close_,
          bury_.Finish(),
          rotate_.Finish(),
          key_room_.has_value() ? key_room_->c_str() : nullptr,
          max_keys_.c_str(),
          opens_.Finish(),
          open_texts_.Finish(),
          lock_sequences_.Finish(),
          sequence_ops_.Finish(),
          sequence_texts_.Finish(),
          draw_names_.Finish(),
          draw_generations_.Finish(),
          draw_revisions_.Finish(),
          draw_totals_.Finish(),
          item_draws_.Finish(),
          item_shapes_.Finish(),
          item_ns_.Finish(),
          draw_keys_.owners.Finish(),
          draw_keys_.kinds.Finish(),
          draw_keys_.ids.Finish(),
          draw_keys_.hashes.Finish(),
          draw_keys_.ns.Finish(),
          draw_keys_.flags.Finish(),
          draw_keys_.shares.Finish(),
          draw_keys_.offsets.Finish(),
          group_ops_.Finish(),
          group_texts_.Finish(),
          group_keys_,
          lock_counters_.Finish(),
          bulk_lo_.c_str(),
          bulk_hi_.c_str(),
          add_names_.Finish(),
          add_sums_.Finish(),
          add_los_.Finish(),
          add_his_.Finish(),
          add_modes_.Finish(),
          add_keys_.owners.Finish(),
          add_keys_.kinds.Finish(),
          add_keys_.ids.Finish(),
          add_keys_.hashes.Finish(),
          add_keys_.ns.Finish(),
          add_keys_.flags.Finish(),
          add_keys_.shares.Finish(),
          counter_ops_.Finish(),
          counter_texts_.Finish(),
          pages_.Finish(),
          page_texts_.Finish()};
}

void CommitCall::AddOpens(const Batch& batch) {
  for (const engine::SequenceOpen& open : batch.opens) {
    opens_.AddAll({open.create_as.has_value() ? kOpenOrCreate : kOpen, open.want_usage ? 1 : 0});
    open_texts_.Add(open.name);
    if (open.create_as.has_value()) AddSettings(*open.create_as, opens_, open_texts_);
  }
}

void CommitCall::AddSequenceOperations(const Batch& batch) {
  for (const engine::SequenceChange& change : batch.changes) {
    sequence_ops_.AddAll({kChange, change.expected_version, static_cast<std::int64_t>(change.drain),
                          change.frontier, change.allow_reuse ? 1 : 0});
    sequence_texts_.Add(change.name);
    AddSettings(change.settings, sequence_ops_, sequence_texts_);
  }
  for (const engine::SequenceDrain& drain : batch.drains) {
    sequence_ops_.AddAll({kDrain, drain.token, drain.finish_anyway ? 1 : 0});
    sequence_texts_.Add(drain.name);
  }
  for (const engine::GiveBack& give_back : batch.give_backs) {
    sequence_ops_.AddAll({kGiveBack, give_back.shard, give_back.owner, give_back.epoch,
                          give_back.generation, give_back.position, give_back.ceiling});
    sequence_texts_.Add(give_back.sequence);
  }
  for (const engine::Refill& refill : batch.refills) {
    sequence_ops_.AddAll(
        {kRefill, refill.shard, refill.epoch, refill.generation, refill.position, refill.ceiling});
    sequence_texts_.Add(refill.sequence);
  }
  for (const engine::Acquire& acquire : batch.acquires) {
    sequence_ops_.AddAll({kAcquire, acquire.generation, acquire.revision, acquire.window,
                          acquire.chunk, acquire.adaptive_chunk ? 1 : 0});
    sequence_texts_.Add(acquire.sequence);
  }
}

void CommitCall::AddDraws(const Batch& batch) {
  std::int64_t place = 0;
  for (const Draw& draw : batch.draws) {
    draw_names_.Add(draw.sequence);
    draw_generations_.Add(draw.generation);
    draw_revisions_.Add(draw.revision);
    draw_totals_.Add(TotalOf(draw));
    AddItems(draw, ++place);
  }
}

void CommitCall::AddItems(const Draw& draw, std::int64_t place) {
  // Reckoned without overflow checks: only used where TotalOf() found none.
  std::uint64_t item_offset = 0;
  for (const DrawItem& item : draw.items) {
    item_draws_.Add(place);
    item_shapes_.Add(static_cast<std::int64_t>(item.shape));
    item_ns_.Add(item.n);
    ++items_;
    std::uint64_t offset = item_offset;
    for (const engine::Key& key : item.keys) {
      const std::int64_t share = item.keys.size() == 1 ? item.n : key.share;
      AddKey(key, draw.sequence, items_, draw_keys_.owners, draw_keys_.kinds, draw_keys_.ids,
             draw_keys_.hashes, draw_keys_.ns, draw_keys_.flags);
      draw_keys_.shares.Add(share);
      draw_keys_.offsets.Add(static_cast<std::int64_t>(offset));
      offset += static_cast<std::uint64_t>(share);
    }
    item_offset += static_cast<std::uint64_t>(item.n);
  }
}

void CommitCall::AddAdds(const Batch& batch) {
  const std::string* last_name = nullptr;
  std::int64_t place = 0;
  for (const CounterAdd& add : batch.adds) {
    ++place;
    const bool is_first = last_name == nullptr || *last_name != add.name;
    last_name = &add.name;
    const auto [lo, hi] = BoundsOf(add);
    add_names_.Add(add.name);
    add_sums_.Add(add.sum);
    add_los_.Add(lo);
    add_his_.Add(hi);
    add_modes_.Add((add.create ? kModeCreate : 0) + (is_first ? kModeFirst : 0));
    for (const engine::Key& key : add.keys) {
      AddKey(key, add.name, place, add_keys_.owners, add_keys_.kinds, add_keys_.ids,
             add_keys_.hashes, add_keys_.ns, add_keys_.flags);
      add_keys_.shares.Add(key.share);
    }
  }
}

void CommitCall::AddCounterOperations(const Batch& batch) {
  for (const engine::CounterChange& change : batch.counter_changes) {
    counter_ops_.AddAll({kChangeCounter, static_cast<std::int64_t>(change.kind), change.value});
    counter_texts_.Add(change.name);
  }
  for (const engine::CounterRead& read : batch.counter_reads) {
    counter_ops_.AddAll({kReadCounters, static_cast<std::int64_t>(read.names.size())});
    for (const std::string& name : read.names) counter_texts_.Add(name);
  }
}

void CommitCall::AddPages(const Batch& batch) {
  for (const engine::ListPage& page : batch.lists) {
    pages_.AddAll({static_cast<std::int64_t>(page.of), std::max<std::int64_t>(page.limit, 0)});
    page_texts_.Add(page.prefix);
    page_texts_.Add(page.after);
  }
  for (const engine::GeneratorList& list : batch.generator_lists) {
    pages_.AddAll({kListGenerators, list.after, std::max<std::int64_t>(list.limit, 0),
                   list.leased_only ? 1 : 0, list.session_lease_us});
    page_texts_.Add(list.group);
  }
}

// Which rows the batch has to lock before it reads any, in byte order.
void CommitCall::LockNames(const Batch& batch) {
  if (!batch.changes.empty() || !batch.drains.empty() || !batch.give_backs.empty() ||
      !batch.refills.empty() || !batch.acquires.empty()) {
    std::set<absl::string_view> names;
    for (const auto& change : batch.changes) names.insert(change.name);
    for (const auto& drain : batch.drains) names.insert(drain.name);
    for (const auto& give_back : batch.give_backs) names.insert(give_back.sequence);
    for (const auto& refill : batch.refills) names.insert(refill.sequence);
    for (const auto& acquire : batch.acquires) names.insert(acquire.sequence);
    for (const auto& draw : batch.draws) names.insert(draw.sequence);
    for (const absl::string_view name : names) lock_sequences_.Add(name);
  }

  // Without a lock, all first adds of a name are done by one statement, which allows
  // each of them only what all of them allow.
  std::int64_t lo = INT64_MIN;
  std::int64_t hi = INT64_MAX;
  bool lock = false;
  for (const CounterAdd& add : batch.adds) {
    const auto [add_lo, add_hi] = BoundsOf(add);
    lo = std::max(lo, add_lo);
    hi = std::min(hi, add_hi);
    lock = lock || !add.create || !add.keys.empty();
  }
  constexpr std::int64_t kWide = std::int64_t{1} << 62;
  lock = lock || lo > -kWide || hi < kWide;
  bulk_lo_ = absl::StrCat(lo);
  bulk_hi_ = absl::StrCat(hi);
  std::set<absl::string_view> names;
  for (const auto& change : batch.counter_changes) {
    if (change.kind != engine::CounterChange::Kind::kGet) names.insert(change.name);
  }
  if (names.empty() && !lock) return;
  for (const CounterAdd& add : batch.adds) names.insert(add.name);
  for (const absl::string_view name : names) lock_counters_.Add(name);
}

}  // namespace mintmark::store
