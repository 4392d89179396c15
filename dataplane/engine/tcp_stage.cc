#include "dataplane/engine/tcp_stage.h"

#include <algorithm>
#include <utility>

#include "dataplane/parse/tcp_options.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kRst;
using tcp_flag::kSyn;
using tcp_flag::kUrg;

// Flags of an end on which a segment may take the short way.
constexpr uint16_t kPlainMask = end_flag::kPacketSeen | end_flag::kAckSeen |
                                end_flag::kFinSeen | end_flag::kBuffered |
                                end_flag::kRstSeen;
constexpr uint16_t kPlainWant = end_flag::kPacketSeen | end_flag::kAckSeen;

void CountPacket(Flow& flow, Side sender, const PacketContext& context) {
  HotCounters& hot = flow.hot[Index(sender)];
  hot.packets += 1;
  hot.wire_bytes += context.packet.wire_length;
  hot.payload_bytes += context.parsed.payload_length;
  flow.last_seen = context.now;
  flow.last_packet = std::max(flow.last_packet, context.packet.time);
  flow.subscription->CountPacket();
}

}  // namespace

Verdict TcpStage::RaisePacketEvent(Flow& flow, EventKind kind, Hook hook,
                                   Side side, const PacketContext& context) {
  if (!tracker_.dispatcher().Wants(flow, kind, hook, side))
    return Verdict::kForward;
  const Side sender = hook == Hook::kSender ? side : Other(side);
  PacketView view = ViewOf(context, sender, &flow, StageOf(hook));
  Event event;
  event.kind = kind;
  event.hook = hook;
  event.side = side;
  event.now = context.now;
  event.packet = &view;
  return tracker_.dispatcher().Raise(flow, event);
}

Verdict TcpStage::RaiseStateChange(Flow& flow, Hook hook, Side side,
                                   TcpState before,
                                   const PacketContext& context) {
  const TcpState after = flow.end[Index(side)].state;
  if (before == after ||
      !tracker_.dispatcher().Wants(flow, EventKind::kStateChange, hook, side)) {
    return Verdict::kForward;
  }
  PacketView view = ViewOf(context, hook == Hook::kSender ? side : Other(side),
                           &flow, StageOf(hook));
  Event event;
  event.kind = EventKind::kStateChange;
  event.hook = hook;
  event.side = side;
  event.now = context.now;
  event.packet = &view;
  event.old_state = before;
  event.new_state = after;
  return tracker_.dispatcher().Raise(flow, event);
}

Flow* TcpStage::FlowForNewTuple(const PacketContext& context) {
  const ParsedPacket& segment = context.parsed;
  const bool syn = segment.Has(kSyn);
  const bool bare_syn = syn && !segment.Has(kAck | kRst | kFin);
  if (!bare_syn && !tracker_.picks_up_midstream()) return nullptr;

  // A SYN/ACK comes from the server; of other packets the first sender is taken
  // for the client until a SYN says otherwise.
  const EndpointIndex other = segment.sender ^ 1;
  const EndpointIndex client = syn && !bare_syn ? other : segment.sender;
  Flow* const flow = tracker_.Create(
      context, client, bare_syn ? FlowOrigin::kSyn : FlowOrigin::kMidstream);
  if (flow == nullptr || bare_syn) return flow;
  if (syn && segment.Has(kAck)) {
    flow->end[Index(Side::kClient)].state = TcpState::kSynSent;
    flow->end[Index(Side::kServer)].state = TcpState::kSynReceived;
  } else {
    flow->Set(flow_flag::kRolesGuessed);
    for (TcpEnd& end : flow->end) StartMidstream(end);
    tracker_.Rearm(*flow);
  }
  return flow;
}

bool TcpStage::EndForNewIncarnation(Flow& flow, Side sender,
                                    const PacketContext& context) {
  const ParsedPacket& segment = context.parsed;
  TcpPair pair = PairOf(flow, sender);
  if (!StartsNewIncarnation(pair.sender, pair.receiver,
                            flow.first_seq[Index(sender)], segment)) {
    return false;
  }
  const bool over =
      (flow.flags & (flow_flag::kClosed | flow_flag::kReset)) != 0;
  const bool unanswered = pair.sender.state == TcpState::kSynSent &&
                          !pair.receiver.Has(end_flag::kPacketSeen);
  if (tracker_.limits().reincarnation == Reincarnation::kWhenClosed && !over &&
      !unanswered) {
    counters_.anomalies[static_cast<size_t>(Anomaly::kSynIgnored)].Add(1);
    return false;
  }
  tracker_.End(flow, EndReason::kShutdown, context.now);
  return true;
}

// A flow that was picked up in its middle learns from a late SYN who its client
// is.
void TcpStage::LearnRoles(Flow& flow, const PacketContext& context) {
  const ParsedPacket& segment = context.parsed;
  if (!flow.Has(flow_flag::kRolesGuessed) || !segment.Has(kSyn) ||
      segment.Has(kRst)) {
    return;
  }
  const EndpointIndex client =
      segment.Has(kAck) ? static_cast<EndpointIndex>(segment.sender ^ 1)
                        : segment.sender;
  flow.Clear(flow_flag::kRolesGuessed);
  if (client == flow.client) return;
  flow.client = client;
  std::swap(flow.end[0], flow.end[1]);
  std::swap(flow.hot[0], flow.hot[1]);
  std::swap(flow.rare[0], flow.rare[1]);
  std::swap(flow.stream[0], flow.stream[1]);
  std::swap(flow.fin_seq[0], flow.fin_seq[1]);
  std::swap(flow.first_seq[0], flow.first_seq[1]);
  if (flow.remap != nullptr) {
    std::swap(flow.remap->by_sender[0], flow.remap->by_sender[1]);
  }
}

void TcpStage::NoteHandshakeTimes(Flow& flow, Side sender,
                                  const PacketContext& context,
                                  const SegmentInfo& info) {
  const Timestamp time = context.packet.time;
  if (info.Is(segment_mark::kNewSyn | segment_mark::kRepeatedSyn)) {
    // A repeated SYN makes it unknown which one is answered (Karn).
    const bool repeated = info.Is(segment_mark::kRepeatedSyn);
    if (sender == Side::kClient) {
      flow.syn_time = repeated ? Timestamp() : time;
    } else {
      if (flow.syn_time != Timestamp() && !repeated && time > flow.syn_time) {
        flow.rtt_micros[Index(Side::kServer)] =
            static_cast<uint32_t>((time - flow.syn_time).micros());
      }
      flow.syn_ack_time = repeated ? Timestamp() : time;
    }
    return;
  }
  if (sender == Side::kClient && flow.syn_ack_time != Timestamp()) {
    if (context.parsed.Has(kAck) && time > flow.syn_ack_time) {
      flow.rtt_micros[Index(Side::kClient)] =
          static_cast<uint32_t>((time - flow.syn_ack_time).micros());
    }
    flow.syn_ack_time = Timestamp();
  }
}

void TcpStage::CountMarks(const SegmentInfo& info) {
  const auto count = [this](Anomaly anomaly) {
    counters_.anomalies[static_cast<size_t>(anomaly)].Add(1);
  };
  if (info.Is(segment_mark::kBadReset)) count(Anomaly::kRstOutOfWindow);
  if (info.Is(segment_mark::kSynConflict)) count(Anomaly::kSynAckConflict);
  if (info.Is(segment_mark::kKeepAlive)) count(Anomaly::kKeepAlive);
  if (info.Is(segment_mark::kAcksUnseen)) count(Anomaly::kAckUnseen);
  if (info.Is(segment_mark::kPastFin)) count(Anomaly::kFinDataOverlap);
}

void TcpStage::CountRepeat(Flow& flow, Side sender, uint32_t bytes) {
  RareCounters& rare = flow.rare[Index(sender)];
  rare.retransmitted_packets += 1;
  rare.retransmitted_bytes += bytes;
  counters_.retransmitted_packets.Add(1);
}

Verdict TcpStage::RefuseChecksum(Flow& flow, Side sender,
                                 const PacketContext& context) {
  counters_.anomalies[static_cast<size_t>(Anomaly::kBadChecksum)].Add(1);
  const uint32_t bytes = context.parsed.payload_captured;
  counters_.stream_bytes.Add(bytes);
  counters_.refused_bytes[static_cast<size_t>(RefusedBytes::kBadChecksum)].Add(
      bytes);
  flow.rare[Index(sender)].refused_bytes += bytes;
  const Side receiver = Other(sender);
  if (!tracker_.dispatcher().Wants(flow, EventKind::kError, Hook::kNone,
                                   receiver)) {
    return Verdict::kForward;
  }
  PacketView view = ViewOf(context, sender, &flow, EditStage::kStream);
  Event event;
  event.kind = EventKind::kError;
  event.side = receiver;
  event.now = context.now;
  event.packet = &view;
  event.error.cause = ErrorCause::kBadChecksum;
  event.error.length = bytes;
  return tracker_.dispatcher().Raise(flow, event);
}

void TcpStage::NoteClosing(Flow& flow, const SegmentInfo& info) {
  if (info.Is(segment_mark::kResets)) {
    flow.Set(flow_flag::kReset);
    if (info.Is(segment_mark::kRefuses)) flow.Set(flow_flag::kRefused);
    tracker_.Rearm(flow);
  } else if (info.Is(segment_mark::kNewFin)) {
    tracker_.Rearm(flow);
  }
}

bool TcpStage::IsPlain(const Flow& flow, const ParsedPacket& segment) {
  constexpr uint8_t kFlags = kSyn | kFin | kRst | kUrg | kAck;
  const TcpEnd& a = flow.end[0];
  const TcpEnd& b = flow.end[1];
  return (segment.tcp_flags & kFlags) == kAck &&
         (a.flags & kPlainMask) == kPlainWant &&
         (b.flags & kPlainMask) == kPlainWant &&
         a.state == TcpState::kEstablished &&
         b.state == TcpState::kEstablished &&
         segment.l4_checksum != L4Checksum::kBad &&
         !flow.Has(flow_flag::kBlocked | flow_flag::kRemapped);
}

void TcpStage::DropAtSender(Flow& flow, Side sender, SeqNum highest_before,
                            uint32_t bytes) {
  counters_.stream_bytes.Add(bytes);
  counters_.discarded_bytes[static_cast<size_t>(DiscardedBytes::kDropped)].Add(
      bytes);
  // What is sent again is new, and may be edited like anything new.
  TcpEnd& end = flow.end[Index(sender)];
  if (bytes > 0 && end.Has(end_flag::kAckSeen)) end.snd_nxt = highest_before;
}

Verdict TcpStage::LeaveRemapped(Flow& flow, Side sender,
                                const PacketContext& context, Verdict verdict) {
  translator_.FollowShift(flow);
  if (verdict != Verdict::kForward ||
      context.parsed.l4_checksum == L4Checksum::kBad) {
    return verdict;
  }
  return translator_.Leave(flow, sender, context) ==
                 SeqTranslator::Outcome::kDone
             ? Verdict::kForward
             : Verdict::kDrop;
}

// What functions made of the segment before its receiver takes it.
void TcpStage::FollowEdits(Flow& flow, Side sender,
                           const PacketContext& context, int64_t& offset) {
  if (context.editor.length_changed()) {
    translator_.Commit(flow, sender, context);
  }
  const TcpEnd& end = flow.end[Index(sender)];
  const SeqNum first =
      context.parsed.seq + (context.parsed.Has(kSyn) ? 1u : 0u);
  offset = static_cast<int64_t>(end.delivered) + first.Since(end.next_seq);
}

Verdict TcpStage::Process(Flow* flow, const PacketContext& context) {
  bool is_new = false;
  const bool sound = context.parsed.l4_checksum != L4Checksum::kBad;
  const bool remapped =
      flow != nullptr && sound && flow->Has(flow_flag::kRemapped);
  if (remapped &&
      translator_.Arrive(*flow, flow->SideOf(context.parsed.sender), context) ==
          SeqTranslator::Outcome::kFailed) [[unlikely]] {
    return Verdict::kDrop;
  }
  if (flow != nullptr && sound && context.parsed.Has(kSyn)) {
    const Side sender = flow->SideOf(context.parsed.sender);
    if (EndForNewIncarnation(*flow, sender, context)) {
      flow = nullptr;
      if (remapped) translator_.Undo(context);
    }
  }
  if (flow == nullptr) {
    if (!sound) {
      counters_.anomalies[static_cast<size_t>(Anomaly::kBadChecksum)].Add(1);
      return Verdict::kForward;
    }
    flow = FlowForNewTuple(context);
    if (flow == nullptr) return tracker_.RaiseOrphan(context);
    is_new = true;
  } else {
    tracker_.Reevaluate(*flow, context);
    if (sound) LearnRoles(*flow, context);
  }
  const Side sender = flow->SideOf(context.parsed.sender);
  CountPacket(*flow, sender, context);
  Verdict verdict = IsPlain(*flow, context.parsed)
                        ? ProcessPlain(*flow, sender, context)
                        : ProcessAny(*flow, sender, context, is_new);
  if (flow->Has(flow_flag::kRemapped)) [[unlikely]] {
    verdict = LeaveRemapped(*flow, sender, context, verdict);
  }
  if (verdict == Verdict::kBlockFlow) flow->Set(flow_flag::kBlocked);
  tracker_.Settle(*flow, context.now);
  return verdict;
}

Verdict TcpStage::ProcessPlain(Flow& flow, Side sender,
                               const PacketContext& context) {
  const ParsedPacket& segment = context.parsed;
  const Side receiver = Other(sender);
  TcpEnd& from = flow.end[Index(sender)];
  TcpEnd& to = flow.end[Index(receiver)];
  // Anything but the next bytes, or an acknowledgement of bytes that were not
  // seen, takes the long way.
  if ((segment.payload_length > 0 && segment.seq != from.next_seq) ||
      segment.payload_length != segment.payload_captured ||
      segment.ack > to.snd_nxt) {
    return ProcessAny(flow, sender, context, false);
  }
  const SeqNum highest_before = from.snd_nxt;
  translator_.SetHighest(highest_before);
  const SeqNum behind = segment.seq + segment.payload_length;
  if (behind > from.snd_nxt) from.snd_nxt = behind;
  if (segment.ack > to.snd_una) to.snd_una = segment.ack;
  from.window =
      uint32_t{segment.window}
      << ((from.flags & to.flags & end_flag::kScaling) ? from.window_shift : 0);

  Verdict verdict = RaisePacketEvent(flow, EventKind::kPacketIn, Hook::kSender,
                                     sender, context);
  if (verdict != Verdict::kForward) {
    DropAtSender(flow, sender, highest_before, segment.payload_length);
    return verdict;
  }
  auto offset = static_cast<int64_t>(from.delivered);
  if (context.editor.touched()) [[unlikely]] {
    FollowEdits(flow, sender, context, offset);
  }
  verdict = RaisePacketEvent(flow, EventKind::kPacketIn, Hook::kReceiver,
                             receiver, context);
  if (segment.payload_length > 0) {
    verdict =
        std::max(verdict, delivery_.Receive(flow, receiver, offset, context));
  }
  return verdict;
}

Verdict TcpStage::ProcessAny(Flow& flow, Side sender,
                             const PacketContext& context, bool is_new) {
  const ParsedPacket& segment = context.parsed;
  const Side receiver = Other(sender);
  const uint32_t bytes = segment.payload_captured;
  if (flow.Has(flow_flag::kBlocked)) {
    counters_.stream_bytes.Add(bytes);
    counters_.discarded_bytes[static_cast<size_t>(DiscardedBytes::kDropped)]
        .Add(bytes);
    if (flow.Has(flow_flag::kResetHere) &&
        segment.l4_checksum != L4Checksum::kBad) {
      tracker_.AnswerWithReset(flow, sender, context);
    }
    return Verdict::kBlockFlow;
  }
  if (segment.l4_checksum == L4Checksum::kBad) {
    return RefuseChecksum(flow, sender, context);
  }

  TcpPair pair = PairOf(flow, sender);
  const bool first_of_side = !pair.sender.Has(end_flag::kPacketSeen);
  const TcpState sender_before = pair.sender.state;
  const TcpState receiver_before = pair.receiver.state;
  const SeqNum highest_before =
      first_of_side ? segment.seq : pair.sender.snd_nxt;
  translator_.SetHighest(highest_before);
  SegmentInfo info = TakeAsSender(pair, segment);
  if (first_of_side) flow.first_seq[Index(sender)] = segment.seq;
  if (info.Is(segment_mark::kNewSyn)) {
    flow.rare[Index(sender)].mss = ParseTcpOptions(segment.tcp_options()).mss;
  }
  CountMarks(info);
  NoteHandshakeTimes(flow, sender, context, info);

  // What the payload is to the stream, before it becomes part of it.
  const bool resets = segment.Has(kRst);
  const bool keep_alive = info.Is(segment_mark::kKeepAlive);
  // A SYN of another connection: neither its payload nor its acknowledgement
  // is this one's.
  const bool foreign = info.Is(segment_mark::kSynConflict);
  bool repeats =
      info.Is(segment_mark::kRepeatedSyn | segment_mark::kRepeatedFin);
  if (segment.payload_length > 0 && !resets && !keep_alive && !foreign) {
    const bool read = flow.subscription->side[Index(receiver)].buffer_bytes > 0;
    const StreamDelivery::Position position =
        delivery_.Locate(flow, receiver, info.offset, segment.payload_length);
    if (position == StreamDelivery::Position::kRepeats) {
      repeats = true;
    } else if (position == StreamDelivery::Position::kOutOfOrder ||
               (!read && segment.seq < highest_before)) {
      flow.rare[Index(sender)].out_of_order_packets += 1;
      counters_.out_of_order_packets.Add(1);
    }
  }
  if (repeats) CountRepeat(flow, sender, segment.payload_length);

  Verdict verdict = Verdict::kForward;
  const auto raise = [&](EventKind kind, Hook hook, Side side) {
    verdict =
        std::max(verdict, RaisePacketEvent(flow, kind, hook, side, context));
  };
  if (is_new) raise(EventKind::kConnectionStart, Hook::kSender, sender);
  raise(EventKind::kPacketIn, Hook::kSender, sender);
  if (repeats) raise(EventKind::kRetransmission, Hook::kSender, sender);
  verdict = std::max(verdict, RaiseStateChange(flow, Hook::kSender, sender,
                                               sender_before, context));
  if (verdict != Verdict::kForward) {
    DropAtSender(flow, sender, highest_before, bytes);
    return verdict;
  }
  if (context.editor.touched()) [[unlikely]] {
    FollowEdits(flow, sender, context, info.offset);
  }

  TakeAsReceiver(pair, segment, info);
  if (is_new) raise(EventKind::kConnectionStart, Hook::kReceiver, receiver);
  raise(EventKind::kPacketIn, Hook::kReceiver, receiver);
  if (repeats) raise(EventKind::kRetransmission, Hook::kReceiver, receiver);
  verdict = std::max(verdict, RaiseStateChange(flow, Hook::kReceiver, receiver,
                                               receiver_before, context));

  if (bytes > 0 && (resets || keep_alive || foreign)) {
    counters_.stream_bytes.Add(bytes);
    const RefusedBytes reason = foreign  ? RefusedBytes::kForeignSyn
                                : resets ? RefusedBytes::kReset
                                         : RefusedBytes::kKeepAlive;
    counters_.refused_bytes[static_cast<size_t>(reason)].Add(bytes);
    flow.rare[Index(sender)].refused_bytes += bytes;
  } else if (segment.payload_length > 0 && !foreign) {
    verdict = std::max(verdict,
                       delivery_.Receive(flow, receiver, info.offset, context));
  }
  if (segment.Has(kAck) && !foreign) {
    verdict = std::max(verdict, delivery_.Acknowledge(flow, sender, context));
  }
  PacketView view = ViewOf(context, sender, &flow, EditStage::kStream);
  verdict = std::max(verdict, tracker_.TakeFins(flow, &view, context.now));
  if (pair.sender.state != sender_before ||
      pair.receiver.state != receiver_before) {
    tracker_.Rearm(flow);
  }
  NoteClosing(flow, info);
  return verdict;
}

}  // namespace mosaic
