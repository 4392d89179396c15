#include "dataplane/parse/link_layer.h"

#include <algorithm>

namespace mosaic {
namespace {

Layer NotIp(ParsedPacket& parsed) {
  parsed.packet_class = PacketClass::kNotIp;
  return Layer::kDone;
}

Layer MayBeMpls(ParsedPacket& parsed) {
  parsed.packet_class = PacketClass::kNotIp;
  return Layer::kMpls;
}

// Reads the protocol of PPP, of two bytes or one (RFC 1661, section 6.5).
Layer ReadPppProtocol(ParseContext& context, ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (rest.captured() < 1) return Fail(ParseError::kLinkTruncated, parsed);
  uint16_t protocol = rest.data()[0];
  if ((protocol & 1) != 0) {
    rest.Skip(1);
  } else {
    if (rest.captured() < 2) return Fail(ParseError::kLinkTruncated, parsed);
    protocol = ReadBig16(rest.data());
    rest.Skip(2);
  }
  switch (protocol) {
    case 0x0021:
      return Layer::kIpv4;
    case 0x0057:
      return Layer::kIpv6;
    case 0x0281:  // RFC 3032
    case 0x0283:
      return MayBeMpls(parsed);
    default:
      return NotIp(parsed);
  }
}

// Reads the header of a PPPoE session (RFC 2516); what is behind the length
// that it declares is padding.
Layer ReadPppoe(ParseContext& context, ParsedPacket& parsed) {
  constexpr uint32_t kHeader = 6;
  constexpr uint16_t kVersionTypeCode = 0x1100;
  Region& rest = context.rest;
  if (!context.config.encapsulations.Has(Encapsulation::kPppoe)) {
    return NotIp(parsed);
  }
  if (rest.captured() < kHeader) {
    return Fail(ParseError::kLinkTruncated, parsed);
  }
  const uint32_t length = ReadBig16(rest.data() + 4);
  if (ReadBig16(rest.data()) != kVersionTypeCode ||
      length > rest.declared() - kHeader) {
    return NotIp(parsed);
  }
  rest.Declare(kHeader + length);
  rest.Skip(kHeader);
  return ReadPppProtocol(context, parsed);
}

// Reads what an EtherType, no tag's, announces.
Layer ReadNetworkLayer(uint16_t type, ParseContext& context,
                       ParsedPacket& parsed) {
  switch (type) {
    case ether_type::kIpv4:
      return Layer::kIpv4;
    case ether_type::kIpv6:
      return Layer::kIpv6;
    case ether_type::kMpls:
    case ether_type::kMplsUpstream:
      return MayBeMpls(parsed);
    case ether_type::kPppoeSession:
      return ReadPppoe(context, parsed);
    default:
      return NotIp(parsed);
  }
}

bool IsVlan(uint16_t type) {
  return type == ether_type::kVlan || type == ether_type::kServiceVlan ||
         type == ether_type::kOldServiceVlan ||
         type == ether_type::kOldServiceVlan2;
}

// Reads IEEE 802.2 LLC, and SNAP if there is one. IP without SNAP is unknown.
Layer ReadLlc(ParseContext& context, ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (rest.captured() < 3) return Fail(ParseError::kLinkTruncated, parsed);
  if (rest.data()[0] != 0xaa || rest.data()[1] != 0xaa ||
      rest.data()[2] != 0x03) {
    return NotIp(parsed);
  }
  if (rest.captured() < 8) return Fail(ParseError::kLinkTruncated, parsed);
  // The organisation code is 0, or 0x0000f8 from old bridges (802.1H).
  const uint32_t organisation = ReadBig32(rest.data() + 2) & 0xffffff;
  const uint16_t type = ReadBig16(rest.data() + 6);
  rest.Skip(8);
  if (organisation != 0 && organisation != 0xf8) return NotIp(parsed);
  return ReadNetworkLayer(type, context, parsed);
}

// Reads what `type` announces at the front of the unread bytes: VLAN tags, each
// with a type of its own, and below ether_type::kFirst an 802.3 length.
Layer ReadEtherType(uint16_t type, ParseContext& context,
                    ParsedPacket& parsed) {
  Region& rest = context.rest;
  while (IsVlan(type)) {
    if (parsed.vlan_count == kMaxVlanTags) {
      return Fail(ParseError::kLinkUnsupported, parsed);
    }
    if (rest.captured() < 4) return Fail(ParseError::kLinkTruncated, parsed);
    const uint16_t id = ReadBig16(rest.data()) & 0xfff;
    if (parsed.vlan_count < 2) parsed.vlan_id[parsed.vlan_count] = id;
    ++parsed.vlan_count;
    type = ReadBig16(rest.data() + 2);
    rest.Skip(4);
  }
  if (type < ether_type::kFirst) {
    rest.Declare(std::min<uint32_t>(type, rest.declared()));
    return ReadLlc(context, parsed);
  }
  return ReadNetworkLayer(type, context, parsed);
}

Layer ReadEthernet(ParseContext& context, ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (rest.captured() < 14) return Fail(ParseError::kLinkTruncated, parsed);
  const uint16_t type = ReadBig16(rest.data() + 12);
  rest.Skip(14);
  return ReadEtherType(type, context, parsed);
}

// Reads the four bytes of BSD's loopback: an address family, by the capturing
// system's own numbers. LOOP has network order and NULL that of the capturer;
// both are read either way, since writers of captures confuse them.
Layer ReadAddressFamily(ParseContext& context, ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (rest.captured() < 4) return Fail(ParseError::kLinkTruncated, parsed);
  const uint32_t raw = ReadBig32(rest.data());
  rest.Skip(4);
  switch (raw < 0x10000 ? raw : __builtin_bswap32(raw)) {
    case 2:  // Everywhere.
      return Layer::kIpv4;
    case 10:  // Linux
    case 24:  // NetBSD, OpenBSD
    case 28:  // FreeBSD
    case 30:  // macOS
      return Layer::kIpv6;
    default:
      return NotIp(parsed);
  }
}

// There is no link layer: the version field is the only word for what follows.
Layer ReadRawIp(ParseContext& context, ParsedPacket& parsed) {
  if (context.rest.captured() == 0) {
    return Fail(ParseError::kIpTruncated, parsed);
  }
  switch (context.rest.data()[0] >> 4) {
    case 4:
      return Layer::kIpv4;
    case 6:
      return Layer::kIpv6;
    default:
      return Fail(ParseError::kIpVersion, parsed);
  }
}

// Reads a Linux "cooked" header of `length` bytes whose protocol is at `at`.
// Protocols below ether_type::kFirst are Linux's own numbers, not lengths.
Layer ReadCooked(uint32_t length, uint32_t at, ParseContext& context,
                 ParsedPacket& parsed) {
  constexpr uint16_t kLinux8022 = 4;
  Region& rest = context.rest;
  if (rest.captured() < length) return Fail(ParseError::kLinkTruncated, parsed);
  const uint16_t protocol = ReadBig16(rest.data() + at);
  rest.Skip(length);
  if (protocol == kLinux8022) return ReadLlc(context, parsed);
  if (protocol < ether_type::kFirst) return NotIp(parsed);
  return ReadEtherType(protocol, context, parsed);
}

// Reads PPP, with the address and control bytes of HDLC framing or without.
Layer ReadPpp(ParseContext& context, ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (rest.captured() >= 1 && rest.data()[0] == 0xff) {
    if (rest.captured() < 2) return Fail(ParseError::kLinkTruncated, parsed);
    rest.Skip(2);
  }
  return ReadPppProtocol(context, parsed);
}

Layer ReadCiscoHdlc(ParseContext& context, ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (rest.captured() < 4) return Fail(ParseError::kLinkTruncated, parsed);
  const uint16_t type = ReadBig16(rest.data() + 2);
  rest.Skip(4);
  return ReadNetworkLayer(type, context, parsed);
}

}  // namespace

Layer LayerOfTunnelled(uint16_t type) {
  switch (type) {
    case ether_type::kIpv4:
      return Layer::kIpv4;
    case ether_type::kIpv6:
      return Layer::kIpv6;
    case ether_type::kBridgedEthernet:
      return Layer::kEthernet;
    case ether_type::kMpls:
    case ether_type::kMplsUpstream:
      return Layer::kMpls;
    case ether_type::kPpp:
      return Layer::kPpp;
    default:
      return Layer::kDone;
  }
}

Layer ReadUncommonLinkLayer(LinkType link, ParseContext& context,
                            ParsedPacket& parsed) {
  switch (link) {
    case LinkType::kEthernet:
      return ReadEthernet(context, parsed);
    case LinkType::kNull:
    case LinkType::kLoop:
      return ReadAddressFamily(context, parsed);
    case LinkType::kRawIp:
      return ReadRawIp(context, parsed);
    case LinkType::kLinuxSll:
      return ReadCooked(16, 14, context, parsed);
    case LinkType::kLinuxSll2:
      return ReadCooked(20, 0, context, parsed);
    case LinkType::kPpp:
      return ReadPpp(context, parsed);
    case LinkType::kCiscoHdlc:
      return ReadCiscoHdlc(context, parsed);
  }
  return Fail(ParseError::kLinkUnsupported, parsed);
}

}  // namespace mosaic
