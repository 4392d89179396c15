// Serves network functions.
//
// Threading   Any thread, as gRPC calls it.

#pragma once

#include "grpcpp/server_context.h"
#include "mosaic/v1/nf_service.grpc.pb.h"

namespace mosaic {

class ConfigStore;

class NfService final : public v1::NfService::Service {
 public:
  // `store` outlives the service.
  explicit NfService(ConfigStore& store) : store_(store) {}

  grpc::Status ListNfTypes(grpc::ServerContext* context,
                           const v1::ListNfTypesRequest* request,
                           v1::ListNfTypesResponse* response) override;
  grpc::Status CreateNfInstance(
      grpc::ServerContext* context, const v1::CreateNfInstanceRequest* request,
      v1::CreateNfInstanceResponse* response) override;
  grpc::Status GetNfInstance(grpc::ServerContext* context,
                             const v1::GetNfInstanceRequest* request,
                             v1::GetNfInstanceResponse* response) override;
  grpc::Status ListNfInstances(grpc::ServerContext* context,
                               const v1::ListNfInstancesRequest* request,
                               v1::ListNfInstancesResponse* response) override;
  grpc::Status UpdateNfInstance(
      grpc::ServerContext* context, const v1::UpdateNfInstanceRequest* request,
      v1::UpdateNfInstanceResponse* response) override;
  grpc::Status DeleteNfInstance(
      grpc::ServerContext* context, const v1::DeleteNfInstanceRequest* request,
      v1::DeleteNfInstanceResponse* response) override;

 private:
  ConfigStore& store_;
};

}  // namespace mosaic
