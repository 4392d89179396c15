#include "dataplane/engine/hold_queue.h"

#include <bit>
#include <optional>
#include <utility>

namespace mosaic {

HoldQueue::HoldQueue(size_t flows, const HoldLimits& limits,
                     PacketBuffers& buffers, StreamDelivery& delivery,
                     Transmitter& transmitter, CoreCounters& counters)
    : limits_(limits),
      buffers_(buffers),
      delivery_(delivery),
      transmitter_(transmitter),
      counters_(counters),
      place_(limits.packets),
      first_of_flow_(flows) {
  for (size_t i = place_.size(); i > 0; --i) {
    place_[i - 1].next_of_flow = free_;
    free_ = static_cast<uint32_t>(i - 1);
  }
}

void HoldQueue::Hold(Flow& flow, uint32_t flow_index, uint16_t holders,
                     FailurePolicy policy, uint32_t split_at, Packet& packet,
                     const ParsedPacket& parsed, Timestamp now) {
  const uint32_t number = free_;
  Place& place = place_[number];
  free_ = place.next_of_flow;
  place.leaves = transmitter_.LaneFrom(packet.port) != Transmitter::kNoLane;
  if (place.leaves) {
    place.packet = std::move(packet);
    place.parsed = parsed;
    counters_.held_packets.Add(1);
  } else {
    transmitter_.Forward(packet);
  }
  NoteOffered(flow, parsed, place);
  place.due = now + limits_.time;
  place.flow_index = flow_index;
  place.split_at = split_at;
  place.holders = holders;
  place.policy = policy;
  place.next_of_flow = kNone;
  place.older = newest_;
  place.newer = kNone;
  (newest_ == kNone ? oldest_ : place_[newest_].newer) = number;
  newest_ = number;
  ++places_used_;
  NoteDue();

  flow.Set(flow_flag::kHolding);
  uint32_t& first = first_of_flow_[flow_index];
  if (first == 0) {
    first = number + 1;
  } else {
    place_[place_[first - 1].last_of_flow].next_of_flow = number;
  }
  place_[first - 1].last_of_flow = number;
}

void HoldQueue::NoteOffered(const Flow& flow, const ParsedPacket& parsed,
                            Place& place) {
  place.length = 0;
  if (parsed.packet_class != PacketClass::kTcp) return;
  const Side sender = flow.SideOf(parsed.sender);
  const TcpEnd& end = flow.end[Index(sender)];
  const SeqNum first = parsed.seq + (parsed.Has(tcp_flag::kSyn) ? 1u : 0u);
  const int64_t offset =
      static_cast<int64_t>(end.delivered) + first.Since(end.next_seq);
  if (offset < 0) return;
  place.offset = static_cast<uint64_t>(offset);
  place.length = parsed.payload_captured;
  place.receiver = Other(sender);
}

void HoldQueue::NoteDue() {
  next_due_ =
      oldest_ == kNone ? Timestamp::FromNanos(INT64_MAX) : place_[oldest_].due;
}

void HoldQueue::Finish(Flow& flow, uint32_t number, End end, HeldFate fate,
                       uint8_t by) {
  Place& place = place_[number];
  const bool goes_on = end != End::kFlowEnded && end != End::kBlocked;
  if (fate == HeldFate::kDrop && goes_on && place.length > 0) {
    delivery_.NoteWithheld(flow, place.receiver, place.offset, place.length,
                           by);
  }
  counters_.packet_holds[static_cast<size_t>(end)].Add(1);
  if (place.leaves) {
    counters_.held_packets.Set(counters_.held_packets.Read() - 1);
    if (fate == HeldFate::kDrop) {
      const DropReason reason =
          end == End::kBlocked ? DropReason::kFlowBlocked : DropReason::kNfDrop;
      counters_.dropped_packets[static_cast<size_t>(reason)].Add(1);
      place.packet.Free();
    } else if (place.split_at != 0) {
      transmitter_.ForwardInParts(place.packet, place.parsed, place.split_at,
                                  buffers_);
    } else {
      transmitter_.Forward(place.packet);
    }
  }
  (place.older == kNone ? oldest_ : place_[place.older].newer) = place.newer;
  (place.newer == kNone ? newest_ : place_[place.newer].older) = place.older;
  place.next_of_flow = free_;
  free_ = number;
  --places_used_;
}

template <typename Wants>
size_t HoldQueue::EndWhere(Flow& flow, uint32_t flow_index, uint8_t by,
                           Wants&& wants) {
  size_t ended = 0;
  uint32_t before = kNone;
  uint32_t number = first_of_flow_[flow_index];
  number = number == 0 ? kNone : number - 1;
  while (number != kNone) {
    const uint32_t next = place_[number].next_of_flow;
    const std::optional<std::pair<End, HeldFate>> end = wants(place_[number]);
    if (!end) {
      before = number;
    } else {
      if (before == kNone) {
        first_of_flow_[flow_index] = next == kNone ? 0 : next + 1;
      } else {
        place_[before].next_of_flow = next;
      }
      Finish(flow, number, end->first, end->second, by);
      ++ended;
    }
    number = next;
  }
  if (const uint32_t first = first_of_flow_[flow_index]; first != 0) {
    place_[first - 1].last_of_flow = before;
  } else {
    flow.Clear(flow_flag::kHolding);
  }
  NoteDue();
  return ended;
}

size_t HoldQueue::Release(Flow& flow, uint32_t flow_index, uint8_t link,
                          HeldFate fate, size_t most) {
  if (!flow.Has(flow_flag::kHolding)) return 0;
  const auto bit = static_cast<uint16_t>(1u << link);
  size_t released = 0;
  EndWhere(flow, flow_index, link,
           [&](Place& place) -> std::optional<std::pair<End, HeldFate>> {
             if (released == most || (place.holders & bit) == 0) return {};
             ++released;
             place.holders = static_cast<uint16_t>(place.holders & ~bit);
             if (fate == HeldFate::kDrop) return {{End::kDropped, fate}};
             if (place.holders != 0) return {};
             return {{End::kReleased, fate}};
           });
  return released;
}

size_t HoldQueue::HeldBy(uint32_t flow_index, uint8_t link) const {
  size_t count = 0;
  uint32_t number = first_of_flow_[flow_index];
  while (number != 0) {
    const Place& place = place_[number - 1];
    count += place.holders >> link & 1;
    number = place.next_of_flow == kNone ? 0 : place.next_of_flow + 1;
  }
  return count;
}

void HoldQueue::MoveHolders(Flow& flow, uint32_t flow_index,
                            const Subscription& old, const Subscription& next) {
  EndWhere(flow, flow_index, Dispatcher::kWholeChain,
           [&](Place& place) -> std::optional<std::pair<End, HeldFate>> {
             uint16_t holders = 0;
             for (const ChainLink& link : next.links()) {
               for (const ChainLink& was : old.links()) {
                 if (was.slot == link.slot && (place.holders >> was.number & 1))
                   holders = static_cast<uint16_t>(holders | 1u << link.number);
               }
             }
             place.holders = holders;
             if (holders != 0) return {};
             return {{End::kFlowEnded, FateByPolicy(place)}};
           });
}

void HoldQueue::EndFlow(Flow& flow, uint32_t flow_index) {
  EndWhere(flow, flow_index, Dispatcher::kWholeChain, [](const Place& place) {
    return std::optional(std::pair(End::kFlowEnded, FateByPolicy(place)));
  });
}

void HoldQueue::DropAll(Flow& flow, uint32_t flow_index) {
  EndWhere(flow, flow_index, Dispatcher::kWholeChain, [](const Place&) {
    return std::optional(std::pair(End::kBlocked, HeldFate::kDrop));
  });
}

void HoldQueue::EndOldest(Flow& flow) {
  // The oldest of all is the first of its flow.
  const uint32_t number = oldest_;
  const Place& place = place_[number];
  if (place.next_of_flow == kNone) {
    first_of_flow_[place.flow_index] = 0;
    flow.Clear(flow_flag::kHolding);
  } else {
    first_of_flow_[place.flow_index] = place.next_of_flow + 1;
    place_[place.next_of_flow].last_of_flow = place.last_of_flow;
  }
  const auto first_holder =
      static_cast<uint8_t>(std::countr_zero(place.holders));
  Finish(flow, number, End::kTimedOut, FateByPolicy(place), first_holder);
  NoteDue();
}

}  // namespace mosaic
