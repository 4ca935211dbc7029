// The base of the tests of what snowfall shows.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "tests/seeds/seed_test.h"

namespace mintmark::seeds {
using std::chrono::milliseconds;
using std::chrono::seconds;
using Steady = std::chrono::steady_clock;

// 2020-01-01T00:00:00Z, the default epoch.
inline constexpr std::int64_t kEpochMs = 1'577'836'800'000;

inline std::int64_t WallMs() {
  return std::chrono::system_clock::now().time_since_epoch() / milliseconds(1);
}

// An epoch, in protobuf's text form.
inline std::string Epoch(std::int64_t ms) {
  const std::int64_t nanos = (ms % 1'000 + 1'000) % 1'000 * 1'000'000;
  return absl::StrCat("epoch { seconds: ", (ms - nanos / 1'000'000) / 1'000, " nanos: ", nanos,
                      " } ");
}

class SnowfallTest : public SeedTest {
 protected:
  void Prepare() override {
    SeedTest::Prepare();
    impatient_ = e2e::Connect({&server()}, /*max_attempts=*/1);
  }

  // Tells each error at once.
  client::Client& impatient() { return *impatient_; }

  // `group` and what comes after it are in protobuf's text form.
  absl::Status CreateGroup(const std::string& group, const std::string& preset = "") {
    return client()
        .CreateGuidGroup(Parse<v1::CreateGuidGroupRequest>(
            absl::StrCat("group { ", group, " } preset: '", preset, "'")))
        .status();
  }

  absl::StatusOr<std::vector<std::int64_t>> Guids(const std::string& group, int n) {
    const auto response = impatient().NextGuid(
        Parse<v1::NextGuidRequest>(absl::StrCat("group: '", group, "' n: ", n)));
    if (!response.ok()) return response.status();
    return std::vector<std::int64_t>(response->guids().begin(), response->guids().end());
  }

  absl::StatusOr<v1::AcquireGeneratorResponse> Acquire(const std::string& group) {
    return impatient().AcquireGenerator(
        Parse<v1::AcquireGeneratorRequest>(absl::StrCat("group: '", group, "' owner: 'seed'")));
  }
  absl::StatusOr<v1::RenewGeneratorResponse> Renew(const std::string& group,
                                                   const v1::AcquireGeneratorResponse& lease) {
    v1::RenewGeneratorRequest request;
    request.set_group(group);
    request.set_generator_id(lease.generator_id());
    request.set_lease_token(lease.lease_token());
    request.set_time_ceiling(lease.time_ceiling());
    return client().RenewGenerator(request);
  }
  absl::Status Release(const std::string& group, const v1::AcquireGeneratorResponse& lease) {
    v1::ReleaseGeneratorRequest request;
    request.set_group(group);
    request.set_generator_id(lease.generator_id());
    request.set_lease_token(lease.lease_token());
    request.set_last_time(lease.start_time());
    return client().ReleaseGenerator(request).status();
  }

 private:
  std::unique_ptr<client::Client> impatient_;
};

}  // namespace mintmark::seeds
