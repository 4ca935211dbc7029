// Random batches of several sessions on few names, for comparing stores.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "src/engine/batch.h"
#include "tests/simulation/random.h"
#include "tests/store/random_groups.h"

namespace mintmark::testing {

// Plans batches as an engine might, careless ones included: stale rows, wrong
// tokens, sessions that are over. Never what no engine does: a window is given
// back once, and at a position at or above what was given back or refilled
// before. Numbers are those of the store whose results it is shown.
class RandomBatches {
 public:
  explicit RandomBatches(std::uint64_t seed) : random_(seed) {}

  Random& random() { return random_; }

  // The next batch of a session, with one to six kinds of operations. What it
  // gives back is given back: it has to be run, or shown as not applied.
  engine::Batch Plan(const engine::SessionRow& session, std::int64_t attention_seen);

  // What came of a batch of Plan().
  void Applied(const engine::Batch& batch);
  void NotApplied(const engine::Batch& batch);

  // The session is over; `next` gives its windows back.
  void Replaced(std::int64_t session, std::int64_t next);

 private:
  struct Window {
    engine::Acquire acquired;
    std::int64_t holder = 0;  // The session that will give it back.
    std::int64_t owner = 0;   // The session that acquired it.
    std::int64_t position = 0;
    std::int64_t ceiling = 0;
  };

  bool Chance(double percent) { return random_.Chance(percent); }
  std::int64_t Between(std::int64_t low, std::int64_t high) { return random_.Between(low, high); }

  engine::SequenceSettings NewSettings();
  engine::SequenceRow RowOf(const std::string& name) const;  // As last seen; maybe never.
  void Learn(const engine::SequenceRow& row);
  std::vector<engine::Key> Keys(engine::KeyKind kind, std::size_t count);

  void AddSequenceOperations(engine::Batch& batch);
  void AddWindowOperations(engine::Batch& batch);
  engine::SequenceChange Change(const engine::SequenceRow& row);
  engine::DrawItem Item();
  engine::CounterAdd Add(const std::string& name);
  void AddCounterOperations(engine::Batch& batch);
  void AddLists(engine::Batch& batch);

  Random random_;
  RandomGroups groups_{random_};
  std::map<std::string, engine::SequenceRow> rows_;
  std::vector<Window> windows_;
  std::vector<Window> given_back_;  // By the batch planned last.
};

}  // namespace mintmark::testing
