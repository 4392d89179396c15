#include "control/rpc/api_server.h"

#include <utility>

#include "control/rpc/method_metrics.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_posix.h"

namespace mosaic {
namespace {

constexpr size_t kBufferBytes = size_t{64} << 20;
// Threads that wait for calls; more come while these are in one.
constexpr int kMinPollers = 1;
constexpr int kMaxPollers = 2;

void SetBounds(grpc::ServerBuilder& builder) {
  grpc::ResourceQuota quota("api");
  quota.Resize(kBufferBytes);
  quota.SetMaxThreads(ApiServer::kMaxThreads);
  builder.SetResourceQuota(quota)
      .SetMaxReceiveMessageSize(ApiServer::kMaxRequestBytes)
      .SetMaxSendMessageSize(ApiServer::kMaxResponseBytes)
      .AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS,
                          ApiServer::kMaxStreamsPerConnection)
      .AddChannelArgument(GRPC_ARG_MAX_METADATA_SIZE,
                          ApiServer::kMaxMetadataBytes)
      .SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1)
      .SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, kMinPollers)
      .SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, kMaxPollers);
}

}  // namespace

ApiServer::ApiServer(ListenSetup setup, RpcMetrics& metrics)
    : setup_(std::move(setup)), metrics_(metrics) {}

ApiServer::~ApiServer() { Stop(std::chrono::steady_clock::now()); }

absl::Status ApiServer::Start(const std::vector<grpc::Service*>& services) {
  if (absl::Status opened = OpenSockets(); !opened.ok()) {
    unix_socket_ = nullptr;
    return opened;
  }
  server_ = Build(services);
  if (server_ == nullptr) {
    return absl::InternalError("gRPC does not start; its log says why");
  }
  std::vector<Acceptor::Listener> listeners;
  if (unix_socket_ != nullptr) {
    listeners.push_back({unix_socket_->fd(), Acceptor::Peers::kChecked});
  }
  if (loopback_socket_ != nullptr) {
    listeners.push_back({loopback_socket_->fd(), Acceptor::Peers::kAnybody});
  }
  PeerPolicy policy = RootAndSelf();
  if (setup_.allowed_uids.has_value()) policy.uids = *setup_.allowed_uids;
  policy.group = setup_.allowed_gid;
  acceptor_ = std::make_unique<Acceptor>(
      std::move(listeners), std::move(policy),
      [this](int fd) { grpc::AddInsecureChannelFromFd(server_.get(), fd); });
  return acceptor_->Start();
}

absl::Status ApiServer::OpenSockets() {
  if (!setup_.socket_path.empty()) {
    absl::StatusOr<std::unique_ptr<UnixSocket>> socket =
        UnixSocket::Listen(setup_.socket_path, setup_.allowed_gid);
    if (!socket.ok()) return socket.status();
    unix_socket_ = *std::move(socket);
  }
  if (setup_.loopback_tcp_port.has_value()) {
    absl::StatusOr<std::unique_ptr<LoopbackSocket>> socket =
        LoopbackSocket::Listen(*setup_.loopback_tcp_port);
    if (!socket.ok()) return socket.status();
    loopback_socket_ = *std::move(socket);
  }
  return absl::OkStatus();
}

std::unique_ptr<grpc::Server> ApiServer::Build(
    const std::vector<grpc::Service*>& services) {
  // Takes effect on every builder that is made behind it.
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  grpc::ServerBuilder builder;
  SetBounds(builder);
  for (grpc::Service* service : services) builder.RegisterService(service);
  std::vector<
      std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>>
      interceptors;
  interceptors.push_back(std::make_unique<MethodMetrics>(metrics_));
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  return builder.BuildAndStart();
}

void ApiServer::StopAccepting() {
  if (acceptor_ != nullptr) acceptor_->Stop();
  unix_socket_ = nullptr;
  loopback_socket_ = nullptr;
}

void ApiServer::Stop(std::chrono::steady_clock::time_point deadline) {
  if (server_ == nullptr) return;
  StopAccepting();
  server_->Shutdown(std::chrono::system_clock::now() +
                    (deadline - std::chrono::steady_clock::now()));
  server_->Wait();
  server_ = nullptr;
}

uint16_t ApiServer::loopback_tcp_port() const {
  return loopback_socket_ == nullptr ? uint16_t{0} : loopback_socket_->port();
}

Acceptor::Counts ApiServer::connections() const {
  return acceptor_ == nullptr ? Acceptor::Counts() : acceptor_->counts();
}

}  // namespace mosaic
