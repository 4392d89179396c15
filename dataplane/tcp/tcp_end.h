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
inline constexpr uint16_t kBuffered = 1 << 7;  // A ReassemblyBuffer exists.
inline constexpr uint16_t kPastSyn = 1 << 8;   // Sent more than SYNs.
inline constexpr uint16_t kScaling = 1 << 9;   // Window scale was offered.
inline constexpr uint16_t kRstSeen = 1 << 10;  // Sent an acceptable RST.
}  // namespace end_flag

struct TcpEnd {
  SeqNum snd_nxt;          // Behind the highest byte it sent.
  SeqNum snd_una;          // Behind the highest byte acknowledged to it.
  SeqNum next_seq;         // Next byte of its stream to be delivered.
  uint32_t window = 0;     // What it last offered to receive, scaled, bytes.
  uint64_t delivered = 0;  // Stream offset of next_seq.

  TcpState state = TcpState::kClosed;
  uint8_t window_shift = 0;
  uint16_t flags = 0;  // end_flag::*
  SeqNum isn;          // Of its SYN; else one before its first byte seen.

  bool Has(uint16_t flag) const { return (flags & flag) != 0; }
  void Set(uint16_t flag) { flags = static_cast<uint16_t>(flags | flag); }
  void Clear(uint16_t flag) { flags = static_cast<uint16_t>(flags & ~flag); }
};

static_assert(sizeof(TcpEnd) == 32);

}  // namespace mosaic
