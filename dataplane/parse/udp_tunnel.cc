#include "dataplane/base/byte_order.h"
#include "dataplane/parse/link_layer.h"
#include "dataplane/parse/tunnel.h"

namespace mosaic {

TunnelContent ReadUdpTunnel(ParseContext& context, const ParsedPacket& parsed) {
  // A datagram that its receiver drops carries nothing to anybody. Over IPv6
  // tunnels need no checksum (RFC 6935).
  if (parsed.l4_checksum == L4Checksum::kBad &&
      ReadBig16(parsed.l4_header + 6) != 0) {
    return {};
  }
  const Encapsulation kind = TunnelOfPorts(ReadBig16(parsed.l4_header),
                                           ReadBig16(parsed.l4_header + 2));
  if (!context.config.encapsulations.Has(kind)) return {};
  switch (kind) {
    case Encapsulation::kVxlan:
      return ReadVxlan(context);
    case Encapsulation::kGeneve:
      return ReadGeneve(context);
    case Encapsulation::kGtpU:
      return ReadGtpU(context);
    case Encapsulation::kL2tp:
      return ReadL2tp(context);
    case Encapsulation::kTeredo:
      return ReadTeredo(context);
    default:
      return {};
  }
}

// Receivers ignore what is reserved, so it is not looked at here either.
TunnelContent ReadVxlan(ParseContext& context) {
  constexpr uint32_t kHeader = 8;
  constexpr uint8_t kValidVni = 0x08;
  Region& rest = context.rest;
  if (rest.captured() < kHeader || (rest.data()[0] & kValidVni) == 0) return {};
  const uint32_t vni = ReadBig32(rest.data() + 4) >> 8;
  rest.Skip(kHeader);
  return {Layer::kEthernet, Encapsulation::kVxlan, vni};
}

TunnelContent ReadGeneve(ParseContext& context) {
  constexpr uint32_t kHeader = 8;
  constexpr uint8_t kControl = 0x80;
  Region& rest = context.rest;
  if (rest.captured() < kHeader) return {};
  const uint8_t* const header = rest.data();
  const uint32_t length = kHeader + (header[0] & 0x3fu) * 4;
  if (header[0] >> 6 != 0 || (header[1] & kControl) != 0 ||
      length > rest.captured()) {
    return {};
  }
  const Layer layer = LayerOfTunnelled(ReadBig16(header + 2));
  if (layer == Layer::kDone) return {};
  const uint32_t vni = ReadBig32(header + 4) >> 8;
  rest.Skip(length);
  return {layer, Encapsulation::kGeneve, vni};
}

TunnelContent ReadGtpU(ParseContext& context) {
  constexpr uint32_t kHeader = 8;
  constexpr uint8_t kVersionMask = 0xf0;  // And the bit that tells GTP' apart.
  constexpr uint8_t kVersion1 = 0x30;
  constexpr uint8_t kOptions = 0x07;
  constexpr uint8_t kExtension = 0x04;
  constexpr uint8_t kUserData = 255;
  Region rest = context.rest;
  if (rest.captured() < kHeader) return {};
  const uint8_t* const header = rest.data();
  // The bit between version and options is reserved.
  if ((header[0] & kVersionMask) != kVersion1 || header[1] != kUserData) {
    return {};
  }
  const uint32_t length = ReadBig16(header + 2);
  if (length > rest.declared() - kHeader) return {};
  rest.Declare(kHeader + length);
  rest.Skip(kHeader);
  if ((header[0] & kOptions) != 0) {
    if (rest.captured() < 4) return {};
    uint8_t next = (header[0] & kExtension) != 0 ? rest.data()[3] : 0;
    rest.Skip(4);
    for (int i = 0; next != 0; ++i) {
      if (i == kMaxGtpExtensions || rest.captured() < 4) return {};
      const uint32_t bytes = rest.data()[0] * 4u;
      if (bytes == 0 || bytes > rest.captured()) return {};
      next = rest.data()[bytes - 1];
      rest.Skip(bytes);
    }
  }
  context.rest = rest;
  return {Layer::kAnyIp, Encapsulation::kGtpU, ReadBig32(header + 4)};
}

TunnelContent ReadL2tp(ParseContext& context) {
  constexpr uint16_t kControl = 0x8000;
  constexpr uint16_t kLength = 0x4000;
  constexpr uint16_t kSequence = 0x0800;
  constexpr uint16_t kOffset = 0x0200;
  Region rest = context.rest;
  if (rest.captured() < 6) return {};
  const uint16_t flags = ReadBig16(rest.data());
  if ((flags & kControl) != 0 || (flags & 0xf) != 2) return {};
  uint32_t header = 2;
  if ((flags & kLength) != 0) {
    const uint32_t length = ReadBig16(rest.data() + 2);
    if (length < 8 || length > rest.declared()) return {};
    rest.Declare(length);
    header += 2;
  }
  if (rest.captured() < header + 4) return {};
  const uint32_t tunnel_and_session = ReadBig32(rest.data() + header);
  header += 4;
  if ((flags & kSequence) != 0) header += 4;
  if ((flags & kOffset) != 0) {
    if (rest.captured() < header + 2) return {};
    header += 2u + ReadBig16(rest.data() + header);
  }
  if (rest.captured() < header) return {};
  rest.Skip(header);
  context.rest = rest;
  return {Layer::kPpp, Encapsulation::kL2tp, tunnel_and_session};
}

// Before the IPv6 packet there may be an authentication header and then an
// origin indication (RFC 4380, section 5.1.1).
TunnelContent ReadTeredo(ParseContext& context) {
  Region rest = context.rest;
  if (rest.captured() >= 4 && ReadBig16(rest.data()) == 1) {
    const uint32_t bytes = 4u + rest.data()[2] + rest.data()[3] + 8 + 1;
    if (bytes > rest.captured()) return {};
    rest.Skip(bytes);
  }
  constexpr uint32_t kOrigin = 8;
  if (rest.captured() >= kOrigin && ReadBig16(rest.data()) == 0) {
    rest.Skip(kOrigin);
  }
  if (rest.captured() == 0 || rest.data()[0] >> 4 != 6) return {};
  context.rest = rest;
  return {Layer::kIpv6, Encapsulation::kTeredo, 0};
}

}  // namespace mosaic
