// What a client can send that no generated stub would, and what no version of
// this server answers yet.
#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/server/raw_call.h"
#include "tests/server/server_fixture.h"

namespace mintmark::server {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;

using WireTest = ServerTest;

const std::vector<std::string>& ImplementedMethods() {
  static const auto& methods = *new std::vector<std::string>{
      "IdService/NextN",
      "IdService/ReserveRange",
      "IdService/IncrCounter",
      "IdService/BatchIncrCounters",
      "IdService/GetCounters",
      "IdService/NextGuid",
      "IdService/DecodeGuid",
      "IdService/AcquireGenerator",
      "IdService/RenewGenerator",
      "IdService/ReleaseGenerator",
      "AdminService/CreateSequence",
      "AdminService/GetSequence",
      "AdminService/ListSequences",
      "AdminService/UpdateSequence",
      "AdminService/ResetSequence",
      "AdminService/DeleteSequence",
      "AdminService/DecodeText",
      "AdminService/CreateGuidGroup",
      "AdminService/GetGuidGroup",
      "AdminService/ListGuidGroups",
      "AdminService/DeleteGuidGroup",
      "AdminService/ListGenerators",
      "AdminService/GetCounter",
      "AdminService/ListCounters",
      "AdminService/ResetCounter",
      "AdminService/DeleteCounter",
      "AdminService/GetServerStatus",
  };
  return methods;
}

std::string Path(const std::string& method) { return "/mintmark.v1." + method; }

// A field of that number whose value is these bytes.
std::string Field(int number, const std::string& bytes) {
  return std::string{static_cast<char>(number << 3 | 2), static_cast<char>(bytes.size())} + bytes;
}

TEST_F(WireTest, BytesThatAreNoMessageAreRefused) {
  for (const std::string& method : ImplementedMethods()) {
    SCOPED_TRACE(method);
    ExpectReason(RawCall(channel_, Path(method), {"\x0a\xff"}), Reason::kArgumentInvalid);
  }
}

TEST_F(WireTest, StringsThatAreNotUtf8AreRefused) {
  const std::string bad = "or\xff\xfe";
  const auto refused = [&](const std::string& method, const std::string& request) {
    SCOPED_TRACE(method);
    ExpectReason(RawCall(channel_, Path(method), {request}), Reason::kArgumentInvalid);
  };
  refused("IdService/NextN", Field(1, bad));
  refused("IdService/NextN", Field(1, "orders") + Field(4, bad));
  refused("IdService/ReserveRange", Field(1, bad));
  refused("IdService/IncrCounter", Field(1, bad));
  refused("IdService/BatchIncrCounters", Field(1, Field(1, bad)));
  refused("IdService/GetCounters", Field(1, bad));
  refused("IdService/NextGuid", Field(1, bad));
  refused("IdService/DecodeGuid", Field(3, bad));
  refused("IdService/AcquireGenerator", Field(2, bad));
  refused("IdService/RenewGenerator", Field(3, bad));
  refused("IdService/ReleaseGenerator", Field(3, bad));
  refused("AdminService/DecodeText", Field(2, bad));
  refused("AdminService/CreateGuidGroup", Field(2, bad));
  refused("AdminService/GetGuidGroup", Field(1, bad));
  refused("AdminService/ListGuidGroups", Field(3, bad));
  refused("AdminService/DeleteGuidGroup", Field(1, bad));
  refused("AdminService/ListGenerators", Field(3, bad));
  refused("AdminService/CreateSequence", Field(1, Field(1, bad)));
  refused("AdminService/GetSequence", Field(1, bad));
  refused("AdminService/ListSequences", Field(3, bad));
  refused("AdminService/UpdateSequence", Field(1, Field(1, "a")) + Field(2, Field(1, bad)));
  refused("AdminService/ResetSequence", Field(1, bad));
  refused("AdminService/DeleteSequence", Field(1, bad));
  refused("AdminService/GetCounter", Field(1, bad));
  refused("AdminService/ListCounters", Field(2, bad));
  refused("AdminService/ResetCounter", Field(1, bad));
  refused("AdminService/DeleteCounter", Field(1, bad));
}

TEST_F(WireTest, ARequestMayComeInPieces) {
  const std::string name(100, 'x');
  std::string response;
  const Outcome outcome = RawCall(
      channel_, Path("IdService/NextN"),
      {std::string("\x0a\x64", 2) + name.substr(0, 40), name.substr(40), "\x10\x05"}, &response);
  ExpectOk(outcome);
  v1::NextNResponse message;
  ASSERT_TRUE(message.ParseFromString(response));
  EXPECT_EQ(message.count(), 5);
}

TEST_F(WireTest, UnknownFieldsArePassedOver) {
  std::string response;
  ExpectOk(RawCall(channel_, Path("IdService/NextN"), {Field(1, "orders") + Field(15, "new")},
                   &response));
  v1::NextNResponse message;
  ASSERT_TRUE(message.ParseFromString(response));
  EXPECT_EQ(message.count(), 1);
}

TEST_F(WireTest, LargeRequestsAreRefusedWithAReason) {
  config_.max_message_bytes = 4'096;
  StartServer();
  const auto of_size = [](std::size_t size) {
    return "counters: '" + std::string(size, 'x') + "'";
  };
  v1::GetCountersResponse response;
  const Outcome large = Id(&IdStub::GetCounters, of_size(4'097), &response);
  ExpectReason(large, Reason::kArgumentInvalid);
  EXPECT_THAT(large.status.error_message(), HasSubstr("4096"));
  // Far larger ones are not even read.
  const Outcome huge = Id(&IdStub::GetCounters, of_size(std::size_t{5} * 4'096), &response);
  EXPECT_EQ(huge.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(huge.reason, "");
}

TEST_F(WireTest, WhatComesLaterIsUnimplementedWithASentence) {
  const Outcome outcome = RawCall(channel_, Path("AdminService/Fence"), {""});
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_TRUE(absl::EndsWith(outcome.status.error_message(), "."))
      << outcome.status.error_message();
  EXPECT_THAT(outcome.status.error_message(), HasSubstr("Fence"));
}

// Every method of the API is in the list above, but for Fence.
TEST_F(WireTest, EveryMethodIsAnswered) {
  int methods = 0;
  for (const auto* const service :
       {v1::NextNRequest::descriptor()->file()->FindServiceByName("IdService"),
        v1::FenceRequest::descriptor()->file()->FindServiceByName("AdminService")}) {
    for (int i = 0; i < service->method_count(); ++i) {
      ++methods;
      const std::string path = absl::StrCat(service->name(), "/", service->method(i)->name());
      const Outcome outcome = RawCall(channel_, Path(path), {"\x0a\xff"});
      EXPECT_THAT(outcome.status.error_code(),
                  AnyOf(grpc::StatusCode::INVALID_ARGUMENT, grpc::StatusCode::UNIMPLEMENTED))
          << path;
      EXPECT_NE(outcome.status.error_message(), "") << path;
    }
  }
  EXPECT_EQ(methods, static_cast<int>(ImplementedMethods().size()) + 1);
}

// HealthCheckRequest{service} in, HealthCheckResponse{status} out.
std::string Health(const std::shared_ptr<grpc::Channel>& channel, const std::string& service) {
  std::string response;
  ExpectOk(RawCall(channel, "/grpc.health.v1.Health/Check", {Field(1, service)}, &response));
  return response;
}

TEST_F(WireTest, HealthIsServing) {
  const std::string serving = "\x08\x01";
  EXPECT_EQ(Health(channel_, ""), serving);
  EXPECT_EQ(Health(channel_, "mintmark.v1.IdService"), serving);
  EXPECT_EQ(Health(channel_, "mintmark.v1.AdminService"), serving);
  EXPECT_EQ(
      RawCall(channel_, "/grpc.health.v1.Health/Check", {Field(1, "no.Such")}).status.error_code(),
      grpc::StatusCode::NOT_FOUND);
}

TEST_F(WireTest, ReflectionListsTheServices) {
  grpc::GenericStub stub(channel_);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
  grpc::CompletionQueue queue;
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  call->StartCall(nullptr);
  ASSERT_TRUE(wait());
  const grpc::Slice slice(Field(7, ""));  // ServerReflectionRequest{list_services}
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  ASSERT_TRUE(wait());
  grpc::ByteBuffer response;
  call->Read(&response, nullptr);
  ASSERT_TRUE(wait());
  EXPECT_THAT(BytesOf(response), HasSubstr("mintmark.v1.IdService"));
  EXPECT_THAT(BytesOf(response), HasSubstr("mintmark.v1.AdminService"));
  context.TryCancel();
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
}

}  // namespace
}  // namespace mintmark::server
