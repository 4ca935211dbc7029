// What the exit status of `mintmark` says. Part of its interface: scripts rely
// on these numbers.
#pragma once

#include "absl/status/status.h"

namespace mintmark::client {

enum ExitStatus : int {
  kExitOk = 0,
  kExitUsage = 2,        // The command line is wrong; nothing was called.
  kExitInvalid = 3,      // INVALID_ARGUMENT, FAILED_PRECONDITION.
  kExitExistence = 4,    // NOT_FOUND, ALREADY_EXISTS.
  kExitOutOfRange = 5,   // OUT_OF_RANGE: exhausted, overflow.
  kExitUnavailable = 6,  // Nothing was done, and a retry may help.
  kExitInDoubt = 7,      // It may have been done.
  kExitOther = 8,
  kExitInterrupted = 130,  // Ctrl-C; what was drawn before it was written.
};

// For --help.
inline constexpr char kExitStatusHelp[] =
    "Exit status:\n"
    "  0  done\n"
    "  2  the command line is wrong\n"
    "  3  an argument is invalid, or something else has to happen first\n"
    "  4  there is no such thing, or there is one already\n"
    "  5  the sequence is exhausted, or the counter would overflow\n"
    "  6  unavailable or overloaded: nothing was done, try again\n"
    "  7  in doubt: it may have been done\n"
    "  8  any other error\n"
    "  130  ended by Ctrl-C; what was drawn until then was written\n";

ExitStatus ExitStatusOf(const absl::Status& status);

}  // namespace mintmark::client
