#include "src/store/postgres/watchdog.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace mintmark::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

class WatchdogTest : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets_.data()), 0); }
  void TearDown() override {
    for (const int socket : sockets_) close(socket);
  }

  // Waits for a byte, or for the end.
  ssize_t Receive() {
    char byte = 0;
    return recv(sockets_[0], &byte, 1, 0);
  }

  std::array<int, 2> sockets_{-1, -1};
};

TEST_F(WatchdogTest, CutsASocketThatWaitsForTooLong) {
  Watchdog watchdog{milliseconds(1)};
  const Watchdog::Watch watch(watchdog, sockets_[0], milliseconds(20));
  EXPECT_EQ(Receive(), 0);
  EXPECT_TRUE(watch.HasFired());
}

TEST_F(WatchdogTest, LeavesOthersAlone) {
  Watchdog watchdog{milliseconds(1)};
  const Watchdog::Watch watch(watchdog, sockets_[0], hours(1));
  {
    std::array<int, 2> others{-1, -1};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, others.data()), 0);
    const Watchdog::Watch other(watchdog, others[0], milliseconds(5));
    char byte = 0;
    EXPECT_EQ(recv(others[0], &byte, 1, 0), 0);
    close(others[0]);
    close(others[1]);
  }
  ASSERT_EQ(send(sockets_[1], "x", 1, 0), 1);
  EXPECT_EQ(Receive(), 1);
  EXPECT_FALSE(watch.HasFired());
}

TEST_F(WatchdogTest, ForgetsASocketWithItsWatch) {
  Watchdog watchdog{milliseconds(1)};
  { const Watchdog::Watch watch(watchdog, sockets_[0], milliseconds(10)); }
  // By the time that another one is cut, this one would have been.
  std::array<int, 2> others{-1, -1};
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, others.data()), 0);
  const Watchdog::Watch other(watchdog, others[0], milliseconds(20));
  char byte = 0;
  EXPECT_EQ(recv(others[0], &byte, 1, 0), 0);
  close(others[1]);
  ASSERT_EQ(send(sockets_[1], "x", 1, 0), 1);
  EXPECT_EQ(Receive(), 1);
}

}  // namespace
}  // namespace mintmark::store
