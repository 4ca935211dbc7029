// The ids of a sequence and the dense positions they are reckoned with inside.
#pragma once

#include <cstdint>

#include "absl/status/status.h"

namespace mintmark {

inline constexpr std::int64_t kMinId = INT64_MIN;
inline constexpr std::int64_t kMaxId = INT64_MAX - 1;  // So that a limit past it still fits.

// Positions number the ids of a sequence without holes: position p stands for
// the id `p * step + residue`, where residue = min_id mod step, in [0, step).
// Every position fits an int64, whatever the limits; with step 1 a position is
// its id. Ranges of positions are half-open, `[first, limit)`.
struct IdSpace {
  std::int64_t min_id = 1;
  std::int64_t max_id = kMaxId;
  std::int64_t step = 1;

  // What is added to `position * step` to make an id, in [0, step).
  std::int64_t Residue() const;

  // The position of `min_id`.
  std::int64_t FirstPosition() const;

  // One past the position of the largest id that is at most `max_id`.
  std::int64_t LimitPosition() const;

  // The id at a position in [FirstPosition(), LimitPosition()).
  std::int64_t IdAt(std::int64_t position) const;

  // The first position whose id is at least `id`, clipped to
  // [FirstPosition(), LimitPosition()].
  std::int64_t PositionAtOrAfter(std::int64_t id) const;

  friend bool operator==(const IdSpace&, const IdSpace&) = default;
};

// Positions `[first, limit)`, never empty where one is handed out.
struct Run {
  std::int64_t first = 0;
  std::int64_t limit = 0;

  friend bool operator==(const Run&, const Run&) = default;
};

// How many positions lie in `[first, limit)`: 0 when limit <= first, INT64_MAX
// when there are more than fit.
std::int64_t CountBetween(std::int64_t first, std::int64_t limit);

// `position + n`, at most `limit`; n >= 0.
std::int64_t AdvanceUpTo(std::int64_t position, std::int64_t n, std::int64_t limit);

// SEQUENCE_INVALID when the space is empty, steps by less than 1, or reaches
// beyond [-2^63, 2^63-2].
absl::Status ValidateIdSpace(const IdSpace& space);

}  // namespace mintmark
