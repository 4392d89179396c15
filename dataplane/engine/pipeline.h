// Pipeline takes bursts of packets of one worker through all stages. Its .cc is
// the table of contents of the dataplane.
//
// Threading   Owner worker only.

#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "dataplane/edit/packet_buffers.h"
#include "dataplane/edit/packet_editor.h"
#include "dataplane/engine/burst.h"
#include "dataplane/engine/flow_tracker.h"
#include "dataplane/engine/fragment_stage.h"
#include "dataplane/engine/handoff.h"
#include "dataplane/engine/hold_queue.h"
#include "dataplane/engine/segment_sender.h"
#include "dataplane/engine/seq_translator.h"
#include "dataplane/engine/stream_delivery.h"
#include "dataplane/engine/stream_options.h"
#include "dataplane/engine/tcp_stage.h"
#include "dataplane/engine/transmitter.h"
#include "dataplane/parse/parser.h"

namespace mosaic {

// What becomes of a packet whose owner's ring is full.
enum class HandoffPolicy : uint8_t { kDrop, kWait };

struct PipelineConfig {
  ParserConfig parser;
  WorkerLimits limits;
  HandoffPolicy handoff = HandoffPolicy::kDrop;
  // Stop after the flow look-up: for measuring the floor under everything else.
  bool look_up_only = false;
};

class Pipeline {
 public:
  // `worker` is this worker's number in `handoff`; `sinks` are Transmitter's.
  // All that is borrowed outlives the pipeline.
  Pipeline(const PipelineConfig& config, const FlowHash& hash, Handoff& handoff,
           size_t worker, CoreCounters& counters,
           const std::vector<PacketSink*>& sinks = {});

  // See FlowTracker::SetSnapshot().
  void SetSnapshot(const SnapshotOnWorker& on, uint64_t reevaluate_before,
                   std::span<const uint64_t> undone = {});

  // Packets as received: parses them, hands those of other workers on, and
  // processes the rest. Leaves the burst empty.
  void ProcessReceived(Burst& burst);

  // Packets that other workers handed to this one. Returns how many.
  size_t ProcessHandedOver();

  // Runs timers up to `now`.
  void AdvanceTo(Timestamp now) {
    tracker_.AdvanceTo(now);
    if (now >= holds_.next_due()) ExpireHolds(now);
    SendWaiting();
    fragments_.Expire(now, config_.limits.expiry_budget);
  }

  // Ends all flows.
  void EndAll(EndReason reason, Timestamp now) {
    tracker_.EndAll(reason, now);
    SendWaiting();
  }

  FlowTracker& tracker() { return tracker_; }
  const PacketBuffers& buffers() const { return buffers_; }
  const SeqTranslator& translator() const { return translator_; }
  const HoldQueue& holds() const { return holds_; }
  const FragmentStage& fragments() const { return fragments_; }
  const FlowTracker& tracker() const { return tracker_; }
  // Written by the worker; the const one may be read from any thread.
  CoreHistograms& histograms() { return histograms_; }
  const CoreHistograms& histograms() const { return histograms_; }
  // The largest clock of any packet processed.
  Timestamp clock() const { return clock_; }

 private:
  // What functions sent or released outside of a burst.
  void SendWaiting() {
    if (sender_.HasWaiting()) sender_.Flush();
    transmitter_.Flush();
  }
  void Defragment(Burst& burst, HandoffPolicy when_full);
  void DefragmentOne(HandoffPolicy when_full, Packet& packet,
                     ParsedPacket& parsed);
  size_t OwnerOf(const ParsedPacket& parsed) const;
  void HandOff(Burst& burst);
  void PutAside(Burst& burst);
  void FlushOutbox();
  void Push(size_t owner, Packet& packet, const ParsedPacket& parsed);
  bool PushTo(size_t owner, Packet& packet, const ParsedPacket& parsed);
  void ProcessOwned(Burst& burst);
  void ProcessPacket(Burst& burst, size_t i);
  void LookUpOnly(const PacketContext& context, Flow* flow);
  Verdict ProcessDatagram(Flow* flow, const PacketContext& context);
  bool DropUnsound(Packet& packet, const ParsedPacket& parsed);
  Verdict ProcessWithoutFlow(const PacketContext& context, uint32_t candidate);
  Verdict ProcessIcmpError(const PacketContext& context, uint32_t candidate);
  Verdict RaiseRaw(const PacketContext& context);
  void Settle(Packet& packet, ParsedPacket& parsed, Verdict verdict);
  void ExpireHolds(Timestamp now);
  bool KeepBack(Packet& packet, const ParsedPacket& parsed, Verdict& verdict);

  const PipelineConfig config_;
  const FlowHash& hash_;
  Handoff& handoff_;
  const size_t worker_;
  CoreCounters& counters_;

  CoreHistograms histograms_;

  const Parser parser_;
  FragmentStage fragments_;
  FlowTracker tracker_;
  PacketBuffers buffers_;
  SeqTranslator translator_;
  PacketEditor editor_;
  StreamDelivery delivery_;
  FunctionStreams streams_;
  TcpStage tcp_;
  Transmitter transmitter_;
  SegmentSender sender_;
  HoldQueue holds_;

  SnapshotOnWorker on_;
  bool has_raw_monitors_ = false;
  Timestamp clock_;
  Burst handed_over_;
  // Datagrams for other workers that were put together out of what others
  // handed over; each is one of this worker's pool, so their number is bounded.
  std::vector<HandedPacket> outbox_;
  size_t outbox_next_ = 0;  // The first that is not pushed yet.
  bool flushing_ = false;
};

}  // namespace mosaic
