// Ids from memory: a process draws them in bulks, and its users share them.
//
//   mintmark::client::SequenceCache cache(*client);
//   auto orders = cache.Open("orders", /*bulk_size=*/100);
//   absl::StatusOr<std::int64_t> id = orders.Next();
//   auto texts = cache.Open("orders", 100, [](std::int64_t id) { return absl::StrCat("#", id); });
//   absl::StatusOr<std::string> text = texts.Next();
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/client.h"
#include "client/id_pool.h"
#include "src/core/mutex.h"
#include "src/core/status_macros.h"

namespace mintmark::client {

// A user of a sequence. Made by SequenceCache, which outlives it. Cheap to copy; safe
// to use from any number of threads.
class CachedSequence {
 public:
  // The next id that was drawn ahead. When there is none, waits for a NextN of this
  // user's bulk size, whose errors it returns.
  absl::StatusOr<std::int64_t> Next() {
    absl::StatusOr<IdPool::Id> id = pool_->Next(bulk_size_);
    if (!id.ok()) return std::move(id).status();
    return id->value;
  }

  // Fills `ids`, all of one generation, or fails and none of them is to be used.
  absl::Status NextN(absl::Span<std::int64_t> ids);

 private:
  friend class SequenceCache;
  CachedSequence(IdPool& pool, std::int64_t bulk_size) : pool_(&pool), bulk_size_(bulk_size) {}

  IdPool* pool_;
  std::int64_t bulk_size_;
};

// A user to whom ids are something else, for instance text. As safe to use from
// several threads as `Transform` is.
template <typename Transform>
class TransformedSequence {
 public:
  // What `Transform` makes of the next id.
  absl::StatusOr<std::invoke_result_t<const Transform&, std::int64_t>> Next() {
    MINTMARK_ASSIGN_OR_RETURN(const std::int64_t id, sequence_.Next());
    return transform_(id);
  }

 private:
  friend class SequenceCache;
  TransformedSequence(CachedSequence sequence, Transform transform)
      : sequence_(sequence), transform_(std::move(transform)) {}

  CachedSequence sequence_;
  Transform transform_;
};

// The ids that a process has drawn ahead, by sequence. All users of a name share one
// bulk, and whoever finds it used up draws the next one, of its own bulk size. Safe
// to use from any number of threads; make one a process.
//
// Unique: no id of one generation is handed out twice, by this or any other process.
// Order: ids come in the order in which the servers issued them; those of a process
// only grow as far as those of one caller of NextN do (strictly: shards = 0, or one
// server).
// Gaps: what is left in the end is lost, and so may be an id or two each time that a
// bulk ends while several threads draw. Where every id counts, ask the server.
// Resets: a server that resets or deletes a sequence does not wait for caches. What
// was drawn before is still handed out, until a bulk ends; see Forget().
// A child process that was forked off gets FAILED_PRECONDITION, and has to make a
// cache of its own.
class SequenceCache {
 public:
  // The client outlives the cache.
  explicit SequenceCache(Client& client) : client_(client) {}
  SequenceCache(const SequenceCache&) = delete;
  SequenceCache& operator=(const SequenceCache&) = delete;

  // A user that draws up to `bulk_size` ids at a time (1 to 1,000,000), fewer where
  // fewer are left. A sequence that was opened once stays in memory.
  CachedSequence Open(absl::string_view sequence, std::int64_t bulk_size = 1'000);

  template <typename Transform>
  TransformedSequence<Transform> Open(absl::string_view sequence, std::int64_t bulk_size,
                                      Transform transform) {
    return TransformedSequence<Transform>(Open(sequence, bulk_size), std::move(transform));
  }

  // Throws away what was drawn of a sequence: after it returned, Next() hands out only
  // what is drawn from then on. For after a reset. Waits for a draw under way.
  void Forget(absl::string_view sequence);

 private:
  IdPool& PoolOf(absl::string_view sequence);

  Client& client_;
  Mutex mutex_;
  std::map<std::string, std::unique_ptr<IdPool>> pools_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mintmark::client
