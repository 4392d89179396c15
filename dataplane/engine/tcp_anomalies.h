// Names of what is odd about TCP segments, as counters.

#pragma once

#include <cstdint>

#include "dataplane/api/event.h"
#include "dataplane/base/flow_key.h"
#include "dataplane/parse/parsed_packet.h"
#include "dataplane/stats/core_counters.h"

namespace mosaic {

inline void CountAnomaly(Anomaly anomaly, CoreCounters& counters) {
  counters.anomalies[static_cast<size_t>(anomaly)].Add(1);
}

// Counts what `marks` (segment_mark::*) say of a segment.
void CountMarks(uint64_t marks, const ParsedPacket& segment,
                CoreCounters& counters);

// Counts a combination of flags that no stack sends. Returns true if it is one.
bool CountFlags(const ParsedPacket& segment, CoreCounters& counters);

// Counts endpoints that no connection has, once, as the first that holds of:
// both are the same, one has port 0, one has an address of no single host.
// Returns true if it is one of these. The broadcast address of a subnet cannot
// be told from a host's.
bool CountEndpoints(const FlowKey& key, CoreCounters& counters);

// The cause by which a segment that is refused with `marks` is told.
ErrorCause CauseOf(uint64_t marks);

}  // namespace mosaic
