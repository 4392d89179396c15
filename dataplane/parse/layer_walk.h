// Walks the layers of any packet, from the link layer on, reader by reader.

#pragma once

#include "dataplane/base/packet.h"
#include "dataplane/parse/parsed_packet.h"
#include "dataplane/parse/parser.h"

namespace mosaic {

// Fills every field of `parsed`.
void WalkLayers(const Packet& packet, const ParserConfig& config,
                ParsedPacket& parsed);

// The same for a datagram that was put together, from its IP header on, as if
// it stood where `fragment`, one of its parts, did.
void WalkDatagram(const Packet& datagram, const ParsedPacket& fragment,
                  const ParserConfig& config, ParsedPacket& parsed);

}  // namespace mosaic
