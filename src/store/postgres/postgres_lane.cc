#include "src/store/postgres/postgres_lane.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

#include "absl/strings/str_cat.h"
#include "src/core/reason.h"
#include "src/core/status_macros.h"
#include "src/store/migrations.h"
#include "src/store/postgres/batch_results.h"
#include "src/store/postgres/schema.h"
#include "src/store/postgres/server_check.h"

namespace mintmark::store {
namespace {

using engine::Batch;
using engine::BatchOutcome;

// A third of the retention: how much of it one slot of request ids holds.
constexpr int kKeyPartsPerRetention = 3;

// Request ids are counted again after this many batches that store some, and in
// every such batch once there is room for less than this part of the cap. Between,
// other lanes' are not seen.
constexpr int kBatchesPerCount = 256;
constexpr std::int64_t kScarceRoom = 10;

std::int64_t KeysOf(const Batch& batch) {
  std::size_t keys = 0;
  for (const engine::Draw& draw : batch.draws) {
    for (const engine::DrawItem& item : draw.items) keys += item.keys.size();
  }
  for (const engine::CounterAdd& add : batch.adds) keys += add.keys.size();
  for (const auto& acquire : batch.generator_acquires) keys += acquire.keys.size();
  return static_cast<std::int64_t>(keys);
}

BatchOutcome Fenced(const Batch& batch) {
  return {BatchOutcome::Kind::kFenced,
          absl::AbortedError(absl::StrCat("Session ", batch.session.id, " is not where batch ",
                                          batch.number(), " expects it."))};
}

// A batch was sent and failed.
BatchOutcome OutcomeOf(const SqlFailure& failure, const ConnectionTarget& target) {
  switch (failure.kind) {
    case SqlFailure::Kind::kRefused:
      return {BatchOutcome::Kind::kRefused, StatusOfFailure(failure, target)};
    case SqlFailure::Kind::kConflict:
      return {BatchOutcome::Kind::kConflict, absl::AbortedError(failure.message)};
    case SqlFailure::Kind::kReadOnly:
      return {BatchOutcome::Kind::kUnavailable, StatusOfFailure(failure, target)};
    case SqlFailure::Kind::kLost:
      break;
  }
  return {BatchOutcome::Kind::kInDoubt,
          MakeStatus(Reason::kCommitInDoubt,
                     absl::StrCat("The connection to PostgreSQL at ", target.address,
                                  " broke before the answer came: ", failure.message))};
}

// An answer that cannot be read: it was applied, with what results is unknown.
BatchOutcome Unreadable(absl::Status status) {
  return {BatchOutcome::Kind::kInDoubt, std::move(status)};
}

}  // namespace

PostgresLane::PostgresLane(const ConnectionTarget& target, const StoreOptions& options,
                           Watchdog& watchdog)
    : target_(target), options_(options), watchdog_(watchdog) {}

absl::Status PostgresLane::Connect() {
  MINTMARK_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection,
                            Connection::Open(target_, watchdog_));
  MINTMARK_ASSIGN_OR_RETURN(const ServerFacts server, CheckServer(*connection, target_, options_));
  MINTMARK_ASSIGN_OR_RETURN(const SchemaFacts schema, ReadSchema(*connection, target_, options_));
  MINTMARK_RETURN_IF_ERROR(CheckSchema(schema, PostgresMigrations(), target_));
  is_foreign_ = server.system_identifier.has_value() && schema.system_identifier.has_value() &&
                server.system_identifier != schema.system_identifier;
  connection_ = std::move(connection);
  return absl::OkStatus();
}

BatchOutcome PostgresLane::Run(Batch& batch) {
  // libpq notices a server's goodbye only when it looks.
  if (connection_ != nullptr && !connection_->is_open()) connection_ = nullptr;
  if (connection_ == nullptr) {
    absl::Status connected = Connect();
    if (!connected.ok()) return {BatchOutcome::Kind::kUnavailable, std::move(connected)};
  }
  switch (batch.kind) {
    case Batch::Kind::kOpenSession:
      return OpenSession(batch);
    case Batch::Kind::kResolveDoubt:
      return ResolveDoubt(batch);
    case Batch::Kind::kOperations:
    case Batch::Kind::kCloseSession:
      break;
  }
  return Commit(batch);
}

Answer PostgresLane::Send(const Statement& statement, const Connection::Parameters& parameters) {
  Answer answer =
      connection_->Run(statement, parameters, options_.prepare, options_.answer_timeout);
  if (!answer.failure.has_value()) return answer;
  // After a refusal too, unless it is about what the batch met in the tables: the
  // server may not know our prepared statements any more, or serve another role.
  const std::string& sqlstate = answer.failure->sqlstate;
  const bool is_sound = answer.failure->kind == SqlFailure::Kind::kConflict ||
                        (answer.failure->kind == SqlFailure::Kind::kRefused &&
                         (sqlstate == "55P03" || sqlstate == "57014"));
  if (!is_sound) connection_ = nullptr;
  return answer;
}

BatchOutcome PostgresLane::OpenSession(Batch& batch) {
  OpenSessionCall call(batch, LimitsFor(batch));
  const Answer answer = Send(OpenSessionCall::kStatement, call.Parameters());
  if (answer.failure.has_value()) return OutcomeOf(*answer.failure, target_);
  absl::Status read = ReadOpenedSession(answer.rows[0], batch);
  if (!read.ok()) return Unreadable(std::move(read));
  batch.report.suspect = batch.report.suspect || is_foreign_;
  return {};
}

BatchOutcome PostgresLane::Commit(Batch& batch) {
  CommitCall call(batch, LimitsFor(batch));
  const Answer answer = Send(CommitCall::kStatement, call.Parameters());
  if (answer.failure.has_value()) return OutcomeOf(*answer.failure, target_);
  const pqxx::row row = answer.rows[0];
  if (row["nums"].is_null()) return Fenced(batch);
  std::optional<std::int64_t> key_count;
  absl::Status read = ReadResults(row, /*with_pages=*/true, batch, key_count);
  if (!read.ok()) return Unreadable(std::move(read));
  batch.report.suspect = batch.report.suspect || is_foreign_;
  CountKeys(batch, key_count);
  return {};
}

BatchOutcome PostgresLane::ResolveDoubt(Batch& batch) {
  ResolveCall call(batch, LimitsFor(batch));
  const Answer answer = Send(ResolveCall::kStatement, call.Parameters());
  if (answer.failure.has_value()) return OutcomeOf(*answer.failure, target_);
  batch.resolution = {};
  const pqxx::row row = answer.rows[0];
  if (row["epoch"].is_null()) return {};
  batch.resolution = {.found = true,
                      .buried = row["buried"].as<bool>(),
                      .epoch = row["epoch"].as<std::int64_t>(),
                      .last_batch = row["last_batch"].as<std::int64_t>()};
  if (batch.resolution.last_batch != batch.number()) return {};

  absl::Status read = absl::InternalError("The results of the batch in doubt were not stored.");
  if (!row["number"].is_null() && row["number"].as<std::int64_t>() == batch.number()) {
    std::optional<std::int64_t> key_count;
    read = ReadResults(row, /*with_pages=*/false, batch, key_count);
  }
  if (!read.ok()) return {BatchOutcome::Kind::kRefused, std::move(read)};
  batch.report.suspect = batch.report.suspect || is_foreign_;
  return {};
}

BatchLimits PostgresLane::LimitsFor(const Batch& batch) const {
  BatchLimits limits;
  limits.lock_timeout = absl::StrCat(
      std::max<std::int64_t>(
          1, std::chrono::ceil<std::chrono::milliseconds>(options_.lock_timeout).count()),
      "ms");
  limits.max_keys = options_.max_request_ids;
  limits.key_part_us = std::chrono::ceil<std::chrono::microseconds>(options_.request_id_retention /
                                                                    kKeyPartsPerRetention)
                           .count();
  if (counted_keys_.has_value() && batches_since_count_ < kBatchesPerCount) {
    const std::int64_t room = options_.max_request_ids - *counted_keys_ - sent_keys_;
    if (room - KeysOf(batch) >= options_.max_request_ids / kScarceRoom) limits.key_room = room;
  }
  return limits;
}

void PostgresLane::CountKeys(const Batch& batch, std::optional<std::int64_t> key_count) {
  if (key_count.has_value()) {
    counted_keys_ = key_count;
    sent_keys_ = 0;
    batches_since_count_ = 0;
    return;
  }
  const std::int64_t keys = KeysOf(batch);
  if (keys == 0) return;
  sent_keys_ += keys;
  ++batches_since_count_;
}

}  // namespace mintmark::store
