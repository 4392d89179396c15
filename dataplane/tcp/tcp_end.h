// TcpEnd is one end of a connection as the observer emulates it: what it sent,
// what was acknowledged to it, what it offers to receive.
//
// Sequence numbers are those that this end sends:
//
//      acknowledged      in order          out of order
//   |===============|=================|.......|=========|
//                   ^ snd_una          ^ next_seq        ^ snd_nxt
//
// Memory      32 bytes, so that both ends share one cache line.

#pragma once

#include <cstdint>

#include "dataplane/base/seq_num.h"
#include "dataplane/base/tcp_state.h"

namespace mosaic {

// What was seen of an end. Bits, because one word compared with a constant is
// the fast path's whole test.
namespace end_flag {
inline constexpr uint16_t kSynSeen = 1 << 0;       // `isn` is valid.
inline constexpr uint16_t kSynAcked = 1 << 1;      // The peer confirmed it.
inline constexpr uint16_t kPacketSeen = 1 << 2;    // next_seq is valid.
inline constexpr uint16_t kAckSeen = 1 << 3;       // snd_una is valid.
inline constexpr uint16_t kFinSeen = 1 << 4;       // fin_seq is valid.
inline constexpr uint16_t kFinDelivered = 1 << 5;  // In order up to the FIN.
inline constexpr uint16_t kFinAcked = 1 << 6;
inline constexpr uint16_t kBuffered = 1 << 7;      // A ReassemblyBuffer exists.
inline constexpr uint16_t kPastSyn = 1 << 8;       // Sent more than SYNs.
inline constexpr uint16_t kScaling = 1 << 9;       // Window scale was offered.
inline constexpr uint16_t kRstSeen = 1 << 10;      // Sent an acceptable RST.
inline constexpr uint16_t kTimestamps = 1 << 11;   // It offers or uses them.
inline constexpr uint16_t kSigned = 1 << 12;       // It signs (MD5, TCP-AO).
inline constexpr uint16_t kSynRepeated = 1 << 13;  // Its SYN came again.
inline constexpr uint16_t kUrgent = 1 << 14;       // Urgent bytes lie ahead of
                                                   // next_seq, see TcpRare.
inline constexpr uint16_t kHeld =
    1 << 15;  // Segments of it are held, see TcpRare.
}  // namespace end_flag

struct TcpEnd {
  SeqNum snd_nxt;          // Behind the highest byte it sent.
  SeqNum snd_una;          // Behind the highest byte acknowledged to it.
  SeqNum next_seq;         // Next byte of its stream to be delivered.
  uint32_t window = 0;     // What it last offered to receive, scaled, bytes.
  uint64_t delivered = 0;  // Stream offset of next_seq.

  TcpState state : 4 = TcpState::kClosed;
  uint8_t window_shift : 4 = 0;
  uint8_t ttl = 0;     // What its packets come with; 0 before the first.
  uint16_t flags = 0;  // end_flag::*
  // The timestamp that later ones are compared with (TS.Recent of its peer,
  // RFC 7323); 0: none yet.
  uint32_t timestamp = 0;

  // Of its SYN; else one before its first byte seen.
  SeqNum isn() const {
    return next_seq - static_cast<uint32_t>(delivered) - 1u;
  }
  bool HasAll(uint16_t all) const { return (flags & all) == all; }
  bool Has(uint16_t flag) const { return (flags & flag) != 0; }
  void Set(uint16_t flag) { flags = static_cast<uint16_t>(flags | flag); }
  void Clear(uint16_t flag) { flags = static_cast<uint16_t>(flags & ~flag); }
};

static_assert(sizeof(TcpEnd) == 32);

// By how much the windows are scaled that `end` offers: not at all unless both
// ends said that they scale (RFC 7323, section 2.2).
inline uint32_t ScaleOf(const TcpEnd& end, const TcpEnd& peer) {
  return (end.flags & peer.flags & end_flag::kScaling) != 0 ? end.window_shift
                                                            : 0;
}

// The number of the byte at stream offset `offset`.
inline SeqNum SeqAt(const TcpEnd& end, uint64_t offset) {
  return end.next_seq + static_cast<uint32_t>(offset - end.delivered);
}

}  // namespace mosaic
