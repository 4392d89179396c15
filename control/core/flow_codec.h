// Flows as the API tells them, and its filters over flows as the core has them.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "control/core/error.h"
#include "control/core/flow_filter.h"
#include "control/core/monitor_directory.h"
#include "control/core/wall_time.h"
#include "dataplane/command/flow_listing.h"
#include "mosaic/v1/observer_service.pb.h"

namespace mosaic {

// In each list of a filter.
inline constexpr int kMaxFlowFilterEntries = 64;

// INVALID_ARGUMENT with everything that is wrong; `path` is where the filter
// stands in the request.
Result<FlowFilter> DecodeFlowFilter(const v1::FlowFilter& filter,
                                    const std::string& path);

// The two ends of a flow. INVALID_ARGUMENT as above.
struct FlowEnds {
  Endpoint client;
  Endpoint server;
  uint8_t protocol = 0;  // IANA number.
};
Result<FlowEnds> DecodeFlowKey(const v1::FlowKey& key, const std::string& path);

v1::Flow EncodeFlow(const FlowSummary& flow, size_t worker,
                    const MonitorDirectory& monitors,
                    const WallTime& wall_time);

}  // namespace mosaic
