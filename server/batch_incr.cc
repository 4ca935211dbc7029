#include "server/batch_incr.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "mintmark/v1/id_service.pb.h"
#include "server/incr_request.h"
#include "server/validation.h"
#include "src/core/reason.h"

namespace mintmark::server {
namespace {

// Where the deltas of one counter could add up to more than this, one of them may
// overflow and the next one not: they run one by one, so that each meets the value
// that those before it left.
constexpr std::uint64_t kMostTogether = std::uint64_t{1} << 62;

std::uint64_t Magnitude(std::int64_t delta) {
  return delta < 0 ? -static_cast<std::uint64_t>(delta) : static_cast<std::uint64_t>(delta);
}

class BatchIncr;

// One increment of the batch. Increments that have to run one after the other
// form a chain.
class Item final : public engine::IncrCall {
 public:
  void Done(const absl::Status& status) override;

  BatchIncr* batch = nullptr;
  Item* next = nullptr;  // In its chain.
  bool starts_chain = true;
  bool valid = false;  // Otherwise `outcome` says why not, and it is not run.
  absl::Status outcome;

  // Who goes on with the chain: the thread that submitted this item or the one
  // that answered it, whichever comes second. (If the answer always went on, a
  // chain of answers from memory would nest as deeply as it is long.)
  std::atomic<bool> half_way{false};
};

// Lives until all chains have ended.
class BatchIncr {
 public:
  BatchIncr(const Backend& backend, grpc::CallbackServerContext& context,
            grpc::ByteBuffer& response)
      : backend_(backend), reply_(context, response) {}

  grpc::ServerUnaryReactor* reactor() const { return reply_.reactor(); }

  // Either fails as a whole, with the reply not sent, or runs to its end, when
  // it deletes itself.
  absl::Status Read(const grpc::ByteBuffer& bytes, Time deadline);
  static void Run(std::unique_ptr<BatchIncr> batch);
  void FinishWithError(const absl::Status& status) { reply_.FinishWithError(status, Subject()); }

  // Runs `item` and what follows it in its chain.
  void RunChain(Item* item);

 private:
  void LinkChains();
  void EndChain();
  static void WriteResult(const Item& item, v1::IncrCounterResult& result);

  const Backend backend_;
  Reply reply_;
  std::size_t count_ = 0;
  std::unique_ptr<Item[]> items_;        // Items cannot move. NOLINT(modernize-avoid-c-arrays)
  std::atomic<std::size_t> running_{0};  // Chains that have not ended.
};

void Item::Done(const absl::Status& status) {
  outcome = status;
  if (half_way.exchange(true, std::memory_order_acq_rel)) batch->RunChain(next);
}

absl::Status BatchIncr::Read(const grpc::ByteBuffer& bytes, Time deadline) {
  MessageMemory memory;
  auto& request = memory.Make<v1::BatchIncrCountersRequest>();
  absl::Status status = ReadMessage(bytes, backend_.config.max_message_bytes, request);
  if (!status.ok()) return status;
  status = CheckBatchSize("requests", request.requests_size(), backend_.config.max_batch);
  if (!status.ok()) return status;

  count_ = static_cast<std::size_t>(request.requests_size());
  items_ = std::make_unique<Item[]>(count_);  // NOLINT(modernize-avoid-c-arrays)
  for (std::size_t i = 0; i < count_; ++i) {
    Item& item = items_[i];
    item.batch = this;
    item.deadline = deadline;
    item.outcome =
        ReadIncrRequest(*request.mutable_requests(static_cast<int>(i)), backend_.config, item);
    item.valid = item.outcome.ok();
  }
  LinkChains();
  return absl::OkStatus();
}

// Chains the items of each counter whose items cannot run together.
void BatchIncr::LinkChains() {
  struct OfCounter {
    Item* first = nullptr;
    bool together = true;
    std::uint64_t magnitude = 0;  // Of all deltas, at most a bit more than kMostTogether.
  };
  absl::flat_hash_map<absl::string_view, OfCounter> counters;
  for (std::size_t i = 0; i < count_; ++i) {
    Item& item = items_[i];
    if (!item.valid) continue;
    OfCounter& of_counter = counters[item.counter];
    if (of_counter.first == nullptr) of_counter.first = &item;
    const Item& first = *of_counter.first;
    of_counter.magnitude = std::min(of_counter.magnitude, kMostTogether) + Magnitude(item.delta);
    if (&item != &first && (!item.request_id.empty() || !first.request_id.empty() ||
                            item.deferred != first.deferred)) {
      of_counter.together = false;
    }
    if (of_counter.magnitude > kMostTogether) of_counter.together = false;
  }
  absl::flat_hash_map<absl::string_view, Item*> last;
  for (std::size_t i = 0; i < count_; ++i) {
    Item& item = items_[i];
    if (!item.valid || counters[item.counter].together) continue;
    Item*& before = last[item.counter];
    if (before != nullptr) {
      before->next = &item;
      item.starts_chain = false;
    }
    before = &item;
  }
}

void BatchIncr::Run(std::unique_ptr<BatchIncr> batch) {
  BatchIncr* const self = batch.release();
  self->running_.store(1, std::memory_order_relaxed);  // This loop counts as a chain.
  for (std::size_t i = 0; i < self->count_; ++i) {
    Item& item = self->items_[i];
    if (!item.valid || !item.starts_chain) continue;
    self->running_.fetch_add(1, std::memory_order_relaxed);
    self->RunChain(&item);
  }
  self->EndChain();
}

void BatchIncr::RunChain(Item* item) {
  while (item != nullptr) {
    backend_.engine.Incr(*item, BootNow());
    if (!item->half_way.exchange(true, std::memory_order_acq_rel)) return;
    item = item->next;
  }
  EndChain();
}

void BatchIncr::EndChain() {
  if (running_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  const std::unique_ptr<BatchIncr> self(this);
  MessageMemory memory;
  auto& response = memory.Make<v1::BatchIncrCountersResponse>();
  response.mutable_results()->Reserve(static_cast<int>(count_));
  for (std::size_t i = 0; i < count_; ++i) WriteResult(items_[i], *response.add_results());
  reply_.Finish(response);
}

void BatchIncr::WriteResult(const Item& item, v1::IncrCounterResult& result) {
  if (item.outcome.ok()) {
    WriteIncrResponse(item, *result.mutable_response());
    return;
  }
  v1::ErrorStatus& error = *result.mutable_error();
  error.set_code(static_cast<std::int32_t>(item.outcome.code()));
  error.set_message(std::string(CutMessage(item.outcome.message())));
  error.set_reason(static_cast<v1::Reason>(ReasonOf(item.outcome)));
}

}  // namespace

grpc::ServerUnaryReactor* StartBatchIncr(const Backend& backend,
                                         grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request,
                                         grpc::ByteBuffer& response) {
  auto batch = std::make_unique<BatchIncr>(backend, context, response);
  grpc::ServerUnaryReactor* const reactor = batch->reactor();
  const Time deadline = DeadlineOf(context, backend.config, BootNow());
  if (const absl::Status status = batch->Read(request, deadline); !status.ok()) {
    batch->FinishWithError(status);
    return reactor;
  }
  BatchIncr::Run(std::move(batch));
  return reactor;
}

}  // namespace mintmark::server
