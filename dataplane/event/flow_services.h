// FlowServices is what a callback may ask the engine for.
//
// Threading   Owner worker only.

#pragma once

#include <cstdint>

#include "dataplane/api/flow_action.h"
#include "dataplane/base/side.h"
#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow.h"

namespace mosaic {

class PacketView;

class FlowServices {
 public:
  virtual ~FlowServices() = default;

  // The context of `link`'s function for `flow`; null if it declared none.
  virtual void* ContextOf(const Flow& flow, const ChainLink& link) = 0;

  // Ends monitoring of `side` for the monitors that `link` belongs to, when the
  // current packet has been dealt with.
  virtual void RequestStop(Flow& flow, const ChainLink& link, Side side) = 0;

  // As FlowView has them; the packet at hand may be null. An engine that cannot
  // send refuses them all.
  virtual RemapResult RemapSequence(Flow&, const PacketView*, Side, int64_t,
                                    SeqNum) {
    return RemapResult::kBadOffset;
  }
  virtual SendResult Send(Flow&, const SegmentSpec&) {
    return SendResult::kNoPath;
  }
  virtual SendResult Reset(Flow&) { return SendResult::kNoPath; }
};

}  // namespace mosaic
