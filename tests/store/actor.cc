#include "tests/store/actor.h"

#include <gtest/gtest.h>

#include <utility>

namespace mintmark::testing {

using engine::Batch;
using engine::BatchOutcome;

Actor::Actor(engine::Store& store, std::int64_t attention_seen) : lane_(store.MakeLane()) {
  Batch batch;
  batch.kind = Batch::Kind::kOpenSession;
  batch.server = "a test";
  batch.attention_seen = attention_seen;
  const BatchOutcome outcome = TryRun(batch);
  EXPECT_EQ(outcome.kind, BatchOutcome::Kind::kApplied) << outcome.status;
  EXPECT_EQ(batch.session.last_batch, 0);
  session_ = batch.session;
  report_ = batch.report;
  attention_seen_ = batch.report.attention_seen;
}

Batch Actor::Plan() const {
  Batch batch;
  batch.session = session_;
  batch.attention_seen = attention_seen_;
  return batch;
}

void Actor::Run(Batch& batch) {
  const std::int64_t number = batch.number();
  const BatchOutcome outcome = TryRun(batch);
  ASSERT_EQ(outcome.kind, BatchOutcome::Kind::kApplied) << outcome.status;
  session_.last_batch = number;
  report_ = batch.report;
  attention_seen_ = batch.report.attention_seen;
}

BatchOutcome Actor::TryRun(Batch& batch) { return lane_->Run(batch); }

void Actor::Resolve(Batch& batch) {
  batch.kind = Batch::Kind::kResolveDoubt;
  const BatchOutcome outcome = TryRun(batch);
  ASSERT_EQ(outcome.kind, BatchOutcome::Kind::kApplied) << outcome.status;
  session_.epoch = batch.resolution.epoch;
  session_.last_batch = batch.resolution.last_batch;
}

void Actor::Heartbeat() {
  Batch batch = Plan();
  Run(batch);
}

void Actor::Close() {
  Batch batch = Plan();
  batch.kind = Batch::Kind::kCloseSession;
  Run(batch);
}

void Actor::Bury(const engine::SessionRow& session) {
  Batch batch = Plan();
  batch.bury.push_back(session);
  Run(batch);
}

namespace {

template <typename Operation>
Operation RunOne(Actor& actor, std::vector<Operation> Batch::*operations, Operation operation) {
  Batch batch = actor.Plan();
  (batch.*operations).push_back(std::move(operation));
  actor.Run(batch);
  return (batch.*operations)[0];
}

}  // namespace

engine::SequenceOpen Actor::Open(const std::string& name) {
  return RunOne(*this, &Batch::opens, {.name = name, .create_as = {}, .want_usage = true});
}

engine::SequenceRow Actor::Create(const std::string& name,
                                  const engine::SequenceSettings& settings) {
  const engine::SequenceOpen open =
      RunOne(*this, &Batch::opens, {.name = name, .create_as = settings});
  EXPECT_EQ(open.result, engine::SequenceOpen::Result::kCreated);
  return open.row;
}

engine::SequenceChange Actor::Change(const engine::SequenceChange& change) {
  return RunOne(*this, &Batch::changes, change);
}

engine::SequenceDrain Actor::Drain(const engine::SequenceDrain& drain) {
  return RunOne(*this, &Batch::drains, drain);
}

engine::GiveBack Actor::GiveBack(const engine::GiveBack& give_back) {
  return RunOne(*this, &Batch::give_backs, give_back);
}

engine::Refill Actor::Refill(const engine::Refill& refill) {
  return RunOne(*this, &Batch::refills, refill);
}

engine::Acquire Actor::Acquire(const engine::Acquire& acquire) {
  return RunOne(*this, &Batch::acquires, acquire);
}

engine::Draw Actor::Draw(const engine::Draw& draw) { return RunOne(*this, &Batch::draws, draw); }

engine::CounterAdd Actor::Add(const engine::CounterAdd& add) {
  return RunOne(*this, &Batch::adds, add);
}

engine::CounterChange Actor::ChangeCounter(const engine::CounterChange& change) {
  return RunOne(*this, &Batch::counter_changes, change);
}

std::vector<std::int64_t> Actor::Read(const std::vector<std::string>& names) {
  return RunOne(*this, &Batch::counter_reads, {.names = names, .values = {}}).values;
}

engine::ListPage Actor::List(const engine::ListPage& page) {
  return RunOne(*this, &Batch::lists, page);
}

engine::GroupOpen Actor::Open(const engine::GroupOpen& open) {
  return RunOne(*this, &Batch::group_opens, open);
}

engine::GroupRow Actor::CreateGroup(const std::string& name,
                                    const engine::GroupSettings& settings) {
  const engine::GroupOpen open = Open({.name = name, .create_as = settings});
  EXPECT_EQ(open.result, engine::GroupOpen::Result::kCreated);
  return open.row;
}

engine::GroupDelete Actor::Delete(const engine::GroupDelete& remove) {
  return RunOne(*this, &Batch::group_deletes, remove);
}

engine::GeneratorAcquire Actor::Acquire(const engine::GeneratorAcquire& acquire) {
  return RunOne(*this, &Batch::generator_acquires, acquire);
}

engine::GeneratorExtend Actor::Extend(const engine::GeneratorExtend& extend) {
  return RunOne(*this, &Batch::generator_extends, extend);
}

engine::GeneratorRelease Actor::Release(const engine::GeneratorRelease& release) {
  return RunOne(*this, &Batch::generator_releases, release);
}

engine::LeaseRenew Actor::Renew(const engine::LeaseRenew& renew) {
  return RunOne(*this, &Batch::lease_renews, renew);
}

engine::LeaseRelease Actor::Release(const engine::LeaseRelease& release) {
  return RunOne(*this, &Batch::lease_releases, release);
}

engine::GeneratorList Actor::List(const engine::GeneratorList& list) {
  return RunOne(*this, &Batch::generator_lists, list);
}

engine::Acquire Actor::Acquire(const engine::SequenceRow& row, std::int64_t window,
                               std::int64_t chunk) {
  return Acquire(AcquireOf(row, window, chunk));
}

engine::GiveBack Actor::GiveBack(const engine::Acquire& acquired, std::int64_t position) {
  return GiveBack(GiveBackOf(acquired, session_, position));
}

engine::DrawItem Actor::Draw(const engine::SequenceRow& row, const engine::DrawItem& item) {
  const engine::Draw draw = Draw(DrawOf(row, {item}));
  EXPECT_EQ(draw.result, engine::Draw::Result::kServed);
  return draw.items[0];
}

engine::DrawItem Actor::Draw(const engine::SequenceRow& row, std::int64_t n) {
  return Draw(row, Item(engine::DrawItem::Shape::kAll, n));
}

engine::CounterAdd Actor::Add(const std::string& name, std::int64_t delta) {
  engine::CounterAdd add;
  add.name = name;
  add.sum = delta;
  return Add(add);
}

engine::GroupOpen Actor::OpenGroup(const std::string& name) {
  return Open(engine::GroupOpen{.name = name, .create_as = {}});
}

engine::GeneratorAcquire Actor::AcquireGenerator(const std::string& group) {
  return Acquire(engine::GeneratorAcquire{.group = group, .owner = "a test"});
}

engine::GeneratorAcquire Actor::AcquireGenerator(const std::string& group, const std::string& token,
                                                 const std::string& key) {
  engine::GeneratorAcquire acquire{.group = group, .owner = "a client", .token = token};
  if (!key.empty()) acquire.keys.push_back(AcquireKey(key));
  return Acquire(acquire);
}

engine::GroupSettings Milliseconds() {
  engine::GroupSettings settings;
  settings.layout.epoch_us = kDefaultEpochUs;
  return settings;
}

engine::GiveBack GiveBackOf(const engine::Acquire& acquired, const engine::SessionRow& owner,
                            std::int64_t position) {
  return {.sequence = acquired.sequence,
          .shard = acquired.shard,
          .owner = owner.id,
          .epoch = acquired.epoch,
          .generation = acquired.generation,
          .position = position,
          .ceiling = acquired.ceiling};
}

engine::Refill RefillOf(const engine::Acquire& acquired, std::int64_t position,
                        std::int64_t ceiling) {
  return {.sequence = acquired.sequence,
          .shard = acquired.shard,
          .epoch = acquired.epoch,
          .generation = acquired.generation,
          .position = position,
          .ceiling = ceiling};
}

engine::GeneratorExtend ExtendOf(const engine::GeneratorAcquire& acquired, std::int64_t ceiling) {
  return {.group = acquired.group,
          .id = acquired.id,
          .epoch = acquired.epoch,
          .generation = acquired.row->generation,
          .ceiling = ceiling};
}

engine::GeneratorRelease ReleaseOf(const engine::GeneratorAcquire& acquired,
                                   const engine::SessionRow& session, std::int64_t ceiling) {
  return {.group = acquired.group,
          .id = acquired.id,
          .session = session.id,
          .epoch = acquired.epoch,
          .generation = acquired.row->generation,
          .ceiling = ceiling};
}

engine::LeaseRenew RenewOf(const engine::GeneratorAcquire& acquired, std::int64_t ceiling) {
  return {
      .group = acquired.group, .id = acquired.id, .token = acquired.held_token, .ceiling = ceiling};
}

engine::LeaseRelease LeaseReleaseOf(const engine::GeneratorAcquire& acquired,
                                    std::int64_t last_time) {
  return {.group = acquired.group,
          .id = acquired.id,
          .token = acquired.held_token,
          .last_time = last_time};
}

engine::Acquire AcquireOf(const engine::SequenceRow& row, std::int64_t window, std::int64_t chunk) {
  engine::Acquire acquire;
  acquire.sequence = row.name;
  acquire.generation = row.generation;
  acquire.revision = row.revision;
  acquire.window = window;
  acquire.chunk = chunk;
  return acquire;
}

engine::Draw DrawOf(const engine::SequenceRow& row, std::vector<engine::DrawItem> items) {
  engine::Draw draw;
  draw.sequence = row.name;
  draw.generation = row.generation;
  draw.revision = row.revision;
  draw.items = std::move(items);
  return draw;
}

engine::DrawItem Item(engine::DrawItem::Shape shape, std::int64_t n,
                      std::vector<engine::Key> keys) {
  engine::DrawItem item;
  item.shape = shape;
  item.n = n;
  item.keys = std::move(keys);
  return item;
}

engine::SequenceSettings Ids(std::int64_t min_id, std::int64_t max_id, std::int64_t step) {
  engine::SequenceSettings settings;
  settings.space = {.min_id = min_id, .max_id = max_id, .step = step};
  return settings;
}

engine::SequenceSettings Strict(engine::SequenceSettings settings) {
  settings.shards = 0;
  settings.max_gap = 0;
  return settings;
}

engine::Key DrawKey(const std::string& id, std::int64_t share, std::int64_t n) {
  return {.kind = engine::KeyKind::kNextN, .id = id, .n = n, .flags = 0, .share = share};
}

engine::Key AddKey(const std::string& id, std::int64_t share, std::int64_t n) {
  return {.kind = engine::KeyKind::kIncrCounter, .id = id, .n = n, .flags = 0, .share = share};
}

engine::Key AcquireKey(const std::string& id, std::int64_t n) {
  return {.kind = engine::KeyKind::kAcquireGenerator, .id = id, .n = n};
}

}  // namespace mintmark::testing
