#include "dataplane/parse/tunnel.h"

#include "dataplane/parse/ip_protocol.h"

namespace mosaic {

TunnelContent ReadIpTunnel(ParseContext& context) {
  const EncapsulationSet& looked_into = context.config.encapsulations;
  switch (context.protocol) {
    case ip_protocol::kIpv4:
      if (!looked_into.Has(Encapsulation::kIpInIp)) return {};
      return {Layer::kIpv4, Encapsulation::kIpInIp, 0};
    case ip_protocol::kIpv6:
      if (!looked_into.Has(Encapsulation::kIpInIp)) return {};
      return {Layer::kIpv6, Encapsulation::kIpInIp, 0};
    case ip_protocol::kGre:
      if (!looked_into.Has(Encapsulation::kGre)) return {};
      return ReadGre(context);
    case ip_protocol::kMpls:  // RFC 4023
      return ReadMpls(context);
    default:
      return {};
  }
}

// Nothing in the stack says what follows it. Routers go by the first four bits,
// and so does this: an IP version; 0 for the control word of a pseudowire (RFC
// 4385), 1 for its own messages; anything else is an Ethernet frame without.
TunnelContent ReadMpls(ParseContext& context) {
  if (!context.config.encapsulations.Has(Encapsulation::kMpls)) return {};
  constexpr uint32_t kEntry = 4;
  constexpr uint8_t kBottomOfStack = 0x01;
  Region rest = context.rest;
  bool bottom = false;
  for (int labels = 0; !bottom; ++labels) {
    if (labels == kMaxMplsLabels || rest.captured() < kEntry) return {};
    bottom = (rest.data()[2] & kBottomOfStack) != 0;
    rest.Skip(kEntry);
  }
  if (rest.captured() == 0) return {};
  Layer layer = Layer::kEthernet;
  switch (rest.data()[0] >> 4) {
    case 4:
      layer = Layer::kIpv4;
      break;
    case 6:
      layer = Layer::kIpv6;
      break;
    case 0:
      if (rest.captured() < 4) return {};
      rest.Skip(4);
      break;
    case 1:
      return {};
    default:
      break;
  }
  context.rest = rest;
  return {layer, Encapsulation::kMpls, 0};
}

}  // namespace mosaic
