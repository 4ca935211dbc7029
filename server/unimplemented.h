// The answer to what the API names and this version does not do yet.
#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace mintmark::server {

// `what` is the subject of the sentence, for instance "NextGuid".
inline absl::Status UnimplementedStatus(absl::string_view what) {
  return absl::UnimplementedError(
      absl::StrCat(what, " is part of the API, but this version of mintmarkd does not offer it."));
}

inline grpc::ServerUnaryReactor* RefuseUnimplemented(absl::string_view what,
                                                     grpc::CallbackServerContext& context) {
  grpc::ServerUnaryReactor* const reactor = context.DefaultReactor();
  reactor->Finish(grpc::Status(grpc::StatusCode::UNIMPLEMENTED,
                               std::string(UnimplementedStatus(what).message())));
  return reactor;
}

}  // namespace mintmark::server
