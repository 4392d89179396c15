// Serves what the daemon is, drain and log level.
//
// Threading   Any thread, as gRPC calls it.

#pragma once

#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "mosaic/v1/system_service.grpc.pb.h"

namespace mosaic {

class DrainControl;
class LogControl;
class OpenStreams;
class SystemInfo;

class SystemService final : public v1::SystemService::WithCallbackMethod_Drain<
                                v1::SystemService::Service> {
 public:
  // All outlive the service. Without `log`, SetLogLevel is UNIMPLEMENTED.
  SystemService(SystemInfo& info, DrainControl& drain, LogControl* log,
                OpenStreams& streams)
      : info_(info), drain_(drain), log_(log), streams_(streams) {}

  grpc::Status GetCapabilities(grpc::ServerContext* context,
                               const v1::GetCapabilitiesRequest* request,
                               v1::GetCapabilitiesResponse* response) override;
  grpc::Status ListCores(grpc::ServerContext* context,
                         const v1::ListCoresRequest* request,
                         v1::ListCoresResponse* response) override;
  grpc::Status ListPorts(grpc::ServerContext* context,
                         const v1::ListPortsRequest* request,
                         v1::ListPortsResponse* response) override;
  grpc::ServerWriteReactor<v1::DrainResponse>* Drain(
      grpc::CallbackServerContext* context,
      const v1::DrainRequest* request) override;
  grpc::Status Undrain(grpc::ServerContext* context,
                       const v1::UndrainRequest* request,
                       v1::UndrainResponse* response) override;
  grpc::Status SetLogLevel(grpc::ServerContext* context,
                           const v1::SetLogLevelRequest* request,
                           v1::SetLogLevelResponse* response) override;

 private:
  SystemInfo& info_;
  DrainControl& drain_;
  LogControl* const log_;
  OpenStreams& streams_;
};

}  // namespace mosaic
