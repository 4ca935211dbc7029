// mintmarkd as a process: how it starts, what it says, how it ends.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "mintmark/v1/id_service.grpc.pb.h"
#include "tests/server/child_process.h"

namespace mintmark::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

using Texts = std::vector<std::string>;

class ProcessTest : public ::testing::Test {
 protected:
  ProcessTest() {
    std::string name = ::testing::TempDir() + "/mintmarkd.XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~ProcessTest() override { std::filesystem::remove_all(folder_); }

  std::string StoreFlag() const { return absl::StrCat("--store=sqlite:", folder_, "/m.db"); }

  static std::unique_ptr<ChildProcess> Start(Texts arguments, const Texts& environment = {}) {
    const bool listens = std::any_of(arguments.begin(), arguments.end(), [](const auto& argument) {
      return argument.rfind("--listen=", 0) == 0;
    });
    if (!listens) arguments.emplace_back("--listen=127.0.0.1:0");
    return std::make_unique<ChildProcess>(MINTMARKD_PATH, arguments, environment);
  }

  // Starts one that serves, and says where.
  static std::unique_ptr<ChildProcess> StartServing(const Texts& arguments, std::string* address,
                                                    const Texts& environment = {}) {
    std::unique_ptr<ChildProcess> child = Start(arguments, environment);
    EXPECT_TRUE(child->AwaitOutput(" serves on ")) << child->output();
    const std::string rest = child->output().substr(child->output().find(" serves on ") + 11);
    *address = rest.substr(0, rest.find(".\""));
    return child;
  }

  static std::int64_t Next(const std::string& address, std::int64_t n = 1) {
    const auto stub =
        v1::IdService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    v1::NextNRequest request;
    request.set_sequence("orders");
    request.set_n(n);
    v1::NextNResponse response;
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    const grpc::Status status = stub->NextN(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.ranges_size() == 1 ? response.ranges(0).first() : -1;
  }

  // What it says when it does not start, and that it ends with this status.
  static std::string Refusal(int status, const Texts& arguments, const Texts& environment = {}) {
    const std::unique_ptr<ChildProcess> child = Start(arguments, environment);
    EXPECT_EQ(child->Wait(), status) << child->output();
    return child->output();
  }

  static int CountLines(const std::string& output) {
    return static_cast<int>(std::count(output.begin(), output.end(), '\n'));
  }

  std::string folder_;
};

TEST_F(ProcessTest, SigtermGivesEverythingBackAndExitsWith0) {
  for (const int signal : {SIGTERM, SIGINT}) {
    std::string address;
    const auto child = StartServing({StoreFlag()}, &address);
    // Consecutive over restarts: nothing of a window was lost.
    EXPECT_EQ(Next(address), signal == SIGTERM ? 1 : 2);
    child->Signal(signal);
    EXPECT_EQ(child->Wait(), 0);
    EXPECT_THAT(child->output(), HasSubstr("everything was given back"));
  }
}

TEST_F(ProcessTest, AHangUpStopsItCleanlyToo) {
  std::string address;
  const auto child = StartServing({StoreFlag()}, &address);
  child->Signal(SIGHUP);
  EXPECT_EQ(child->Wait(), 0);
}

TEST_F(ProcessTest, RestartsAfterAKill) {
  std::string address;
  auto child = StartServing({StoreFlag()}, &address);
  EXPECT_EQ(Next(address), 1);
  child->Signal(SIGKILL);
  EXPECT_EQ(child->Wait(), -SIGKILL);
  child = StartServing({StoreFlag(), "--listen=" + address}, &address);
  EXPECT_GT(Next(address), 1);
}

TEST_F(ProcessTest, LogsJsonLinesWhenNobodyLooks) {
  std::string address;
  const auto child = StartServing({StoreFlag()}, &address);
  child->Signal(SIGTERM);
  child->Wait();
  const Texts lines = absl::StrSplit(child->output(), '\n', absl::SkipEmpty());
  EXPECT_GE(lines.size(), 4U);
  for (const std::string& line : lines) {
    EXPECT_THAT(line, AllOf(StartsWith("{\"time\":\""), HasSubstr("\"level\":\"info\""),
                            HasSubstr("\"message\":\""), ::testing::EndsWith("\"}")));
  }
  EXPECT_THAT(child->output(), HasSubstr("Store: sqlite "));
}

TEST_F(ProcessTest, LogsTextWhenAsked) {
  const std::string output =
      Refusal(1, {"--store=sqlite:" + folder_ + "/no/such/m.db", "--log-format=text"});
  EXPECT_THAT(output, HasSubstr(" error "));
  EXPECT_THAT(output, Not(HasSubstr("{")));
}

TEST_F(ProcessTest, ASecondServerOnOneFileIsRefused) {
  std::string address;
  const auto first = StartServing({StoreFlag()}, &address);
  const std::string output = Refusal(1, {StoreFlag()});
  EXPECT_THAT(output, AllOf(HasSubstr("\"level\":\"error\""), HasSubstr("in use by another")));
  EXPECT_EQ(CountLines(output), 1);
  EXPECT_EQ(Next(address), 1);
}

TEST_F(ProcessTest, ASecondServerOnOnePortIsRefused) {
  std::string address;
  const auto first = StartServing({StoreFlag()}, &address);
  const std::string output =
      Refusal(1, {absl::StrCat("--store=sqlite:", folder_, "/other.db"), "--listen=" + address});
  EXPECT_THAT(output, HasSubstr(absl::StrCat("The address ", address, " is in use")));
  EXPECT_EQ(CountLines(output), 2);  // The store, and the refusal.
  EXPECT_EQ(Next(address), 1);
}

TEST_F(ProcessTest, UnknownSettingsAreRefusedInOneLine) {
  const std::string flag = Refusal(2, {"--max-m=5"});
  EXPECT_EQ(flag, "mintmarkd: Unknown flag \"--max-m\"; see mintmarkd --help.\n");

  const std::string file = folder_ + "/m.toml";
  std::ofstream(file) << "max-m = 5\n";
  EXPECT_THAT(Refusal(2, {"--config=" + file}), HasSubstr("unknown setting \"max-m\""));
  EXPECT_THAT(Refusal(2, {}, {"MINTMARKD_LANES=many"}), HasSubstr("MINTMARKD_LANES"));
}

TEST_F(ProcessTest, AnUnknownVariableWarnsAndOneOfKubernetesDoesNot) {
  std::string address;
  const auto child = StartServing({StoreFlag()}, &address,
                                  {"MINTMARKD_MAX_M=5", "MINTMARKD_SERVICE_HOST=10.0.0.7",
                                   "MINTMARKD_PORT=tcp://10.0.0.7:50051"});
  EXPECT_THAT(child->output(),
              AllOf(HasSubstr("\"level\":\"warning\""), HasSubstr("MINTMARKD_MAX_M")));
  EXPECT_THAT(child->output(), Not(HasSubstr("MINTMARKD_PORT")));
  EXPECT_THAT(child->output(), Not(HasSubstr("MINTMARKD_SERVICE")));
}

TEST_F(ProcessTest, AWrongStoreUrlIsRefused) {
  for (const std::string url : {"mysql://localhost/m", "orders.db", "sqlite:", ""}) {
    const std::unique_ptr<ChildProcess> child = Start({"--store", url});
    const auto status = child->Wait();
    EXPECT_TRUE(status == 1 || status == 2) << url;
    EXPECT_EQ(CountLines(child->output()), 1) << child->output();
  }
}

TEST_F(ProcessTest, APathThatCannotBeWrittenIsRefused) {
  const std::string output = Refusal(1, {"--store=sqlite:/proc/mintmark.db"});
  EXPECT_THAT(output, HasSubstr("/proc/mintmark.db"));
  EXPECT_EQ(CountLines(output), 1);
  EXPECT_EQ(CountLines(Refusal(1, {absl::StrCat("--store=sqlite:", folder_)})), 1);
}

TEST_F(ProcessTest, WaitsForADatabaseThatIsDown) {
  // Nothing listens on port 1.
  const std::unique_ptr<ChildProcess> child =
      Start({"--store=postgresql://anna:geheim@127.0.0.1:1/m", "--connect-timeout=1s"});
  EXPECT_TRUE(child->AwaitOutput("Waiting for the store")) << child->output();
  child->Signal(SIGTERM);
  EXPECT_EQ(child->Wait(), 0);
  EXPECT_THAT(child->output(), Not(HasSubstr("geheim")));
  EXPECT_THAT(child->output(), Not(HasSubstr("serves on")));
}

TEST_F(ProcessTest, MigrateMakesTheSchemaAndExits) {
  EXPECT_THAT(Refusal(0, {"migrate", StoreFlag()}), HasSubstr("schema"));
  std::string address;
  const auto child = StartServing({StoreFlag(), "--auto-migrate=false"}, &address);
  EXPECT_EQ(Next(address), 1);
}

TEST_F(ProcessTest, WithoutMigrationANewFileIsRefused) {
  const std::string output = Refusal(1, {StoreFlag(), "--auto-migrate=false"});
  EXPECT_THAT(output, HasSubstr("mintmarkd migrate"));
  EXPECT_EQ(CountLines(output), 1);
}

TEST_F(ProcessTest, PrintsAndExits) {
  EXPECT_THAT(Refusal(0, {"--help"}), HasSubstr("--max-n=1000000"));
  EXPECT_THAT(Refusal(0, {"--version"}), StartsWith("mintmarkd "));
  EXPECT_THAT(Refusal(0, {"--print-config", "--lanes=3"}), HasSubstr("lanes = 3  # --lanes"));
}

TEST_F(ProcessTest, BadRequestsLeaveNoTraceInTheLog) {
  std::string address;
  const auto child = StartServing({StoreFlag()}, &address);
  const std::size_t before = child->output().size();
  const auto stub =
      v1::IdService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
  for (const std::string name : {"", "a b", "\xff\xfe"}) {
    v1::NextNRequest request;
    request.set_sequence(name);
    v1::NextNResponse response;
    grpc::ClientContext context;
    EXPECT_EQ(stub->NextN(&context, request, &response).error_code(),
              grpc::StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_EQ(child->output().size(), before) << child->output();
}

}  // namespace
}  // namespace mintmark::server
