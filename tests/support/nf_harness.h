// NfHarness runs one network function on flows that a test fills by hand, as
// the dispatcher would call it.

#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "dataplane/base/packet.h"
#include "dataplane/event/nf_slot.h"
#include "dataplane/event/subscription.h"
#include "dataplane/parse/parsed_packet.h"
#include "tests/support/recording_nf.h"

namespace mosaic {

class NfHarness {
 public:
  static constexpr size_t kMaxFlows = 8;

  explicit NfHarness(std::unique_ptr<NetworkFunction> function)
      : slot_("nfInstances/test", std::move(function), FailurePolicy::kOpen,
              kMaxFlows) {
    link_.slot = &slot_;
    link_.wants = slot_.wants;
  }

  NetworkFunction& nf() { return *slot_.nf; }

  // A packet of `wire_length` bytes from `sender`.
  Verdict Packet(Flow& flow, Side sender, uint32_t wire_length = 100) {
    mosaic::Packet packet;
    packet.wire_length = wire_length;
    const ParsedPacket parsed;
    PacketView view(packet, parsed, sender);
    Event event;
    event.kind = EventKind::kPacketIn;
    event.hook = Hook::kSender;
    event.side = sender;
    event.packet = &view;
    return Call(flow, event);
  }

  // In-order bytes for `side`.
  enum class Copy : uint8_t { kFirst, kResent };  // Event::resent.
  void Data(Flow& flow, Side side, uint64_t offset, std::string_view data,
            Copy copy = Copy::kFirst) {
    Event event;
    event.resent = copy == Copy::kResent;
    event.kind = EventKind::kNewData;
    event.side = side;
    event.offset = offset;
    event.data = {reinterpret_cast<const uint8_t*>(data.data()), data.size()};
    static_cast<void>(Call(flow, event));
  }

  // The end, told for both sides at both hooks.
  void End(Flow& flow, EndReason reason) {
    for (Side side : {Side::kClient, Side::kServer}) {
      for (Hook hook : {Hook::kSender, Hook::kReceiver}) {
        Event event;
        event.kind = EventKind::kConnectionEnd;
        event.hook = hook;
        event.side = side;
        event.end_reason = reason;
        static_cast<void>(Call(flow, event));
      }
    }
  }

  uint64_t CounterOf(std::string_view name) const {
    for (const NfCounter& counter : slot_.nf->counters()) {
      if (counter.name == name) return counter.value->Read();
    }
    return UINT64_MAX;
  }

 private:
  // Contexts by FlowView::id(), which is below kMaxFlows here.
  class Services : public NoFlowServices {
   public:
    void* ContextOf(const Flow& flow, const LinkRef& link) override {
      return link.slot->ContextOf(static_cast<uint32_t>(flow.id % kMaxFlows));
    }
  };

  Verdict Call(Flow& flow, const Event& event) {
    if (!link_.wants.Has(event.kind, event.hook, event.side)) {
      return Verdict::kForward;
    }
    FlowView view(flow, services_, link_.ref());
    return slot_.nf->OnEvent(event, view);
  }

  NfSlot slot_;
  ChainLink link_;
  Services services_;
};

}  // namespace mosaic
