// What the readers of the layers hand to each other: which header comes next,
// the bytes that are still unread, and what is known about checksums.
//
// A reader takes one header off the front of the unread bytes, notes in the
// ParsedPacket what later stages need, and returns the layer that follows. A
// tunnel is one more reader that returns kIpv4 or kIpv6 again.

#pragma once

#include <algorithm>
#include <cstdint>

#include "dataplane/base/packet.h"
#include "dataplane/parse/ip_protocol.h"
#include "dataplane/parse/parsed_packet.h"
#include "dataplane/parse/parser.h"

namespace mosaic {

enum class Layer : uint8_t {
  kEthernet,
  kPpp,
  kAnyIp,  // IP of the version that its first four bits name.
  kIpv4,
  kIpv6,
  kTcp,
  kUdp,
  kIcmp,      // ICMP over IPv4, ICMPv6 over IPv6.
  kOtherIp,   // An IP protocol that is not looked into.
  kFragment,  // A part of an IP datagram, whatever its protocol.
  // Behind these the ParsedPacket is complete, but there may be a tunnel.
  kMpls,
  kIpTunnel,
  kUdpTunnel,
  kDone,  // The ParsedPacket is complete.
};

// A run of bytes of a packet: those that were captured, and behind them those
// that the headers around it declare but a snap length cut off.
class Region {
 public:
  // REQUIRES: captured <= declared.
  Region(uint8_t* data, uint32_t captured, uint32_t declared)
      : data_(data), end_(data + captured), missing_(declared - captured) {}

  uint8_t* data() const { return data_; }
  uint32_t captured() const { return static_cast<uint32_t>(end_ - data_); }
  uint32_t declared() const { return captured() + missing_; }
  bool IsWhole() const { return missing_ == 0; }

  // Takes `bytes` off the front. REQUIRES: bytes <= captured().
  void Skip(uint32_t bytes) { data_ += bytes; }

  // Declares `bytes` from data() on: fewer cut a tail that no header accounts
  // for, more say that more was cut off.
  void Declare(uint32_t bytes) {
    const uint32_t there = captured();
    end_ = data_ + std::min(bytes, there);
    missing_ = bytes > there ? bytes - there : 0;
  }

 private:
  uint8_t* data_;
  uint8_t* end_;  // Not a length: Skip() then changes one member, not three.
  uint32_t missing_;
};

struct ParseContext {
  ParseContext(const Packet& packet, const ParserConfig& parser_config)
      : config(parser_config),
        overlong(parser_config.overlong),
        rest(packet.data, packet.length,
             std::max(packet.length, packet.wire_length)),
        ip_checksum(packet.ip_checksum),
        l4_checksum(packet.l4_checksum),
        port(packet.port) {}

  const ParserConfig& config;
  OverlongPolicy overlong;  // kRefuse in tunnels: lengths outside say enough.
  Region rest;              // Unread bytes.

  // What the device says about the next IP header and what it carries. The
  // device looks at one of each: a tunnel's reader sets them to kUnknown.
  ChecksumVerdict ip_checksum;
  ChecksumVerdict l4_checksum;

  uint16_t port;  // Where the packet came in.

  // Of the last IP header read: its protocol, and the destination address that
  // transport checksums cover, null where that cannot be told (source routes).
  uint8_t protocol = 0;
  const uint8_t* checksum_destination = nullptr;
};

// What a protocol over IP is to the walk. REQUIRES: it is no IPv6 extension
// header.
inline Layer LayerOfProtocol(uint8_t protocol, uint8_t icmp) {
  if (protocol == ip_protocol::kTcp) return Layer::kTcp;
  if (protocol == ip_protocol::kUdp) return Layer::kUdp;
  return protocol == icmp ? Layer::kIcmp : Layer::kOtherIp;
}

// Makes `parsed` a packet that could not be read; of the rest only the VLAN
// tags, and whether it came in fragments, stay.
inline Layer Fail(ParseError error, ParsedPacket& parsed) {
  ParsedPacket failed;
  failed.reassembled = parsed.reassembled;
  failed.packet_class = PacketClass::kError;
  failed.error = error;
  failed.vlan_count = parsed.vlan_count;
  failed.vlan_id[0] = parsed.vlan_id[0];
  failed.vlan_id[1] = parsed.vlan_id[1];
  parsed = failed;
  return Layer::kDone;
}

}  // namespace mosaic
