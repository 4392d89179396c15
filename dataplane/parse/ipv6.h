// Reads IPv6 headers and their extension headers (RFC 8200).

#pragma once

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/ip_protocol.h"
#include "dataplane/parse/layer.h"

namespace mosaic {

inline constexpr uint32_t kIpv6Header = 40;

// What is walked of a chain of extension headers; a longer one is
// ParseError::kIpExtensionHeaders. Real chains have one or two.
inline constexpr uint32_t kMaxExtensionHeaders = 8;
inline constexpr uint32_t kMaxExtensionBytes = 256;

// Whether `type` is an extension header that is walked.
bool IsExtensionHeader(uint8_t type);

// Length in bytes of the extension header of type `type` at `header`, of which
// 8 bytes are there.
uint32_t ExtensionLength(uint8_t type, const uint8_t* header);

// Walks the chain that begins with a header of type `next`.
//
//   kTcp, kUdp, kIcmp   the chain ends in that.
//   kOtherIp            it ends in another protocol, in ESP, which hides what
//                       follows, or says that nothing follows.
//   kFragment           it holds a fragment header and this is not the whole
//                       datagram. A fragment header on a whole one (RFC 6946)
//                       is passed over.
//   kDone               kIpExtensionHeaders: cut, past a limit, or with two
//                       fragment headers.
Layer WalkExtensionHeaders(uint8_t next, ParseContext& context,
                           ParsedPacket& parsed);

// Takes the IPv6 header and its extension headers off and limits the unread
// bytes to what it declares. A payload length of 0, jumbograms (RFC 2675)
// included, is kIpTotalLength unless the header says that nothing follows.
inline Layer ReadIpv6(ParseContext& context, ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (rest.captured() < kIpv6Header) [[unlikely]] {
    return Fail(ParseError::kIpTruncated, parsed);
  }
  uint8_t* const header = rest.data();
  if (header[0] >> 4 != 6) [[unlikely]] {
    return Fail(ParseError::kIpVersion, parsed);
  }
  const uint32_t length = kIpv6Header + ReadBig16(header + 4);
  const uint8_t next = header[6];
  if (length == kIpv6Header && next != ip_protocol::kNoNextHeader)
      [[unlikely]] {
    return Fail(ParseError::kIpTotalLength, parsed);
  }
  if (length > rest.declared() && context.overlong == OverlongPolicy::kRefuse)
      [[unlikely]] {
    return Fail(ParseError::kIpTotalLength, parsed);
  }
  rest.Declare(length);

  parsed.ip_header = header;
  parsed.ip_length = rest.captured();
  parsed.ttl = header[7];
  context.checksum_destination = header + 24;
  context.protocol = next;
  rest.Skip(kIpv6Header);
  if (next == ip_protocol::kTcp) [[likely]] {
    return Layer::kTcp;
  }
  if (next == ip_protocol::kUdp) return Layer::kUdp;
  return WalkExtensionHeaders(next, context, parsed);
}

}  // namespace mosaic
