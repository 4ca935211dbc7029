// Text formats as the API shows them.
#pragma once

#include "mintmark/v1/types.pb.h"
#include "src/core/text_format.h"

namespace mintmark::server {

// Not checked.
TextFormat ReadTextFormat(const v1::TextFormat& message);
void WriteTextFormat(const TextFormat& format, v1::TextFormat& message);

}  // namespace mintmark::server
