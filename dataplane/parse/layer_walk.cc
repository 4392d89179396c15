#include "dataplane/parse/layer_walk.h"

#include <new>

#include "dataplane/parse/ipv4.h"
#include "dataplane/parse/ipv6.h"
#include "dataplane/parse/layer.h"
#include "dataplane/parse/link_layer.h"
#include "dataplane/parse/transport.h"
#include "dataplane/parse/tunnel.h"

namespace mosaic {
namespace {

void WalkFrom(Layer layer, ParseContext& context, ParsedPacket& parsed);

// Goes on with what a tunnel carries. `parsed` is complete; it is replaced by
// what is inside if there is an IP packet, and else stays.
Layer WalkInside(const TunnelContent& content, ParseContext& context,
                 ParsedPacket& parsed) {
  if (content.layer == Layer::kDone) return Layer::kDone;
  if (parsed.tunnels == kMaxTunnels) {
    parsed.anomalies |= parse_anomaly::kTunnelDepth;
    return Layer::kDone;
  }
  ParsedPacket inner;
  inner.vlan_count = parsed.vlan_count;
  inner.vlan_id[0] = parsed.vlan_id[0];
  inner.vlan_id[1] = parsed.vlan_id[1];
  inner.anomalies = parsed.anomalies;
  inner.tunnel = content.kind;
  inner.tunnel_id = content.id;
  inner.tunnels = static_cast<uint8_t>(parsed.tunnels + 1);
  inner.reassembled = parsed.reassembled;
  context.ip_checksum = ChecksumVerdict::kUnknown;
  context.l4_checksum = ChecksumVerdict::kUnknown;
  context.overlong = OverlongPolicy::kRefuse;
  WalkFrom(content.layer, context, inner);
  if (inner.packet_class == PacketClass::kError) {
    parsed.anomalies |= parse_anomaly::kTunnelContent;
  } else if (inner.packet_class != PacketClass::kNotIp) {
    parsed = inner;
  }
  return Layer::kDone;
}

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
    case Layer::kEthernet:
      return ReadLinkLayer(LinkType::kEthernet, context, parsed);
    case Layer::kPpp:
      return ReadLinkLayer(LinkType::kPpp, context, parsed);
    case Layer::kAnyIp:
      return ReadLinkLayer(LinkType::kRawIp, context, parsed);
    case Layer::kMpls:
      return WalkInside(ReadMpls(context), context, parsed);
    case Layer::kIpTunnel:
      return WalkInside(ReadIpTunnel(context), context, parsed);
    case Layer::kUdpTunnel:
      return WalkInside(ReadUdpTunnel(context, parsed), context, parsed);
    case Layer::kDone:
      break;
  }
  return Layer::kDone;
}

// Each reader takes bytes off, or hands on to one that does, or ends the walk:
// so it ends.
void WalkFrom(Layer layer, ParseContext& context, ParsedPacket& parsed) {
  while (layer != Layer::kDone) layer = ReadLayer(layer, context, parsed);
}

}  // namespace

void WalkLayers(const Packet& packet, const ParserConfig& config,
                ParsedPacket& parsed) {
  new (&parsed) ParsedPacket;
  ParseContext context(packet, config);
  WalkFrom(ReadLinkLayer(packet.link, context, parsed), context, parsed);
}

void WalkDatagram(const Packet& datagram, const ParsedPacket& fragment,
                  const ParserConfig& config, ParsedPacket& parsed) {
  new (&parsed) ParsedPacket;
  parsed.vlan_count = fragment.vlan_count;
  parsed.vlan_id[0] = fragment.vlan_id[0];
  parsed.vlan_id[1] = fragment.vlan_id[1];
  parsed.anomalies = fragment.anomalies;
  parsed.tunnel = fragment.tunnel;
  parsed.tunnel_id = fragment.tunnel_id;
  parsed.tunnels = fragment.tunnels;
  parsed.reassembled = static_cast<uint8_t>(fragment.reassembled + 1);
  ParseContext context(datagram, config);
  context.overlong = OverlongPolicy::kRefuse;
  WalkFrom(Layer::kAnyIp, context, parsed);
}

}  // namespace mosaic
