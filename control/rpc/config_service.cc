#include "control/rpc/config_service.h"

#include "control/core/config_store.h"
#include "control/rpc/answer.h"

namespace mosaic {

grpc::Status ConfigService::GetConfig(grpc::ServerContext*,
                                      const v1::GetConfigRequest*,
                                      v1::GetConfigResponse* response) {
  *response = store_.GetConfig();
  return grpc::Status::OK;
}

grpc::Status ConfigService::ApplyConfig(grpc::ServerContext*,
                                        const v1::ApplyConfigRequest* request,
                                        v1::ApplyConfigResponse* response) {
  return Answer(store_.ApplyConfig(*request), *response);
}

}  // namespace mosaic
