// Client calls the daemon: a channel, the services' stubs, and a deadline on
// every call that is expected to end.
//
// Threading   One thread calls; Cancel() may come from any.
// Cost        Nothing is connected before the first call.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "control/ctl/call_status.h"
#include "mosaic/v1/config_service.pb.h"
#include "mosaic/v1/monitor_service.pb.h"
#include "mosaic/v1/nf_service.pb.h"
#include "mosaic/v1/observer_service.pb.h"
#include "mosaic/v1/system_service.pb.h"

namespace mosaic::ctl {

// gRPC's name of what an operator writes: "unix:///path", "/path", "host:port",
// "[address]:port". An error says which forms there are.
absl::StatusOr<std::string> GrpcTarget(const std::string& address);

// What to do after a record of a stream.
enum class Next : uint8_t {
  kRead,  // Wait for the next.
  kEnd,   // End the call; it is ok.
};

// What the health service says.
enum class Health : uint8_t {
  kUnknown,     // It does not know the service.
  kServing,     // All is well.
  kNotServing,  // It lives, and does not do its work.
};

class Client {
 public:
  // REQUIRES: `target` comes from GrpcTarget().
  Client(const std::string& target, std::chrono::milliseconds timeout);
  ~Client();

  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Each sends a request and waits for its answer, at most `timeout`. A failure
  // leaves the response empty. UNAVAILABLE also stands for a daemon that never
  // answered, so DEADLINE_EXCEEDED is the daemon's own.
  CallStatus Call(const v1::GetConfigRequest& request,
                  v1::GetConfigResponse& response);
  CallStatus Call(const v1::ApplyConfigRequest& request,
                  v1::ApplyConfigResponse& response);
  CallStatus Call(const v1::CreateMonitorRequest& request,
                  v1::CreateMonitorResponse& response);
  CallStatus Call(const v1::GetMonitorRequest& request,
                  v1::GetMonitorResponse& response);
  CallStatus Call(const v1::ListMonitorsRequest& request,
                  v1::ListMonitorsResponse& response);
  CallStatus Call(const v1::UpdateMonitorRequest& request,
                  v1::UpdateMonitorResponse& response);
  CallStatus Call(const v1::DeleteMonitorRequest& request,
                  v1::DeleteMonitorResponse& response);
  CallStatus Call(const v1::ValidateFilterRequest& request,
                  v1::ValidateFilterResponse& response);
  CallStatus Call(const v1::ListNfTypesRequest& request,
                  v1::ListNfTypesResponse& response);
  CallStatus Call(const v1::CreateNfInstanceRequest& request,
                  v1::CreateNfInstanceResponse& response);
  CallStatus Call(const v1::GetNfInstanceRequest& request,
                  v1::GetNfInstanceResponse& response);
  CallStatus Call(const v1::ListNfInstancesRequest& request,
                  v1::ListNfInstancesResponse& response);
  CallStatus Call(const v1::UpdateNfInstanceRequest& request,
                  v1::UpdateNfInstanceResponse& response);
  CallStatus Call(const v1::DeleteNfInstanceRequest& request,
                  v1::DeleteNfInstanceResponse& response);
  CallStatus Call(const v1::ListFlowsRequest& request,
                  v1::ListFlowsResponse& response);
  CallStatus Call(const v1::GetFlowRequest& request,
                  v1::GetFlowResponse& response);
  CallStatus Call(const v1::GetCapabilitiesRequest& request,
                  v1::GetCapabilitiesResponse& response);
  CallStatus Call(const v1::ListCoresRequest& request,
                  v1::ListCoresResponse& response);
  CallStatus Call(const v1::ListPortsRequest& request,
                  v1::ListPortsResponse& response);
  CallStatus Call(const v1::UndrainRequest& request,
                  v1::UndrainResponse& response);
  CallStatus Call(const v1::SetLogLevelRequest& request,
                  v1::SetLogLevelResponse& response);

  // Reads records until the daemon ends the stream or `on_record` says so. The
  // daemon must be reachable within `timeout`; the stream has no deadline.
  CallStatus Observe(
      const v1::ObserveRequest& request,
      absl::FunctionRef<Next(const v1::ObserveResponse&)> on_record);
  CallStatus Drain(const v1::DrainRequest& request,
                   absl::FunctionRef<Next(const v1::DrainResponse&)> on_record);

  // Asks the health service about `service`; "" is the daemon as a whole.
  CallStatus CheckHealth(const std::string& service, Health& health);

  // Ends the call under way, and every later one at once, as CANCELLED.
  void Cancel();

 private:
  struct Connection;  // What needs gRPC's headers; see client.cc.

  std::unique_ptr<Connection> connection_;
};

}  // namespace mosaic::ctl
