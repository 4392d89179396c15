// Dispatcher hands the events of one worker to the network functions that
// subscribed to them.
//
// Order       A flow's chain is walked in its order for what the client sends
//             and in reverse for what the server sends, as through a row of
//             middleboxes. A drop ends the walk, a hold does not; events
//             without a packet reach everybody.
// Faults      What a function throws is caught here and counted; its failure
//             policy gives the verdict.
// Threading   Owner worker only.
// Observer    Hears an event before the first function; see event_observer.h.
// Cost        Nothing for an event that neither the flow's mask nor the
// observer
//             has: the caller tests it with Wants() before it builds the event.

#pragma once

#include <utility>

#include "dataplane/api/event.h"
#include "dataplane/api/verdict.h"
#include "dataplane/event/event_observer.h"
#include "dataplane/event/flow_services.h"
#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow.h"
#include "dataplane/stats/core_counters.h"

namespace mosaic {

class Dispatcher {
 public:
  Dispatcher(FlowServices& services, CoreCounters& counters)
      : services_(services), counters_(counters) {}

  // `observer` outlives the dispatcher. REQUIRES: called before any event.
  void SetObserver(EventObserver& observer) { observer_ = &observer; }

  bool Wants(const Flow& flow, EventKind kind, Hook hook, Side side) const {
    return flow.mask.Has(kind, hook, side) || Observes(flow, kind, hook, side);
  }

  // Tells the observer of `event` on `flow`, and calls who subscribed to it.
  // Returns the severest verdict. REQUIRES: Wants() for the event.
  Verdict Raise(Flow& flow, const Event& event) {
    if (Observes(flow, event.kind, event.hook, event.side)) {
      Observe(flow, event);
    }
    return RaiseFrom(kWholeChain, flow, event);
  }
  // The same for the function of that ChainLink::number and those behind it in
  // the order of the event, without the observer. Nothing happens if nobody
  // wants it.
  static constexpr uint8_t kWholeChain = UINT8_MAX;
  Verdict RaiseFrom(uint8_t first, Flow& flow, const Event& event);

  // ChainLink::number of who ended a walk last, by another answer than
  // kForward and kHold.
  uint8_t dropped_by() const { return dropped_by_; }

  // Who wants the packet at hand held (Verdict::kHold), of the functions called
  // since the last TakeHold(). Raise() answers for them as if they forwarded.
  struct HeldFor {
    Flow* flow = nullptr;
    uint32_t generation = 0;  // Of the flow, when the first one said so.
    uint16_t holders = 0;     // Bits of ChainLink::number.
    FailurePolicy policy = FailurePolicy::kOpen;  // Closed if one of them is.
  };
  bool has_hold() const { return hold_.holders != 0; }
  HeldFor TakeHold() { return std::exchange(hold_, HeldFor()); }

  // Calls `slots` in order for a packet without a flow.
  Verdict RaiseWithoutFlow(std::span<NfSlot* const> slots, const Event& event);

  // True if the observer wants the event and the flow's monitors let it be
  // seen.
  bool Observes(const Flow& flow, EventKind kind, Hook hook, Side side) const {
    return observer_->wanted().Has(kind, hook, side) &&
           flow.subscription->observable.Has(kind, hook, side);
  }
  // Tells the observer alone. REQUIRES: Observes() for the event.
  void Observe(const Flow& flow, const Event& event);

  // True if the observer wants such packets without a flow.
  bool ObservesPackets(EventKind kind) const {
    return observer_->wanted().Has(kind, Hook::kNone, Side::kClient);
  }
  // Tells the observer of a packet that the monitors of `snapshot` whose bits
  // `monitors` has matched. REQUIRES: ObservesPackets() for the event.
  void ObservePacket(const Event& event, const ParsedPacket& parsed,
                     uint64_t monitors, const Snapshot& snapshot) {
    observer_->OnPacket(event, parsed, monitors, snapshot.revision);
  }

 private:
  Verdict Call(const ChainLink& link, Flow& flow, const Event& event);
  void NoteHold(uint8_t link, FailurePolicy policy, Flow& flow,
                const Event& event);

  FlowServices& services_;
  CoreCounters& counters_;
  HeldFor hold_;
  uint8_t dropped_by_ = 0;
  EventObserver* observer_ = &EventObserver::Nobody();
};

}  // namespace mosaic
