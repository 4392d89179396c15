#include "dataplane/engine/flow_tracker.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "dataplane/engine/first_packet.h"
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

std::span<const uint8_t> IpBytes(const ParsedPacket& parsed) {
  return {parsed.ip_header, parsed.ip_length};
}

void CountMatch(MonitorCounters& counters, MonitorFilter filter) {
  counters.filter_matches[static_cast<size_t>(filter)].Add(1);
}

bool Matches(const std::shared_ptr<const PacketFilter>& filter,
             std::span<const uint8_t> bytes) {
  return filter == nullptr || filter->Matches(bytes);
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
  picks_up_midstream_ = false;
  wants_orphans_ = false;
  for (const Monitor& monitor : on.snapshot->monitors) {
    if (monitor.type != MonitorType::kStream) continue;
    picks_up_midstream_ |= monitor.midstream == Midstream::kPickup;
    for (size_t nf : monitor.nf_instances) {
      wants_orphans_ |= on.slots[nf]->wants.Any(
          EventMask::Of(EventKind::kOrphan, Hook::kNone));
    }
  }
}

size_t FlowTracker::Match(std::span<const uint8_t> ip, FlowOrigin origin,
                          std::span<Attachment> attachments) const {
  size_t count = 0;
  const Snapshot& snapshot = *on_.snapshot;
  for (size_t i = 0; i < snapshot.monitors.size(); ++i) {
    const Monitor& monitor = snapshot.monitors[i];
    if (monitor.type != MonitorType::kStream || count == attachments.size()) {
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
  flow.revision = subscription->revision;
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
    if (link.slot->context_stride == 0) continue;
    std::memset(link.slot->ContextOf(index), 0, link.slot->context_stride);
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

Verdict FlowTracker::RaiseOrphan(const PacketContext& context) {
  if (new_flows_ == NewFlows::kPass) {
    counters_.drain_passed_packets.Add(1);
    return Verdict::kForward;
  }
  counters_.orphan_packets.Add(1);
  std::array<NfSlot*, Subscription::kMaxLinks> chain;
  size_t count = 0;
  uint64_t matched = 0;
  for (size_t i = 0; i < on_.snapshot->monitors.size(); ++i) {
    const Monitor& monitor = on_.snapshot->monitors[i];
    if (monitor.type != MonitorType::kStream ||
        !Matches(monitor.orphan_filter, IpBytes(context.parsed))) {
      continue;
    }
    matched |= uint64_t{1} << i;
    CountMatch(*on_.counters[i], MonitorFilter::kOrphan);
    if (!wants_orphans_) continue;
    for (size_t nf : monitor.nf_instances) {
      NfSlot* const slot = on_.slots[nf];
      if (!slot->wants.Any(EventMask::Of(EventKind::kOrphan, Hook::kNone))) {
        continue;
      }
      const auto used = std::span(chain).first(count);
      if (count < chain.size() && std::ranges::count(used, slot) == 0) {
        chain[count++] = slot;
      }
    }
  }
  const bool observed =
      matched != 0 && dispatcher_.ObservesPackets(EventKind::kOrphan);
  if (count == 0 && !observed) return Verdict::kForward;
  PacketView view = ViewOf(context, Side::kClient, nullptr, EditStage::kRaw);
  Event event;
  event.kind = EventKind::kOrphan;
  event.now = context.now;
  event.packet = &view;
  if (observed) {
    dispatcher_.ObservePacket(event, context.parsed, matched, *on_.snapshot);
  }
  if (count == 0) return Verdict::kForward;
  return dispatcher_.RaiseWithoutFlow(std::span(chain).first(count), event);
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

void FlowTracker::End(Flow& flow, EndReason reason, Timestamp now) {
  if (flow.Has(flow_flag::kRefused)) {
    reason = EndReason::kRefused;
  } else if (flow.Has(flow_flag::kReset)) {
    reason = EndReason::kReset;
  } else if (flow.Has(flow_flag::kClosed)) {
    reason = EndReason::kFin;
  }
  delivery_->Finish(flow, now);
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
  subscriptions_.Release(flow.subscription);
  requested_stop_.fill(0);  // Nothing of an ended flow is left to stop.
  wheel_.Cancel(table_.IndexOf(flow));
  table_.Erase(flow, hash_.Of(flow.key));
}

void FlowTracker::EndAll(EndReason reason, Timestamp now) {
  std::vector<std::pair<uint64_t, uint32_t>> order;
  order.reserve(table_.size());
  for (uint32_t i = 0; i < table_.high_water(); ++i) {
    if (table_.InUse(i)) order.emplace_back(table_.At(i).id, i);
  }
  std::ranges::sort(order);
  for (const auto& [id, index] : order) End(table_.At(index), reason, now);
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

void* FlowTracker::ContextOf(const Flow& flow, const ChainLink& link) {
  return link.slot->ContextOf(table_.IndexOf(flow));
}

RemapResult FlowTracker::RemapSequence(Flow& flow, const PacketView* packet,
                                       Side side, int64_t shift, SeqNum base) {
  return translator_->Shift(flow, side, shift, base,
                            packet == nullptr ? EditScope() : packet->scope());
}

void FlowTracker::RequestStop(Flow& flow, const ChainLink& link, Side side) {
  for (size_t i = 0; i < requested_stop_.size(); ++i) {
    if ((link.attachments >> i & 1) == 0) continue;
    requested_stop_[i] |= static_cast<uint8_t>(1u << Index(side));
  }
  flow.Set(flow_flag::kStopPolicies);
}

SendResult FlowTracker::Send(Flow& flow, const SegmentSpec& segment) {
  return sender_->Send(flow, table_.IndexOf(flow), segment);
}

SendResult FlowTracker::Reset(Flow& flow) {
  if (flow.key.protocol != kIpProtocolTcp) return SendResult::kNoPath;
  if (!flow.Has(flow_flag::kResetHere)) flow.Set(flow_flag::kToBeReset);
  return sender_->CanSend(table_.IndexOf(flow)) ? SendResult::kQueued
                                                : SendResult::kNoPath;
}

void FlowTracker::AnswerWithReset(const Flow& flow, Side sender,
                                  const PacketContext& context) {
  sender_->AnswerWithReset(flow, table_.IndexOf(flow), sender, context.parsed);
}

void FlowTracker::ResetNow(Flow& flow, Timestamp now) {
  flow.Clear(flow_flag::kToBeReset);
  flow.Set(flow_flag::kResetHere | flow_flag::kReset | flow_flag::kBlocked);
  static_cast<void>(sender_->SendResets(flow, table_.IndexOf(flow)));
  for (const Side side : {Side::kClient, Side::kServer}) {
    const TcpState before =
        std::exchange(flow.end[Index(side)].state, TcpState::kClosed);
    if (before == TcpState::kClosed ||
        !dispatcher_.Wants(flow, EventKind::kStateChange, Hook::kReceiver,
                           side)) {
      continue;
    }
    Event event;
    event.kind = EventKind::kStateChange;
    event.hook = Hook::kReceiver;
    event.side = side;
    event.now = now;
    event.old_state = before;
    event.new_state = TcpState::kClosed;
    static_cast<void>(dispatcher_.Raise(flow, event));
  }
  Rearm(flow);
}

void FlowTracker::SettleSlow(Flow& flow, Timestamp now) {
  if (flow.Has(flow_flag::kToBeReset)) ResetNow(flow, now);
  std::array<Attachment, Subscription::kMaxAttachments> attachments;
  const Subscription& subscription = *flow.subscription;
  bool changed = false;
  bool forget = flow.Has(flow_flag::kForget);
  for (size_t i = 0; i < subscription.attachment_count; ++i) {
    Attachment& attachment = attachments[i];
    attachment = subscription.attachment[i];
    for (Side side : {Side::kClient, Side::kServer}) {
      const bool requested = (requested_stop_[i] >> Index(side) & 1) != 0;
      if (requested && !attachment.IsStopped(side)) {
        attachment.Stop(side, StopReason::kFunction);
      }
    }
    requested_stop_[i] = 0;
    forget |= StopWhatIsDue(*subscription.on.snapshot, flow, now, attachment) ==
              AfterStop::kForgetFlow;
    changed |= attachment.stopped != subscription.attachment[i].stopped;
  }
  if (changed) {
    StopSides(flow,
              std::span(attachments).first(subscription.attachment_count));
  }
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

void FlowTracker::StopSides(Flow& flow,
                            std::span<const Attachment> attachments) {
  const Subscription& old = *flow.subscription;
  Subscription* const next = subscriptions_.Acquire(old.on, attachments);
  if (next == nullptr) {
    counters_.subscriptions_full.Add(1);
    return;
  }
  for (size_t i = 0; i < attachments.size(); ++i) {
    CountStops(attachments[i], old.attachment[i].stopped);
  }
  subscriptions_.Release(flow.subscription);
  Subscribe(flow, next);
  for (Side side : {Side::kClient, Side::kServer}) {
    if (next->side[Index(side)].buffer_bytes == 0) {
      delivery_->StopReading(flow, side);
    }
  }
}

void FlowTracker::ReevaluateSlow(Flow& flow, const PacketContext& context) {
  if (flow.revision < reevaluate_before_ ||
      std::ranges::count(undone_, flow.revision) > 0) {
    Reattach(flow, context);
  }
}

void FlowTracker::Reattach(Flow& flow, const PacketContext& context) {
  std::array<Attachment, Subscription::kMaxAttachments> attachments;
  const size_t count =
      Match(FirstPacket(flow).bytes(), flow.origin, attachments);
  const auto attached = std::span(attachments).first(count);
  // A policy that has fired fires at once, or each change of the configuration
  // would show a packet of what had been stopped.
  for (Attachment& attachment : attached) {
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
  const uint32_t index = table_.IndexOf(flow);
  for (const ChainLink& link : next->links()) {
    const bool had = std::ranges::any_of(
        old.links(),
        [&](const ChainLink& had_link) { return had_link.slot == link.slot; });
    if (!had && link.slot->context_stride > 0) {
      std::memset(link.slot->ContextOf(index), 0, link.slot->context_stride);
    }
  }
  subscriptions_.Release(flow.subscription);
  Subscribe(flow, next);
  Rearm(flow);
  for (Side side : {Side::kClient, Side::kServer}) {
    if (next->side[Index(side)].buffer_bytes == 0) {
      delivery_->StopReading(flow, side);
    } else {
      delivery_->Resize(flow, side, next->side[Index(side)].buffer_bytes,
                        context.now);
    }
  }
}

}  // namespace mosaic
