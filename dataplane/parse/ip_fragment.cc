#include "dataplane/parse/ip_fragment.h"

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/ipv4.h"
#include "dataplane/parse/ipv6.h"
#include "dataplane/parse/transport.h"

namespace mosaic {
namespace {

constexpr uint32_t kIcmpHeader = 8;
constexpr uint32_t kFragmentHeader = 8;

bool IsIpv6(const ParsedPacket& parsed) {
  return parsed.ip_header[0] >> 4 == 6;
}

void ReadIpv4Fragment(const ParsedPacket& parsed, IpFragment& fragment) {
  constexpr uint16_t kMoreFragments = 0x2000;
  const uint8_t* const header = parsed.ip_header;
  const uint16_t position = ReadBig16(header + 6);
  fragment.datagram.port[1] = ReadBig16(header + 4);
  fragment.datagram.protocol = header[9];
  fragment.header = {header, static_cast<size_t>(parsed.payload - header)};
  fragment.protocol_at = 9;
  fragment.protocol = header[9];
  fragment.offset = (position & 0x1fffu) * 8;
  fragment.more_follow = (position & kMoreFragments) != 0;
}

// The fragment header is the last before the payload, as the walk of extension
// headers left it.
void ReadIpv6Fragment(const ParsedPacket& parsed, IpFragment& fragment) {
  const uint8_t* const header = parsed.ip_header;
  const uint8_t* const position = parsed.payload - kFragmentHeader;
  const auto length = static_cast<uint32_t>(position - header);
  fragment.header = {header, length};
  fragment.protocol_at = 6;
  for (uint32_t at = kIpv6Header; at < length;) {
    const uint8_t type = header[fragment.protocol_at];
    fragment.protocol_at = at;
    at += ExtensionLength(type, header + at);
  }
  fragment.protocol = position[0];
  fragment.offset = ReadBig16(position + 2) & 0xfff8u;
  fragment.more_follow = (position[3] & 1) != 0;
  fragment.datagram.protocol = ip_protocol::kFragment;
  fragment.datagram.port[0] = ReadBig16(position + 4);
  fragment.datagram.port[1] = ReadBig16(position + 6);
}

// Bytes that the header of a transport protocol has at least.
uint32_t MinTransportHeader(uint8_t protocol) {
  switch (protocol) {
    case ip_protocol::kTcp:
      return kTcpMinHeader;
    case ip_protocol::kUdp:
      return kUdpHeader;
    case ip_protocol::kIcmp:
    case ip_protocol::kIcmpv6:
      return kIcmpHeader;
    default:
      return 0;
  }
}

}  // namespace

IpFragment ReadIpFragment(const Packet& packet, const ParsedPacket& parsed) {
  IpFragment fragment;
  FlowKey& datagram = fragment.datagram;
  datagram.address[0] = parsed.key.address[parsed.sender];
  datagram.address[1] = parsed.key.address[parsed.sender ^ 1];
  datagram.ip_version = parsed.key.ip_version;
  datagram.port_id = packet.port;
  datagram.vlan_id = parsed.vlan_id[0] | uint32_t{parsed.vlan_id[1]} << 12;
  datagram.tunnel_kind = static_cast<uint8_t>(parsed.tunnel);
  datagram.tunnel_id = parsed.tunnel_id;
  if (IsIpv6(parsed)) {
    ReadIpv6Fragment(parsed, fragment);
  } else {
    ReadIpv4Fragment(parsed, fragment);
  }
  fragment.part = {parsed.payload, parsed.payload_captured};
  fragment.is_cut = parsed.payload_captured < parsed.payload_length;
  return fragment;
}

uint8_t FragmentAnomalies(const ParsedPacket& parsed) {
  if (IsIpv6(parsed)) return 0;
  constexpr uint16_t kDontFragment = 0x4000;
  constexpr uint16_t kOffset = 0x1fff;
  const uint16_t position = ReadBig16(parsed.ip_header + 6);
  uint8_t anomalies = 0;
  if ((position & kDontFragment) != 0) {
    anomalies |= parse_anomaly::kDontFragment;
  }
  if ((position & kOffset) == 0 &&
      parsed.payload_length < MinTransportHeader(parsed.ip_header[9])) {
    anomalies |= parse_anomaly::kTinyFragment;
  }
  return anomalies;
}

bool HoldsHeaderChain(uint8_t protocol, std::span<const uint8_t> part) {
  while (IsExtensionHeader(protocol)) {
    if (protocol == ip_protocol::kFragment || part.size() < 8) return false;
    const uint32_t length = ExtensionLength(protocol, part.data());
    if (length > part.size()) return false;
    protocol = part[0];
    part = part.subspan(length);
  }
  uint32_t needed = MinTransportHeader(protocol);
  if (part.size() < needed) return false;
  if (protocol == ip_protocol::kTcp) needed = (part[12] >> 4) * 4u;
  return part.size() >= needed;
}

}  // namespace mosaic
