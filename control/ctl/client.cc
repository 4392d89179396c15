#include "control/ctl/client.h"

#include <mutex>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "control/config/diagnostic.h"
#include "grpc/health/v1/health.grpc.pb.h"
#include "grpcpp/grpcpp.h"
#include "mosaic/v1/config_service.grpc.pb.h"
#include "mosaic/v1/monitor_service.grpc.pb.h"
#include "mosaic/v1/nf_service.grpc.pb.h"
#include "mosaic/v1/observer_service.grpc.pb.h"
#include "mosaic/v1/system_service.grpc.pb.h"

namespace mosaic::ctl {
namespace {

namespace health_v1 = grpc::health::v1;

// A page of 1000 flows with long names stays below.
constexpr int kMaxMessageBytes = 16 * 1024 * 1024;

std::shared_ptr<grpc::Channel> MakeChannel(const std::string& target) {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(kMaxMessageBytes);
  // A proxy of the environment is never between an operator and the daemon.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  return grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(),
                                   arguments);
}

}  // namespace

absl::StatusOr<std::string> GrpcTarget(const std::string& address) {
  if (absl::StartsWith(address, "unix:/")) return address;
  if (absl::StartsWith(address, "/")) return absl::StrCat("unix://", address);
  const size_t colon = address.rfind(':');
  uint32_t port = 0;
  if (colon != std::string::npos && colon > 0 &&
      address.find('/') == std::string::npos &&
      absl::SimpleAtoi(address.substr(colon + 1), &port) && port > 0 &&
      port <= 65535) {
    return absl::StrCat("dns:///", address);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("address ", config::Quoted(address),
                   " is none; allowed: unix:///PATH, HOST:PORT, [IPV6]:PORT"));
}

struct Client::Connection {
  Connection(const std::string& target, std::chrono::milliseconds call_timeout)
      : timeout(call_timeout),
        channel(MakeChannel(target)),
        config(v1::ConfigService::NewStub(channel)),
        monitors(v1::MonitorService::NewStub(channel)),
        nfs(v1::NfService::NewStub(channel)),
        observer(v1::ObserverService::NewStub(channel)),
        system(v1::SystemService::NewStub(channel)),
        health(health_v1::Health::NewStub(channel)) {}

  // The call under way, for Cancel().
  class Current {
   public:
    Current(Connection& connection, grpc::ClientContext& context)
        : connection_(connection) {
      const std::lock_guard lock(connection_.mutex);
      connection_.current = &context;
      if (connection_.cancelled) context.TryCancel();
    }
    ~Current() {
      const std::lock_guard lock(connection_.mutex);
      connection_.current = nullptr;
    }
    Current(const Current&) = delete;
    Current& operator=(const Current&) = delete;

   private:
    Connection& connection_;
  };

  CallStatus ToStatus(const grpc::Status& status) {
    if (status.ok()) return {};
    auto code = static_cast<absl::StatusCode>(status.error_code());
    std::string message = status.error_message();
    if (code == absl::StatusCode::kDeadlineExceeded &&
        channel->GetState(false) != GRPC_CHANNEL_READY) {
      code = absl::StatusCode::kUnavailable;
      message = absl::StrCat("no answer within ", timeout.count(), " ms");
    }
    return FailedCall(code, std::move(message), status.error_details());
  }

  template <typename Stub, typename Request, typename Response>
  CallStatus Unary(Stub& stub,
                   grpc::Status (Stub::*method)(grpc::ClientContext*,
                                                const Request&, Response*),
                   const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + timeout);
    const Current call(*this, context);
    return ToStatus((stub.*method)(&context, request, &response));
  }

  // `open` begins the stream in the context that it is given. A stream has no
  // deadline, so a short call asks first whether anybody is there.
  template <typename Record, typename Open>
  CallStatus Stream(Open open,
                    absl::FunctionRef<Next(const Record&)> on_record) {
    v1::GetCapabilitiesResponse reached;
    if (CallStatus status =
            Unary(*system, &v1::SystemService::Stub::GetCapabilities,
                  v1::GetCapabilitiesRequest(), reached);
        !status.ok()) {
      return status;
    }
    grpc::ClientContext context;
    const Current call(*this, context);
    const std::unique_ptr<grpc::ClientReader<Record>> reader = open(&context);
    bool ended_here = false;
    Record record;
    while (reader->Read(&record)) {
      if (on_record(record) == Next::kRead) continue;
      ended_here = true;
      context.TryCancel();
      break;
    }
    const grpc::Status status = reader->Finish();
    if (ended_here) return {};
    return ToStatus(status);
  }

  const std::chrono::milliseconds timeout;
  const std::shared_ptr<grpc::Channel> channel;
  const std::unique_ptr<v1::ConfigService::Stub> config;
  const std::unique_ptr<v1::MonitorService::Stub> monitors;
  const std::unique_ptr<v1::NfService::Stub> nfs;
  const std::unique_ptr<v1::ObserverService::Stub> observer;
  const std::unique_ptr<v1::SystemService::Stub> system;
  const std::unique_ptr<health_v1::Health::Stub> health;

  std::mutex mutex;  // Guards what follows.
  grpc::ClientContext* current = nullptr;
  bool cancelled = false;
};

Client::Client(const std::string& target, std::chrono::milliseconds timeout)
    : connection_(std::make_unique<Connection>(target, timeout)) {}

Client::~Client() = default;

CallStatus Client::Call(const v1::GetConfigRequest& request,
                        v1::GetConfigResponse& response) {
  return connection_->Unary(*connection_->config,
                            &v1::ConfigService::Stub::GetConfig, request,
                            response);
}

CallStatus Client::Call(const v1::ApplyConfigRequest& request,
                        v1::ApplyConfigResponse& response) {
  return connection_->Unary(*connection_->config,
                            &v1::ConfigService::Stub::ApplyConfig, request,
                            response);
}

CallStatus Client::Call(const v1::CreateMonitorRequest& request,
                        v1::CreateMonitorResponse& response) {
  return connection_->Unary(*connection_->monitors,
                            &v1::MonitorService::Stub::CreateMonitor, request,
                            response);
}

CallStatus Client::Call(const v1::GetMonitorRequest& request,
                        v1::GetMonitorResponse& response) {
  return connection_->Unary(*connection_->monitors,
                            &v1::MonitorService::Stub::GetMonitor, request,
                            response);
}

CallStatus Client::Call(const v1::ListMonitorsRequest& request,
                        v1::ListMonitorsResponse& response) {
  return connection_->Unary(*connection_->monitors,
                            &v1::MonitorService::Stub::ListMonitors, request,
                            response);
}

CallStatus Client::Call(const v1::UpdateMonitorRequest& request,
                        v1::UpdateMonitorResponse& response) {
  return connection_->Unary(*connection_->monitors,
                            &v1::MonitorService::Stub::UpdateMonitor, request,
                            response);
}

CallStatus Client::Call(const v1::DeleteMonitorRequest& request,
                        v1::DeleteMonitorResponse& response) {
  return connection_->Unary(*connection_->monitors,
                            &v1::MonitorService::Stub::DeleteMonitor, request,
                            response);
}

CallStatus Client::Call(const v1::ValidateFilterRequest& request,
                        v1::ValidateFilterResponse& response) {
  return connection_->Unary(*connection_->monitors,
                            &v1::MonitorService::Stub::ValidateFilter, request,
                            response);
}

CallStatus Client::Call(const v1::ListNfTypesRequest& request,
                        v1::ListNfTypesResponse& response) {
  return connection_->Unary(
      *connection_->nfs, &v1::NfService::Stub::ListNfTypes, request, response);
}

CallStatus Client::Call(const v1::CreateNfInstanceRequest& request,
                        v1::CreateNfInstanceResponse& response) {
  return connection_->Unary(*connection_->nfs,
                            &v1::NfService::Stub::CreateNfInstance, request,
                            response);
}

CallStatus Client::Call(const v1::GetNfInstanceRequest& request,
                        v1::GetNfInstanceResponse& response) {
  return connection_->Unary(*connection_->nfs,
                            &v1::NfService::Stub::GetNfInstance, request,
                            response);
}

CallStatus Client::Call(const v1::ListNfInstancesRequest& request,
                        v1::ListNfInstancesResponse& response) {
  return connection_->Unary(*connection_->nfs,
                            &v1::NfService::Stub::ListNfInstances, request,
                            response);
}

CallStatus Client::Call(const v1::UpdateNfInstanceRequest& request,
                        v1::UpdateNfInstanceResponse& response) {
  return connection_->Unary(*connection_->nfs,
                            &v1::NfService::Stub::UpdateNfInstance, request,
                            response);
}

CallStatus Client::Call(const v1::DeleteNfInstanceRequest& request,
                        v1::DeleteNfInstanceResponse& response) {
  return connection_->Unary(*connection_->nfs,
                            &v1::NfService::Stub::DeleteNfInstance, request,
                            response);
}

CallStatus Client::Call(const v1::ListFlowsRequest& request,
                        v1::ListFlowsResponse& response) {
  return connection_->Unary(*connection_->observer,
                            &v1::ObserverService::Stub::ListFlows, request,
                            response);
}

CallStatus Client::Call(const v1::GetFlowRequest& request,
                        v1::GetFlowResponse& response) {
  return connection_->Unary(*connection_->observer,
                            &v1::ObserverService::Stub::GetFlow, request,
                            response);
}

CallStatus Client::Call(const v1::GetCapabilitiesRequest& request,
                        v1::GetCapabilitiesResponse& response) {
  return connection_->Unary(*connection_->system,
                            &v1::SystemService::Stub::GetCapabilities, request,
                            response);
}

CallStatus Client::Call(const v1::ListCoresRequest& request,
                        v1::ListCoresResponse& response) {
  return connection_->Unary(*connection_->system,
                            &v1::SystemService::Stub::ListCores, request,
                            response);
}

CallStatus Client::Call(const v1::ListPortsRequest& request,
                        v1::ListPortsResponse& response) {
  return connection_->Unary(*connection_->system,
                            &v1::SystemService::Stub::ListPorts, request,
                            response);
}

CallStatus Client::Call(const v1::UndrainRequest& request,
                        v1::UndrainResponse& response) {
  return connection_->Unary(*connection_->system,
                            &v1::SystemService::Stub::Undrain, request,
                            response);
}

CallStatus Client::Call(const v1::SetLogLevelRequest& request,
                        v1::SetLogLevelResponse& response) {
  return connection_->Unary(*connection_->system,
                            &v1::SystemService::Stub::SetLogLevel, request,
                            response);
}

CallStatus Client::Observe(
    const v1::ObserveRequest& request,
    absl::FunctionRef<Next(const v1::ObserveResponse&)> on_record) {
  return connection_->Stream<v1::ObserveResponse>(
      [&](grpc::ClientContext* context) {
        return connection_->observer->Observe(context, request);
      },
      on_record);
}

CallStatus Client::Drain(
    const v1::DrainRequest& request,
    absl::FunctionRef<Next(const v1::DrainResponse&)> on_record) {
  return connection_->Stream<v1::DrainResponse>(
      [&](grpc::ClientContext* context) {
        return connection_->system->Drain(context, request);
      },
      on_record);
}

CallStatus Client::CheckHealth(const std::string& service, Health& health) {
  health_v1::HealthCheckRequest request;
  request.set_service(service);
  health_v1::HealthCheckResponse response;
  CallStatus status = connection_->Unary(
      *connection_->health, &health_v1::Health::Stub::Check, request, response);
  health = Health::kUnknown;
  if (status.code == absl::StatusCode::kNotFound) return {};
  if (!status.ok()) return status;
  health = response.status() == health_v1::HealthCheckResponse::SERVING
               ? Health::kServing
               : Health::kNotServing;
  return {};
}

void Client::Cancel() {
  const std::lock_guard lock(connection_->mutex);
  connection_->cancelled = true;
  if (connection_->current != nullptr) connection_->current->TryCancel();
}

}  // namespace mosaic::ctl
