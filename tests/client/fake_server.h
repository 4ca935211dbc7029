// A gRPC server in this process that answers as a test plans.
#pragma once

#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/server_context.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "mintmark/v1/admin_service.grpc.pb.h"
#include "mintmark/v1/id_service.grpc.pb.h"
#include "src/core/check.h"
#include "src/core/mutex.h"
#include "src/core/reason.h"

namespace mintmark::client {

// An error as mintmark's server sends it.
inline grpc::Status Fail(grpc::ServerContext& context, Reason reason, const std::string& message) {
  context.AddTrailingMetadata("mintmark-reason", std::string(ReasonName(reason)));
  return grpc::Status(static_cast<grpc::StatusCode>(CodeOf(reason)), message);
}

// Records the requests of the rpcs that tests use, and answers each with the
// next planned answer, or with OK and an empty response when none is left.
class FakeServer {
 public:
  using Answer = std::function<grpc::Status(grpc::ServerContext&)>;

  // On a free port, or again on the one of a server that is gone.
  explicit FakeServer(int port = 0) : ids_(*this), admin_(*this) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort(absl::StrCat("127.0.0.1:", port), grpc::InsecureServerCredentials(),
                             &port_);
    builder.RegisterService(&ids_);
    builder.RegisterService(&admin_);
    server_ = builder.BuildAndStart();
    MINTMARK_CHECK(server_ != nullptr && port_ != 0);
  }

  // Cuts off calls under way.
  ~FakeServer() { server_->Shutdown(std::chrono::system_clock::now()); }

  int port() const { return port_; }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  void Plan(Answer answer) {
    const MutexLock lock(mutex_);
    plan_.push_back(std::move(answer));
  }
  void PlanError(Reason reason) {
    Plan([reason](grpc::ServerContext& context) { return Fail(context, reason, "planned"); });
  }
  void PlanLoss() {
    Plan([](grpc::ServerContext&) {
      return grpc::Status(grpc::StatusCode::UNAVAILABLE, "socket closed");
    });
  }

  // Of the ids that are drawn from now on.
  void set_generation(std::int64_t generation) { generation_ = generation; }

  // The request ids of all calls so far; "" where there was none.
  std::vector<std::string> request_ids() const {
    const MutexLock lock(mutex_);
    return request_ids_;
  }
  int calls() const {
    const MutexLock lock(mutex_);
    return static_cast<int>(request_ids_.size());
  }

 private:
  class Ids final : public v1::IdService::Service {
   public:
    explicit Ids(FakeServer& fake) : fake_(fake) {}
    grpc::Status NextN(grpc::ServerContext* context, const v1::NextNRequest* request,
                       v1::NextNResponse* response) override {
      const std::int64_t n = std::max<std::int64_t>(request->n(), 1);
      v1::IdRange& range = *response->add_ranges();
      range.set_first(fake_.calls() + 1);
      range.set_last(range.first() + n - 1);
      range.set_step(1);
      response->set_count(n);
      response->set_generation(fake_.generation_);
      return fake_.Next(*context, request->request_id());
    }
    grpc::Status IncrCounter(grpc::ServerContext* context, const v1::IncrCounterRequest* request,
                             v1::IncrCounterResponse* response) override {
      response->set_value(request->delta());
      return fake_.Next(*context, request->request_id());
    }
    grpc::Status BatchIncrCounters(grpc::ServerContext* context,
                                   const v1::BatchIncrCountersRequest* request,
                                   v1::BatchIncrCountersResponse*) override {
      std::string all;
      for (const auto& one : request->requests()) absl::StrAppend(&all, one.request_id(), ",");
      return fake_.Next(*context, all);
    }
    grpc::Status GetCounters(grpc::ServerContext* context, const v1::GetCountersRequest* request,
                             v1::GetCountersResponse* response) override {
      for (const std::string& name : request->counters()) {
        v1::CounterValue& value = *response->add_values();
        value.set_counter(name);
        value.set_value(static_cast<std::int64_t>(name.size()));
      }
      return fake_.Next(*context, "");
    }
    grpc::Status NextGuid(grpc::ServerContext* context, const v1::NextGuidRequest*,
                          v1::NextGuidResponse* response) override {
      response->add_guids(fake_.calls() + 1);
      return fake_.Next(*context, "");
    }
    grpc::Status AcquireGenerator(grpc::ServerContext* context,
                                  const v1::AcquireGeneratorRequest* request,
                                  v1::AcquireGeneratorResponse*) override {
      return fake_.Next(*context, request->request_id());
    }
    grpc::Status RenewGenerator(grpc::ServerContext* context, const v1::RenewGeneratorRequest*,
                                v1::RenewGeneratorResponse*) override {
      return fake_.Next(*context, "");
    }
    grpc::Status ReleaseGenerator(grpc::ServerContext* context, const v1::ReleaseGeneratorRequest*,
                                  v1::ReleaseGeneratorResponse*) override {
      return fake_.Next(*context, "");
    }

   private:
    FakeServer& fake_;
  };

  class Admin final : public v1::AdminService::Service {
   public:
    explicit Admin(FakeServer& fake) : fake_(fake) {}
    grpc::Status ResetCounter(grpc::ServerContext* context, const v1::ResetCounterRequest*,
                              v1::ResetCounterResponse*) override {
      return fake_.Next(*context, "");
    }
    grpc::Status CreateGuidGroup(grpc::ServerContext* context, const v1::CreateGuidGroupRequest*,
                                 v1::CreateGuidGroupResponse*) override {
      return fake_.Next(*context, "");
    }

   private:
    FakeServer& fake_;
  };

  grpc::Status Next(grpc::ServerContext& context, const std::string& request_id) {
    Answer answer;
    {
      const MutexLock lock(mutex_);
      request_ids_.push_back(request_id);
      if (plan_.empty()) return grpc::Status::OK;
      answer = std::move(plan_.front());
      plan_.pop_front();
    }
    return answer(context);
  }

  std::atomic<std::int64_t> generation_{1};
  mutable Mutex mutex_;
  std::deque<Answer> plan_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> request_ids_ ABSL_GUARDED_BY(mutex_);

  Ids ids_;
  Admin admin_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace mintmark::client
