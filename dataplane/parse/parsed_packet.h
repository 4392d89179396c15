// ParsedPacket is what the headers of one Packet say: the flow it belongs to
// and where its parts lie. It borrows the packet's bytes and is valid as long
// as they are.

#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/base/flow_key.h"
#include "dataplane/base/seq_num.h"
#include "dataplane/parse/encapsulation.h"

namespace mosaic {

// What a packet is, and so which stages it goes through.
enum class PacketClass : uint8_t {
  kTcp,        // Has a flow key, TCP fields and payload.
  kUdp,        // Has a flow key and payload.
  kIcmp,       // ICMP or ICMPv6: has addresses and payload, no ports.
  kIcmpError,  // ICMP that says what went wrong with a packet of a flow; else
               // as kIcmp. See icmp_error.h.
  kOtherIp,    // Another protocol over IP: has addresses and payload.
  kFragment,   // One part of an IP datagram: has addresses, no ports.
  kNotIp,      // ARP, LLDP and the like: forwarded untracked.
  kError,      // `error` says what is wrong; never reaches a flow.
};

// Why a packet could not be read. Each is a label of a metric and one fate.
enum class ParseError : uint8_t {
  kNone,
  kLinkTruncated,    // Ends inside its link-layer header.
  kLinkUnsupported,  // The capture's link type or encapsulation is not walked.
  kIpTruncated,      // Ends inside its IP header.
  kIpVersion,        // The version field does not fit the link layer's word.
  kIpHeaderLength,   // IHL below 5, or beyond the packet's length.
  kIpTotalLength,    // IP length shorter than the header, or longer than what
                     // was on the wire (see OverlongPolicy); IPv6 jumbograms.
  kIpChecksum,       // IPv4 header checksum is wrong (policy verify only).
  kIpOptions,        // Malformed IPv4 options; hosts drop these.
  kIpExtensionHeaders,  // Cut, out of order beyond repair, or past the limits.
  kL4Truncated,         // Ends inside its TCP, UDP or ICMP header.
  kTcpDataOffset,       // Below 5 words, or beyond the segment.
  kUdpLength,           // Below 8, or beyond the datagram.
};

inline constexpr size_t kParseErrors = 13;

// Whether the transport checksum was looked at, and by whom.
enum class L4Checksum : uint8_t {
  kUnchecked,    // Policy ignore, a cut packet, or none to check (UDP 0 on v4).
  kGoodOffload,  // The device verified it.
  kGoodSoftware,  // Verified here.
  kBad,           // Wrong. The packet must not change any stream.
};

// What becomes of a fragment itself, once its datagram has taken from it.
enum class FragmentFate : uint8_t {
  kUndecided,  // Nobody has looked at it yet.
  kForward,    // It goes on as it came.
  kNfDrop,     // A function of a RAW monitor refused it.
  kRefused,    // It, or its datagram, is not sound.
};

// What is odd about a packet that is parsed all the same: bits to be counted.
namespace parse_anomaly {
// An IPv6 hop-by-hop header that is not the first extension header.
inline constexpr uint8_t kHopByHopOrder = 0x01;
// An IPv6 routing header of type 0, which RFC 5095 forbids.
inline constexpr uint8_t kRoutingTypeZero = 0x02;
// One of the four bits between TCP's data offset and its flags is set.
inline constexpr uint8_t kTcpReservedBits = 0x04;
// A tunnel's header is valid but IP inside it is not: the packet counts as what
// is outside.
inline constexpr uint8_t kTunnelContent = 0x08;
// More tunnels inside each other than are looked into.
inline constexpr uint8_t kTunnelDepth = 0x10;
// A first fragment too short for its transport header (RFC 1858).
inline constexpr uint8_t kTinyFragment = 0x20;
// A fragment that says that it must not be one.
inline constexpr uint8_t kDontFragment = 0x40;
}  // namespace parse_anomaly

inline constexpr size_t kParseAnomalies = 7;

// TCP header flags, as on the wire (RFC 9293, section 3.1).
namespace tcp_flag {
inline constexpr uint8_t kFin = 0x01;
inline constexpr uint8_t kSyn = 0x02;
inline constexpr uint8_t kRst = 0x04;
inline constexpr uint8_t kPsh = 0x08;
inline constexpr uint8_t kAck = 0x10;
inline constexpr uint8_t kUrg = 0x20;
inline constexpr uint8_t kEce = 0x40;
inline constexpr uint8_t kCwr = 0x80;
}  // namespace tcp_flag

struct ParsedPacket {
  // The tuple of the innermost IP header that was reached. For kIcmp,
  // kIcmpError, kOtherIp and kFragment the ports are 0. Meaningless for kNotIp
  // and kError.
  FlowKey key;

  // Keyed hash of `key`, filled by the flow stage's HashBurst(), 0 before.
  uint64_t hash = 0;

  // Innermost IP header and what it carries; null where there is none. All
  // three are null for kNotIp and kError, `l4_header` also for kFragment.
  uint8_t* ip_header = nullptr;
  uint8_t* l4_header = nullptr;
  uint8_t* payload = nullptr;

  // Captured bytes from `ip_header` on, without link-layer padding.
  uint32_t ip_length = 0;
  // Payload of the transport protocol (of IP for kIcmp, kOtherIp and
  // kFragment): bytes that are there, and bytes that the headers declare. They
  // differ only in packets cut by a capture's snap length.
  uint32_t payload_captured = 0;
  uint32_t payload_length = 0;

  // TCP only.
  SeqNum seq;
  SeqNum ack;
  uint16_t window = 0;            // Unscaled, as on the wire.
  uint16_t urgent = 0;            // Urgent pointer, as on the wire.
  uint8_t tcp_flags = 0;          // tcp_flag::*
  uint8_t tcp_header_length = 0;  // Bytes, options included.

  PacketClass packet_class = PacketClass::kNotIp;
  ParseError error = ParseError::kNone;
  L4Checksum l4_checksum = L4Checksum::kUnchecked;
  EndpointIndex sender = 0;  // Which endpoint of `key` sent this packet.
  uint8_t ttl = 0;           // Or hop limit.
  uint8_t anomalies = 0;     // parse_anomaly::*
  uint8_t vlan_count = 0;    // Tags seen; ids of the two outermost follow.
  uint16_t vlan_id[2] = {0, 0};

  // The innermost tunnel that `ip_header` lies in, and how many there are.
  Encapsulation tunnel = Encapsulation::kNone;
  uint8_t tunnels = 0;
  uint32_t tunnel_id = 0;  // VNI, TEID, key, session; 0 for tunnels without.

  // How often it was put together from fragments: 1 for a datagram, 2 if its
  // fragments were in a tunnel that was fragmented itself.
  uint8_t reassembled = 0;
  FragmentFate fragment_fate = FragmentFate::kUndecided;  // For kFragment.

  friend bool operator==(const ParsedPacket&, const ParsedPacket&) = default;

  bool Has(uint8_t flags) const { return (tcp_flags & flags) != 0; }
  std::span<const uint8_t> tcp_options() const {
    return {l4_header + 20, static_cast<size_t>(tcp_header_length - 20)};
  }
};

}  // namespace mosaic
