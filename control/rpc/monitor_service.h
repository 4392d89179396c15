// Serves monitors: decodes nothing and decides nothing, the store does.
//
// Threading   Any thread, as gRPC calls it.

#pragma once

#include "grpcpp/server_context.h"
#include "mosaic/v1/monitor_service.grpc.pb.h"

namespace mosaic {

class ConfigStore;
class FilterCache;

class MonitorService final : public v1::MonitorService::Service {
 public:
  // Both outlive the service.
  MonitorService(ConfigStore& store, FilterCache& filters)
      : store_(store), filters_(filters) {}

  grpc::Status CreateMonitor(grpc::ServerContext* context,
                             const v1::CreateMonitorRequest* request,
                             v1::CreateMonitorResponse* response) override;
  grpc::Status GetMonitor(grpc::ServerContext* context,
                          const v1::GetMonitorRequest* request,
                          v1::GetMonitorResponse* response) override;
  grpc::Status ListMonitors(grpc::ServerContext* context,
                            const v1::ListMonitorsRequest* request,
                            v1::ListMonitorsResponse* response) override;
  grpc::Status UpdateMonitor(grpc::ServerContext* context,
                             const v1::UpdateMonitorRequest* request,
                             v1::UpdateMonitorResponse* response) override;
  grpc::Status DeleteMonitor(grpc::ServerContext* context,
                             const v1::DeleteMonitorRequest* request,
                             v1::DeleteMonitorResponse* response) override;
  grpc::Status ValidateFilter(grpc::ServerContext* context,
                              const v1::ValidateFilterRequest* request,
                              v1::ValidateFilterResponse* response) override;

 private:
  ConfigStore& store_;
  FilterCache& filters_;
};

}  // namespace mosaic
