#include "src/core/id_space.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"

namespace mintmark {
namespace {

__extension__ using Wide = __int128;

std::int64_t FloorDiv(std::int64_t value, std::int64_t divisor) {
  const std::int64_t quotient = value / divisor;
  return quotient - ((value % divisor) < 0 ? 1 : 0);
}

}  // namespace

std::int64_t IdSpace::Residue() const {
  const std::int64_t remainder = min_id % step;
  return remainder < 0 ? remainder + step : remainder;
}

std::int64_t IdSpace::FirstPosition() const { return FloorDiv(min_id, step); }

std::int64_t IdSpace::LimitPosition() const {
  // floor((max_id - residue) / step) + 1; the subtraction can leave 64 bits.
  const Wide distance = static_cast<Wide>(max_id) - Residue();
  Wide quotient = distance / step;
  if (distance % step < 0) --quotient;
  return static_cast<std::int64_t>(quotient + 1);
}

std::int64_t IdSpace::IdAt(std::int64_t position) const {
  return static_cast<std::int64_t>(static_cast<Wide>(position) * step + Residue());
}

std::int64_t IdSpace::PositionAtOrAfter(std::int64_t id) const {
  const Wide distance = static_cast<Wide>(id) - Residue() + step - 1;
  Wide quotient = distance / step;
  if (distance % step < 0) --quotient;
  return static_cast<std::int64_t>(
      std::clamp(quotient, static_cast<Wide>(FirstPosition()), static_cast<Wide>(LimitPosition())));
}

std::int64_t CountBetween(std::int64_t first, std::int64_t limit) {
  if (limit <= first) return 0;
  const Wide count = static_cast<Wide>(limit) - first;
  return static_cast<std::int64_t>(std::min(count, static_cast<Wide>(INT64_MAX)));
}

std::int64_t AdvanceUpTo(std::int64_t position, std::int64_t n, std::int64_t limit) {
  return static_cast<std::int64_t>(
      std::min(static_cast<Wide>(position) + n, static_cast<Wide>(limit)));
}

absl::Status ValidateIdSpace(const IdSpace& space) {
  if (space.step < 1) {
    return MakeStatus(Reason::kSequenceInvalid,
                      absl::StrCat("step is ", space.step, "; it has to be at least 1."));
  }
  if (space.max_id > kMaxId) {
    return MakeStatus(Reason::kSequenceInvalid,
                      "max_id is 2^63-1; the largest possible id is 2^63-2.");
  }
  if (space.min_id > space.max_id) {
    return MakeStatus(Reason::kSequenceInvalid,
                      absl::StrCat("min_id ", space.min_id, " is above max_id ", space.max_id,
                                   "; a sequence holds at least one id."));
  }
  return absl::OkStatus();
}

}  // namespace mintmark
