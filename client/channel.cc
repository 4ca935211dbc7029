#include "client/channel.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/support/channel_arguments.h>

#include <algorithm>
#include <array>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace mintmark::client {
namespace {

constexpr std::array<absl::string_view, 6> kSchemes = {
    "dns:", "ipv4:", "ipv6:", "unix:", "unix-abstract:", "xds:"};

bool HasScheme(absl::string_view address) {
  return std::any_of(kSchemes.begin(), kSchemes.end(),
                     [&](absl::string_view scheme) { return absl::StartsWith(address, scheme); });
}

bool HasPort(absl::string_view host) {
  const auto colon = host.rfind(':');
  if (colon == absl::string_view::npos) return false;
  const bool bare_v6 = host.find(':') != colon && !absl::StartsWith(host, "[");
  return !bare_v6 && (host.front() != '[' || host[colon - 1] == ']');
}

bool IsLoopback(absl::string_view target) {
  return absl::StartsWith(target, "dns:///127.") || absl::StartsWith(target, "dns:///localhost") ||
         absl::StartsWith(target, "dns:///[::1]");
}

}  // namespace

std::string TargetOf(absl::string_view address) {
  if (address.empty() || HasScheme(address)) return std::string(address);
  if (HasPort(address)) return absl::StrCat("dns:///", address);
  const bool bare_v6 = absl::StrContains(address, ':') && address.front() != '[';
  return bare_v6 ? absl::StrCat("dns:///[", address, "]:", kDefaultPort)
                 : absl::StrCat("dns:///", address, ":", kDefaultPort);
}

std::vector<std::string> SplitAddresses(absl::string_view list) {
  if (HasScheme(list)) return {std::string(list)};
  return absl::StrSplit(list, ',', absl::SkipWhitespace());
}

std::shared_ptr<grpc::Channel> MakeChannel(
    const std::string& target, const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetServiceConfigJSON(R"({"loadBalancingConfig": [{"round_robin": {}}]})");
  // The server permits a ping every 10 s, with and without calls.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 20'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 5'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_MAX_PINGS_WITHOUT_DATA, 0);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2'000);  // Also bounds one connect.
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 2'000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  // A reply that is too long to be received was executed all the same; the
  // server bounds its replies itself.
  arguments.SetMaxReceiveMessageSize(-1);
  // A proxy for the way out of a network does not lead to this machine.
  if (IsLoopback(target)) arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(target, credentials, arguments);
}

}  // namespace mintmark::client
