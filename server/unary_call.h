// One unary rpc, from the bytes of its request to those of its reply.
#pragma once

#include <google/protobuf/arena.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <memory>
#include <utility>

#include "absl/status/status.h"
#include "server/call_deadline.h"
#include "server/clock.h"
#include "server/config.h"
#include "server/message_bytes.h"
#include "server/rpc_error.h"
#include "src/core/reason.h"
#include "src/engine/engine.h"

namespace mintmark::server {

// What all calls work with. Outlives them.
struct Backend {
  engine::Engine& engine;
  const Config& config;
};

// The reply side of an rpc. The context and the bytes belong to gRPC, which keeps
// them until Finish, also when the client has gone; after it they must not be
// touched. gRPC's own reactor is used because it needs no memory and no other
// thread to end a call.
class Reply {
 public:
  Reply(grpc::CallbackServerContext& context, grpc::ByteBuffer& bytes)
      : context_(&context), bytes_(&bytes), reactor_(context.DefaultReactor()) {}

  // What the method's handler has to return.
  grpc::ServerUnaryReactor* reactor() const { return reactor_; }

  void Finish(const google::protobuf::MessageLite& message) {
    WriteMessage(message, *bytes_);
    reactor_->Finish(grpc::Status::OK);
  }

  void FinishWithError(const absl::Status& status, const Subject& subject) {
    reactor_->Finish(PutError(status, subject, *context_));
  }

 private:
  grpc::CallbackServerContext* context_;
  grpc::ByteBuffer* bytes_;
  grpc::ServerUnaryReactor* reactor_;
};

// Memory for a message that lives as long as a function call. Small ones fit into
// the stack.
class MessageMemory {
 public:
  MessageMemory() : arena_(Options(block_)) {}

  template <typename Message>
  Message& Make() {
    return *google::protobuf::Arena::CreateMessage<Message>(&arena_);
  }

 private:
  static constexpr std::size_t kBlockBytes = 768;

  static google::protobuf::ArenaOptions Options(char* block) {
    google::protobuf::ArenaOptions options;
    options.initial_block = block;
    options.initial_block_size = kBlockBytes;
    return options;
  }

  alignas(std::max_align_t) char block_[kBlockBytes];
  google::protobuf::Arena arena_;
};

// An rpc that one call of the engine answers. `Method` says how:
//
//   using Request, Response     the messages
//   using EngineCall            a class derived from engine::Call
//   absl::Status Read(Request&, const Config&, EngineCall&)
//                               checks the request and moves it into the call
//   void Submit(engine::Engine&, EngineCall&, Time)
//   void Write(EngineCall&, const Config&, Response&)
//                               fills in the response of a call that is OK
//   Subject SubjectOf(const EngineCall&)
//   absl::Status Check(EngineCall&)
//                               optional: what is still to be found out when the
//                               engine has answered
//
// The object is all the memory that a call needs, the results apart. It deletes
// itself when the engine has answered.
template <typename Method>
class UnaryCall final : public Method::EngineCall {
 public:
  static grpc::ServerUnaryReactor* Start(const Backend& backend,
                                         grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request,
                                         grpc::ByteBuffer& response) {
    auto call = std::unique_ptr<UnaryCall>(new UnaryCall(backend, context, response));
    grpc::ServerUnaryReactor* const reactor = call->reply_.reactor();
    const absl::Status status = call->Read(request);
    if (!status.ok()) {
      // The name may be what is wrong, so that it is not told.
      call->reply_.FinishWithError(status, Subject());
      return reactor;
    }
    const Time now = BootNow();
    call->deadline = DeadlineOf(context, backend.config, now);
    Method::Submit(backend.engine, *call.release(), now);
    return reactor;
  }

  void Done(const absl::Status& status) override {
    const std::unique_ptr<UnaryCall> self(this);
    if (!status.ok()) {
      reply_.FinishWithError(status, Method::SubjectOf(*this));
      return;
    }
    if constexpr (requires(UnaryCall & call) { Method::Check(call); }) {
      if (const absl::Status found = Method::Check(*this); !found.ok()) {
        reply_.FinishWithError(found, Method::SubjectOf(*this));
        return;
      }
    }
    MessageMemory memory;
    auto& response = memory.Make<typename Method::Response>();
    Method::Write(*this, *config_, response);
    reply_.Finish(response);
  }

 private:
  UnaryCall(const Backend& backend, grpc::CallbackServerContext& context,
            grpc::ByteBuffer& response)
      : config_(&backend.config), reply_(context, response) {}

  absl::Status Read(const grpc::ByteBuffer& bytes) {
    MessageMemory memory;
    auto& request = memory.Make<typename Method::Request>();
    const absl::Status status = ReadMessage(bytes, config_->max_message_bytes, request);
    return status.ok() ? Method::Read(request, *config_, *this) : status;
  }

  const Config* const config_;
  Reply reply_;
};

}  // namespace mintmark::server
