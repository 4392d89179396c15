#include "dataplane/api/flow_view.h"

#include "dataplane/event/flow_services.h"
#include "dataplane/flow/flow.h"

namespace mosaic {

uint64_t FlowView::id() const { return flow_.id; }

Endpoint FlowView::client() const {
  return EndpointOf(flow_.key, flow_.client);
}

Endpoint FlowView::server() const {
  return EndpointOf(flow_.key, static_cast<EndpointIndex>(flow_.client ^ 1));
}

uint8_t FlowView::protocol() const { return flow_.key.protocol; }

FlowOrigin FlowView::origin() const { return flow_.origin; }

TcpState FlowView::state(Side side) const {
  return flow_.end[Index(side)].state;
}

SideCounters FlowView::counters(Side side) const {
  return CountersOf(flow_, side);
}

Timestamp FlowView::start_time() const { return flow_.start; }

Timestamp FlowView::last_packet_time() const { return flow_.last_packet; }

Duration FlowView::handshake_rtt(Side side) const {
  return Duration::Micros(flow_.rtt_micros[Index(side)]);
}

void* FlowView::context() { return services_.ContextOf(flow_, link_); }

void FlowView::StopMonitoring(Side side) {
  services_.RequestStop(flow_, link_, side);
}

RemapResult FlowView::RemapSequence(Side side, int64_t shift, SeqNum base) {
  return services_.RemapSequence(flow_, packet_, side, shift, base);
}

SendResult FlowView::Send(const SegmentSpec& segment) {
  return services_.Send(flow_, segment);
}

SendResult FlowView::Reset() { return services_.Reset(flow_); }

}  // namespace mosaic
