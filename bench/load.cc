// Calls a server as fast as it answers and looks at every answer; prints one line of
// JSON. For what h2load cannot do: a request_id of its own for each call, and the
// latency of a lone caller.
//
//   load --address HOST:PORT --method empty|next|incr [--name NAME] [--keyed]
//        [--in-flight N] [--channels N] [--seconds S] [--warm-up S]
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/completion_queue.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/channel_arguments.h>
#include <grpcpp/support/slice.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mintmark/v1/id_service.pb.h"

namespace mintmark {
namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  std::string address;
  std::string method = "next";
  std::string name = "bench";
  bool keyed = false;
  int in_flight = 64;
  int channels = 4;
  double seconds = 5;
  double warm_up = 1;
};

std::string Path(const Options& options) {
  return options.method == "incr" ? "/mintmark.v1.IdService/IncrCounter"
                                  : "/mintmark.v1.IdService/NextN";
}

std::string RequestBytes(const Options& options, const std::string& request_id) {
  if (options.method == "incr") {
    v1::IncrCounterRequest request;
    request.set_counter(options.name);
    request.set_request_id(request_id);
    return request.SerializeAsString();
  }
  v1::NextNRequest request;
  request.set_sequence(options.name);
  request.set_n(1);
  request.set_request_id(request_id);
  return request.SerializeAsString();
}

// One call after the other; as many of these as calls are in flight.
class Slot {
 public:
  Slot(const Options& options, const std::shared_ptr<grpc::Channel>& channel,
       grpc::CompletionQueue& queue, int number)
      : options_(options),
        path_(Path(options)),
        stub_(channel),
        queue_(queue),
        // Other runs have other ids.
        prefix_(absl::StrCat(Clock::now().time_since_epoch().count(), "-", getpid(), "-", number)),
        plain_(RequestBytes(options, "")) {}

  void Start() {
    const std::string keyed =
        options_.keyed ? RequestBytes(options_, absl::StrCat(prefix_, "-", ++calls_)) : "";
    const grpc::Slice slice(options_.keyed ? keyed : plain_);
    const grpc::ByteBuffer request(&slice, 1);
    context_.emplace();
    started_ = Clock::now();
    call_ = stub_.PrepareUnaryCall(&*context_, path_, request, &queue_);
    call_->StartCall();
    call_->Finish(&response_, &status_, this);
  }

  Clock::time_point started() const { return started_; }
  const grpc::Status& status() const { return status_; }

 private:
  const Options& options_;
  const std::string path_;
  grpc::GenericStub stub_;
  grpc::CompletionQueue& queue_;
  const std::string prefix_;
  const std::string plain_;
  std::int64_t calls_ = 0;
  std::optional<grpc::ClientContext> context_;
  std::unique_ptr<grpc::GenericClientAsyncResponseReader> call_;
  grpc::ByteBuffer response_;
  grpc::Status status_;
  Clock::time_point started_;
};

struct Outcome {
  std::int64_t answered = 0;  // In the whole run.
  std::int64_t failed = 0;
  std::string error;                       // The first one.
  std::vector<std::int64_t> latencies_ns;  // After the warm-up.
  double seconds = 0;
};

std::vector<std::shared_ptr<grpc::Channel>> Connect(const Options& options) {
  std::vector<std::shared_ptr<grpc::Channel>> channels;
  for (int i = 0; i < options.channels; ++i) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    channels.push_back(
        grpc::CreateCustomChannel(options.address, grpc::InsecureChannelCredentials(), arguments));
  }
  return channels;
}

Outcome Run(const Options& options) {
  grpc::CompletionQueue queue;
  const std::vector<std::shared_ptr<grpc::Channel>> channels = Connect(options);
  std::vector<std::unique_ptr<Slot>> slots;
  for (int i = 0; i < options.in_flight; ++i) {
    const auto& channel = channels[static_cast<std::size_t>(i) % channels.size()];
    slots.push_back(std::make_unique<Slot>(options, channel, queue, i));
  }
  const auto seconds = [](double count) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(count));
  };
  const Clock::time_point counted = Clock::now() + seconds(options.warm_up);
  const Clock::time_point end = counted + seconds(options.seconds);
  for (const auto& slot : slots) slot->Start();

  Outcome outcome;
  std::size_t under_way = slots.size();
  Clock::time_point last = counted;
  void* tag = nullptr;
  bool ok = false;
  while (under_way > 0 && queue.Next(&tag, &ok)) {
    Slot& slot = *static_cast<Slot*>(tag);
    const Clock::time_point now = Clock::now();
    if (!ok || !slot.status().ok()) {
      if (++outcome.failed == 1) outcome.error = slot.status().error_message();
    } else {
      ++outcome.answered;
      if (now >= counted) {
        outcome.latencies_ns.push_back((now - slot.started()).count());
        last = now;
      }
    }
    // A server that refuses everything is not asked for ever.
    if (now < end && outcome.failed < options.in_flight) {
      slot.Start();
    } else {
      --under_way;
    }
  }
  outcome.seconds = std::chrono::duration<double>(last - counted).count();
  return outcome;
}

double QuantileUs(const std::vector<std::int64_t>& sorted_ns, double share) {
  if (sorted_ns.empty()) return 0;
  constexpr double kNsPerUs = 1'000;
  const auto place = static_cast<std::size_t>(share * static_cast<double>(sorted_ns.size() - 1));
  return static_cast<double>(sorted_ns[place]) / kNsPerUs;
}

int Main(int argc, char** argv) {
  Options options;
  CLI::App app("Calls a server as fast as it answers.");
  app.add_option("--address", options.address)->required();
  app.add_option("--method", options.method)->check(CLI::IsMember({"empty", "next", "incr"}));
  app.add_option("--name", options.name);
  app.add_flag("--keyed", options.keyed);
  app.add_option("--in-flight", options.in_flight)->check(CLI::Range(1, 100'000));
  app.add_option("--channels", options.channels)->check(CLI::Range(1, 1'000));
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 3'600.0));
  app.add_option("--warm-up", options.warm_up)->check(CLI::Range(0.0, 600.0));
  CLI11_PARSE(app, argc, argv);

  Outcome outcome = Run(options);
  std::vector<std::int64_t>& latencies_ns = outcome.latencies_ns;
  std::sort(latencies_ns.begin(), latencies_ns.end());
  if (outcome.failed > 0) std::fprintf(stderr, "load: %s\n", outcome.error.c_str());
  std::printf(
      "{\"answered\": %lld, \"failed\": %lld, \"per_second\": %.1f, \"p50_us\": %.1f, "
      "\"p99_us\": %.1f}\n",
      static_cast<long long>(outcome.answered), static_cast<long long>(outcome.failed),
      outcome.seconds > 0 ? static_cast<double>(latencies_ns.size()) / outcome.seconds : 0,
      QuantileUs(latencies_ns, 0.5), QuantileUs(latencies_ns, 0.99));
  return outcome.failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace mintmark

int main(int argc, char** argv) {
  try {
    return mintmark::Main(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "load: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
