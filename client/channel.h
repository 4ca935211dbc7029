// Connections to servers.
#pragma once

#include <grpcpp/channel.h>
#include <grpcpp/security/credentials.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace mintmark::client {

inline constexpr absl::string_view kDefaultPort = "50051";

// The gRPC target for an address: one with a scheme ("dns:", "ipv4:", "ipv6:",
// "unix:", "xds:", ...) as it is, and "host", "host:port" or "[v6]:port" with
// "dns:///" in front and the default port where none is given.
std::string TargetOf(absl::string_view address);

// The addresses in a list parted by commas. A target with a scheme is one
// address, whatever commas it has.
std::vector<std::string> SplitAddresses(absl::string_view list);

// A channel that spreads calls over all addresses of its target (round_robin),
// notices dead connections within 25 s, reconnects within 2 s, and shares its
// connections with no other channel. Does not connect before the first call.
std::shared_ptr<grpc::Channel> MakeChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials);

}  // namespace mintmark::client
