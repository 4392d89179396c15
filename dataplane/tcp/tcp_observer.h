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
inline constexpr uint64_t kNewSyn = 1ull << 0;
inline constexpr uint64_t kRepeatedSyn = 1ull << 1;
// Another number than before, or an answer to another SYN: to be ignored, and
// what it carries too.
inline constexpr uint64_t kSynConflict = 1ull << 2;
inline constexpr uint64_t kNewFin = 1ull << 3;
inline constexpr uint64_t kRepeatedFin = 1ull << 4;
inline constexpr uint64_t kKeepAlive = 1ull << 5;
inline constexpr uint64_t kAcksUnseen = 1ull << 6;  // Bytes that were not seen.
inline constexpr uint64_t kResets = 1ull << 7;      // An acceptable RST.
inline constexpr uint64_t kRefuses = 1ull << 8;     // It answers a SYN.
inline constexpr uint64_t kBadReset = 1ull << 9;    // To be ignored.
// Of a bad RST: its number is in the window, and not the next one.
inline constexpr uint64_t kInexactReset = 1ull << 11;
// Of a bad RST: it echoes a timestamp that was not sent.
inline constexpr uint64_t kBadEcho = 1ull << 12;
// Of a SYN conflict: it acknowledges what is no SYN of the receiver.
inline constexpr uint64_t kBadSynAck = 1ull << 13;
inline constexpr uint64_t kSimultaneousOpen = 1ull << 14;
// Of a new SYN: its options are odd.
inline constexpr uint64_t kWindowScaleRange = 1ull << 15;
inline constexpr uint64_t kBadMss = 1ull << 16;
inline constexpr uint64_t kFastOpen = 1ull << 17;  // It has a cookie.

// What Judge() found, see acceptance.h.
inline constexpr uint64_t kSegmentOutOfWindow = 1ull << 32;
inline constexpr uint64_t kFinOutOfWindow = 1ull << 33;
inline constexpr uint64_t kZeroWindowProbe = 1ull << 34;
inline constexpr uint64_t kNoAckFlag = 1ull << 35;
inline constexpr uint64_t kInvalidAck = 1ull << 36;
inline constexpr uint64_t kOldTimestamp = 1ull << 37;
inline constexpr uint64_t kNoTimestamp = 1ull << 38;
inline constexpr uint64_t kBadOption = 1ull << 39;
inline constexpr uint64_t kUnexpectedSignature = 1ull << 40;
inline constexpr uint64_t kOddTtl = 1ull << 41;
inline constexpr uint64_t kWrongHandshakeAck = 1ull << 42;
inline constexpr uint64_t kUrgentRefused = 1ull << 44;
inline constexpr uint64_t kPastFin = 1ull << 43;  // Payload at or beyond a FIN.
}  // namespace segment_mark

struct SegmentInfo {
  // Stream offset of the first payload byte; negative before the start.
  int64_t offset = 0;
  uint64_t marks = 0;  // segment_mark::*

  bool Is(uint64_t mark) const { return (marks & mark) != 0; }
};

// How an end starts that is met in the middle of a connection.
void StartMidstream(TcpEnd& end);

// Updates the sender's state, and what it acknowledges to the receiver.
SegmentInfo TakeAsSender(TcpPair pair, const ParsedPacket& segment);

// Updates the receiver's state for all but the payload.
void TakeAsReceiver(TcpPair pair, const ParsedPacket& segment,
                    const SegmentInfo& info);

// Undoes a FIN that was forged, since its receiver acknowledges data at its
// place.
void TakeBackFin(TcpPair pair);

// Undoes an acceptable RST, which was forged since its sender goes on: both
// ends are again in the states that their FINs say.
void TakeBackReset(TcpPair pair);

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
