// FlowPage asks a worker for some of the flows it tracks: those of lowest id,
// of those that are meant.
//
// Ownership   The control side's; result() may be read once done() is true.
// Cost        Each step looks at kFlowsPerStep records, between two bursts.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "dataplane/command/flow_listing.h"
#include "dataplane/command/worker_link.h"

namespace mosaic {

class FlowPage : public WorkerTask {
 public:
  static constexpr uint32_t kFlowsPerStep = 512;

  // Which flows: those for which all that is set holds.
  struct Query {
    uint64_t min_id = 0;
    std::vector<std::string> monitors;  // Attached to one of them.
    // Runs on the worker: it neither allocates nor blocks.
    std::function<bool(const FlowSummary&)> matches;
  };

  // REQUIRES: max_flows > 0.
  FlowPage(Query query, size_t max_flows);

  bool Step(WorkerFlows& flows, Timestamp now) override;

  // Nobody waits for the result any more: the next step is the last.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

  // At most max_flows, in order of their ids.
  const std::vector<FlowSummary>& result() const { return result_; }

 private:
  void Consider(const Flow& flow);

  const Query query_;
  const size_t max_flows_;
  std::atomic<bool> cancelled_{false};  // Written by control.
  uint32_t next_ = 0;
  std::vector<FlowSummary> result_;  // A heap until the last step.
};

}  // namespace mosaic
