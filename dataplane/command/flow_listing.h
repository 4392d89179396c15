// FlowListing asks a worker for the flows it tracks, the most recently active
// first.
//
// Ownership   The caller's; result() may be read once done() is true.
// Cost        Each step looks at kFlowsPerStep records, between two bursts.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/api/flow_view.h"
#include "dataplane/base/endpoint.h"
#include "dataplane/base/stop_reason.h"
#include "dataplane/command/worker_link.h"

namespace mosaic {

// What is kept of the bytes that one side receives, and whether that is over.
struct SideMonitoring {
  // True if every monitor of the flow has stopped the side; false if the flow
  // has none.
  bool stopped = false;
  StopReason stop_reason = StopReason::kPayloadBytes;  // The first monitor's.
  // True if a function reads the side; else its bytes are counted, not kept.
  bool read = false;
  // The bound in force where the side is read; else the largest that a monitor
  // would grant who reads it. 0: none would, or all have stopped the side.
  uint32_t buffer_bytes = 0;
  // Held now: islands behind a hole and bytes kept for comparison.
  uint64_t buffered_bytes = 0;
};

struct FlowSummary {
  uint64_t id = 0;
  Endpoint client;
  Endpoint server;
  uint8_t protocol = 0;
  FlowOrigin origin = FlowOrigin::kSyn;
  std::array<TcpState, kSides> state = {};
  std::array<SideCounters, kSides> sent = {};
  std::array<SideMonitoring, kSides> received = {};
  Timestamp start;
  Timestamp last_packet;
  // The monitors it is attached to: bits by their number in the snapshot of
  // `revision`, the one it was attached under. MonitorDirectory has the names.
  uint64_t monitors = 0;
  uint64_t revision = 0;
};

// What `flow` is at the moment. On the flow's worker.
FlowSummary Summarise(const Flow& flow);

class FlowListing : public WorkerTask {
 public:
  static constexpr uint32_t kFlowsPerStep = 512;

  // At most `max_flows` flows are kept: those that were active last.
  explicit FlowListing(size_t max_flows);

  bool Step(WorkerFlows& worker, Timestamp now) override;

  // Most recently active first.
  const std::vector<FlowSummary>& result() const { return result_; }

 private:
  const size_t max_flows_;
  uint32_t next_ = 0;
  std::vector<FlowSummary> result_;  // A heap until the last step.
};

}  // namespace mosaic
