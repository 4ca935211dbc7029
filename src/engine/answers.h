// Answers collected under a lane's lock and delivered after it.
#pragma once

#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "src/engine/calls.h"

namespace mintmark::engine {

// The deadline ended, or the store forgot, while the outcome was not known.
absl::Status InDoubt();
// The deadline ended before anything was tried.
absl::Status NotExecuted();
// The request id belongs to a call with other parameters.
absl::Status RequestIdReused();
// There is no room for another request id.
absl::Status RequestIdsFull();

class Answers {
 public:
  void Add(Call& call, absl::Status status) { answers_.emplace_back(&call, std::move(status)); }

  // Calls Done() of each in order. With no lock held.
  void Deliver() {
    for (auto& [call, status] : answers_) call->Done(status);
    answers_.clear();
  }

  std::size_t size() const { return answers_.size(); }

 private:
  std::vector<std::pair<Call*, absl::Status>> answers_;
};

}  // namespace mintmark::engine
