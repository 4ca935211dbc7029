#include "tests/e2e/mintmarkd.h"

#include <grpcpp/channel.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <iostream>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/e2e/raw_call.h"

namespace mintmark::e2e {

std::string ProgramPath(absl::string_view name) {
  return absl::StrCat(MINTMARK_PROGRAM_FOLDER, "/", name);
}

Mintmarkd::Mintmarkd(std::string store_url, std::vector<std::string> flags)
    : store_url_(std::move(store_url)), flags_(std::move(flags)) {}

Mintmarkd::~Mintmarkd() {
  process_.reset();
  if (::testing::Test::HasFailure()) {
    std::cerr << "The log of mintmarkd on " << address() << ":\n" << log() << std::endl;
  }
}

void Mintmarkd::Launch() {
  Command command;
  command.arguments = {ProgramPath("mintmarkd"), absl::StrCat("--listen=", address()),
                       absl::StrCat("--store=", store_url_), "--log-format=text"};
  command.arguments.insert(command.arguments.end(), flags_.begin(), flags_.end());
  command.environment = environment_;
  command.output_path = folder_.Path("log");
  process_ = std::make_unique<ChildProcess>(command);
}

absl::Status Mintmarkd::WaitUntilServing() {
  const std::shared_ptr<grpc::Channel> channel = MakeChannel(address());
  bool serving = false;
  WaitUntil([&] {
    serving = IsServing(channel);
    return serving || !running();
  });
  if (serving) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("mintmarkd on ", address(), " does not serve:\n", log()));
}

absl::Status Mintmarkd::Start() {
  Launch();
  return WaitUntilServing();
}

std::optional<int> Mintmarkd::Stop() {
  Signal(SIGTERM);
  const std::optional<int> status = Wait();
  if (!status.has_value()) Kill();
  return status;
}

void Mintmarkd::Kill() {
  Signal(SIGKILL);
  Wait();
}

void Mintmarkd::Pause() {
  if (process_ != nullptr) process_->Pause();
}

void Mintmarkd::Signal(int signal) {
  if (process_ != nullptr) process_->Signal(signal);
}

std::optional<int> Mintmarkd::Wait(std::chrono::milliseconds at_most) {
  return process_ == nullptr ? std::nullopt : process_->Wait(at_most);
}

bool Mintmarkd::WaitForLog(absl::string_view text, std::chrono::milliseconds at_most) const {
  return WaitUntil([&] { return absl::StrContains(log(), text); }, at_most);
}

std::string Mintmarkd::log() const { return ReadFile(folder_.Path("log")); }

}  // namespace mintmark::e2e
