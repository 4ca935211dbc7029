// Notices that this process was forked off.
#pragma once

#include <atomic>
#include <cstdint>

namespace mintmark::client {

namespace internal {
// Of this process and its ancestors, since one of them made the first guard.
inline std::atomic<std::uint64_t> forks{0};
}  // namespace internal

// What hands out ids from memory stops in a forked child: parent and child would
// hand out the same ones. Safe to use from any thread.
class ForkGuard {
 public:
  ForkGuard();

  // Whether this process is a child of the one that made the guard. Costs next to
  // nothing.
  bool InChild() const { return internal::forks.load(std::memory_order_relaxed) != forks_; }

 private:
  const std::uint64_t forks_;
};

}  // namespace mintmark::client
