// EventTap carries the events of one worker to the control side: a record of
// fixed size for each, through a ring. It never carries payload.
//
// Loss        A record that finds the ring full is lost. Records are numbered,
//             those lost included, so the reader knows exactly how many are
//             missing, and where.
// Ownership   The control side's; outlives the worker.
// Memory      One ring of `capacity` records, allocated by the constructor.
// Threading   OnEvent() and OnPacket() on the worker, Pop() on one other
//             thread, produced() from anywhere.

#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "dataplane/api/event.h"
#include "dataplane/base/end_reason.h"
#include "dataplane/base/flow_key.h"
#include "dataplane/base/side.h"
#include "dataplane/base/spsc_ring.h"
#include "dataplane/base/tcp_state.h"
#include "dataplane/base/timestamp.h"
#include "dataplane/event/event_observer.h"

namespace mosaic {

struct EventRecord {
  uint64_t number = 0;  // Of the worker's records, from 0, lost ones included.
  // Of the packet that caused it, for an event without one of the packet that
  // the worker saw last. Merging by it gives the order of arrival.
  uint64_t packet_index = 0;
  Timestamp time;

  uint64_t flow_id = 0;  // FlowView::id(); without a flow the packet's index.
  FlowKey key;           // Protocol 0: the packet has no tuple.
  // Bits by the monitors' numbers in the snapshot of `revision`.
  uint64_t monitors = 0;
  uint64_t revision = 0;

  // kNewData, kRetransmission, kError: the range in the side's stream. Else the
  // packet's bytes on the wire in `length`, 0 without a packet.
  uint64_t offset = 0;
  uint64_t length = 0;

  uint32_t core = 0;
  bool has_flow = true;  // False of kOrphan and of packets of RAW monitors.
  EventKind kind = EventKind::kPacketIn;
  Side side = Side::kClient;  // As EventMask says: who receives the bytes of
                              // kNewData, kRetransmission and kError, who sent
                              // the packet of kPacketIn.
  EndpointIndex client = 0;   // Which endpoint of `key` is the client; of a
                              // packet without a flow, its sender.
  TcpState old_state = TcpState::kClosed;  // kStateChange.
  TcpState new_state = TcpState::kClosed;  // kStateChange.
  ErrorCause cause = ErrorCause::kGap;     // kError.
  EndReason end_reason = EndReason::kFin;  // kConnectionEnd.
  FlowOrigin origin = FlowOrigin::kSyn;    // Of the flow.
};

// What must be wanted so that each event of `kind` is told once: of those that
// are raised at several hooks, one.
EventMask MaskOf(EventKind kind);

class EventTap : public EventObserver {
 public:
  static constexpr size_t kDefaultCapacity = 16384;

  // REQUIRES: `capacity` is a power of two.
  explicit EventTap(uint32_t core, size_t capacity = kDefaultCapacity)
      : core_(core), ring_(capacity) {}

  void OnEvent(const Event& event, const Flow& flow) override;
  void OnPacket(const Event& event, const ParsedPacket& parsed,
                uint64_t monitors, uint64_t revision) override;

  // The oldest record; false if there is none.
  [[nodiscard]] bool Pop(EventRecord& record) { return ring_.TryPop(record); }

  // Records made so far, those lost included. Whoever has read it and then
  // finds the ring empty has had every record below it that is not lost.
  uint64_t produced() const {
    return produced_.load(std::memory_order_acquire);
  }

  uint32_t core() const { return core_; }

 private:
  void Push(EventRecord& record);

  const uint32_t core_;
  SpscRing<EventRecord> ring_;
  uint64_t last_index_ = 0;            // The worker's.
  std::atomic<uint64_t> produced_{0};  // Written by the worker.
};

}  // namespace mosaic
