// The address that a server listens on.
#pragma once

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace mintmark::server {

// As gRPC wants it: ":50051" becomes "[::]:50051".
std::string GrpcListenAddress(absl::string_view listen);

// Tries to bind the address and lets go of it again: gRPC itself would not say
// why it could not. FailedPrecondition, with a sentence, when the address is in
// use or not to be had; OK when nothing is known against it.
absl::Status CheckListenAddress(absl::string_view listen);

// "127.0.0.1:50051" for "127.0.0.1:0" on port 50051.
std::string WithPort(absl::string_view listen, int port);

}  // namespace mintmark::server
