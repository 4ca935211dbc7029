// mintmark status.
#include <google/protobuf/util/time_util.h>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/cli/command.h"
#include "mintmark/v1/admin_service.pb.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

using google::protobuf::util::TimeUtil;

// "3h25m7s"; whole seconds are enough for what is shown.
std::string SpanText(const google::protobuf::Duration& span) {
  if (span.seconds() == 0) return "under 1s";
  return absl::FormatDuration(absl::Seconds(span.seconds()));
}

Facts FactsOf(const v1::GetServerStatusResponse& status) {
  Facts facts;
  facts.Add("version", status.version());
  facts.Add("started", absl::StrCat(TimeUtil::ToString(status.start_time()), " (",
                                    SpanText(status.uptime()), " ago)"));
  facts.Add("state", status.draining() ? "draining" : "serving");
  facts.Add("store", absl::StrCat(status.store_kind(), ", ", status.store_description()));
  facts.Add("schema version", absl::StrCat(status.schema_version()));
  facts.Add("store time",
            status.has_store_time() ? TimeUtil::ToString(status.store_time()) : "not known yet");
  facts.Add("suspect", status.suspect() ? absl::StrCat("YES: ", status.suspect_text()) : "no");
  facts.Add("sequences in memory", absl::StrCat(status.sequences_in_memory()));
  facts.Add("ids in windows", absl::StrCat(status.held_window_ids()));
  facts.Add("counters in memory", absl::StrCat(status.counters_in_memory()));
  std::string deferred = absl::StrCat(status.deferred_counters());
  if (status.has_oldest_deferred_age()) {
    absl::StrAppend(&deferred, " (the oldest for ", SpanText(status.oldest_deferred_age()), ")");
  }
  facts.Add("deferred counters", deferred);
  facts.Add("generators held", absl::StrCat(status.generators_held()));
  facts.Add("request ids",
            absl::StrCat(status.request_ids_used(), " of ", status.request_ids_max()));
  return facts;
}

Table TableOf(const google::protobuf::RepeatedPtrField<v1::LaneStatus>& lanes) {
  constexpr auto kRight = Table::Align::kRight;
  Table table({{"LANE", kRight},
               {"SESSION", kRight},
               {"EPOCH", kRight},
               {"BATCH", kRight},
               {"QUEUE", kRight},
               {"LAST COMMIT", kRight},
               {"STATE"}});
  for (const v1::LaneStatus& lane : lanes) {
    std::string state = lane.state();
    if (!lane.last_error().empty()) absl::StrAppend(&state, ": ", lane.last_error());
    table.Add(
        {absl::StrCat(lane.lane()), absl::StrCat(lane.session_id()), absl::StrCat(lane.epoch()),
         absl::StrCat(lane.last_batch()), absl::StrCat(lane.queue_length()),
         lane.has_since_last_commit() ? absl::StrCat(SpanText(lane.since_last_commit()), " ago")
                                      : "never",
         state});
  }
  return table;
}

absl::Status ShowStatus(Context& context) {
  MINTMARK_ASSIGN_OR_RETURN(const v1::GetServerStatusResponse status,
                            context.client.GetServerStatus({}));
  if (context.settings.json) return context.output.Json(status);
  FactsOf(status).Print(context.output);
  context.output.Line("");
  TableOf(status.lanes()).Print(context.output);
  return absl::OkStatus();
}

}  // namespace

void AddStatusCommand(CLI::App& app, Action& action) {
  CLI::App* const verb = app.add_subcommand("status", "Show the state of a server");
  verb->footer(
      "Examples:\n  mintmark status\n  mintmark status --address 127.0.0.1:50051 --json\n");
  verb->callback([&action] { action = ShowStatus; });
}

}  // namespace mintmark::client
