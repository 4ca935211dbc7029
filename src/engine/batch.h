// What the next transaction of a lane is to do, and what came of it. Planned by
// the engine, committed by a driver through a store, brought back to the engine.
//
// One batch is one transaction. Its first statement moves the session's row from
// `number - 1` to `number`; where that finds no row, nothing else happens
// (kFenced). The operations then run in the order of the fields below. Each
// succeeds as a whole or does nothing and says why; none of them harms another.
//
// What a ceiling, a frontier, a reply or a refusal is computed from is read
// under its row's lock, never from the snapshot of an earlier statement:
// shards are counted, exhaustion is found and request ids are looked up after
// the master's (or counter's) row is locked. Rows are locked in one order:
// sessions, sequences by name, shards by (sequence, id), groups by name,
// generators by (group, id), counters by name, keys, then the one row of
// store_info; names in byte order.
//
// Positions, not ids, throughout (src/core/id_space.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "src/core/id_space.h"
#include "src/engine/guid_operations.h"
#include "src/engine/request_key.h"
#include "src/engine/rows.h"

namespace mintmark::engine {

// ---------------------------------------------------------------------------
// Sequences

// Finds a sequence, or creates it.
struct SequenceOpen {
  std::string name;
  // Creates the sequence with these when it does not exist: a new generation,
  // frontier at the first position of its space, revision, version and wanted 1.
  // Where a deleted one was, this raises the row's attention (see BatchReport).
  std::optional<SequenceSettings> create_as;
  bool want_usage = false;  // Fill in unissued_in_shards and largest_window.

  enum class Result { kFound, kCreated, kAbsent } result = Result::kAbsent;
  SequenceRow row;  // Unless kAbsent.
};

// Changes a sequence's settings, or begins to drain it. Compare and set: nothing
// happens unless the row's version is still `expected_version`.
struct SequenceChange {
  std::string name;
  std::int64_t expected_version = 0;
  // kNone: `settings` hold at once. Otherwise they are kept (drain_settings)
  // until the drain is finished.
  DrainKind drain = DrainKind::kNone;
  SequenceSettings settings;  // kNone and kTighten.
  std::int64_t frontier = 0;  // kReset: where the new generation starts.
  bool allow_reuse = false;   // kReset: `frontier` may lie below the master's frontier.

  // kDone: version is one up; a drain also took a token from the generation
  // counter. All of it raises the row's attention (see BatchReport). The reasons
  // not to are looked for in this order.
  enum class Result {
    kDone,
    kAbsent,
    kChanged,     // The version is another; `row` shows it. Nothing happened.
    kDraining,    // The sequence is draining already; `row` shows it. Nothing happened.
    kWouldReuse,  // kReset below the frontier without allow_reuse. Nothing happened.
  } result = Result::kAbsent;
  SequenceRow row;  // As it is after this operation, unless kAbsent.
};

// Looks at a drain, and ends it when nobody owns a shard of the sequence any
// more or `finish_anyway` says that whoever does has been silent for a lease.
//   kReset: all shards go; generation = drain_token, frontier = drain_frontier,
//     wanted, version one up.
//   kDelete: all shards and the row go.
//   kTighten: every owned shard becomes unowned, its epoch one up; settings =
//     drain_settings; shards are clipped to the new limit position (those left
//     empty go) and no longer count as chunks at work (ShardRow.counted); the
//     frontier stays. revision and version one up.
// A drain that ends raises the row's attention.
struct SequenceDrain {
  std::string name;
  std::int64_t token = 0;      // 0: whatever drain there is.
  bool finish_anyway = false;  // Only with the token.

  enum class Result {
    kFinished,  // By this operation.
    kWaiting,   // Somebody still owns a shard; `row` shows the token.
    kOver,      // There is no such drain (any more), or no such sequence.
  } result = Result::kOver;
  SequenceRow row;                  // kFinished: after it (empty name after a delete). kWaiting.
  std::int64_t new_generation = 0;  // kFinished: the row's generation; 0 after a delete.
};

// Gives a frozen window back: writes the position up to which it was used. Once
// given back, positions in `[position, limit)` of that shard may go to anybody.
//   The shard is still as acquired (owner, epoch, generation): it becomes
//   unowned, ceiling = position, epoch one up; an empty one is deleted.
//   It is not, but the sequence's generation still holds and the sequence is not
//   strict: `[position, ceiling)`, clipped to the sequence's limit, goes in as a
//   new unowned shard that does not count as a chunk at work.
//   Otherwise nothing is written.
struct GiveBack {
  std::string sequence;
  std::int64_t shard = 0;
  std::int64_t owner = 0;  // The session that acquired it.
  std::int64_t epoch = 0;
  std::int64_t generation = 0;
  std::int64_t position = 0;
  std::int64_t ceiling = 0;  // position <= ceiling

  enum class Result {
    kGiven,     // Into its own row.
    kReturned,  // Into a new row, unless there is nothing in it.
    kVoid,      // The generation is over, or the sequence is strict now.
  } result = Result::kVoid;
};

// Moves the ceiling of an owned shard up to `ceiling`, at most to its limit,
// never down.
struct Refill {
  std::string sequence;
  std::int64_t shard = 0;
  std::int64_t epoch = 0;
  std::int64_t generation = 0;
  std::int64_t position = 0;  // The lowest position not issued when this was planned.
  std::int64_t ceiling = 0;

  // kLost: the shard is not owned by this session with this epoch and generation,
  // or its sequence is draining or gone. Nothing happened.
  enum class Result { kMoved, kLost } result = Result::kLost;
  std::int64_t new_ceiling = 0;  // kMoved.
};

// Acquires a shard for this session: the unowned one (its owner's session is gone
// or buried) with the lowest ceiling, else a new one whose chunk comes from the
// master. The limit on chunks at work concerns new ones only: what is unowned is
// always taken. Unowned shards that are used up are deleted on the way. The shard's epoch
// goes one up, its owner becomes this session, its ceiling becomes
// min(limit, start + window).
struct Acquire {
  std::string sequence;
  std::int64_t generation = 0;
  std::int64_t revision = 0;
  // Positions wanted below the ceiling. 0 only takes the shard: its ceiling stays.
  std::int64_t window = 0;
  std::int64_t chunk = 0;  // Size of a new chunk, >= 1.
  // A chunk takes at most 1/(4 * shards) of what the master has left, but at
  // least `window`, and one position.
  bool adaptive_chunk = false;

  enum class Result {
    kAcquired,
    kNoShard,  // `shards` chunks with unissued positions are owned, or the master is
               // empty and nothing unowned is left. Nothing happened.
    kStale,    // Another generation or revision, or strict, or no such sequence.
    kDraining,
  } result = Result::kNoShard;
  std::int64_t shard = 0;  // kAcquired.
  std::int64_t epoch = 0;
  std::int64_t start = 0;  // The ceiling as it was: where the window begins.
  std::int64_t ceiling = 0;
  std::int64_t limit = 0;
  std::int64_t wanted = 0;         // The sequence's number at this moment.
  bool taken_over = false;         // From a session that is gone.
  std::optional<SequenceRow> row;  // kStale and kDraining, unless absent.
};

// Part of a Draw: positions for one caller, or for several at once.
struct DrawItem {
  enum class Shape {
    kAll,          // n positions.
    kUpTo,         // As many as there are, at least one, at most n.
    kOneRun,       // One contiguous run, at most n, at least one.
    kOneRunOfAll,  // One contiguous run of n.
  } shape = Shape::kAll;
  std::int64_t n = 0;     // >= 1
  std::vector<Key> keys;  // Several keys only with kAll, and then shares add up to n.

  enum class Result {
    kDrawn,
    kHeld,       // Too few are unowned, and a live session owns a shard: the sequence's
                 // wanted number is one up (once a Draw), its attention raised.
    kExhausted,  // Too few are unowned and nobody owns a shard.
    kKeysSeen,   // `seen` lists the keys that were there already. Nothing else happened.
    kOneByOne,   // Several keys, and the positions are not one run: ask for each alone.
    kKeysFull,   // There is no room for more request ids.
  } result = Result::kExhausted;
  std::vector<Run> runs;          // kDrawn, ascending order of drawing.
  std::vector<StoredReply> seen;  // kKeysSeen.
};

// Draws from the unowned shards, lowest ceiling first, then from the master.
// Items are served in order. A drained shard is deleted; one that was drawn from
// becomes unowned for good (owner none, epoch one up). In a contiguous item, the
// lowest unowned shard serves kOneRun; for kOneRunOfAll the first that holds all n;
// it never crosses from one into the next. Elsewhere, runs that touch are one run.
// The keys of one item differ.
struct Draw {
  std::string sequence;
  std::int64_t generation = 0;
  std::int64_t revision = 0;
  std::vector<DrawItem> items;

  // A sequence that drains is kDraining, whatever its generation and revision.
  enum class Result { kServed, kStale, kDraining } result = Result::kStale;
  std::optional<SequenceRow> row;  // kStale and kDraining, unless absent.
};

// ---------------------------------------------------------------------------
// Counters

// Adds the deltas of one or several callers to one counter, all or none. Where
// nothing happens, no counter is created. Keys are looked up first, also for a
// counter that is absent.
struct CounterAdd {
  std::string name;
  std::int64_t sum = 0;
  // Applied only where lo <= value <= hi, so that every prefix of the callers'
  // deltas stays inside int64.
  std::int64_t lo = INT64_MIN;
  std::int64_t hi = INT64_MAX;
  bool create = true;  // As 0, when it does not exist.
  std::vector<Key> keys;

  enum class Result {
    kAdded,
    kOverflow,  // Nothing happened; `value` is the counter's.
    kKeysSeen,  // `seen` lists the keys that were there already. Nothing happened.
    kAbsent,    // And not to be created.
    kKeysFull,
  } result = Result::kAbsent;
  std::int64_t value = 0;  // kAdded: after it.
  std::vector<StoredReply> seen;
};

// Sets a counter's value, creating it if need be; or deletes it; or reads it.
struct CounterChange {
  enum class Kind { kGet, kSet, kDelete } kind = Kind::kGet;
  std::string name;
  std::int64_t value = 0;  // kSet.

  bool found = false;  // Before the change.
  CounterRow row;      // kGet when found; kSet: after it.
};

// Reads the values of counters; 0 for one that does not exist.
struct CounterRead {
  std::vector<std::string> names;

  std::vector<std::int64_t> values;  // In the order of `names`.
};

// ---------------------------------------------------------------------------
// Lists

// A page of rows in byte order of names, each with `prefix` and above `after`.
struct ListPage {
  enum class Of { kSequences, kCounters, kGroups } of = Of::kSequences;
  std::string prefix;
  std::string after;
  std::int64_t limit = 0;  // Rows at most.

  std::vector<SequenceRow> sequences;  // With usage.
  std::vector<CounterRow> counters;
  std::vector<GroupRow> groups;
};

// ---------------------------------------------------------------------------
// The batch

// Every change that a session has to learn of gives the sequence's or group's row a number
// from one store-wide counter, taken under the lock of store_info's row (the last
// to be locked), so that numbers become visible in order. A report lists the
// rows whose number is above what the session has seen.
struct Attention {
  std::string sequence;
  std::int64_t generation = 0;  // 0: the sequence was deleted.
  std::int64_t revision = 0;
  std::int64_t version = 0;
  std::int64_t wanted = 0;
  bool draining = false;
};

// What every committed batch brings back. Read by the last statements of its
// transaction. A session opened with `attention_seen` 0 starts from nothing and
// learns of later changes only; numbers given to rows are therefore above 1.
struct BatchReport {
  StoreTimeUs store_time_us = 0;
  bool suspect = false;             // The store went back in time: issue nothing.
  std::int64_t attention_seen = 0;  // To be passed with the next batch.
  std::vector<Attention> attention;
  std::vector<GroupAttention> group_attention;
  std::vector<SessionRow> sessions;  // Of others, neither gone nor buried, when asked for.
  std::int64_t key_rotation = 0;     // How often request ids were rotated.
  std::int64_t key_count = 0;        // With `list_sessions`: request ids stored, about.
};

struct Batch {
  enum class Kind {
    kOpenSession,  // Makes a session's row: fills in session, report; no operations.
    kOperations,
    kResolveDoubt,  // See Store::ResolveDoubt.
    kCloseSession,  // As kOperations without any, and deletes the session's row.
  } kind = Kind::kOperations;

  int lane = 0;

  // The session's row as the batch has to find it, `last_batch` = number - 1.
  SessionRow session;
  std::string server;  // kOpenSession: who it is, for operators.
  std::int64_t number() const { return session.last_batch + 1; }

  std::int64_t attention_seen = 0;
  bool list_sessions = false;
  // Sessions to bury: silent for a lease on the clock of this server. Each that is
  // still as given, and not locked by its own batch, gets `buried` and epoch one
  // up: whatever it owns counts as unowned, and its late batches do nothing.
  std::vector<SessionRow> bury;
  // Delete sessions buried more than a day ago on the store's clock, and forget
  // sequences deleted as long ago, once every session that is neither gone nor
  // buried has shown (`attention_seen`) that it knows.
  bool purge = false;
  // Rotate request ids if they were rotated this often, and a third of their
  // retention has passed on the store's clock since: the oldest part goes.
  std::optional<std::int64_t> rotate_keys;

  // In the order they run. At most one of a kind a sequence for opens, changes,
  // drains and draws; each sorted by name (then shard) in byte order.
  std::vector<SequenceOpen> opens;
  std::vector<SequenceChange> changes;
  std::vector<SequenceDrain> drains;
  std::vector<GiveBack> give_backs;
  std::vector<Refill> refills;
  std::vector<Acquire> acquires;
  std::vector<Draw> draws;
  // Of groups: sorted by name, then generator; opens and deletes at most one a group.
  std::vector<GroupOpen> group_opens;
  std::vector<GroupDelete> group_deletes;
  std::vector<GeneratorRelease> generator_releases;
  std::vector<GeneratorExtend> generator_extends;
  std::vector<LeaseRenew> lease_renews;
  std::vector<LeaseRelease> lease_releases;
  std::vector<GeneratorAcquire> generator_acquires;
  std::vector<GeneratorList> generator_lists;
  // Sorted by name; several of one name run in this order. The store may treat
  // the first of each name, and those without keys, in bulk.
  std::vector<CounterAdd> adds;
  std::vector<CounterChange> counter_changes;
  std::vector<CounterRead> counter_reads;
  std::vector<ListPage> lists;

  BatchReport report;

  // kResolveDoubt, once applied: what the session's row says.
  struct Resolution {
    bool found = false;  // The row is there.
    bool buried = false;
    std::int64_t epoch = 0;
    std::int64_t last_batch = 0;
  } resolution;
};

inline bool HasGroupOperations(const Batch& batch) {
  return !batch.group_opens.empty() || !batch.group_deletes.empty() ||
         !batch.generator_releases.empty() || !batch.generator_extends.empty() ||
         !batch.lease_renews.empty() || !batch.lease_releases.empty() ||
         !batch.generator_acquires.empty() || !batch.generator_lists.empty();
}

// What came of a batch.
struct BatchOutcome {
  enum class Kind {
    kApplied,      // All results are durable, and replicated as configured.
    kFenced,       // The session's row is not as expected: nothing happened.
    kConflict,     // Serialisation failure or deadlock: nothing happened, plan anew.
    kRefused,      // The store refused (a lock not had in time, an error in the data, a full
                   // disk): nothing happened; the same batch may be refused again.
    kUnavailable,  // The store could not be reached: certainly nothing happened.
    kInDoubt,      // The connection did not live to tell.
  } kind = Kind::kApplied;
  absl::Status status;  // Says why, unless kApplied.
};

}  // namespace mintmark::engine
