// Serves health by gRPC's own protocol: "" is whether the daemon is alive,
// "mosaic.v1.ready" whether it wants traffic.
//
// Threading   Any thread, as gRPC calls it.

#pragma once

#include <functional>

#include "control/rpc/health.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"

namespace mosaic {

class OpenStreams;

class HealthService final
    : public grpc::health::v1::Health::WithCallbackMethod_Watch<
          grpc::health::v1::Health::Service> {
 public:
  // How the daemon does now; from any thread.
  using Source = std::function<mosaic::Health()>;

  // Whoever sees the health change calls streams.PumpAll(). `streams` outlives
  // the service.
  HealthService(Source source, OpenStreams& streams)
      : source_(std::move(source)), streams_(streams) {}

  grpc::Status Check(grpc::ServerContext* context,
                     const grpc::health::v1::HealthCheckRequest* request,
                     grpc::health::v1::HealthCheckResponse* response) override;
  grpc::ServerWriteReactor<grpc::health::v1::HealthCheckResponse>* Watch(
      grpc::CallbackServerContext* context,
      const grpc::health::v1::HealthCheckRequest* request) override;

 private:
  const Source source_;
  OpenStreams& streams_;
};

}  // namespace mosaic
