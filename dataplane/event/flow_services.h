// FlowServices is what a callback may ask the engine for.
//
// Threading   Owner worker only.

#pragma once

#include <cstdint>

#include "dataplane/api/flow_action.h"
#include "dataplane/api/flow_view.h"
#include "dataplane/base/side.h"
#include "dataplane/event/event_forest.h"
#include "dataplane/event/handler_set.h"
#include "dataplane/event/nf_slot.h"
#include "dataplane/flow/flow.h"

namespace mosaic {

class PacketView;

// What a function may do to the streams of a flow; FlowView has the contracts.
class StreamOptions {
 public:
  virtual ~StreamOptions() = default;

  virtual PeekResult Peek(Flow& flow, const LinkRef& link, Side side,
                          std::span<uint8_t> to) = 0;
  virtual uint32_t PeekAt(const Flow& flow, const LinkRef& link, Side side,
                          uint64_t offset, std::span<uint8_t> to) const = 0;
  virtual uint64_t ReadOffset(const Flow& flow, const LinkRef& link,
                              Side side) const = 0;
  virtual HeldRange NextHeld(const Flow& flow, const LinkRef& link, Side side,
                             uint64_t offset) const = 0;
  virtual BufferInfo InfoOf(const Flow& flow, const LinkRef& link,
                            Side side) const = 0;
  virtual bool SetBufferBytes(Flow& flow, const LinkRef& link, Side side,
                              uint32_t bytes) = 0;
  virtual uint32_t BufferBytesOf(const Flow& flow, const LinkRef& link,
                                 Side side) const = 0;
  virtual void SetOverlap(Flow& flow, const LinkRef& link, Side side,
                          OverlapPolicy policy) = 0;
  virtual OverlapPolicy OverlapOf(const Flow& flow, Side side) const = 0;
};

class FlowServices {
 public:
  virtual ~FlowServices() = default;

  // The context of `link`'s function for `flow`; null if it declared none.
  virtual void* ContextOf(const Flow& flow, const LinkRef& link) = 0;

  // Ends monitoring of `side` for the monitors that `link` belongs to.
  virtual void RequestStop(Flow& flow, const LinkRef& link, Side side) = 0;

  virtual void* UserOf(const Flow& flow, const LinkRef& link) const = 0;
  virtual void SetUser(Flow& flow, const LinkRef& link, void* user) = 0;
  virtual FlowHandle HandleOf(const Flow& flow) const = 0;
  virtual bool VisitFlow(FlowHandle flow, NfSlot& slot,
                         void (*visit)(FlowView& view, void* to), void* to) = 0;

  virtual EventForest& forest() = 0;
  virtual HandlerSetTable& handler_sets() = 0;
  // The handlers of `link` on `flow`; the empty set if it uses none.
  virtual const HandlerSet& HandlersOf(const Flow& flow,
                                       const LinkRef& link) const = 0;
  virtual RegisterError Register(Flow& flow, const LinkRef& link, EventId event,
                                 Hook hook, EventHandler handler) = 0;
  // Those of flows to come, and for packets without a flow.
  virtual RegisterError RegisterDefault(NfSlot& slot, EventId event, Hook hook,
                                        EventHandler handler) = 0;

  virtual StreamOptions& streams() = 0;

  virtual Timestamp clock() const = 0;
  virtual TimerHandle ArmTimer(NfSlot& slot, const TimerSpec& spec) = 0;
  virtual TimerHandle ArmTimer(Flow& flow, const LinkRef& link,
                               const TimerSpec& spec) = 0;
  virtual bool CancelTimer(NfSlot& slot, TimerHandle timer) = 0;

  // As FlowView has them; the packet at hand may be null. An engine that cannot
  // send refuses them all, and holds nothing.
  virtual RemapResult RemapSequence(Flow&, const PacketView*, Side, int64_t,
                                    SeqNum) {
    return RemapResult::kBadOffset;
  }
  virtual SendResult Send(Flow&, const SegmentSpec&) {
    return SendResult::kNoPath;
  }
  virtual SendResult Reset(Flow&) { return SendResult::kNoPath; }
  virtual size_t Release(Flow&, const LinkRef&, HeldFate, size_t) { return 0; }
  virtual size_t HeldBy(const Flow&, const LinkRef&) const { return 0; }
};

}  // namespace mosaic
