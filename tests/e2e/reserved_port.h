// A port that nobody else takes.
#pragma once

#include <string>

namespace mintmark::e2e {

// A port of 127.0.0.1, held by a socket that is bound to it and does not listen:
// connections are refused until a program listens there (with SO_REUSEADDR, which
// lets it bind too), and again when it has ended. No other process is given it.
class ReservedPort {
 public:
  ReservedPort();
  ~ReservedPort();
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;

  // "127.0.0.1:PORT".
  const std::string& address() const { return address_; }

  // From now on this socket listens itself, so that no other program can.
  void Occupy() const;

 private:
  int socket_ = -1;
  std::string address_;
};

}  // namespace mintmark::e2e
