// Which SYN and which SYN/ACK of a handshake count, when there are several with
// different numbers: the acknowledgement tells. Until it comes the newest
// stands in the TcpEnd and the others are kept beside it.
//
// Threading   Pure functions over what they are given.

#pragma once

#include "dataplane/parse/parsed_packet.h"
#include "dataplane/tcp/tcp_observer.h"
#include "dataplane/tcp/tcp_rare.h"

namespace mosaic {

// True if `segment` is a SYN with another number than its sender's in a
// handshake that nobody has answered, or such a SYN/ACK in one that nobody has
// completed.
bool IsCandidate(const TcpPair& pair, const ParsedPacket& segment);

// Puts the sender's SYN or SYN/ACK aside and empties its end for the one that
// comes. Returns true if the oldest was forgotten for it, as it always is
// without `rare`.
bool MakeWayForCandidate(TcpEnd& sender, TcpRare* rare);

// Which ends were given back an earlier SYN. What is held of such an end's
// payload is of another SYN.
struct Chosen {
  bool sender = false;
  bool receiver = false;
};

// Puts the SYN or SYN/ACK into its end that `segment` acknowledges, or that its
// sender goes on from, and forgets the others once that is clear.
Chosen ChooseCandidates(const TcpPair& pair, const ParsedPacket& segment,
                        TcpRare& rare);

}  // namespace mosaic
