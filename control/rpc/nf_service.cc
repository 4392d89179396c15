#include "control/rpc/nf_service.h"

#include "control/core/config_store.h"
#include "control/core/nf_status.h"
#include "control/rpc/answer.h"

namespace mosaic {

grpc::Status NfService::ListNfTypes(grpc::ServerContext*,
                                    const v1::ListNfTypesRequest*,
                                    v1::ListNfTypesResponse* response) {
  *response = mosaic::ListNfTypes();
  return grpc::Status::OK;
}

grpc::Status NfService::CreateNfInstance(
    grpc::ServerContext*, const v1::CreateNfInstanceRequest* request,
    v1::CreateNfInstanceResponse* response) {
  return Answer(store_.CreateNfInstance(*request), *response);
}

grpc::Status NfService::GetNfInstance(grpc::ServerContext*,
                                      const v1::GetNfInstanceRequest* request,
                                      v1::GetNfInstanceResponse* response) {
  return Answer(store_.GetNfInstance(*request), *response);
}

grpc::Status NfService::ListNfInstances(
    grpc::ServerContext*, const v1::ListNfInstancesRequest* request,
    v1::ListNfInstancesResponse* response) {
  return Answer(store_.ListNfInstances(*request), *response);
}

grpc::Status NfService::UpdateNfInstance(
    grpc::ServerContext*, const v1::UpdateNfInstanceRequest* request,
    v1::UpdateNfInstanceResponse* response) {
  return Answer(store_.UpdateNfInstance(*request), *response);
}

grpc::Status NfService::DeleteNfInstance(
    grpc::ServerContext*, const v1::DeleteNfInstanceRequest* request,
    v1::DeleteNfInstanceResponse* response) {
  return Answer(store_.DeleteNfInstance(*request), *response);
}

}  // namespace mosaic
