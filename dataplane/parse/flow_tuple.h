// Writes a packet's flow key and finds its sender in it.

#pragma once

#include <cstdint>
#include <cstring>

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/layer.h"

namespace mosaic {

// The part of the key that tells where a tuple was seen.
inline void WritePlace(const ParserConfig& config, uint16_t port,
                       ParsedPacket& parsed) {
  if (config.vlan_in_key) {
    parsed.key.vlan_id = parsed.vlan_id[0] | uint32_t{parsed.vlan_id[1]} << 12;
  }
  if (config.port_in_key) parsed.key.port_id = port;
}

// Which endpoint is lower is as good as random, so they are swapped without a
// branch: address and port make one number.
inline void WriteFlowTupleV4(uint16_t source_port, uint16_t destination_port,
                             ParsedPacket& parsed) {
  const uint8_t* const addresses = parsed.ip_header + 12;
  const uint64_t source = uint64_t{ReadBig32(addresses)} << 16 | source_port;
  const uint64_t destination =
      uint64_t{ReadBig32(addresses + 4)} << 16 | destination_port;
  const EndpointIndex sender = source > destination ? 1 : 0;
  const uint64_t swap = (source ^ destination) & (uint64_t{0} - sender);
  const uint64_t lower = source ^ swap;
  const uint64_t higher = destination ^ swap;
  WriteBig32(parsed.key.address[0].data(), static_cast<uint32_t>(lower >> 16));
  WriteBig32(parsed.key.address[1].data(), static_cast<uint32_t>(higher >> 16));
  parsed.key.port[0] = static_cast<uint16_t>(lower);
  parsed.key.port[1] = static_cast<uint16_t>(higher);
  parsed.key.ip_version = 4;
  parsed.sender = sender;
}

inline void WriteFlowTupleV6(uint16_t source_port, uint16_t destination_port,
                             ParsedPacket& parsed) {
  const uint8_t* const addresses = parsed.ip_header + 8;
  const int order = std::memcmp(addresses, addresses + 16, 16);
  const EndpointIndex sender =
      order > 0 || (order == 0 && source_port > destination_port) ? 1 : 0;
  const EndpointIndex receiver = sender ^ 1;
  std::memcpy(parsed.key.address[sender].data(), addresses, 16);
  std::memcpy(parsed.key.address[receiver].data(), addresses + 16, 16);
  parsed.key.port[sender] = source_port;
  parsed.key.port[receiver] = destination_port;
  parsed.key.ip_version = 6;
  parsed.sender = sender;
}

// Fills `parsed.key` and `parsed.sender`; two equal endpoints make the sender
// 0. REQUIRES: parsed.ip_header is set and the key is empty.
inline void WriteFlowTuple(uint16_t source_port, uint16_t destination_port,
                           const ParseContext& context, ParsedPacket& parsed) {
  if (parsed.ip_header[0] >> 4 == 4) [[likely]] {
    WriteFlowTupleV4(source_port, destination_port, parsed);
  } else {
    WriteFlowTupleV6(source_port, destination_port, parsed);
  }
  parsed.key.protocol = context.protocol;
  WritePlace(context.config, context.port, parsed);
  if (context.config.tunnel_in_key) {
    parsed.key.tunnel_kind = static_cast<uint8_t>(parsed.tunnel);
    parsed.key.tunnel_id = parsed.tunnel_id;
  }
}

}  // namespace mosaic
