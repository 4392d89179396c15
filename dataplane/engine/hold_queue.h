// HoldQueue keeps packets back that network functions hold (Verdict::kHold)
// until these release them, the time is up, or their flow ends.
//
// Order       A flow's packets are released in the order they were held.
// Bounds      HoldLimits: packets at once, and the time of each. At either the
//             packet has the fate that its holders' failure policy gives:
//             dropped if one of them is closed, forwarded else. Counted in
//             packet_holds.
// Ownership   Owns the packets that are to leave. One that came in by a
//             receiving port is not going to, so only its place is kept, that a
//             function finds the same to release there.
// Memory      HoldLimits::packets places; four bytes for each flow record,
//             resident as used.
// Threading   Owner worker only.
// Cost        Nothing for flows that hold none but one compare a packet. O(1) a
//             packet held, O(the flow's held packets) a release.

#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/api/flow_action.h"
#include "dataplane/base/lazy_array.h"
#include "dataplane/base/packet.h"
#include "dataplane/edit/packet_buffers.h"
#include "dataplane/engine/limits.h"
#include "dataplane/engine/stream_delivery.h"
#include "dataplane/engine/transmitter.h"
#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow.h"
#include "dataplane/parse/parsed_packet.h"
#include "dataplane/stats/core_counters.h"

namespace mosaic {

class HoldQueue {
 public:
  // All outlive the queue.
  HoldQueue(size_t flows, const HoldLimits& limits, PacketBuffers& buffers,
            StreamDelivery& delivery, Transmitter& transmitter,
            CoreCounters& counters);

  bool HasRoom() const { return free_ != kNone; }

  // Keeps `packet` of `flow`, number `flow_index`, for those functions whose
  // ChainLink::number is a bit of `holders`. With `split_at` it leaves in parts
  // of so many payload bytes; 0: as it is. REQUIRES: HasRoom().
  void Hold(Flow& flow, uint32_t flow_index, uint16_t holders,
            FailurePolicy policy, uint32_t split_at, Packet& packet,
            const ParsedPacket& parsed, Timestamp now);

  // FlowView::Release() and held() of the function `link`.
  size_t Release(Flow& flow, uint32_t flow_index, uint8_t link, HeldFate fate,
                 size_t most);
  size_t HeldBy(uint32_t flow_index, uint8_t link) const;

  // The functions of `flow` move from the chain `old` to `next`. What no
  // function holds any more leaves as at the flow's end.
  void MoveHolders(Flow& flow, uint32_t flow_index, const Subscription& old,
                   const Subscription& next);
  // The flow's packets have the fate that their holders' policies give.
  void EndFlow(Flow& flow, uint32_t flow_index);
  // The flow is blocked: they are dropped.
  void DropAll(Flow& flow, uint32_t flow_index);

  // When the first one's time is up; the last of all times while none is held.
  Timestamp next_due() const { return next_due_; }
  // Ends the holds whose time is up at `now`. `table_at(index)` is the flow of
  // that number.
  template <typename FlowAt>
  void Expire(Timestamp now, FlowAt&& flow_at) {
    while (oldest_ != kNone && place_[oldest_].due <= now) {
      const uint32_t flow_index = place_[oldest_].flow_index;
      EndOldest(flow_at(flow_index));
    }
  }

  size_t held() const { return places_used_; }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  // How a hold ends, as packet_holds counts it.
  using End = HoldEnd;

  struct Place {
    Packet packet;
    ParsedPacket parsed;
    Timestamp due;
    uint32_t flow_index = 0;
    uint32_t split_at = 0;
    // Of its stream, as readers were offered it; length 0: none was.
    uint64_t offset = 0;
    uint32_t length = 0;
    Side receiver = Side::kClient;
    uint16_t holders = 0;
    FailurePolicy policy = FailurePolicy::kOpen;
    bool leaves = false;  // It has bytes.
    uint32_t next_of_flow = kNone;
    uint32_t last_of_flow = kNone;  // Kept in a flow's first one.
    uint32_t older = kNone;
    uint32_t newer = kNone;
  };

  void EndOldest(Flow& flow);
  // Ends all holds of the flow for which `wants(place)` gives an end.
  template <typename Wants>
  size_t EndWhere(Flow& flow, uint32_t flow_index, uint8_t by, Wants&& wants);
  static HeldFate FateByPolicy(const Place& place) {
    return place.policy == FailurePolicy::kClosed ? HeldFate::kDrop
                                                  : HeldFate::kForward;
  }
  static void NoteOffered(const Flow& flow, const ParsedPacket& parsed,
                          Place& place);
  // Takes the place out of the order of time and frees it; its packet has
  // `fate`, for the function `by`.
  void Finish(Flow& flow, uint32_t number, End end, HeldFate fate, uint8_t by);
  void NoteDue();

  const HoldLimits limits_;
  PacketBuffers& buffers_;
  StreamDelivery& delivery_;
  Transmitter& transmitter_;
  CoreCounters& counters_;
  std::vector<Place> place_;
  // The first place of each flow, + 1; 0 if it has none.
  LazyArray<uint32_t> first_of_flow_;
  uint32_t free_ = kNone;  // A list through next_of_flow.
  uint32_t oldest_ = kNone;
  uint32_t newest_ = kNone;
  size_t places_used_ = 0;
  Timestamp next_due_ = Timestamp::FromNanos(INT64_MAX);
};

}  // namespace mosaic
