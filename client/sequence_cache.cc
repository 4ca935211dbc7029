#include "client/sequence_cache.h"

#include <cstddef>

namespace mintmark::client {

absl::Status CachedSequence::NextN(absl::Span<std::int64_t> ids) {
  std::int64_t generation = 0;
  for (std::size_t filled = 0; filled < ids.size(); ++filled) {
    MINTMARK_ASSIGN_OR_RETURN(const IdPool::Id id, pool_->Next(bulk_size_));
    // The sequence was reset: what came before may be issued again.
    if (id.generation != generation) filled = 0;
    generation = id.generation;
    ids[filled] = id.value;
  }
  return absl::OkStatus();
}

CachedSequence SequenceCache::Open(absl::string_view sequence, std::int64_t bulk_size) {
  return CachedSequence(PoolOf(sequence), bulk_size);
}

void SequenceCache::Forget(absl::string_view sequence) { PoolOf(sequence).Forget(); }

IdPool& SequenceCache::PoolOf(absl::string_view sequence) {
  const std::string name(sequence);
  const MutexLock lock(mutex_);
  std::unique_ptr<IdPool>& pool = pools_[name];
  if (pool == nullptr) {
    pool = std::make_unique<IdPool>([this, name](std::int64_t n) {
      v1::NextNRequest request;
      request.set_sequence(name);
      request.set_n(n);
      request.set_allow_partial(true);
      return client_.NextN(std::move(request));
    });
  }
  return *pool;
}

}  // namespace mintmark::client
