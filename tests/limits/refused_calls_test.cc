// Calls that are refused, each with its code and reason, leave no trace in the
// store.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/raw_call.h"
#include "tests/e2e/store_test.h"
#include "tests/e2e/text_message.h"

namespace mintmark::e2e {
namespace {

constexpr std::size_t kMaxMessageBytes = 1'048'576;

// A call of an rpc that takes a name, as bytes.
struct NamedCall {
  std::string method;
  std::function<std::string(const std::string& name)> request;
};

// `text` is the request in protobuf's text form, with $ where the name belongs.
template <typename Request>
NamedCall Named(const std::string& method, const std::string& text) {
  return {method, [text](const std::string& name) {
            return Parse<Request>(absl::StrReplaceAll(text, {{"$", absl::CEscape(name)}}))
                .SerializeAsString();
          }};
}

std::vector<NamedCall> NamedCalls() {
  return {
      Named<v1::NextNRequest>("IdService/NextN", "sequence: '$'"),
      Named<v1::ReserveRangeRequest>("IdService/ReserveRange", "sequence: '$' n: 10"),
      Named<v1::IncrCounterRequest>("IdService/IncrCounter", "counter: '$'"),
      Named<v1::GetCountersRequest>("IdService/GetCounters", "counters: ['known', '$']"),
      Named<v1::CreateSequenceRequest>("AdminService/CreateSequence", "sequence { name: '$' }"),
      Named<v1::GetSequenceRequest>("AdminService/GetSequence", "name: '$'"),
      Named<v1::UpdateSequenceRequest>("AdminService/UpdateSequence",
                                       "sequence { name: '$' max_id: 500 }"),
      Named<v1::ResetSequenceRequest>("AdminService/ResetSequence", "name: '$' allow_reuse: true"),
      Named<v1::DeleteSequenceRequest>("AdminService/DeleteSequence", "name: '$'"),
      Named<v1::GetCounterRequest>("AdminService/GetCounter", "name: '$'"),
      Named<v1::ResetCounterRequest>("AdminService/ResetCounter", "name: '$' value: 7"),
      Named<v1::DeleteCounterRequest>("AdminService/DeleteCounter", "name: '$'"),
  };
}

class RefusedCallsTest : public StoreTest {
 protected:
  // There is a sequence and a counter that the calls could harm.
  void Prepare() override {
    const Mintmarkd& server = StartServer();
    client_ = Connect({&server});
    channel_ = MakeChannel(server.address());
    EXPECT_THAT(client_->CreateSequence(
                    Parse<v1::CreateSequenceRequest>("sequence { name: 'known' shards: 0 }")),
                IsOk());
    EXPECT_THAT(client_->NextId("known"), IsOk());
    EXPECT_THAT(client_->Incr("known", 5), IsOk());
    before_ = Everything();
  }

  // All sequences and counters as an administrator sees them.
  std::string Everything() {
    const auto sequences = client_->ListSequences({});
    const auto counters = client_->ListCounters({});
    EXPECT_THAT(sequences, IsOk());
    EXPECT_THAT(counters, IsOk());
    if (!sequences.ok() || !counters.ok()) return "";
    return absl::StrCat(sequences->DebugString(), counters->DebugString());
  }

  void ExpectNothingChanged() { EXPECT_EQ(Everything(), before_); }

  RawAnswer Call(const std::string& method, absl::string_view request) {
    return RawCall(channel_, "/mintmark.v1." + method, request);
  }

  void ExpectRefused(const std::string& method, absl::string_view request, Reason reason) {
    SCOPED_TRACE(method);
    const RawAnswer answer = Call(method, request);
    EXPECT_EQ(static_cast<int>(answer.status.error_code()), static_cast<int>(CodeOf(reason)));
    EXPECT_EQ(answer.reason, ReasonName(reason)) << answer.status.error_message();
    EXPECT_TRUE(absl::EndsWith(answer.status.error_message(), "."))
        << answer.status.error_message();
  }

  // The same for a request in protobuf's text form.
  template <typename Request>
  void ExpectTextRefused(const std::string& method, const std::string& request, Reason reason) {
    SCOPED_TRACE(request.substr(0, 100));
    ExpectRefused(method, Parse<Request>(request).SerializeAsString(), reason);
  }

  std::unique_ptr<client::Client> client_;
  std::shared_ptr<grpc::Channel> channel_;
  std::string before_;
};
INSTANTIATE_ON_STORES(RefusedCallsTest);

TEST_P(RefusedCallsTest, NamesThatAreNone) {
  const std::vector<std::string> names = {
      "",
      std::string(201, 'x'),
      std::string(100'000, 'x'),
      "/",
      "/known",
      "known/",
      "a b",
      " known",
      "known\n",
      "a\tb",
      std::string("known\0", 6),
      std::string("\0", 1),
      "M\u00fcnze",
      "a\\b",
      "a'b",
      "a\"b",
      "'; DROP TABLE mintmark.sequences; --",
      "%",
      "kn*wn",
      "\x7f",
  };
  for (const std::string& name : names) {
    SCOPED_TRACE(absl::StrCat("The name \"", absl::CEscape(name.substr(0, 50)), "\""));
    for (const NamedCall& call : NamedCalls()) {
      ExpectRefused(call.method, call.request(name), Reason::kNameInvalid);
    }
    // A batch answers each of its requests by itself.
    v1::BatchIncrCountersRequest batch;
    batch.add_requests()->set_counter(name);
    const auto answer = client_->BatchIncrCounters(batch);
    ASSERT_THAT(answer, IsOk());
    EXPECT_EQ(answer->results(0).error().reason(), v1::REASON_NAME_INVALID);
  }
  ExpectNothingChanged();
}

TEST_P(RefusedCallsTest, NamesThatAreNotUtf8) {
  for (const NamedCall& call : NamedCalls()) {
    // No stub would send it, so that the bytes are exchanged on the way.
    for (const std::string bytes : {"\xff\xfe\xfd", "\xc3(x", "\xed\xa0\x80"}) {
      ExpectRefused(call.method, absl::StrReplaceAll(call.request("@@@"), {{"@@@", bytes}}),
                    Reason::kArgumentInvalid);
    }
  }
  ExpectNothingChanged();
}

TEST_P(RefusedCallsTest, AmountsOutOfBounds) {
  const auto refused = [&](const std::string& amounts, Reason reason) {
    const std::string request = "sequence: 'known' " + amounts;
    ExpectTextRefused<v1::NextNRequest>("IdService/NextN", request, reason);
    ExpectTextRefused<v1::ReserveRangeRequest>("IdService/ReserveRange", request, reason);
  };
  refused("n: -1", Reason::kNInvalid);
  refused(absl::StrCat("n: ", INT64_MIN), Reason::kNInvalid);
  refused("n: 1000001", Reason::kNTooLarge);
  refused(absl::StrCat("n: ", INT64_MAX), Reason::kNTooLarge);
  refused("n: 1000001 request_id: 'k'", Reason::kNTooLarge);
  refused("chunk_size: -1", Reason::kNInvalid);
  refused("chunk_size: 1000000001", Reason::kNTooLarge);
  refused("request_id: '" + std::string(65, 'x') + "'", Reason::kRequestIdInvalid);
  refused("request_id: 'a b'", Reason::kRequestIdInvalid);

  v1::BatchIncrCountersRequest batch;
  for (int i = 0; i < 1'001; ++i) batch.add_requests()->set_counter("known");
  ExpectRefused("IdService/BatchIncrCounters", batch.SerializeAsString(), Reason::kNTooLarge);
  v1::GetCountersRequest read;
  for (int i = 0; i < 1'001; ++i) read.add_counters("known");
  ExpectRefused("IdService/GetCounters", read.SerializeAsString(), Reason::kNTooLarge);
  ExpectTextRefused<v1::IncrCounterRequest>(
      "IdService/IncrCounter",
      "counter: 'known' durability: DURABILITY_DEFERRED update_interval { seconds: -1 }",
      Reason::kArgumentInvalid);
  ExpectTextRefused<v1::ListCountersRequest>("AdminService/ListCounters", "page_size: -1",
                                             Reason::kArgumentInvalid);
  ExpectNothingChanged();
}

TEST_P(RefusedCallsTest, SettingsThatMakeNoSense) {
  const auto create_refused = [&](const std::string& settings) {
    ExpectTextRefused<v1::CreateSequenceRequest>("AdminService/CreateSequence",
                                                 "sequence { name: 'new' " + settings + " }",
                                                 Reason::kSequenceInvalid);
  };
  create_refused("step: 0");
  create_refused(absl::StrCat("step: ", INT64_MIN));
  create_refused("min_id: 1 max_id: 0");
  create_refused("max_id: 0");
  create_refused(absl::StrCat("max_id: ", INT64_MAX));
  create_refused("shards: -1");
  create_refused("shards: 2147483647");
  create_refused("shards: 0 max_gap: 1");
  create_refused("chunk_size: 0");
  create_refused("max_gap: -1");
  ExpectTextRefused<v1::CreateSequenceRequest>(
      "AdminService/CreateSequence", "sequence { name: 'known' }", Reason::kSequenceAlreadyExists);
  const auto update_refused = [&](const std::string& settings, Reason reason) {
    ExpectTextRefused<v1::UpdateSequenceRequest>(
        "AdminService/UpdateSequence", "sequence { name: 'known' " + settings + " }", reason);
  };
  update_refused("step: 2", Reason::kSequenceInvalid);
  update_refused("min_id: 0", Reason::kSequenceInvalid);
  update_refused("max_id: 0", Reason::kSequenceInvalid);
  update_refused("max_gap: 1", Reason::kSequenceInvalid);
  update_refused("max_id: 5 etag: 'old'", Reason::kEtagMismatch);
  ExpectTextRefused<v1::ResetSequenceRequest>("AdminService/ResetSequence", "name: 'known'",
                                              Reason::kWouldReuseIds);
  ExpectTextRefused<v1::ResetSequenceRequest>("AdminService/ResetSequence",
                                              "name: 'known' next_id: 0 allow_reuse: true",
                                              Reason::kSequenceInvalid);
  ExpectNothingChanged();
}

TEST_P(RefusedCallsTest, MessagesThatAreTooLarge) {
  const auto larger_than = [](std::size_t size) {
    v1::NextNRequest request;
    request.set_sequence("known");
    request.set_request_id(std::string(size, 'x'));
    return request.SerializeAsString();
  };
  ExpectRefused("IdService/NextN", larger_than(kMaxMessageBytes), Reason::kArgumentInvalid);
  ExpectRefused("IdService/NextN", larger_than(kMaxMessageBytes / 2), Reason::kRequestIdInvalid);
  // gRPC cuts these off unread, and says so in its own words.
  const RawAnswer huge = Call("IdService/NextN", larger_than(8 * kMaxMessageBytes));
  EXPECT_EQ(huge.status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(huge.status.error_message(), ::testing::HasSubstr("larger than max"));
  ExpectNothingChanged();
}

TEST_P(RefusedCallsTest, ZeroIdsMeanOne) {
  const auto next = client_->NextN(Parse<v1::NextNRequest>("sequence: 'known' n: 0"));
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->count(), 1);
  const auto range = client_->ReserveRange(Parse<v1::ReserveRangeRequest>("sequence: 'known'"));
  ASSERT_THAT(range, IsOk());
  EXPECT_EQ(range->count(), 1);
}

TEST_P(RefusedCallsTest, OddNamesAreNamesAllTheSame) {
  const std::vector<std::string> names = {
      "0",    ".",    "..",     "-",     "--help", ":",           "_",
      "a//b", "null", "select", "Known", "known.", "a/b/c/d/e/f", std::string(200, 'x'),
  };
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    const absl::StatusOr<std::int64_t> id = client_->NextId(name);
    ASSERT_THAT(id, IsOk());
    EXPECT_EQ(*id, 1);
    const absl::StatusOr<std::int64_t> sum = client_->Incr(name);
    ASSERT_THAT(sum, IsOk());
    EXPECT_EQ(*sum, 1);
  }
  const auto sequences = client_->ListSequences({});
  ASSERT_THAT(sequences, IsOk());
  EXPECT_EQ(sequences->sequences_size(), static_cast<int>(names.size()) + 1);
}

}  // namespace
}  // namespace mintmark::e2e
