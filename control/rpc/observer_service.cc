#include "control/rpc/observer_service.h"

#include <utility>

#include "control/core/applier.h"
#include "control/core/flow_query.h"
#include "control/rpc/answer.h"
#include "control/rpc/event_stream.h"
#include "control/rpc/observe_codec.h"
#include "control/rpc/stream_end.h"

namespace mosaic {

ObserverService::ObserverService(Sources sources)
    : sources_(std::move(sources)) {}

grpc::ServerWriteReactor<v1::ObserveResponse>* ObserverService::Observe(
    grpc::CallbackServerContext*, const v1::ObserveRequest* request) {
  Result<SubscribeOptions> options = Decode(*request);
  if (!options.ok()) {
    return new RefusedStream<v1::ObserveResponse>(ToGrpc(options.error()));
  }
  const StreamOrigin origin = {sources_.wall_time, sources_.boot_id,
                               sources_.applier.revision()};
  return EventStream::Open(sources_.events, sources_.clock, sources_.streams,
                           origin, std::move(options).value());
}

grpc::Status ObserverService::ListFlows(grpc::ServerContext* context,
                                        const v1::ListFlowsRequest* request,
                                        v1::ListFlowsResponse* response) {
  return Answer(sources_.flows.ListFlows(*request, TimeLeft(*context)),
                *response);
}

grpc::Status ObserverService::GetFlow(grpc::ServerContext* context,
                                      const v1::GetFlowRequest* request,
                                      v1::GetFlowResponse* response) {
  return Answer(sources_.flows.GetFlow(*request, TimeLeft(*context)),
                *response);
}

}  // namespace mosaic
