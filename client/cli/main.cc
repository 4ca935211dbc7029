// The command `mintmark`.
#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <cstdio>
#include <exception>

#include "client/cli/exit_status.h"
#include "client/cli/run.h"

int main(int argc, char** argv) {
  // What these libraries log to stderr comes as an error as well.
  gpr_set_log_function([](gpr_log_func_args*) {});
  google::protobuf::SetLogHandler(nullptr);
  try {
    return mintmark::client::RunCommandLine(argc, argv, stdout, stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mintmark: %s\n", error.what());
    return mintmark::client::kExitOther;
  }
}
