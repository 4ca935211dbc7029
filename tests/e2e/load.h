// Callers that draw and count without a pause, for tests in which servers and
// databases stop meanwhile.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "client/client.h"
#include "tests/e2e/id_set.h"

namespace mintmark::e2e {

// A sequence to draw from, and what was drawn.
struct DrawnSequence {
  // `settings` in protobuf's text form; each from 1 to `max_id` by steps of 1.
  DrawnSequence(std::string a_name, std::string a_settings, std::int64_t a_max_id)
      : name(std::move(a_name)), settings(std::move(a_settings)), max_id(a_max_id) {}

  const std::string name;
  const std::string settings;
  const std::int64_t max_id;
  IdSet ids;
};

// One of each kind: windows that adapt, windows of bounded gaps, no gaps, strict.
std::vector<std::unique_ptr<DrawnSequence>> OneSequenceOfEachKind(std::int64_t max_id);

// Creates the sequences; fails the test when it cannot.
void CreateSequences(client::Client& client,
                     const std::vector<std::unique_ptr<DrawnSequence>>& sequences);

// Draws what is left of a sequence, up to its end. Fails the test on any error.
void DrawToTheEnd(client::Client& client, DrawnSequence& sequence);

// Draws from `sequences` in all ways there are, and counts on the counters
// "committed" and "deferred", from construction to Stop(). Every call has to
// succeed, with whatever retries the client makes of it; only a deferred increment
// may end in doubt.
class Load {
 public:
  // Each client is a caller of its own. Clients and sequences outlive the load.
  Load(std::vector<std::unique_ptr<client::Client>> clients,
       const std::vector<std::unique_ptr<DrawnSequence>>& sequences);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Waits until each caller has had a few more answers than now. Fails the test
  // when that takes too long.
  void AwaitProgress();

  // Ends the load; nothing is under way afterwards.
  void Stop();

  // What acknowledged increments add up to.
  std::int64_t committed() const { return committed_; }
  std::int64_t deferred() const { return deferred_; }
  // What those add up to that ended in doubt: calls that reached a server in the
  // moment in which it closed its connections, which gRPC cancels unseen.
  std::int64_t deferred_in_doubt() const { return deferred_in_doubt_; }

 private:
  struct Caller {
    std::unique_ptr<client::Client> client;
    std::atomic<std::int64_t> answers{0};
    std::thread thread;
  };

  void Run(Caller& caller, unsigned seed);
  absl::Status CallOnce(client::Client& client, DrawnSequence& sequence, unsigned kind, int n);

  const std::vector<std::unique_ptr<DrawnSequence>>& sequences_;
  std::atomic<bool> stop_{false};
  std::atomic<std::int64_t> committed_{0};
  std::atomic<std::int64_t> deferred_{0};
  std::atomic<std::int64_t> deferred_in_doubt_{0};
  std::vector<std::unique_ptr<Caller>> callers_;
};

}  // namespace mintmark::e2e
