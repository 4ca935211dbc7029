// The calls that the engine answers. A call belongs to whoever makes it, and has
// to live until its Done() is called, which happens exactly once.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "src/core/guid_layout.h"
#include "src/core/text_format.h"
#include "src/core/time.h"
#include "src/engine/rows.h"

namespace mintmark::engine {

class Call {
 public:
  Call() = default;
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;
  virtual ~Call() = default;

  // Answers the call; its results are filled in when `status` is OK. Runs on the
  // thread that calls the engine at that moment (perhaps within the very method
  // that the call was handed to), with no lock of the engine held. May delete the
  // call. Must not block.
  virtual void Done(const absl::Status& status) = 0;

  // When the caller stops waiting. A call that has not started by then is not
  // executed (DEADLINE_EXCEEDED); one whose batch is in doubt then is answered
  // COMMIT_IN_DOUBT and never run again.
  Time deadline = kNever;
};

// Ids `first`, `first + step`, …, `last`, all of them; as in the API.
struct IdRange {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t step = 1;

  friend bool operator==(const IdRange&, const IdRange&) = default;
};

// NextN, and ReserveRange when `one_range`.
class NextCall : public Call {
 public:
  std::string sequence;  // A valid name.
  std::int64_t n = 1;    // 1 .. limit
  bool allow_partial = false;
  bool one_range = false;
  bool exact = false;           // Only with one_range: all n or an error.
  std::string request_id;       // Empty: none.
  std::int64_t chunk_size = 0;  // 0: the sequence's.
  bool want_format = false;     // Fill in `format`.

  absl::InlinedVector<IdRange, 1> ranges;
  std::int64_t count = 0;
  bool replayed = false;
  std::int64_t generation = 0;
  TextFormat format;

 private:
  friend class SequenceState;
  bool alone_ = false;        // Is to be drawn for by itself: a shared draw could not serve it.
  Time held_since_ = kNever;  // When its ids were first found to be held elsewhere.
};

class IncrCall : public Call {
 public:
  std::string counter;  // A valid name.
  std::int64_t delta = 1;
  bool deferred = false;
  Duration update_interval = std::chrono::seconds(10);  // Only when deferred; > 0.
  std::string request_id;

  std::int64_t value = 0;
  bool durable = true;
  bool replayed = false;

 private:
  friend class CounterState;
  bool alone_ = false;
};

// Reads counters.
class ReadCall : public Call {
 public:
  std::vector<std::string> counters;  // Valid names.

  std::vector<std::int64_t> values;  // In the order of `counters`.
};

// Which settings a create or an update gives; the others stay as they are.
struct SettingsPatch {
  std::optional<std::int64_t> min_id;
  std::optional<std::int64_t> max_id;
  std::optional<std::int64_t> step;
  std::optional<std::optional<std::int64_t>> chunk_size;  // The inner one unset: adapts.
  std::optional<std::int32_t> shards;
  std::optional<std::optional<std::int64_t>> max_gap;  // The inner one unset: adapts.
  std::optional<TextFormat> format;
};

// What an administrator sees of a sequence.
struct SequenceView {
  SequenceRow row;
  std::int64_t next_id = 0;            // The frontier; max_id + 1 or less when it is used up.
  std::int64_t remaining = 0;          // Ids in nobody's window; saturates.
  std::int64_t effective_max_gap = 0;  // The bound in force for one crash and shard.
  std::string etag;
};

// An admin rpc on one sequence.
class SequenceCall : public Call {
 public:
  enum class Kind { kCreate, kGet, kUpdate, kReset, kDelete } kind = Kind::kGet;
  // How far a call has come: it opens the row, changes it by compare and set, then
  // waits for the drain that it began, and looks at the row again.
  enum class Stage { kOpen, kChange, kDrain, kReopen };

  std::string name;                     // A valid name.
  SettingsPatch patch;                  // kCreate, kUpdate.
  std::string etag;                     // kUpdate, kDelete: empty, or has to match.
  std::optional<std::int64_t> next_id;  // kReset: unset means min_id.
  bool allow_reuse = false;             // kReset.

  SequenceView view;  // kCreate, kGet, kUpdate, kReset.

 private:
  friend class SequenceState;
  Stage stage_ = Stage::kOpen;
  std::int64_t token_ = 0;
};

// An admin rpc on one counter.
class CounterCall : public Call {
 public:
  enum class Kind { kGet, kReset, kDelete } kind = Kind::kGet;
  std::string name;        // A valid name.
  std::int64_t value = 0;  // kReset.

  CounterRow row;  // kGet, kReset.
};

// The group that NextGuid creates when it does not exist.
inline constexpr char kDefaultGroup[] = "default";

// NextGuid: `n` ticks in a row of one generator, each of which is a GUID (GuidOf).
class GuidCall : public Call {
 public:
  std::string group;         // A valid name.
  std::int64_t n = 1;        // 1 .. limit
  bool want_format = false;  // Fill in `format`.

  GuidLayout layout;
  std::int64_t generator = 0;
  std::int64_t first_tick = 0;
  TextFormat format;

 private:
  friend class GroupState;
  Time waiting_since_ = kNever;
};

// An admin rpc on one group, and DecodeGuid's look at the layout.
class GroupCall : public Call {
 public:
  enum class Kind { kCreate, kGet, kDelete } kind = Kind::kGet;
  std::string name;        // A valid name.
  GroupSettings settings;  // kCreate; checked.
  // kGet: what this server knows of the group will do. Settings never change, but
  // a group may have been deleted within the last heartbeats.
  bool from_memory = false;

  GroupRow row;  // kCreate, kGet.

 private:
  friend class GroupState;
  std::int64_t token_ = 0;
};

// A client's lease on a generator.
class LeaseCall : public Call {
 public:
  enum class Kind { kAcquire, kRenew, kRelease } kind = Kind::kAcquire;
  std::string group;              // A valid name.
  std::string token;              // kAcquire: for the new lease, not to be guessed; else its proof.
  std::string owner;              // kAcquire.
  std::string request_id;         // kAcquire.
  std::int64_t generator_id = 0;  // kRenew, kRelease; kAcquire: filled in.
  std::int64_t ceiling = 0;       // kRenew: the one wanted; kAcquire, kRenew: filled in.
  std::int64_t last_time = 0;     // kRelease.

  std::string lease_token;      // kAcquire: `token`, or that of the lease that is replayed.
  Duration lease{};             // kAcquire, kRenew: what is left of it.
  std::int64_t start_time = 0;  // kAcquire.
  GroupRow row;                 // kAcquire.
};

// A page of a group's generators.
class GeneratorsCall : public Call {
 public:
  std::string group;        // A valid name.
  std::int64_t after = -1;  // Ids above this one only.
  std::int64_t limit = 100;
  bool leased_only = false;

  std::vector<GeneratorRow> generators;
};

// A page of sequences, counters or groups.
class ListCall : public Call {
 public:
  enum class Of { kSequences, kCounters, kGroups } of = Of::kSequences;
  std::string prefix;
  std::string after;  // Names above this one only.
  std::int64_t limit = 100;

  std::vector<SequenceView> sequences;
  std::vector<CounterRow> counters;
  std::vector<GroupRow> groups;
};

}  // namespace mintmark::engine
