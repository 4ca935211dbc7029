// GUID groups, generators and texts at their limits, and what is refused.
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

namespace mintmark::e2e {
namespace {

class GroupLimitsTest : public StoreTest {
 protected:
  void Prepare() override { client_ = Connect({&StartServer()}); }

  absl::Status Create(const std::string& request) {
    return client_->CreateGuidGroup(Parse<v1::CreateGuidGroupRequest>(request)).status();
  }
  absl::StatusOr<v1::NextGuidResponse> Next(const std::string& request) {
    return client_->NextGuid(Parse<v1::NextGuidRequest>(request));
  }
  absl::StatusOr<v1::DecodeGuidResponse> Decode(const std::string& request) {
    return client_->DecodeGuid(Parse<v1::DecodeGuidRequest>(request));
  }
  absl::StatusOr<v1::AcquireGeneratorResponse> Acquire(const std::string& request) {
    return client_->AcquireGenerator(Parse<v1::AcquireGeneratorRequest>(request));
  }
  absl::StatusOr<v1::RenewGeneratorResponse> Renew(const std::string& group, std::int64_t id,
                                                   const std::string& token, std::int64_t ceiling) {
    v1::RenewGeneratorRequest request;
    request.set_group(group);
    request.set_generator_id(id);
    request.set_lease_token(token);
    request.set_time_ceiling(ceiling);
    return client_->RenewGenerator(request);
  }
  absl::Status Release(const std::string& group, std::int64_t id, const std::string& token,
                       std::int64_t last_time) {
    v1::ReleaseGeneratorRequest request;
    request.set_group(group);
    request.set_generator_id(id);
    request.set_lease_token(token);
    request.set_last_time(last_time);
    return client_->ReleaseGenerator(request).status();
  }

  std::unique_ptr<client::Client> client_;
};

TEST_P(GroupLimitsTest, LayoutsThatDoNotAddUpAreRefused) {
  for (const char* const layout :
       {"time_bits: 42 counter_bits: 11 generator_bits: 12",
        "time_bits: 0 counter_bits: 11 generator_bits: 12",
        "time_bits: 41 counter_bits: -1 generator_bits: 12",
        "time_bits: 41 counter_bits: 11 generator_bits: -12",
        "time_bits: 2147483647 counter_bits: 2147483647 generator_bits: 2147483647",
        "time_unit { nanos: 2000000 }",
        "time_unit { seconds: -1 }",
        "time_unit { nanos: -1 }",
        "time_unit { seconds: 9223372036854775807 }",
        "epoch { seconds: 4102444800 }",
        "epoch { seconds: -9223372036854775808 }",
        "epoch { nanos: 1 }",
        "epoch { nanos: -1 }",
        "lease { seconds: 0 }",
        "lease { seconds: -60 }",
        "lease { seconds: 9223372036854775807 }",
        "lease { nanos: 999999999 }",
        "generator_id_min: 5 generator_id_max: 4",
        "generator_id_min: -1",
        "generator_id_max: 4096",
        "generator_id_max: -1",
        "format { encoding: ENCODING_HEX width: 65 }",
        "format { width: -1 }",
        "format { prefix: 'a\\n' }"}) {
    EXPECT_THAT(Create(absl::StrCat("group { name: 'g' ", layout, " }")),
                FailsWith(Reason::kGroupInvalid))
        << layout;
  }
  v1::CreateGuidGroupRequest unknown = Parse<v1::CreateGuidGroupRequest>("group { name: 'g' }");
  unknown.mutable_group()->set_order(static_cast<v1::FieldOrder>(77));
  EXPECT_THAT(client_->CreateGuidGroup(unknown), FailsWith(Reason::kGroupInvalid));
  EXPECT_THAT(Create("group { name: 'g' } preset: 'flake'"),
              FailsWith(Reason::kGroupInvalid, "snowfall"));
  EXPECT_THAT(Create("group { name: 'g' time_bits: 41 } preset: 'twitter'"),
              FailsWith(Reason::kGroupInvalid));
  EXPECT_THAT(Create("group { name: '/g' }"), FailsWith(Reason::kNameInvalid));
  EXPECT_THAT(Create("preset: 'js'"), FailsWith(Reason::kNameInvalid));
  EXPECT_THAT(Next("group: 'g'"), FailsWith(Reason::kGroupNotFound)) << "Nothing was created.";
}

TEST_P(GroupLimitsTest, ExtremeLayoutsWork) {
  const auto mint = [&](const std::string& name, const std::string& layout) {
    EXPECT_THAT(Create(absl::StrCat("group { name: '", name, "' ", layout, " }")), IsOk());
    const auto reply = Next(absl::StrCat("group: '", name, "' n: 500"));
    ASSERT_THAT(reply, IsOk()) << name;
    std::int64_t last = -1;
    for (const std::int64_t guid : reply->guids()) {
      EXPECT_GT(guid, last) << name;
      last = guid;
      const auto decoded = Decode(absl::StrCat("group: '", name, "' guid: ", guid));
      ASSERT_THAT(decoded, IsOk()) << name;
      EXPECT_EQ(decoded->guid(), guid);
    }
  };
  mint("time-only", "time_bits: 63");
  mint("no-generator", "time_bits: 41 counter_bits: 22");
  mint("no-counter", "time_bits: 41 generator_bits: 22 order: FIELD_ORDER_TIME_GENERATOR_COUNTER");
  mint("one-generator", "generator_id_min: 4095 generator_id_max: 4095");
  mint("epoch-of-old",
       "time_bits: 50 counter_bits: 8 generator_bits: 5 epoch { seconds: -62135596800 }");
  for (const char* const preset : {"snowfall", "twitter", "sonyflake", "js"}) {
    EXPECT_THAT(Create(absl::StrCat("group { name: '", preset, "' } preset: '", preset, "'")),
                IsOk());
    EXPECT_THAT(Next(absl::StrCat("group: '", preset, "' n: 100")), IsOk());
  }
}

TEST_P(GroupLimitsTest, CountsOfGuids) {
  EXPECT_EQ(Next("")->guids_size(), 1);
  EXPECT_EQ(Next("n: 0")->guids_size(), 1);
  EXPECT_EQ(Next("n: 100000")->guids_size(), 100'000);
  EXPECT_THAT(Next("n: -1"), FailsWith(Reason::kNInvalid));
  EXPECT_THAT(Next("n: 100001"), FailsWith(Reason::kNTooLarge));
  EXPECT_THAT(Next("n: 2147483647"), FailsWith(Reason::kNTooLarge));
  EXPECT_EQ(Next("n: 10000 with_text: true")->texts_size(), 10'000);
  EXPECT_THAT(Next("n: 10001 with_text: true"), FailsWith(Reason::kNTooLarge));
  // More than one generator of this layout has room for in what it may be ahead.
  ASSERT_THAT(Create("group { name: 'js' } preset: 'js'"), IsOk());
  EXPECT_THAT(Next("group: 'js' n: 25600"), IsOk());
  EXPECT_THAT(Next("group: 'js' n: 25601"), FailsWith(Reason::kNTooLarge));
}

TEST_P(GroupLimitsTest, TheEndOfALayoutsTime) {
  // 2^40 ms (the 41st bit is the sign) before 2026 is 1991.
  EXPECT_THAT(Create("group { name: 'over' epoch { seconds: 0 } }"),
              FailsWith(Reason::kGroupLifetimeOver));
  EXPECT_THAT(Next("group: 'over'"), FailsWith(Reason::kGroupNotFound));
}

TEST_P(GroupLimitsTest, TokensAreProved) {
  ASSERT_THAT(Create("group { name: 'a' }"), IsOk());
  ASSERT_THAT(Create("group { name: 'b' }"), IsOk());
  const auto lease = Acquire("group: 'a' owner: 'test'");
  ASSERT_THAT(lease, IsOk());
  const std::int64_t id = lease->generator_id();
  const std::string& token = lease->lease_token();
  const std::string foreign(32, '0');
  EXPECT_THAT(Renew("a", id, foreign, 0), FailsWith(Reason::kLeaseLost));
  EXPECT_THAT(Release("a", id, foreign, lease->start_time()), FailsWith(Reason::kLeaseLost));
  EXPECT_THAT(Renew("b", id, token, 0), FailsWith(Reason::kLeaseLost));
  EXPECT_THAT(Renew("a", id + 1, token, 0), FailsWith(Reason::kLeaseLost));
  EXPECT_THAT(Renew("none", id, token, 0), FailsWith(Reason::kGroupNotFound));
  EXPECT_THAT(Renew("a", id, "", 0), FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(Renew("a", id, std::string(65, 'x'), 0), FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(Renew("a", -1, token, 0), FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(Release("a", id, token, lease->start_time() - 1),
              FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(Release("a", id, token, lease->time_ceiling()), FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(Release("a", id, token, lease->start_time()), IsOk());
  // A token of a lease that was given back is stale.
  EXPECT_THAT(Renew("a", id, token, 0), FailsWith(Reason::kLeaseLost));
  EXPECT_THAT(Release("a", id, token, lease->start_time()), FailsWith(Reason::kLeaseLost));
  const auto next = Acquire("group: 'a'");
  ASSERT_THAT(next, IsOk());
  EXPECT_EQ(next->generator_id(), id);
  EXPECT_NE(next->lease_token(), token);
}

TEST_P(GroupLimitsTest, CeilingsAreCapped) {
  ASSERT_THAT(Create("group { name: 'a' lease { seconds: 60 } }"), IsOk());
  const auto lease = Acquire("group: 'a'");
  ASSERT_THAT(lease, IsOk());
  const std::int64_t year_2100 = (std::int64_t{4'102'444'800} - 1'577'836'800) * 1'000;
  std::int64_t ceiling = lease->time_ceiling();
  for (const std::int64_t wanted : {year_2100, INT64_MAX}) {
    const auto renewed = Renew("a", lease->generator_id(), lease->lease_token(), wanted);
    ASSERT_THAT(renewed, IsOk());
    EXPECT_GE(renewed->time_ceiling(), ceiling);
    EXPECT_LE(renewed->time_ceiling(), ceiling + 30'000) << "A lease ahead of now at most.";
    ceiling = renewed->time_ceiling();
  }
  const auto lower = Renew("a", lease->generator_id(), lease->lease_token(), 1);
  ASSERT_THAT(lower, IsOk());
  EXPECT_EQ(lower->time_ceiling(), ceiling) << "A ceiling never goes down.";
  EXPECT_THAT(Renew("a", lease->generator_id(), lease->lease_token(), -1),
              FailsWith(Reason::kArgumentInvalid));
}

TEST_P(GroupLimitsTest, OwnersAndRequestIds) {
  ASSERT_THAT(Create("group { name: 'a' }"), IsOk());
  EXPECT_THAT(Acquire(absl::StrCat("group: 'a' owner: '", std::string(200, 'x'), "'")), IsOk());
  EXPECT_THAT(Acquire(absl::StrCat("group: 'a' owner: '", std::string(201, 'x'), "'")),
              FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(Acquire("group: 'a' owner: 'a\\tb'"), FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(Acquire(absl::StrCat("group: 'a' request_id: '", std::string(65, 'x'), "'")),
              FailsWith(Reason::kRequestIdInvalid));
  EXPECT_THAT(Acquire("group: 'none'"), FailsWith(Reason::kGroupNotFound));
  const auto first = Acquire("group: 'a' owner: 'me' request_id: 'once'");
  ASSERT_THAT(first, IsOk());
  const auto again = Acquire("group: 'a' owner: 'me' request_id: 'once'");
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->lease_token(), first->lease_token());
  EXPECT_THAT(Acquire("group: 'a' owner: 'other' request_id: 'once'"),
              FailsWith(Reason::kRequestIdReused));
}

TEST_P(GroupLimitsTest, WhatCannotBeDecoded) {
  ASSERT_THAT(Create("group { name: 'js' format { prefix: 'G' check_character: true } } "
                     "preset: 'js'"),
              IsOk());
  const auto reply = Next("group: 'js' with_text: true");
  ASSERT_THAT(reply, IsOk());
  std::string text = reply->texts(0);
  EXPECT_EQ(Decode(absl::StrCat("group: 'js' text: '", text, "'"))->guid(), reply->guids(0));
  text.back() = text.back() == '0' ? '1' : '0';
  EXPECT_THAT(Decode(absl::StrCat("group: 'js' text: '", text, "'")),
              FailsWith(Reason::kTextInvalid));
  for (const char* const bad : {"", "G", "H12", "G99999999999999999999", "G1 2"}) {
    EXPECT_THAT(Decode(absl::StrCat("group: 'js' text: '", bad, "'")),
                FailsWith(Reason::kTextInvalid))
        << bad;
  }
  // Of another layout: more bits than this one has.
  EXPECT_THAT(Decode("group: 'js' guid: 9007199254740992"), FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(Decode("group: 'js' guid: -1"), FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(Decode("group: 'js'"), FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(Decode("group: 'none' guid: 1"), FailsWith(Reason::kGroupNotFound));
}

TEST_P(GroupLimitsTest, TextsOfSequences) {
  ASSERT_THAT(client_->CreateSequence(Parse<v1::CreateSequenceRequest>(
                  "sequence { name: 'tickets' format { encoding: ENCODING_BASE32_CROCKFORD "
                  "prefix: 'T-' width: 6 check_character: true } }")),
              IsOk());
  const auto drawn =
      client_->NextN(Parse<v1::NextNRequest>("sequence: 'tickets' n: 40 with_text: true"));
  ASSERT_THAT(drawn, IsOk());
  ASSERT_EQ(drawn->texts_size(), 40);
  const auto decode = [&](const std::string& text) {
    v1::DecodeTextRequest request;
    request.set_sequence("tickets");
    request.set_text(text);
    return client_->DecodeText(request);
  };
  for (int i = 0; i < drawn->texts_size(); ++i) {
    const auto decoded = decode(drawn->texts(i));
    ASSERT_THAT(decoded, IsOk()) << drawn->texts(i);
    EXPECT_EQ(decoded->id(), i + 1);
  }
  std::string wrong = drawn->texts(0);
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_THAT(decode(wrong), FailsWith(Reason::kTextInvalid));
  EXPECT_THAT(decode(""), FailsWith(Reason::kTextInvalid));
  EXPECT_THAT(
      client_->NextN(Parse<v1::NextNRequest>("sequence: 'tickets' n: 10001 with_text: true")),
      FailsWith(Reason::kNTooLarge));
  EXPECT_THAT(client_->CreateSequence(Parse<v1::CreateSequenceRequest>(
                  "sequence { name: 'minus' min_id: -5 format { encoding: ENCODING_HEX } }")),
              FailsWith(Reason::kSequenceInvalid));
}

TEST_P(GroupLimitsTest, PagesOfGroupsAndGenerators) {
  for (const char* const name : {"a", "b", "c"}) {
    ASSERT_THAT(Create(absl::StrCat("group { name: '", name, "' }")), IsOk());
    ASSERT_THAT(Acquire(absl::StrCat("group: '", name, "'")), IsOk());
    ASSERT_THAT(Acquire(absl::StrCat("group: '", name, "'")), IsOk());
  }
  const auto page = client_->ListGuidGroups(Parse<v1::ListGuidGroupsRequest>("page_size: 2"));
  ASSERT_THAT(page, IsOk());
  ASSERT_EQ(page->groups_size(), 2);
  v1::ListGuidGroupsRequest rest;
  rest.set_page_token(page->next_page_token());
  EXPECT_EQ(client_->ListGuidGroups(rest)->groups(0).name(), "c");
  v1::ListSequencesRequest other_list;
  other_list.set_page_token(page->next_page_token());
  EXPECT_THAT(client_->ListSequences(other_list), FailsWith(Reason::kArgumentInvalid));

  const auto generators =
      client_->ListGenerators(Parse<v1::ListGeneratorsRequest>("group: 'a' page_size: 1"));
  ASSERT_THAT(generators, IsOk());
  ASSERT_EQ(generators->generators_size(), 1);
  v1::ListGeneratorsRequest next;
  next.set_group("a");
  next.set_page_token(generators->next_page_token());
  EXPECT_EQ(client_->ListGenerators(next)->generators(0).generator_id(), 1);
  next.set_group("b");
  EXPECT_THAT(client_->ListGenerators(next), FailsWith(Reason::kArgumentInvalid));
  EXPECT_THAT(client_->ListGenerators(Parse<v1::ListGeneratorsRequest>("group: 'a' page_size: -1")),
              FailsWith(Reason::kArgumentInvalid));
}

INSTANTIATE_ON_STORES(GroupLimitsTest);

}  // namespace
}  // namespace mintmark::e2e
