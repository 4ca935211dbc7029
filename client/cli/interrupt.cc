#include "client/cli/interrupt.h"

namespace mintmark::client {
namespace {

volatile std::sig_atomic_t noted = 0;

void Note(int) { noted = 1; }

}  // namespace

InterruptWatch::InterruptWatch() {
  noted = 0;
  struct sigaction action = {};
  action.sa_handler = Note;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_RESTART;
  sigaction(SIGINT, nullptr, &before_);
  // A process that was started to ignore it, as under nohup, goes on doing so.
  if (before_.sa_handler != SIG_IGN) sigaction(SIGINT, &action, nullptr);
}

InterruptWatch::~InterruptWatch() { sigaction(SIGINT, &before_, nullptr); }

bool InterruptWatch::interrupted() const { return noted != 0; }

}  // namespace mintmark::client
