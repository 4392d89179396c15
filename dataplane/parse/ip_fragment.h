// IpFragment is what the headers of one fragment of an IP datagram say: which
// datagram it is of, and which part of it.

#pragma once

#include <cstdint>
#include <span>

#include "dataplane/base/flow_key.h"
#include "dataplane/base/packet.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

struct IpFragment {
  // Names the datagram, for comparing and hashing alone: source and destination
  // in this order, identification in the ports; VLAN, port and tunnel whatever
  // the configuration says of flow keys. The protocol is 44 in IPv6, where
  // fragments may disagree about what follows.
  FlowKey datagram;

  // The headers in front of the part, without IPv6's fragment header, which
  // come again in the whole datagram; those of the part at offset 0 count.
  std::span<const uint8_t> header;
  // Where in `header` the protocol of the datagram's content stands, and what
  // it is.
  uint32_t protocol_at = 0;
  uint8_t protocol = 0;

  uint32_t offset = 0;  // Of the part, in bytes.
  std::span<const uint8_t> part;
  bool more_follow = false;
  bool is_cut = false;  // The capture holds only the front of the part.
};

// REQUIRES: `parsed` says kFragment; both stay as they are while the result is
// in use.
IpFragment ReadIpFragment(const Packet& packet, const ParsedPacket& parsed);

// parse_anomaly::* of a fragment that is no error.
uint8_t FragmentAnomalies(const ParsedPacket& parsed);

// Whether `part`, the first of an IPv6 datagram, holds all headers up to and
// with that of the transport, as RFC 7112 wants, and no second fragment header.
bool HoldsHeaderChain(uint8_t protocol, std::span<const uint8_t> part);

}  // namespace mosaic
