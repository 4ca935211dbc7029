// The base of the tests of what the projects that mintmark started from show in
// their examples, here asked of a running server.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/store_test.h"
#include "tests/e2e/text_message.h"

namespace mintmark::seeds {

using e2e::FailsWith;
using e2e::IsOk;
using e2e::Mintmarkd;
using e2e::Parse;

// Runs with one server, and a client of it; on stores that several servers can use
// at once, tests may start more.
class SeedTest : public e2e::StoreTest {
 protected:
  void Prepare() override {
    server_ = &StartServer();
    client_ = e2e::Connect({server_});
  }

  Mintmarkd& server() { return *server_; }
  client::Client& client() { return *client_; }

  // Requests are in protobuf's text form.
  absl::StatusOr<v1::Sequence> Create(const std::string& sequence) {
    const auto created = client().CreateSequence(
        Parse<v1::CreateSequenceRequest>(absl::StrCat("sequence { ", sequence, " }")));
    if (!created.ok()) return created.status();
    return created->sequence();
  }
  absl::StatusOr<v1::NextNResponse> Next(const std::string& request) {
    return client().NextN(Parse<v1::NextNRequest>(request));
  }
  absl::StatusOr<v1::ReserveRangeResponse> Reserve(const std::string& request) {
    return client().ReserveRange(Parse<v1::ReserveRangeRequest>(request));
  }
  absl::StatusOr<v1::IncrCounterResponse> Incr(const std::string& request) {
    return client().IncrCounter(Parse<v1::IncrCounterRequest>(request));
  }
  std::int64_t NextId(const std::string& sequence) { return NextId(client(), sequence); }

  static std::int64_t NextId(client::Client& client, const std::string& sequence) {
    const absl::StatusOr<std::int64_t> id = client.NextId(sequence);
    EXPECT_THAT(id, IsOk());
    return id.value_or(INT64_MIN);
  }

  // The lowest id that was given to no shard and no caller.
  std::int64_t Frontier(const std::string& sequence) {
    const auto got =
        client().GetSequence(Parse<v1::GetSequenceRequest>(absl::StrCat("name: '", sequence, "'")));
    EXPECT_THAT(got, IsOk());
    return got.ok() ? got->sequence().next_id() : INT64_MIN;
  }

 private:
  Mintmarkd* server_ = nullptr;
  std::unique_ptr<client::Client> client_;
};

// Is a reply of NextN or ReserveRange with the ids from `first` to `last` in one
// range.
MATCHER_P2(HoldsIds, first, last, "") {
  if (!arg.ok()) {
    *result_listener << arg.status();
    return false;
  }
  *result_listener << arg->ShortDebugString();
  if constexpr (std::is_same_v<std::decay_t<decltype(*arg)>, v1::ReserveRangeResponse>) {
    return arg->range().first() == first && arg->range().last() == last &&
           arg->count() == last - first + 1;
  } else {
    return arg->ranges_size() == 1 && arg->ranges(0).first() == first &&
           arg->ranges(0).last() == last && arg->count() == last - first + 1;
  }
}

}  // namespace mintmark::seeds
