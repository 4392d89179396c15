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

#include <cstddef>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "control/core/clock.h"
#include "control/core/error.h"
#include "control/core/monitor_directory.h"
#include "control/core/wall_time.h"
#include "control/core/worker_tasks.h"
#include "dataplane/command/flow_page.h"
#include "mosaic/v1/observer_service.pb.h"

namespace mosaic {

class FlowQuery {
 public:
  static constexpr int kDefaultPageSize = 100;
  static constexpr int kMaxPageSize = 1000;

  // All that is borrowed outlives this.
  FlowQuery(WorkerTasks& tasks, const MonitorDirectory& monitors, Clock& clock,
            WallTime wall_time);

  // Waits at most `timeout` for the workers.
  //   INVALID_ARGUMENT   filter, page size or token
  //   DEADLINE_EXCEEDED  a worker did not answer; the message names it
  Result<v1::ListFlowsResponse> ListFlows(const v1::ListFlowsRequest& request,
                                          absl::Duration timeout);
  // And NOT_FOUND.
  Result<v1::GetFlowResponse> GetFlow(const v1::GetFlowRequest& request,
                                      absl::Duration timeout);

 private:
  // A flow and the worker that it is on.
  struct Found {
    size_t worker;
    FlowSummary flow;
  };
  // The first `max_flows` in order that `query_of(worker)` means, over all
  // workers.
  Result<std::vector<Found>> Ask(
      absl::FunctionRef<FlowPage::Query(size_t worker)> query_of,
      size_t max_flows, absl::Duration timeout);

  WorkerTasks& tasks_;
  const MonitorDirectory& monitors_;
  Clock& clock_;
  const WallTime wall_time_;
};

}  // namespace mosaic
