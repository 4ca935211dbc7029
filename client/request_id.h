// Keys that make a retry safe.
#pragma once

#include <string>

namespace mintmark::client {

// 128 random bits as 32 hexadecimal digits. Straight from the operating system:
// a generator in this process would give a parent and its forked child the same
// keys, and of two increments under one key only one counts.
std::string NewRequestId();

}  // namespace mintmark::client
