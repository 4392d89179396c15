// Reads what IP carries – TCP (RFC 9293), UDP (RFC 768), ICMP – judges its
// checksum, and completes the ParsedPacket.

#pragma once

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/flow_tuple.h"
#include "dataplane/parse/layer.h"

namespace mosaic {

inline constexpr uint32_t kTcpMinHeader = 20;
inline constexpr uint32_t kUdpHeader = 8;

// Whether the checksum of a TCP, UDP or ICMP message counts in the sum of the
// IP addresses, length and protocol. All do but ICMP over IPv4.
enum class PseudoHeader : uint8_t { kCovered, kNotCovered };

// The verdict under policy verify on a message that is all there: the device's
// if it has one, else by computing. `pseudo_header` is a partial sum, 0 where
// none is covered.
L4Checksum JudgeL4Checksum(ChecksumVerdict device, uint64_t pseudo_header,
                           const uint8_t* message, uint32_t length);

// The same on the message that the unread bytes are; kUnchecked too where it is
// cut or its final destination cannot be told.
L4Checksum VerifyL4Checksum(PseudoHeader pseudo_header,
                            const ParseContext& context,
                            const ParsedPacket& parsed);

// Readers of the layers. Each completes `parsed`, and returns kDone, or which
// kind of tunnel the unread bytes may hold.
Layer ReadUdp(ParseContext& context, ParsedPacket& parsed);
Layer ReadIcmp(ParseContext& context, ParsedPacket& parsed);
// The unread bytes become the payload; there are no ports.
Layer ReadOtherIp(ParseContext& context, ParsedPacket& parsed);
Layer ReadFragment(ParseContext& context, ParsedPacket& parsed);

inline void WritePayload(const Region& rest, ParsedPacket& parsed) {
  parsed.payload = rest.data();
  parsed.payload_captured = rest.captured();
  parsed.payload_length = rest.declared();
}

inline void WriteTcpFields(uint8_t* header, uint32_t header_length,
                           ParsedPacket& parsed) {
  if ((header[12] & 0xf) != 0) {
    parsed.anomalies |= parse_anomaly::kTcpReservedBits;
  }
  parsed.packet_class = PacketClass::kTcp;
  parsed.l4_header = header;
  parsed.seq = SeqNum(ReadBig32(header + 4));
  parsed.ack = SeqNum(ReadBig32(header + 8));
  parsed.tcp_header_length = static_cast<uint8_t>(header_length);
  parsed.tcp_flags = header[13];
  parsed.window = ReadBig16(header + 14);
  parsed.urgent = ReadBig16(header + 18);
}

// A header that is not all there is kL4Truncated; one longer than the segment
// is kTcpDataOffset.
inline Layer ReadTcp(ParseContext& context, ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (rest.captured() < kTcpMinHeader) [[unlikely]] {
    return Fail(ParseError::kL4Truncated, parsed);
  }
  uint8_t* const header = rest.data();
  const uint32_t header_length = (header[12] >> 4) * 4u;
  if (header_length < kTcpMinHeader || header_length > rest.captured())
      [[unlikely]] {
    const bool cut =
        header_length >= kTcpMinHeader && header_length <= rest.declared();
    return Fail(cut ? ParseError::kL4Truncated : ParseError::kTcpDataOffset,
                parsed);
  }
  if (context.config.checksum == ChecksumPolicy::kVerify) {
    parsed.l4_checksum =
        VerifyL4Checksum(PseudoHeader::kCovered, context, parsed);
  }
  WriteFlowTuple(ReadBig16(header), ReadBig16(header + 2), context, parsed);
  WriteTcpFields(header, header_length, parsed);
  rest.Skip(header_length);
  WritePayload(rest, parsed);
  return Layer::kDone;
}

}  // namespace mosaic
