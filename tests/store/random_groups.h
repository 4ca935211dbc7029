// Random operations on few groups and their generators, for random batches.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/engine/batch.h"
#include "tests/simulation/random.h"

namespace mintmark::testing {

// Plans what servers and clients might ask for, careless ones included: what is over,
// another's, or twice. Layouts last for minutes or for ages, and reach the last GUID.
class RandomGroups {
 public:
  explicit RandomGroups(Random& random) : random_(random) {}

  // Adds operations to a batch; none before any was applied, since what is
  // interesting is near the store's time.
  void Plan(engine::Batch& batch);

  // What came of a batch; not to be called when it was not applied.
  void Applied(const engine::Batch& batch);

 private:
  struct Lease {
    engine::GeneratorAcquire acquired;
    std::int64_t session = 0;  // That acquired it.
    std::int64_t ceiling = 0;
  };

  bool Chance(double percent) { return random_.Chance(percent); }
  std::int64_t Between(std::int64_t low, std::int64_t high) { return random_.Between(low, high); }
  template <typename Value>
  Value OneOf(const std::vector<Value>& values) {
    return values[static_cast<std::size_t>(
        Between(0, static_cast<std::int64_t>(values.size()) - 1))];
  }

  GuidLayout NewLayout();
  engine::GroupSettings NewSettings();
  StoreTimeUs MaxAhead();
  void AddGroupOperations(const std::string& name, engine::Batch& batch);
  engine::GeneratorAcquire Acquire(const engine::GroupRow& row);
  void AddLeaseOperations(const Lease& lease, engine::Batch& batch);
  void AddSessionLease(const Lease& lease, engine::Batch& batch);
  void AddClientLease(const Lease& lease, engine::Batch& batch);
  void AddList(const std::string& name, engine::Batch& batch);
  void Learn(const engine::GroupRow& row);

  Random& random_;
  StoreTimeUs now_us_ = 0;  // Of the batch applied last.
  std::map<std::string, engine::GroupRow> rows_;
  std::vector<Lease> leases_;
};

}  // namespace mintmark::testing
