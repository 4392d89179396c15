#include "control/rpc/health_service.h"

#include <mutex>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "control/config/diagnostic.h"
#include "control/rpc/open_streams.h"
#include "control/rpc/stream_end.h"

namespace mosaic {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using Serving = HealthCheckResponse::ServingStatus;

constexpr char kReady[] = "mosaic.v1.ready";

Serving StatusOf(const std::string& service, const mosaic::Health& health) {
  if (!service.empty() && service != kReady) {
    return HealthCheckResponse::SERVICE_UNKNOWN;
  }
  const bool well = service.empty() ? health.alive : health.ready;
  return well ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

// One call of Watch: writes the status when it is another one than the last.
// Its own: it goes when gRPC is done with the call.
class HealthStream final : public grpc::ServerWriteReactor<HealthCheckResponse>,
                           public OpenStream {
 public:
  HealthStream(std::string service, HealthService::Source source,
               OpenStreams& streams)
      : service_(std::move(service)),
        source_(std::move(source)),
        streams_(streams) {
    streams_.Add(*this);
    Pump();
  }

  void Pump() override {
    const std::lock_guard lock(mutex_);
    if (writing_ || finished_) return;
    if (ending_.has_value()) {
      finished_ = true;
      Finish(*ending_);
      return;
    }
    const Serving status = StatusOf(service_, source_());
    if (status == written_) return;
    written_ = status;
    response_.set_status(status);
    writing_ = true;
    StartWrite(&response_);
  }

  void End() override { EndWith(DaemonEnds()); }
  void OnCancel() override { EndWith(grpc::Status::CANCELLED); }

  void OnWriteDone(bool ok) override {
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
    }
    if (ok) {
      Pump();
    } else {
      EndWith(grpc::Status::CANCELLED);
    }
  }

  void OnDone() override {
    streams_.Remove(*this);
    // Who called Finish() may still hold it.
    { const std::lock_guard lock(mutex_); }
    delete this;
  }

 private:
  void EndWith(const grpc::Status& status) {
    {
      const std::lock_guard lock(mutex_);
      if (!ending_.has_value()) ending_ = status;
    }
    Pump();
  }

  const std::string service_;
  const HealthService::Source source_;
  OpenStreams& streams_;

  std::mutex mutex_;  // Guards what follows.
  bool writing_ = false;
  bool finished_ = false;
  std::optional<Serving> written_;
  std::optional<grpc::Status> ending_;
  HealthCheckResponse response_;
};

}  // namespace

grpc::Status HealthService::Check(grpc::ServerContext*,
                                  const HealthCheckRequest* request,
                                  HealthCheckResponse* response) {
  response->set_status(StatusOf(request->service(), source_()));
  if (response->status() != HealthCheckResponse::SERVICE_UNKNOWN) {
    return grpc::Status::OK;
  }
  Error error;
  error.code = absl::StatusCode::kNotFound;
  error.reason = error_reason::kNotFound;
  error.message =
      absl::StrCat("there is no service ", config::Quoted(request->service()),
                   "; \"\" and \"", kReady, "\" can be asked for");
  return ToGrpc(error);
}

grpc::ServerWriteReactor<HealthCheckResponse>* HealthService::Watch(
    grpc::CallbackServerContext*, const HealthCheckRequest* request) {
  return new HealthStream(request->service(), source_, streams_);
}

}  // namespace mosaic
