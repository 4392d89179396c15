#include "dataplane/engine/tcp_stage.h"

#include <algorithm>
#include <optional>

#include "dataplane/base/byte_order.h"
#include "dataplane/engine/tcp_anomalies.h"

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
                                end_flag::kRstSeen | end_flag::kHeld;
constexpr size_t kTcpHeader = 20;
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
  tracker_.SwapSides(flow);
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

void TcpStage::CountRepeat(Flow& flow, Side sender, uint32_t bytes) {
  RareCounters& rare = flow.rare[Index(sender)];
  rare.retransmitted_packets += 1;
  rare.retransmitted_bytes += bytes;
  counters_.retransmitted_packets.Add(1);
}

Verdict TcpStage::RefuseChecksum(Flow& flow, Side sender,
                                 const PacketContext& context) {
  CountAnomaly(Anomaly::kBadChecksum, counters_);
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
    if (!TakeCandidate(*flow, sender, context) &&
        EndForNewIncarnation(*flow, sender, context)) {
      flow = nullptr;
      if (remapped) translator_.Undo(context);
    }
  }
  if (flow == nullptr) {
    if (!sound) {
      CountAnomaly(Anomaly::kBadChecksum, counters_);
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
  const Timestamp seen_before = flow->last_seen;
  CountPacket(*flow, sender, context);
  Verdict verdict =
      IsPlain(*flow, context.parsed)
          ? ProcessPlain(*flow, sender, context, seen_before)
          : ProcessAny(*flow, sender, context, is_new, seen_before);
  if (flow->Has(flow_flag::kRemapped)) [[unlikely]] {
    verdict = LeaveRemapped(*flow, sender, context, verdict);
  }
  if (verdict == Verdict::kBlockFlow) tracker_.Block(*flow);
  tracker_.Settle(*flow, context.now);
  return verdict;
}

bool TcpStage::TakePlain(TcpEnd& from, const TcpEnd& to,
                         const ParsedPacket& segment) {
  // The next bytes, or an acknowledgement where they would be; ...
  if (segment.seq != from.next_seq ||
      segment.payload_length != segment.payload_captured) {
    return false;
  }
  // ... inside the window, which does not shrink; acknowledging what was sent
  // and not acknowledged.
  const uint32_t window = uint32_t{segment.window} << ScaleOf(from, to);
  const uint32_t newly_acked = segment.ack.raw() - to.snd_una.raw();
  if (segment.seq.raw() + segment.payload_length - from.snd_una.raw() >
          to.window ||
      segment.ack < to.snd_una || segment.ack > to.snd_nxt ||
      newly_acked + window < from.window || IsOddTtl(from.ttl, segment.ttl)) {
    return false;
  }
  const bool stamped = (from.flags & to.flags & end_flag::kTimestamps) != 0;
  if (!stamped) return segment.tcp_header_length == kTcpHeader;
  constexpr uint32_t kLayout = 0x01'01'08'0a;
  const uint8_t* const options = segment.l4_header + kTcpHeader;
  if (segment.tcp_header_length != kTcpHeader + 12 ||
      ReadBig32(options) != kLayout) {
    return false;
  }
  const uint32_t timestamp = ReadBig32(options + 4);
  if (static_cast<int32_t>(timestamp - from.timestamp) < 0) return false;
  if (segment.seq <= from.snd_una) from.timestamp = timestamp;
  return true;
}

Verdict TcpStage::ProcessPlain(Flow& flow, Side sender,
                               const PacketContext& context,
                               Timestamp seen_before) {
  const ParsedPacket& segment = context.parsed;
  const Side receiver = Other(sender);
  TcpEnd& from = flow.end[Index(sender)];
  TcpEnd& to = flow.end[Index(receiver)];
  if (!TakePlain(from, to, segment)) {
    return ProcessAny(flow, sender, context, false, seen_before);
  }
  const SeqNum highest_before = from.snd_nxt;
  translator_.SetHighest(highest_before);
  const uint32_t bytes = segment.payload_length;
  const SeqNum behind = segment.seq + bytes;
  if (behind > from.snd_nxt) from.snd_nxt = behind;
  to.snd_una = segment.ack;
  from.Set(end_flag::kPastSyn);
  from.window = uint32_t{segment.window} << ScaleOf(from, to);

  Verdict verdict = RaisePacketEvent(flow, EventKind::kPacketIn, Hook::kSender,
                                     sender, context);
  if (verdict != Verdict::kForward) {
    DropAtSender(flow, sender, highest_before, bytes);
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
                             const PacketContext& context, bool is_new,
                             Timestamp seen_before) {
  const ParsedPacket& segment = context.parsed;
  if (flow.Has(flow_flag::kBlocked)) {
    counters_.stream_bytes.Add(segment.payload_captured);
    counters_.discarded_bytes[static_cast<size_t>(DiscardedBytes::kDropped)]
        .Add(segment.payload_captured);
    if (flow.Has(flow_flag::kResetHere) &&
        segment.l4_checksum != L4Checksum::kBad) {
      tracker_.AnswerWithReset(flow, sender, context);
    }
    return Verdict::kBlockFlow;
  }
  if (segment.l4_checksum == L4Checksum::kBad) {
    return RefuseChecksum(flow, sender, context);
  }
  if (!is_new) static_cast<void>(CountFlags(segment, counters_));
  ChooseHandshake(flow, sender, segment);
  Judgement judgement = JudgeSegment(flow, sender, context, seen_before);
  if (DropsUrgent(flow, sender, segment)) {
    judgement.refused = true;
    judgement.hold = false;
    judgement.marks |= segment_mark::kUrgentRefused;
  }
  const bool closes_again =
      segment.Has(kRst | kFin) &&
      ((flow.flags & (flow_flag::kClosed | flow_flag::kReset)) != 0 ||
       flow.end[Index(sender)].Has(end_flag::kFinSeen));
  const Verdict verdict =
      judgement.refused ? Refuse(flow, sender, context, judgement)
                        : TakeSegment(flow, sender, context, judgement, is_new);
  if (segment.Has(kRst) && segment.payload_length > 0) {
    CountAnomaly(Anomaly::kRstWithData, counters_);
  }
  if (closes_again) NoteStorm(flow, context.now);
  NoteTtl(flow, sender, segment);
  return verdict;
}

// The part of a segment that its receiver takes.
ParsedPacket TcpStage::PartOf(const ParsedPacket& segment,
                              const Judgement& judgement) {
  ParsedPacket part = segment;
  part.payload_length = std::min(part.payload_length, judgement.inside);
  part.payload_captured = std::min(part.payload_captured, judgement.inside);
  part.tcp_flags = static_cast<uint8_t>(part.tcp_flags & ~kFin);
  return part;
}

bool TcpStage::NotePosition(Flow& flow, Side sender,
                            const ParsedPacket& segment, int64_t offset,
                            SeqNum highest_before) {
  const Side receiver = Other(sender);
  const bool read = tracker_.SettingsOf(flow, receiver).buffer_bytes > 0;
  const StreamDelivery::Position position =
      delivery_.Locate(flow, receiver, offset, segment.payload_length);
  if (position == StreamDelivery::Position::kRepeats) return true;
  if (position == StreamDelivery::Position::kOutOfOrder ||
      (!read && segment.seq < highest_before)) {
    flow.rare[Index(sender)].out_of_order_packets += 1;
    counters_.out_of_order_packets.Add(1);
  }
  return false;
}

Verdict TcpStage::TakePayload(Flow& flow, Side sender,
                              const PacketContext& context,
                              const SegmentInfo& info) {
  const ParsedPacket& segment = context.parsed;
  const Side receiver = Other(sender);
  const uint32_t bytes = segment.payload_captured;
  const bool foreign = info.Is(segment_mark::kSynConflict);
  const bool probe =
      info.Is(segment_mark::kKeepAlive | segment_mark::kZeroWindowProbe);
  if (foreign || probe || segment.Has(kRst)) {
    if (bytes == 0) return Verdict::kForward;
    RefusePayload(flow, sender, bytes,
                  foreign             ? RefusedBytes::kForeignSyn
                  : segment.Has(kRst) ? RefusedBytes::kReset
                                      : RefusedBytes::kKeepAlive);
    return Verdict::kForward;
  }
  if (segment.payload_length == 0) return Verdict::kForward;
  if (segment.Has(kSyn) && info.offset >= 0 &&
      tracker_.SettingsOf(flow, receiver).buffer_bytes > 0) {
    tracker_.rare_states().Hold(
        flow, sender, static_cast<uint64_t>(info.offset),
        {segment.payload, bytes},
        info.Is(segment_mark::kFastOpen) ? HeldSegment::Kind::kFastOpen
                                         : HeldSegment::Kind::kSyn);
    return Verdict::kForward;
  }
  Verdict verdict = Verdict::kForward;
  if (flow.rare_state != nullptr &&
      !flow.end[Index(receiver)].Has(end_flag::kPacketSeen)) {
    // Only one end is seen: that it goes on says that its SYN was taken whole.
    verdict = DeliverProven(flow, sender, segment.seq, context.now);
  }
  return std::max(verdict,
                  delivery_.Receive(flow, receiver, info.offset, context));
}

Verdict TcpStage::TakeSegment(Flow& flow, Side sender,
                              const PacketContext& whole,
                              const Judgement& judgement, bool is_new) {
  std::optional<ParsedPacket> part;
  if (judgement.inside < whole.parsed.payload_length || !judgement.takes_fin) {
    part = PartOf(whole.parsed, judgement);
  }
  const PacketContext context{whole.packet, part ? *part : whole.parsed,
                              whole.now, whole.editor};
  const ParsedPacket& segment = context.parsed;
  const Side receiver = Other(sender);
  TcpPair pair = PairOf(flow, sender);
  const bool first_of_side = !pair.sender.Has(end_flag::kPacketSeen);
  const TcpState sender_before = pair.sender.state;
  const TcpState receiver_before = pair.receiver.state;
  const SeqNum highest_before =
      first_of_side ? segment.seq : pair.sender.snd_nxt;
  const uint32_t bytes = whole.parsed.payload_captured;
  translator_.SetHighest(highest_before);
  if (part) translator_.FixLength();
  const WindowBefore window(pair);
  const bool plain_ack = segment.Has(kAck) && !segment.Has(kSyn | kRst);

  NoteOneSided(flow, sender, segment);
  ResumeAfterReset(flow, sender, segment);
  if (plain_ack) AnnounceProven(flow, receiver, segment.ack);
  SegmentInfo info = TakeAsSender(pair, segment);
  if (!judgement.in_place) pair.sender.snd_nxt = highest_before;
  if (first_of_side) flow.first_seq[Index(sender)] = segment.seq;
  if (info.Is(segment_mark::kNewSyn)) NoteMss(flow, sender, segment);
  CountMarks(info.marks | judgement.marks, segment, counters_);
  NoteHandshakeTimes(flow, sender, context, info);
  if (plain_ack && window.known) NoteWindow(flow, sender, window);

  // What the payload is to the stream, before it becomes part of it. A SYN of
  // another connection: neither its payload nor its acknowledgement is this
  // one's.
  const bool foreign = info.Is(segment_mark::kSynConflict);
  const bool probe =
      info.Is(segment_mark::kKeepAlive | segment_mark::kZeroWindowProbe);
  bool repeats =
      info.Is(segment_mark::kRepeatedSyn | segment_mark::kRepeatedFin);
  if (segment.payload_length > 0 && !segment.Has(kRst) && !probe && !foreign) {
    repeats |= NotePosition(flow, sender, segment, info.offset, highest_before);
    if ((flow.flags & (flow_flag::kClosed | flow_flag::kReset)) ==
        flow_flag::kClosed) {
      CountAnomaly(Anomaly::kLateAfterClose, counters_);
    }
  }
  if (repeats) CountRepeat(flow, sender, segment.payload_length);

  Verdict verdict = Verdict::kForward;
  const auto raise = [&](EventKind kind, Hook hook, Side side) {
    verdict =
        std::max(verdict, RaisePacketEvent(flow, kind, hook, side, whole));
  };
  if (is_new) raise(EventKind::kConnectionStart, Hook::kSender, sender);
  raise(EventKind::kPacketIn, Hook::kSender, sender);
  if (repeats) raise(EventKind::kRetransmission, Hook::kSender, sender);
  verdict = std::max(verdict, RaiseStateChange(flow, Hook::kSender, sender,
                                               sender_before, whole));
  if (verdict != Verdict::kForward) {
    DropAtSender(flow, sender, highest_before, bytes);
    if (info.Is(segment_mark::kNewFin)) TakeBackFin(pair);
    return verdict;
  }
  // Functions see and change the whole.
  if (part) *part = PartOf(whole.parsed, judgement);
  if (context.editor.touched()) [[unlikely]] {
    FollowEdits(flow, sender, context, info.offset);
  }

  TakeAsReceiver(pair, segment, info);
  if (is_new) raise(EventKind::kConnectionStart, Hook::kReceiver, receiver);
  raise(EventKind::kPacketIn, Hook::kReceiver, receiver);
  if (repeats) raise(EventKind::kRetransmission, Hook::kReceiver, receiver);
  verdict = std::max(verdict, RaiseStateChange(flow, Hook::kReceiver, receiver,
                                               receiver_before, whole));
  if (part) *part = PartOf(whole.parsed, judgement);

  if (segment.Has(kUrg)) NoteUrgent(flow, sender, segment, info.offset);
  verdict = std::max(verdict, TakePayload(flow, sender, context, info));
  if (part) {
    verdict = std::max(
        verdict, SetAside(flow, sender, whole, judgement.inside, judgement));
  }
  if (segment.Has(kAck) && !foreign) {
    if (!segment.Has(kRst) && flow.rare_state != nullptr) {
      verdict = std::max(
          verdict, DeliverProven(flow, receiver, segment.ack, context.now));
    }
    verdict = std::max(verdict, delivery_.Acknowledge(flow, sender, context));
  }
  PacketView view = ViewOf(context, sender, &flow, EditStage::kStream);
  verdict = std::max(verdict, tracker_.TakeFins(flow, &view, context.now));
  if (pair.sender.state != sender_before ||
      pair.receiver.state != receiver_before) {
    tracker_.NoteHandshake(flow);
    tracker_.Rearm(flow);
  }
  NoteClosing(flow, info);
  return verdict;
}

}  // namespace mosaic
