#include "dataplane/edit/packet_regions.h"

#include <cstring>

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/checksum.h"
#include "dataplane/parse/ip_protocol.h"
#include "dataplane/parse/ipv4.h"
#include "dataplane/parse/ipv6.h"
#include "dataplane/parse/transport.h"

namespace mosaic {
namespace {

constexpr uint8_t kRoutingHeader = 43;
constexpr uint32_t kTcpChecksumOffset = 16;
constexpr uint32_t kUdpChecksumOffset = 6;

bool HasPorts(const ParsedPacket& parsed) {
  return parsed.packet_class == PacketClass::kTcp ||
         parsed.packet_class == PacketClass::kUdp;
}

std::span<uint8_t> Between(uint8_t* begin, const uint8_t* end) {
  return {begin, static_cast<size_t>(end - begin)};
}

// `which` is 0 for the source, 1 for the destination.
Endpoint WrittenEndpoint(const ParsedPacket& parsed, size_t which) {
  const uint8_t* const ip = parsed.ip_header;
  Endpoint endpoint;
  endpoint.ip_version = ip[0] >> 4;
  if (endpoint.ip_version == 4) {
    std::memcpy(endpoint.address.data(), ip + 12 + 4 * which, 4);
  } else {
    std::memcpy(endpoint.address.data(), ip + 8 + 16 * which, 16);
  }
  if (HasPorts(parsed)) endpoint.port = ReadBig16(parsed.l4_header + 2 * which);
  return endpoint;
}

// The end of options, padding, a route, and other options by their length.
bool HasSourceRoute(const uint8_t* option, const uint8_t* end) {
  constexpr uint8_t kEnd = 0, kNop = 1, kLoose = 131, kStrict = 137;
  while (option < end && *option != kEnd) {
    if (*option == kNop) {
      ++option;
      continue;
    }
    if (*option == kLoose || *option == kStrict) return true;
    if (option + 1 >= end || option[1] < 2) return false;
    option += option[1];
  }
  return false;
}

bool HasSegmentsLeft(const uint8_t* ip_header, const uint8_t* end) {
  uint8_t next = ip_header[6];
  const uint8_t* header = ip_header + kIpv6Header;
  while (header + 4 <= end) {
    if (next == kRoutingHeader && header[3] > 0) return true;
    // The authentication header counts in units of four bytes, less two.
    constexpr uint8_t kAuthentication = 51;
    const uint32_t length =
        next == kAuthentication ? (header[1] + 2) * 4u : (header[1] + 1) * 8u;
    next = header[0];
    header += length;
  }
  return false;
}

}  // namespace

std::span<uint8_t> RegionOf(const Packet& packet, const ParsedPacket& parsed,
                            PacketRegion region) {
  if (parsed.ip_header == nullptr) return {};
  switch (region) {
    case PacketRegion::kLinkHeader:
      return Between(packet.data, parsed.ip_header);
    case PacketRegion::kIpHeader:
      return Between(parsed.ip_header, parsed.l4_header != nullptr
                                           ? parsed.l4_header
                                           : parsed.payload);
    case PacketRegion::kTransportHeader:
      if (!HasPorts(parsed)) return {};
      return Between(parsed.l4_header, parsed.payload);
    case PacketRegion::kPayload:
      if (!HasPorts(parsed)) return {};
      return {parsed.payload, parsed.payload_captured};
  }
  return {};
}

Endpoint WrittenSource(const ParsedPacket& parsed) {
  return WrittenEndpoint(parsed, 0);
}

Endpoint WrittenDestination(const ParsedPacket& parsed) {
  return WrittenEndpoint(parsed, 1);
}

bool IsSourceRouted(const ParsedPacket& parsed) {
  const uint8_t* const ip = parsed.ip_header;
  return ip[0] >> 4 == 4 ? HasSourceRoute(ip + kIpv4MinHeader, parsed.l4_header)
                         : HasSegmentsLeft(ip, parsed.l4_header);
}

void WriteIpv4Checksum(uint8_t* ip_header) {
  const size_t length = (ip_header[0] & 0xf) * size_t{4};
  WriteBig16(ip_header + 10, 0);
  WriteBig16(ip_header + 10, ChecksumField(ChecksumSum(ip_header, length)));
}

void WriteTransportChecksum(const ParsedPacket& parsed) {
  const uint8_t* const ip = parsed.ip_header;
  const bool ipv4 = ip[0] >> 4 == 4;
  const bool tcp = parsed.packet_class == PacketClass::kTcp;
  uint8_t* const field =
      parsed.l4_header + (tcp ? kTcpChecksumOffset : kUdpChecksumOffset);
  if (!tcp && ipv4 && ReadBig16(field) == 0) return;
  const size_t length = static_cast<size_t>(parsed.payload - parsed.l4_header) +
                        parsed.payload_captured;
  WriteBig16(field, 0);
  const uint64_t addresses =
      ipv4 ? ChecksumSumOf<2>(ip + 12) : ChecksumSumOf<8>(ip + 8);
  const uint64_t sum =
      addresses + ChecksumSum(static_cast<uint32_t>(length)) +
      ChecksumSum(uint32_t{tcp ? ip_protocol::kTcp : ip_protocol::kUdp}) +
      ChecksumSum(parsed.l4_header, length);
  uint16_t checksum = ChecksumField(sum);
  // 0 would say that there is none.
  if (!tcp && checksum == 0) checksum = 0xffff;
  WriteBig16(field, checksum);
}

void UpdateTcpChecksum(uint8_t* tcp_header, uint64_t before, uint64_t after) {
  uint8_t* const field = tcp_header + kTcpChecksumOffset;
  // HC' = ~(~HC + ~m + m'), in the machine's byte order throughout.
  const uint16_t old_field = __builtin_bswap16(ReadBig16(field));
  const uint64_t sum = uint64_t{static_cast<uint16_t>(~old_field)} +
                       uint64_t{static_cast<uint16_t>(~FoldChecksum(before))} +
                       uint64_t{FoldChecksum(after)};
  WriteBig16(field, ChecksumField(sum));
}

void WriteIpLength(uint8_t* ip_header, uint32_t length) {
  if (ip_header[0] >> 4 == 4) {
    WriteBig16(ip_header + 2, static_cast<uint16_t>(length));
  } else {
    WriteBig16(ip_header + 4, static_cast<uint16_t>(length - kIpv6Header));
  }
}

}  // namespace mosaic
