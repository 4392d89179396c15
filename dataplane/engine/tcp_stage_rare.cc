// What TcpStage does about segments that are not as they should be.

#include <algorithm>

#include "dataplane/engine/tcp_anomalies.h"
#include "dataplane/engine/tcp_stage.h"
#include "dataplane/tcp/handshake.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kRst;
using tcp_flag::kSyn;
using tcp_flag::kUrg;

// RFC 7323, section 5.5: after this long a timestamp says nothing.
constexpr Duration kTimestampLife = Duration::Seconds(24 * 86'400);

constexpr int32_t kMaxWindow = 1 << 30;

// As many RSTs and FINs, no more than a second apart, are a storm.
constexpr uint16_t kStormSegments = 1'000;
constexpr Duration kStormPause = Duration::Seconds(1);

// Packets in a row with one other TTL after which the route is taken to have
// changed.
constexpr uint8_t kTtlRun = 16;

// Offset of the urgent byte in a segment: the pointer names the byte behind it,
// but stacks take 0 for the first one (RFC 6093).
uint32_t UrgentPlace(const ParsedPacket& segment) {
  return segment.urgent == 0 ? 0u : segment.urgent - 1u;
}

}  // namespace

bool TcpStage::TakeCandidate(Flow& flow, Side sender,
                             const PacketContext& context) {
  const TcpPair pair = PairOf(flow, sender);
  // In captures another SYN is another connection.
  const bool any_syn_begins =
      tracker_.limits().reincarnation == Reincarnation::kAnySyn &&
      !context.parsed.Has(kAck);
  // Numbers are translated for one handshake.
  if (any_syn_begins || flow.Has(flow_flag::kRemapped) ||
      !IsCandidate(pair, context.parsed) ||
      (flow.flags & (flow_flag::kClosed | flow_flag::kReset)) != 0 ||
      context.now - flow.last_seen > tracker_.limits().timeouts.handshake) {
    return false;
  }
  RareStates& states = tracker_.rare_states();
  states.Drop(flow, sender);
  if (MakeWayForCandidate(pair.sender, states.Of(flow))) {
    CountAnomaly(Anomaly::kCandidateEvicted, counters_);
  }
  return true;
}

void TcpStage::ChooseHandshake(Flow& flow, Side sender,
                               const ParsedPacket& segment) {
  if (flow.rare_state == nullptr || flow.Has(flow_flag::kRemapped)) return;
  const Chosen chosen =
      ChooseCandidates(PairOf(flow, sender), segment, *flow.rare_state);
  for (const Side side : {sender, Other(sender)}) {
    if (!(side == sender ? chosen.sender : chosen.receiver)) continue;
    tracker_.rare_states().Drop(flow, side);
    flow.mss[Index(side)] = 0;  // What the newest told.
  }
}

Judgement TcpStage::JudgeSegment(Flow& flow, Side sender,
                                 const PacketContext& context,
                                 Timestamp seen_before) {
  const ParsedPacket& segment = context.parsed;
  const TcpPair pair = PairOf(flow, sender);
  const TcpOptions options = ParseTcpOptions(segment.tcp_options());
  Judgement judgement;
  judgement.inside = segment.payload_length;
  Surroundings around;
  around.ttl_guard = tracker_.limits().ttl_guard == TtlGuard::kOn;
  if (segment.Has(kSyn | kRst)) {
    if (options.malformed) judgement.marks |= segment_mark::kBadOption;
    if (segment.Has(kRst) && SignedUnexpectedly(pair.sender, options)) {
      judgement.marks |= segment_mark::kUnexpectedSignature;
      judgement.refused = true;
    }
    // A connection that both ends closed is not reset any more (RFC 1337).
    if (segment.Has(kRst) && flow.Has(flow_flag::kClosed) &&
        !flow.Has(flow_flag::kReset)) {
      judgement.refused = true;
    }
    judgement.hold = false;
    return judgement;
  }
  const Side receiver = Other(sender);
  if (const TcpRare* const rare = flow.rare_state; rare != nullptr) {
    around.has_widest_edge = rare->has_edge[Index(receiver)];
    around.widest_edge = rare->edge[Index(receiver)];
    for (const HeldSegment* held = rare->held[Index(receiver)]; held != nullptr;
         held = held->next) {
      const SeqNum end = SeqAt(pair.receiver, held->offset + held->length);
      if (!around.has_held || end > around.held_up_to) around.held_up_to = end;
      around.has_held = true;
    }
  }
  around.timestamps_expired = context.now - seen_before > kTimestampLife;
  judgement = Judge(pair, segment, options, around);
  if (!judgement.refused) TakeTimestamp(pair, segment, options, around);
  return judgement;
}

Verdict TcpStage::Refuse(Flow& flow, Side sender, const PacketContext& context,
                         const Judgement& judgement) {
  const Side receiver = Other(sender);
  CountMarks(judgement.marks, context.parsed, counters_);
  translator_.FixLength();
  Verdict verdict = RaisePacketEvent(flow, EventKind::kPacketIn, Hook::kSender,
                                     sender, context);
  if (verdict != Verdict::kForward) {
    counters_.stream_bytes.Add(context.parsed.payload_captured);
    counters_.discarded_bytes[static_cast<size_t>(DiscardedBytes::kDropped)]
        .Add(context.parsed.payload_captured);
    return verdict;
  }
  verdict = RaisePacketEvent(flow, EventKind::kPacketIn, Hook::kReceiver,
                             receiver, context);
  return std::max(verdict, SetAside(flow, sender, context, 0, judgement));
}

Verdict TcpStage::SetAside(Flow& flow, Side sender,
                           const PacketContext& context, uint32_t from,
                           const Judgement& judgement) {
  const ParsedPacket& segment = context.parsed;
  if (from >= segment.payload_captured) return Verdict::kForward;
  const std::span<const uint8_t> payload(segment.payload + from,
                                         segment.payload_captured - from);
  const TcpEnd& end = flow.end[Index(sender)];
  const SeqNum first = segment.seq + (segment.Has(kSyn) ? 1u : 0u) + from;
  // Further than any window reaches counts as ahead, and is never taken; held,
  // it would make what the peer acknowledges look like something unseen. What
  // follows at the very edge belongs to it.
  constexpr int32_t kMostAhead = kMaxWindow + (1 << 20);
  const int32_t distance = first.Since(end.next_seq);
  const bool reachable = distance >= -kMaxWindow && distance <= kMostAhead;
  const int64_t ahead =
      reachable ? int64_t{distance} : int64_t{first.raw() - end.next_seq.raw()};
  const int64_t offset = static_cast<int64_t>(end.delivered) + ahead;
  const Side receiver = Other(sender);
  if (judgement.hold && reachable && offset >= 0 &&
      end.Has(end_flag::kPacketSeen) &&
      tracker_.SettingsOf(flow, receiver).buffer_bytes > 0) {
    tracker_.rare_states().Hold(flow, sender, static_cast<uint64_t>(offset),
                                payload, HeldSegment::Kind::kData);
  } else {
    const bool past_fin = (judgement.marks & segment_mark::kPastFin) != 0;
    RefusePayload(flow, sender, payload.size(),
                  (judgement.marks & segment_mark::kUrgentRefused) != 0
                      ? RefusedBytes::kUrgent
                  : past_fin          ? RefusedBytes::kPastFin
                  : segment.Has(kRst) ? RefusedBytes::kReset
                                      : RefusedBytes::kUnacceptable);
  }
  if ((judgement.marks & segment_mark::kZeroWindowProbe) != 0 || offset < 0 ||
      !tracker_.dispatcher().Wants(flow, EventKind::kError, Hook::kNone,
                                   receiver)) {
    return Verdict::kForward;
  }
  PacketView view = ViewOf(context, sender, &flow, EditStage::kStream);
  Event event;
  event.kind = EventKind::kError;
  event.side = receiver;
  event.now = context.now;
  event.packet = &view;
  event.error.cause = CauseOf(judgement.marks);
  event.error.offset = static_cast<uint64_t>(offset);
  event.error.length = payload.size();
  return tracker_.dispatcher().Raise(flow, event);
}

void TcpStage::RefusePayload(Flow& flow, Side sender, uint64_t bytes,
                             RefusedBytes reason) {
  counters_.stream_bytes.Add(bytes);
  counters_.refused_bytes[static_cast<size_t>(reason)].Add(bytes);
  flow.rare[Index(sender)].refused_bytes += bytes;
}

void TcpStage::AnnounceProven(Flow& flow, Side from, SeqNum ack) {
  const TcpPair pair = PairOf(flow, from);
  const TcpRare* const rare = flow.rare_state;
  if (rare == nullptr) return;
  for (const HeldSegment* held = rare->held[Index(from)]; held != nullptr;
       held = held->next) {
    SeqNum end = SeqAt(pair.sender, held->offset + held->length);
    const SeqNum begin = SeqAt(pair.sender, held->offset);
    if (begin >= ack) break;
    if (ack < end) end = ack;
    // More than the FIN was acknowledged at its place.
    if (pair.sender.Has(end_flag::kFinSeen) &&
        !pair.sender.Has(end_flag::kFinAcked) && begin >= pair.sender_fin &&
        ack > pair.sender_fin + 1u) {
      TakeBackFin(pair);
      flow.Clear(flow_flag::kClosed);
    }
    if (end > pair.sender.snd_nxt) pair.sender.snd_nxt = end;
  }
}

Verdict TcpStage::DeliverProven(Flow& flow, Side from, SeqNum ack,
                                Timestamp now) {
  TcpEnd& sender = flow.end[Index(from)];
  const int64_t acked =
      static_cast<int64_t>(sender.delivered) + ack.Since(sender.next_seq);
  if (acked < 0) return Verdict::kForward;
  RareStates& states = tracker_.rare_states();
  const auto below = static_cast<uint64_t>(acked);
  Verdict verdict = Verdict::kForward;
  // At a FIN's own place only more than the FIN proves data.
  const bool fin = sender.Has(end_flag::kFinSeen);
  const SeqNum fin_seq = flow.fin_seq[Index(from)];
  while (HeldSegment* const held = states.TakeFirst(flow, from, below)) {
    uint64_t length = std::min<uint64_t>(held->length, below - held->offset);
    if (fin && SeqAt(sender, held->offset) >= fin_seq) length = 0;
    const uint64_t offset = held->offset;
    const auto bytes = std::span<const uint8_t>(held->bytes);
    if (held->length > length) {
      counters_.refused_bytes[static_cast<size_t>(RefusedBytes::kUnacceptable)]
          .Add(held->length - length);
      flow.rare[Index(from)].refused_bytes += held->length - length;
    }
    if (length > 0) {
      if (held->kind == HeldSegment::Kind::kFastOpen) {
        CountAnomaly(Anomaly::kFastOpen, counters_);
      }
      verdict =
          std::max(verdict, delivery_.ReceiveHeld(flow, Other(from), offset,
                                                  bytes.first(length), now));
    }
    states.Give(held);
  }
  // The first acknowledgement of a SYN says whether its payload was taken.
  if (flow.rare_state != nullptr) {
    const HeldSegment* const rest = flow.rare_state->held[Index(from)];
    if (rest != nullptr && rest->kind != HeldSegment::Kind::kData) {
      CountAnomaly(Anomaly::kSynDataIgnored, counters_);
      states.Drop(flow, from);
    }
  }
  return verdict;
}

void TcpStage::NoteOneSided(const Flow& flow, Side sender,
                            const ParsedPacket& segment) {
  const TcpEnd& from = flow.end[Index(sender)];
  const TcpEnd& to = flow.end[Index(Other(sender))];
  if (segment.payload_length > 0 && from.Has(end_flag::kSynSeen) &&
      !from.Has(end_flag::kPastSyn) && !to.Has(end_flag::kPacketSeen)) {
    CountAnomaly(Anomaly::kOneSided, counters_);
  }
}

void TcpStage::ResumeAfterReset(Flow& flow, Side sender,
                                const ParsedPacket& segment) {
  const TcpEnd& from = flow.end[Index(sender)];
  if (!flow.Has(flow_flag::kReset) || flow.Has(flow_flag::kRefused) ||
      !from.Has(end_flag::kRstSeen) || segment.payload_length == 0 ||
      segment.Has(kSyn | kRst) ||
      segment.seq + segment.payload_length <= from.snd_nxt) {
    return;
  }
  TakeBackReset(PairOf(flow, sender));
  flow.Clear(flow_flag::kReset | flow_flag::kClosed);
  CountAnomaly(Anomaly::kDataAfterRst, counters_);
}

void TcpStage::NoteStorm(Flow& flow, Timestamp now) {
  TcpRare* const rare = tracker_.rare_states().Of(flow);
  if (rare == nullptr) return;
  if (now - rare->closing_seen > kStormPause) rare->closing_segments = 0;
  rare->closing_seen = now;
  if (rare->closing_segments < UINT16_MAX) ++rare->closing_segments;
  if (rare->closing_segments == kStormSegments) {
    CountAnomaly(Anomaly::kRstFinStorm, counters_);
  }
}

void TcpStage::NoteTtl(Flow& flow, Side sender, const ParsedPacket& segment) {
  TcpEnd& end = flow.end[Index(sender)];
  if (end.ttl == 0) {
    end.ttl = segment.ttl;
    return;
  }
  if (!IsOddTtl(end.ttl, segment.ttl)) return;
  TcpRare* const rare = tracker_.rare_states().Of(flow);
  if (rare == nullptr) return;
  uint8_t& run = rare->ttl_run[Index(sender)];
  uint8_t& seen = rare->ttl_seen[Index(sender)];
  run = seen == segment.ttl ? static_cast<uint8_t>(run + 1) : uint8_t{1};
  seen = segment.ttl;
  if (run < kTtlRun) return;
  end.ttl = segment.ttl;
  run = 0;
}

TcpStage::WindowBefore::WindowBefore(const TcpPair& pair)
    : edge(pair.receiver.snd_una + pair.sender.window),
      known(pair.sender.HasAll(end_flag::kSynSeen | end_flag::kPacketSeen) &&
            pair.receiver.HasAll(end_flag::kSynSeen | end_flag::kAckSeen)),
      scaled(pair.sender.Has(end_flag::kPastSyn) ||
             !pair.sender.Has(end_flag::kScaling) ||
             !pair.receiver.Has(end_flag::kScaling)) {}

void TcpStage::NoteWindow(Flow& flow, Side side, const WindowBefore& before) {
  const TcpEnd& end = flow.end[Index(side)];
  const SeqNum edge = flow.end[Index(Other(side))].snd_una + end.window;
  if (edge >= before.edge) return;
  TcpRare* const rare = tracker_.rare_states().Of(flow);
  if (rare == nullptr) return;
  // Rounding to the scale moves an edge back by less than its unit.
  const uint32_t unit = 1u << ScaleOf(end, flow.end[Index(Other(side))]);
  if (before.scaled && static_cast<uint32_t>(before.edge.Since(edge)) >= unit) {
    CountAnomaly(Anomaly::kWindowRecision, counters_);
  }
  if (!rare->has_edge[Index(side)] || before.edge > rare->edge[Index(side)]) {
    rare->edge[Index(side)] = before.edge;
    rare->has_edge[Index(side)] = true;
  }
}

bool TcpStage::DropsUrgent(const Flow& flow, Side sender,
                           const ParsedPacket& segment) {
  return segment.Has(kUrg) && segment.payload_length > 0 &&
         !segment.Has(kSyn | kRst) &&
         flow.subscription->side[Index(Other(sender))].urgent ==
             UrgentPolicy::kDrop;
}

void TcpStage::NoteUrgent(Flow& flow, Side sender, const ParsedPacket& segment,
                          int64_t offset) {
  const UrgentPolicy policy =
      flow.subscription->side[Index(Other(sender))].urgent;
  if (policy != UrgentPolicy::kOutOfBand && policy != UrgentPolicy::kGap)
    return;
  TcpEnd& end = flow.end[Index(sender)];
  const int64_t place = offset + UrgentPlace(segment);
  if (place < static_cast<int64_t>(end.delivered)) return;
  TcpRare* const rare = tracker_.rare_states().Of(flow);
  if (rare == nullptr) return;
  if (rare->AddUrgent(sender, static_cast<uint64_t>(place))) {
    end.Set(end_flag::kUrgent);
  } else {
    CountAnomaly(Anomaly::kUrgentLimit, counters_);
  }
}

bool TcpStage::SynIsTooOld(const TcpPair& pair, const ParsedPacket& segment) {
  if (pair.receiver.state != TcpState::kTimeWait ||
      segment.seq > pair.sender.snd_nxt) {
    return false;
  }
  const TcpOptions options = ParseTcpOptions(segment.tcp_options());
  const bool newer =
      options.has_timestamps && pair.sender.Has(end_flag::kTimestamps) &&
      static_cast<int32_t>(options.timestamp_value - pair.sender.timestamp) > 0;
  return !newer;
}

}  // namespace mosaic
