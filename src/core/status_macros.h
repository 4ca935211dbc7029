// Early returns for absl::Status and absl::StatusOr.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

// Returns from the enclosing function when `expression` is not OK.
#define MINTMARK_RETURN_IF_ERROR(expression)                                  \
  do {                                                                        \
    if (absl::Status mintmark_status = (expression); !mintmark_status.ok()) { \
      return mintmark_status;                                                 \
    }                                                                         \
  } while (false)

#define MINTMARK_CONCAT_INNER(a, b) a##b
#define MINTMARK_CONCAT(a, b) MINTMARK_CONCAT_INNER(a, b)
#define MINTMARK_ASSIGN_OR_RETURN_INNER(holder, target, expression) \
  auto holder = (expression);                                       \
  if (!holder.ok()) return holder.status();                         \
  target = std::move(holder).value()

// Declares or assigns `target` from a StatusOr, or returns its error.
#define MINTMARK_ASSIGN_OR_RETURN(target, expression) \
  MINTMARK_ASSIGN_OR_RETURN_INNER(MINTMARK_CONCAT(mintmark_or_, __LINE__), target, expression)
