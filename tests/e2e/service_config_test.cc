// The service config that docs/clients.md offers is one that gRPC takes.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "mintmark/v1/id_service.grpc.pb.h"
#include "tests/e2e/store_test.h"

namespace mintmark::e2e {
namespace {

std::string ServiceConfig() {
  std::ifstream file(absl::StrCat(MINTMARK_SOURCE_FOLDER, "/docs/clients.md"));
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  const std::string opening = "```json\n";
  const auto first = text.find(opening) + opening.size();
  return text.substr(first, text.find("```", first) - first);
}

class ServiceConfigTest : public StoreTest {
 protected:
  void Prepare() override { server_ = &StartServer(); }

  grpc::Status NextGuid(const std::string& service_config) {
    grpc::ChannelArguments arguments;
    arguments.SetServiceConfigJSON(service_config);
    const auto channel = grpc::CreateCustomChannel(server_->address(),
                                                   grpc::InsecureChannelCredentials(), arguments);
    grpc::ClientContext context;
    v1::NextGuidResponse response;
    return v1::IdService::NewStub(channel)->NextGuid(&context, {}, &response);
  }

  Mintmarkd* server_ = nullptr;
};

TEST_P(ServiceConfigTest, IsTaken) {
  const std::string config = ServiceConfig();
  EXPECT_TRUE(NextGuid(config).ok()) << NextGuid(config).error_message();
  // And one with a mistake in it is not.
  EXPECT_FALSE(
      NextGuid(absl::StrReplaceAll(config, {{"\"maxAttempts\": 4", "\"maxAttempts\": 1"}})).ok());
}

INSTANTIATE_TEST_SUITE_P(Stores, ServiceConfigTest, ::testing::Values(StoreKind::kSqlite),
                         StoreKindName);

}  // namespace
}  // namespace mintmark::e2e
