// FlowServices is what a callback may ask the engine for.
//
// Threading   Owner worker only.

#pragma once

#include <cstdint>

#include "dataplane/api/flow_action.h"
#include "dataplane/api/flow_view.h"
#include "dataplane/base/side.h"
#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow.h"

namespace mosaic {

class FlowServices {
 public:
  virtual ~FlowServices() = default;

  // The context of `link`'s function for `flow`; null if it declared none.
  virtual void* ContextOf(const Flow& flow, const LinkRef& link) = 0;

  // Ends monitoring of `side` for the monitors that `link` belongs to, when the
  // current packet has been dealt with.
  virtual void RequestStop(Flow& flow, const LinkRef& link, Side side) = 0;

  // As FlowView has them. An engine that cannot send refuses them all.
  virtual RemapResult RemapSequence(Flow&, Side, int64_t, SeqNum) {
    return RemapResult::kBadOffset;
  }
  virtual SendResult Send(Flow&, const SegmentSpec&) {
    return SendResult::kNoPath;
  }
  virtual SendResult Reset(Flow&) { return SendResult::kNoPath; }
};

}  // namespace mosaic
