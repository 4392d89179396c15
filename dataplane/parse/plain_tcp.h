// The short cut for what most packets are: Ethernet, IPv4 without options, TCP,
// neither cut nor a fragment. It says exactly what WalkLayers() says.
//
// Cost        7.7 ns for a packet in cache, against 12.6 ns by WalkLayers()
//             (parser_bench, "Ethernet IPv4 TCP", policy ignore).

#pragma once

#include <cstdint>
#include <new>

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/flow_tuple.h"
#include "dataplane/parse/ip_protocol.h"
#include "dataplane/parse/ipv4.h"
#include "dataplane/parse/link_layer.h"
#include "dataplane/parse/transport.h"

namespace mosaic {

// Judges the checksums of a packet that ReadPlainTcp() filled `parsed` from,
// under policy verify.
void VerifyPlainTcp(const Packet& packet, ParsedPacket& parsed);

// Fills every field of `parsed` and returns true, checksums not looked at; or
// returns false, `parsed` untouched, for any packet that is not plain.
inline bool ReadPlainTcp(const Packet& packet, const ParserConfig& config,
                         ParsedPacket& parsed) {
  constexpr uint32_t kLinkHeader = 14;
  if (packet.link != LinkType::kEthernet ||
      packet.length < kLinkHeader + kIpv4MinHeader + kTcpMinHeader) {
    return false;
  }
  uint8_t* const ip = packet.data + kLinkHeader;
  uint8_t* const tcp = ip + kIpv4MinHeader;
  // EtherType, version and header length in one; then fragment bits, offset
  // and protocol, around the TTL.
  const uint32_t start = ReadBig32(ip - 2) & 0xffffff00;
  const uint32_t middle = ReadBig32(ip + 6) & 0x3fff00ff;
  const uint32_t total_length = ReadBig16(ip + 2);
  const uint32_t tcp_header_length = (tcp[12] >> 4) * 4u;
  if (start != (uint32_t{ether_type::kIpv4} << 16 | 0x4500) ||
      middle != ip_protocol::kTcp ||
      total_length > packet.length - kLinkHeader ||
      tcp_header_length < kTcpMinHeader ||
      tcp_header_length + kIpv4MinHeader > total_length) {
    return false;
  }
  const uint32_t segment_length = total_length - kIpv4MinHeader;
  new (&parsed) ParsedPacket;
  parsed.ip_header = ip;
  parsed.ip_length = total_length;
  parsed.ttl = ip[8];
  WriteFlowTupleV4(ReadBig16(tcp), ReadBig16(tcp + 2), parsed);
  parsed.key.protocol = ip_protocol::kTcp;
  WritePlace(config, packet.port, parsed);
  WriteTcpFields(tcp, tcp_header_length, parsed);
  parsed.payload = tcp + tcp_header_length;
  parsed.payload_captured = segment_length - tcp_header_length;
  parsed.payload_length = parsed.payload_captured;
  return true;
}

}  // namespace mosaic
