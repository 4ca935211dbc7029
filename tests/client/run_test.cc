#include "client/cli/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "client/cli/exit_status.h"
#include "tests/client/fake_server.h"
#include "tests/client/text_file.h"

namespace mintmark::client {
namespace {

using testing::AllOf;
using testing::ContainsRegex;
using testing::HasSubstr;

struct Result {
  int status = 0;
  std::string out;
  std::string err;
};

Result Mintmark(const std::vector<std::string>& arguments) {
  std::vector<const char*> argv = {"mintmark"};
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  TextFile out;
  TextFile err;
  Result result;
  result.status =
      RunCommandLine(static_cast<int>(argv.size()), argv.data(), out.stream(), err.stream());
  result.out = out.Read();
  result.err = err.Read();
  return result;
}

Result Mintmark(const FakeServer& server, std::vector<std::string> arguments) {
  arguments.push_back("--address=" + server.address());
  return Mintmark(arguments);
}

TEST(RunTest, HelpAndVersionGoToTheOutput) {
  EXPECT_THAT(Mintmark({"--help"}).out, AllOf(HasSubstr("Exit status:"), HasSubstr("sequence")));
  EXPECT_THAT(Mintmark({"next", "--help"}).out, HasSubstr("Examples:"));
  EXPECT_THAT(Mintmark({"--version"}).out, ContainsRegex("^mintmark [0-9]+[.][0-9]+"));
  EXPECT_EQ(Mintmark({"--help"}).status, kExitOk);
}

TEST(RunTest, AWrongCommandLineIsNotSent) {
  const std::vector<std::vector<std::string>> wrong = {
      {},
      {"frobnicate"},
      {"sequence", "frobnicate"},
      {"next"},
      {"next", "orders", "extra"},
      {"next", "orders", "-n", "0"},
      {"next", "orders", "-n", "0x10"},
      {"next", "orders", "--text", "--ranges"},
      {"next", "orders", "-n", "1000001", "--request-id", "x"},
      {"reserve", "orders"},
      {"incr", "hits", "9223372036854775808"},
      {"incr", "hits", "--update-interval", "5s"},
      {"sequence", "update", "orders"},
      {"sequence", "update", "orders", "--unset", "min-id"},
      {"status", "--timeout", "soon"},
      {"guid", "-n", "0"},
      {"decode"},
      {"group", "create", "g", "--preset", "own"},
      {"group", "create", "g", "--epoch", "2024"},
      {"group", "create", "g", "--time-bits", "64"},
      {"sequence", "decode", "tickets"},
      {"completion", "fish"},
      {"status", "--address", ""},
  };
  for (const auto& arguments : wrong) {
    const Result result = Mintmark(arguments);
    EXPECT_EQ(result.status, kExitUsage) << testing::PrintToString(arguments);
    EXPECT_THAT(result.err, ContainsRegex("^mintmark: .*\nRun mintmark.* --help"));
    EXPECT_EQ(result.out, "");
  }
}

TEST(RunTest, AVerbThatThereIsNotIsNamed) {
  EXPECT_THAT(Mintmark({"sequence", "frobnicate"}).err,
              AllOf(HasSubstr("`frobnicate`"), HasSubstr("create, list")));
}

TEST(RunTest, NextPrintsIds) {
  FakeServer server;
  EXPECT_EQ(Mintmark(server, {"next", "orders", "-n", "3"}).out, "1\n2\n3\n");
}

TEST(RunTest, ManyIdsAreDrawnInSeveralCalls) {
  FakeServer server;
  const Result result = Mintmark(server, {"next", "orders", "-n", "2500000", "--ranges"});
  EXPECT_EQ(result.status, kExitOk);
  EXPECT_EQ(result.out, "1..1000000\n2..1000001\n3..500002\n");
}

TEST(RunTest, IdsDrawnBeforeAnErrorArePrinted) {
  FakeServer server;
  server.Plan([](grpc::ServerContext&) { return grpc::Status::OK; });
  server.PlanError(Reason::kSequenceExhausted);
  const Result result = Mintmark(server, {"next", "orders", "-n", "2000000", "--ranges"});
  EXPECT_EQ(result.status, kExitOutOfRange);
  EXPECT_EQ(result.out, "1..1000000\n");
  EXPECT_EQ(result.err, "mintmark: planned [SEQUENCE_EXHAUSTED]\n");
}

TEST(RunTest, JsonOfIdsDrawnBeforeAnErrorIsPrinted) {
  FakeServer server;
  server.Plan([](grpc::ServerContext&) { return grpc::Status::OK; });
  server.PlanError(Reason::kSequenceExhausted);
  const Result result = Mintmark(server, {"next", "orders", "-n", "2000000", "--json"});
  EXPECT_EQ(result.status, kExitOutOfRange);
  EXPECT_THAT(result.out, HasSubstr("\"last\": \"1000000\""));
  server.PlanError(Reason::kSequenceExhausted);
  EXPECT_EQ(Mintmark(server, {"next", "orders", "--json"}).out, "");
}

TEST(RunTest, WhatIsWrongWithAFileIsSaidBeforeAnythingIsDrawn) {
  FakeServer server;
  EXPECT_EQ(Mintmark(server, {"next", "orders", "--output", "/no/such/file"}).status, kExitInvalid);
  EXPECT_EQ(server.calls(), 0);
}

TEST(RunTest, GuidsAreDrawnInSeveralCalls) {
  FakeServer server;
  // The fake gives one a call, which counts as all that there are.
  EXPECT_EQ(Mintmark(server, {"guid", "-n", "250000"}).out, "1\n");
  EXPECT_EQ(Mintmark(server, {"guid", "tweets"}).out, "2\n");
}

TEST(RunTest, APartOfManyIdsIsEnoughWithPartial) {
  FakeServer server;
  server.Plan([](grpc::ServerContext&) { return grpc::Status::OK; });
  server.PlanError(Reason::kSequenceExhausted);
  EXPECT_EQ(Mintmark(server, {"next", "o", "-n", "2000000", "--ranges", "--partial"}).status,
            kExitOk);
}

TEST(RunTest, DeltasMayBeNegative) {
  FakeServer server;
  EXPECT_EQ(Mintmark(server, {"incr", "hits", "-5"}).out, "-5\n");
  EXPECT_EQ(Mintmark({"--address=" + server.address(), "incr", "hits", "--", "-5"}).out, "-5\n");
  EXPECT_EQ(Mintmark(server, {"incr", "hits", "-9223372036854775808"}).out,
            "-9223372036854775808\n");
  EXPECT_EQ(Mintmark(server, {"incr", "hits"}).out, "1\n");
}

TEST(RunTest, ADoubtNamesTheRequestIdToTryAgainWith) {
  FakeServer server;
  for (int i = 0; i < 3; ++i) server.PlanLoss();
  const Result result = Mintmark(server, {"incr", "hits", "--attempts=3"});
  EXPECT_EQ(result.status, kExitInDoubt);
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, HasSubstr("--request-id " + server.request_ids().front()));
  EXPECT_EQ(server.calls(), 3);
}

TEST(RunTest, GetPrintsOneValueOrATable) {
  FakeServer server;
  EXPECT_EQ(Mintmark(server, {"get", "hits"}).out, "4\n");
  EXPECT_EQ(Mintmark(server, {"get", "hits", "a"}).out, "NAME  VALUE\nhits      4\na         1\n");
}

TEST(RunTest, JsonIsOneDocument) {
  FakeServer server;
  const Result result = Mintmark(server, {"--json", "get", "hits"});
  EXPECT_EQ(result.out,
            "{\n \"values\": [\n  {\n   \"counter\": \"hits\",\n   \"value\": \"4\"\n  }\n ]\n}\n");
}

TEST(RunTest, NobodyListeningIsUnavailable) {
  std::string address;
  {
    const FakeServer gone;
    address = gone.address();
  }
  const Result result = Mintmark({"incr", "hits", "--attempts=2", "--address=" + address});
  EXPECT_EQ(result.status, kExitUnavailable);
  EXPECT_THAT(result.err, HasSubstr("cannot connect to " + address));
}

}  // namespace
}  // namespace mintmark::client
