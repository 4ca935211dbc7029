#include "tests/e2e/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/text_message.h"
#include "tests/e2e/wait.h"

namespace mintmark::e2e {
namespace {

// More than one for each kind of call.
constexpr std::int64_t kAnswersOfProgress = 20;

// As many as one call may ask for.
constexpr std::int64_t kMostAtOnce = 1'000'000;

}  // namespace

std::vector<std::unique_ptr<DrawnSequence>> OneSequenceOfEachKind(std::int64_t max_id) {
  std::vector<std::unique_ptr<DrawnSequence>> sequences;
  const auto add = [&](const std::string& name, const std::string& settings) {
    sequences.push_back(std::make_unique<DrawnSequence>(name, settings, max_id));
  };
  add("adaptive", "");
  add("bounded", "max_gap: 30 chunk_size: 100 shards: 4");
  add("gapless", "max_gap: 0 chunk_size: 40");
  add("strict", "shards: 0");
  return sequences;
}

void CreateSequences(client::Client& client,
                     const std::vector<std::unique_ptr<DrawnSequence>>& sequences) {
  for (const auto& sequence : sequences) {
    EXPECT_THAT(client.CreateSequence(Parse<v1::CreateSequenceRequest>(
                    absl::StrCat("sequence { name: '", sequence->name, "' ", sequence->settings,
                                 " max_id: ", sequence->max_id, " }"))),
                IsOk());
  }
}

void DrawToTheEnd(client::Client& client, DrawnSequence& sequence) {
  v1::NextNRequest request;
  request.set_sequence(sequence.name);
  request.set_n(kMostAtOnce);
  request.set_allow_partial(true);
  absl::StatusOr<v1::NextNResponse> next = client.NextN(request);
  for (; next.ok(); next = client.NextN(request)) sequence.ids.Add(*next);
  EXPECT_THAT(next, FailsWith(Reason::kSequenceExhausted));
}

Load::Load(std::vector<std::unique_ptr<client::Client>> clients,
           const std::vector<std::unique_ptr<DrawnSequence>>& sequences)
    : sequences_(sequences) {
  unsigned seed = 0;
  for (std::unique_ptr<client::Client>& client : clients) {
    callers_.push_back(std::make_unique<Caller>());
    Caller& caller = *callers_.back();
    caller.client = std::move(client);
    caller.thread = std::thread([this, &caller, a_seed = ++seed] { Run(caller, a_seed); });
  }
}

Load::~Load() { Stop(); }

void Load::Stop() {
  stop_ = true;
  for (const std::unique_ptr<Caller>& caller : callers_) {
    if (caller->thread.joinable()) caller->thread.join();
  }
}

void Load::AwaitProgress() {
  for (const std::unique_ptr<Caller>& caller : callers_) {
    const std::int64_t before = caller->answers;
    EXPECT_TRUE(WaitUntil([&] { return caller->answers >= before + kAnswersOfProgress; }))
        << "A caller gets no answers any more.";
  }
}

void Load::Run(Caller& caller, unsigned seed) {
  std::minstd_rand random(seed);
  while (!stop_) {
    DrawnSequence& sequence = *sequences_[random() % sequences_.size()];
    const auto kind = static_cast<unsigned>(random() % 6);
    const int n = random() % 4 == 0 ? 1 + static_cast<int>(random() % 60) : 1;
    const absl::Status status = CallOnce(*caller.client, sequence, kind, n);
    EXPECT_THAT(status, IsOk());
    if (!status.ok()) return;
    ++caller.answers;
  }
}

absl::Status Load::CallOnce(client::Client& client, DrawnSequence& sequence, unsigned kind, int n) {
  if (kind == 0) {
    const auto sum = client.Incr("committed", n);
    if (sum.ok()) committed_ += n;
    return sum.status();
  }
  if (kind == 1) {
    v1::IncrCounterRequest request;
    request.set_counter("deferred");
    request.set_delta(n);
    request.set_durability(v1::DURABILITY_DEFERRED);
    request.mutable_update_interval()->set_seconds(3600);
    const auto sum = client.IncrCounter(request);
    if (sum.ok()) deferred_ += n;
    if (!client::InDoubt(sum.status())) return sum.status();
    // Without a request_id nobody tries it again.
    deferred_in_doubt_ += n;
    return absl::OkStatus();
  }
  if (kind == 2) {
    v1::ReserveRangeRequest request;
    request.set_sequence(sequence.name);
    request.set_n(n);
    const auto reserved = client.ReserveRange(request);
    if (reserved.ok()) sequence.ids.Add(*reserved);
    return reserved.status();
  }
  v1::NextNRequest request;
  request.set_sequence(sequence.name);
  request.set_n(n);
  const auto next = client.NextN(request, {.exactly_once = kind == 3});
  if (next.ok()) sequence.ids.Add(*next);
  return next.status();
}

}  // namespace mintmark::e2e
