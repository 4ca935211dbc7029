// Mints GUIDs under a client lease and writes them to a file, eight bytes each, a
// batch at a time.
//
// usage: guid_minter --address=HOST:PORT[,...] --group=NAME --count=N --output=FILE
//                    [--batch=N] [--pause-us=N]
//
// Batches that fail are asked for again. Exits with 0 when all are written and the
// lease was given back.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <string>
#include <thread>
#include <vector>

#include "client/channel.h"
#include "client/client.h"
#include "client/local_guid_generator.h"

namespace {

struct Settings {
  std::string address;
  std::string group;
  std::string output;
  std::int64_t count = 0;
  std::int64_t batch = 500;
  std::int64_t pause_us = 0;
};

// How many GUIDs were written.
std::int64_t Mint(const Settings& settings, mintmark::client::LocalGuidGenerator& guids,
                  std::FILE& output) {
  std::int64_t written = 0;
  while (written < settings.count) {
    std::vector<std::int64_t> batch(
        static_cast<std::size_t>(std::min(settings.batch, settings.count - written)));
    if (const absl::Status status = guids.NextN(absl::MakeSpan(batch)); !status.ok()) {
      std::cerr << status << std::endl;
      continue;
    }
    if (std::fwrite(batch.data(), sizeof(std::int64_t), batch.size(), &output) != batch.size() ||
        std::fflush(&output) != 0) {
      break;
    }
    written += static_cast<std::int64_t>(batch.size());
    std::this_thread::sleep_for(std::chrono::microseconds(settings.pause_us));
  }
  return written;
}

int Run(const Settings& settings) {
  mintmark::client::ClientOptions options;
  options.addresses = mintmark::client::SplitAddresses(settings.address);
  const auto client = mintmark::client::Client::Make(std::move(options));
  if (!client.ok()) {
    std::cerr << client.status() << std::endl;
    return 1;
  }
  mintmark::client::LocalGuidOptions guid_options;
  guid_options.group = settings.group;
  guid_options.owner = "guid_minter";
  const auto guids = mintmark::client::LocalGuidGenerator::Make(**client, guid_options);
  if (!guids.ok()) {
    std::cerr << guids.status() << std::endl;
    return 1;
  }
  std::FILE* const output = std::fopen(settings.output.c_str(), "wb");
  if (output == nullptr) return 1;
  const std::int64_t written = Mint(settings, **guids, *output);
  return std::fclose(output) == 0 && written == settings.count ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Mints GUIDs under a client lease.");
  app.add_option("--address", settings.address)->required();
  app.add_option("--group", settings.group);
  app.add_option("--count", settings.count)->required();
  app.add_option("--output", settings.output)->required();
  app.add_option("--batch", settings.batch);
  app.add_option("--pause-us", settings.pause_us);
  CLI11_PARSE(app, argc, argv);
  return Run(settings);
}
