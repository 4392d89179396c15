// FlowTracker owns the flows of one worker from the first packet to the end:
// table, timeouts, subscriptions, stream storage.
//
// Threading   Owner worker only.
// Bounds      WorkerLimits::flows records, reassembly_bytes of chunks,
//             SubscriptionTable::kMaxSubscriptions sets of listeners,
//             WorkerLimits::timers timers of functions. At each bound the
//             newcomer goes without and a counter moves.

#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/command/worker_link.h"
#include "dataplane/engine/limits.h"
#include "dataplane/engine/packet_context.h"
#include "dataplane/engine/rare_states.h"
#include "dataplane/event/dispatcher.h"
#include "dataplane/event/flow_services.h"
#include "dataplane/event/function_timers.h"
#include "dataplane/event/link_state.h"
#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow.h"
#include "dataplane/flow/flow_hash.h"
#include "dataplane/flow/flow_table.h"
#include "dataplane/flow/timer_wheel.h"
#include "dataplane/policy/snapshot.h"
#include "dataplane/stats/core_counters.h"
#include "dataplane/stats/core_histograms.h"
#include "dataplane/stats/core_usage.h"
#include "dataplane/stream/chunk_pool.h"
#include "dataplane/stream/stream_state.h"

namespace mosaic {

class HoldQueue;
class SegmentSender;
class SeqTranslator;
class StreamDelivery;

// What happens to packets that would begin a flow.
enum class NewFlows : uint8_t {
  kTrack,
  kPass,  // They pass unmonitored and are counted; no orphan is told either.
};

class FlowTracker final : public FlowServices, public WorkerFlows {
 public:
  FlowTracker(const WorkerLimits& limits, const FlowHash& hash,
              CoreCounters& counters, CoreHistograms& histograms);
  ~FlowTracker() override;

  FlowTracker(const FlowTracker&) = delete;
  FlowTracker& operator=(const FlowTracker&) = delete;

  // Delivery ends the streams of flows that end. REQUIRES: called once, before
  // any packet; `delivery` outlives the tracker's last call.
  void SetDelivery(StreamDelivery& delivery, StreamOptions& options) {
    delivery_ = &delivery;
    stream_options_ = &options;
  }
  // The same of what flows' numbers are translated by, and segments sent by.
  void SetTranslator(SeqTranslator& translator) { translator_ = &translator; }
  void SetSender(SegmentSender& sender) { sender_ = &sender; }
  void SetHolds(HoldQueue& holds) { holds_ = &holds; }

  // Makes `on` the one that new flows are attached under. Flows attached under
  // a revision below `reevaluate_before`, or under one of `undone`, are
  // attached anew at their next packet. All of it outlives the flows' use.
  void SetSnapshot(const SnapshotOnWorker& on, uint64_t reevaluate_before,
                   std::span<const uint64_t> undone = {});

  void SetNewFlows(NewFlows new_flows) { new_flows_ = new_flows; }

  FlowTable& table() override { return table_; }

  // Prefetches what a packet touches that opens or closes the flow whose record
  // is likely to be number `candidate`.
  void PrefetchLifecycle(uint32_t candidate) const {
    table_.PrefetchRest(candidate);
    wheel_.Prefetch(candidate);
  }
  Dispatcher& dispatcher() { return dispatcher_; }
  CoreCounters& counters() { return counters_; }
  StreamStatePool& stream_states() { return stream_states_; }
  ChunkPool& chunks() { return chunks_; }
  RareStates& rare_states() { return rare_states_; }
  const WorkerLimits& limits() const { return limits_; }

  // From any thread.
  CoreUsage usage() const;

  // Memory that each flow of capacity has, without payload: record, buckets,
  // timer.
  size_t bytes_per_flow() const;

  // A record for the packet's tuple, attached to who wants it, with `client` as
  // its client endpoint; null if nobody wants it or there is no room, which is
  // counted. REQUIRES: the tuple is not in the table.
  Flow* Create(const PacketContext& context, EndpointIndex client,
               FlowOrigin origin);

  // The oldest revision that a flow or the current configuration refers to.
  uint64_t OldestRevision() const { return subscriptions_.OldestRevision(); }
  uint64_t current_revision() const override {
    return subscriptions_.current_revision();
  }
  void AddAttachedRevisions(std::vector<uint64_t>& revisions) const override {
    subscriptions_.AddRevisions(revisions);
  }

  // True if some stream monitor picks up flows in their middle.
  bool picks_up_midstream() const { return picks_up_midstream_; }
  // Shows a packet without a flow to the monitors that want such. In
  // flow_tracker_orphans.cc.
  Verdict RaiseOrphan(const PacketContext& context);

  // Ends `flow`: what its streams hold is told, END is raised, the record goes.
  // What the flow itself says of its end (fin, reset, refused) goes before
  // `reason`.
  void End(Flow& flow, EndReason reason, Timestamp now) override;

  // Ends all flows, in order of appearance.
  void EndAll(EndReason reason, Timestamp now);

  // Fires what is due at or before `now`; a cheap test if nothing is.
  void AdvanceTo(Timestamp now) {
    clock_ = std::max(clock_, now);
    if (wheel_.Due(now)) AdvanceSlow(now);
    if (timers_.Due(now)) FireTimers(now);
  }

  // Lets receivers take the FINs that nothing is missing before, and notes it
  // when that closes the connection. `packet` is the cause; null for a timer.
  // Returns the severest verdict of those who hear of the changes.
  Verdict TakeFins(Flow& flow, PacketView* packet, Timestamp now);

  // To be called when a flow's state has changed such that it may have to end
  // sooner than its timer says.
  void Rearm(Flow& flow);
  // Makes the flow's timer fire at `due` at the latest.
  void ArmBy(Flow& flow, Timestamp due);

  // Brings `flow` under the current snapshot if it has to be.
  void Reevaluate(Flow& flow, const PacketContext& context) {
    if (flow.subscription->revision < stale_below_) {
      ReevaluateSlow(flow, context);
    }
  }

  // After the last event of a packet: carries out a reset and stop policies,
  // brings buffers to what is set and listened to, ends a flow that is to be
  // forgotten.
  void Settle(Flow& flow, Timestamp now) {
    constexpr uint16_t kAsked = flow_flag::kStopPolicies | flow_flag::kForget |
                                flow_flag::kUnsettled | flow_flag::kToBeReset;
    if (flow.flags & kAsked) SettleSlow(flow, now);
  }

  // What a side's bytes are kept for and how, with what functions set.
  SideSettings SettingsOf(const Flow& flow, Side side) const {
    const SideSettings& settings = flow.subscription->side[Index(side)];
    return flow.Has(flow_flag::kOverrides)
               ? OverriddenSettings(flow, side, settings)
               : settings;
  }
  // The offset up to which everyone who peeks has fetched a side's bytes.
  uint64_t FetchedOffset(const Flow& flow, Side side) const;

  // Exchanges all that is kept by side, when it shows who the client is.
  void SwapSides(Flow& flow);

  LinkStatePool& link_states() { return link_states_; }
  const FunctionTimers& timers() const { return timers_; }

  // --- FlowServices, in flow_tracker_services.cc.
  void* ContextOf(const Flow& flow, const LinkRef& link) override;
  void RequestStop(Flow& flow, const LinkRef& link, Side side) override;
  void* UserOf(const Flow& flow, const LinkRef& link) const override;
  void SetUser(Flow& flow, const LinkRef& link, void* user) override;
  FlowHandle HandleOf(const Flow& flow) const override;
  bool VisitFlow(FlowHandle handle, NfSlot& slot,
                 void (*visit)(FlowView& view, void* to), void* to) override;
  EventForest& forest() override { return forest_; }
  HandlerSetTable& handler_sets() override { return handler_sets_; }
  const HandlerSet& HandlersOf(const Flow& flow,
                               const LinkRef& link) const override;
  RegisterError Register(Flow& flow, const LinkRef& link, EventId event,
                         Hook hook, EventHandler handler) override;
  RegisterError RegisterDefault(NfSlot& slot, EventId event, Hook hook,
                                EventHandler handler) override;
  StreamOptions& streams() override { return *stream_options_; }
  Timestamp clock() const override { return clock_; }
  TimerHandle ArmTimer(NfSlot& slot, const TimerSpec& spec) override;
  TimerHandle ArmTimer(Flow& flow, const LinkRef& link,
                       const TimerSpec& spec) override;
  bool CancelTimer(NfSlot& slot, TimerHandle timer) override;
  RemapResult RemapSequence(Flow& flow, const PacketView* packet, Side side,
                            int64_t shift, SeqNum base) override;
  SendResult Send(Flow& flow, const SegmentSpec& segment) override;
  SendResult Reset(Flow& flow) override;

  size_t Release(Flow& flow, const LinkRef& link, HeldFate fate,
                 size_t most) override;
  size_t HeldBy(const Flow& flow, const LinkRef& link) const override;

  // Nothing of the flow goes on from now on, nor what is held of it.
  void Block(Flow& flow);

  // What a flow that was reset here still receives is answered.
  void AnswerWithReset(const Flow& flow, Side sender,
                       const PacketContext& context);

 private:
  // Fills `attachments` with who wants a flow that begins with this packet,
  // given from its IP header on. Returns how many those are.
  size_t Match(std::span<const uint8_t> ip, FlowOrigin origin,
               std::span<Attachment> attachments) const;
  void Subscribe(Flow& flow, Subscription* subscription);
  void ReevaluateSlow(Flow& flow, const PacketContext& context);
  void Reattach(Flow& flow, const PacketContext& context);
  void SettleSlow(Flow& flow, Timestamp now);
  void ResetNow(Flow& flow, Timestamp now);
  void DeliverUnproven(Flow& flow, Timestamp now);
  // Moves `flow` to the subscription with these attachments, of the same
  // monitors in the same order; false if there is no room, which is counted.
  bool Exchange(Flow& flow, std::span<const Attachment> attachments);
  void StartFunctions();
  void LearnOrphanListeners();
  void SettleStreams(Flow& flow, Timestamp now);
  SideSettings OverriddenSettings(const Flow& flow, Side side,
                                  SideSettings settings) const;
  void DropLinkState(Flow& flow, LinkState& state);
  void MoveLinkStates(Flow& flow, const Subscription& old,
                      const Subscription& next);
  TimerHandle Counted(TimerHandle timer);
  void FireTimers(Timestamp now);
  void Fire(const FunctionTimers::Fired& fired);
  void CountStops(const Attachment& attachment, uint8_t already_stopped);
  Duration TimeoutOf(const Flow& flow) const;
  void AdvanceSlow(Timestamp now);
  void OnTimer(uint32_t index, Timestamp now);

  const WorkerLimits limits_;
  const FlowHash& hash_;
  CoreCounters& counters_;
  CoreHistograms& histograms_;

  FlowTable table_;
  TimerWheel wheel_;
  ChunkPool chunks_;
  StreamStatePool stream_states_;
  RareStates rare_states_;
  EventForest forest_;
  HandlerSetTable handler_sets_;
  SubscriptionTable subscriptions_;
  LinkStatePool link_states_;
  FunctionTimers timers_;
  Dispatcher dispatcher_;
  StreamDelivery* delivery_ = nullptr;
  StreamOptions* stream_options_ = nullptr;
  SeqTranslator* translator_ = nullptr;
  SegmentSender* sender_ = nullptr;
  HoldQueue* holds_ = nullptr;

  SnapshotOnWorker on_;
  uint64_t reevaluate_before_ = 0;
  std::span<const uint64_t> undone_;
  uint64_t stale_below_ = 0;  // No flow from here on is attached anew.
  NewFlows new_flows_ = NewFlows::kTrack;
  bool picks_up_midstream_ = false;
  bool wants_orphans_ = false;
  bool wheel_started_ = false;
  Timestamp clock_;  // The largest time it was told.

  // By monitor: whose default handlers its flows get; null: nobody's.
  std::array<NfSlot*, Snapshot::kMaxMonitors> handler_slot_ = {};
};

}  // namespace mosaic
