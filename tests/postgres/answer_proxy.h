// A proxy between a lane and its server that can lose answers.
#pragma once

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

namespace mintmark::testing {

// Listens on 127.0.0.1 and passes bytes on to a server there.
class AnswerProxy {
 public:
  explicit AnswerProxy(int server_port);
  ~AnswerProxy();
  AnswerProxy(const AnswerProxy&) = delete;
  AnswerProxy& operator=(const AnswerProxy&) = delete;

  int port() const { return port_; }

  // From now on, what the server answers on connections that are open is thrown
  // away. New connections are sound.
  void LoseAnswers();

  // Breaks what is open on the client's side; the server's side stays open, as
  // when a machine loses its network.
  void CutClients();

 private:
  struct Link {
    int client = -1;
    int server = -1;
    bool loses_answers = false;
    bool is_cut = false;
  };

  void Run();
  // Passes on what there is; false when either side is done.
  bool PassOn(Link& link, bool client_is_readable, bool server_is_readable);

  const int server_port_;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<bool> is_stopping_{false};
  std::mutex mutex_;
  std::vector<Link> links_;
  std::thread thread_;
};

}  // namespace mintmark::testing
