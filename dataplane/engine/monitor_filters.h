// The filters of monitors, as the tracker asks them of a packet.
//
// Threading   Owner worker only.

#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "dataplane/filter/packet_filter.h"
#include "dataplane/parse/parsed_packet.h"
#include "dataplane/stats/monitor_counters.h"

namespace mosaic {

// From the IP header on.
inline std::span<const uint8_t> IpBytes(const ParsedPacket& parsed) {
  return {parsed.ip_header, parsed.ip_length};
}

// Counts a match of `filter` for its monitor.
inline void CountMatch(MonitorCounters& counters, MonitorFilter filter) {
  counters.filter_matches[static_cast<size_t>(filter)].Add(1);
}

// Whether `filter` lets a packet pass; null lets all.
inline bool Matches(const std::shared_ptr<const PacketFilter>& filter,
                    std::span<const uint8_t> bytes) {
  return filter == nullptr || filter->Matches(bytes);
}

}  // namespace mosaic
