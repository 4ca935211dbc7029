// Ctrl-C during work that can be ended at many points.
#pragma once

#include <csignal>

namespace mintmark::client {

// While one exists, the first SIGINT is only noted, so that what was done so far
// can be brought to an end; a second one ends the process as ever. One at a time.
class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  bool interrupted() const;

 private:
  struct sigaction before_ = {};
};

}  // namespace mintmark::client
