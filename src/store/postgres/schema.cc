#include "src/store/postgres/schema.h"

#include <chrono>
#include <string>

#include "absl/strings/str_cat.h"
#include "src/core/status_macros.h"
#include "src/store/postgres/server_check.h"

namespace mintmark::store {
namespace {

// Migrations may rewrite tables, and whoever waits for them waits as long.
constexpr Duration kMigrationTimeout = std::chrono::minutes(10);

// Two statements, since one about a table that does not exist cannot be planned. Not
// to_regclass(), whose answer may be remembered from before the lock was had.
constexpr const char* kIsThere =
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    " ON n.oid = c.relnamespace WHERE n.nspname = 'mintmark' AND c.relname = 'store_info')";
constexpr const char* kReadSchema =
    "SELECT (SELECT coalesce(max(number), 0) FROM mintmark.schema_migrations),"
    " minimum_version, system_identifier FROM mintmark.store_info";

absl::StatusOr<SchemaFacts> ReadSchemaIn(Connection& connection, const ConnectionTarget& target,
                                         Duration at_most) {
  const Answer there = connection.RunScript(kIsThere, at_most);
  if (there.failure.has_value()) return StatusOfFailure(*there.failure, target);
  if (!there.rows[0][0].as<bool>()) return SchemaFacts{};

  const Answer read = connection.RunScript(kReadSchema, at_most);
  if (read.failure.has_value()) return StatusOfFailure(*read.failure, target);
  const pqxx::row row = read.rows[0];
  SchemaFacts facts{.version = row[0].as<int>(),
                    .minimum_version = row[1].as<int>(),
                    .system_identifier = std::nullopt};
  if (!row[2].is_null()) facts.system_identifier = row[2].as<std::int64_t>();
  return facts;
}

std::string Record(const Migration& migration) {
  return absl::StrCat("INSERT INTO mintmark.schema_migrations (number, name) VALUES (",
                      migration.number, ", '", migration.name, "')");
}

}  // namespace

absl::StatusOr<SchemaFacts> ReadSchema(Connection& connection, const ConnectionTarget& target,
                                       const StoreOptions& options) {
  return ReadSchemaIn(connection, target, options.answer_timeout);
}

absl::Status CheckSchema(const SchemaFacts& schema, absl::Span<const Migration> migrations,
                         const ConnectionTarget& target) {
  const int known = static_cast<int>(migrations.size());
  if (schema.minimum_version > known) {
    return absl::FailedPreconditionError(
        absl::StrCat("The schema in PostgreSQL at ", target.address, " is version ", schema.version,
                     ", newer than this mintmarkd knows (", known, "): run a newer mintmarkd."));
  }
  if (schema.version < known) {
    return absl::FailedPreconditionError(
        absl::StrCat("The schema in PostgreSQL at ", target.address, " is version ", schema.version,
                     ", older than this mintmarkd needs (", known, "): run `mintmarkd migrate`."));
  }
  return absl::OkStatus();
}

absl::Status Migrate(Connection& connection, absl::Span<const Migration> migrations,
                     const ConnectionTarget& target, const StoreOptions& options) {
  MINTMARK_ASSIGN_OR_RETURN(const SchemaFacts before,
                            ReadSchemaIn(connection, target, options.answer_timeout));
  if (before.version >= static_cast<int>(migrations.size())) return absl::OkStatus();

  const auto run = [&](const std::string& sql) {
    const Answer answer = connection.RunScript(sql, kMigrationTimeout);
    return answer.failure.has_value() ? StatusOfFailure(*answer.failure, target) : absl::OkStatus();
  };
  MINTMARK_RETURN_IF_ERROR(run("BEGIN"));
  // The key is "mintmark" in ASCII. What is there is read once the lock is had.
  MINTMARK_RETURN_IF_ERROR(run("SELECT pg_advisory_xact_lock(7883954069019128427)"));
  MINTMARK_ASSIGN_OR_RETURN(const SchemaFacts schema,
                            ReadSchemaIn(connection, target, kMigrationTimeout));
  for (const Migration& migration : migrations) {
    if (migration.number <= schema.version) continue;
    MINTMARK_RETURN_IF_ERROR(run(std::string(migration.sql)));
    MINTMARK_RETURN_IF_ERROR(run(Record(migration)));
  }
  return run("COMMIT");
}

absl::Status RecordSystemIdentifier(Connection& connection, std::int64_t system_identifier,
                                    const ConnectionTarget& target, const StoreOptions& options) {
  const Answer answer = connection.RunScript(
      absl::StrCat("UPDATE mintmark.store_info SET system_identifier = ", system_identifier,
                   " WHERE system_identifier IS NULL"),
      options.answer_timeout);
  if (answer.failure.has_value()) return StatusOfFailure(*answer.failure, target);
  return absl::OkStatus();
}

}  // namespace mintmark::store
