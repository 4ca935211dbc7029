// Servers whose wall clocks are wrong, and jump while they run: GUIDs carry the
// store's time all the same, grow, and do not repeat. An SQLite file has no clock but
// its server's: there the store's time itself jumps, and GUIDs do not repeat.
#include <glob.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/store_test.h"
#include "tests/e2e/text_message.h"
#include "tests/store/scratch_folder.h"

namespace mintmark::e2e {
namespace {

constexpr std::int64_t kHourSeconds = 3'600;

// The library that stands between a program and the wall clock.
std::string FakeTimeLibrary() {
  glob_t found{};
  std::string path;
  if (glob("/usr/lib/*/faketime/libfaketimeMT.so.1", 0, nullptr, &found) == 0) {
    path = found.gl_pathv[0];
  }
  globfree(&found);
  return path;
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

class ClockTest : public StoreTest {
 protected:
  void Prepare() override {
    ASSERT_NE(FakeTimeLibrary(), "") << "The package faketime is missing.";
  }

  // A server whose wall clock is off by what the file `clock` says.
  std::unique_ptr<Mintmarkd> StartOff(const std::string& clock, std::int64_t seconds) {
    SetClock(clock, seconds);
    auto server = std::make_unique<Mintmarkd>(store_url());
    server->set_environment({absl::StrCat("LD_PRELOAD=", FakeTimeLibrary()),
                             absl::StrCat("FAKETIME_TIMESTAMP_FILE=", folder_.Path(clock)),
                             "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_NO_CACHE=1"});
    EXPECT_THAT(server->Start(), IsOk());
    return server;
  }

  void SetClock(const std::string& clock, std::int64_t seconds) {
    std::ofstream(folder_.Path(clock)) << (seconds < 0 ? "" : "+") << seconds << "s\n";
  }

  // 100 GUIDs: new ones; where the store's clock is right, above the last of this server,
  // and of the time of the moment.
  void Mint(client::Client& client, std::int64_t& last) {
    const double before = WallSeconds();
    const auto reply = client.NextGuid(Parse<v1::NextGuidRequest>("n: 100"));
    const double after = WallSeconds();
    ASSERT_THAT(reply, IsOk());
    for (const std::int64_t guid : reply->guids()) {
      EXPECT_TRUE(guid > last || !shared()) << guid << " after " << last;
      EXPECT_TRUE(guids_.insert(guid).second) << guid;
      last = guid;
    }
    if (!shared()) return;
    v1::DecodeGuidRequest request;
    request.set_guid(last);
    const auto decoded = client.DecodeGuid(request);
    ASSERT_THAT(decoded, IsOk());
    const double time = static_cast<double>(decoded->time().seconds()) +
                        1e-9 * static_cast<double>(decoded->time().nanos());
    EXPECT_GE(time, before - 1);
    EXPECT_LE(time, after + 1);
  }

  const testing::ScratchFolder folder_;
  std::set<std::int64_t> guids_;
};

TEST_P(ClockTest, WallClocksThatJumpByAnHourChangeNothing) {
  std::vector<std::unique_ptr<Mintmarkd>> servers;
  servers.push_back(StartOff("ahead", kHourSeconds));
  if (shared()) servers.push_back(StartOff("behind", -kHourSeconds));
  std::vector<std::unique_ptr<client::Client>> clients;
  for (const auto& server : servers) clients.push_back(Connect({server.get()}));

  // The clocks are really wrong: a server tells when it started by its own.
  const auto status = clients[0]->GetServerStatus(v1::GetServerStatusRequest());
  ASSERT_THAT(status, IsOk());
  EXPECT_NEAR(static_cast<double>(status->start_time().seconds()), WallSeconds() + kHourSeconds,
              60);

  std::vector<std::int64_t> last(servers.size(), 0);
  for (int round = 0; round < 12; ++round) {
    SetClock("ahead", round % 3 == 0 ? -kHourSeconds : kHourSeconds);
    SetClock("behind", round % 2 == 0 ? kHourSeconds : -kHourSeconds);
    for (int i = 0; i < 10; ++i) {
      for (std::size_t k = 0; k < clients.size(); ++k) Mint(*clients[k], last[k]);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(150));
  }
  for (const auto& server : servers) EXPECT_EQ(server->Stop(), 0);
}

INSTANTIATE_ON_STORES(ClockTest);

}  // namespace
}  // namespace mintmark::e2e
