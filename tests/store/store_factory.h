// The stores that the contract is tested on.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "src/core/time.h"
#include "src/engine/store.h"
#include "src/store/open_store.h"

namespace mintmark::testing {

// A store of a test's own, empty at first, gone with this object.
class TestStore {
 public:
  virtual ~TestStore() = default;

  virtual engine::Store& store() = 0;

  // Makes `time` pass on the store's clock, as far as what is stored shows.
  virtual void PassTime(Duration time) = 0;

  // Closes the store and opens it again. False when it keeps nothing.
  virtual bool Reopen() = 0;
};

struct StoreFactory {
  std::string name;
  // Why tests on this store cannot run here; empty when they can.
  std::string skip;
  std::function<std::unique_ptr<TestStore>(const store::StoreOptions&)> make;
};

inline void PrintTo(const StoreFactory& factory, std::ostream* out) { *out << factory.name; }

// Each test program links one definition.
std::vector<StoreFactory> StoreFactories();

}  // namespace mintmark::testing
