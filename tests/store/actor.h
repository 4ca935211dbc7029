// A session of a store under test, and short words for what it does.
#pragma once

#include <cstdint>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "src/engine/batch.h"
#include "src/engine/store.h"

namespace mintmark {

// For gtest's messages.
inline void PrintTo(const Run& run, std::ostream* out) {
  *out << "[" << run.first << ", " << run.limit << ")";
}

}  // namespace mintmark

namespace mintmark::testing {

// 41 bits of milliseconds since 2020, leases of a minute.
engine::GroupSettings Milliseconds();

// Opens its session at construction. Its batches are expected to be applied
// unless the method says otherwise; a failure is a test failure.
class Actor {
 public:
  explicit Actor(engine::Store& store, std::int64_t attention_seen = 0);

  const engine::SessionRow& session() const { return session_; }
  const engine::BatchReport& report() const { return report_; }  // Of the last batch.

  // A batch that is the session's next one, without operations.
  engine::Batch Plan() const;

  // Runs the batch, expects that it is applied, and goes on from there.
  void Run(engine::Batch& batch);

  // Runs the batch and leaves the session as it is.
  engine::BatchOutcome TryRun(engine::Batch& batch);

  // Resolves the doubt about a batch of Plan(): expects that it is resolved,
  // and goes on from what the store says.
  void Resolve(engine::Batch& batch);

  void Heartbeat();
  void Close();
  void Bury(const engine::SessionRow& session);

  // One operation a batch.
  engine::SequenceOpen Open(const std::string& name);  // With usage; does not create.
  engine::SequenceRow Create(const std::string& name,
                             const engine::SequenceSettings& settings = {});
  engine::SequenceChange Change(const engine::SequenceChange& change);
  engine::SequenceDrain Drain(const engine::SequenceDrain& drain);
  engine::GiveBack GiveBack(const engine::GiveBack& give_back);
  engine::Refill Refill(const engine::Refill& refill);
  engine::Acquire Acquire(const engine::Acquire& acquire);
  engine::Draw Draw(const engine::Draw& draw);
  engine::CounterAdd Add(const engine::CounterAdd& add);
  engine::CounterChange ChangeCounter(const engine::CounterChange& change);
  std::vector<std::int64_t> Read(const std::vector<std::string>& names);
  engine::ListPage List(const engine::ListPage& page);
  engine::GroupOpen Open(const engine::GroupOpen& open);
  engine::GroupRow CreateGroup(const std::string& name,
                               const engine::GroupSettings& settings = Milliseconds());
  engine::GroupDelete Delete(const engine::GroupDelete& remove);
  engine::GeneratorAcquire Acquire(const engine::GeneratorAcquire& acquire);
  engine::GeneratorExtend Extend(const engine::GeneratorExtend& extend);
  engine::GeneratorRelease Release(const engine::GeneratorRelease& release);
  engine::LeaseRenew Renew(const engine::LeaseRenew& renew);
  engine::LeaseRelease Release(const engine::LeaseRelease& release);
  engine::GeneratorList List(const engine::GeneratorList& list);

  // Shorter still.
  engine::Acquire Acquire(const engine::SequenceRow& row, std::int64_t window, std::int64_t chunk);
  engine::GiveBack GiveBack(const engine::Acquire& acquired, std::int64_t position);
  engine::DrawItem Draw(const engine::SequenceRow& row, const engine::DrawItem& item);
  engine::DrawItem Draw(const engine::SequenceRow& row, std::int64_t n);
  engine::CounterAdd Add(const std::string& name, std::int64_t delta);
  engine::GroupOpen OpenGroup(const std::string& name);  // Does not create.
  engine::GeneratorAcquire AcquireGenerator(const std::string& group);
  // For a client; `key` empty: without a request id.
  engine::GeneratorAcquire AcquireGenerator(const std::string& group, const std::string& token,
                                            const std::string& key = "");

 private:
  const std::unique_ptr<engine::StoreLane> lane_;
  engine::SessionRow session_;
  engine::BatchReport report_;
  std::int64_t attention_seen_ = 0;
};

// The operation on what `acquired` says was acquired by `owner`.
engine::GiveBack GiveBackOf(const engine::Acquire& acquired, const engine::SessionRow& owner,
                            std::int64_t position);
engine::Refill RefillOf(const engine::Acquire& acquired, std::int64_t position,
                        std::int64_t ceiling);

engine::Acquire AcquireOf(const engine::SequenceRow& row, std::int64_t window, std::int64_t chunk);
engine::Draw DrawOf(const engine::SequenceRow& row, std::vector<engine::DrawItem> items);
engine::DrawItem Item(engine::DrawItem::Shape shape, std::int64_t n,
                      std::vector<engine::Key> keys = {});

// The operations on what `acquired` says was acquired, by `session` or a client.
engine::GeneratorExtend ExtendOf(const engine::GeneratorAcquire& acquired, std::int64_t ceiling);
engine::GeneratorRelease ReleaseOf(const engine::GeneratorAcquire& acquired,
                                   const engine::SessionRow& session, std::int64_t ceiling);
engine::LeaseRenew RenewOf(const engine::GeneratorAcquire& acquired, std::int64_t ceiling);
engine::LeaseRelease LeaseReleaseOf(const engine::GeneratorAcquire& acquired,
                                    std::int64_t last_time);

// A run, under a name that gtest's classes do not hide.
inline Run Positions(std::int64_t first, std::int64_t limit) { return {first, limit}; }

// Settings of ids `[min_id, max_id]`.
engine::SequenceSettings Ids(std::int64_t min_id, std::int64_t max_id, std::int64_t step = 1);
engine::SequenceSettings Strict(engine::SequenceSettings settings);

engine::Key DrawKey(const std::string& id, std::int64_t share, std::int64_t n = 0);
engine::Key AddKey(const std::string& id, std::int64_t share, std::int64_t n = 0);
engine::Key AcquireKey(const std::string& id, std::int64_t n = 0);

}  // namespace mintmark::testing
