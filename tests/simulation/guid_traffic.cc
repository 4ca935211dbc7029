#include "tests/simulation/guid_traffic.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/guid_layout.h"
#include "src/core/reason.h"

namespace mintmark::testing {
namespace {

using engine::GroupCall;
using engine::GuidCall;
using engine::LeaseCall;

constexpr Duration kMs = std::chrono::milliseconds(1);
constexpr char kNarrow[] = "narrow";

void StartGuid(SimServer& at, engine::Call& call) {
  at.engine().Guid(static_cast<GuidCall&>(call), at.Now());
}
void StartGroup(SimServer& at, engine::Call& call) {
  at.engine().Group(static_cast<GroupCall&>(call), at.Now());
}
void StartLeaseCall(SimServer& at, engine::Call& call) {
  at.engine().Lease(static_cast<LeaseCall&>(call), at.Now());
}

}  // namespace

template <typename Base>
class GuidTraffic::TrafficCall : public Base {
 public:
  TrafficCall(SimServer& server, Pending& pending,
              std::function<void(Base&, const absl::Status&)> done)
      : server_(server), pending_(pending), done_(std::move(done)) {}

  void Done(const absl::Status& status) override {
    pending_.answered = true;
    done_(*this, status);
    server_.Answered(*this);
  }

 private:
  SimServer& server_;
  Pending& pending_;
  const std::function<void(Base&, const absl::Status&)> done_;
};

GuidTraffic::GuidTraffic(SimWorld& world, History& history, Duration lease,
                         std::function<SimServer*()> any_server)
    : world_(world), history_(history), any_server_(std::move(any_server)) {
  Random& random = world_.random;
  // So few GUIDs a millisecond that generators run ahead of the clock, and so few
  // generators that they are taken over.
  settings_.layout.epoch_us = kDefaultEpochUs;
  settings_.layout.counter_bits = static_cast<std::int32_t>(random.Between(0, 3));
  settings_.layout.order =
      random.Chance(50) ? FieldOrder::kTimeCounterGenerator : FieldOrder::kTimeGeneratorCounter;
  dense_ = random.Chance(50);
  settings_.generator_max = dense_ ? random.Between(0, 2) : random.Between(3, 30);
  settings_.lease_us = std::chrono::duration_cast<std::chrono::microseconds>(lease).count();
  for (int i = 0; i < 3; ++i) {
    Lessee& lessee = lessees_.emplace_back();
    lessee.id = i + 1;
    lessee.reckless = random.Chance(40);
  }
  history_.guid_ahead_us = settings_.lease_us + 1'000'000;
}

template <typename Base>
void GuidTraffic::Start(SimServer& server, const std::function<void(Base&)>& fill,
                        void (*start)(SimServer&, engine::Call&),
                        std::function<void(Base&, const absl::Status&)> done) {
  std::erase_if(pending_, [](const Pending& call) { return call.answered; });
  Pending& pending = pending_.emplace_back(Pending{&server, false});
  auto call = std::make_unique<TrafficCall<Base>>(server, pending, std::move(done));
  fill(*call);
  if (world_.faults && world_.random.Chance(25)) {
    call->deadline = server.Now() + world_.random.Between(20 * kMs, 2000 * kMs);
  }
  server.Start(std::move(call), start);
}

bool GuidTraffic::open() {
  return std::any_of(pending_.begin(), pending_.end(),
                     [](const Pending& call) { return !call.answered && call.server->alive(); });
}

void GuidTraffic::SetUp() { Create(*any_server_()); }

void GuidTraffic::Create(SimServer& server) {
  Start<GroupCall>(
      server,
      [this](GroupCall& call) {
        call.kind = GroupCall::Kind::kCreate;
        call.name = kNarrow;
        call.settings = settings_;
      },
      StartGroup, [](GroupCall&, const absl::Status&) {});
}

void GuidTraffic::Step() {
  Random& random = world_.random;
  const std::int64_t what = random.Between(1, 100);
  if (what <= 50) {
    Mint();
  } else if (what <= 98) {
    LesseeStep(lessees_[static_cast<std::size_t>(
        random.Between(0, static_cast<std::int64_t>(lessees_.size()) - 1))]);
  } else {
    Administer();
  }
}

void GuidTraffic::Mint() {
  SimServer* server = any_server_();
  if (server == nullptr) return;
  Random& random = world_.random;
  const std::string group = random.Chance(70) ? kNarrow : engine::kDefaultGroup;
  // A second's worth, often, so that generators are given back ahead of the clock.
  const std::int64_t most = 900 << settings_.layout.counter_bits;
  const std::int64_t n =
      random.Chance(dense_ ? 40 : 80) ? random.Between(1, 5) : random.Between(1, most);
  Start<GuidCall>(
      *server,
      [&](GuidCall& call) {
        call.group = group;
        call.n = n;
      },
      StartGuid,
      [this, by = absl::StrCat("server ", server->id())](GuidCall& call,
                                                         const absl::Status& status) {
        world_.Count(absl::StrCat("guid.", status.ok() ? "ok" : ReasonName(ReasonOf(status))));
        if (!status.ok()) return;
        const std::int64_t last = TimeOfTick(call.layout, call.first_tick + call.n - 1);
        history_.guids.push_back({.group = call.group,
                                  .generator = call.generator,
                                  .first_tick = call.first_tick,
                                  .n = call.n,
                                  .last_time = last,
                                  .by = by,
                                  .time_us = MomentOf(call.layout, last),
                                  .shown_us = world_.store_highest_us});
      });
}

void GuidTraffic::Administer() {
  SimServer* server = any_server_();
  if (server == nullptr) return;
  if (world_.random.Chance(85)) {
    Create(*server);
    return;
  }
  Start<GroupCall>(
      *server,
      [](GroupCall& call) {
        call.kind = GroupCall::Kind::kDelete;
        call.name = kNarrow;
      },
      StartGroup,
      [this](GroupCall&, const absl::Status& status) {
        if (status.ok()) world_.Count("guid.group_deleted");
      });
}

void GuidTraffic::Audit() {
  ModelTables tables = world_.store.Snapshot();
  for (const MintedGuids& minted : history_.guids) {
    const std::optional<store::StoredGroup> group = tables.FindGroup(minted.group);
    if (!group.has_value()) {
      problems_.push_back(absl::StrCat("ceilings: the group ", minted.group, " is forgotten"));
      return;
    }
    const std::optional<engine::GeneratorRow> generator =
        tables.FindGenerator(minted.group, minted.generator);
    // Both groups have one layout, however often they are made.
    const std::int64_t low_bits = group->row.settings.layout.low_bits();
    const bool covered = (generator.has_value() && minted.last_time < generator->ceiling) ||
                         minted.last_time < group->row.floor_time ||
                         (minted.last_time << low_bits) < group->guid_floor;
    if (covered) continue;
    problems_.push_back(absl::StrCat("ceilings: ", minted.by, " minted time ", minted.last_time,
                                     " in ", minted.group, " with generator ", minted.generator,
                                     ", which is above what the store knows"));
  }
}

// --- clients with leases

void GuidTraffic::LesseeStep(Lessee& lessee) {
  Random& random = world_.random;
  const Time now = world_.events.now();
  switch (lessee.state) {
    case Lessee::State::kIdle:
      Acquire(lessee);
      return;
    case Lessee::State::kAsking:
      // Nobody answers: it asks again, with the same request_id if it had one.
      if (now - lessee.asked > std::chrono::seconds(2)) Acquire(lessee);
      return;
    case Lessee::State::kLeased:
      break;
  }
  const std::int64_t what = random.Between(1, 100);
  if (what <= 70) {
    MintAlone(lessee);
  } else if (what <= 88) {
    Renew(lessee);
  } else if (what <= 95) {
    Lie(lessee);
  } else {
    Release(lessee);
  }
}

void GuidTraffic::StartLease(SimServer& server, const std::function<void(LeaseCall&)>& fill,
                             std::function<void(LeaseCall&, const absl::Status&)> done) {
  Start<LeaseCall>(
      server,
      [&](LeaseCall& call) {
        call.group = kNarrow;
        fill(call);
      },
      StartLeaseCall, std::move(done));
}

void GuidTraffic::Acquire(Lessee& lessee) {
  SimServer* server = any_server_();
  if (server == nullptr) return;
  const bool again = lessee.state == Lessee::State::kAsking && !lessee.request_id.empty();
  ++tokens_;
  if (!again) {
    lessee.request_id = world_.random.Chance(60) ? absl::StrCat("lease-", tokens_) : "";
  }
  lessee.state = Lessee::State::kAsking;
  lessee.asked = world_.events.now();
  StartLease(
      *server,
      [&](LeaseCall& call) {
        call.kind = LeaseCall::Kind::kAcquire;
        call.owner = absl::StrCat("client ", lessee.id);
        call.token = absl::StrCat("token-", tokens_);
        call.request_id = lessee.request_id;
      },
      [this, &lessee, asked = lessee.asked, request_id = lessee.request_id](
          LeaseCall& call, const absl::Status& status) {
        // An answer to what it does not wait for any more: that lease is let go.
        if (lessee.state != Lessee::State::kAsking || lessee.asked != asked ||
            lessee.request_id != request_id) {
          return;
        }
        if (!status.ok()) {
          if (ReasonOf(status) == Reason::kCommitInDoubt) return;
          lessee.state = Lessee::State::kIdle;
          return;
        }
        world_.Count("guid.client_lease");
        lessee.state = Lessee::State::kLeased;
        lessee.token = call.lease_token;
        lessee.generator = call.generator_id;
        lessee.start_time = call.start_time;
        lessee.ceiling = call.ceiling;
        lessee.next_tick = TickOf(settings_.layout, call.start_time);
        lessee.started = asked;
        lessee.lease_until = asked + call.lease;
      });
}

void GuidTraffic::MintAlone(Lessee& lessee) {
  const GuidLayout& layout = settings_.layout;
  const Time now = world_.events.now();
  if (now >= lessee.lease_until && !lessee.reckless) {
    Renew(lessee);
    return;
  }
  const std::int64_t time = lessee.start_time + (now - lessee.started) / kMs;
  const std::int64_t n = world_.random.Between(1, 20);
  const std::int64_t first = std::max(lessee.next_tick, TickOf(layout, time));
  if (first + n > TickOf(layout, lessee.ceiling)) {
    Renew(lessee);
    return;
  }
  lessee.next_tick = first + n;
  world_.Count(now >= lessee.lease_until ? "guid.client_minted_past_its_lease"
                                         : "guid.client_minted");
  history_.guids.push_back({.group = kNarrow,
                            .generator = lessee.generator,
                            .first_tick = first,
                            .n = n,
                            .last_time = TimeOfTick(layout, first + n - 1),
                            .by = absl::StrCat("client ", lessee.id),
                            .time_us = 0,
                            .shown_us = 0});
}

void GuidTraffic::Renew(Lessee& lessee) {
  SimServer* server = any_server_();
  if (server == nullptr) return;
  const Time asked = world_.events.now();
  const std::int64_t wanted =
      world_.random.Chance(70) ? INT64_MAX : lessee.ceiling - world_.random.Between(0, 5'000);
  StartLease(
      *server,
      [&](LeaseCall& call) {
        call.kind = LeaseCall::Kind::kRenew;
        call.generator_id = lessee.generator;
        call.token = lessee.token;
        call.ceiling = std::max<std::int64_t>(0, wanted);
      },
      [this, &lessee, asked, token = lessee.token](LeaseCall& call, const absl::Status& status) {
        if (lessee.state != Lessee::State::kLeased || lessee.token != token) return;
        if (status.ok()) {
          world_.Count("guid.client_renewed");
          lessee.ceiling = std::max(lessee.ceiling, call.ceiling);
          lessee.lease_until = std::max(lessee.lease_until, asked + call.lease);
        } else if (ReasonOf(status) == Reason::kLeaseLost) {
          world_.Count("guid.client_lost_its_lease");
          if (!lessee.reckless || world_.random.Chance(30)) lessee.state = Lessee::State::kIdle;
        } else if (ReasonOf(status) == Reason::kGroupNotFound) {
          lessee.state = Lessee::State::kIdle;
        }
      });
}

void GuidTraffic::Release(Lessee& lessee) {
  SimServer* server = any_server_();
  if (server == nullptr) return;
  // It has stopped minting before it asks.
  lessee.state = Lessee::State::kIdle;
  const std::int64_t last = TimeOfTick(settings_.layout, lessee.next_tick - 1);
  StartLease(
      *server,
      [&](LeaseCall& call) {
        call.kind = LeaseCall::Kind::kRelease;
        call.generator_id = lessee.generator;
        call.token = lessee.token;
        call.last_time = std::max(lessee.start_time, last);
      },
      [this](LeaseCall&, const absl::Status& status) {
        if (status.ok()) world_.Count("guid.client_released");
      });
}

// Times and tokens that cannot be: none of it may be accepted.
void GuidTraffic::Lie(const Lessee& lessee) {
  SimServer* server = any_server_();
  if (server == nullptr) return;
  world_.Count("guid.client_lie");
  const std::int64_t what = world_.random.Between(1, 4);
  StartLease(
      *server,
      [&](LeaseCall& call) {
        call.generator_id = lessee.generator;
        call.kind = what == 1 ? LeaseCall::Kind::kRenew : LeaseCall::Kind::kRelease;
        call.token = what <= 2 ? "of nobody" : lessee.token;
        call.ceiling = INT64_MAX;
        // Further on than any lease of this simulation can reach; or before it began.
        call.last_time = what == 3 ? INT64_MAX : lessee.start_time - 1;
      },
      [this, what](LeaseCall&, const absl::Status& status) {
        if (!status.ok()) return;
        problems_.push_back(absl::StrCat("leases: a lie of kind ", what, " was accepted"));
      });
}

}  // namespace mintmark::testing
