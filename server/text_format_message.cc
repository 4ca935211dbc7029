#include "server/text_format_message.h"

namespace mintmark::server {

TextFormat ReadTextFormat(const v1::TextFormat& message) {
  return {static_cast<Encoding>(message.encoding()), message.prefix(), message.suffix(),
          message.width(), message.check_character()};
}

void WriteTextFormat(const TextFormat& format, v1::TextFormat& message) {
  message.set_encoding(static_cast<v1::Encoding>(format.encoding));
  message.set_prefix(format.prefix);
  message.set_suffix(format.suffix);
  message.set_width(format.width);
  message.set_check_character(format.check_character);
}

}  // namespace mintmark::server
