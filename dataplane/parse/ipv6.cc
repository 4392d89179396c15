#include "dataplane/parse/ipv6.h"

namespace mosaic {
namespace {

// Notes what a routing header, complete in the unread bytes, means for the
// transport checksum: it covers the last stop, while the destination field
// names the next one.
void ReadRoutingHeader(uint32_t length, ParseContext& context,
                       ParsedPacket& parsed) {
  constexpr uint8_t kSourceRoute = 0;     // RFC 2460, forbidden by RFC 5095.
  constexpr uint8_t kMobility = 2;        // RFC 6275: one address.
  constexpr uint8_t kSegmentRouting = 4;  // RFC 8754: last stop first.
  const uint8_t* const header = context.rest.data();
  const uint8_t type = header[2];
  const uint8_t stops_left = header[3];
  if (type == kSourceRoute) parsed.anomalies |= parse_anomaly::kRoutingTypeZero;
  if (stops_left == 0) return;
  context.checksum_destination = nullptr;
  if (length < 8 + 16) return;
  if (type == kSourceRoute || type == kMobility) {
    context.checksum_destination = header + length - 16;
  } else if (type == kSegmentRouting) {
    context.checksum_destination = header + 8;
  }
}

}  // namespace

uint32_t ExtensionLength(uint8_t type, const uint8_t* header) {
  switch (type) {
    case ip_protocol::kFragment:
      return 8;
    case ip_protocol::kAuthentication:  // In words, less two (RFC 4302).
      return (header[1] + 2u) * 4;
    default:
      return (header[1] + 1u) * 8;
  }
}

bool IsExtensionHeader(uint8_t type) {
  return type == ip_protocol::kHopByHop || type == ip_protocol::kRouting ||
         type == ip_protocol::kFragment ||
         type == ip_protocol::kAuthentication ||
         type == ip_protocol::kDestinationOptions;
}

Layer WalkExtensionHeaders(uint8_t next, ParseContext& context,
                           ParsedPacket& parsed) {
  Region& rest = context.rest;
  uint32_t headers = 0;
  uint32_t bytes = 0;
  bool fragment_seen = false;
  for (; IsExtensionHeader(next); ++headers) {
    if (headers == kMaxExtensionHeaders || rest.captured() < 8) {
      return Fail(ParseError::kIpExtensionHeaders, parsed);
    }
    const uint32_t length = ExtensionLength(next, rest.data());
    bytes += length;
    if (length > rest.captured() || bytes > kMaxExtensionBytes) {
      return Fail(ParseError::kIpExtensionHeaders, parsed);
    }
    const uint8_t type = next;
    next = rest.data()[0];
    context.protocol = next;
    if (type == ip_protocol::kHopByHop && headers > 0) {
      parsed.anomalies |= parse_anomaly::kHopByHopOrder;
    } else if (type == ip_protocol::kRouting) {
      ReadRoutingHeader(length, context, parsed);
    } else if (type == ip_protocol::kFragment) {
      if (fragment_seen) return Fail(ParseError::kIpExtensionHeaders, parsed);
      fragment_seen = true;
      constexpr uint16_t kMoreFragmentsOrOffset = 0xfff9;
      const uint16_t position = ReadBig16(rest.data() + 2);
      rest.Skip(length);
      if ((position & kMoreFragmentsOrOffset) != 0) return Layer::kFragment;
      continue;
    }
    rest.Skip(length);
  }
  return LayerOfProtocol(next, ip_protocol::kIcmpv6);
}

}  // namespace mosaic
