// A server whose NextN does nothing: what the library and the machine allow, to
// compare mintmarkd with.
//
//   empty_server HOST:PORT
//
// Raw callback methods and the settings of gRPC as mintmarkd has them; requests are
// not read, replies are empty messages.
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/server.h>
#include <grpcpp/server_builder.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>
#include <grpcpp/support/slice.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "server/config.h"
#include "server/id_service.h"
#include "server/server.h"

namespace mintmark {
namespace {

class EmptyService final : public server::raw::IdService {
 public:
  grpc::ServerUnaryReactor* NextN(grpc::CallbackServerContext* context,
                                  const grpc::ByteBuffer* /*request*/,
                                  grpc::ByteBuffer* response) override {
    const grpc::Slice nothing;
    *response = grpc::ByteBuffer(&nothing, 1);
    grpc::ServerUnaryReactor* const reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }
};

int Serve(const char* address) {
  EmptyService service;
  grpc::ServerBuilder builder;
  server::SetGrpcArguments(server::Config(), builder);
  builder.AddListeningPort(address, grpc::InsecureServerCredentials());
  builder.RegisterService(&service);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  if (server == nullptr) {
    std::fprintf(stderr, "empty_server: cannot listen on %s\n", address);
    return EXIT_FAILURE;
  }
  server->Wait();
  return EXIT_SUCCESS;
}

}  // namespace
}  // namespace mintmark

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: empty_server HOST:PORT\n");
    return 2;
  }
  return mintmark::Serve(argv[1]);
}
