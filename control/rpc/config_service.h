// Serves the configuration as a whole.
//
// Threading   Any thread, as gRPC calls it.

#pragma once

#include "grpcpp/server_context.h"
#include "mosaic/v1/config_service.grpc.pb.h"

namespace mosaic {

class ConfigStore;

class ConfigService final : public v1::ConfigService::Service {
 public:
  // `store` outlives the service.
  explicit ConfigService(ConfigStore& store) : store_(store) {}

  grpc::Status GetConfig(grpc::ServerContext* context,
                         const v1::GetConfigRequest* request,
                         v1::GetConfigResponse* response) override;
  grpc::Status ApplyConfig(grpc::ServerContext* context,
                           const v1::ApplyConfigRequest* request,
                           v1::ApplyConfigResponse* response) override;

 private:
  ConfigStore& store_;
};

}  // namespace mosaic
