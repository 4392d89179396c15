// FlowQuery looks into the flow tables of running workers, page by page.
//
// Order       By flow id, then worker. A page begins behind the last flow of
//             the one before, so a flow that lives throughout is told once,
//             whatever comes and goes meanwhile.
// Cost        Each page walks every worker's table once, a bounded piece
//             between two bursts; a page of few flows costs as much as one of
//             many.
// Threading   Any thread.

#pragma once

#include "absl/time/time.h"
#include "control/core/error.h"
#include "control/core/wall_time.h"
#include "control/core/worker_tasks.h"
#include "mosaic/v1/observer_service.pb.h"

namespace mosaic {

class FlowQuery {
 public:
  static constexpr int kDefaultPageSize = 100;
  static constexpr int kMaxPageSize = 1000;
  // In each list of a filter.
  static constexpr int kMaxFilterEntries = 64;

  // All that is borrowed outlives this.
  FlowQuery(WorkerTasks& tasks, Clock& clock, WallTime wall_time);

  // Waits at most `timeout` for the workers.
  //   INVALID_ARGUMENT   filter, page size or token
  //   DEADLINE_EXCEEDED  a worker did not answer; the message names it
  Result<v1::ListFlowsResponse> ListFlows(const v1::ListFlowsRequest& request,
                                          absl::Duration timeout);
  // And NOT_FOUND.
  Result<v1::GetFlowResponse> GetFlow(const v1::GetFlowRequest& request,
                                      absl::Duration timeout);

 private:
  WorkerTasks& tasks_;
  Clock& clock_;
  const WallTime wall_time_;
};

}  // namespace mosaic
