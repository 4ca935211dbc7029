// The tokens by which clients prove that a generator is leased to them.
#pragma once

#include <string>

namespace mintmark::server {

// 128 bits from the system's source of randomness, as 32 hexadecimal digits. Not to
// be guessed.
std::string MakeLeaseToken();

}  // namespace mintmark::server
