#include "client/cli/completion.h"

#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "client/cli/command.h"

namespace mintmark::client {
namespace {

struct Word {
  std::string text;
  std::string description;
};

struct Valued {
  std::vector<std::string> flags;    // Of one option.
  std::vector<std::string> choices;  // Its values, where they are among a few.
  bool file = false;                 // Its value is the name of a file.
};

// What there is to complete behind one verb; the options that stand behind any
// verb are those of the first one.
struct Place {
  std::string verb;  // "sequence create"; empty before any verb.
  std::vector<Word> verbs;
  std::vector<Word> options;
  std::vector<Valued> valued;
  std::vector<std::string> arguments;  // Values of arguments that are among a few.
};

// "{a,b}" in what CLI11 shows as the type of an option with such values.
std::vector<std::string> ChoicesOf(const CLI::Option& option) {
  const std::string type = option.get_type_name();
  const auto open = type.find('{');
  const auto close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return absl::StrSplit(type.substr(open + 1, close - open - 1), ',');
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

void AddOption(const CLI::Option& option, Place& place) {
  if (option.get_positional()) {
    const std::vector<std::string> choices = ChoicesOf(option);
    place.arguments.insert(place.arguments.end(), choices.begin(), choices.end());
  }
  std::vector<std::string> flags;
  for (const std::string& name : option.get_snames()) flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) flags.push_back("--" + name);
  for (const std::string& flag : flags) {
    place.options.push_back({flag, FirstLine(option.get_description())});
  }
  if (!flags.empty() && option.get_items_expected_max() > 0) {
    place.valued.push_back({flags, ChoicesOf(option), option.get_type_name() == "FILE"});
  }
}

void Collect(const CLI::App& app, const std::string& verb, std::vector<Place>& places) {
  Place place;
  place.verb = verb;
  const auto verbs = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* each : verbs) {
    place.verbs.push_back({each->get_name(), FirstLine(each->get_description())});
  }
  for (const CLI::Option* option : app.get_options()) AddOption(*option, place);
  places.push_back(std::move(place));
  for (const CLI::App* each : verbs) {
    Collect(*each, absl::StrCat(verb, verb.empty() ? "" : " ", each->get_name()), places);
  }
}

std::vector<Place> PlacesOf(const CLI::App& app) {
  std::vector<Place> places;
  Collect(app, "", places);
  return places;
}

std::string Quoted(absl::string_view text) {
  return absl::StrCat("'", absl::StrReplaceAll(text, {{"'", "'\\''"}}), "'");
}

std::string WordTexts(const std::vector<Word>& words) {
  return absl::StrJoin(words, " ",
                       [](std::string* out, const Word& word) { out->append(word.text); });
}

// What `case "$verb:$option"` has for an option: any verb for those of the first
// place, which stand behind all of them.
std::string OptionPattern(const Place& place, const Valued& valued) {
  const std::string verb = place.verb.empty() ? "*" : Quoted(place.verb);
  return absl::StrJoin(valued.flags, " | ", [&](std::string* out, const std::string& flag) {
    absl::StrAppend(out, verb, ":", flag);
  });
}

// The lines that walk over one word before the cursor. Both shells understand them.
std::string Walk(const std::vector<Place>& places) {
  std::string values;
  std::vector<std::string> verbs;
  for (const Place& place : places) {
    for (const Valued& valued : place.valued) {
      absl::StrAppend(&values, "        ", OptionPattern(place, valued), ") skip=1 ;;\n");
    }
    if (!place.verb.empty()) verbs.push_back(Quoted(place.verb));
  }
  return absl::StrCat("      case \"$verb:$word\" in\n", values, "      esac\n",
                      "      case \"${verb:+$verb }$word\" in\n        ",
                      absl::StrJoin(verbs, " | "), ") verb=\"${verb:+$verb }$word\" ;;\n",
                      "      esac\n");
}

// `case` for the value of the option before the cursor: `choices(...)` and `files`
// are what the shell does with them.
std::string Values(const std::vector<Place>& places, absl::string_view choices_before,
                   absl::string_view choices_after, absl::string_view files) {
  std::string text = "  case \"$verb:$previous\" in\n";
  for (const Place& place : places) {
    for (const Valued& valued : place.valued) {
      absl::StrAppend(&text, "    ", OptionPattern(place, valued), ")");
      if (valued.file) {
        absl::StrAppend(&text, " ", files, ";");
      } else if (!valued.choices.empty()) {
        absl::StrAppend(&text, " ", choices_before, absl::StrJoin(valued.choices, " "),
                        choices_after, ";");
      }
      absl::StrAppend(&text, " return ;;\n");
    }
  }
  return absl::StrCat(text, "  esac\n");
}

constexpr char kBashHead[] =
    R"(# Completion of mintmark for bash, made by `mintmark completion bash`.
_mintmark() {
  local verb='' skip='' verbs='' options='' arguments='' word i
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}
  # bash parts --option=value into three words.
  if [[ $current == '=' ]]; then
    current=''
  elif [[ $previous == '=' ]]; then
    previous=${COMP_WORDS[COMP_CWORD-2]}
  fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=${COMP_WORDS[i]}
    if [[ $word == '=' ]]; then
      skip=1
    elif [[ -n $skip ]]; then
      skip=''
    else
)";

constexpr char kBashTail[] = R"(  if [[ $current == -* ]]; then
    verbs=$options
  elif [[ -z $verbs$arguments ]]; then
    verbs=$options
  else
    verbs="$verbs $arguments"
  fi
  COMPREPLY=($(compgen -W "$verbs" -- "$current"))
}
complete -F _mintmark mintmark
)";

constexpr char kZshHead[] = R"(#compdef mintmark
# Completion of mintmark for zsh, made by `mintmark completion zsh`.
_mintmark() {
  local verb='' skip='' word previous=${words[CURRENT-1]} i
  local -a verbs options arguments
  for ((i = 2; i < CURRENT; i++)); do
    word=${words[i]}
    if [[ -n $skip ]]; then
      skip=''
    else
)";

constexpr char kZshTail[] =
    R"(  if [[ ${words[CURRENT]} == -* ]] || (( ! $#verbs && ! $#arguments )); then
    _describe -o option options
  else
    (( $#verbs )) && _describe verb verbs
    (( $#arguments )) && compadd -- $arguments
  fi
}
if [[ ${funcstack[1]} == _mintmark ]]; then
  _mintmark "$@"
else
  compdef _mintmark mintmark
fi
)";

// 'name:what it is' for each word.
std::string ZshWords(const std::vector<Word>& words) {
  return absl::StrJoin(words, " ", [](std::string* out, const Word& word) {
    absl::StrAppend(out,
                    Quoted(absl::StrCat(absl::StrReplaceAll(word.text, {{":", "\\:"}}), ":",
                                        absl::StrReplaceAll(word.description, {{":", "\\:"}}))));
  });
}

}  // namespace

std::string BashCompletion(const CLI::App& app) {
  const std::vector<Place> places = PlacesOf(app);
  std::string text = absl::StrCat(
      kBashHead, Walk(places), "    fi\n  done\n",
      Values(places, "COMPREPLY=($(compgen -W '", "' -- \"$current\"))",
             "compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- \"$current\"))"),
      "  case \"$verb\" in\n");
  const std::string common = WordTexts(places.front().options);
  for (const Place& place : places) {
    const std::string own = place.verb.empty() ? "" : WordTexts(place.options) + " ";
    absl::StrAppend(&text, "    ", Quoted(place.verb), ") verbs='", WordTexts(place.verbs),
                    "' arguments='", absl::StrJoin(place.arguments, " "), "' options='", own,
                    common, "' ;;\n");
  }
  return absl::StrCat(text, "  esac\n", kBashTail);
}

std::string ZshCompletion(const CLI::App& app) {
  const std::vector<Place> places = PlacesOf(app);
  std::string text =
      absl::StrCat(kZshHead, Walk(places), "    fi\n  done\n",
                   Values(places, "compadd -- ", "", "_files"), "  case \"$verb\" in\n");
  for (const Place& place : places) {
    absl::StrAppend(&text, "    ", Quoted(place.verb), ")\n      verbs=(", ZshWords(place.verbs),
                    ")\n      arguments=(", absl::StrJoin(place.arguments, " "),
                    ")\n      options=(", ZshWords(place.options));
    if (!place.verb.empty()) absl::StrAppend(&text, " ", ZshWords(places.front().options));
    absl::StrAppend(&text, ")\n      ;;\n");
  }
  return absl::StrCat(text, "  esac\n", kZshTail);
}

// mintmark completion.
void AddCompletionCommand(CLI::App& app, Action& action) {
  const auto shell = std::make_shared<std::string>();
  CLI::App* const verb = app.add_subcommand("completion", "Print the completion for a shell");
  verb->footer(
      "Completes verbs, options, and values that are among a few.\n"
      "\n"
      "Examples:\n"
      "  source <(mintmark completion bash)           in ~/.bashrc\n"
      "  mintmark completion bash > mintmark.bash     or in a file\n"
      "  mintmark completion zsh > _mintmark          in a directory that fpath names\n");
  verb->add_option("SHELL", *shell, "The shell")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh"}))
      ->type_name("");
  verb->callback([shell, &app, &action] {
    action = [shell, &app](Context& context) {
      const std::string text = *shell == "bash" ? BashCompletion(app) : ZshCompletion(app);
      context.output.Line(absl::StripTrailingAsciiWhitespace(text));
      return absl::OkStatus();
    };
  });
}

}  // namespace mintmark::client
