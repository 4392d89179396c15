// The two-sided TCP observer: what each end of a connection must be thinking
// after a segment, judged from the middle (RFC 9293, section 3.10).
//
// A segment is taken twice: by its sender, who had the state to send it, and by
// its receiver, who may refuse it. Between the two a network function can drop
// the segment; then the receiver never takes it.
//
// Threading   Pure functions over the ends they are given.
// Cost        No allocation; a segment of an established connection that
//             carries neither SYN, FIN nor RST passes through few branches.

#pragma once

#include <cstdint>

#include "dataplane/base/seq_num.h"
#include "dataplane/parse/parsed_packet.h"
#include "dataplane/tcp/tcp_end.h"

namespace mosaic {

// The two ends in the roles of one segment.
struct TcpPair {
  TcpEnd& sender;
  TcpEnd& receiver;
  SeqNum& sender_fin;  // Sequence number of the FIN, if kFinSeen.
  SeqNum& receiver_fin;
};

// What a segment turned out to be. Bits.
namespace segment_mark {
inline constexpr uint16_t kNewSyn = 1 << 0;
inline constexpr uint16_t kRepeatedSyn = 1 << 1;
// Another number than before, or an answer to another SYN: to be ignored, and
// what it carries too.
inline constexpr uint16_t kSynConflict = 1 << 2;
inline constexpr uint16_t kNewFin = 1 << 3;
inline constexpr uint16_t kRepeatedFin = 1 << 4;
inline constexpr uint16_t kKeepAlive = 1 << 5;
inline constexpr uint16_t kAcksUnseen = 1 << 6;  // Bytes that were not seen.
inline constexpr uint16_t kResets = 1 << 7;      // An acceptable RST.
inline constexpr uint16_t kRefuses = 1 << 8;     // It answers a SYN.
inline constexpr uint16_t kBadReset = 1 << 9;    // To be ignored.
inline constexpr uint16_t kPastFin = 1 << 10;    // Payload at or beyond a FIN.
}  // namespace segment_mark

struct SegmentInfo {
  // Stream offset of the first payload byte; negative before the start.
  int64_t offset = 0;
  uint16_t marks = 0;  // segment_mark::*

  bool Is(uint16_t mark) const { return (marks & mark) != 0; }
};

// How an end starts that is met in the middle of a connection.
void StartMidstream(TcpEnd& end);

// Updates the sender's state, and what it acknowledges to the receiver.
SegmentInfo TakeAsSender(TcpPair pair, const ParsedPacket& segment);

// Updates the receiver's state for all but the payload.
void TakeAsReceiver(TcpPair pair, const ParsedPacket& segment,
                    const SegmentInfo& info);

// To be called when the receiver's stream has moved on, or a FIN has come:
// makes the receiver take the FIN if everything before it has been delivered.
void TakePendingFin(TcpPair pair);

// True if the segment begins or continues a handshake that the record of an
// earlier connection between the same endpoints does not belong to: a bare SYN
// with another initial number, or one where the record was picked up in its
// middle. `sender_first_seq` is the number of the first packet that the sender
// of `segment` sent on the record, if kPacketSeen.
bool StartsNewIncarnation(const TcpEnd& sender, const TcpEnd& receiver,
                          SeqNum sender_first_seq, const ParsedPacket& segment);

// True if neither end will send any more: both FINs acknowledged, or reset.
bool BothClosed(const TcpEnd& a, const TcpEnd& b);

}  // namespace mosaic
