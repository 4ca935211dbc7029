#include "src/engine/engine.h"

#include <algorithm>
#include <utility>

#include "src/core/mutex.h"
#include "src/engine/lane.h"
#include "src/engine/name_hash.h"

namespace mintmark::engine {
namespace {

// A read of counters of several lanes: a part for each lane, joined by the last to
// be answered. Deletes itself and its parts.
class JoinedRead {
 public:
  explicit JoinedRead(ReadCall& whole) : whole_(whole) {
    whole_.values.assign(whole_.counters.size(), 0);
  }

  void Add(int lane, std::size_t place) {
    auto part = std::find_if(parts_.begin(), parts_.end(),
                             [&](const auto& other) { return other->lane == lane; });
    if (part == parts_.end()) {
      part = parts_.insert(part, std::make_unique<Part>(*this, lane));
      (*part)->deadline = whole_.deadline;
    }
    (*part)->counters.push_back(whole_.counters[place]);
    (*part)->places.push_back(place);
  }

  // Hands the parts out; this object may be gone when it returns.
  void Start(const std::vector<std::unique_ptr<Lane>>& lanes, Time now) {
    std::vector<Part*> parts;
    for (const auto& part : parts_) parts.push_back(part.get());
    {
      MutexLock lock(mutex_);
      left_ = parts.size();
    }
    for (Part* part : parts) lanes[static_cast<std::size_t>(part->lane)]->Read(*part, now);
  }

 private:
  class Part : public ReadCall {
   public:
    Part(JoinedRead& joined, int of_lane) : lane(of_lane), joined_(joined) {}
    void Done(const absl::Status& status) override { joined_.PartDone(*this, status); }

    const int lane;
    std::vector<std::size_t> places;

   private:
    JoinedRead& joined_;
  };

  void PartDone(const Part& part, const absl::Status& status) {
    {
      MutexLock lock(mutex_);
      if (!status.ok()) status_ = status;
      for (std::size_t i = 0; status.ok() && i < part.places.size(); ++i) {
        whole_.values[part.places[i]] = part.values[i];
      }
      if (--left_ > 0) return;
    }
    const std::unique_ptr<JoinedRead> last(this);
    whole_.Done(status_);
  }

  ReadCall& whole_;
  std::vector<std::unique_ptr<Part>> parts_;
  Mutex mutex_;
  std::size_t left_ ABSL_GUARDED_BY(mutex_) = 0;
  absl::Status status_;  // Written under the lock, read by the last part only.
};

}  // namespace

Engine::Engine(const EngineOptions& options, const std::function<void(int lane)>& wake) {
  for (int i = 0; i < options.lanes; ++i) {
    lanes_.push_back(std::make_unique<Lane>(i, options, wake));
  }
}

Engine::~Engine() = default;

int Engine::lanes() const { return static_cast<int>(lanes_.size()); }

int Engine::LaneOf(absl::string_view name) const {
  return lanes_.size() == 1 ? 0 : static_cast<int>(NameHash(name) % lanes_.size());
}

void Engine::Next(NextCall& call, Time now) {
  lanes_[static_cast<std::size_t>(LaneOf(call.sequence))]->Next(call, now);
}

void Engine::Incr(IncrCall& call, Time now) {
  lanes_[static_cast<std::size_t>(LaneOf(call.counter))]->Incr(call, now);
}

void Engine::Read(ReadCall& call, Time now) {
  const int lane = call.counters.empty() ? 0 : LaneOf(call.counters.front());
  const bool one_lane = std::all_of(call.counters.begin(), call.counters.end(),
                                    [&](const std::string& name) { return LaneOf(name) == lane; });
  if (one_lane) {
    lanes_[static_cast<std::size_t>(lane)]->Read(call, now);
    return;
  }
  auto* joined = new JoinedRead(call);  // Deletes itself when its last part is answered.
  for (std::size_t i = 0; i < call.counters.size(); ++i) joined->Add(LaneOf(call.counters[i]), i);
  joined->Start(lanes_, now);
}

void Engine::Sequence(SequenceCall& call, Time now) {
  lanes_[static_cast<std::size_t>(LaneOf(call.name))]->Sequence(call, now);
}

void Engine::Counter(CounterCall& call, Time now) {
  lanes_[static_cast<std::size_t>(LaneOf(call.name))]->Counter(call, now);
}

void Engine::List(ListCall& call, Time now) { lanes_[0]->List(call, now); }

void Engine::Guid(GuidCall& call, Time now) {
  lanes_[static_cast<std::size_t>(LaneOf(call.group))]->Guid(call, now);
}

void Engine::Group(GroupCall& call, Time now) {
  lanes_[static_cast<std::size_t>(LaneOf(call.name))]->Group(call, now);
}

void Engine::Lease(LeaseCall& call, Time now) {
  lanes_[static_cast<std::size_t>(LaneOf(call.group))]->Lease(call, now);
}

void Engine::Generators(GeneratorsCall& call, Time now) {
  lanes_[static_cast<std::size_t>(LaneOf(call.group))]->Generators(call, now);
}

std::unique_ptr<Batch> Engine::TakeBatch(int lane, Time now) {
  return lanes_[static_cast<std::size_t>(lane)]->TakeBatch(now);
}

void Engine::Complete(std::unique_ptr<Batch> batch, const BatchOutcome& outcome, Time now) {
  Lane& lane = *lanes_[static_cast<std::size_t>(batch->lane)];
  lane.Complete(std::move(batch), outcome, now);
}

Time Engine::NextWake(int lane) const { return lanes_[static_cast<std::size_t>(lane)]->NextWake(); }

void Engine::Tick(Time now) {
  for (const auto& lane : lanes_) lane->Tick(now);
}

void Engine::BeginStop(Time now) {
  for (const auto& lane : lanes_) lane->BeginStop(now);
}

bool Engine::Stopped() const {
  return std::all_of(lanes_.begin(), lanes_.end(),
                     [](const auto& lane) { return lane->Stopped(); });
}

std::vector<LaneStatus> Engine::Status(Time now) const {
  std::vector<LaneStatus> status;
  for (const auto& lane : lanes_) status.push_back(lane->Status(now));
  return status;
}

}  // namespace mintmark::engine
