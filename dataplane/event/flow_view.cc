#include "dataplane/api/flow_view.h"

#include "dataplane/event/flow_services.h"
#include "dataplane/event/subscription.h"
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

size_t FlowView::Release(HeldFate fate, size_t most) {
  return services_.Release(flow_, link_, fate, most);
}

size_t FlowView::held() const { return services_.HeldBy(flow_, link_); }

bool FlowView::is_stopped(Side side) const {
  for (const Attachment& attachment : flow_.subscription->attachments()) {
    const auto number = &attachment - flow_.subscription->attachment.data();
    if ((link_.attachments >> number & 1) != 0 && !attachment.IsStopped(side)) {
      return false;
    }
  }
  return true;
}

void* FlowView::user() const { return services_.UserOf(flow_, link_); }

void FlowView::set_user(void* user) { services_.SetUser(flow_, link_, user); }

FlowHandle FlowView::handle() const { return services_.HandleOf(flow_); }

RegisterError FlowView::Register(EventId event, Hook hook,
                                 EventHandler handler) {
  return services_.Register(flow_, link_, event, hook, handler);
}

EventHandler FlowView::HandlerOf(EventId event, Hook hook) const {
  return services_.HandlersOf(flow_, link_).Find(event, hook);
}

Verdict FlowView::RunHandlers(const Event& event, void* caller) {
  return services_.handler_sets().Run(services_.HandlersOf(flow_, link_), event,
                                      this, caller);
}

PeekResult FlowView::Peek(Side side, std::span<uint8_t> to) {
  return services_.streams().Peek(flow_, link_, side, to);
}

uint32_t FlowView::PeekAt(Side side, uint64_t offset,
                          std::span<uint8_t> to) const {
  return services_.streams().PeekAt(flow_, link_, side, offset, to);
}

uint64_t FlowView::read_offset(Side side) const {
  return services_.streams().ReadOffset(flow_, link_, side);
}

HeldRange FlowView::NextHeld(Side side, uint64_t offset) const {
  return services_.streams().NextHeld(flow_, link_, side, offset);
}

BufferInfo FlowView::buffer_info(Side side) const {
  return services_.streams().InfoOf(flow_, link_, side);
}

bool FlowView::SetBufferBytes(Side side, uint32_t bytes) {
  return services_.streams().SetBufferBytes(flow_, link_, side, bytes);
}

uint32_t FlowView::buffer_bytes(Side side) const {
  return services_.streams().BufferBytesOf(flow_, link_, side);
}

void FlowView::SetOverlapPolicy(Side side, OverlapPolicy policy) {
  services_.streams().SetOverlap(flow_, link_, side, policy);
}

OverlapPolicy FlowView::overlap_policy(Side side) const {
  return services_.streams().OverlapOf(flow_, side);
}

TimerHandle FlowView::ArmTimer(const TimerSpec& spec) {
  return services_.ArmTimer(flow_, link_, spec);
}

bool FlowView::CancelTimer(TimerHandle timer) {
  return services_.CancelTimer(*link_.slot, timer);
}

}  // namespace mosaic
