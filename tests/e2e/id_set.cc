#include "tests/e2e/id_set.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace mintmark::e2e {
namespace {

// Enough to see a pattern.
constexpr int kMostShown = 5;

}  // namespace

void IdSet::Add(std::int64_t first, std::int64_t last) {
  const MutexLock lock(mutex_);
  ranges_.push_back(Range{first, last});
}

void IdSet::Add(const v1::NextNResponse& response) {
  for (const v1::IdRange& range : response.ranges()) Add(range.first(), range.last());
}

void IdSet::Add(const v1::ReserveRangeResponse& response) {
  Add(response.range().first(), response.range().last());
}

// The distance may not fit into 63 bits, but it does into 64.
std::int64_t IdSet::CountIn(const Range& range) const {
  const std::uint64_t distance =
      static_cast<std::uint64_t>(range.last) - static_cast<std::uint64_t>(range.first);
  return static_cast<std::int64_t>(distance / static_cast<std::uint64_t>(step_)) + 1;
}

std::int64_t IdSet::count() const {
  std::int64_t count = 0;
  const MutexLock lock(mutex_);
  for (const Range& range : ranges_) count += CountIn(range);
  return count;
}

std::vector<IdSet::Range> IdSet::Sorted() const {
  std::vector<Range> sorted;
  {
    const MutexLock lock(mutex_);
    sorted = ranges_;
  }
  std::sort(sorted.begin(), sorted.end(),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  return sorted;
}

std::string IdSet::Doubles() const {
  std::string doubles;
  int found = 0;
  const std::vector<Range> sorted = Sorted();
  std::int64_t highest = INT64_MIN;
  for (std::size_t i = 0; i < sorted.size(); ++i) {
    if (i > 0 && sorted[i].first <= highest && ++found <= kMostShown) {
      absl::StrAppend(&doubles, sorted[i].first, "..", std::min(sorted[i].last, highest),
                      " was issued twice. ");
    }
    highest = std::max(highest, sorted[i].last);
  }
  if (found > kMostShown) absl::StrAppend(&doubles, "And more: ", found, " in all.");
  return doubles;
}

std::string IdSet::DifferenceFrom(std::int64_t first, std::int64_t last) const {
  std::string difference = Doubles();
  const std::vector<Range> sorted = Sorted();
  if (sorted.empty()) return "No id was issued.";
  std::int64_t highest = sorted.front().last;
  for (const Range& range : sorted) highest = std::max(highest, range.last);
  if (sorted.front().first < first) {
    absl::StrAppend(&difference, sorted.front().first, " lies below ", first, ". ");
  }
  if (highest > last) absl::StrAppend(&difference, highest, " lies above ", last, ". ");

  // Where the next id is due; `past` once that lies beyond the last one.
  std::int64_t due = first;
  bool past = false;
  int gaps = 0;
  const auto gap = [&](std::int64_t from, std::int64_t to) {
    if (++gaps <= kMostShown) absl::StrAppend(&difference, from, "..", to, " was not issued. ");
  };
  for (const Range& range : sorted) {
    if (past || range.last < due) continue;
    if (range.first > due) gap(due, range.first - step_);
    past = range.last > INT64_MAX - step_ || range.last + step_ > last;
    if (!past) due = range.last + step_;
  }
  if (!past) gap(due, last);
  if (gaps > kMostShown) absl::StrAppend(&difference, "And more gaps: ", gaps, " in all.");
  return difference;
}

std::int64_t IdSet::CountMissing(std::int64_t first, std::int64_t last) const {
  std::int64_t missing = CountIn(Range{first, last});
  std::int64_t highest = 0;
  bool any = false;
  for (Range range : Sorted()) {
    range.first = std::max(range.first, first);
    if (any && range.first <= highest) {
      if (range.last <= highest) continue;
      range.first = highest + step_;
    }
    if (range.first > range.last || range.first > last) continue;
    range.last = std::min(range.last, last);
    missing -= CountIn(range);
    highest = range.last;
    any = true;
  }
  return missing;
}

}  // namespace mintmark::e2e
