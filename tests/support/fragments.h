// Cuts the datagram that a PacketBuilder writes into fragments:
//
//   for (const PacketBuilder& part : Fragments(whole, 7, {16, 24})) ...
//
// makes three: bytes 0 to 15 of what follows the IP header, 16 to 23, the rest.

#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "tests/support/packet_builder.h"

namespace mosaic {

// What follows the IP header. REQUIRES for all: Ethernet without tags, no
// options or extension headers.
PacketBuilder::Bytes DatagramContent(const PacketBuilder& whole);

// One fragment of `whole` with `part` at `offset`, whatever was there.
PacketBuilder Fragment(const PacketBuilder& whole, uint32_t id, uint16_t offset,
                       PacketBuilder::Bytes part, bool more_follow);

// All of them in order, cut at `cuts`, which ascend.
std::vector<PacketBuilder> Fragments(const PacketBuilder& whole, uint32_t id,
                                     std::vector<uint16_t> cuts);

}  // namespace mosaic
