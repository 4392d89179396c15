// Serves flows and live events.
//
// Threading   Any thread, as gRPC calls it. A stream of events has no thread of
//             its own: what the hub wakes and what a finished write wakes is
//             the next write.

#pragma once

#include <string>

#include "control/core/clock.h"
#include "control/core/wall_time.h"
#include "grpcpp/server_context.h"
#include "grpcpp/support/server_callback.h"
#include "mosaic/v1/observer_service.grpc.pb.h"

namespace mosaic {

class Applier;
class EventHub;
class FlowQuery;
class OpenStreams;

class ObserverService final
    : public v1::ObserverService::WithCallbackMethod_Observe<
          v1::ObserverService::Service> {
 public:
  // All but `boot_id` and `wall_time` outlive the service.
  struct Sources {
    EventHub& events;
    FlowQuery& flows;
    const Applier& applier;
    OpenStreams& streams;
    Clock& clock;
    WallTime wall_time;
    std::string boot_id;
  };
  explicit ObserverService(Sources sources);

  grpc::ServerWriteReactor<v1::ObserveResponse>* Observe(
      grpc::CallbackServerContext* context,
      const v1::ObserveRequest* request) override;
  grpc::Status ListFlows(grpc::ServerContext* context,
                         const v1::ListFlowsRequest* request,
                         v1::ListFlowsResponse* response) override;
  grpc::Status GetFlow(grpc::ServerContext* context,
                       const v1::GetFlowRequest* request,
                       v1::GetFlowResponse* response) override;

 private:
  const Sources sources_;
};

}  // namespace mosaic
