// GUIDs minted in client processes, of real servers that are killed and paused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/local_guid_generator.h"
#include "tests/e2e/matchers.h"
#include "tests/e2e/store_test.h"
#include "tests/e2e/text_message.h"
#include "tests/minter/minter.h"

namespace mintmark::e2e {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Guids = std::vector<std::int64_t>;

// Empty when no GUID is in there twice, else one that is.
std::string Double(Guids guids) {
  std::sort(guids.begin(), guids.end());
  const auto twice = std::adjacent_find(guids.begin(), guids.end());
  return twice == guids.end() ? "" : absl::StrCat(*twice, " was minted twice");
}

class LocalGuidTest : public StoreTest {
 protected:
  void Prepare() override {
    server_ = &StartServer();
    client_ = Connect({server_});
  }

  Mintmarkd& server() { return *server_; }
  client::Client& client() { return *client_; }

  void CreateGroup(const std::string& settings) {
    const auto created = client().CreateGuidGroup(
        Parse<v1::CreateGuidGroupRequest>(absl::StrCat("group { name: 'g' ", settings, " }")));
    ASSERT_THAT(created, IsOk());
  }

  static client::LocalGuidOptions Options(milliseconds max_wait) {
    client::LocalGuidOptions options;
    options.group = "g";
    options.max_wait = max_wait;
    return options;
  }

  // GUIDs of the group that the server itself mints.
  Guids ServersGuids(int n) {
    const auto response =
        client().NextGuid(Parse<v1::NextGuidRequest>(absl::StrCat("group: 'g' n: ", n)));
    EXPECT_THAT(response, IsOk());
    return response.ok() ? Guids(response->guids().begin(), response->guids().end()) : Guids();
  }

  std::vector<v1::Generator> Generators() {
    const auto list = client().ListGenerators(Parse<v1::ListGeneratorsRequest>("group: 'g'"));
    EXPECT_THAT(list, IsOk());
    if (!list.ok()) return {};
    return {list->generators().begin(), list->generators().end()};
  }

 private:
  Mintmarkd* server_ = nullptr;
  std::unique_ptr<client::Client> client_;
};
INSTANTIATE_ON_STORES(LocalGuidTest);

TEST_P(LocalGuidTest, TwoProcessesAndAServerMintSideBySide) {
  CreateGroup("");
  MinterSettings settings;
  settings.group = "g";
  settings.count = 300'000;
  Minter one({&server()}, settings);
  Minter two({&server()}, settings);
  Guids all;
  for (int i = 0; i < 50; ++i) {
    const Guids more = ServersGuids(1'000);
    all.insert(all.end(), more.begin(), more.end());
  }
  for (Minter* minter : {&one, &two}) {
    EXPECT_EQ(minter->Wait(), 0) << minter->log();
    const Guids guids = minter->guids();
    EXPECT_EQ(guids.size(), 300'000U);
    EXPECT_TRUE(std::is_sorted(guids.begin(), guids.end()));
    all.insert(all.end(), guids.begin(), guids.end());
  }
  EXPECT_EQ(all.size(), 650'000U);
  EXPECT_EQ(Double(all), "");
}

// The lease lasts for longer than the server is away, so that nobody notices.
TEST_P(LocalGuidTest, MintingGoesOnWhileTheServerIsKilledAndStartedAgain) {
  CreateGroup("");
  auto made = client::LocalGuidGenerator::Make(client(), Options(milliseconds(0)));
  ASSERT_THAT(made, IsOk());
  client::LocalGuidGenerator& guids = **made;
  Guids all;
  const auto mint = [&] {
    const absl::StatusOr<std::int64_t> guid = guids.Next();
    ASSERT_THAT(guid, IsOk());
    all.push_back(*guid);
  };
  for (int i = 0; i < 100; ++i) mint();
  server().Kill();
  for (int i = 0; i < 10'000; ++i) mint();
  ASSERT_THAT(server().Start(), IsOk());
  for (int i = 0; i < 100; ++i) mint();
  const Guids servers = ServersGuids(10'000);
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  all.insert(all.end(), servers.begin(), servers.end());
  EXPECT_EQ(Double(all), "");
}

TEST_P(LocalGuidTest, ALeaseThatRanOutWhileTheServerWasAwayIsReplaced) {
  CreateGroup("lease { seconds: 1 }");
  auto made = client::LocalGuidGenerator::Make(client(), Options(milliseconds(0)));
  ASSERT_THAT(made, IsOk());
  client::LocalGuidGenerator& guids = **made;
  Guids all;
  const auto mint_until = [&](bool success) {
    return WaitUntil([&] {
      const absl::StatusOr<std::int64_t> guid = guids.Next();
      if (guid.ok()) all.push_back(*guid);
      return guid.ok() == success;
    });
  };
  for (int round = 0; round < 3; ++round) {
    ASSERT_TRUE(mint_until(true));
    server().Kill();
    ASSERT_TRUE(mint_until(false)) << "It stops when its lease is over.";
    ASSERT_THAT(server().Start(), IsOk());
  }
  ASSERT_TRUE(mint_until(true));
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(Double(all), "");
}

// A process that stands still for longer than its lease finds it taken, and goes on
// under another one: what it mints then is no other's.
TEST_P(LocalGuidTest, AProcessThatStoodStillForLongerThanItsLeaseRepeatsNothing) {
  CreateGroup("lease { seconds: 1 } generator_id_max: 1");
  MinterSettings settings;
  settings.group = "g";
  settings.count = 20'000;
  settings.batch = 10;
  settings.pause_us = 1'000;
  Minter sleeper({&server()}, settings);
  ASSERT_TRUE(WaitUntil([&] { return sleeper.guids().size() > 100; }));
  sleeper.Signal(SIGSTOP);
  // Both generators go to others meanwhile.
  std::vector<std::unique_ptr<client::LocalGuidGenerator>> takers;
  Guids all;
  ASSERT_TRUE(WaitUntil([&] {
    auto made = client::LocalGuidGenerator::Make(client(), Options(seconds(10)));
    if (made.ok()) takers.push_back(*std::move(made));
    return takers.size() == 2;
  }));
  for (const auto& taker : takers) {
    Guids batch(50'000);
    ASSERT_THAT(taker->NextN(absl::MakeSpan(batch)), IsOk());
    all.insert(all.end(), batch.begin(), batch.end());
  }
  const std::size_t before = sleeper.guids().size();
  sleeper.Signal(SIGCONT);
  ASSERT_TRUE(WaitUntil([&] { return !sleeper.log().empty(); })) << "There is none for it.";
  const std::size_t stopped = sleeper.guids().size();
  EXPECT_LE(stopped, before + static_cast<std::size_t>(2 * settings.batch))
      << "At most what was under way.";
  takers.clear();
  EXPECT_EQ(sleeper.Wait(), 0) << sleeper.log();
  const Guids slept = sleeper.guids();
  EXPECT_EQ(slept.size(), 20'000U);
  all.insert(all.end(), slept.begin(), slept.end());
  EXPECT_EQ(Double(all), "");
}

TEST_P(LocalGuidTest, AProcessThatIsKilledLeavesItsGeneratorToAnotherAfterTheLease) {
  CreateGroup("lease { seconds: 2 } generator_id_max: 0");
  MinterSettings settings;
  settings.group = "g";
  settings.count = 1'000'000;
  settings.pause_us = 1'000;
  Minter killed({&server()}, settings);
  ASSERT_TRUE(WaitUntil([&] { return killed.guids().size() > 1'000; }));
  killed.Signal(SIGKILL);
  EXPECT_EQ(killed.Wait(), -SIGKILL);
  absl::StatusOr<std::unique_ptr<client::LocalGuidGenerator>> next;
  ASSERT_TRUE(WaitUntil([&] {
    next = client::LocalGuidGenerator::Make(client(), Options(seconds(10)));
    return next.ok();
  }));
  const absl::StatusOr<std::int64_t> guid = (*next)->Next();
  ASSERT_THAT(guid, IsOk());
  EXPECT_GT(*guid, killed.guids().back());
}

TEST_P(LocalGuidTest, ACleanEndGivesTheGeneratorBackAtOnce) {
  CreateGroup("lease { seconds: 3600 } generator_id_max: 0");
  Guids all;
  for (int i = 0; i < 3; ++i) {
    auto made = client::LocalGuidGenerator::Make(client(), Options(seconds(10)));
    ASSERT_THAT(made, IsOk());
    EXPECT_TRUE(Generators().front().leased());
    for (int k = 0; k < 100; ++k) all.push_back((*made)->Next().value());
    made->reset();
    EXPECT_FALSE(Generators().front().leased());
    EXPECT_EQ(Generators().front().time_ceiling(), (all.back() >> 23) + 1);
  }
  EXPECT_TRUE(std::is_sorted(all.begin(), all.end()));
  EXPECT_EQ(Double(all), "");
}

TEST_P(LocalGuidTest, ADeletedGroupIsMintedInNoMore) {
  CreateGroup("lease { seconds: 2 }");
  auto made = client::LocalGuidGenerator::Make(client(), Options(milliseconds(0)));
  ASSERT_THAT(made, IsOk());
  std::int64_t last = (*made)->Next().value();
  ASSERT_THAT(client().DeleteGuidGroup(Parse<v1::DeleteGuidGroupRequest>("name: 'g'")), IsOk());
  // Deleted is what nobody can mint in any more.
  EXPECT_FALSE((*made)->Next().ok());
  CreateGroup("lease { seconds: 2 }");
  EXPECT_GT(ServersGuids(1).front(), last);
  ASSERT_TRUE(WaitUntil([&] {
    const absl::StatusOr<std::int64_t> guid = (*made)->Next();
    if (guid.ok()) last = *guid;
    return guid.ok();
  })) << "It goes on in the new group.";
}

}  // namespace
}  // namespace mintmark::e2e
