// GRE (RFC 2784, 2890; routing of RFC 1701), its enhanced version in PPTP (RFC
// 2637), and the ERSPAN headers behind it.

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/checksum.h"
#include "dataplane/parse/link_layer.h"
#include "dataplane/parse/tunnel.h"

namespace mosaic {
namespace {

constexpr uint16_t kChecksumPresent = 0x8000;
constexpr uint16_t kRoutingPresent = 0x4000;
constexpr uint16_t kKeyPresent = 0x2000;
constexpr uint16_t kSequencePresent = 0x1000;
constexpr uint16_t kAcknowledgementPresent = 0x0080;
constexpr uint16_t kVersionMask = 0x0007;

constexpr uint16_t kErspan2Type = 0x88be;  // And type I, without a sequence.
constexpr uint16_t kErspan3Type = 0x22eb;
constexpr uint16_t kPppType = 0x880b;

// Takes source route entries off, the last of which is empty. Returns whether
// they were whole.
bool SkipRouting(Region& rest) {
  while (rest.captured() >= 4) {
    const uint32_t length = rest.data()[3];
    const bool last = ReadBig16(rest.data()) == 0 && length == 0;
    if (rest.captured() < 4 + length) return false;
    rest.Skip(4 + length);
    if (last) return true;
  }
  return false;
}

TunnelContent ReadErspan2(bool has_header, Region rest, ParseContext& context) {
  constexpr uint32_t kHeader = 8;
  uint32_t session = 0;
  if (has_header) {
    if (rest.captured() < kHeader || rest.data()[0] >> 4 != 1) return {};
    session = ReadBig16(rest.data() + 2) & 0x3ff;
    rest.Skip(kHeader);
  }
  context.rest = rest;
  return {Layer::kEthernet, Encapsulation::kErspan, session};
}

TunnelContent ReadErspan3(Region rest, ParseContext& context) {
  constexpr uint32_t kHeader = 12;
  constexpr uint32_t kSubHeader = 8;
  constexpr uint8_t kEthernetFrame = 0;
  constexpr uint8_t kIpPacket = 2;
  if (rest.captured() < kHeader || rest.data()[0] >> 4 != 2) return {};
  const uint8_t* const header = rest.data();
  const uint32_t session = ReadBig16(header + 2) & 0x3ff;
  const uint8_t frame_type = header[10] >> 2 & 0x1f;
  const uint32_t length = kHeader + ((header[11] & 1) != 0 ? kSubHeader : 0);
  if (length > rest.captured() ||
      (frame_type != kEthernetFrame && frame_type != kIpPacket)) {
    return {};
  }
  rest.Skip(length);
  context.rest = rest;
  return {frame_type == kIpPacket ? Layer::kAnyIp : Layer::kEthernet,
          Encapsulation::kErspan, session};
}

// PPTP's: the key is the length of what follows and the call's id.
TunnelContent ReadEnhanced(uint16_t flags, Region rest, ParseContext& context) {
  if ((flags & (kChecksumPresent | kRoutingPresent)) != 0 ||
      (flags & kKeyPresent) == 0 || ReadBig16(rest.data() + 2) != kPppType ||
      rest.captured() < 8) {
    return {};
  }
  const uint32_t length = ReadBig16(rest.data() + 4);
  const uint32_t call = ReadBig16(rest.data() + 6);
  uint32_t header = 8;
  if ((flags & kSequencePresent) != 0) header += 4;
  if ((flags & kAcknowledgementPresent) != 0) header += 4;
  if (header > rest.captured() || length > rest.declared() - header) return {};
  rest.Declare(header + length);
  rest.Skip(header);
  context.rest = rest;
  return {Layer::kPpp, Encapsulation::kGre, call};
}

}  // namespace

TunnelContent ReadGre(ParseContext& context) {
  Region rest = context.rest;
  if (rest.captured() < 4) return {};
  const uint16_t flags = ReadBig16(rest.data());
  const uint16_t type = ReadBig16(rest.data() + 2);
  if ((flags & kVersionMask) == 1) return ReadEnhanced(flags, rest, context);
  if ((flags & kVersionMask) != 0) return {};
  if ((flags & kChecksumPresent) != 0 && rest.IsWhole() &&
      context.config.checksum == ChecksumPolicy::kVerify &&
      !ChecksumHolds(ChecksumSum(rest.data(), rest.captured()))) {
    return {};
  }
  uint32_t header = 4;
  if ((flags & (kChecksumPresent | kRoutingPresent)) != 0) header += 4;
  const uint32_t key_at = header;
  if ((flags & kKeyPresent) != 0) header += 4;
  if ((flags & kSequencePresent) != 0) header += 4;
  if (header > rest.captured()) return {};
  const uint32_t key =
      (flags & kKeyPresent) != 0 ? ReadBig32(rest.data() + key_at) : 0;
  rest.Skip(header);
  if ((flags & kRoutingPresent) != 0 && !SkipRouting(rest)) return {};

  if (type == kErspan2Type || type == kErspan3Type) {
    if (!context.config.encapsulations.Has(Encapsulation::kErspan)) return {};
    return type == kErspan3Type
               ? ReadErspan3(rest, context)
               : ReadErspan2((flags & kSequencePresent) != 0, rest, context);
  }
  const Layer layer = LayerOfTunnelled(type);
  if (layer == Layer::kDone) return {};
  context.rest = rest;
  return {layer, Encapsulation::kGre, key};
}

}  // namespace mosaic
