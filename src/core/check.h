// Invariants that end the process when they break: a crash is better than a
// duplicate id. They stay on in release builds.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace mintmark::internal {

[[noreturn]] inline void CheckFailed(const char* file, int line, const char* condition) {
  std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, condition);
  std::fflush(stderr);
  std::abort();
}

}  // namespace mintmark::internal

// Ends the process with a message when `condition` is false.
#define MINTMARK_CHECK(condition) \
  (static_cast<bool>(condition)   \
       ? static_cast<void>(0)     \
       : ::mintmark::internal::CheckFailed(__FILE__, __LINE__, #condition))
