#include "control/rpc/system_service.h"

#include "control/core/drain_control.h"
#include "control/core/log_control.h"
#include "control/core/system_info.h"
#include "control/rpc/answer.h"
#include "control/rpc/drain_stream.h"
#include "control/rpc/stream_end.h"

namespace mosaic {

grpc::Status SystemService::GetCapabilities(
    grpc::ServerContext*, const v1::GetCapabilitiesRequest*,
    v1::GetCapabilitiesResponse* response) {
  *response = info_.GetCapabilities();
  return grpc::Status::OK;
}

grpc::Status SystemService::ListCores(grpc::ServerContext*,
                                      const v1::ListCoresRequest*,
                                      v1::ListCoresResponse* response) {
  *response = info_.ListCores();
  return grpc::Status::OK;
}

grpc::Status SystemService::ListPorts(grpc::ServerContext*,
                                      const v1::ListPortsRequest*,
                                      v1::ListPortsResponse* response) {
  *response = info_.ListPorts();
  return grpc::Status::OK;
}

grpc::ServerWriteReactor<v1::DrainResponse>* SystemService::Drain(
    grpc::CallbackServerContext*, const v1::DrainRequest* request) {
  if (const MaybeError error = drain_.Start(*request); error.has_value()) {
    return new RefusedStream<v1::DrainResponse>(ToGrpc(*error));
  }
  return new DrainStream(drain_, streams_);
}

grpc::Status SystemService::Undrain(grpc::ServerContext*,
                                    const v1::UndrainRequest*,
                                    v1::UndrainResponse*) {
  drain_.Undrain();
  return grpc::Status::OK;
}

grpc::Status SystemService::SetLogLevel(grpc::ServerContext*,
                                        const v1::SetLogLevelRequest* request,
                                        v1::SetLogLevelResponse* response) {
  if (log_ == nullptr) {
    return {grpc::StatusCode::UNIMPLEMENTED, "nothing is logged here"};
  }
  const Result<LogControl::Levels> levels =
      log_->SetLevel(request->component(), request->level());
  if (!levels.ok()) return ToGrpc(levels.error());
  response->mutable_levels()->insert(levels.value().begin(),
                                     levels.value().end());
  return grpc::Status::OK;
}

}  // namespace mosaic
