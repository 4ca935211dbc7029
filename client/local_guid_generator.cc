#include "client/local_guid_generator.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "client/boot_now.h"
#include "client/request_id.h"
#include "src/core/guid_layout.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

// A lease is renewed when this part of it has passed.
constexpr int kRenewShare = 3;

Duration ToDuration(const google::protobuf::Duration& duration) {
  return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
}

absl::StatusOr<GuidLayout> LayoutOf(const v1::GuidGroup& group) {
  GuidLayout layout;
  layout.epoch_us = group.epoch().seconds() * 1'000'000 + group.epoch().nanos() / 1'000;
  layout.time_bits = group.time_bits();
  layout.counter_bits = group.counter_bits();
  layout.generator_bits = group.generator_bits();
  if (group.order() == v1::FIELD_ORDER_TIME_GENERATOR_COUNTER) {
    layout.order = FieldOrder::kTimeGeneratorCounter;
  }
  layout.unit_us = ToDuration(group.time_unit()) / std::chrono::microseconds(1);
  MINTMARK_RETURN_IF_ERROR(CheckLayout(layout));
  return layout;
}

absl::StatusOr<GeneratorLease> LeaseOf(const v1::AcquireGeneratorResponse& response, Time asked_at,
                                       Time answered_at) {
  GeneratorLease lease;
  MINTMARK_ASSIGN_OR_RETURN(lease.layout, LayoutOf(response.group()));
  lease.generator_id = response.generator_id();
  lease.token = response.lease_token();
  lease.start_time = response.start_time();
  lease.ceiling = response.time_ceiling();
  lease.answered_at = answered_at;
  lease.end = asked_at + ToDuration(response.lease());
  if (lease.generator_id < 0 || lease.generator_id >= lease.layout.generators() ||
      lease.start_time < 0 || lease.start_time > lease.ceiling ||
      lease.ceiling > lease.layout.end_time()) {
    return absl::InternalError("the server granted a lease that its layout has no room for");
  }
  return lease;
}

void MakeGuids(const GuidLayout& layout, std::int64_t generator_id, std::int64_t first_tick,
               absl::Span<std::int64_t> guids) {
  for (std::int64_t& guid : guids) guid = GuidOf(layout, first_tick++, generator_id);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LocalGuidGenerator>> LocalGuidGenerator::Make(
    Client& client, LocalGuidOptions options) {
  const auto zero = std::chrono::milliseconds::zero();
  if (options.max_ahead < zero || options.max_wait < zero) {
    return absl::InvalidArgumentError("max_ahead and max_wait cannot be negative");
  }
  if (options.call_timeout <= zero || options.max_tenure <= zero) {
    return absl::InvalidArgumentError("call_timeout and max_tenure have to be above zero");
  }
  std::unique_ptr<LocalGuidGenerator> generator(new LocalGuidGenerator(client, std::move(options)));
  MINTMARK_RETURN_IF_ERROR(generator->Acquire());
  generator->thread_ = std::thread(&LocalGuidGenerator::KeepLease, generator.get());
  return generator;
}

LocalGuidGenerator::LocalGuidGenerator(Client& client, LocalGuidOptions options)
    : client_(client), options_(std::move(options)), mint_(options_.max_ahead) {}

LocalGuidGenerator::~LocalGuidGenerator() {
  if (fork_guard_.InChild()) {
    // The thread and the lease are the parent's. A condition that it waited on cannot
    // be destroyed here.
    if (thread_.joinable()) thread_.detach();
    (void)changed_.release();
    return;
  }
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    changed_->notify_all();
  }
  if (thread_.joinable()) thread_.join();
  std::optional<GeneratorLease> lease;
  std::int64_t last_time = 0;
  {
    const MutexLock lock(mutex_);
    lease = mint_.lease();
    if (lease.has_value()) last_time = mint_.LastTime();
  }
  if (lease.has_value()) Release(*lease, last_time);
}

absl::StatusOr<std::int64_t> LocalGuidGenerator::Next() {
  std::int64_t guid = 0;
  MINTMARK_RETURN_IF_ERROR(NextN(absl::MakeSpan(&guid, 1)));
  return guid;
}

absl::Status LocalGuidGenerator::NextN(absl::Span<std::int64_t> guids) {
  if (fork_guard_.InChild()) {
    return absl::FailedPreconditionError(
        "this process was forked off from the one that leases the generator; make a "
        "LocalGuidGenerator of its own");
  }
  std::size_t filled = 0;
  std::optional<Time> give_up;
  while (filled < guids.size()) {
    const Time now = BootNow();
    const Minted minted = Take(static_cast<std::int64_t>(guids.size() - filled), now);
    if (minted.run.outcome != LocalMint::Run::Outcome::kTaken) {
      if (!give_up.has_value()) give_up = now + options_.max_wait;
      MINTMARK_RETURN_IF_ERROR(Await(minted.run, now, *give_up));
      continue;
    }
    give_up.reset();
    const std::int64_t first = GuidOf(minted.layout, minted.run.first_tick, minted.generator_id);
    // Another lease, and the store's clock was set back: what is here already is
    // thrown away, since the reply has to grow.
    if (filled > 0 && first <= guids[filled - 1]) filled = 0;
    const auto count = static_cast<std::size_t>(minted.run.count);
    MakeGuids(minted.layout, minted.generator_id, minted.run.first_tick,
              guids.subspan(filled, count));
    filled += count;
  }
  return absl::OkStatus();
}

LocalGuidGenerator::Minted LocalGuidGenerator::Take(std::int64_t n, Time now) {
  Minted minted;
  const MutexLock lock(mutex_);
  minted.run = mint_.Take(n, now);
  if (minted.run.count > 0) {
    minted.layout = mint_.lease()->layout;
    minted.generator_id = mint_.lease()->generator_id;
  }
  return minted;
}

absl::Status LocalGuidGenerator::Await(const LocalMint::Run& run, Time now, Time give_up) {
  using Outcome = LocalMint::Run::Outcome;
  if (run.outcome == Outcome::kLifetimeOver) {
    return MakeStatus(Reason::kGroupLifetimeOver,
                      "The time no longer fits into the group's layout; create another group, with "
                      "a later epoch or more bits of time.");
  }
  const MutexLock lock(mutex_);
  if (now < give_up) {
    const bool ahead = run.outcome == Outcome::kAhead;
    const Duration wait = ahead ? std::min(run.wait, give_up - now) : give_up - now;
    // A lease may have come since; the caller looks again, also when woken early.
    if (ahead || !mint_.HoldsLease(now)) changed_->wait_for(mutex_, wait);
    return absl::OkStatus();
  }
  if (run.outcome == Outcome::kAhead) {
    return MakeStatus(Reason::kOverloaded,
                      "GUIDs run as far ahead of time as they may; ask for fewer of them, or mint "
                      "with more generators.");
  }
  if (!trouble_.ok()) return trouble_;
  return MakeStatus(Reason::kLeaseLost,
                    "The lease on the generator is over, and no server has renewed it yet; ask "
                    "again.");
}

void LocalGuidGenerator::KeepLease() {
  Duration wait = renew_at_ - BootNow();
  for (;;) {
    {
      const MutexLock lock(mutex_);
      const auto end = std::chrono::steady_clock::now() + wait;
      while (!stopping_ && std::chrono::steady_clock::now() < end) {
        changed_->wait_until(mutex_, end);
      }
      if (stopping_) return;
    }
    wait = Step();
  }
}

Duration LocalGuidGenerator::Step() {
  const Time now = BootNow();
  const bool tenure_over = now >= tenure_end_;
  absl::Status status;
  if (!HoldsLease()) {
    status = Acquire();
  } else if (!tenure_over || !Acquire().ok()) {
    // Where no other generator is to be had, this one will do for as long again.
    if (tenure_over) tenure_end_ = now + options_.max_tenure;
    status = Renew();
  }
  failures_ = status.ok() ? 0 : failures_ + 1;
  {
    const MutexLock lock(mutex_);
    trouble_ = status;
  }
  if (status.ok()) return renew_at_ - BootNow();
  const Duration pause = BackoffAfter(RetryOptions(), failures_, RealRetryEnvironment().Random());
  return std::min(pause, lease_ / 10);
}

bool LocalGuidGenerator::HoldsLease() const {
  const Time now = BootNow();
  const MutexLock lock(mutex_);
  return mint_.HoldsLease(now);
}

// While there is a lease, a call leaves enough of it for another one.
std::chrono::milliseconds LocalGuidGenerator::CallTimeout() const {
  if (!HoldsLease()) return options_.call_timeout;
  const auto share = std::chrono::ceil<std::chrono::milliseconds>(lease_ / kRenewShare);
  return std::min(options_.call_timeout, share);
}

absl::Status LocalGuidGenerator::Acquire() {
  v1::AcquireGeneratorRequest request;
  request.set_group(options_.group);
  request.set_owner(options_.owner);
  const Time asked_at = BootNow();
  MINTMARK_ASSIGN_OR_RETURN(
      const v1::AcquireGeneratorResponse response,
      client_.AcquireGenerator(std::move(request), {.timeout = CallTimeout()}));
  const Time now = BootNow();
  MINTMARK_ASSIGN_OR_RETURN(GeneratorLease lease, LeaseOf(response, asked_at, now));
  if (now >= lease.end) {
    Release(lease, lease.start_time);
    return absl::UnavailableError("the lease on the generator was over when the answer came");
  }
  lease_ = lease.end - asked_at;
  renew_at_ = asked_at + lease_ / kRenewShare;
  tenure_end_ = asked_at + options_.max_tenure;
  std::optional<GeneratorLease> before;
  std::int64_t last_time = 0;
  {
    const MutexLock lock(mutex_);
    before = mint_.lease();
    if (before.has_value()) last_time = mint_.LastTime();
    mint_.Adopt(std::move(lease));
    changed_->notify_all();
  }
  if (before.has_value()) Release(*before, last_time);
  return absl::OkStatus();
}

absl::Status LocalGuidGenerator::Renew() {
  v1::RenewGeneratorRequest request;
  request.set_group(options_.group);
  const Time asked_at = BootNow();
  {
    const MutexLock lock(mutex_);
    const GeneratorLease& lease = *mint_.lease();
    request.set_generator_id(lease.generator_id);
    request.set_lease_token(lease.token);
    request.set_time_ceiling(mint_.TimeAt(asked_at + lease_));
  }
  const auto response = client_.RenewGenerator(request, {.timeout = CallTimeout()});
  const MutexLock lock(mutex_);
  if (response.ok()) {
    lease_ = ToDuration(response->lease());
    renew_at_ = asked_at + lease_ / kRenewShare;
    mint_.Prolong(response->time_ceiling(), asked_at + lease_);
    changed_->notify_all();
  } else if (response.status().code() == absl::StatusCode::kFailedPrecondition ||
             response.status().code() == absl::StatusCode::kNotFound) {
    // LEASE_LOST, or the group is gone, or the store may have forgotten the lease.
    mint_.Drop();
  }
  return response.status();
}

void LocalGuidGenerator::Release(const GeneratorLease& lease, std::int64_t last_time) {
  v1::ReleaseGeneratorRequest request;
  request.set_group(options_.group);
  request.set_generator_id(lease.generator_id);
  request.set_lease_token(lease.token);
  request.set_last_time(last_time);
  // Where it fails, the lease ends by itself.
  (void)client_.ReleaseGenerator(request, {.timeout = options_.call_timeout});
}

}  // namespace mintmark::client
