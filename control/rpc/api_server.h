// ApiServer is the gRPC server with its bounds, behind the sockets that
// ListenSetup names.
//
// Bounds      Per connection: 32 calls at once, 8 KiB of metadata. Per message:
//             1 MiB in, 4 MiB out, which clients take unless told otherwise.
//             In all: Acceptor::kMaxConnections, kMaxThreads, 64 MiB of
//             buffers. A call that finds no thread is refused,
//             RESOURCE_EXHAUSTED.
// Ownership   Borrows the services, which outlive it.
// Threading   Start() and Stop() on one thread; the rest on any.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "control/rpc/acceptor.h"
#include "control/rpc/listen_setup.h"
#include "control/rpc/loopback_socket.h"
#include "control/rpc/unix_socket.h"

namespace grpc {
class Server;
class Service;
}  // namespace grpc

namespace mosaic {

class RpcMetrics;

class ApiServer {
 public:
  static constexpr int kMaxThreads = 16;
  static constexpr int kMaxStreamsPerConnection = 32;
  static constexpr int kMaxMetadataBytes = 8 * 1024;
  static constexpr int kMaxRequestBytes = 1024 * 1024;
  static constexpr int kMaxResponseBytes = 4 * 1024 * 1024;

  // `metrics` outlives the server.
  ApiServer(ListenSetup setup, RpcMetrics& metrics);
  // Stops at once what was not stopped.
  ~ApiServer();

  ApiServer(const ApiServer&) = delete;
  ApiServer& operator=(const ApiServer&) = delete;

  // Serves `services` and reflection of them. Once. FAILED_PRECONDITION or
  // INVALID_ARGUMENT, and nothing is open, where a socket cannot be had.
  absl::Status Start(const std::vector<grpc::Service*>& services);

  // From now on nobody can connect; the socket's file is gone.
  void StopAccepting();
  // Waits for calls in progress; cancels those that last beyond `deadline`.
  void Stop(std::chrono::steady_clock::time_point deadline);

  uint16_t loopback_tcp_port() const;
  Acceptor::Counts connections() const;

 private:
  absl::Status OpenSockets();
  std::unique_ptr<grpc::Server> Build(
      const std::vector<grpc::Service*>& services);

  const ListenSetup setup_;
  RpcMetrics& metrics_;
  std::unique_ptr<UnixSocket> unix_socket_;
  std::unique_ptr<LoopbackSocket> loopback_socket_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Acceptor> acceptor_;
};

}  // namespace mosaic
