#include "src/store/postgres/connection_target.h"

#include <libpq-fe.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "src/core/reason.h"

namespace mintmark::store {
namespace {

using Settings = std::map<std::string, std::string>;

std::int64_t WholeSeconds(Duration duration) {
  // libpq takes 1 for 2, and 0 for ever.
  return std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(duration).count());
}

Settings Defaults(const StoreOptions& options) {
  return {
      // A standby answers reads, and is no place for a batch.
      {"target_session_attrs", "read-write"},
      {"connect_timeout", absl::StrCat(WholeSeconds(options.connect_timeout))},
      {"keepalives", "1"},
      {"keepalives_idle", "5"},
      {"keepalives_interval", "2"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout",
       absl::StrCat(std::chrono::ceil<std::chrono::milliseconds>(options.answer_timeout).count())},
      {"application_name", "mintmarkd"},
      {"client_encoding", "UTF8"},
  };
}

std::string Find(const Settings& settings, const std::string& name) {
  const auto found = settings.find(name);
  return found == settings.end() ? std::string() : found->second;
}

// Hosts and ports are lists of the same length, or there is one port for all.
std::string AddressOf(const Settings& settings) {
  const std::string host_list = Find(settings, "host");
  const std::vector<std::string> hosts =
      absl::StrSplit(host_list.empty() ? Find(settings, "hostaddr") : host_list, ',');
  const std::vector<std::string> ports = absl::StrSplit(Find(settings, "port"), ',');
  std::vector<std::string> places;
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    const std::string& port = ports.size() == hosts.size() ? ports[i] : ports.front();
    places.push_back(
        absl::StrCat(hosts[i].empty() ? "localhost" : hosts[i], port.empty() ? "" : ":", port));
  }
  return absl::StrCat(absl::StrJoin(places, ","), "/", Find(settings, "dbname"));
}

std::string ConninfoOf(const Settings& settings) {
  std::vector<std::string> pairs;
  for (const auto& [name, value] : settings) {
    pairs.push_back(
        absl::StrCat(name, "='", absl::StrReplaceAll(value, {{"\\", "\\\\"}, {"'", "\\'"}}), "'"));
  }
  return absl::StrJoin(pairs, " ");
}

}  // namespace

absl::StatusOr<ConnectionTarget> ParseConnectionTarget(absl::string_view url,
                                                       const StoreOptions& options) {
  char* error = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> parsed(
      PQconninfoParse(std::string(url).c_str(), &error), &PQconninfoFree);
  if (parsed == nullptr) {
    // libpq's message may quote the URL, and with it the password.
    PQfreemem(error);
    return MakeStatus(Reason::kArgumentInvalid,
                      "The store's URL is not one that PostgreSQL's library understands; write "
                      "postgresql://user:password@host:5432/database.");
  }
  Settings settings;
  for (const PQconninfoOption* option = parsed.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) settings[option->keyword] = option->val;
  }
  settings.merge(Defaults(options));
  return ConnectionTarget{.conninfo = ConninfoOf(settings),
                          .address = AddressOf(settings),
                          .user = Find(settings, "user"),
                          .database = Find(settings, "dbname")};
}

}  // namespace mintmark::store
