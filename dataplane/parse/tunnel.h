// Readers of the headers between an outer and an inner packet. Each looks at
// the front of the unread bytes and says what lies behind its header; or that
// this is no such header, and takes nothing off.
//
// A port or protocol number alone makes no tunnel: the header must be valid,
// and in the end an IP header must be read inside. Until then the packet is
// what its outer headers say, and it stays that if nothing inside can be read.

#pragma once

#include "dataplane/parse/encapsulation.h"
#include "dataplane/parse/layer.h"

namespace mosaic {

// Tunnels inside tunnels that are looked into; what is deeper belongs to the
// flow of the last one, with parse_anomaly::kTunnelDepth.
inline constexpr uint8_t kMaxTunnels = 8;

// Labels of an MPLS stack, and GTP-U's extension headers, that are walked.
inline constexpr int kMaxMplsLabels = 16;
inline constexpr int kMaxGtpExtensions = 8;

namespace tunnel_port {
inline constexpr uint16_t kVxlan = 4789;
inline constexpr uint16_t kOldVxlan = 8472;  // Linux's before IANA's.
inline constexpr uint16_t kGeneve = 6081;
inline constexpr uint16_t kGtpU = 2152;
inline constexpr uint16_t kL2tp = 1701;
inline constexpr uint16_t kTeredo = 3544;
}  // namespace tunnel_port

struct TunnelContent {
  Layer layer = Layer::kDone;  // kDone: it is no tunnel.
  Encapsulation kind = Encapsulation::kNone;
  uint32_t id = 0;  // VNI, TEID, key, session; 0 for tunnels without.
};

// The tunnel that a UDP datagram between these ports may be; kNone for most.
inline Encapsulation TunnelOfPorts(uint16_t source, uint16_t destination) {
  switch (destination) {
    case tunnel_port::kVxlan:
    case tunnel_port::kOldVxlan:
      return Encapsulation::kVxlan;
    case tunnel_port::kGeneve:
      return Encapsulation::kGeneve;
    case tunnel_port::kGtpU:
      return Encapsulation::kGtpU;
    case tunnel_port::kL2tp:
      return Encapsulation::kL2tp;
    case tunnel_port::kTeredo:
      return Encapsulation::kTeredo;
    default:
      break;
  }
  // Of these either end may have another port.
  switch (source) {
    case tunnel_port::kGtpU:
      return Encapsulation::kGtpU;
    case tunnel_port::kL2tp:
      return Encapsulation::kL2tp;
    case tunnel_port::kTeredo:
      return Encapsulation::kTeredo;
    default:
      return Encapsulation::kNone;
  }
}

// What a UDP datagram carries; the unread bytes are its payload. REQUIRES:
// `parsed` is complete and says kUdp.
TunnelContent ReadUdpTunnel(ParseContext& context, const ParsedPacket& parsed);

// What IP carries that is not looked into otherwise. REQUIRES: `parsed` is
// complete and says kOtherIp.
TunnelContent ReadIpTunnel(ParseContext& context);

// Behind the EtherType, or PPP protocol, of MPLS.
TunnelContent ReadMpls(ParseContext& context);

// Readers of single headers, by the files that hold them.
TunnelContent ReadGre(ParseContext& context);
TunnelContent ReadVxlan(ParseContext& context);
TunnelContent ReadGeneve(ParseContext& context);
TunnelContent ReadGtpU(ParseContext& context);
TunnelContent ReadL2tp(ParseContext& context);
TunnelContent ReadTeredo(ParseContext& context);

}  // namespace mosaic
