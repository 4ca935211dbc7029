// What a batch can do to GUID groups and their generators (see batch.h).
//
// A generator is leased to a session, for a server to mint with, or to a client
// that proves its lease by a token. Uniqueness does not depend on leases: whoever
// holds a generator uses times below its ceiling only, and whoever takes it over
// starts at or above it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "src/engine/request_key.h"
#include "src/engine/rows.h"

namespace mintmark::engine {

// Finds a group, or creates it. A group that was deleted is absent.
struct GroupOpen {
  std::string name;
  // Creates the group with these when it is absent: a new generation; where a
  // deleted one was, `floor_time` is such that every GUID is above those that it
  // may have issued, and the row's attention is raised.
  std::optional<GroupSettings> create_as;
  // How far ahead of now the times of a new group may have to start.
  StoreTimeUs max_ahead_us = 1'000'000;

  enum class Result {
    kFound,
    kCreated,
    kAbsent,
    kFutureEpoch,   // Not created: its epoch is ahead of the store's clock.
    kLifetimeOver,  // Not created: now is beyond what its layout can express.
    // Not created: GUIDs of a deleted group of this name reach further than now plus
    // `max_ahead_us` in the new layout, or to its end. `row.floor_time` says how far.
    kWouldReuse,
  } result = Result::kAbsent;
  GroupRow row;  // kFound (draining, perhaps), kCreated.
};

// Deletes a group: marks it as draining, and ends it when nobody holds one of its
// generators any more or `finish_anyway` says that whoever does had a lease's time
// to stop. What it may have issued stays known: its generators go, and the row
// stays as that of a deleted group. Mark and end raise the row's attention. Where
// nobody holds a generator to begin with, the first operation is the end.
struct GroupDelete {
  std::string name;
  std::int64_t token = 0;      // 0: begin, or join whoever did. Else look at that drain.
  bool finish_anyway = false;  // Only with the token.

  enum class Result {
    kFinished,  // By this operation.
    kWaiting,   // Somebody still holds a generator; `found_token` names the drain.
    kOver,      // With a token: that drain is over.
    kAbsent,    // Without one: there is no such group.
  } result = Result::kAbsent;
  std::int64_t found_token = 0;
  std::int64_t lease_us = 0;  // kWaiting: the group's.
};

// Leases a generator that nobody holds: of those whose ceiling is not ahead of now
// the lowest id; else the next id that was never leased, whose ceiling is the
// group's floor; else the one with the lowest ceiling. One whose ceiling is ahead of
// now by more than `max_ahead_us` is not leased. Its time starts at
// max(now, ceiling), its ceiling becomes min(start + the group's lease, the end of
// its layout), its epoch goes one up. A lease is at least one time unit. Sessions
// that are gone or buried, and clients whose lease is over on the store's clock,
// hold nothing.
//
// Keys are looked up first of all, whatever became of the group since: they outlive
// its deletion, and know another of its name by the generation in the reply.
struct GeneratorAcquire {
  std::string group;
  std::int64_t generation = 0;  // 0: whatever it is.
  StoreTimeUs max_ahead_us = 1'000'000;
  std::string owner;
  // Empty: for this batch's session. Else for a client, who will prove its lease by it.
  std::string token;
  std::vector<Key> keys;  // At most one, of a client.

  enum class Result {
    kAcquired,
    // The key was there, with the same parameters or others (`seen`). Where the
    // generator is still leased as that reply said, the fields below tell what it
    // has now; else `epoch` is 0. Nothing happened.
    kKeySeen,
    kAllLeased,
    kAllAhead,      // Some are free, and run too far ahead of the store's clock.
    kLifetimeOver,  // Now, or where a lease would start, is beyond what the layout can express.
    kStale,         // Another generation, or no such group.
    kDraining,
    kKeysFull,
  } result = Result::kStale;
  std::int64_t id = 0;
  std::int64_t epoch = 0;
  std::int64_t start_time = 0;
  std::int64_t ceiling = 0;
  std::string held_token;       // Of a client's lease.
  std::int64_t lease_us = 0;    // What is left of a client's lease.
  bool taken_over = false;      // From a session that is gone, or a client whose lease is over.
  std::optional<GroupRow> row;  // Unless absent: after a deletion kKeySeen comes without.
  std::vector<StoredReply> seen;
};

// Moves the ceiling of a generator that this session holds up to `ceiling`, at most
// to min(max(now, where the lease began) + the group's lease, the end of the layout),
// never down: however often it is moved, a crash leaves no more than that behind.
struct GeneratorExtend {
  std::string group;
  std::int64_t id = 0;
  std::int64_t epoch = 0;
  std::int64_t generation = 0;
  std::int64_t ceiling = 0;

  // kLost: not held by this session with this epoch and generation, or the group
  // is draining. Nothing happened.
  enum class Result { kMoved, kLost } result = Result::kLost;
  std::int64_t new_ceiling = 0;
};

// Gives back a generator that a session of this server acquired. `ceiling` is above
// every time used: the row's ceiling becomes it, unless it is lower already, but not
// lower than where the lease began. The epoch goes one up; also while draining.
struct GeneratorRelease {
  std::string group;
  std::int64_t id = 0;
  std::int64_t session = 0;  // That acquired it.
  std::int64_t epoch = 0;
  std::int64_t generation = 0;
  std::int64_t ceiling = 0;

  enum class Result { kReleased, kVoid } result = Result::kVoid;
};

// Prolongs a client's lease to now plus the group's lease, and raises its ceiling
// as GeneratorExtend does; a `ceiling` below the old one leaves that as it is.
struct LeaseRenew {
  std::string group;
  std::int64_t id = 0;
  std::string token;
  std::int64_t ceiling = 0;

  // kLost: the generator is not leased by this token (any more), the lease is over on
  // the store's clock, or the group is draining.
  enum class Result { kRenewed, kLost, kAbsent } result = Result::kAbsent;
  std::int64_t new_ceiling = 0;
  std::int64_t lease_us = 0;
};

// Ends a client's lease: the ceiling becomes `last_time + 1`, the epoch one up.
struct LeaseRelease {
  std::string group;
  std::int64_t id = 0;
  std::string token;
  std::int64_t last_time = 0;

  // kOutOfRange: last_time is not in [start_time, ceiling), which are filled in.
  // Nothing happened then. A lease that is over, but whose generator nobody took
  // since, can still be released; one of a draining group too.
  enum class Result { kReleased, kOutOfRange, kLost, kAbsent } result = Result::kAbsent;
  std::int64_t start_time = 0;
  std::int64_t ceiling = 0;
};

// Lists generators that are or were leased, by id. Tokens are left out.
struct GeneratorList {
  std::string group;
  std::int64_t after = -1;  // Ids above this one only.
  std::int64_t limit = 0;
  bool leased_only = false;
  // For lease_end_us of what live sessions hold: so long after each was last seen.
  std::int64_t session_lease_us = 60'000'000;

  bool found = false;              // The group is there.
  std::vector<GeneratorRow> rows;  // With `leased`.
};

// A change of a group that a session has to learn of (see Attention).
struct GroupAttention {
  std::string group;
  std::int64_t generation = 0;  // 0: the group is deleted.
  bool draining = false;
};

}  // namespace mintmark::engine
