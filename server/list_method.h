// What the rpcs that list rows by name have in common; see UnaryCall.
#pragma once

#include <cstddef>
#include <cstdint>

#include "absl/status/status.h"
#include "server/page_token.h"
#include "server/unary_call.h"
#include "server/validation.h"
#include "src/core/name.h"
#include "src/core/status_macros.h"

namespace mintmark::server {

// A list asks for one row more than a page holds: whether there is one says
// whether there is another page.
struct ListCallOfPage : engine::ListCall {
  std::size_t page_size = 0;
};

template <typename RequestType, typename ResponseType, ListKind kListKind>
struct ListMethod {
  using Request = RequestType;
  using Response = ResponseType;
  using EngineCall = ListCallOfPage;

  static constexpr engine::ListCall::Of kOf =
      kListKind == ListKind::kCounters ? engine::ListCall::Of::kCounters
      : kListKind == ListKind::kGroups ? engine::ListCall::Of::kGroups
                                       : engine::ListCall::Of::kSequences;

  static absl::Status Read(Request& request, const Config& /*config*/, EngineCall& call) {
    MINTMARK_ASSIGN_OR_RETURN(const std::int32_t page_size, ReadPageSize(request.page_size()));
    MINTMARK_RETURN_IF_ERROR(ValidateNamePrefix(request.prefix()));
    MINTMARK_ASSIGN_OR_RETURN(call.after,
                              ReadPageToken(kListKind, request.prefix(), request.page_token()));
    call.of = kOf;
    call.prefix = request.prefix();
    call.page_size = static_cast<std::size_t>(page_size);
    call.limit = page_size + 1;
    return absl::OkStatus();
  }

  static void Submit(engine::Engine& engine, EngineCall& call, Time now) { engine.List(call, now); }
  static Subject SubjectOf(const EngineCall& /*call*/) { return {}; }
};

}  // namespace mintmark::server
