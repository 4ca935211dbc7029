#include "src/store/postgres/postgres_store.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

#include "absl/types/span.h"
#include "src/core/status_macros.h"
#include "src/store/migrations.h"
#include "src/store/postgres/connect_failure.h"
#include "src/store/postgres/connection.h"
#include "src/store/postgres/connection_target.h"
#include "src/store/postgres/postgres_lane.h"
#include "src/store/postgres/schema.h"
#include "src/store/postgres/server_check.h"
#include "src/store/postgres/watchdog.h"

namespace mintmark::store {
namespace {

// The watchdog looks this many times while an answer may take.
constexpr int kLooksPerAnswer = 8;

class PostgresStore final : public engine::Store {
 public:
  PostgresStore(ConnectionTarget target, const StoreOptions& options)
      : target_(std::move(target)),
        options_(options),
        watchdog_(std::max<Duration>(options.answer_timeout / kLooksPerAnswer,
                                     std::chrono::milliseconds(1))) {}

  // Connects for the first time: checks the server, and makes or checks the schema.
  absl::Status Open();

  std::unique_ptr<engine::StoreLane> MakeLane() override {
    return std::make_unique<PostgresLane>(target_, options_, watchdog_);
  }
  int max_lanes() const override { return 0; }
  engine::StoreDescription Describe() const override {
    return {.kind = "postgresql",
            .address = target_.address,
            .durability = durability_,
            .schema_version = schema_version_,
            .warning = warning_};
  }

 private:
  const ConnectionTarget target_;
  const StoreOptions options_;
  Watchdog watchdog_;
  std::string durability_;
  std::string warning_;
  int schema_version_ = 0;
};

absl::Status PostgresStore::Open() {
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(target_, watchdog_);
  if (!connection.ok()) return DiagnoseConnectFailure(target_, options_.connect_timeout);
  MINTMARK_ASSIGN_OR_RETURN(const ServerFacts server, CheckServer(**connection, target_, options_));

  const absl::Span<const Migration> migrations = PostgresMigrations();
  if (options_.migrate) {
    MINTMARK_RETURN_IF_ERROR(Migrate(**connection, migrations, target_, options_));
  }
  MINTMARK_ASSIGN_OR_RETURN(const SchemaFacts schema, ReadSchema(**connection, target_, options_));
  MINTMARK_RETURN_IF_ERROR(CheckSchema(schema, migrations, target_));
  if (!schema.system_identifier.has_value() && server.system_identifier.has_value()) {
    MINTMARK_RETURN_IF_ERROR(
        RecordSystemIdentifier(**connection, *server.system_identifier, target_, options_));
  }
  durability_ = server.durability;
  warning_ = server.warning;
  schema_version_ = schema.version;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<engine::Store>> OpenPostgresStore(absl::string_view url,
                                                                 const StoreOptions& options) {
  MINTMARK_ASSIGN_OR_RETURN(ConnectionTarget target, ParseConnectionTarget(url, options));
  auto store = std::make_unique<PostgresStore>(std::move(target), options);
  MINTMARK_RETURN_IF_ERROR(store->Open());
  return std::unique_ptr<engine::Store>(std::move(store));
}

}  // namespace mintmark::store
