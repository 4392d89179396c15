#include "dataplane/tcp/tcp_observer.h"

#include <utility>

#include "dataplane/parse/tcp_options.h"

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;
using tcp_flag::kRst;
using tcp_flag::kSyn;

// What a receiver may advertise at most: a 16-bit window scaled by 14.
constexpr int32_t kMaxWindow = 1 << 30;

void StartStream(TcpEnd& end, SeqNum first) {
  end.next_seq = first;
  end.snd_nxt = first;
  end.delivered = 0;
  end.Set(end_flag::kPacketSeen);
}

// In SYN-SENT only an acknowledgement of the SYN, and of no more than was sent
// with it, is believed (RFC 9293, section 3.10.7.3).
bool AnswersSyn(const TcpEnd& receiver, const ParsedPacket& segment) {
  return segment.Has(kAck) && segment.ack > receiver.isn() &&
         segment.ack <= receiver.snd_nxt;
}

// What a SYN's options say of its sender. Returns marks.
uint64_t TakeSynOptions(TcpEnd& sender, const ParsedPacket& segment) {
  const TcpOptions options = ParseTcpOptions(segment.tcp_options());
  uint64_t marks = 0;
  if (options.has_window_scale) {
    sender.window_shift = options.window_scale & 0xf;
    sender.Set(end_flag::kScaling);
    if (options.window_scale_clamped) marks |= segment_mark::kWindowScaleRange;
  }
  if (options.has_timestamps) {
    sender.timestamp = options.timestamp_value;
    sender.Set(end_flag::kTimestamps);
  }
  if (options.md5_signature || options.authentication) {
    sender.Set(end_flag::kSigned);
  }
  // Twice, or smaller than any link's packets can be (the kernel's bound too).
  constexpr uint16_t kMinMss = 88;
  if (options.mss_repeated || (options.has_mss && options.mss < kMinMss)) {
    marks |= segment_mark::kBadMss;
  }
  if (options.fast_open && options.fast_open_length > 0) {
    marks |= segment_mark::kFastOpen;
  }
  return marks;
}

uint64_t TakeSyn(TcpPair& pair, const ParsedPacket& segment) {
  TcpEnd& sender = pair.sender;
  const TcpEnd& receiver = pair.receiver;
  if (segment.Has(kAck) && receiver.Has(end_flag::kSynSeen) &&
      receiver.state == TcpState::kSynSent && !AnswersSyn(receiver, segment)) {
    return segment_mark::kSynConflict | segment_mark::kBadSynAck;
  }
  if (sender.Has(end_flag::kSynSeen)) {
    if (sender.isn() != segment.seq) return segment_mark::kSynConflict;
    sender.Set(end_flag::kSynRepeated);
    return segment_mark::kRepeatedSyn;
  }
  // A SYN that arrives behind other packets tells where the stream begins, as
  // long as nothing was delivered: what was cannot be moved.
  const SeqNum first = segment.seq + 1;
  if (sender.Has(end_flag::kPacketSeen) &&
      first != sender.next_seq - static_cast<uint32_t>(sender.delivered)) {
    if (sender.delivered > 0 || sender.Has(end_flag::kBuffered)) {
      return segment_mark::kSynConflict;
    }
    const SeqNum highest = sender.snd_nxt;
    StartStream(sender, first);
    if (highest > first) sender.snd_nxt = highest;
    sender.Clear(end_flag::kFinDelivered);
    // A FIN in front of the SYN is of another stream, or made up.
    if (pair.sender_fin < first) {
      sender.Clear(end_flag::kFinSeen | end_flag::kFinAcked);
    }
  } else if (!sender.Has(end_flag::kPacketSeen)) {
    StartStream(sender, first);
  }
  // What was acknowledged before can only be what follows this SYN.
  const int32_t acked = sender.snd_una.Since(first);
  if (acked < 0 || acked > kMaxWindow) sender.Clear(end_flag::kAckSeen);
  sender.Set(end_flag::kSynSeen);
  uint64_t marks = segment_mark::kNewSyn | TakeSynOptions(sender, segment);
  if (!segment.Has(kAck) && receiver.state == TcpState::kSynSent) {
    marks |= segment_mark::kSimultaneousOpen;
  }
  return marks;
}

// What a RST echoes must be a timestamp of the SYN that it answers, as the
// kernel has it. 0 says that its sender has none.
bool EchoesSyn(const TcpEnd& syn_sender, const ParsedPacket& segment) {
  if (!syn_sender.Has(end_flag::kTimestamps)) return true;
  const TcpOptions options = ParseTcpOptions(segment.tcp_options());
  if (!options.has_timestamps || options.timestamp_echo == 0) return true;
  // Two minutes of SYNs that are sent again, by a clock of microseconds.
  constexpr uint32_t kOldest = 1u << 27;
  const uint32_t age = syn_sender.timestamp - options.timestamp_echo;
  return age <= (syn_sender.Has(end_flag::kSynRepeated) ? kOldest : 0);
}

// RFC 9293, section 3.5.3, and RFC 5961, section 3.2: in SYN-SENT the RST must
// acknowledge the SYN; else it must carry exactly the next number expected. An
// end that has seen a FIN accepts any RST in its window, as stacks do when they
// answer late segments to a closed socket.
uint64_t JudgeReset(const TcpPair& pair, const ParsedPacket& segment) {
  const TcpEnd& sender = pair.sender;
  const TcpEnd& receiver = pair.receiver;
  if (receiver.state == TcpState::kSynSent && !sender.Has(end_flag::kSynSeen)) {
    if (!AnswersSyn(receiver, segment)) return segment_mark::kBadReset;
    if (!EchoesSyn(receiver, segment)) {
      return segment_mark::kBadReset | segment_mark::kBadEcho;
    }
    return segment_mark::kResets | segment_mark::kRefuses;
  }
  if (!sender.Has(end_flag::kPacketSeen)) return segment_mark::kResets;
  if (segment.seq == sender.next_seq || segment.seq == sender.snd_nxt) {
    return segment_mark::kResets;
  }
  const bool fin_seen =
      sender.Has(end_flag::kFinSeen) || receiver.Has(end_flag::kFinSeen);
  const int32_t ahead = segment.seq.Since(sender.next_seq);
  if (fin_seen && ahead >= -kMaxWindow && ahead <= kMaxWindow) {
    return segment_mark::kResets;
  }
  const bool in_window =
      ahead > 0 && static_cast<uint32_t>(ahead) < receiver.window;
  return in_window ? segment_mark::kBadReset | segment_mark::kInexactReset
                   : segment_mark::kBadReset;
}

uint64_t TakeAck(TcpEnd& receiver, const ParsedPacket& segment) {
  if (!receiver.Has(end_flag::kAckSeen)) {
    // Seeded by the first acknowledgement, not by zero: a signed distance from
    // zero is wrong for half of all initial numbers.
    receiver.snd_una = segment.ack;
    receiver.Set(end_flag::kAckSeen);
  } else if (segment.ack > receiver.snd_una) {
    receiver.snd_una = segment.ack;
  }
  const bool unseen =
      receiver.Has(end_flag::kPacketSeen) && segment.ack > receiver.snd_nxt;
  return unseen ? segment_mark::kAcksUnseen : 0;
}

// The state that an open end's own FIN and its peer's lead to.
TcpState StateByFins(const TcpEnd& end, const TcpEnd& peer) {
  const bool received = peer.Has(end_flag::kFinDelivered);
  if (!end.Has(end_flag::kFinSeen)) {
    // Of an end that was never heard it is known what it received.
    const bool opening = end.Has(end_flag::kPacketSeen)
                             ? end.Has(end_flag::kSynSeen)
                             : peer.Has(end_flag::kSynSeen);
    if (opening && !end.Has(end_flag::kSynAcked)) {
      return peer.Has(end_flag::kSynSeen) ? TcpState::kSynReceived
                                          : TcpState::kSynSent;
    }
    return received ? TcpState::kCloseWait : TcpState::kEstablished;
  }
  if (end.Has(end_flag::kFinAcked)) {
    return received ? TcpState::kTimeWait : TcpState::kFinWait2;
  }
  return received ? TcpState::kClosing : TcpState::kFinWait1;
}

uint64_t TakeFin(TcpPair& pair, SeqNum fin) {
  TcpEnd& sender = pair.sender;
  if (sender.Has(end_flag::kFinSeen)) {
    // One that was received in order ends the stream for good.
    if (!sender.Has(end_flag::kFinDelivered) && fin > pair.sender_fin) {
      pair.sender_fin = fin;
    }
    return segment_mark::kRepeatedFin;
  }
  sender.Set(end_flag::kFinSeen);
  pair.sender_fin = fin;
  if (sender.state == TcpState::kEstablished ||
      sender.state == TcpState::kSynReceived) {
    sender.state = TcpState::kFinWait1;
  } else if (sender.state == TcpState::kCloseWait) {
    sender.state = TcpState::kLastAck;
  }
  return segment_mark::kNewFin;
}

}  // namespace

void StartMidstream(TcpEnd& end) { end.state = TcpState::kEstablished; }

SegmentInfo TakeAsSender(TcpPair pair, const ParsedPacket& segment) {
  TcpEnd& sender = pair.sender;
  SegmentInfo info;
  const bool syn = segment.Has(kSyn);
  const SeqNum first = segment.seq + (syn ? 1u : 0u);

  if (segment.Has(kRst)) {
    info.marks = JudgeReset(pair, segment);
    info.offset =
        static_cast<int64_t>(sender.delivered) + first.Since(sender.next_seq);
    if (info.Is(segment_mark::kResets)) {
      sender.state = TcpState::kClosed;
      sender.Set(end_flag::kRstSeen);
    }
    return info;
  }
  if (syn) {
    info.marks |= TakeSyn(pair, segment);
    if (info.Is(segment_mark::kSynConflict)) {
      // Of another connection, or made up: nothing in it is this sender's.
      info.offset =
          static_cast<int64_t>(sender.delivered) + first.Since(sender.next_seq);
      return info;
    }
    if (info.Is(segment_mark::kNewSyn) && !segment.Has(kAck) &&
        (sender.state == TcpState::kClosed ||
         sender.state == TcpState::kListen)) {
      sender.state = TcpState::kSynSent;
    }
  } else {
    if (!sender.Has(end_flag::kPacketSeen)) StartStream(sender, first);
    sender.Set(end_flag::kPastSyn);
  }

  info.offset =
      static_cast<int64_t>(sender.delivered) + first.Since(sender.next_seq);
  if (segment.payload_length <= 1 && first + 1 == sender.next_seq &&
      !segment.Has(kSyn | kFin) &&
      (segment.payload_length == 1 ||
       (sender.state == TcpState::kEstablished && sender.delivered > 0))) {
    info.marks |= pair.receiver.window == 0 ? segment_mark::kZeroWindowProbe
                                            : segment_mark::kKeepAlive;
  }
  const SeqNum end = first + segment.payload_length;
  if (end > sender.snd_nxt) sender.snd_nxt = end;
  if (segment.Has(kFin)) {
    info.marks |= TakeFin(pair, end);
    if (end + 1 > sender.snd_nxt) sender.snd_nxt = end + 1;
  }
  if (segment.Has(kAck)) info.marks |= TakeAck(pair.receiver, segment);

  // The window of a SYN is never scaled. An acknowledgement that was overtaken
  // brings an old window, and so does a SYN that comes again.
  const bool old = segment.Has(kAck) && segment.ack < pair.receiver.snd_una;
  if (!old && !info.Is(segment_mark::kRepeatedSyn)) {
    sender.window = uint32_t{segment.window}
                    << (syn ? 0 : ScaleOf(sender, pair.receiver));
  }
  return info;
}

void TakeAsReceiver(TcpPair pair, const ParsedPacket& segment,
                    const SegmentInfo& info) {
  TcpEnd& receiver = pair.receiver;
  if (info.marks & (segment_mark::kBadReset | segment_mark::kSynConflict)) {
    return;
  }
  if (info.Is(segment_mark::kResets)) {
    receiver.state = TcpState::kClosed;
    return;
  }
  const bool acks_syn = segment.Has(kAck) && receiver.Has(end_flag::kSynSeen) &&
                        segment.ack > receiver.isn();
  if (acks_syn) receiver.Set(end_flag::kSynAcked);
  if (segment.Has(kSyn)) {
    // One that comes again finds an end that was closed meanwhile.
    const bool over = receiver.Has(end_flag::kFinSeen | end_flag::kRstSeen) ||
                      pair.sender.Has(end_flag::kRstSeen);
    if ((receiver.state == TcpState::kClosed && !over) ||
        receiver.state == TcpState::kListen) {
      receiver.state = TcpState::kSynReceived;
    } else if (receiver.state == TcpState::kSynSent) {
      // A SYN/ACK also answers a SYN that was not seen here.
      const bool answered =
          acks_syn || (segment.Has(kAck) && !receiver.Has(end_flag::kSynSeen));
      receiver.state =
          answered ? TcpState::kEstablished : TcpState::kSynReceived;
    }
  }
  if (acks_syn && receiver.state == TcpState::kSynReceived) {
    receiver.state = TcpState::kEstablished;
  }
  if (segment.Has(kAck) && receiver.Has(end_flag::kFinSeen) &&
      segment.ack > pair.receiver_fin) {
    receiver.Set(end_flag::kFinAcked);
    if (receiver.state == TcpState::kFinWait1) {
      receiver.state = TcpState::kFinWait2;
    } else if (receiver.state == TcpState::kClosing) {
      receiver.state = TcpState::kTimeWait;
    } else if (receiver.state == TcpState::kLastAck) {
      receiver.state = TcpState::kClosed;
    }
  }
}

void TakePendingFin(TcpPair pair) {
  TcpEnd& sender = pair.sender;
  if (!sender.Has(end_flag::kFinSeen) || sender.Has(end_flag::kFinDelivered) ||
      sender.next_seq < pair.sender_fin) {
    return;
  }
  sender.Set(end_flag::kFinDelivered);
  TcpEnd& receiver = pair.receiver;
  if (receiver.state == TcpState::kEstablished ||
      receiver.state == TcpState::kSynReceived) {
    receiver.state = TcpState::kCloseWait;
  } else if (receiver.state == TcpState::kFinWait1) {
    receiver.state = receiver.Has(end_flag::kFinAcked) ? TcpState::kTimeWait
                                                       : TcpState::kClosing;
  } else if (receiver.state == TcpState::kFinWait2) {
    receiver.state = TcpState::kTimeWait;
  }
}

void TakeBackFin(TcpPair pair) {
  TcpEnd& sender = pair.sender;
  sender.Clear(end_flag::kFinSeen | end_flag::kFinDelivered);
  if (sender.snd_nxt == pair.sender_fin + 1u) sender.snd_nxt = pair.sender_fin;
  for (const auto& [end, peer] : {std::pair(&sender, &pair.receiver),
                                  std::pair(&pair.receiver, &sender)}) {
    const bool closed_by_fins =
        end->state == TcpState::kClosed && end->Has(end_flag::kFinAcked) &&
        !end->Has(end_flag::kRstSeen) && !peer->Has(end_flag::kRstSeen);
    if (end->state >= TcpState::kFinWait1 || closed_by_fins) {
      end->state = StateByFins(*end, *peer);
    }
  }
}

void TakeBackReset(TcpPair pair) {
  for (const auto& [end, peer] : {std::pair(&pair.sender, &pair.receiver),
                                  std::pair(&pair.receiver, &pair.sender)}) {
    end->Clear(end_flag::kRstSeen);
    end->state = StateByFins(*end, *peer);
  }
}

bool StartsNewIncarnation(const TcpEnd& sender, const TcpEnd& receiver,
                          SeqNum sender_first_seq,
                          const ParsedPacket& segment) {
  if (!segment.Has(kSyn) || segment.Has(kAck | kRst | kFin)) return false;
  if (sender.Has(end_flag::kSynSeen)) return sender.isn() != segment.seq;
  // It acknowledged the other end's SYN and opens on its own: a handshake in
  // five packets.
  if (receiver.state == TcpState::kSynSent && sender.delivered == 0 &&
      sender.snd_nxt == sender.next_seq) {
    return false;
  }
  if (sender.Has(end_flag::kPacketSeen)) {
    // A SYN that was overtaken by its first data, unless that connection is
    // over.
    const bool both_fins =
        sender.Has(end_flag::kFinSeen) && receiver.Has(end_flag::kFinSeen);
    return both_fins || segment.seq + 1 != sender_first_seq;
  }
  // The sender is new here. The other end's packets may only be its own SYN, or
  // the answer to this one that overtook it.
  if (!receiver.Has(end_flag::kPacketSeen)) return false;
  if (receiver.Has(end_flag::kPastSyn)) return true;
  return sender.Has(end_flag::kAckSeen) && sender.snd_una != segment.seq + 1;
}

bool BothClosed(const TcpEnd& a, const TcpEnd& b) {
  const auto done = [](const TcpEnd& end) {
    return end.state == TcpState::kClosed || end.state == TcpState::kTimeWait;
  };
  return done(a) && done(b) &&
         (a.Has(end_flag::kFinAcked | end_flag::kRstSeen) ||
          b.Has(end_flag::kFinAcked | end_flag::kRstSeen));
}

}  // namespace mosaic
