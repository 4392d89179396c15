#include "dataplane/edit/segment_split.h"

#include <cstring>

#include "dataplane/base/byte_order.h"
#include "dataplane/edit/packet_regions.h"

namespace mosaic {
namespace {

constexpr size_t kSeqOffset = 4;
constexpr size_t kFlagsOffset = 13;
constexpr size_t kUrgentOffset = 18;

void SetFlags(uint8_t flags, ParsedPacket& parsed) {
  parsed.tcp_flags = flags;
  parsed.l4_header[kFlagsOffset] = flags;
}

// Lengths and checksums for a payload of `payload_bytes`.
void SetPayload(uint32_t payload_bytes, Packet& packet, ParsedPacket& parsed) {
  parsed.ip_length =
      static_cast<uint32_t>(parsed.payload - parsed.ip_header) + payload_bytes;
  parsed.payload_captured = payload_bytes;
  parsed.payload_length = payload_bytes;
  packet.length =
      static_cast<uint32_t>(parsed.payload - packet.data) + payload_bytes;
  packet.wire_length = packet.length;
  WriteIpLength(parsed.ip_header, parsed.ip_length);
  if (parsed.ip_header[0] >> 4 == 4) WriteIpv4Checksum(parsed.ip_header);
  WriteTransportChecksum(parsed);
}

}  // namespace

bool SplitSegment(uint32_t payload_bytes, PacketBuffers& buffers,
                  Packet& packet, ParsedPacket& parsed, Packet& rest,
                  ParsedPacket& rest_parsed) {
  const auto headers = static_cast<uint32_t>(parsed.payload - packet.data);
  const uint32_t left = parsed.payload_captured - payload_bytes;
  if (!buffers.Give(rest, headers + left)) return false;
  std::memcpy(rest.data, packet.data, headers);
  std::memcpy(rest.data + headers, parsed.payload + payload_bytes, left);
  rest.time = packet.time;
  rest.clock = packet.clock;
  rest.index = packet.index;
  rest.port = packet.port;
  rest.link = packet.link;

  rest_parsed = parsed;
  rest_parsed.ip_header = rest.data + (parsed.ip_header - packet.data);
  rest_parsed.l4_header = rest.data + (parsed.l4_header - packet.data);
  rest_parsed.payload = rest.data + headers;
  rest_parsed.seq = parsed.seq + payload_bytes;
  WriteBig32(rest_parsed.l4_header + kSeqOffset, rest_parsed.seq.raw());
  rest_parsed.urgent = 0;
  WriteBig16(rest_parsed.l4_header + kUrgentOffset, 0);

  const uint8_t flags = parsed.tcp_flags;
  constexpr uint8_t kAtEnd = tcp_flag::kFin | tcp_flag::kPsh;
  constexpr uint8_t kAtStart = tcp_flag::kCwr | tcp_flag::kUrg | tcp_flag::kSyn;
  SetFlags(static_cast<uint8_t>(flags & ~kAtStart), rest_parsed);
  SetFlags(static_cast<uint8_t>(flags & ~kAtEnd), parsed);
  SetPayload(left, rest, rest_parsed);
  SetPayload(payload_bytes, packet, parsed);
  return true;
}

}  // namespace mosaic
