// MethodMetrics lets every call that ends be counted by RpcMetrics, by its
// method, its code and how long it took.
//
// Threading   Any thread, as gRPC calls it.

#pragma once

#include "grpcpp/support/server_interceptor.h"

namespace mosaic {

class RpcMetrics;

class MethodMetrics final
    : public grpc::experimental::ServerInterceptorFactoryInterface {
 public:
  // `metrics` outlives the server.
  explicit MethodMetrics(RpcMetrics& metrics) : metrics_(metrics) {}

  // Of one call; gRPC owns it, and ends it with the call.
  grpc::experimental::Interceptor* CreateServerInterceptor(
      grpc::experimental::ServerRpcInfo* call) override;

 private:
  RpcMetrics& metrics_;
};

}  // namespace mosaic
