// What one worker counts for one monitor. A monitor is known by its name: a new
// configuration that has a monitor of the same name goes on with the counters.
//
// Ownership   Shared by the configurations of a worker that name the monitor;
//             made and freed off the worker.
// Threading   One writer, the worker; any reader.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "dataplane/base/counter.h"

namespace mosaic {

// The filter of a monitor that a packet matched; an empty one matches each.
enum class MonitorFilter : uint8_t {
  kSyn,     // First packets of flows that were attached for it.
  kOrphan,  // Packets without a flow.
  kRaw,     // Frames, of a RAW monitor.
};

inline constexpr size_t kMonitorFilters = 3;

// Label values, by MonitorFilter.
inline constexpr std::array<std::string_view, kMonitorFilters>
    kMonitorFilterNames = {"syn", "orphan", "raw"};

struct MonitorCounters {
  Counter flows;    // A gauge: attached now.
  Counter packets;  // Of attached flows; for a RAW monitor those that matched.
  std::array<Counter, kMonitorFilters> filter_matches;
};

}  // namespace mosaic
