// Reads the link-layer header of every capture format that Mosaic knows, and
// VLAN tags, down to the network layer.

#pragma once

#include "dataplane/base/byte_order.h"
#include "dataplane/base/packet.h"
#include "dataplane/parse/layer.h"

namespace mosaic {

// VLAN tags walked; the first two are remembered. A packet with more is
// ParseError::kLinkUnsupported.
inline constexpr uint8_t kMaxVlanTags = 4;

namespace ether_type {
inline constexpr uint16_t kIpv4 = 0x0800;
inline constexpr uint16_t kVlan = 0x8100;             // IEEE 802.1Q
inline constexpr uint16_t kServiceVlan = 0x88a8;      // IEEE 802.1ad
inline constexpr uint16_t kOldServiceVlan = 0x9100;   // Before 802.1ad,
inline constexpr uint16_t kOldServiceVlan2 = 0x9200;  // by vendor.
inline constexpr uint16_t kIpv6 = 0x86dd;
inline constexpr uint16_t kMpls = 0x8847;
inline constexpr uint16_t kMplsUpstream = 0x8848;  // RFC 5332
inline constexpr uint16_t kPppoeSession = 0x8864;
inline constexpr uint16_t kPpp = 0x880b;              // In GRE and
inline constexpr uint16_t kBridgedEthernet = 0x6558;  // other tunnels.
inline constexpr uint16_t kFirst = 0x0600;  // Less is an 802.3 length.
}  // namespace ether_type

// The layer that a tunnel's protocol field, an EtherType, announces; kDone for
// others than IP, Ethernet, MPLS and PPP.
Layer LayerOfTunnelled(uint16_t type);

// ReadLinkLayer() for what is not Ethernet with IP at once: VLAN tags, 802.3,
// other EtherTypes, other links.
Layer ReadUncommonLinkLayer(LinkType link, ParseContext& context,
                            ParsedPacket& parsed);

// Takes the link-layer header off, PPPoE's included. Returns kIpv4 or kIpv6 as
// the link layer's word for it says, without a look at the version field; kMpls
// with `parsed` complete; kDone for other protocols and errors.
inline Layer ReadLinkLayer(LinkType link, ParseContext& context,
                           ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (link == LinkType::kEthernet && rest.captured() >= 14) [[likely]] {
    const uint16_t type = ReadBig16(rest.data() + 12);
    if (type == ether_type::kIpv4) [[likely]] {
      rest.Skip(14);
      return Layer::kIpv4;
    }
    if (type == ether_type::kIpv6) {
      rest.Skip(14);
      return Layer::kIpv6;
    }
  }
  return ReadUncommonLinkLayer(link, context, parsed);
}

}  // namespace mosaic
