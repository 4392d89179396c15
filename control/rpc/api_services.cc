#include "control/rpc/api_services.h"

#include <array>
#include <string>

#include "control/core/system_info.h"
#include "control/rpc/config_service.h"
#include "control/rpc/health_service.h"
#include "control/rpc/monitor_service.h"
#include "control/rpc/nf_service.h"
#include "control/rpc/observer_service.h"
#include "control/rpc/system_service.h"
#include "dataplane/base/check.h"
#include "google/protobuf/descriptor.h"

namespace mosaic {

ApiServices::ApiServices(const Sources& s) {
  services_.push_back(std::make_unique<MonitorService>(s.store, s.filters));
  services_.push_back(std::make_unique<NfService>(s.store));
  services_.push_back(std::make_unique<ConfigService>(s.store));
  services_.push_back(std::make_unique<ObserverService>(
      ObserverService::Sources{s.events, s.flows, s.applier, s.streams, s.clock,
                               s.wall_time, s.system.boot_id()}));
  services_.push_back(
      std::make_unique<SystemService>(s.system, s.drain, s.log, s.streams));
  services_.push_back(std::make_unique<HealthService>(s.health, s.streams));
}

ApiServices::~ApiServices() = default;

std::vector<grpc::Service*> ApiServices::All() const {
  std::vector<grpc::Service*> all;
  for (const std::unique_ptr<grpc::Service>& service : services_) {
    all.push_back(service.get());
  }
  return all;
}

std::vector<const google::protobuf::ServiceDescriptor*>
ApiServices::Descriptors() {
  constexpr std::array kNames = {
      "mosaic.v1.MonitorService",
      "mosaic.v1.NfService",
      "mosaic.v1.ConfigService",
      "mosaic.v1.ObserverService",
      "mosaic.v1.SystemService",
      "grpc.health.v1.Health",
      "grpc.reflection.v1alpha.ServerReflection",
  };
  std::vector<const google::protobuf::ServiceDescriptor*> descriptors;
  for (const char* name : kNames) {
    descriptors.push_back(
        google::protobuf::DescriptorPool::generated_pool()->FindServiceByName(
            name));
    MOSAIC_CHECK(descriptors.back() != nullptr);
  }
  return descriptors;
}

}  // namespace mosaic
