// GUIDs minted in this process, without a call for each.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "client/client.h"
#include "client/fork_guard.h"
#include "client/local_mint.h"
#include "src/core/mutex.h"
#include "src/core/time.h"

namespace mintmark::client {

struct LocalGuidOptions {
  std::string group;  // Empty: "default".
  std::string owner;  // For people who read ListGenerators; at most 200 bytes.
  // How far GUIDs may run ahead of time while more are asked for than the layout has
  // (2,048 a millisecond in the default one).
  std::chrono::milliseconds max_ahead{1000};
  // How long Next() and NextN() wait for what is not there yet: for time to pass, or
  // for a new lease.
  std::chrono::milliseconds max_wait{1000};
  // What one call to the servers may take, with its tries. Also bounds how far GUIDs
  // are behind the store's time.
  std::chrono::milliseconds call_timeout{5000};
  // After so long a generator is left for another one, if there is one: its time is
  // then the store's again, from which this machine's clock has strayed.
  std::chrono::milliseconds max_tenure{std::chrono::minutes(10)};
};

// Mints GUIDs of a group under a lease on one of its generators, by the rules that
// servers follow. A thread of its own renews the lease when a third of it has
// passed, and acquires another when it is lost.
//
// Unique: no GUID is ever minted twice in the group, by this object, another one or
// a server, whatever happens to processes, machines, clocks, the network and the
// store: all times used are below the ceiling that the store has for this
// generator, and whoever has the generator next starts above it.
//
// Order: GUIDs of one call grow, and so do those of one thread over its calls,
// unless the store's clock was set back by more than `max_ahead`. With those of
// servers and other clients they sort by time to within `max_ahead`, the time that
// the call for the lease took, and what this machine's clock strays in `max_tenure`.
// Its wall clock is not read.
//
// Stops: nothing is minted once the lease has passed on CLOCK_BOOTTIME, counted from
// before it was asked for, or at or above the ceiling; calls then wait for
// `max_wait` and fail, until there is a lease again. A process that was suspended for
// long finds its lease over when it goes on. A child process that was forked off
// cannot mint: it has to make an object of its own.
//
// Safe to use from any number of threads; make one per group and process.
class LocalGuidGenerator {
 public:
  // Acquires a generator. Errors: those of the rpc AcquireGenerator, and
  // INVALID_ARGUMENT when the options make no sense. The client outlives the object.
  static absl::StatusOr<std::unique_ptr<LocalGuidGenerator>> Make(Client& client,
                                                                  LocalGuidOptions options = {});

  // Gives the generator back. Takes as long as a call that is under way and another
  // one, each at most `call_timeout`. No call of Next() may be under way.
  ~LocalGuidGenerator();
  LocalGuidGenerator(const LocalGuidGenerator&) = delete;
  LocalGuidGenerator& operator=(const LocalGuidGenerator&) = delete;

  absl::StatusOr<std::int64_t> Next();

  // Fills `guids`, growing, or fails and none of them is to be used.
  //
  // Errors: OVERLOADED when `max_ahead` or the ceiling is reached and not enough
  // time passes; GROUP_LIFETIME_OVER when the layout cannot express the time; with no
  // lease, why none is to be had, or LEASE_LOST when that is not known yet;
  // FAILED_PRECONDITION in a child process.
  absl::Status NextN(absl::Span<std::int64_t> guids);

 private:
  // A run of ticks, and what is needed to make GUIDs of it.
  struct Minted {
    LocalMint::Run run;
    GuidLayout layout;
    std::int64_t generator_id = 0;
  };

  LocalGuidGenerator(Client& client, LocalGuidOptions options);

  Minted Take(std::int64_t n, Time now);
  // Waits until something may have changed, at most until `give_up`; an error from
  // then on.
  absl::Status Await(const LocalMint::Run& run, Time now, Time give_up);

  // What the thread does until it is stopped.
  void KeepLease();
  // Acquires or renews, and returns how long to wait afterwards.
  Duration Step();
  // A new lease, and the end of the one before it.
  absl::Status Acquire();
  absl::Status Renew();
  void Release(const GeneratorLease& lease, std::int64_t last_time);
  bool HoldsLease() const;
  std::chrono::milliseconds CallTimeout() const;

  Client& client_;
  const LocalGuidOptions options_;
  const ForkGuard fork_guard_;

  mutable Mutex mutex_;
  // The lease, or stopping_.
  std::unique_ptr<std::condition_variable_any> changed_ =
      std::make_unique<std::condition_variable_any>();
  LocalMint mint_ ABSL_GUARDED_BY(mutex_);
  absl::Status trouble_ ABSL_GUARDED_BY(mutex_);  // Why the last step failed, if it did.
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;

  // Of the thread; of Make() before there is one.
  Duration lease_{};  // How long the lease was when it was last granted.
  Time renew_at_;
  Time tenure_end_;
  int failures_ = 0;  // Steps that failed since the last one that did not.

  std::thread thread_;
};

}  // namespace mintmark::client
