// mintmark sequence create, list, show, update, reset, delete, decode.
#include <limits>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/cli/command.h"
#include "client/cli/sequence_text.h"
#include "client/cli/text_format.h"
#include "mintmark/v1/admin_service.pb.h"
#include "src/core/status_macros.h"

namespace mintmark::client {
namespace {

constexpr int kPageSize = 1000;
constexpr Bounds kInt32 = {.min = 0, .max = std::numeric_limits<std::int32_t>::max()};

constexpr char kExamples[] =
    "Sequences are created by their first use; those with settings of their own before.\n"
    "\n"
    "Examples:\n"
    "  mintmark sequence create invoices --shards 0\n"
    "  mintmark sequence list\n"
    "  mintmark sequence show invoices\n"
    "To draw ids: mintmark next.\n";

constexpr char kCreateExamples[] =
    "Two knobs say everything: --shards 0 makes a sequence strict (in order over all\n"
    "servers, no gaps); --max-gap is the most ids that a crash may lose per shard.\n"
    "Unset, they adapt to demand.\n"
    "\n"
    "Examples:\n"
    "  mintmark sequence create orders\n"
    "  mintmark sequence create invoices --shards 0\n"
    "  mintmark sequence create tickets --min-id 1000 --max-id 9999 --prefix T- --width 5\n"
    "  mintmark sequence create coupons --encoding base32 --width 6 --check-character\n";

constexpr char kListExamples[] =
    "Examples:\n"
    "  mintmark sequence list\n"
    "  mintmark sequence list --prefix billing/ --json\n";

constexpr char kShowExamples[] =
    "`next id` is the frontier: ids below it may still be unissued in shards.\n"
    "\n"
    "Examples:\n"
    "  mintmark sequence show orders\n"
    "  mintmark sequence show orders --json\n";

constexpr char kUpdateExamples[] =
    "To lower --max-id or --shards, or --max-gap to 0, waits until no server can issue\n"
    "by the old settings: up to a lease (60 s) when one that held ids is gone.\n"
    "\n"
    "Examples:\n"
    "  mintmark sequence update orders --max-gap 1000\n"
    "  mintmark sequence update orders --unset max-gap\n"
    "  mintmark sequence update tickets --prefix TK- --width 6\n";

constexpr char kResetExamples[] =
    "Waits until no server can issue from before: up to a lease (60 s) when one that\n"
    "held ids is gone.\n"
    "\n"
    "Examples:\n"
    "  mintmark sequence reset orders --next-id 5000000\n"
    "  mintmark sequence reset tests --allow-reuse   from its start\n";

constexpr char kDeleteExamples[] =
    "A sequence that is created again under this name starts over: to delete is to say\n"
    "that reuse is fine. Waits as mintmark sequence reset does.\n"
    "\n"
    "Examples:\n"
    "  mintmark sequence delete tests\n";

constexpr char kDecodeExamples[] =
    "Reads the id from text in the sequence's format, and checks the check character if\n"
    "the format has one; exits with 3 for text that is none. Whether the id was ever\n"
    "issued is not checked. For GUIDs: mintmark decode.\n"
    "\n"
    "Examples:\n"
    "  mintmark sequence decode tickets T-01000\n";

struct SequenceOptions {
  std::string name;
  std::string etag;
  std::optional<std::int64_t> min_id;
  std::optional<std::int64_t> max_id;
  std::optional<std::int64_t> step;
  std::optional<std::int64_t> chunk_size;
  std::optional<std::int64_t> shards;
  std::optional<std::int64_t> max_gap;
  FormatOptions format;
  std::vector<std::string> unset;
  std::optional<std::int64_t> next_id;
  bool allow_reuse = false;
  std::string prefix;
  std::string text;
};

// The settings by the names that --unset takes, which are those of the flags.
std::map<std::string, std::string> FieldsByFlag() {
  return {{"max-id", "max_id"},
          {"chunk-size", "chunk_size"},
          {"shards", "shards"},
          {"max-gap", "max_gap"},
          {"format", "format"}};
}

// Copies the settings that were given, and names them in `mask` if there is one.
void FillSettings(const SequenceOptions& options, v1::Sequence& sequence,
                  google::protobuf::FieldMask* mask) {
  const auto given = [mask](const auto& option, const char* path) {
    if (option.has_value() && mask != nullptr) mask->add_paths(path);
    return option.has_value();
  };
  if (given(options.max_id, "max_id")) sequence.set_max_id(*options.max_id);
  if (given(options.chunk_size, "chunk_size")) sequence.set_chunk_size(*options.chunk_size);
  if (given(options.max_gap, "max_gap")) sequence.set_max_gap(*options.max_gap);
  if (given(options.shards, "shards")) {
    sequence.set_shards(static_cast<std::int32_t>(*options.shards));
  }
}

template <typename Response>
absl::Status Print(const Response& response, Context& context) {
  if (context.settings.json) return context.output.Json(response);
  SequenceFacts(response.sequence()).Print(context.output);
  return absl::OkStatus();
}

absl::Status Create(const SequenceOptions& options, Context& context) {
  v1::CreateSequenceRequest request;
  v1::Sequence& sequence = *request.mutable_sequence();
  sequence.set_name(options.name);
  if (options.min_id.has_value()) sequence.set_min_id(*options.min_id);
  if (options.step.has_value()) sequence.set_step(*options.step);
  FillSettings(options, sequence, nullptr);
  if (options.format.given()) options.format.Apply(*sequence.mutable_format());
  MINTMARK_ASSIGN_OR_RETURN(const auto response, context.client.CreateSequence(request));
  return Print(response, context);
}

absl::Status List(const SequenceOptions& options, Context& context) {
  v1::ListSequencesRequest request;
  request.set_prefix(options.prefix);
  request.set_page_size(kPageSize);
  v1::ListSequencesResponse all;
  Table table = SequenceTable();
  do {
    MINTMARK_ASSIGN_OR_RETURN(v1::ListSequencesResponse page,
                              context.client.ListSequences(request));
    request.set_page_token(page.next_page_token());
    page.clear_next_page_token();
    if (context.settings.json) {
      all.MergeFrom(page);
      continue;
    }
    for (const v1::Sequence& sequence : page.sequences()) table.Add(SequenceRow(sequence));
    table.Print(context.output);
  } while (!request.page_token().empty());
  return context.settings.json ? context.output.Json(all) : absl::OkStatus();
}

absl::Status Show(const SequenceOptions& options, Context& context) {
  v1::GetSequenceRequest request;
  request.set_name(options.name);
  MINTMARK_ASSIGN_OR_RETURN(const auto response, context.client.GetSequence(request));
  return Print(response, context);
}

absl::Status Update(const SequenceOptions& options, Context& context) {
  v1::UpdateSequenceRequest request;
  v1::Sequence& sequence = *request.mutable_sequence();
  sequence.set_name(options.name);
  sequence.set_etag(options.etag);
  FillSettings(options, sequence, request.mutable_update_mask());
  for (const std::string& flag : options.unset) {
    request.mutable_update_mask()->add_paths(FieldsByFlag().at(flag));
  }
  if (options.format.given()) {
    // The format changes as a whole: what was not given stays as it is, and the
    // etag sees to it that nobody else changes it in between.
    v1::GetSequenceRequest get;
    get.set_name(options.name);
    MINTMARK_ASSIGN_OR_RETURN(const auto before, context.client.GetSequence(get));
    *sequence.mutable_format() = before.sequence().format();
    options.format.Apply(*sequence.mutable_format());
    if (options.etag.empty()) sequence.set_etag(before.sequence().etag());
    request.mutable_update_mask()->add_paths("format");
  }
  MINTMARK_ASSIGN_OR_RETURN(const auto response, context.client.UpdateSequence(request));
  return Print(response, context);
}

absl::Status Reset(const SequenceOptions& options, Context& context) {
  v1::ResetSequenceRequest request;
  request.set_name(options.name);
  if (options.next_id.has_value()) request.set_next_id(*options.next_id);
  request.set_allow_reuse(options.allow_reuse);
  MINTMARK_ASSIGN_OR_RETURN(const auto response, context.client.ResetSequence(request));
  return Print(response, context);
}

absl::Status Delete(const SequenceOptions& options, Context& context) {
  v1::DeleteSequenceRequest request;
  request.set_name(options.name);
  request.set_etag(options.etag);
  MINTMARK_ASSIGN_OR_RETURN(const auto response, context.client.DeleteSequence(request));
  if (context.settings.json) return context.output.Json(response);
  context.output.Line(absl::StrCat("deleted sequence ", options.name));
  return absl::OkStatus();
}

absl::Status Decode(const SequenceOptions& options, Context& context) {
  v1::DecodeTextRequest request;
  request.set_sequence(options.name);
  request.set_text(options.text);
  MINTMARK_ASSIGN_OR_RETURN(const auto response, context.client.DecodeText(request));
  if (context.settings.json) return context.output.Json(response);
  context.output.Line(absl::StrCat(response.id()));
  return absl::OkStatus();
}

// The settings that can be given at creation and changed afterwards.
void AddSettings(CLI::App& verb, SequenceOptions& options) {
  AddInt64(verb, "--max-id", options.max_id, "No id is above it");
  AddInt64(verb, "--shards", options.shards, "Chunks at work side by side; 0 is strict", kInt32);
  AddInt64(verb, "--max-gap", options.max_gap, "The most ids a crash may lose per shard");
  AddInt64(verb, "--chunk-size", options.chunk_size, "Ids that a shard takes at a time");
  options.format.AddTo(verb);
}

void AddUpdate(CLI::App& noun, const std::shared_ptr<SequenceOptions>& options, Action& action) {
  CLI::App* const verb = noun.add_subcommand("update", "Change settings of a sequence");
  verb->footer(kUpdateExamples);
  verb->add_option("NAME", options->name, "The sequence")->required();
  AddSettings(*verb, *options);
  verb->add_option("--unset", options->unset, "Back to the default, for example max-gap")
      ->check(CLI::IsMember(FieldsByFlag()))
      ->type_name("SETTING");
  verb->add_option("--etag", options->etag, "Only if this is still the sequence's");
  verb->callback([options, &action] {
    const bool some = options->max_id || options->shards || options->max_gap ||
                      options->chunk_size || options->format.given() || !options->unset.empty();
    if (!some) throw CLI::ValidationError("update", "says nothing to change");
    action = [options](Context& context) { return Update(*options, context); };
  });
}

void AddCreate(CLI::App& noun, const std::shared_ptr<SequenceOptions>& options, Action& action) {
  CLI::App* const verb = noun.add_subcommand("create", "Create a sequence");
  verb->footer(kCreateExamples);
  verb->add_option("NAME", options->name, "The sequence")->required();
  AddInt64(*verb, "--min-id", options->min_id, "The first id [1]");
  AddInt64(*verb, "--step", options->step, "The distance between two ids [1]");
  AddSettings(*verb, *options);
  verb->callback([options, &action] {
    action = [options](Context& context) { return Create(*options, context); };
  });
}

void AddReset(CLI::App& noun, const std::shared_ptr<SequenceOptions>& options, Action& action) {
  CLI::App* const verb = noun.add_subcommand("reset", "Move on, or start again");
  verb->footer(kResetExamples);
  verb->add_option("NAME", options->name, "The sequence")->required();
  AddInt64(*verb, "--next-id", options->next_id, "The id to go on with [min-id]");
  verb->add_flag("--allow-reuse", options->allow_reuse, "Fine to issue ids again");
  verb->callback([options, &action] {
    action = [options](Context& context) { return Reset(*options, context); };
  });
}

void AddDecode(CLI::App& noun, const std::shared_ptr<SequenceOptions>& options, Action& action) {
  CLI::App* const verb = noun.add_subcommand("decode", "Read an id from its text");
  verb->footer(kDecodeExamples);
  verb->add_option("NAME", options->name, "The sequence")->required();
  verb->add_option("TEXT", options->text, "The text, with prefix and suffix")->required();
  verb->callback([options, &action] {
    action = [options](Context& context) { return Decode(*options, context); };
  });
}

}  // namespace

void AddSequenceCommands(CLI::App& app, Action& action) {
  const auto options = std::make_shared<SequenceOptions>();
  CLI::App* const noun = app.add_subcommand(
      "sequence", "Create, list, show, change, reset, delete sequences; decode ids");
  noun->footer(kExamples);
  noun->require_subcommand(1);
  AddCreate(*noun, options, action);

  CLI::App* const list = noun->add_subcommand("list", "List sequences by name");
  list->footer(kListExamples);
  list->add_option("--prefix", options->prefix, "Only names that start with this");
  list->callback([options, &action] {
    action = [options](Context& context) { return List(*options, context); };
  });

  CLI::App* const show = noun->add_subcommand("show", "Show a sequence");
  show->footer(kShowExamples);
  show->add_option("NAME", options->name, "The sequence")->required();
  show->callback([options, &action] {
    action = [options](Context& context) { return Show(*options, context); };
  });

  AddUpdate(*noun, options, action);
  AddReset(*noun, options, action);

  CLI::App* const remove = noun->add_subcommand("delete", "Delete a sequence; its ids may recur");
  remove->footer(kDeleteExamples);
  remove->add_option("NAME", options->name, "The sequence")->required();
  remove->add_option("--etag", options->etag, "Only if this is still the sequence's");
  remove->callback([options, &action] {
    action = [options](Context& context) { return Delete(*options, context); };
  });
  AddDecode(*noun, options, action);
}

}  // namespace mintmark::client
