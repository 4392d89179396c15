#include "dataplane/parse/parser.h"

#include <new>

#include "dataplane/parse/ipv4.h"
#include "dataplane/parse/ipv6.h"
#include "dataplane/parse/layer.h"
#include "dataplane/parse/link_layer.h"
#include "dataplane/parse/transport.h"

namespace mosaic {
namespace {

inline Layer ReadLayer(Layer layer, ParseContext& context,
                       ParsedPacket& parsed) {
  switch (layer) {
    case Layer::kIpv4:
      return ReadIpv4(context, parsed);
    case Layer::kIpv6:
      return ReadIpv6(context, parsed);
    case Layer::kTcp:
      return ReadTcp(context, parsed);
    case Layer::kUdp:
      return ReadUdp(context, parsed);
    case Layer::kIcmp:
      return ReadIcmp(context, parsed);
    case Layer::kOtherIp:
      return ReadOtherIp(context, parsed);
    case Layer::kFragment:
      return ReadFragment(context, parsed);
    case Layer::kDone:
      break;
  }
  return Layer::kDone;
}

}  // namespace

void Parser::Parse(std::span<const Packet> packets,
                   std::span<ParsedPacket> parsed) const {
  for (size_t i = 0; i < packets.size(); ++i) ParseOne(packets[i], parsed[i]);
}

// Each reader takes bytes off or ends the walk, so it ends. The commonest chain
// of layers is spelt out, which spares it the loop's two indirect jumps.
void Parser::ParseOne(const Packet& packet, ParsedPacket& parsed) const {
  new (&parsed) ParsedPacket;
  ParseContext context(packet, config_);
  Layer layer = ReadLinkLayer(packet.link, context, parsed);
  if (layer == Layer::kIpv4) [[likely]] {
    layer = ReadIpv4(context, parsed);
    if (layer == Layer::kTcp) [[likely]] {
      ReadTcp(context, parsed);
      return;
    }
  }
  while (layer != Layer::kDone) layer = ReadLayer(layer, context, parsed);
}

}  // namespace mosaic
