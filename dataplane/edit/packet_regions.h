// Where the parts of a packet lie, and writing their lengths and checksums.
//
// Threading   Pure functions over what they are given.

#pragma once

#include <cstdint>
#include <span>

#include "dataplane/api/packet_edit.h"
#include "dataplane/base/endpoint.h"
#include "dataplane/base/packet.h"
#include "dataplane/parse/parsed_packet.h"

namespace mosaic {

// The bytes of a part, empty when there is none: no IP, no TCP or UDP.
std::span<uint8_t> RegionOf(const Packet& packet, const ParsedPacket& parsed,
                            PacketRegion region);

// The tuple as the headers have it, whatever it was when the packet arrived.
// REQUIRES: `parsed` has an IP header.
Endpoint WrittenSource(const ParsedPacket& parsed);
Endpoint WrittenDestination(const ParsedPacket& parsed);

// Whether the transport checksum covers another destination than the IP
// header's: a source route that has not come to its end (RFC 791, RFC 8200).
// REQUIRES: `parsed` has an IP header and a transport header.
bool IsSourceRouted(const ParsedPacket& parsed);

// Computes checksums in place. REQUIRES: the packet is whole, its lengths are
// right, and it is not source-routed.
void WriteIpv4Checksum(uint8_t* ip_header);  // Of a header with its IHL.
// Of TCP or UDP; a UDP checksum that is 0 on IPv4 stays so (RFC 768).
void WriteTransportChecksum(const ParsedPacket& parsed);

// Changes a TCP checksum for words of the segment that summed up to `before`
// and sum up to `after` (ChecksumSum() of ranges at the same even offset), as
// RFC 1624 has it: a checksum that was wrong stays wrong.
void UpdateTcpChecksum(uint8_t* tcp_header, uint64_t before, uint64_t after);

// Writes the IP datagram's length, from its header on.
// REQUIRES: `length` is in [header, 65535], or + 40 for IPv6.
void WriteIpLength(uint8_t* ip_header, uint32_t length);

}  // namespace mosaic
