// Text as a quoted JSON string, which is also a basic string in TOML.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace mintmark::server {

// Appends `text` in double quotes. Control characters are escaped; bytes that are
// no UTF-8 become U+FFFD, so that the result is always valid.
void AppendQuoted(absl::string_view text, std::string& out);

std::string Quoted(absl::string_view text);

// The length of the well-formed UTF-8 sequence at the start of `text`, or 0 when
// there is none.
std::size_t Utf8SequenceLength(absl::string_view text);

}  // namespace mintmark::server
