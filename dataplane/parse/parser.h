// Parser reads the headers of a burst of packets: link layer, VLAN tags, IPv4
// or IPv6 with extension headers, tunnels and what they carry, TCP, UDP or
// ICMP; and judges checksums.
//
// Threading   Immutable after construction; one may serve all workers.
// Cost        One pass over the headers, no allocation. A software checksum
//             reads the whole payload; see ChecksumPolicy.

#pragma once

#include <cstdint>
#include <span>

#include "dataplane/base/packet.h"
#include "dataplane/parse/encapsulation.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

enum class ChecksumPolicy : uint8_t {
  // Trust the device's verdict where it gave one, else compute. A bad IPv4
  // header ends the packet; a bad transport checksum marks it L4Checksum::kBad.
  kVerify,
  // Look at none. For captures and veth pairs, where the sender's own machine
  // leaves checksums to hardware that is not there.
  kIgnore,
};

// What an IP length that reaches beyond the bytes on the wire means.
enum class OverlongPolicy : uint8_t {
  // A lie: ParseError::kIpTotalLength. Hosts drop such packets, so must we.
  kRefuse,
  // A packet that was cut when it was captured, by a program that did not note
  // its length. For replay only. The downside is that a real lie passes too, as
  // a packet with bytes missing.
  kTakeAsCut,
};

struct ParserConfig {
  ChecksumPolicy checksum = ChecksumPolicy::kVerify;
  OverlongPolicy overlong = OverlongPolicy::kRefuse;
  // Make VLAN ids (of the two outermost tags) and the port part of the flow
  // key, so that equal tuples on different ones are different flows. A priority
  // tag (id 0) is as good as none. Default off.
  bool vlan_in_key = false;
  bool port_in_key = false;
  // The same of the innermost tunnel: its kind and its id. Where the two
  // directions have ids of their own, as in GTP-U, it makes two flows of one.
  bool tunnel_in_key = false;
  EncapsulationSet encapsulations = EncapsulationSet::All();
};

class Parser {
 public:
  explicit Parser(const ParserConfig& config) : config_(config) {}

  // Fills `parsed[i]` from `packets[i]`, every field. Returns how many of them
  // are fragments or ICMP errors, whose owner `key` does not tell. REQUIRES:
  // parsed.size() >= packets.size().
  size_t Parse(std::span<const Packet> packets,
               std::span<ParsedPacket> parsed) const;

  // The same for one packet.
  void ParseOne(const Packet& packet, ParsedPacket& parsed) const;

  // The same for a datagram that was put together, from its IP header on.
  // `fragment` is one of its parts, and says which tunnels it lies in.
  void ParseDatagram(const Packet& datagram, const ParsedPacket& fragment,
                     ParsedPacket& parsed) const;

 private:
  const ParserConfig config_;
};

}  // namespace mosaic
