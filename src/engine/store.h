// The shape of a store: what the engine's drivers need of a database.
#pragma once

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "src/engine/batch.h"

namespace mintmark::engine {

// One connection to a store. Used by one thread at a time.
class StoreLane {
 public:
  virtual ~StoreLane() = default;

  // Runs the batch in one transaction and fills in its results and report.
  //
  // kOpenSession, kOperations, kCloseSession: see Batch. The results are also
  // stored with the session's row (session_results), so that ResolveDoubt can
  // tell them. Results of lists may be left out of what is stored.
  //
  // kResolveDoubt: moves the session's epoch one up, which fences whatever
  // batch of it is still on its way, and reads what the row says, in one
  // transaction: resolution is filled in, and when resolution.last_batch is the
  // batch's number the batch was applied and its results and report are filled
  // in from what was stored. Only kApplied means that the doubt is resolved: the
  // write orders it behind the batch in doubt, on a synchronous standby too.
  //
  // Never throws. After kUnavailable, kInDoubt and a broken connection the next
  // call connects anew, with all checks of a first connection.
  virtual BatchOutcome Run(Batch& batch) = 0;
};

// What a store says of itself, for logs and status.
struct StoreDescription {
  std::string kind;        // "postgresql", "sqlite", "model"
  std::string address;     // Without secrets.
  std::string durability;  // The settings that make a commit durable, as found.
  int schema_version = 0;
  // What an operator should be warned of, as one sentence: that a failover can lose
  // commits, that the store was accepted though it is unsafe. Mostly empty.
  std::string warning;
};

// A database that holds mintmark's tables. Safe to use from any thread.
class Store {
 public:
  virtual ~Store() = default;

  // Makes a lane; does not connect yet.
  virtual std::unique_ptr<StoreLane> MakeLane() = 0;

  // How many lanes can commit side by side; 0: no bound.
  virtual int max_lanes() const = 0;

  virtual StoreDescription Describe() const = 0;
};

}  // namespace mintmark::engine
