#include "control/rpc/method_metrics.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "control/rpc/rpc_metrics.h"

namespace mosaic {
namespace {

using Clock = std::chrono::steady_clock;
using grpc::experimental::InterceptionHookPoints;

class CallRecorder final : public grpc::experimental::Interceptor {
 public:
  CallRecorder(RpcMetrics& metrics, std::string_view method)
      : metrics_(metrics), method_(method) {}

  // A call that sends no status has been given up by its client.
  ~CallRecorder() override {
    // "/mosaic.v1.MonitorService/GetMonitor"
    const std::string_view path = method_;
    const size_t slash = path.rfind('/');
    metrics_.Record(path.substr(1, slash - 1), path.substr(slash + 1), code_,
                    Clock::now() - begin_);
  }

  void Intercept(
      grpc::experimental::InterceptorBatchMethods* methods) override {
    if (methods->QueryInterceptionHookPoint(
            InterceptionHookPoints::PRE_SEND_STATUS)) {
      code_ =
          static_cast<absl::StatusCode>(methods->GetSendStatus().error_code());
    }
    methods->Proceed();
  }

 private:
  RpcMetrics& metrics_;
  const std::string method_;
  const Clock::time_point begin_ = Clock::now();
  absl::StatusCode code_ = absl::StatusCode::kCancelled;
};

}  // namespace

grpc::experimental::Interceptor* MethodMetrics::CreateServerInterceptor(
    grpc::experimental::ServerRpcInfo* call) {
  return new CallRecorder(metrics_, call->method());
}

}  // namespace mosaic
