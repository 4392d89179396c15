// PacketBuilder writes the bytes of one frame for a test, field by field:
//
//   PacketBuilder().Vlan(10).Ipv4("10.0.0.1", "10.0.0.2").Tcp(1234, 80)
//       .Seq(1000).Ack(7).Flags(tcp_flag::kAck).Payload("hello").Build();
//
// What is not said has a plain default: Ethernet II, IPv4 from 10.0.0.1 to
// 10.0.0.2, TCP from port 1000 to 80 with ACK set, window 65535, TTL 64, no
// payload. Lengths, padding of options and checksums are filled in so that the
// frame is right; each can then be made wrong. The builder is a value: copy one
// to make variants of it. Its checksum is its own, the naive one, so that it is
// a second opinion on the parser's.

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/base/packet.h"

namespace mosaic {

class PacketBuilder {
 public:
  using Bytes = std::vector<uint8_t>;

  // Link layer.
  PacketBuilder& Link(LinkType link);
  // Adds a tag behind those already there. For Ethernet only.
  PacketBuilder& Vlan(uint16_t id, uint16_t tag_type = 0x8100);
  // Makes the Ethernet frame an 802.3 one: a length, LLC and SNAP headers.
  PacketBuilder& LlcSnap();
  // Puts this EtherType where that of the IP version would stand.
  PacketBuilder& EtherType(uint16_t type);
  // Appends zero bytes behind the IP datagram, as Ethernet does up to 60 bytes.
  PacketBuilder& Padding(size_t bytes);

  // IP. Addresses are in text. REQUIRES: they are well formed.
  PacketBuilder& Ipv4(std::string_view source, std::string_view destination);
  PacketBuilder& Ipv6(std::string_view source, std::string_view destination);
  PacketBuilder& Ttl(uint8_t ttl);
  // IPv4 options as they stand; filled up with zeros to whole words.
  PacketBuilder& IpOptions(Bytes options);
  // Adds an IPv6 extension header behind those already there: `body` follows
  // the next-header and length bytes and is filled up to whole units (8 bytes;
  // 4 for the authentication header, number 51).
  PacketBuilder& ExtensionHeader(uint8_t number, Bytes body = {});
  // Makes this one fragment. `offset` is in bytes and a multiple of 8. In IPv6
  // it adds a fragment header behind the extension headers already there.
  PacketBuilder& Fragment(uint32_t id, uint16_t offset, bool more_follow);
  // Overrides the protocol number (in IPv6 the last next-header value).
  PacketBuilder& Protocol(uint8_t number);

  // Transport. Each replaces the one chosen before.
  PacketBuilder& Tcp(uint16_t source_port, uint16_t destination_port);
  PacketBuilder& Udp(uint16_t source_port, uint16_t destination_port);
  // ICMPv6 when the frame is IPv6.
  PacketBuilder& Icmp(uint8_t type, uint8_t code);
  // The payload follows the IP header at once.
  PacketBuilder& NoTransport();

  // TCP fields.
  PacketBuilder& Seq(uint32_t seq);
  PacketBuilder& Ack(uint32_t ack);
  PacketBuilder& Flags(uint8_t flags);
  PacketBuilder& Window(uint16_t window);
  PacketBuilder& Urgent(uint16_t pointer);
  // Options as they stand; filled up with zeros to whole words.
  PacketBuilder& TcpOptions(Bytes options);

  PacketBuilder& Payload(std::string_view payload);
  PacketBuilder& Payload(Bytes payload);

  // Ways to make it wrong. Values are written as given; checksums are computed
  // after them, so that each fault stands alone.
  PacketBuilder& IpVersion(uint8_t version);     // 4 bits
  PacketBuilder& IpHeaderWords(uint8_t words);   // IHL, 4 bits
  PacketBuilder& IpLength(uint16_t length);      // v4 total, v6 payload length
  PacketBuilder& TcpHeaderWords(uint8_t words);  // Data offset, 4 bits
  PacketBuilder& TcpReservedBits(uint8_t bits);  // 4 bits beside the offset
  PacketBuilder& UdpLength(uint16_t length);
  PacketBuilder& BadIpChecksum();  // Right one, one bit flipped.
  PacketBuilder& BadL4Checksum();
  PacketBuilder& L4Checksum(uint16_t checksum);  // Exactly this one.
  // These bytes in place of all that is said of the frame.
  PacketBuilder& Verbatim(Bytes frame);
  // Keeps the first `bytes` of the frame; the wire length stays the whole.
  PacketBuilder& Snap(size_t bytes);

  // The captured bytes.
  Bytes Build() const;

  // Length of the whole frame, before Snap().
  size_t wire_length() const { return BuildWhole().size(); }
  LinkType link() const { return link_; }

 private:
  enum class Transport : uint8_t { kNone, kTcp, kUdp, kIcmp };
  struct Extension {
    uint8_t number;
    Bytes body;
  };

  Bytes BuildWhole() const;
  Bytes LinkHeader(size_t ip_length) const;
  Bytes IpHeader(size_t l4_length) const;
  Bytes Ipv4Header(size_t l4_length) const;
  Bytes Ipv6Header(size_t l4_length) const;
  Bytes Segment() const;
  Bytes TransportHeader() const;
  size_t ChecksumOffset() const;
  uint8_t ProtocolNumber() const;
  uint16_t NetworkType() const;

  LinkType link_ = LinkType::kEthernet;
  std::vector<std::pair<uint16_t, uint16_t>> vlans_;  // Tag type, id.
  bool llc_snap_ = false;
  std::optional<uint16_t> ether_type_;
  size_t padding_ = 0;

  uint8_t family_ = 4;
  Bytes source_ = {10, 0, 0, 1};
  Bytes destination_ = {10, 0, 0, 2};
  uint8_t ttl_ = 64;
  Bytes ip_options_;
  std::vector<Extension> extensions_;
  uint32_t ip_id_ = 0;
  uint16_t fragment_bits_ = 0x4000;  // The IPv4 word: "do not fragment".
  std::optional<uint8_t> protocol_;
  std::optional<uint8_t> ip_version_;
  std::optional<uint8_t> ip_header_words_;
  std::optional<uint16_t> ip_length_;
  bool bad_ip_checksum_ = false;

  Transport transport_ = Transport::kTcp;
  uint16_t source_port_ = 1000;
  uint16_t destination_port_ = 80;
  uint32_t seq_ = 0;
  uint32_t ack_ = 0;
  uint8_t flags_ = 0x10;
  uint16_t window_ = 65535;
  uint16_t urgent_ = 0;
  Bytes tcp_options_;
  uint8_t icmp_type_ = 8;
  uint8_t icmp_code_ = 0;
  std::optional<uint8_t> tcp_header_words_;
  uint8_t tcp_reserved_bits_ = 0;
  std::optional<uint16_t> udp_length_;
  bool bad_l4_checksum_ = false;
  std::optional<uint16_t> l4_checksum_;

  Bytes payload_;
  std::optional<Bytes> verbatim_;
  std::optional<size_t> snap_;
};

}  // namespace mosaic
