// How streaming calls end when it is not their client that ends them.

#pragma once

#include "control/rpc/rich_error.h"
#include "grpcpp/support/server_callback.h"
#include "grpcpp/support/status.h"

namespace mosaic {

// UNAVAILABLE: the daemon ends; connect again.
inline grpc::Status DaemonEnds() {
  Error error;
  error.code = absl::StatusCode::kUnavailable;
  error.reason = "SHUTTING_DOWN";
  error.message = "the daemon ends";
  error.retry_after = absl::Seconds(1);
  return ToGrpc(error);
}

// Ends a call at once. Its own: it goes when gRPC is done with the call.
template <typename Response>
class RefusedStream final : public grpc::ServerWriteReactor<Response> {
 public:
  explicit RefusedStream(const grpc::Status& status) { this->Finish(status); }
  void OnDone() override { delete this; }
};

}  // namespace mosaic
