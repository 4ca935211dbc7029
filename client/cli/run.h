// The command `mintmark` from its arguments to its exit status.
#pragma once

#include <cstdio>

namespace mintmark::client {

// Does what the command line says. Results go to `out`, errors to `err`; returns
// an ExitStatus.
int RunCommandLine(int argc, const char* const* argv, std::FILE* out, std::FILE* err);

}  // namespace mintmark::client
