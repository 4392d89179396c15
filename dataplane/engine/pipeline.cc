#include "dataplane/engine/pipeline.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "dataplane/parse/icmp_error.h"

namespace mosaic {
namespace {

bool HasFlow(const ParsedPacket& parsed) {
  return parsed.packet_class == PacketClass::kTcp ||
         parsed.packet_class == PacketClass::kUdp ||
         parsed.packet_class == PacketClass::kIcmp;
}

// Whether RAW monitors are still to be shown the packet. Fragments are shown
// before they are put together; the datagram is not shown once more.
bool IsRaw(const ParsedPacket& parsed) {
  return parsed.packet_class != PacketClass::kNotIp &&
         parsed.packet_class != PacketClass::kError &&
         parsed.packet_class != PacketClass::kFragment &&
         parsed.reassembled == 0;
}

bool IsUndecidedFragment(const ParsedPacket& parsed) {
  return parsed.packet_class == PacketClass::kFragment &&
         parsed.fragment_fate == FragmentFate::kUndecided;
}

void CountAnomalies(uint8_t anomalies, CoreCounters& counters) {
  for (size_t bit = 0; bit < kParseAnomalies; ++bit) {
    counters.parse_anomalies[bit].Add(anomalies >> bit & 1);
  }
}

IpReassembly::Delivered MemoryOf(const std::vector<PacketSink*>& sinks) {
  const bool sends = std::ranges::any_of(
      sinks, [](const PacketSink* sink) { return sink != nullptr; });
  return sends ? IpReassembly::Delivered::kRemember
               : IpReassembly::Delivered::kForget;
}

// While a packet is worked on, the payload of the one so far behind it is on
// its way, if somebody reads it.
constexpr size_t kPayloadAhead = 2;
// Behind so many bytes of one packet the CPU foresees by itself what is next.
constexpr uint32_t kPayloadBytesAhead = 1536;

void PrefetchPayload(const FlowTable& table, const Burst& burst, size_t i) {
  constexpr size_t kCacheLine = 64;
  const uint32_t candidate = burst.candidate[i];
  const ParsedPacket& parsed = burst.parsed[i];
  if (candidate == FlowTable::kNoFlow || parsed.payload_captured == 0) return;
  const EventMask mask = table.At(candidate).mask;
  if (!mask.Has(EventKind::kNewData, Hook::kNone, Side::kClient) &&
      !mask.Has(EventKind::kNewData, Hook::kNone, Side::kServer)) {
    return;
  }
  const uint32_t bytes = std::min(parsed.payload_captured, kPayloadBytesAhead);
  for (size_t at = 0; at < bytes; at += kCacheLine) {
    __builtin_prefetch(parsed.payload + at);
  }
}

}  // namespace

Pipeline::Pipeline(const PipelineConfig& config, const FlowHash& hash,
                   Handoff& handoff, size_t worker, CoreCounters& counters,
                   const std::vector<PacketSink*>& sinks)
    : config_(config),
      hash_(hash),
      handoff_(handoff),
      worker_(worker),
      counters_(counters),
      parser_(config.parser),
      fragments_(config.limits.fragments, MemoryOf(sinks), parser_, hash,
                 counters),
      tracker_(config.limits, hash, counters, histograms_),
      buffers_(config.limits.edit.buffers),
      translator_(config.limits.edit.remapped_flows, counters),
      editor_(buffers_, translator_, counters.packet_edits),
      delivery_(tracker_),
      streams_(tracker_, delivery_),
      tcp_(tracker_, delivery_, translator_),
      transmitter_(sinks, counters),
      sender_(config.limits.flows, buffers_, translator_, transmitter_,
              counters),
      holds_(config.limits.flows, config.limits.hold, buffers_, delivery_,
             transmitter_, counters) {
  tracker_.SetSender(sender_);
  tracker_.SetHolds(holds_);
  tracker_.SetDelivery(delivery_, streams_);
  tracker_.SetTranslator(translator_);
  outbox_.reserve(DatagramPool::kDatagrams);
}

void Pipeline::SetSnapshot(const SnapshotOnWorker& on,
                           uint64_t reevaluate_before,
                           std::span<const uint64_t> undone) {
  on_ = on;
  tracker_.SetSnapshot(on, reevaluate_before, undone);
  has_raw_monitors_ =
      std::ranges::any_of(on.snapshot->monitors, [&on](const Monitor& m) {
        return m.type == MonitorType::kRaw && on.Runs(m);
      });
}

// The life of a burst: each stage works through all packets and prefetches what
// the next one reads; the flow stages then take packet by packet, in order.
void Pipeline::ProcessReceived(Burst& burst) {
  uint64_t bytes = 0;
  for (const Packet& packet : burst.packets()) bytes += packet.wire_length;
  counters_.rx_packets.Add(burst.size);
  histograms_.rx_burst_packets.Record(burst.size);
  counters_.rx_bytes.Add(bytes);

  const size_t others = parser_.Parse(burst.packets(), burst.parsed_packets());
  hash_.HashBurst(burst.parsed_packets());
  if (others > 0) [[unlikely]]
    Defragment(burst, config_.handoff);
  if (handoff_.workers() > 1) HandOff(burst);
  ProcessOwned(burst);
}

void Pipeline::ProcessOwned(Burst& burst) {
  FlowTable& table = tracker_.table();
  for (size_t i = 0; i < burst.size; ++i) {
    table.PrefetchBucket(burst.parsed[i].hash);
  }
  uint32_t newcomers = 0;
  for (size_t i = 0; i < burst.size; ++i) {
    uint32_t candidate = table.Candidate(burst.parsed[i].hash);
    burst.candidate[i] = candidate;
    const bool opens_or_closes =
        burst.parsed[i].Has(tcp_flag::kSyn | tcp_flag::kFin | tcp_flag::kRst);
    if (candidate == FlowTable::kNoFlow) {
      if (!opens_or_closes) continue;
      candidate = table.Upcoming(newcomers++);
      if (candidate == FlowTable::kNoFlow) continue;
    }
    table.PrefetchFlow(candidate);
    if (opens_or_closes) tracker_.PrefetchLifecycle(candidate);
  }
  for (size_t i = 0; i < burst.size; ++i) {
    if (i + kPayloadAhead < burst.size) {
      PrefetchPayload(table, burst, i + kPayloadAhead);
    }
    ProcessPacket(burst, i);
  }
  transmitter_.Flush();
  fragments_.Expire(clock_, config_.limits.expiry_budget);
  burst.size = 0;
}

void Pipeline::ProcessPacket(Burst& burst, size_t i) {
  Packet& packet = burst.packet[i];
  ParsedPacket& parsed = burst.parsed[i];
  const PacketContext context{packet, parsed, packet.clock, editor_};
  clock_ = std::max(clock_, packet.clock);
  tracker_.AdvanceTo(packet.clock);
  if (clock_ >= holds_.next_due()) [[unlikely]]
    ExpireHolds(clock_);
  if (parsed.anomalies != 0) [[unlikely]] {
    CountAnomalies(parsed.anomalies, counters_);
  }

  editor_.Begin(packet, parsed);
  Verdict verdict = Verdict::kForward;
  if (has_raw_monitors_ && IsRaw(parsed)) verdict = RaiseRaw(context);
  if (verdict == Verdict::kForward && HasFlow(parsed)) {
    Flow* const flow =
        tracker_.table().Find(parsed.key, parsed.hash, burst.candidate[i]);
    if (config_.look_up_only) {
      LookUpOnly(context, flow);
    } else if (parsed.packet_class == PacketClass::kTcp) {
      verdict = tcp_.Process(flow, context);
    } else {
      verdict = ProcessDatagram(flow, context);
    }
  } else if (verdict == Verdict::kForward) {
    if (DropUnsound(packet, parsed)) {
      editor_.End();
      return;
    }
    verdict = ProcessWithoutFlow(context, burst.candidate[i]);
  }
  editor_.End();
  const bool kept =
      tracker_.dispatcher().has_hold() && KeepBack(packet, parsed, verdict);
  if (!kept) [[likely]]
    Settle(packet, parsed, verdict);
  // Behind the packet that they were sent at.
  if (sender_.HasWaiting()) [[unlikely]]
    sender_.Flush();
}

// Ends the way of a packet that no receiver would take. Returns whether it did.
bool Pipeline::DropUnsound(Packet& packet, const ParsedPacket& parsed) {
  DropReason reason = DropReason::kParseError;
  if (parsed.packet_class == PacketClass::kError) {
    counters_.parse_errors[static_cast<size_t>(parsed.error) - 1].Add(1);
  } else if (parsed.packet_class == PacketClass::kFragment &&
             parsed.fragment_fate == FragmentFate::kRefused) {
    reason = DropReason::kIpFragment;
  } else {
    return false;
  }
  counters_.dropped_packets[static_cast<size_t>(reason)].Add(1);
  packet.Free();
  return true;
}

Verdict Pipeline::ProcessWithoutFlow(const PacketContext& context,
                                     uint32_t candidate) {
  const ParsedPacket& parsed = context.parsed;
  switch (parsed.packet_class) {
    case PacketClass::kIcmpError:
      return ProcessIcmpError(context, candidate);
    case PacketClass::kOtherIp:
      return tracker_.RaiseOrphan(context);
    case PacketClass::kFragment:
      return parsed.fragment_fate == FragmentFate::kNfDrop ? Verdict::kDrop
                                                           : Verdict::kForward;
    default:
      return Verdict::kForward;
  }
}

// Every packet has one fate, and every fate one counter.
void Pipeline::Settle(Packet& packet, ParsedPacket& parsed, Verdict verdict) {
  if (parsed.reassembled > 0) [[unlikely]] {
    FragmentStage::Unwrap(parsed,
                          verdict == Verdict::kForward
                              ? IpReassembly::Fate::kForwarded
                              : IpReassembly::Fate::kDropped,
                          packet);
  }
  switch (verdict) {
    case Verdict::kForward:
      if (const uint32_t at = translator_.TakeSplitAt(); at != 0) [[unlikely]] {
        transmitter_.ForwardInParts(packet, parsed, at, buffers_);
        return;
      }
      transmitter_.Forward(packet);
      return;
    case Verdict::kHold:
      MOSAIC_CHECK(!"KeepBack() has made something else of it");
      break;
    case Verdict::kDrop: {
      const DropReason reason = translator_.TakeFailed()
                                    ? DropReason::kNotRemapped
                                    : DropReason::kNfDrop;
      counters_.dropped_packets[static_cast<size_t>(reason)].Add(1);
      break;
    }
    case Verdict::kBlockFlow:
      counters_.dropped_packets[static_cast<size_t>(DropReason::kFlowBlocked)]
          .Add(1);
      break;
  }
  packet.Free();
}

void Pipeline::ExpireHolds(Timestamp now) {
  holds_.Expire(now, [this](uint32_t flow_index) -> Flow& {
    return tracker_.table().At(flow_index);
  });
}

// Carries out what the functions that answered kHold want. True if the packet
// is kept; if not, `verdict` is what becomes of it.
bool Pipeline::KeepBack(Packet& packet, const ParsedPacket& parsed,
                        Verdict& verdict) {
  const Dispatcher::HeldFor by = tracker_.dispatcher().TakeHold();
  if (verdict != Verdict::kForward) return false;
  // What goes on of a datagram made of fragments are these; a flow that ended
  // with this packet holds nothing.
  const uint32_t index = tracker_.table().IndexOf(*by.flow);
  const bool can_be_held = parsed.reassembled == 0 &&
                           tracker_.table().InUse(index) &&
                           by.flow->generation == by.generation;
  if (can_be_held && holds_.HasRoom()) {
    holds_.Hold(*by.flow, index, by.holders, by.policy,
                translator_.TakeSplitAt(), packet, parsed, clock_);
    return true;
  }
  counters_.packet_holds[static_cast<size_t>(HoldEnd::kRefused)].Add(1);
  if (by.policy == FailurePolicy::kClosed) verdict = Verdict::kDrop;
  return false;
}

void Pipeline::LookUpOnly(const PacketContext& context, Flow* flow) {
  if (flow == nullptr) {
    flow = tracker_.Create(context, context.parsed.sender, FlowOrigin::kSyn);
    if (flow == nullptr) return;
  }
  flow->last_seen = context.now;
}

Verdict Pipeline::ProcessDatagram(Flow* flow, const PacketContext& context) {
  if (context.parsed.l4_checksum == L4Checksum::kBad) {
    counters_.anomalies[static_cast<size_t>(Anomaly::kBadChecksum)].Add(1);
    const bool blocked = flow != nullptr && flow->Has(flow_flag::kBlocked);
    return blocked ? Verdict::kBlockFlow : Verdict::kForward;
  }
  const bool is_new = flow == nullptr;
  if (is_new) {
    flow =
        tracker_.Create(context, context.parsed.sender, FlowOrigin::kDatagram);
    if (flow == nullptr) return tracker_.RaiseOrphan(context);
  } else {
    tracker_.Reevaluate(*flow, context);
  }
  const Side sender = flow->SideOf(context.parsed.sender);
  HotCounters& hot = flow->hot[Index(sender)];
  hot.packets += 1;
  hot.wire_bytes += context.packet.wire_length;
  hot.payload_bytes += context.parsed.payload_length;
  flow->last_seen = context.now;
  flow->last_packet = std::max(flow->last_packet, context.packet.time);
  flow->subscription->CountPacket();
  if (flow->Has(flow_flag::kBlocked)) return Verdict::kBlockFlow;

  Event event;
  event.now = context.now;
  Verdict verdict = Verdict::kForward;
  for (Hook hook : {Hook::kSender, Hook::kReceiver}) {
    PacketView view = ViewOf(context, sender, flow, StageOf(hook));
    event.packet = &view;
    event.hook = hook;
    event.side = hook == Hook::kSender ? sender : Other(sender);
    for (EventKind kind : {EventKind::kConnectionStart, EventKind::kPacketIn}) {
      if (kind == EventKind::kConnectionStart && !is_new) continue;
      if (!tracker_.dispatcher().Wants(*flow, kind, hook, event.side)) continue;
      event.kind = kind;
      verdict = std::max(verdict, tracker_.dispatcher().Raise(*flow, event));
    }
    if (verdict != Verdict::kForward) break;
  }
  if (verdict == Verdict::kBlockFlow) tracker_.Block(*flow);
  tracker_.Settle(*flow, context.now);
  return verdict;
}

// An error that quotes no tracked flow makes none: it would be a flow for each
// that is forged.
Verdict Pipeline::ProcessIcmpError(const PacketContext& context,
                                   uint32_t candidate) {
  const QuotedFlow quoted = ReadQuotedFlow(context.parsed);
  Flow* const flow =
      tracker_.table().Find(quoted.key, context.parsed.hash, candidate);
  counters_.icmp_errors[flow == nullptr ? 1 : 0].Add(1);
  if (flow == nullptr) return tracker_.RaiseOrphan(context);
  ++flow->icmp_errors[Index(flow->SideOf(quoted.sender))];
  return flow->Has(flow_flag::kBlocked) ? Verdict::kBlockFlow
                                        : Verdict::kForward;
}

// Lets each fragment that this worker is to put together do its part, before
// the packets are handed on: so a datagram has its place in their order. An
// ICMP error goes to the owner of the flow that it quotes.
void Pipeline::Defragment(Burst& burst, HandoffPolicy when_full) {
  for (size_t i = 0; i < burst.size; ++i) {
    while (IsUndecidedFragment(burst.parsed[i])) {
      burst.parsed[i].hash =
          fragments_.HashOf(burst.packet[i], burst.parsed[i]);
      if (OwnerOf(burst.parsed[i]) != worker_) break;
      DefragmentOne(when_full, burst.packet[i], burst.parsed[i]);
    }
    if (burst.parsed[i].packet_class == PacketClass::kIcmpError) {
      burst.parsed[i].hash = hash_.Of(ReadQuotedFlow(burst.parsed[i]).key);
    }
  }
}

void Pipeline::DefragmentOne(HandoffPolicy when_full, Packet& packet,
                             ParsedPacket& parsed) {
  if (has_raw_monitors_ && parsed.reassembled == 0 &&
      RaiseRaw({packet, parsed, packet.clock, editor_}) != Verdict::kForward) {
    parsed.fragment_fate = FragmentFate::kNfDrop;
    return;
  }
  while (!fragments_.HasRoom()) {
    if (when_full == HandoffPolicy::kDrop) {
      fragments_.RefuseForRoom(parsed);
      return;
    }
    // The datagrams are with other workers, which may wait for this one.
    ProcessHandedOver();
    std::this_thread::yield();
  }
  fragments_.Take(packet, parsed);
}

// The worker whose turn is next with the packet.
size_t Pipeline::OwnerOf(const ParsedPacket& parsed) const {
  if (HasFlow(parsed) || parsed.packet_class == PacketClass::kIcmpError) {
    return handoff_.OwnerOf(parsed.hash);
  }
  return IsUndecidedFragment(parsed) ? handoff_.FragmentOwnerOf(parsed.hash)
                                     : worker_;
}

bool Pipeline::PushTo(size_t owner, Packet& packet,
                      const ParsedPacket& parsed) {
  HandedPacket handed{std::move(packet), parsed};
  SpscRing<HandedPacket>& ring = handoff_.Ring(worker_, owner);
  // A full ring leaves the packet alone.
  while (!ring.TryPush(std::move(handed))) {  // NOLINT(bugprone-use-after-move)
    if (config_.handoff == HandoffPolicy::kDrop) {
      handed.packet.Free();
      return false;
    }
    // The owner may be waiting for this worker in turn.
    ProcessHandedOver();
    std::this_thread::yield();
  }
  return true;
}

void Pipeline::Push(size_t owner, Packet& packet, const ParsedPacket& parsed) {
  if (PushTo(owner, packet, parsed)) {
    counters_.handed_off_packets.Add(1);
  } else {
    counters_.dropped_packets[static_cast<size_t>(DropReason::kHandoffFull)]
        .Add(1);
  }
}

// Datagrams of others, made of fragments that others handed over, wait until no
// burst of this worker is in the middle of its way.
void Pipeline::PutAside(Burst& burst) {
  size_t kept = 0;
  for (size_t i = 0; i < burst.size; ++i) {
    if (OwnerOf(burst.parsed[i]) != worker_) {
      if (outbox_.size() == outbox_.capacity()) {
        outbox_.erase(outbox_.begin(),
                      outbox_.begin() + static_cast<ptrdiff_t>(outbox_next_));
        outbox_next_ = 0;
      }
      outbox_.push_back({std::move(burst.packet[i]), burst.parsed[i]});
      continue;
    }
    if (kept != i) {
      burst.packet[kept] = std::move(burst.packet[i]);
      burst.parsed[kept] = burst.parsed[i];
    }
    ++kept;
  }
  burst.size = kept;
}

void Pipeline::FlushOutbox() {
  if (flushing_) return;
  flushing_ = true;
  while (outbox_next_ < outbox_.size()) {
    HandedPacket next = std::move(outbox_[outbox_next_++]);
    Push(OwnerOf(next.parsed), next.packet, next.parsed);
  }
  outbox_.clear();
  outbox_next_ = 0;
  flushing_ = false;
}

void Pipeline::HandOff(Burst& burst) {
  size_t kept = 0;
  for (size_t i = 0; i < burst.size; ++i) {
    const size_t owner = OwnerOf(burst.parsed[i]);
    if (owner != worker_) {
      Push(owner, burst.packet[i], burst.parsed[i]);
      continue;
    }
    if (kept != i) {
      burst.packet[kept] = std::move(burst.packet[i]);
      burst.parsed[kept] = burst.parsed[i];
    }
    ++kept;
  }
  burst.size = kept;
}

size_t Pipeline::ProcessHandedOver() {
  size_t total = 0;
  for (size_t from = 0; from < handoff_.workers(); ++from) {
    if (from == worker_) continue;
    SpscRing<HandedPacket>& ring = handoff_.Ring(from, worker_);
    Burst& burst = handed_over_;
    burst.size = 0;
    HandedPacket handed;
    bool has_fragments = false;
    while (burst.size < Burst::kMaxPackets && ring.TryPop(handed)) {
      burst.packet[burst.size] = std::move(handed.packet);
      burst.parsed[burst.size] = handed.parsed;
      has_fragments |= handed.parsed.packet_class == PacketClass::kFragment;
      ++burst.size;
    }
    if (burst.size == 0) continue;
    total += burst.size;
    counters_.taken_over_packets.Add(burst.size);
    if (has_fragments) [[unlikely]] {
      // This burst is in the middle of its way, so nothing can be waited for.
      Defragment(burst, HandoffPolicy::kDrop);
      PutAside(burst);
    }
    ProcessOwned(burst);
  }
  if (!outbox_.empty()) FlushOutbox();
  return total;
}

}  // namespace mosaic
