#include "dataplane/parse/ipv4.h"

namespace mosaic {
namespace {

// Option types (RFC 791, section 3.1), with the copied flag and class.
constexpr uint8_t kEnd = 0;
constexpr uint8_t kNoOperation = 1;
constexpr uint8_t kRecordRoute = 7;
constexpr uint8_t kTimestamp = 68;
constexpr uint8_t kLooseSourceRoute = 131;
constexpr uint8_t kStrictSourceRoute = 137;

// Options that hosts fill in begin with a length of at least `length` and a
// pointer to the next free slot of at least `length` + 1.
bool PointerIsLegal(const uint8_t* option, uint8_t length) {
  return option[1] >= length && option[2] > length;
}

}  // namespace

uint32_t ReadIpv4HeaderLength(ParseContext& context, ParsedPacket& parsed) {
  const Region& rest = context.rest;
  const uint32_t length = (rest.data()[0] & 0xfu) * 4;
  ParseError error = ParseError::kNone;
  if (rest.data()[0] >> 4 != 4) {
    error = ParseError::kIpVersion;
  } else if (length < kIpv4MinHeader || length > rest.declared()) {
    error = ParseError::kIpHeaderLength;
  } else if (length > rest.captured()) {
    error = ParseError::kIpTruncated;
  } else {
    return length;
  }
  Fail(error, parsed);
  return 0;
}

bool AcceptIpv4Length(uint32_t total_length, uint32_t header_length,
                      ParseContext& context) {
  // Left by a machine that captures what it sends before its device splits it:
  // then all there is on the wire is the datagram.
  if (total_length == 0) return true;
  if (total_length < header_length ||
      context.overlong == OverlongPolicy::kRefuse) {
    return false;
  }
  context.rest.Declare(total_length);
  return true;
}

Layer ReadIpv4Authentication(ParseContext& context, ParsedPacket& parsed) {
  constexpr int kMaxHeaders = 8;
  Region& rest = context.rest;
  for (int i = 0; context.protocol == ip_protocol::kAuthentication; ++i) {
    if (i == kMaxHeaders || rest.captured() < 8) {
      return Fail(ParseError::kIpExtensionHeaders, parsed);
    }
    const uint32_t length = (rest.data()[1] + 2u) * 4;
    if (length > rest.captured()) {
      return Fail(ParseError::kIpExtensionHeaders, parsed);
    }
    context.protocol = rest.data()[0];
    rest.Skip(length);
  }
  return LayerOfProtocol(context.protocol, ip_protocol::kIcmp);
}

bool CheckIpv4Options(uint32_t header_length, ParseContext& context) {
  const uint8_t* option = context.rest.data() + kIpv4MinHeader;
  const uint8_t* const end = context.rest.data() + header_length;
  while (option < end && *option != kEnd) {
    if (*option == kNoOperation) {
      ++option;
      continue;
    }
    const auto room = end - option;
    if (room < 2 || option[1] < 2 || option[1] > room) return false;
    const uint8_t length = option[1];
    switch (*option) {
      case kLooseSourceRoute:
      case kStrictSourceRoute:
        if (!PointerIsLegal(option, 3)) return false;
        // Stops on the way: the last one is not in the destination field yet.
        if (option[2] <= length) context.checksum_destination = nullptr;
        break;
      case kRecordRoute:
        if (!PointerIsLegal(option, 3)) return false;
        break;
      case kTimestamp:
        if (!PointerIsLegal(option, 4)) return false;
        break;
      default:
        break;
    }
    option += length;
  }
  return true;
}

}  // namespace mosaic
