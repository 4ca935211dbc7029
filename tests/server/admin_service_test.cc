#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/command_line.h"
#include "tests/server/server_fixture.h"

namespace mintmark::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AdminServiceTest : public ServerTest {
 protected:
  v1::Sequence Create(const std::string& sequence) {
    v1::CreateSequenceResponse response;
    ExpectOk(
        Admin(&AdminStub::CreateSequence, absl::StrCat("sequence { ", sequence, " }"), &response));
    return response.sequence();
  }

  v1::Sequence Get(const std::string& name) {
    v1::GetSequenceResponse response;
    ExpectOk(Admin(&AdminStub::GetSequence, absl::StrCat("name: '", name, "'"), &response));
    return response.sequence();
  }

  Outcome Update(const std::string& request) {
    v1::UpdateSequenceResponse response;
    const Outcome outcome = Admin(&AdminStub::UpdateSequence, request, &response);
    updated_ = response.sequence();
    return outcome;
  }

  v1::Sequence updated_;  // By the last Update.
};

TEST_F(AdminServiceTest, CreateSequenceFillsInTheDefaults) {
  const v1::Sequence sequence = Create("name: 'orders'");
  EXPECT_EQ(sequence.name(), "orders");
  EXPECT_EQ(sequence.min_id(), 1);
  EXPECT_EQ(sequence.max_id(), INT64_MAX - 1);
  EXPECT_EQ(sequence.step(), 1);
  EXPECT_EQ(sequence.shards(), 16);
  EXPECT_FALSE(sequence.has_chunk_size());
  EXPECT_FALSE(sequence.has_max_gap());
  EXPECT_FALSE(sequence.has_format());
  EXPECT_EQ(sequence.next_id(), 1);
  EXPECT_GT(sequence.remaining(), 0);
  EXPECT_FALSE(sequence.etag().empty());
  EXPECT_GT(sequence.generation(), 0);
  EXPECT_GT(sequence.create_time().seconds(), 1'600'000'000);
  EXPECT_EQ(sequence.create_time().seconds(), sequence.update_time().seconds());
}

TEST_F(AdminServiceTest, CreateSequenceKeepsWhatIsSet) {
  Create(
      "name: 'a' min_id: 5 max_id: 100 step: 7 chunk_size: 3 shards: 2 max_gap: 10 "
      "format { encoding: ENCODING_HEX prefix: 'INV-' suffix: '!' width: 8 check_character: true "
      "}");
  const v1::Sequence sequence = Get("a");
  EXPECT_EQ(sequence.min_id(), 5);
  EXPECT_EQ(sequence.max_id(), 100);
  EXPECT_EQ(sequence.step(), 7);
  EXPECT_EQ(sequence.chunk_size(), 3);
  EXPECT_EQ(sequence.shards(), 2);
  EXPECT_EQ(sequence.max_gap(), 10);
  EXPECT_EQ(sequence.format().encoding(), v1::ENCODING_HEX);
  EXPECT_EQ(sequence.format().prefix(), "INV-");
  EXPECT_EQ(sequence.format().suffix(), "!");
  EXPECT_EQ(sequence.format().width(), 8);
  EXPECT_TRUE(sequence.format().check_character());
  EXPECT_EQ(sequence.next_id(), 5);
}

TEST_F(AdminServiceTest, CreateSequenceRefusesWrongArguments) {
  v1::CreateSequenceResponse response;
  const auto create = [&](const std::string& sequence) {
    return Admin(&AdminStub::CreateSequence, absl::StrCat("sequence { ", sequence, " }"),
                 &response);
  };
  ExpectReason(Admin(&AdminStub::CreateSequence, "", &response), Reason::kNameInvalid);
  ExpectReason(create("name: ''"), Reason::kNameInvalid);
  ExpectReason(create("name: 'a b'"), Reason::kNameInvalid);
  const std::vector<std::string> wrong = {"step: 0",
                                          "step: -1",
                                          "min_id: 5 max_id: 4",
                                          "max_id: 9223372036854775807",
                                          "chunk_size: 0",
                                          "chunk_size: -1",
                                          "shards: -1",
                                          "max_gap: -1",
                                          "shards: 0 max_gap: 5",
                                          "format { encoding: 99 }",
                                          "format { width: -1 }",
                                          "format { width: 65 }",
                                          "format { prefix: '" + std::string(65, 'x') + "' }",
                                          "format { suffix: '" + std::string(65, 'x') + "' }"};
  for (const std::string& settings : wrong) {
    SCOPED_TRACE(settings);
    ExpectReason(create("name: 'a' " + settings), Reason::kSequenceInvalid);
  }
  v1::GetSequenceResponse sequence;
  ExpectReason(Admin(&AdminStub::GetSequence, "name: 'a'", &sequence), Reason::kSequenceNotFound);

  Create("name: 'a'");
  const Outcome twice = create("name: 'a'");
  ExpectReason(twice, Reason::kSequenceAlreadyExists);
  EXPECT_EQ(twice.info.metadata().at("sequence"), "a");
}

TEST_F(AdminServiceTest, CreateSequenceReachesBothEnds) {
  Create("name: 'low' min_id: -9223372036854775808 max_id: -9223372036854775808");
  Create("name: 'high' min_id: 9223372036854775806");
  Create("name: 'zero' min_id: 0 max_id: 0");
  v1::NextNResponse next;
  ExpectOk(Id(&IdStub::NextN, "sequence: 'low'", &next));
  EXPECT_EQ(next.ranges(0).first(), INT64_MIN);
  ExpectOk(Id(&IdStub::NextN, "sequence: 'high'", &next));
  EXPECT_EQ(next.ranges(0).last(), INT64_MAX - 1);
  ExpectOk(Id(&IdStub::NextN, "sequence: 'zero'", &next));
  EXPECT_EQ(next.ranges(0).first(), 0);
  for (const std::string name : {"low", "high", "zero"}) {
    ExpectReason(Id(&IdStub::NextN, "sequence: '" + name + "'", &next), Reason::kSequenceExhausted);
  }
}

TEST_F(AdminServiceTest, UpdateSequenceChangesWhatIsSet) {
  Create("name: 'a' max_id: 100 chunk_size: 5");
  ExpectOk(Update("sequence { name: 'a' max_id: 200 max_gap: 9 }"));
  EXPECT_EQ(updated_.max_id(), 200);
  EXPECT_EQ(updated_.max_gap(), 9);
  EXPECT_EQ(updated_.chunk_size(), 5);
  EXPECT_EQ(updated_.shards(), 16);
}

TEST_F(AdminServiceTest, UpdateSequenceChangesWhatTheMaskNames) {
  Create("name: 'a' max_id: 100 chunk_size: 5 max_gap: 3 format { width: 4 }");
  // What the mask does not name stays; what it names and is unset goes back.
  ExpectOk(
      Update("sequence { name: 'a' max_id: 200 shards: 20 } "
             "update_mask { paths: ['shards', 'chunk_size', 'max_gap', 'format'] }"));
  EXPECT_EQ(updated_.max_id(), 100);
  EXPECT_EQ(updated_.shards(), 20);
  EXPECT_FALSE(updated_.has_chunk_size());
  EXPECT_FALSE(updated_.has_max_gap());
  EXPECT_FALSE(updated_.has_format());
  ExpectOk(Update("sequence { name: 'a' } update_mask { paths: 'max_id' }"));
  EXPECT_EQ(updated_.max_id(), INT64_MAX - 1);
}

TEST_F(AdminServiceTest, UpdateSequenceTakesAStarAndWhatItAnsweredItself) {
  Create("name: 'a' max_id: 100");
  ExpectOk(Update("sequence { name: 'a' max_id: 200 } update_mask { paths: '*' }"));
  EXPECT_EQ(updated_.max_id(), 200);

  // Read, change, write: fields that the server sets do no harm.
  v1::UpdateSequenceRequest request;
  *request.mutable_sequence() = Get("a");
  request.mutable_sequence()->set_max_id(300);
  ExpectOk(Update(request.ShortDebugString()));
  EXPECT_EQ(updated_.max_id(), 300);
  for (const std::string path : {"next_id", "remaining", "create_time", "update_time", "generation",
                                 "effective_max_gap", "name", "etag"}) {
    ExpectOk(Update("sequence { name: 'a' max_id: 1000 } update_mask { paths: '" + path + "' }"));
    EXPECT_EQ(updated_.max_id(), 300) << path;
  }
}

TEST_F(AdminServiceTest, UpdateSequenceRefusesWrongArguments) {
  Create("name: 'a' max_id: 100");
  ExpectReason(Update(""), Reason::kNameInvalid);
  ExpectReason(Update("sequence { name: 'b' max_id: 5 }"), Reason::kSequenceNotFound);
  for (const std::string path : {"maxid", "max_id.x", "format.width", "", "*,max_id"}) {
    ExpectReason(Update("sequence { name: 'a' } update_mask { paths: '" + path + "' }"),
                 Reason::kArgumentInvalid);
  }
  ExpectReason(Update("sequence { name: 'a' } update_mask { paths: ['max_id', '*'] }"),
               Reason::kArgumentInvalid);
  ExpectReason(Update("sequence { name: 'a' step: 2 }"), Reason::kSequenceInvalid);
  ExpectReason(Update("sequence { name: 'a' min_id: 2 }"), Reason::kSequenceInvalid);
  ExpectReason(Update("sequence { name: 'a' shards: 0 max_gap: 5 }"), Reason::kSequenceInvalid);
  ExpectReason(Update("sequence { name: 'a' max_gap: 5 etag: 'old' }"), Reason::kEtagMismatch);
  ExpectOk(Update(absl::StrCat("sequence { name: 'a' max_gap: 5 etag: '", Get("a").etag(), "' }")));
  EXPECT_NE(updated_.etag(), "old");
}

TEST_F(AdminServiceTest, UpdateSequenceTightensByADrain) {
  Create("name: 'a'");
  v1::NextNResponse next;
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a' n: 10", &next));
  ExpectOk(Update("sequence { name: 'a' max_id: 20 }"));
  EXPECT_EQ(updated_.max_id(), 20);
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a' n: 100 allow_partial: true", &next));
  EXPECT_EQ(next.count(), 10);
  ExpectReason(Id(&IdStub::NextN, "sequence: 'a'", &next), Reason::kSequenceExhausted);
  // Raised again, it goes on beyond what was issued before.
  ExpectOk(Update("sequence { name: 'a' max_id: 5 }"));
  ExpectOk(Update("sequence { name: 'a' max_id: 1000000 }"));
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a'", &next));
  EXPECT_GT(next.ranges(0).first(), 20);
}

TEST_F(AdminServiceTest, ResetSequenceStartsANewGeneration) {
  const v1::Sequence before = Create("name: 'a'");
  v1::NextNResponse next;
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a' n: 5", &next));
  v1::ResetSequenceResponse reset;
  ExpectReason(Admin(&AdminStub::ResetSequence, "name: 'a'", &reset), Reason::kWouldReuseIds);
  EXPECT_EQ(Admin(&AdminStub::ResetSequence, "name: 'a' next_id: 0", &reset).status.error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  ExpectReason(Admin(&AdminStub::ResetSequence, "name: 'b'", &reset), Reason::kSequenceNotFound);
  ExpectReason(Admin(&AdminStub::ResetSequence, "name: 'b b'", &reset), Reason::kNameInvalid);

  ExpectOk(Admin(&AdminStub::ResetSequence, "name: 'a' next_id: 1000000", &reset));
  EXPECT_GT(reset.sequence().generation(), before.generation());
  EXPECT_EQ(reset.sequence().next_id(), 1'000'000);
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a'", &next));
  EXPECT_EQ(next.ranges(0).first(), 1'000'000);

  ExpectOk(Admin(&AdminStub::ResetSequence, "name: 'a' allow_reuse: true", &reset));
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a'", &next));
  EXPECT_EQ(next.ranges(0).first(), 1);
}

TEST_F(AdminServiceTest, DeleteSequenceForgetsIt) {
  const v1::Sequence before = Create("name: 'a'");
  v1::NextNResponse next;
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a' n: 5", &next));
  v1::DeleteSequenceResponse deleted;
  ExpectReason(Admin(&AdminStub::DeleteSequence, "name: 'a' etag: 'old'", &deleted),
               Reason::kEtagMismatch);
  ExpectOk(Admin(&AdminStub::DeleteSequence, "name: 'a'", &deleted));
  ExpectReason(Admin(&AdminStub::DeleteSequence, "name: 'a'", &deleted), Reason::kSequenceNotFound);
  ExpectReason(Admin(&AdminStub::DeleteSequence, "", &deleted), Reason::kNameInvalid);
  EXPECT_GT(Create("name: 'a'").generation(), before.generation());
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a'", &next));
  EXPECT_EQ(next.ranges(0).first(), 1);
}

TEST_F(AdminServiceTest, ListSequencesPages) {
  for (const std::string name : {"b", "a/2", "a/1", "a/3", "c"}) Create("name: '" + name + "'");
  const auto list = [&](const std::string& request, std::string* token) {
    v1::ListSequencesResponse response;
    ExpectOk(Admin(&AdminStub::ListSequences, request, &response));
    std::vector<std::string> names;
    for (const v1::Sequence& sequence : response.sequences()) names.push_back(sequence.name());
    *token = response.next_page_token();
    return names;
  };
  std::string token;
  EXPECT_THAT(list("", &token), ElementsAre("a/1", "a/2", "a/3", "b", "c"));
  EXPECT_EQ(token, "");
  EXPECT_THAT(list("page_size: 2 prefix: 'a/'", &token), ElementsAre("a/1", "a/2"));
  const std::string next = absl::StrCat("page_size: 2 prefix: 'a/' page_token: '", token, "'");
  EXPECT_THAT(list(next, &token), ElementsAre("a/3"));
  EXPECT_EQ(token, "");
  // A last page that is full is not followed by an empty one.
  EXPECT_THAT(list("page_size: 5", &token), ElementsAre("a/1", "a/2", "a/3", "b", "c"));
  EXPECT_EQ(token, "");
  EXPECT_THAT(list("prefix: 'd'", &token), IsEmpty());
}

TEST_F(AdminServiceTest, ListsCutThePageSize) {
  for (const int count : {1'000, 50}) {
    std::string requests;
    for (int i = 0; i < count; ++i) {
      absl::StrAppend(&requests, "requests { counter: 'c", count, ".", i, "' }");
    }
    v1::BatchIncrCountersResponse made;
    ExpectOk(Id(&IdStub::BatchIncrCounters, requests, &made));
  }
  v1::ListCountersResponse response;
  ExpectOk(Admin(&AdminStub::ListCounters, "", &response));
  EXPECT_EQ(response.counters_size(), 100);
  ExpectOk(Admin(&AdminStub::ListCounters, "page_size: 2147483647", &response));
  EXPECT_EQ(response.counters_size(), 1'000);
  ExpectOk(Admin(&AdminStub::ListCounters,
                 absl::StrCat("page_size: 1000 page_token: '", response.next_page_token(), "'"),
                 &response));
  EXPECT_EQ(response.counters_size(), 50);
  EXPECT_EQ(response.next_page_token(), "");
}

TEST_F(AdminServiceTest, ListsRefuseWrongArguments) {
  v1::ListSequencesResponse sequences;
  v1::ListCountersResponse counters;
  ExpectReason(Admin(&AdminStub::ListSequences, "page_size: -1", &sequences),
               Reason::kArgumentInvalid);
  ExpectReason(Admin(&AdminStub::ListSequences, "page_token: 'x'", &sequences),
               Reason::kArgumentInvalid);
  ExpectReason(Admin(&AdminStub::ListSequences, "prefix: 'a b'", &sequences), Reason::kNameInvalid);
  ExpectReason(Admin(&AdminStub::ListCounters, "page_size: -1", &counters),
               Reason::kArgumentInvalid);
  ExpectReason(Admin(&AdminStub::ListCounters, "page_token: 'x'", &counters),
               Reason::kArgumentInvalid);
  ExpectReason(Admin(&AdminStub::ListCounters, "prefix: '?'", &counters), Reason::kNameInvalid);
}

TEST_F(AdminServiceTest, CountersCanBeReadSetAndDeleted) {
  v1::GetCounterResponse get;
  v1::ResetCounterResponse reset;
  v1::DeleteCounterResponse deleted;
  const Outcome absent = Admin(&AdminStub::GetCounter, "name: 'a'", &get);
  ExpectReason(absent, Reason::kCounterNotFound);
  EXPECT_EQ(absent.info.metadata().at("counter"), "a");
  ExpectReason(Admin(&AdminStub::GetCounter, "name: '?'", &get), Reason::kNameInvalid);
  ExpectReason(Admin(&AdminStub::ResetCounter, "name: '?'", &reset), Reason::kNameInvalid);
  ExpectReason(Admin(&AdminStub::DeleteCounter, "name: '?'", &deleted), Reason::kNameInvalid);
  ExpectReason(Admin(&AdminStub::DeleteCounter, "name: 'a'", &deleted), Reason::kCounterNotFound);

  ExpectOk(Admin(&AdminStub::ResetCounter, "name: 'a' value: -9223372036854775808", &reset));
  EXPECT_EQ(reset.counter().value(), INT64_MIN);
  ExpectOk(Admin(&AdminStub::ResetCounter, "name: 'a' value: 41", &reset));
  v1::IncrCounterResponse incr;
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'a'", &incr));
  ExpectOk(Admin(&AdminStub::GetCounter, "name: 'a'", &get));
  EXPECT_EQ(get.counter().name(), "a");
  EXPECT_EQ(get.counter().value(), 42);
  EXPECT_GT(get.counter().create_time().seconds(), 1'600'000'000);
  EXPECT_GE(get.counter().update_time().seconds(), get.counter().create_time().seconds());
  ExpectOk(Admin(&AdminStub::DeleteCounter, "name: 'a'", &deleted));
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'a'", &incr));
  EXPECT_EQ(incr.value(), 1);
}

TEST_F(AdminServiceTest, GetServerStatusTellsWhatAnOperatorWants) {
  v1::NextNResponse next;
  ExpectOk(Id(&IdStub::NextN, "sequence: 'a'", &next));
  v1::IncrCounterResponse incr;
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'c'", &incr));
  ExpectOk(Id(&IdStub::IncrCounter, "counter: 'c' durability: DURABILITY_DEFERRED", &incr));
  v1::GetServerStatusResponse status;
  ExpectOk(Admin(&AdminStub::GetServerStatus, "", &status));
  EXPECT_EQ(status.version(), Version());
  EXPECT_GT(status.start_time().seconds(), 1'600'000'000);
  EXPECT_FALSE(status.draining());
  EXPECT_EQ(status.store_kind(), "sqlite");
  EXPECT_FALSE(status.store_description().empty());
  EXPECT_GT(status.store_time().seconds(), 1'600'000'000);
  EXPECT_GE(status.schema_version(), 1);
  EXPECT_FALSE(status.suspect());
  ASSERT_EQ(status.lanes_size(), 1);
  EXPECT_GT(status.lanes(0).session_id(), 0);
  EXPECT_GT(status.lanes(0).last_batch(), 0);
  EXPECT_FALSE(status.lanes(0).state().empty());
  EXPECT_EQ(status.lanes(0).last_error(), "");
  EXPECT_EQ(status.sequences_in_memory(), 1);
  EXPECT_GE(status.counters_in_memory(), 1);
  EXPECT_GT(status.held_window_ids(), 0);
  EXPECT_EQ(status.deferred_counters(), 1);
  EXPECT_EQ(status.request_ids_max(), 100'000'000);
}

}  // namespace
}  // namespace mintmark::server
