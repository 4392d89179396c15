// Feeds any bytes to the parser: the first chooses the link type and the
// policies, the second how many bytes the capture cut off, the rest is the
// frame. Whatever comes out must lie inside the packet and agree with itself.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "dataplane/base/check.h"
#include "dataplane/parse/icmp_error.h"
#include "dataplane/parse/ip_fragment.h"
#include "dataplane/parse/layer_walk.h"
#include "dataplane/parse/parser.h"
#include "dataplane/parse/tcp_options.h"
#include "dataplane/parse/tunnel.h"

namespace mosaic {
namespace {

constexpr int kLinkTypes = static_cast<int>(LinkType::kCiscoHdlc) + 1;

ParserConfig ConfigFrom(uint8_t choice) {
  ParserConfig config;
  if ((choice & 0x10) != 0) config.checksum = ChecksumPolicy::kIgnore;
  if ((choice & 0x20) != 0) config.overlong = OverlongPolicy::kTakeAsCut;
  config.vlan_in_key = (choice & 0x40) != 0;
  config.tunnel_in_key = (choice & 0x80) != 0;
  return config;
}

void CheckSpans(const Packet& packet, const ParsedPacket& parsed) {
  const uint8_t* const end = packet.data + packet.length;
  if (parsed.ip_header == nullptr) {
    MOSAIC_CHECK(parsed.payload == nullptr && parsed.l4_header == nullptr);
    MOSAIC_CHECK(parsed.payload_length == 0 && parsed.ip_length == 0);
    return;
  }
  MOSAIC_CHECK(parsed.ip_header >= packet.data);
  MOSAIC_CHECK(parsed.ip_header + parsed.ip_length <= end);
  MOSAIC_CHECK(parsed.payload > parsed.ip_header);
  MOSAIC_CHECK(parsed.payload + parsed.payload_captured <=
               parsed.ip_header + parsed.ip_length);
  MOSAIC_CHECK(parsed.payload_captured <= parsed.payload_length);
  if (parsed.l4_header != nullptr) {
    MOSAIC_CHECK(parsed.l4_header > parsed.ip_header);
    MOSAIC_CHECK(parsed.l4_header <= parsed.payload);
  }
}

void CheckClass(const ParsedPacket& parsed) {
  const bool is_error = parsed.packet_class == PacketClass::kError;
  const bool has_ip = !is_error && parsed.packet_class != PacketClass::kNotIp;
  MOSAIC_CHECK(is_error == (parsed.error != ParseError::kNone));
  MOSAIC_CHECK(has_ip == (parsed.ip_header != nullptr));
  MOSAIC_CHECK(parsed.vlan_count <= 4);
  if (has_ip) {
    MOSAIC_CHECK(parsed.key.ip_version == 4 || parsed.key.ip_version == 6);
    MOSAIC_CHECK(parsed.key.address[0] <= parsed.key.address[1]);
  }
  MOSAIC_CHECK(parsed.tunnels <= kMaxTunnels);
  MOSAIC_CHECK(parsed.tunnels > 0 || parsed.tunnel == Encapsulation::kNone);
  if (parsed.packet_class == PacketClass::kIcmpError) {
    const QuotedFlow quoted = ReadQuotedFlow(parsed);
    MOSAIC_CHECK(quoted.key.address[0] <= quoted.key.address[1]);
  }
  if (parsed.packet_class == PacketClass::kTcp) {
    MOSAIC_CHECK(parsed.l4_header + parsed.tcp_header_length == parsed.payload);
    const TcpOptions options = ParseTcpOptions(parsed.tcp_options());
    MOSAIC_CHECK(options.sack_count <= kMaxSackBlocks);
  }
}

void CheckFragment(const Packet& packet, const ParsedPacket& parsed) {
  if (parsed.packet_class != PacketClass::kFragment) return;
  const IpFragment fragment = ReadIpFragment(packet, parsed);
  MOSAIC_CHECK(fragment.header.data() == parsed.ip_header);
  MOSAIC_CHECK(fragment.header.size() <= 40 + 256);
  MOSAIC_CHECK(fragment.protocol_at < fragment.header.size());
  MOSAIC_CHECK(fragment.offset % 8 == 0 && fragment.offset <= 65528);
  static_cast<void>(HoldsHeaderChain(fragment.protocol, fragment.part));
}

}  // namespace
}  // namespace mosaic

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const size_t length = size - 2;
  // A block of exactly the frame's size, so that a read past it is seen.
  const auto frame = std::make_unique<uint8_t[]>(length);
  for (size_t i = 0; i < length; ++i) frame[i] = data[i + 2];

  mosaic::Packet packet;
  packet.data = frame.get();
  packet.length = static_cast<uint32_t>(length);
  packet.wire_length = packet.length + data[1];
  packet.link =
      static_cast<mosaic::LinkType>((data[0] & 0xf) % mosaic::kLinkTypes);

  mosaic::ParsedPacket parsed;
  const mosaic::ParserConfig config = mosaic::ConfigFrom(data[0]);
  mosaic::Parser(config).ParseOne(packet, parsed);
  // The short cut for plain segments must say what the layers say.
  mosaic::ParsedPacket by_layers;
  mosaic::WalkLayers(packet, config, by_layers);
  MOSAIC_CHECK(parsed == by_layers);
  mosaic::CheckSpans(packet, parsed);
  mosaic::CheckClass(parsed);
  mosaic::CheckFragment(packet, parsed);
  return 0;
}
