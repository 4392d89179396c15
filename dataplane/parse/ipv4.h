// Reads IPv4 headers (RFC 791).

#pragma once

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/checksum.h"
#include "dataplane/parse/ip_protocol.h"
#include "dataplane/parse/layer.h"

namespace mosaic {

inline constexpr uint32_t kIpv4MinHeader = 20;

// The length in bytes that a header with options, or a broken one, claims; 0
// after Fail(). REQUIRES: context.rest holds kIpv4MinHeader bytes.
uint32_t ReadIpv4HeaderLength(ParseContext& context, ParsedPacket& parsed);

// Whether a total length that is no length between the header's and the bytes
// on the wire can be lived with; if so, context.rest declares the right length.
bool AcceptIpv4Length(uint32_t total_length, uint32_t header_length,
                      ParseContext& context);

// Whether the options between kIpv4MinHeader and `header_length` are such as a
// host accepts. A source route makes context.checksum_destination null.
// REQUIRES: context.rest holds `header_length` bytes.
bool CheckIpv4Options(uint32_t header_length, ParseContext& context);

// Takes authentication headers (RFC 4302) off and sets context.protocol to what
// follows them: the layer of that, or kDone after Fail().
Layer ReadIpv4Authentication(ParseContext& context, ParsedPacket& parsed);

// Takes an IPv4 header off and limits the unread bytes to what it declares.
inline Layer ReadIpv4(ParseContext& context, ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (rest.captured() < kIpv4MinHeader) [[unlikely]] {
    return Fail(ParseError::kIpTruncated, parsed);
  }
  uint8_t* const header = rest.data();
  uint32_t header_length = kIpv4MinHeader;
  if (header[0] != 0x45) [[unlikely]] {
    header_length = ReadIpv4HeaderLength(context, parsed);
    if (header_length == 0) return Layer::kDone;
  }
  const uint32_t total_length = ReadBig16(header + 2);
  if (total_length - header_length <= rest.declared() - header_length)
      [[likely]] {
    rest.Declare(total_length);
  } else if (!AcceptIpv4Length(total_length, header_length, context)) {
    return Fail(ParseError::kIpTotalLength, parsed);
  }
  if (context.config.checksum == ChecksumPolicy::kVerify &&
      context.ip_checksum != ChecksumVerdict::kGood) {
    if (context.ip_checksum == ChecksumVerdict::kBad ||
        !ChecksumHolds(ChecksumSum(header, header_length))) {
      return Fail(ParseError::kIpChecksum, parsed);
    }
  }
  context.checksum_destination = header + 16;
  if (header_length != kIpv4MinHeader) [[unlikely]] {
    if (!CheckIpv4Options(header_length, context)) {
      return Fail(ParseError::kIpOptions, parsed);
    }
  }
  parsed.ip_header = header;
  parsed.ip_length = rest.captured();
  parsed.ttl = header[8];
  context.protocol = header[9];
  rest.Skip(header_length);

  constexpr uint16_t kMoreFragmentsOrOffset = 0x3fff;
  if ((ReadBig16(header + 6) & kMoreFragmentsOrOffset) != 0) [[unlikely]] {
    return Layer::kFragment;
  }
  switch (context.protocol) {
    case ip_protocol::kTcp:
      return Layer::kTcp;
    case ip_protocol::kUdp:
      return Layer::kUdp;
    case ip_protocol::kIcmp:
      return Layer::kIcmp;
    case ip_protocol::kAuthentication:
      return ReadIpv4Authentication(context, parsed);
    default:
      return Layer::kOtherIp;
  }
}

}  // namespace mosaic
