#include "client/cli/text_format.h"

#include <limits>
#include <map>

#include "absl/strings/str_cat.h"
#include "client/cli/command.h"

namespace mintmark::client {
namespace {

std::map<std::string, v1::Encoding> Encodings() {
  return {{"decimal", v1::ENCODING_DECIMAL},         {"hex", v1::ENCODING_HEX},
          {"base32", v1::ENCODING_BASE32_CROCKFORD}, {"base36", v1::ENCODING_BASE36},
          {"base58", v1::ENCODING_BASE58},           {"base62", v1::ENCODING_BASE62}};
}

std::string EncodingName(v1::Encoding encoding) {
  for (const auto& [name, value] : Encodings()) {
    if (value == encoding) return name;
  }
  return "decimal";
}

}  // namespace

void FormatOptions::AddTo(CLI::App& verb) {
  verb.add_option_function<std::string>(
          "--encoding", [this](const std::string& name) { encoding_ = Encodings().at(name); },
          "Digits of ids as text")
      ->check(CLI::IsMember(Encodings()))
      ->type_name("ENCODING");
  verb.add_option("--prefix", prefix_, "Text in front of the digits");
  verb.add_option("--suffix", suffix_, "Text after them");
  AddInt64(verb, "--width", width_, "The least number of digits",
           {.min = 0, .max = std::numeric_limits<std::int32_t>::max()});
  // CLI11 counts a flag that is negated as -1.
  verb.add_flag_function(
      "--check-character,!--no-check-character",
      [this](std::int64_t count) { check_character_ = count > 0; }, "Append a check character");
}

bool FormatOptions::given() const {
  return encoding_ || prefix_ || suffix_ || width_ || check_character_;
}

void FormatOptions::Apply(v1::TextFormat& format) const {
  if (encoding_) format.set_encoding(*encoding_);
  if (prefix_) format.set_prefix(*prefix_);
  if (suffix_) format.set_suffix(*suffix_);
  if (width_) format.set_width(static_cast<std::int32_t>(*width_));
  if (check_character_) format.set_check_character(*check_character_);
}

std::string FormatText(const v1::TextFormat& format) {
  std::string text = EncodingName(format.encoding());
  if (!format.prefix().empty()) absl::StrAppend(&text, ", prefix \"", format.prefix(), "\"");
  if (!format.suffix().empty()) absl::StrAppend(&text, ", suffix \"", format.suffix(), "\"");
  if (format.width() > 0) absl::StrAppend(&text, ", at least ", format.width(), " digits");
  if (format.check_character()) absl::StrAppend(&text, ", check character");
  return text;
}

}  // namespace mintmark::client
