// FunctionStreams lets network functions read what the streams of a flow hold,
// and set how much and how that is.
//
// Threading   Owner worker only.
// Memory      None of its own: what is set for a flow is in its link states.

#pragma once

#include "dataplane/engine/flow_tracker.h"
#include "dataplane/engine/stream_delivery.h"
#include "dataplane/event/flow_services.h"

namespace mosaic {

class FunctionStreams final : public StreamOptions {
 public:
  FunctionStreams(FlowTracker& tracker, StreamDelivery& delivery)
      : tracker_(tracker), delivery_(delivery) {}

  PeekResult Peek(Flow& flow, const LinkRef& link, Side side,
                  std::span<uint8_t> to) override;
  uint32_t PeekAt(const Flow& flow, const LinkRef& link, Side side,
                  uint64_t offset, std::span<uint8_t> to) const override;
  uint64_t ReadOffset(const Flow& flow, const LinkRef& link,
                      Side side) const override;
  HeldRange NextHeld(const Flow& flow, const LinkRef& link, Side side,
                     uint64_t offset) const override;
  BufferInfo InfoOf(const Flow& flow, const LinkRef& link,
                    Side side) const override;
  bool SetBufferBytes(Flow& flow, const LinkRef& link, Side side,
                      uint32_t bytes) override;
  uint32_t BufferBytesOf(const Flow& flow, const LinkRef& link,
                         Side side) const override;
  void SetOverlap(Flow& flow, const LinkRef& link, Side side,
                  OverlapPolicy policy) override;
  OverlapPolicy OverlapOf(const Flow& flow, Side side) const override;

 private:
  // What is held of the side; null if that is nothing, or not for this link.
  const ReassemblyBuffer* BufferOf(const Flow& flow, const LinkRef& link,
                                   Side side) const;

  FlowTracker& tracker_;
  StreamDelivery& delivery_;
};

}  // namespace mosaic
