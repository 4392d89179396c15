// Dispatcher hands the events of one worker to the network functions that
// subscribed to them.
//
// Order       A flow's chain is walked in its order for what the client sends
//             and in reverse for what the server sends, as through a row of
//             middleboxes. A drop ends the walk; events without a packet reach
//             everybody.
// Faults      What a function throws is caught here and counted; its failure
//             policy gives the verdict.
// Threading   Owner worker only.
// Cost        Nothing for an event that is not in the flow's mask: the caller
//             tests it with Wants() before it builds the event.

#pragma once

#include "dataplane/api/event.h"
#include "dataplane/api/verdict.h"
#include "dataplane/event/flow_services.h"
#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow.h"
#include "dataplane/stats/core_counters.h"

namespace mosaic {

class Dispatcher {
 public:
  Dispatcher(FlowServices& services, CoreCounters& counters)
      : services_(services), counters_(counters) {}

  static bool Wants(const Flow& flow, EventKind kind, Hook hook, Side side) {
    return flow.mask.Has(kind, hook, side);
  }

  // Calls who subscribed to `event` on `flow`. Returns the severest verdict.
  // REQUIRES: Wants() for the event.
  Verdict Raise(Flow& flow, const Event& event);

  // Calls `slots` in order for a packet without a flow.
  Verdict RaiseWithoutFlow(std::span<NfSlot* const> slots, const Event& event);

 private:
  Verdict Call(const ChainLink& link, Flow& flow, const Event& event);

  FlowServices& services_;
  CoreCounters& counters_;
};

}  // namespace mosaic
