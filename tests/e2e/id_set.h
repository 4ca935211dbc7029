// The ids that callers were given, and what is wrong with them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "mintmark/v1/id_service.pb.h"
#include "src/core/mutex.h"

namespace mintmark::e2e {

// Ids of one generation of a sequence. Safe to use from any thread.
class IdSet {
 public:
  // `step` is the sequence's.
  explicit IdSet(std::int64_t step = 1) : step_(step) {}

  void Add(std::int64_t id) { Add(id, id); }
  void Add(std::int64_t first, std::int64_t last);
  void Add(const v1::NextNResponse& response);
  void Add(const v1::ReserveRangeResponse& response);

  // How many ids were added, doubles included.
  std::int64_t count() const;

  // Empty when no id was added twice, else a sentence that names some of them.
  std::string Doubles() const;

  // Empty when each id from `first` to `last`, which belongs to them, was added
  // once, and no other; else a sentence about what is not so.
  std::string DifferenceFrom(std::int64_t first, std::int64_t last) const;

  // How many ids from `first` to `last` were not added.
  std::int64_t CountMissing(std::int64_t first, std::int64_t last) const;

 private:
  struct Range {
    std::int64_t first = 0;
    std::int64_t last = 0;
  };

  std::vector<Range> Sorted() const;
  std::int64_t CountIn(const Range& range) const;

  const std::int64_t step_;
  mutable Mutex mutex_;
  std::vector<Range> ranges_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace mintmark::e2e
