// Judges whether a segment's receiver takes it, as far as that can be told from
// the middle: by its signature, timestamp, place in the window, and by what it
// acknowledges (RFC 9293, section 3.10.7.4; RFC 5961; RFC 7323).
//
// The middle knows less than the ends: packets are lost on the way to it, and
// receivers differ. So a segment that should have been refused is not thrown
// away. It is held apart, and becomes part of the stream when its receiver
// acknowledges it and no clean copy has come before.
//
// Threading   Pure functions over what they are given.
// Cost        Not for plain segments, see engine/tcp_stage.h.

#pragma once

#include <cstdint>

#include "dataplane/base/seq_num.h"
#include "dataplane/parse/parsed_packet.h"
#include "dataplane/parse/tcp_options.h"
#include "dataplane/tcp/tcp_observer.h"

namespace mosaic {

// What is known besides the ends.
struct Surroundings {
  // The furthest that the receiver's window reached before it shrank.
  SeqNum widest_edge;
  bool has_widest_edge = false;
  // Behind the highest held byte of what the receiver sent: an acknowledgement
  // up to there is not one of the unseen.
  SeqNum held_up_to;
  bool has_held = false;
  // The connection was silent for so long that timestamps may have wrapped.
  bool timestamps_expired = false;
  // Whether packets with another TTL than their end's are held.
  bool ttl_guard = false;
};

struct Judgement {
  uint64_t marks = 0;  // segment_mark::*, what was wrong
  // All of the segment is to be held, or ignored if it has no payload.
  bool refused = false;
  // Else: the payload bytes that are inside the window; the others are to be
  // held. The FIN is not taken if some are.
  uint32_t inside = 0;
  bool takes_fin = true;
  // False of a segment without payload whose number is outside the window: what
  // it acknowledges is taken, since the middle may have missed what came
  // before, but not that its sender is there.
  bool in_place = true;
  // Whether what is not taken may yet be acknowledged, and so is to be held.
  bool hold = true;
};

// REQUIRES: `segment` carries neither SYN nor RST.
Judgement Judge(const TcpPair& pair, const ParsedPacket& segment,
                const TcpOptions& options, const Surroundings& around);

// Notes the timestamp of a segment that was taken. REQUIRES: called before the
// ends take it.
void TakeTimestamp(const TcpPair& pair, const ParsedPacket& segment,
                   const TcpOptions& options, const Surroundings& around);

// True if the signature of `segment` is one that its ends did not agree on.
bool SignedUnexpectedly(const TcpEnd& sender, const TcpOptions& options);

// How far a TTL may be from the end's first: routes change by a hop or two, a
// packet that is to die on the way has far less.
inline constexpr uint8_t kTtlTolerance = 5;

inline bool IsOddTtl(uint8_t known, uint8_t ttl) {
  return static_cast<uint8_t>(ttl - known + kTtlTolerance) > 2 * kTtlTolerance;
}

}  // namespace mosaic
