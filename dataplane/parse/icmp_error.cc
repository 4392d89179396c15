#include "dataplane/parse/icmp_error.h"

#include <algorithm>
#include <span>

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/ipv4.h"
#include "dataplane/parse/ipv6.h"

namespace mosaic {
namespace {

constexpr size_t kIcmpHeader = 8;

// Where the parts of the quoted packet lie that name its flow.
struct Quote {
  const uint8_t* source = nullptr;  // Null: it names none.
  const uint8_t* destination = nullptr;
  const uint8_t* ports = nullptr;  // Null for ICMP.
  uint8_t protocol = 0;
};

bool IsError(uint8_t ip_version, uint8_t type) {
  if (ip_version == 6) return type < 128;  // RFC 4443
  constexpr uint8_t kErrors[] = {3, 4, 5, 11, 12};
  return std::ranges::find(kErrors, type) != std::end(kErrors);
}

// Completes `quote`, whose addresses are found, with what `rest` of the quoted
// packet begins with.
Quote WithTransport(Quote quote, std::span<const uint8_t> rest) {
  constexpr size_t kPorts = 4;
  switch (quote.protocol) {
    case ip_protocol::kTcp:
    case ip_protocol::kUdp:
      if (rest.size() < kPorts) return {};
      quote.ports = rest.data();
      return quote;
    case ip_protocol::kIcmp:
    case ip_protocol::kIcmpv6:
      return quote;
    default:
      return {};
  }
}

Quote FindIpv4(std::span<const uint8_t> packet) {
  constexpr uint16_t kOffset = 0x1fff;
  if (packet.size() < kIpv4MinHeader || packet[0] >> 4 != 4) return {};
  const size_t header = (packet[0] & 0xfu) * 4;
  if (header < kIpv4MinHeader || header > packet.size() ||
      (ReadBig16(packet.data() + 6) & kOffset) != 0) {
    return {};
  }
  return WithTransport(
      {packet.data() + 12, packet.data() + 16, nullptr, packet[9]},
      packet.subspan(header));
}

Quote FindIpv6(std::span<const uint8_t> packet) {
  constexpr uint16_t kOffset = 0xfff8;
  if (packet.size() < kIpv6Header || packet[0] >> 4 != 6) return {};
  Quote quote{packet.data() + 8, packet.data() + 24, nullptr, packet[6]};
  std::span<const uint8_t> rest = packet.subspan(kIpv6Header);
  while (IsExtensionHeader(quote.protocol)) {
    if (rest.size() < 8) return {};
    const uint32_t length = ExtensionLength(quote.protocol, rest.data());
    if (length > rest.size() || (quote.protocol == ip_protocol::kFragment &&
                                 (ReadBig16(rest.data() + 2) & kOffset) != 0)) {
      return {};
    }
    quote.protocol = rest[0];
    rest = rest.subspan(length);
  }
  return WithTransport(quote, rest);
}

Quote FindQuote(const ParsedPacket& parsed) {
  const std::span<const uint8_t> message(parsed.payload,
                                         parsed.payload_captured);
  const uint8_t version = parsed.key.ip_version;
  if (message.size() < kIcmpHeader || !IsError(version, message[0])) return {};
  const std::span<const uint8_t> quoted = message.subspan(kIcmpHeader);
  return version == 6 ? FindIpv6(quoted) : FindIpv4(quoted);
}

}  // namespace

bool QuotesFlow(const ParsedPacket& parsed) {
  return FindQuote(parsed).source != nullptr;
}

QuotedFlow ReadQuotedFlow(const ParsedPacket& parsed) {
  const Quote quote = FindQuote(parsed);
  const size_t address_bytes = parsed.key.ip_version == 6 ? 16 : 4;
  std::array<uint8_t, 16> source = {};
  std::array<uint8_t, 16> destination = {};
  std::copy_n(quote.source, address_bytes, source.begin());
  std::copy_n(quote.destination, address_bytes, destination.begin());
  const uint16_t source_port =
      quote.ports == nullptr ? 0 : ReadBig16(quote.ports);
  const uint16_t destination_port =
      quote.ports == nullptr ? 0 : ReadBig16(quote.ports + 2);

  QuotedFlow flow;
  flow.key = parsed.key;  // For where it was seen.
  flow.key.protocol = quote.protocol;
  flow.sender = source > destination || (source == destination &&
                                         source_port > destination_port)
                    ? 1
                    : 0;
  flow.key.address[flow.sender] = source;
  flow.key.address[flow.sender ^ 1] = destination;
  flow.key.port[flow.sender] = source_port;
  flow.key.port[flow.sender ^ 1] = destination_port;
  return flow;
}

}  // namespace mosaic
