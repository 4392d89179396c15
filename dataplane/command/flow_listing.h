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
#include "dataplane/command/worker_link.h"

namespace mosaic {

struct FlowSummary {
  uint64_t id = 0;
  Endpoint client;
  Endpoint server;
  uint8_t protocol = 0;
  std::array<TcpState, kSides> state = {};
  std::array<SideCounters, kSides> sent = {};
  Timestamp start;
  Timestamp last_packet;
};

class FlowListing : public WorkerTask {
 public:
  static constexpr uint32_t kFlowsPerStep = 512;

  // At most `max_flows` flows are kept: those that were active last.
  explicit FlowListing(size_t max_flows);

  bool Step(FlowTable& flows, Timestamp now) override;

  // Most recently active first.
  const std::vector<FlowSummary>& result() const { return result_; }

 private:
  const size_t max_flows_;
  uint32_t next_ = 0;
  std::vector<FlowSummary> result_;  // A heap until the last step.
};

}  // namespace mosaic
