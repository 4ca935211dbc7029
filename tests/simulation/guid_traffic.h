// Everything about GUIDs in a simulation: callers of NextGuid, clients that mint
// under leases of their own, and an administrator who deletes a group at times.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "src/engine/calls.h"
#include "tests/simulation/history.h"
#include "tests/simulation/sim_server.h"

namespace mintmark::testing {

class GuidTraffic {
 public:
  // `any_server` returns one that takes calls, or null.
  GuidTraffic(SimWorld& world, History& history, Duration lease,
              std::function<SimServer*()> any_server);

  // Creates the groups; the calls have to be answered before anything else.
  void SetUp();
  // Something that a client or an administrator does.
  void Step();
  // Whether a call is still to be answered by a server that is up.
  bool open();

  // Looks into the store: every GUID has to lie below what is durable.
  void Audit();

  // What was answered otherwise than it should have been.
  const std::vector<std::string>& problems() const { return problems_; }

 private:
  // A client that mints in its own process.
  struct Lessee {
    int id = 0;
    // It mints below its ceiling whatever became of its lease; uniqueness must not
    // depend on leases.
    bool reckless = false;
    enum class State { kIdle, kAsking, kLeased } state = State::kIdle;
    std::string request_id;
    std::string token;
    std::int64_t generator = 0;
    std::int64_t start_time = 0;
    std::int64_t ceiling = 0;
    std::int64_t next_tick = 0;
    Time started;      // When it asked for the lease.
    Time asked;        // When it last asked for anything.
    Time lease_until;  // Counted from before it asked.
  };

  template <typename Base>
  class TrafficCall;
  struct Pending {
    SimServer* server = nullptr;
    bool answered = false;
  };

  template <typename Base>
  void Start(SimServer& server, const std::function<void(Base&)>& fill,
             void (*start)(SimServer&, engine::Call&),
             std::function<void(Base&, const absl::Status&)> done);
  void StartLease(SimServer& server, const std::function<void(engine::LeaseCall&)>& fill,
                  std::function<void(engine::LeaseCall&, const absl::Status&)> done);

  void Mint();
  void Create(SimServer& server);
  void Administer();
  void LesseeStep(Lessee& lessee);
  void Acquire(Lessee& lessee);
  void MintAlone(Lessee& lessee);
  void Renew(Lessee& lessee);
  void Release(Lessee& lessee);
  void Lie(const Lessee& lessee);

  SimWorld& world_;
  History& history_;
  const std::function<SimServer*()> any_server_;
  engine::GroupSettings settings_;  // Of the group "narrow".
  std::vector<Lessee> lessees_;
  std::list<Pending> pending_;
  bool dense_ = false;  // Few generators, which are in demand.
  std::int64_t tokens_ = 0;
  std::vector<std::string> problems_;
};

}  // namespace mintmark::testing
