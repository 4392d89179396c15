#include "dataplane/event/dispatcher.h"

#include <algorithm>

namespace mosaic {
namespace {

Verdict OnFault(NfSlot& slot) {
  return slot.failure_policy == FailurePolicy::kClosed ? Verdict::kDrop
                                                       : Verdict::kForward;
}

void Count(NfSlot& slot, Verdict verdict) {
  (verdict == Verdict::kForward ? slot.forwarded
   : verdict == Verdict::kHold  ? slot.held
                                : slot.dropped)
      .Add(1);
}

// Who sent the bytes that the event is about.
Side SenderOf(const Event& event) {
  return event.hook == Hook::kSender ? event.side : Other(event.side);
}

}  // namespace

Verdict Dispatcher::Call(const ChainLink& link, Flow& flow,
                         const Event& event) {
  NfSlot& slot = *link.slot;
  if (slot.detached()) return OnFault(slot);
  if (event.kind == EventKind::kNewData && link.peeks &&
      services_.streams().BufferBytesOf(flow, link.ref(), event.side) == 0) {
    return Verdict::kForward;
  }
  FlowView view(flow, services_, link.ref(), event.packet);
  Verdict verdict;
  try {
    const uint64_t limit = link.payload_limit[Index(event.side)];
    if (event.kind != EventKind::kNewData ||
        event.offset + event.data.size() <= limit) {
      verdict = slot.nf->OnEvent(event, view);
    } else {
      if (event.offset >= limit) return Verdict::kForward;
      Event cut = event;
      cut.data = event.data.first(limit - event.offset);
      verdict = slot.nf->OnEvent(cut, view);
    }
  } catch (...) {
    slot.faults.Add(1);
    return OnFault(slot);
  }
  if (event.kind == EventKind::kPacketIn) Count(slot, verdict);
  return verdict;
}

void Dispatcher::Observe(const Flow& flow, const Event& event) {
  const uint64_t limit = flow.subscription->observed_bytes[Index(event.side)];
  if (event.kind != EventKind::kNewData ||
      event.offset + event.data.size() <= limit) {
    observer_->OnEvent(event, flow);
  } else if (event.offset < limit) {
    Event cut = event;
    cut.data = event.data.first(limit - event.offset);
    observer_->OnEvent(cut, flow);
  }
}

Verdict Dispatcher::RaiseFrom(uint8_t first, Flow& flow, const Event& event) {
  if (!flow.mask.Has(event.kind, event.hook, event.side)) {
    return Verdict::kForward;
  }
  counters_.events[static_cast<size_t>(event.kind)].Add(1);
  const size_t links = flow.subscription->link_count;
  Verdict severest = Verdict::kForward;
  const bool reverse = SenderOf(event) == Side::kServer;
  size_t i = 0;
  if (first != kWholeChain) i = reverse ? links - 1 - first : first;
  for (; i < links; ++i) {
    // A function that registers or stops moves the flow to another
    // subscription, whose chain has the same places.
    const ChainLink& link =
        flow.subscription->link[reverse ? links - 1 - i : i];
    if (!link.wants.Has(event.kind, event.hook, event.side)) continue;
    const uint8_t number = link.number;
    NfSlot& slot = *link.slot;
    Verdict verdict = Call(link, flow, event);
    if (verdict == Verdict::kHold) [[unlikely]] {
      NoteHold(number, slot.failure_policy, flow, event);
      verdict = Verdict::kForward;
    }
    severest = std::max(severest, verdict);
    // Where there is no packet there is nothing to drop.
    if (severest != Verdict::kForward && event.packet != nullptr) {
      dropped_by_ = number;
      break;
    }
  }
  return severest;
}

void Dispatcher::NoteHold(uint8_t link, FailurePolicy policy, Flow& flow,
                          const Event& event) {
  if (event.packet == nullptr) return;
  if (hold_.holders == 0) {
    hold_.flow = &flow;
    hold_.generation = flow.generation;
  }
  hold_.holders = static_cast<uint16_t>(hold_.holders | 1u << link);
  if (policy == FailurePolicy::kClosed) hold_.policy = policy;
}

Verdict Dispatcher::RaiseWithoutFlow(std::span<NfSlot* const> slots,
                                     const Event& event) {
  counters_.events[static_cast<size_t>(event.kind)].Add(1);
  Verdict severest = Verdict::kForward;
  for (NfSlot* slot : slots) {
    Verdict verdict = OnFault(*slot);
    if (!slot->detached()) {
      try {
        verdict = slot->nf->OnPacket(event);
        Count(*slot, verdict);
        if (verdict == Verdict::kHold) {
          counters_.packet_holds[static_cast<size_t>(HoldEnd::kRefused)].Add(1);
          verdict = OnFault(*slot);
        }
      } catch (...) {
        slot->faults.Add(1);
      }
    }
    severest = std::max(severest, verdict);
    if (severest != Verdict::kForward) break;
  }
  return severest;
}

}  // namespace mosaic
