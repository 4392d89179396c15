#include "dataplane/flow/flow.h"

#include "dataplane/stream/stream_state.h"

namespace mosaic {

SideCounters CountersOf(const Flow& flow, Side side) {
  const HotCounters& hot = flow.hot[Index(side)];
  const RareCounters& rare = flow.rare[Index(side)];
  SideCounters counters;
  counters.packets = hot.packets;
  counters.wire_bytes = hot.wire_bytes;
  counters.payload_bytes = hot.payload_bytes;
  counters.stream_bytes = flow.end[Index(side)].delivered - rare.gap_bytes;
  counters.retransmitted_packets = rare.retransmitted_packets;
  counters.retransmitted_bytes = rare.retransmitted_bytes;
  counters.out_of_order_packets = rare.out_of_order_packets;
  counters.gap_bytes = rare.gap_bytes;
  counters.conflict_bytes = rare.conflict_bytes;
  counters.refused_bytes = rare.refused_bytes;
  counters.icmp_errors = flow.icmp_errors[Index(side)];
  return counters;
}

uint64_t BufferedBytes(const Flow& flow, Side side) {
  const StreamState* const state = flow.stream[Index(side)];
  if (state == nullptr) return 0;
  return state->buffer.pending_bytes() + state->buffer.retained_bytes();
}

}  // namespace mosaic
