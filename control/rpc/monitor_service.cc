#include "control/rpc/monitor_service.h"

#include "control/core/config_store.h"
#include "control/core/filter_trial.h"
#include "control/rpc/answer.h"

namespace mosaic {

grpc::Status MonitorService::CreateMonitor(
    grpc::ServerContext*, const v1::CreateMonitorRequest* request,
    v1::CreateMonitorResponse* response) {
  return Answer(store_.CreateMonitor(*request), *response);
}

grpc::Status MonitorService::GetMonitor(grpc::ServerContext*,
                                        const v1::GetMonitorRequest* request,
                                        v1::GetMonitorResponse* response) {
  return Answer(store_.GetMonitor(*request), *response);
}

grpc::Status MonitorService::ListMonitors(
    grpc::ServerContext*, const v1::ListMonitorsRequest* request,
    v1::ListMonitorsResponse* response) {
  return Answer(store_.ListMonitors(*request), *response);
}

grpc::Status MonitorService::UpdateMonitor(
    grpc::ServerContext*, const v1::UpdateMonitorRequest* request,
    v1::UpdateMonitorResponse* response) {
  return Answer(store_.UpdateMonitor(*request), *response);
}

grpc::Status MonitorService::DeleteMonitor(
    grpc::ServerContext*, const v1::DeleteMonitorRequest* request,
    v1::DeleteMonitorResponse* response) {
  return Answer(store_.DeleteMonitor(*request), *response);
}

grpc::Status MonitorService::ValidateFilter(
    grpc::ServerContext*, const v1::ValidateFilterRequest* request,
    v1::ValidateFilterResponse* response) {
  return Answer(TryFilter(*request, filters_), *response);
}

}  // namespace mosaic
