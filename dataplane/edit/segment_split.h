// A TCP segment in two, for one that an edit made longer than its receiver
// takes.

#pragma once

#include <cstdint>

#include "dataplane/base/packet.h"
#include "dataplane/edit/packet_buffers.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

// Cuts the segment behind `payload_bytes` bytes; the others become `rest`, a
// packet in a buffer of its own with the same headers. FIN and PSH go with the
// rest, CWR and the urgent pointer stay with the first. Lengths and checksums
// of both are right then. False, and nothing changed, if there is no buffer.
// REQUIRES: the segment is whole, its bytes its own, outside tunnels;
// 0 < payload_bytes < its payload.
[[nodiscard]] bool SplitSegment(uint32_t payload_bytes, PacketBuffers& buffers,
                                Packet& packet, ParsedPacket& parsed,
                                Packet& rest, ParsedPacket& rest_parsed);

}  // namespace mosaic
