// PacketContext is one packet on its way through the flow stages.

#pragma once

#include "dataplane/api/packet_view.h"
#include "dataplane/base/packet.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

struct PacketContext {
  const Packet& packet;
  const ParsedPacket& parsed;
  Timestamp now;  // The clock, see Packet::clock.
};

}  // namespace mosaic
