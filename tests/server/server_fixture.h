// A server in this process over a store in memory, and how tests call it.
#pragma once

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "mintmark/v1/admin_service.grpc.pb.h"
#include "mintmark/v1/id_service.grpc.pb.h"
#include "server/logging.h"
#include "server/server.h"
#include "src/core/reason.h"
#include "src/store/open_store.h"
#include "tests/server/gated_store.h"

namespace mintmark::server {

// What a call came to.
struct Outcome {
  grpc::Status status;
  std::string reason;       // From `mintmark-reason`.
  std::string pushback_ms;  // From `grpc-retry-pushback-ms`.
  google::rpc::Status details;
  google::rpc::ErrorInfo info;
  bool has_retry_info = false;
};

inline Outcome ReadOutcome(const grpc::Status& status, const grpc::ClientContext& context) {
  Outcome outcome;
  outcome.status = status;
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    const std::string text(value.begin(), value.end());
    if (key == "mintmark-reason") outcome.reason = text;
    if (key == "grpc-retry-pushback-ms") outcome.pushback_ms = text;
  }
  outcome.details.ParseFromString(status.error_details());
  for (const google::protobuf::Any& any : outcome.details.details()) {
    if (any.Is<google::rpc::ErrorInfo>()) any.UnpackTo(&outcome.info);
    if (any.Is<google::rpc::RetryInfo>()) outcome.has_retry_info = true;
  }
  return outcome;
}

// Calls `method` of `stub` with the request in protobuf's text form.
template <typename Stub, typename Request, typename Response>
Outcome Call(Stub& stub,
             grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
             const std::string& request_text, Response* response,
             std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
  Request request;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(request_text, &request))
      << request_text;
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + timeout);
  const grpc::Status status = (stub.*method)(&context, request, response);
  return ReadOutcome(status, context);
}

// The code that goes with the reason, the reason in all three places, and one
// sentence of text.
inline void ExpectReason(const Outcome& outcome, Reason reason) {
  EXPECT_EQ(static_cast<int>(outcome.status.error_code()), static_cast<int>(CodeOf(reason)))
      << outcome.status.error_message();
  EXPECT_EQ(outcome.reason, ReasonName(reason)) << outcome.status.error_message();
  EXPECT_EQ(outcome.info.reason(), ReasonName(reason));
  EXPECT_EQ(outcome.info.domain(), "mintmark");
  EXPECT_EQ(outcome.details.code(), outcome.status.error_code());
  EXPECT_EQ(outcome.details.message(), outcome.status.error_message());
  EXPECT_TRUE(absl::EndsWith(outcome.status.error_message(), "."))
      << outcome.status.error_message();
}

inline void ExpectOk(const Outcome& outcome) {
  EXPECT_TRUE(outcome.status.ok()) << outcome.status.error_code() << " " << outcome.reason << " "
                                   << outcome.status.error_message();
}

class ServerTest : public ::testing::Test {
 protected:
  ServerTest() {
    config_.listen = "127.0.0.1:0";
    config_.log_level = "error";
    SetUpLogging(config_);
  }

  void SetUp() override { StartServer(); }

  // Starts a server, after a change of config_ anew, over the same store.
  void StartServer() {
    id_stub_.reset();
    admin_stub_.reset();
    server_.reset();
    if (store_ == nullptr) {
      auto store = store::OpenStore("sqlite::memory:", StoreOptionsOf(config_));
      ASSERT_TRUE(store.ok()) << store.status();
      store_ = *std::move(store);
      gated_store_ = std::make_unique<GatedStore>(*store_);
    }
    server_ = std::make_unique<Server>(config_, *gated_store_);
    const absl::Status status = server_->Start();
    ASSERT_TRUE(status.ok()) << status;
    channel_ = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()),
                                   grpc::InsecureChannelCredentials());
    id_stub_ = v1::IdService::NewStub(channel_);
    admin_stub_ = v1::AdminService::NewStub(channel_);
  }

  template <typename Request, typename Response>
  Outcome Id(grpc::Status (v1::IdService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                         Response*),
             const std::string& request, Response* response,
             std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
    return Call(*id_stub_, method, request, response, timeout);
  }

  template <typename Request, typename Response>
  Outcome Admin(grpc::Status (v1::AdminService::Stub::*method)(grpc::ClientContext*, const Request&,
                                                               Response*),
                const std::string& request, Response* response,
                std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
    return Call(*admin_stub_, method, request, response, timeout);
  }

  Gate& gate() { return gated_store_->gate(); }

  using IdStub = v1::IdService::Stub;
  using AdminStub = v1::AdminService::Stub;

  Config config_;
  std::unique_ptr<engine::Store> store_;
  std::unique_ptr<GatedStore> gated_store_;
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<IdStub> id_stub_;
  std::unique_ptr<AdminStub> admin_stub_;
};

}  // namespace mintmark::server
