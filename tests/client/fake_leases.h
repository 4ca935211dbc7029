// A gRPC server in this process that leases generators of one group by the rules of
// the API, from memory, and does it badly when a test wants that.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/boot_now.h"
#include "mintmark/v1/id_service.grpc.pb.h"
#include "src/core/check.h"
#include "src/core/guid_layout.h"
#include "src/core/mutex.h"
#include "src/core/reason.h"
#include "tests/client/fake_server.h"

namespace mintmark::client {

class FakeLeases final : private v1::IdService::Service {
 public:
  struct Generator {
    std::string token;
    std::string owner;
    std::int64_t start_time = 0;
    std::int64_t ceiling = 0;
    Time lease_end;
    std::optional<std::int64_t> last_time;  // As it was told at the release.
  };

  explicit FakeLeases(Duration lease, std::int64_t generators = 16)
      : lease_(lease), generators_(generators) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
    MINTMARK_CHECK(server_ != nullptr);
    address_ = absl::StrCat("127.0.0.1:", port);
  }
  ~FakeLeases() override { server_->Shutdown(std::chrono::system_clock::now()); }

  const std::string& address() const { return address_; }
  GuidLayout layout() const {
    GuidLayout layout;
    layout.epoch_us = kDefaultEpochUs;
    return layout;
  }

  // Every call fails with `reason`, which stands for a store that is away.
  void FailWith(std::optional<Reason> reason) {
    const MutexLock lock(mutex_);
    failure_ = reason;
  }
  // Renewals, and nothing else, fail with `reason`.
  void FailRenewalsWith(std::optional<Reason> reason) {
    const MutexLock lock(mutex_);
    renewal_failure_ = reason;
  }
  // The store's clock is set forward, or back.
  void MoveClock(std::chrono::milliseconds by) {
    const MutexLock lock(mutex_);
    offset_ += by;
  }

  // The generators that were leased ever, by id.
  std::map<std::int64_t, Generator> generators() const {
    const MutexLock lock(mutex_);
    return leased_;
  }
  int renewals() const {
    const MutexLock lock(mutex_);
    return renewals_;
  }
  int acquisitions() const {
    const MutexLock lock(mutex_);
    return acquisitions_;
  }
  int releases() const {
    const MutexLock lock(mutex_);
    return releases_;
  }
  // The store's time, in the layout's units.
  std::int64_t Now() const {
    const MutexLock lock(mutex_);
    return NowLocked();
  }

 private:
  grpc::Status AcquireGenerator(grpc::ServerContext* context,
                                const v1::AcquireGeneratorRequest* request,
                                v1::AcquireGeneratorResponse* response) override {
    const MutexLock lock(mutex_);
    if (failure_.has_value()) return Fail(*context, *failure_, "planned");
    const std::int64_t now = NowLocked();
    std::int64_t id = 0;
    while (id < generators_ && !FreeLocked(id, now)) ++id;
    if (id == generators_) return Fail(*context, Reason::kGeneratorsExhausted, "all are leased");
    Generator& generator = leased_[id];
    generator.token = absl::StrCat("token-", ++acquisitions_);
    generator.owner = request->owner();
    generator.start_time = std::max(now, generator.ceiling);
    generator.ceiling = generator.start_time + lease_ / std::chrono::milliseconds(1);
    generator.lease_end = BootNow() + lease_;
    generator.last_time.reset();
    response->set_generator_id(id);
    response->set_lease_token(generator.token);
    response->set_start_time(generator.start_time);
    response->set_time_ceiling(generator.ceiling);
    SetLease(*response->mutable_lease());
    v1::GuidGroup& group = *response->mutable_group();
    group.mutable_epoch()->set_seconds(layout().epoch_us / 1'000'000);
    group.set_time_bits(layout().time_bits);
    group.set_counter_bits(layout().counter_bits);
    group.set_generator_bits(layout().generator_bits);
    group.set_order(v1::FIELD_ORDER_TIME_COUNTER_GENERATOR);
    group.mutable_time_unit()->set_nanos(1'000'000);
    return grpc::Status::OK;
  }

  grpc::Status RenewGenerator(grpc::ServerContext* context,
                              const v1::RenewGeneratorRequest* request,
                              v1::RenewGeneratorResponse* response) override {
    const MutexLock lock(mutex_);
    if (failure_.has_value()) return Fail(*context, *failure_, "planned");
    if (renewal_failure_.has_value()) return Fail(*context, *renewal_failure_, "planned");
    Generator* generator = FindLocked(request->generator_id(), request->lease_token());
    if (generator == nullptr) return Fail(*context, Reason::kLeaseLost, "not yours");
    const std::int64_t most =
        std::max(NowLocked(), generator->ceiling) + lease_ / std::chrono::milliseconds(1);
    generator->ceiling = std::max(generator->ceiling, std::min(request->time_ceiling(), most));
    generator->lease_end = BootNow() + lease_;
    response->set_time_ceiling(generator->ceiling);
    SetLease(*response->mutable_lease());
    ++renewals_;
    return grpc::Status::OK;
  }

  grpc::Status ReleaseGenerator(grpc::ServerContext* context,
                                const v1::ReleaseGeneratorRequest* request,
                                v1::ReleaseGeneratorResponse*) override {
    const MutexLock lock(mutex_);
    if (failure_.has_value()) return Fail(*context, *failure_, "planned");
    Generator* generator = FindLocked(request->generator_id(), request->lease_token());
    if (generator == nullptr) return Fail(*context, Reason::kLeaseLost, "not yours");
    if (request->last_time() < generator->start_time ||
        request->last_time() >= generator->ceiling) {
      return Fail(*context, Reason::kArgumentInvalid, "last_time");
    }
    generator->ceiling = request->last_time() + 1;
    generator->last_time = request->last_time();
    generator->token.clear();
    ++releases_;
    return grpc::Status::OK;
  }

  std::int64_t NowLocked() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    return (BootNow().time_since_epoch() + offset_) / std::chrono::milliseconds(1);
  }
  bool FreeLocked(std::int64_t id, std::int64_t now) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto it = leased_.find(id);
    if (it == leased_.end()) return true;
    const bool held = !it->second.token.empty() && BootNow() < it->second.lease_end;
    return !held && it->second.ceiling <= now;
  }
  Generator* FindLocked(std::int64_t id, const std::string& token)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    const auto it = leased_.find(id);
    return it == leased_.end() || it->second.token != token ? nullptr : &it->second;
  }
  void SetLease(google::protobuf::Duration& message) const {
    message.set_seconds(lease_ / std::chrono::seconds(1));
    message.set_nanos(static_cast<std::int32_t>((lease_ % std::chrono::seconds(1)).count()));
  }

  const Duration lease_;
  const std::int64_t generators_;
  std::string address_;

  mutable Mutex mutex_;
  std::map<std::int64_t, Generator> leased_ ABSL_GUARDED_BY(mutex_);
  std::optional<Reason> failure_ ABSL_GUARDED_BY(mutex_);
  std::optional<Reason> renewal_failure_ ABSL_GUARDED_BY(mutex_);
  // So that the store's time is nobody else's.
  Duration offset_ ABSL_GUARDED_BY(mutex_) = std::chrono::hours(1'000);
  int renewals_ ABSL_GUARDED_BY(mutex_) = 0;
  int acquisitions_ ABSL_GUARDED_BY(mutex_) = 0;
  int releases_ ABSL_GUARDED_BY(mutex_) = 0;

  std::unique_ptr<grpc::Server> server_;
};

}  // namespace mintmark::client
