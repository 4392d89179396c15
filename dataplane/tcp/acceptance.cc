#include "dataplane/tcp/acceptance.h"

#include <algorithm>

namespace mosaic {
namespace {

using tcp_flag::kAck;
using tcp_flag::kFin;

// What a receiver may advertise at most, and so how far apart two numbers of
// one connection may be.
constexpr int32_t kMaxWindow = 1 << 30;

// The kernel's tolerance: a tick back is no sign of an old segment.
constexpr int32_t kTimestampTolerance = 1;

bool UseTimestamps(const TcpPair& pair) {
  return pair.sender.Has(end_flag::kTimestamps) &&
         pair.receiver.Has(end_flag::kTimestamps);
}

// RFC 7323, section 5. A segment that carries nothing and acknowledges nothing
// new may have been overtaken; nobody minds.
uint64_t JudgeTimestamp(const TcpPair& pair, const ParsedPacket& segment,
                        const TcpOptions& options, const Surroundings& around) {
  if (!UseTimestamps(pair)) return 0;
  if (!options.has_timestamps) return segment_mark::kNoTimestamp;
  const bool carries = segment.payload_length > 0 || segment.Has(kFin) ||
                       segment.ack > pair.receiver.snd_una;
  // 0 is what some stacks put into their SYN alone.
  if (!carries || pair.sender.timestamp == 0 || around.timestamps_expired) {
    return 0;
  }
  const auto older =
      static_cast<int32_t>(pair.sender.timestamp - options.timestamp_value);
  return older > kTimestampTolerance ? segment_mark::kOldTimestamp : 0;
}

// RFC 9293, section 3.10.7.4, and RFC 5961, section 5.
uint64_t JudgeAck(const TcpPair& pair, const ParsedPacket& segment,
                  const Surroundings& around) {
  const TcpEnd& receiver = pair.receiver;
  if (!receiver.Has(end_flag::kPacketSeen)) return 0;
  SeqNum sent = receiver.snd_nxt;
  if (around.has_held && around.held_up_to > sent) sent = around.held_up_to;
  // Of what was met in its middle more was sent than was seen.
  const bool unseen = receiver.Has(end_flag::kSynSeen) && segment.ack > sent;
  if (receiver.state == TcpState::kSynReceived &&
      receiver.Has(end_flag::kSynSeen) &&
      (unseen || segment.ack <= receiver.isn())) {
    return segment_mark::kWrongHandshakeAck;
  }
  if (segment.payload_length > 0 && unseen) return segment_mark::kInvalidAck;
  if (!receiver.Has(end_flag::kAckSeen)) return 0;
  const int32_t window = 65'535 << ScaleOf(pair.sender, receiver);
  return receiver.snd_una.Since(segment.ack) > window
             ? segment_mark::kInvalidAck
             : 0;
}

// Where the receiver's window ends; without both SYNs its scale is not known,
// and any window that there can be is taken.
SeqNum RightEdge(const TcpPair& pair, const Surroundings& around) {
  const TcpEnd& sender = pair.sender;
  const TcpEnd& receiver = pair.receiver;
  const bool known =
      sender.HasAll(end_flag::kSynSeen | end_flag::kAckSeen) &&
      receiver.HasAll(end_flag::kSynSeen | end_flag::kPacketSeen);
  if (!known) return sender.next_seq + static_cast<uint32_t>(kMaxWindow);
  const SeqNum edge = sender.snd_una + receiver.window;
  if (around.has_widest_edge && around.widest_edge > edge) {
    return around.widest_edge;
  }
  return edge;
}

void JudgePlace(const TcpPair& pair, const ParsedPacket& segment,
                const Surroundings& around, Judgement& judgement) {
  if (!pair.sender.Has(end_flag::kPacketSeen)) return;
  const SeqNum edge = RightEdge(pair, around);
  const int32_t room = edge.Since(segment.seq);
  const uint32_t length = segment.payload_length;
  // Half of all numbers away is neither before nor behind.
  const bool ambiguous = segment.seq.Since(pair.sender.next_seq) < -kMaxWindow;
  if (segment.Has(kFin) &&
      (room < 0 || static_cast<uint32_t>(room) < length || ambiguous)) {
    judgement.takes_fin = false;
    if (length == 0) {
      judgement.marks |= segment_mark::kFinOutOfWindow;
      judgement.refused = true;
      return;
    }
  }
  if (length == 0) {
    judgement.in_place = room >= 0 && !ambiguous;
    if (!judgement.in_place) {
      judgement.marks |= segment_mark::kSegmentOutOfWindow;
    }
    return;
  }
  if (ambiguous || room <= 0) {
    const bool probes = pair.receiver.window == 0 && length == 1 &&
                        segment.seq == pair.sender.next_seq;
    judgement.marks |= probes ? segment_mark::kZeroWindowProbe
                              : segment_mark::kSegmentOutOfWindow;
    judgement.refused = true;
  } else if (static_cast<uint32_t>(room) < length) {
    judgement.marks |= segment_mark::kSegmentOutOfWindow;
    judgement.inside = static_cast<uint32_t>(room);
  }
}

// Data at or beyond a FIN. Until that is acknowledged, nobody knows which of
// the two is forged.
void JudgeBeyondFin(const TcpPair& pair, const ParsedPacket& segment,
                    Judgement& judgement) {
  if (!pair.sender.Has(end_flag::kFinSeen)) return;
  const int32_t before = pair.sender_fin.Since(segment.seq);
  if (before >= static_cast<int32_t>(judgement.inside)) return;
  judgement.marks |= segment_mark::kPastFin;
  judgement.hold = !pair.sender.Has(end_flag::kFinAcked);
  judgement.refused = before <= 0;
  judgement.inside = before <= 0 ? 0 : static_cast<uint32_t>(before);
  judgement.takes_fin = false;
}

}  // namespace

bool SignedUnexpectedly(const TcpEnd& sender, const TcpOptions& options) {
  return (options.md5_signature || options.authentication) &&
         sender.Has(end_flag::kSynSeen) && !sender.Has(end_flag::kSigned);
}

Judgement Judge(const TcpPair& pair, const ParsedPacket& segment,
                const TcpOptions& options, const Surroundings& around) {
  Judgement judgement;
  judgement.inside = segment.payload_length;
  if (options.malformed) judgement.marks |= segment_mark::kBadOption;
  uint64_t wrong = 0;
  if (SignedUnexpectedly(pair.sender, options)) {
    wrong = segment_mark::kUnexpectedSignature;
  } else if (!segment.Has(kAck) && pair.sender.Has(end_flag::kSynSeen)) {
    wrong = segment_mark::kNoAckFlag;
  } else {
    const uint64_t timestamp = JudgeTimestamp(pair, segment, options, around);
    judgement.marks |= timestamp & segment_mark::kNoTimestamp;
    wrong = timestamp & segment_mark::kOldTimestamp;
    if (wrong == 0) wrong = JudgeAck(pair, segment, around);
  }
  const uint8_t known_ttl = pair.sender.ttl;
  if (known_ttl != 0 && IsOddTtl(known_ttl, segment.ttl)) {
    judgement.marks |= segment_mark::kOddTtl;
    if (around.ttl_guard && wrong == 0) wrong = segment_mark::kOddTtl;
  }
  judgement.marks |= wrong;
  judgement.refused = wrong != 0;
  if (!judgement.refused) JudgePlace(pair, segment, around, judgement);
  if (!judgement.refused && segment.payload_length > 0) {
    JudgeBeyondFin(pair, segment, judgement);
  }
  return judgement;
}

void TakeTimestamp(const TcpPair& pair, const ParsedPacket& segment,
                   const TcpOptions& options, const Surroundings& around) {
  if (!options.has_timestamps) return;
  TcpEnd& sender = pair.sender;
  // What was met in its middle has agreed on them before.
  if (!sender.Has(end_flag::kSynSeen)) sender.Set(end_flag::kTimestamps);
  // Only of segments that reach back to what is acknowledged, or one that
  // overtook others would make them look old (RFC 7323, section 4.3).
  const bool reaches_back =
      !sender.Has(end_flag::kAckSeen) || segment.seq <= sender.snd_una;
  // Nor back, or an old acknowledgement would let old data in.
  const bool older =
      sender.timestamp != 0 && !around.timestamps_expired &&
      static_cast<int32_t>(options.timestamp_value - sender.timestamp) < 0;
  if (reaches_back && !older) sender.timestamp = options.timestamp_value;
}

}  // namespace mosaic
