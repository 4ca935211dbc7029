#include "client/fork_guard.h"

#include <pthread.h>

#include "src/core/check.h"

namespace mintmark::client {
namespace {

void CountFork() { internal::forks.fetch_add(1, std::memory_order_relaxed); }

std::uint64_t CountFromNowOn() {
  static const bool counting = pthread_atfork(nullptr, nullptr, &CountFork) == 0;
  MINTMARK_CHECK(counting);
  return internal::forks.load(std::memory_order_relaxed);
}

}  // namespace

ForkGuard::ForkGuard() : forks_(CountFromNowOn()) {}

}  // namespace mintmark::client
