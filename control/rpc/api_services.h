// ApiServices is every service of the API, built over the parts of
// control/core.
//
// Ownership   Owns the services; borrows what Sources names.

#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "control/core/clock.h"
#include "control/core/wall_time.h"
#include "control/rpc/health.h"

namespace google::protobuf {
class ServiceDescriptor;
}
namespace grpc {
class Service;
}

namespace mosaic {

class Applier;
class ConfigStore;
class DrainControl;
class EventHub;
class FilterCache;
class FlowQuery;
class LogControl;
class OpenStreams;
class SystemInfo;

class ApiServices {
 public:
  struct Sources {
    ConfigStore& store;
    FilterCache& filters;
    FlowQuery& flows;
    EventHub& events;
    const Applier& applier;
    SystemInfo& system;
    DrainControl& drain;
    LogControl* log = nullptr;
    Clock& clock;
    WallTime wall_time;
    std::function<Health()> health;
    OpenStreams& streams;
  };

  // All but `wall_time` and `health` outlive the services.
  explicit ApiServices(const Sources& sources);
  ~ApiServices();

  ApiServices(const ApiServices&) = delete;
  ApiServices& operator=(const ApiServices&) = delete;

  std::vector<grpc::Service*> All() const;

  // What All() and reflection have, for RpcMetrics.
  static std::vector<const google::protobuf::ServiceDescriptor*> Descriptors();

 private:
  std::vector<std::unique_ptr<grpc::Service>> services_;
};

}  // namespace mosaic
