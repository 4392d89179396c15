#include "dataplane/engine/flow_tracker.h"

#include <algorithm>
#include <array>
#include <vector>

#include "dataplane/engine/first_packet.h"
#include "dataplane/engine/hold_queue.h"
#include "dataplane/engine/monitor_filters.h"
#include "dataplane/engine/segment_sender.h"
#include "dataplane/engine/seq_translator.h"
#include "dataplane/engine/stop_rules.h"
#include "dataplane/engine/stream_delivery.h"
#include "dataplane/tcp/tcp_observer.h"

namespace mosaic {
namespace {

constexpr uint8_t kIpProtocolTcp = 6;
constexpr uint8_t kIpProtocolUdp = 17;

size_t ChunkCount(size_t reassembly_bytes) {
  return std::max<size_t>(reassembly_bytes / sizeof(Chunk), 16);
}

// The sides that the monitor of `attachment`, under `snapshot`, had stopped in
// `old`, as Attachment::stopped.
uint8_t StoppedBefore(const Subscription& old, const Snapshot& snapshot,
                      const Attachment& attachment) {
  const std::string& name = snapshot.monitors[attachment.monitor].name;
  for (const Attachment& had : old.attachments()) {
    if (old.on.snapshot->monitors[had.monitor].name == name) return had.stopped;
  }
  return 0;
}

}  // namespace

FlowTracker::FlowTracker(const WorkerLimits& limits, const FlowHash& hash,
                         CoreCounters& counters, CoreHistograms& histograms)
    : limits_(limits),
      hash_(hash),
      counters_(counters),
      histograms_(histograms),
      table_(limits.flows),
      wheel_(limits.flows),
      chunks_(ChunkCount(limits.reassembly_bytes)),
      stream_states_(2 * limits.flows),
      rare_states_(limits.flows, limits.held_segments, counters),
      handler_sets_(forest_),
      subscriptions_(&handler_sets_),
      link_states_(limits.flows),
      timers_(limits.timers),
      dispatcher_(*this, counters) {
  if (limits.prefault == Prefault::kYes) table_.Prefault();
}

FlowTracker::~FlowTracker() {
  // Flows that nobody ended are not told of it, but give back what they hold.
  for (uint32_t i = 0; i < table_.high_water(); ++i) {
    if (!table_.InUse(i)) continue;
    for (StreamState* state : table_.At(i).stream) {
      if (state != nullptr) stream_states_.Give(state);
    }
  }
}

void FlowTracker::SetSnapshot(const SnapshotOnWorker& on,
                              uint64_t reevaluate_before,
                              std::span<const uint64_t> undone) {
  on_ = on;
  reevaluate_before_ = reevaluate_before;
  undone_ = undone;
  stale_below_ = reevaluate_before;
  for (uint64_t revision : undone) {
    stale_below_ = std::max(stale_below_, revision + 1);
  }
  subscriptions_.SetCurrentRevision(on.snapshot->revision);
  picks_up_midstream_ =
      std::ranges::any_of(on.snapshot->monitors, [&on](const Monitor& monitor) {
        return monitor.type == MonitorType::kStream && on.Runs(monitor) &&
               monitor.midstream == Midstream::kPickup;
      });
  for (size_t i = 0; i < on.snapshot->monitors.size(); ++i) {
    handler_slot_[i] = nullptr;
    for (size_t nf : on.snapshot->monitors[i].nf_instances) {
      NfSlot* const slot = on.slots[nf];
      if (slot->uses_handlers && handler_slot_[i] == nullptr) {
        handler_slot_[i] = slot;
      }
    }
  }
  StartFunctions();
  LearnOrphanListeners();
}

size_t FlowTracker::Match(std::span<const uint8_t> ip, FlowOrigin origin,
                          std::span<Attachment> attachments) const {
  size_t count = 0;
  const Snapshot& snapshot = *on_.snapshot;
  for (size_t i = 0; i < snapshot.monitors.size(); ++i) {
    const Monitor& monitor = snapshot.monitors[i];
    if (monitor.type != MonitorType::kStream || !on_.Runs(monitor) ||
        count == attachments.size()) {
      continue;
    }
    if (origin == FlowOrigin::kMidstream &&
        monitor.midstream != Midstream::kPickup) {
      continue;
    }
    if (!Matches(monitor.syn_filter, ip)) continue;
    Attachment& attachment = attachments[count++];
    attachment = Attachment{};
    attachment.monitor = static_cast<uint8_t>(i);
    if (handler_slot_[i] != nullptr) {
      attachment.handlers = handler_slot_[i]->default_handlers;
    }
    for (size_t p = 0; p < monitor.flow_policies.size(); ++p) {
      if (Matches(monitor.flow_policies[p].match, ip)) {
        attachment.flow_policy = static_cast<uint16_t>(p + 1);
        break;
      }
    }
    StopFromTheStart(snapshot, attachment);
  }
  return count;
}

void FlowTracker::Subscribe(Flow& flow, Subscription* subscription) {
  flow.subscription = subscription;
  flow.mask = subscription->mask;
  if (subscription->has_stop_policies) {
    flow.Set(flow_flag::kStopPolicies);
  } else {
    flow.Clear(flow_flag::kStopPolicies);
  }
}

Flow* FlowTracker::Create(const PacketContext& context, EndpointIndex client,
                          FlowOrigin origin) {
  if (new_flows_ == NewFlows::kPass) return nullptr;
  std::array<Attachment, Subscription::kMaxAttachments> attachments;
  const size_t count = Match(IpBytes(context.parsed), origin, attachments);
  if (count == 0) return nullptr;
  const auto attached = std::span(attachments).first(count);
  for (const Attachment& attachment : attached) {
    CountMatch(*on_.counters[attachment.monitor], MonitorFilter::kSyn);
  }
  Flow* const flow = table_.Insert(context.parsed.key, context.parsed.hash);
  if (flow == nullptr) {
    counters_.flow_table_full.Add(1);
    return nullptr;
  }
  Subscription* const subscription = subscriptions_.Acquire(on_, attached);
  if (subscription == nullptr) {
    counters_.subscriptions_full.Add(1);
    table_.Erase(*flow, context.parsed.hash);
    return nullptr;
  }
  flow->client = client;
  flow->origin = origin;
  flow->id = context.packet.index;
  flow->start = context.packet.time;
  flow->last_packet = context.packet.time;
  flow->last_seen = context.now;
  Subscribe(*flow, subscription);
  const uint32_t index = table_.IndexOf(*flow);
  sender_->NotePath(index, context);
  for (const ChainLink& link : subscription->links()) {
    link.slot->MakeContext(index);
  }
  for (const Attachment& attachment : attached) CountStops(attachment, 0);
  counters_.flows_created.Add(1);
  if (context.parsed.packet_class == PacketClass::kTcp) {
    counters_.tcp_flows_created.Add(1);
  }
  if (limits_.timeouts.enabled) {
    if (!wheel_started_) {
      wheel_.Start(context.now);
      wheel_started_ = true;
    }
    wheel_.Arm(index, context.now + TimeoutOf(*flow));
  }
  return flow;
}

Duration FlowTracker::TimeoutOf(const Flow& flow) const {
  const Timeouts& timeouts = limits_.timeouts;
  if (flow.flags & (flow_flag::kClosed | flow_flag::kReset)) {
    return timeouts.linger;
  }
  if (flow.key.protocol != kIpProtocolTcp) {
    if (flow.subscription->idle_timeout > Duration()) {
      return flow.subscription->idle_timeout;
    }
    return flow.key.protocol == kIpProtocolUdp ? timeouts.udp : timeouts.icmp;
  }
  const TcpEnd& client = flow.end[Index(Side::kClient)];
  const TcpEnd& server = flow.end[Index(Side::kServer)];
  if ((client.flags | server.flags) & end_flag::kFinSeen) {
    return timeouts.closing;
  }
  if (client.state != TcpState::kEstablished ||
      server.state != TcpState::kEstablished) {
    return timeouts.handshake;
  }
  return flow.subscription->idle_timeout > Duration()
             ? flow.subscription->idle_timeout
             : timeouts.established;
}

void FlowTracker::Rearm(Flow& flow) {
  if (!limits_.timeouts.enabled) return;
  wheel_.ArmBy(table_.IndexOf(flow), flow.last_seen + TimeoutOf(flow));
}

void FlowTracker::ArmBy(Flow& flow, Timestamp due) {
  if (!wheel_started_) {
    wheel_.Start(flow.last_seen);
    wheel_started_ = true;
  }
  wheel_.ArmBy(table_.IndexOf(flow), due);
}

Verdict FlowTracker::TakeFins(Flow& flow, PacketView* packet, Timestamp now) {
  // Neither end can have closed.
  constexpr uint16_t kClosing =
      end_flag::kFinSeen | end_flag::kFinAcked | end_flag::kRstSeen;
  if (((flow.end[0].flags | flow.end[1].flags) & kClosing) == 0) {
    return Verdict::kForward;
  }
  Verdict verdict = Verdict::kForward;
  for (Side sender : {Side::kClient, Side::kServer}) {
    const Side receiver = Other(sender);
    const TcpState before = flow.end[Index(receiver)].state;
    TakePendingFin(PairOf(flow, sender));
    const TcpState after = flow.end[Index(receiver)].state;
    if (before == after || !dispatcher_.Wants(flow, EventKind::kStateChange,
                                              Hook::kReceiver, receiver)) {
      continue;
    }
    Event event;
    event.kind = EventKind::kStateChange;
    event.hook = Hook::kReceiver;
    event.side = receiver;
    event.now = now;
    event.packet = packet;
    event.old_state = before;
    event.new_state = after;
    verdict = std::max(verdict, dispatcher_.Raise(flow, event));
  }
  if (!flow.Has(flow_flag::kClosed) && BothClosed(flow.end[0], flow.end[1])) {
    flow.Set(flow_flag::kClosed);
    Rearm(flow);
  }
  return verdict;
}

void FlowTracker::AdvanceSlow(Timestamp now) {
  wheel_.AdvanceTo(now, limits_.expiry_budget,
                   [this, now](uint32_t index, Timestamp tick) {
                     histograms_.timer_lateness.Record(
                         static_cast<uint64_t>((now - tick).nanos()));
                     OnTimer(index, tick);
                   });
}

void FlowTracker::OnTimer(uint32_t index, Timestamp now) {
  Flow& flow = table_.At(index);
  const Timestamp gap_due = delivery_->GiveUpOldHoles(flow, now);
  static_cast<void>(TakeFins(flow, nullptr, now));
  Settle(flow, now);
  if (!table_.InUse(index)) return;
  if (!limits_.timeouts.enabled) {
    if (gap_due > Timestamp()) wheel_.Arm(index, gap_due);
    return;
  }
  const Timestamp due = flow.last_seen + TimeoutOf(flow);
  if (due <= now) {
    End(flow, EndReason::kTimeout, now);
    return;
  }
  wheel_.Arm(index, gap_due > Timestamp() ? std::min(gap_due, due) : due);
}

// A capture may lack the acknowledgements that would have proven what is held;
// where no clean copy came it is the best there is. On live ports the receiver
// had its time to acknowledge it.
void FlowTracker::DeliverUnproven(Flow& flow, Timestamp now) {
  if (limits_.reincarnation != Reincarnation::kAnySyn) return;
  for (Side sender : {Side::kClient, Side::kServer}) {
    const TcpEnd& end = flow.end[Index(sender)];
    const int64_t fin = static_cast<int64_t>(end.delivered) +
                        flow.fin_seq[Index(sender)].Since(end.next_seq);
    const uint64_t below = end.Has(end_flag::kFinSeen) && fin >= 0
                               ? static_cast<uint64_t>(fin)
                               : UINT64_MAX;
    while (HeldSegment* const held =
               rare_states_.TakeFirst(flow, sender, below)) {
      static_cast<void>(delivery_->ReceiveHeld(
          flow, Other(sender), held->offset,
          std::span<const uint8_t>(held->bytes).first(held->length), now));
      rare_states_.Give(held);
    }
  }
}

void FlowTracker::End(Flow& flow, EndReason reason, Timestamp now) {
  if (flow.Has(flow_flag::kRefused)) {
    reason = EndReason::kRefused;
  } else if (flow.Has(flow_flag::kReset)) {
    reason = EndReason::kReset;
  } else if (flow.Has(flow_flag::kClosed)) {
    reason = EndReason::kFin;
  }
  if (flow.Has(flow_flag::kHolding)) {
    holds_->EndFlow(flow, table_.IndexOf(flow));
  }
  if (flow.rare_state != nullptr) DeliverUnproven(flow, now);
  delivery_->Finish(flow, now);
  rare_states_.Release(flow);
  for (Side side : {Side::kClient, Side::kServer}) {
    for (Hook hook : {Hook::kSender, Hook::kReceiver}) {
      if (!dispatcher_.Wants(flow, EventKind::kConnectionEnd, hook, side)) {
        continue;
      }
      Event event;
      event.kind = EventKind::kConnectionEnd;
      event.hook = hook;
      event.side = side;
      event.now = now;
      event.end_reason = reason;
      static_cast<void>(dispatcher_.Raise(flow, event));
    }
  }
  if (flow.Has(flow_flag::kRemapped)) translator_->Forget(flow);
  counters_.flows_ended[static_cast<size_t>(reason)].Add(1);
  histograms_.flow_lifetime.Record(static_cast<uint64_t>(
      std::max(flow.last_packet - flow.start, Duration()).nanos()));
  delivery_->GiveBack(flow);
  const uint32_t index = table_.IndexOf(flow);
  for (const ChainLink& link : flow.subscription->links()) {
    link.slot->DropContext(index);
  }
  while (LinkState* const state = link_states_.First(flow)) {
    DropLinkState(flow, *state);
  }
  subscriptions_.Release(flow.subscription);
  wheel_.Cancel(index);
  table_.Erase(flow, hash_.Of(flow.key));
}

void FlowTracker::EndAll(EndReason reason, Timestamp now) {
  std::vector<std::pair<uint64_t, uint32_t>> order;
  order.reserve(table_.size());
  for (uint32_t i = 0; i < table_.high_water(); ++i) {
    if (table_.InUse(i)) order.emplace_back(table_.At(i).id, i);
  }
  std::ranges::sort(order);
  // Each flow's lines are asked for some flows ahead, its bucket once the key
  // is there.
  constexpr size_t kBucketAhead = 4;
  constexpr size_t kFlowAhead = 8;
  for (size_t i = 0; i < order.size(); ++i) {
    if (i + kFlowAhead < order.size()) {
      const uint32_t ahead = order[i + kFlowAhead].second;
      table_.PrefetchFlow(ahead);
      PrefetchLifecycle(ahead);
    }
    if (i + kBucketAhead < order.size()) {
      table_.PrefetchBucket(
          hash_.Of(table_.At(order[i + kBucketAhead].second).key));
    }
    End(table_.At(order[i].second), reason, now);
  }
}

CoreUsage FlowTracker::usage() const {
  CoreUsage usage;
  usage.flows = table_.size();
  usage.flows_max = table_.capacity();
  usage.buffer_bytes =
      (chunks_.total_chunks() - chunks_.free_chunks()) * sizeof(Chunk);
  usage.buffer_limit_bytes = chunks_.total_chunks() * sizeof(Chunk);
  usage.timers = wheel_.armed_count();
  return usage;
}

size_t FlowTracker::bytes_per_flow() const {
  return (table_.bytes() + wheel_.bytes()) / table_.capacity();
}

void FlowTracker::SettleSlow(Flow& flow, Timestamp now) {
  if (flow.Has(flow_flag::kToBeReset)) ResetNow(flow, now);
  bool forget = flow.Has(flow_flag::kForget);
  if (flow.Has(flow_flag::kStopPolicies)) {
    std::array<Attachment, Subscription::kMaxAttachments> attachments;
    const Subscription& subscription = *flow.subscription;
    bool changed = false;
    for (size_t i = 0; i < subscription.attachment_count; ++i) {
      Attachment& attachment = attachments[i];
      attachment = subscription.attachment[i];
      forget |= StopWhatIsDue(*subscription.on.snapshot, flow, now,
                              attachment) == AfterStop::kForgetFlow;
      changed |= attachment.stopped != subscription.attachment[i].stopped;
    }
    if (changed) {
      static_cast<void>(Exchange(
          flow, std::span(attachments).first(subscription.attachment_count)));
    }
  }
  if (flow.Has(flow_flag::kUnsettled)) SettleStreams(flow, now);
  if (forget) {
    flow.Clear(flow_flag::kClosed | flow_flag::kReset | flow_flag::kRefused);
    End(flow, EndReason::kStopped, now);
  }
}

void FlowTracker::CountStops(const Attachment& attachment,
                             uint8_t already_stopped) {
  for (Side side : {Side::kClient, Side::kServer}) {
    const bool counted = (already_stopped >> Index(side) & 1) != 0;
    if (!attachment.IsStopped(side) || counted) continue;
    const StopReason reason = attachment.stop_reason[Index(side)];
    counters_.stopped_sides[Index(side)][static_cast<size_t>(reason)].Add(1);
  }
}

bool FlowTracker::Exchange(Flow& flow,
                           std::span<const Attachment> attachments) {
  const Subscription& old = *flow.subscription;
  Subscription* const next = subscriptions_.Acquire(old.on, attachments);
  if (next == nullptr) {
    counters_.subscriptions_full.Add(1);
    return false;
  }
  for (size_t i = 0; i < attachments.size(); ++i) {
    CountStops(attachments[i], old.attachment[i].stopped);
  }
  subscriptions_.Release(flow.subscription);
  Subscribe(flow, next);
  flow.Set(flow_flag::kUnsettled);
  return true;
}

void FlowTracker::ReevaluateSlow(Flow& flow, const PacketContext& context) {
  const uint64_t revision = flow.subscription->revision;
  if (revision < reevaluate_before_ ||
      std::ranges::count(undone_, revision) > 0) {
    Reattach(flow, context);
  }
}

void FlowTracker::Reattach(Flow& flow, const PacketContext& context) {
  std::array<Attachment, Subscription::kMaxAttachments> attachments;
  const size_t count =
      Match(FirstPacket(flow).bytes(), flow.origin, attachments);
  const auto attached = std::span(attachments).first(count);
  // A policy that has fired fires at once, or each change of the configuration
  // would show a packet of what had been stopped. What the flow registered for
  // itself stays.
  for (Attachment& attachment : attached) {
    for (const ChainLink& had : flow.subscription->links()) {
      if (had.handlers != nullptr &&
          had.slot == handler_slot_[attachment.monitor]) {
        attachment.handlers = had.handlers;
      }
    }
    if (StopWhatIsDue(*on_.snapshot, flow, context.now, attachment) ==
        AfterStop::kForgetFlow) {
      flow.Set(flow_flag::kForget);
    }
  }
  Subscription* const next = subscriptions_.Acquire(on_, attached);
  if (next == nullptr) {
    counters_.subscriptions_full.Add(1);
    return;
  }
  const Subscription& old = *flow.subscription;
  for (const Attachment& attachment : attached) {
    CountStops(attachment, StoppedBefore(old, *on_.snapshot, attachment));
  }
  // A function that was attached keeps its context; one that is new starts with
  // a clear one.
  MoveLinkStates(flow, old, *next);
  subscriptions_.Release(flow.subscription);
  Subscribe(flow, next);
  Rearm(flow);
  SettleStreams(flow, context.now);
}

}  // namespace mosaic
