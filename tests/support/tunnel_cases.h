// TunnelCases are frames in which the same small TCP segment lies in every kind
// of encapsulation that the parser looks into, with each option of its header.

#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/parse/encapsulation.h"
#include "tests/support/packet_builder.h"

namespace mosaic {

struct TunnelCase {
  std::string name;
  PacketBuilder frame;
  // What the parser says of the innermost tunnel; kNone where the encapsulation
  // is a link layer.
  Encapsulation tunnel = Encapsulation::kNone;
  uint32_t id = 0;
  uint8_t tunnels = 1;
};

// The payload of the segment in each of them.
inline constexpr char kTunnelledPayload[] = "hello";

std::vector<TunnelCase> TunnelCases();

// The segment itself, and a frame's bytes from the IP header on. REQUIRES:
// Ethernet without tags.
PacketBuilder TunnelledSegment(uint8_t ip_version);
PacketBuilder::Bytes IpBytesOf(const PacketBuilder& frame);

}  // namespace mosaic
