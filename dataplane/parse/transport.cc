#include "dataplane/parse/transport.h"

#include "dataplane/parse/checksum.h"
#include "dataplane/parse/icmp_error.h"
#include "dataplane/parse/ip_fragment.h"
#include "dataplane/parse/ip_protocol.h"
#include "dataplane/parse/tunnel.h"

namespace mosaic {
namespace {

// RFC 792 and RFC 4443: ICMPv6 has no second word in common to all messages.
constexpr uint32_t kIcmpHeader = 8;
constexpr uint32_t kIcmpv6Header = 4;

bool IsIpv4(const ParsedPacket& parsed) {
  return parsed.ip_header[0] >> 4 == 4;
}

uint64_t SumPseudoHeader(const ParseContext& context,
                         const ParsedPacket& parsed) {
  const uint8_t* const destination = context.checksum_destination;
  const uint64_t addresses = IsIpv4(parsed)
                                 ? ChecksumSumOf<1>(parsed.ip_header + 12) +
                                       ChecksumSumOf<1>(destination)
                                 : ChecksumSumOf<4>(parsed.ip_header + 8) +
                                       ChecksumSumOf<4>(destination);
  return addresses + ChecksumSum(context.rest.declared()) +
         ChecksumSum(uint32_t{context.protocol});
}

// The unread bytes become the payload; there are no ports.
void WriteOtherIp(const ParseContext& context, ParsedPacket& parsed) {
  WriteFlowTuple(0, 0, context, parsed);
  parsed.packet_class = PacketClass::kOtherIp;
  parsed.l4_header = context.rest.data();
  WritePayload(context.rest, parsed);
}

}  // namespace

L4Checksum JudgeL4Checksum(ChecksumVerdict device, uint64_t pseudo_header,
                           const uint8_t* message, uint32_t length) {
  switch (device) {
    case ChecksumVerdict::kGood:
      return L4Checksum::kGoodOffload;
    case ChecksumVerdict::kBad:
      return L4Checksum::kBad;
    case ChecksumVerdict::kUnknown:
    case ChecksumVerdict::kNone:
      break;
  }
  return ChecksumHolds(pseudo_header + ChecksumSum(message, length))
             ? L4Checksum::kGoodSoftware
             : L4Checksum::kBad;
}

L4Checksum VerifyL4Checksum(PseudoHeader pseudo_header,
                            const ParseContext& context,
                            const ParsedPacket& parsed) {
  const bool device_knows = context.l4_checksum == ChecksumVerdict::kGood ||
                            context.l4_checksum == ChecksumVerdict::kBad;
  uint64_t sum = 0;
  if (!device_knows) {
    if (!context.rest.IsWhole()) return L4Checksum::kUnchecked;
    if (pseudo_header == PseudoHeader::kCovered) {
      if (context.checksum_destination == nullptr) {
        return L4Checksum::kUnchecked;
      }
      sum = SumPseudoHeader(context, parsed);
    }
  }
  return JudgeL4Checksum(context.l4_checksum, sum, context.rest.data(),
                         context.rest.captured());
}

Layer ReadUdp(ParseContext& context, ParsedPacket& parsed) {
  Region& rest = context.rest;
  if (rest.captured() < kUdpHeader) {
    return Fail(ParseError::kL4Truncated, parsed);
  }
  uint8_t* const header = rest.data();
  const uint32_t length = ReadBig16(header + 4);
  if (length < kUdpHeader || length > rest.declared()) {
    return Fail(ParseError::kUdpLength, parsed);
  }
  // IP may carry more than UDP declares; no receiver sees that tail.
  rest.Declare(length);
  if (context.config.checksum == ChecksumPolicy::kVerify) {
    if (ReadBig16(header + 6) != 0) {
      parsed.l4_checksum =
          VerifyL4Checksum(PseudoHeader::kCovered, context, parsed);
    } else if (!IsIpv4(parsed)) {
      parsed.l4_checksum = L4Checksum::kBad;  // RFC 8200, section 8.1.
    }
  }
  WriteFlowTuple(ReadBig16(header), ReadBig16(header + 2), context, parsed);
  parsed.packet_class = PacketClass::kUdp;
  parsed.l4_header = header;
  rest.Skip(kUdpHeader);
  WritePayload(rest, parsed);
  return TunnelOfPorts(ReadBig16(header), ReadBig16(header + 2)) ==
                 Encapsulation::kNone
             ? Layer::kDone
             : Layer::kUdpTunnel;
}

Layer ReadIcmp(ParseContext& context, ParsedPacket& parsed) {
  const bool is_ipv4 = IsIpv4(parsed);
  if (context.rest.captured() < (is_ipv4 ? kIcmpHeader : kIcmpv6Header)) {
    return Fail(ParseError::kL4Truncated, parsed);
  }
  if (context.config.checksum == ChecksumPolicy::kVerify) {
    parsed.l4_checksum = VerifyL4Checksum(
        is_ipv4 ? PseudoHeader::kNotCovered : PseudoHeader::kCovered, context,
        parsed);
  }
  WriteOtherIp(context, parsed);
  parsed.packet_class =
      parsed.l4_checksum != L4Checksum::kBad && QuotesFlow(parsed)
          ? PacketClass::kIcmpError
          : PacketClass::kIcmp;
  return Layer::kDone;
}

Layer ReadOtherIp(ParseContext& context, ParsedPacket& parsed) {
  WriteOtherIp(context, parsed);
  return Layer::kIpTunnel;
}

Layer ReadFragment(ParseContext& context, ParsedPacket& parsed) {
  WriteOtherIp(context, parsed);
  parsed.packet_class = PacketClass::kFragment;
  parsed.l4_header = nullptr;
  parsed.anomalies |= FragmentAnomalies(parsed);
  return Layer::kDone;
}

}  // namespace mosaic
