#include "dataplane/parse/layer_walk.h"

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

// Each reader takes bytes off or ends the walk, so it ends.
void WalkLayers(const Packet& packet, const ParserConfig& config,
                ParsedPacket& parsed) {
  new (&parsed) ParsedPacket;
  ParseContext context(packet, config);
  Layer layer = ReadLinkLayer(packet.link, context, parsed);
  while (layer != Layer::kDone) layer = ReadLayer(layer, context, parsed);
}

}  // namespace mosaic
