#include "tests/support/tunnel_cases.h"

#include <utility>

namespace mosaic {
namespace {

using Bytes = PacketBuilder::Bytes;

Bytes Join(Bytes front, const Bytes& back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

Bytes Be16(uint32_t value) {
  return {static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value)};
}

PacketBuilder Outer() {
  return PacketBuilder().Ipv4("172.16.0.1", "172.16.0.2");
}
PacketBuilder Outer6() {
  return PacketBuilder().Ipv6("2001:db8:f::1", "2001:db8:f::2");
}

PacketBuilder OverIp(uint8_t protocol, Bytes header, const Bytes& content,
                     PacketBuilder outer = Outer()) {
  return outer.NoTransport().Protocol(protocol).Payload(
      Join(std::move(header), content));
}

PacketBuilder OverUdp(uint16_t source, uint16_t destination, Bytes header,
                      const Bytes& content, PacketBuilder outer = Outer()) {
  return outer.Udp(source, destination)
      .Payload(Join(std::move(header), content));
}

// An Ethernet frame of another type in place of the outer IP packet.
PacketBuilder OverEthernet(uint16_t type, const Bytes& header,
                           const Bytes& content) {
  Bytes frame = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2};
  frame = Join(Join(Join(frame, Be16(type)), header), content);
  return PacketBuilder().Verbatim(std::move(frame));
}

struct Inner {
  Bytes v4 = IpBytesOf(TunnelledSegment(4));
  Bytes v6 = IpBytesOf(TunnelledSegment(6));
  Bytes ethernet = TunnelledSegment(4).Build();
  Bytes tagged = TunnelledSegment(6).Vlan(77).Build();
};

void AddIpTunnels(const Inner& in, std::vector<TunnelCase>& cases) {
  constexpr auto kIpInIp = Encapsulation::kIpInIp;
  cases.push_back({"4in4", OverIp(4, {}, in.v4), kIpInIp});
  cases.push_back({"6in4", OverIp(41, {}, in.v6), kIpInIp});
  cases.push_back({"4in6", OverIp(4, {}, in.v4, Outer6()), kIpInIp});
  cases.push_back({"6in6", OverIp(41, {}, in.v6, Outer6()), kIpInIp});
  const Bytes ah = {4, 4, 0, 0, 0, 0, 0, 9, 0, 0,  0,  1,
                    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  cases.push_back({"4in4 behind AH", OverIp(51, ah, in.v4), kIpInIp});
  cases.push_back({"4in6 behind AH", OverIp(51, ah, in.v4, Outer6()), kIpInIp});
  cases.push_back({"4in4 in 6in4",
                   OverIp(41, {}, IpBytesOf(OverIp(4, {}, in.v4, Outer6()))),
                   kIpInIp, 0, 2});
  cases.push_back({"MPLS over IP", OverIp(137, {0, 1, 0x11, 64}, in.v4),
                   Encapsulation::kMpls});
}

void AddGre(const Inner& in, std::vector<TunnelCase>& cases) {
  constexpr auto kGre = Encapsulation::kGre;
  const auto gre = [&](const char* name, Bytes header, const Bytes& content,
                       uint32_t id = 0) {
    cases.push_back({name, OverIp(47, std::move(header), content), kGre, id});
  };
  gre("GRE", {0, 0, 8, 0}, in.v4);
  gre("GRE with IPv6", {0, 0, 0x86, 0xdd}, in.v6);
  gre("GRE with a key", {0x20, 0, 8, 0, 1, 2, 3, 4}, in.v4, 0x01020304);
  gre("GRE with a sequence", {0x10, 0, 8, 0, 0, 0, 0, 1}, in.v4);
  gre("GRE with key and sequence", {0x30, 0, 8, 0, 0, 0, 0, 5, 0, 0, 0, 1},
      in.v4, 5);
  gre("GRE with routing",
      {0x40, 0, 8, 0, 0, 0, 0, 0, 8, 0, 0, 4, 1, 1, 1, 1, 0, 0, 0, 0}, in.v4);
  gre("GRE with Ethernet", {0, 0, 0x65, 0x58}, in.ethernet);
  gre("GRE with a tagged frame", {0, 0, 0x65, 0x58}, in.tagged);
  cases.push_back(
      {"GRE over IPv6", OverIp(47, {0, 0, 8, 0}, in.v4, Outer6()), kGre});
  cases.push_back({"GRE with MPLS",
                   OverIp(47, {0, 0, 0x88, 0x47, 0, 1, 0x11, 64}, in.v4),
                   Encapsulation::kMpls, 0, 2});

  const Bytes ppp = Join({0xff, 3, 0, 0x21}, in.v4);
  const Bytes length = Be16(static_cast<uint32_t>(ppp.size()));
  const auto pptp = [&](uint8_t flags, uint8_t more, const Bytes& rest) {
    return Join(Join(Join({flags, more, 0x88, 0x0b}, length), {0, 7}), rest);
  };
  gre("PPTP", pptp(0x20, 1, {}), ppp, 7);
  gre("PPTP with a sequence", pptp(0x30, 1, {0, 0, 0, 1}), ppp, 7);
  gre("PPTP with both numbers", pptp(0x30, 0x81, {0, 0, 0, 1, 0, 0, 0, 2}), ppp,
      7);
}

void AddErspan(const Inner& in, std::vector<TunnelCase>& cases) {
  const auto erspan = [&](const char* name, Bytes header, const Bytes& content,
                          uint32_t id) {
    cases.push_back({name, OverIp(47, std::move(header), content),
                     Encapsulation::kErspan, id});
  };
  erspan("ERSPAN I", {0, 0, 0x88, 0xbe}, in.ethernet, 0);
  erspan("ERSPAN II",
         {0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 7, 0x01, 0x23, 0, 0, 0, 4},
         in.ethernet, 0x123);
  const Bytes three = {0x10, 0,    0x22, 0xeb, 0, 0, 0, 1,    0x20,
                       7,    0x00, 0x42, 0,    0, 0, 9, 0x00, 0};
  erspan("ERSPAN III", Join(three, {0, 0}), in.ethernet, 0x42);
  erspan("ERSPAN III with a sub-header",
         Join(three, {0, 1, 0, 0, 0, 0, 0, 0, 0, 0}), in.ethernet, 0x42);
  erspan("ERSPAN III with IP", Join(three, {2 << 2, 0}), in.v4, 0x42);
}

void AddUdpTunnels(const Inner& in, std::vector<TunnelCase>& cases) {
  const Bytes vni = {8, 0, 0, 0, 0, 0x12, 0x34, 0};
  constexpr auto kVxlan = Encapsulation::kVxlan;
  cases.push_back(
      {"VXLAN", OverUdp(5, 4789, vni, in.ethernet), kVxlan, 0x1234});
  cases.push_back({"VXLAN at its old port", OverUdp(5, 8472, vni, in.tagged),
                   kVxlan, 0x1234});
  cases.push_back({"VXLAN over IPv6 without a checksum",
                   OverUdp(5, 4789, vni, in.ethernet, Outer6()).L4Checksum(0),
                   kVxlan, 0x1234});
  cases.push_back({"VXLAN with what receivers ignore",
                   OverUdp(5, 4789, {0x88, 0, 0, 7, 0, 0, 9, 1}, in.ethernet),
                   kVxlan, 9});

  constexpr auto kGeneve = Encapsulation::kGeneve;
  cases.push_back(
      {"Geneve", OverUdp(5, 6081, {0, 0, 0x65, 0x58, 0, 0, 9, 0}, in.ethernet),
       kGeneve, 9});
  cases.push_back(
      {"Geneve with options and IPv6",
       OverUdp(5, 6081, {2, 0, 0x86, 0xdd, 0, 0, 9, 0, 1, 2, 3, 1, 0, 0, 0, 0},
               in.v6, Outer6()),
       kGeneve, 9});
}

void AddGtpU(const Inner& in, std::vector<TunnelCase>& cases) {
  const auto gtp = [&](const char* name, uint8_t flags, const Bytes& options,
                       const Bytes& content) {
    const Bytes length =
        Be16(static_cast<uint32_t>(options.size() + content.size()));
    const Bytes header =
        Join(Join(Join({flags, 255}, length), {0, 0, 1, 2}), options);
    cases.push_back({name, OverUdp(2152, 2152, header, content),
                     Encapsulation::kGtpU, 0x102});
  };
  gtp("GTP-U", 0x30, {}, in.v4);
  gtp("GTP-U with IPv6", 0x30, {}, in.v6);
  gtp("GTP-U with a sequence", 0x32, {0, 1, 0, 0}, in.v4);
  gtp("GTP-U with extension headers", 0x34,
      {0, 0, 0, 0x85, 1, 0, 0, 0xc0, 2, 0, 0, 0, 0, 0, 0, 0}, in.v4);
}

void AddL2tpAndTeredo(const Inner& in, std::vector<TunnelCase>& cases) {
  const Bytes ppp = Join({0xff, 3, 0, 0x21}, in.v4);
  const auto l2tp = [&](const char* name, Bytes header) {
    cases.push_back({name, OverUdp(1701, 1701, std::move(header), ppp),
                     Encapsulation::kL2tp, 0x00010002});
  };
  l2tp("L2TP", {0, 2, 0, 1, 0, 2});
  l2tp("L2TP with a length",
       Join(Join({0x40, 2}, Be16(static_cast<uint32_t>(8 + ppp.size()))),
            {0, 1, 0, 2}));
  l2tp("L2TP with sequence and offset",
       {0x0a, 2, 0, 1, 0, 2, 0, 5, 0, 4, 0, 3, 9, 9, 9});

  const Bytes origin = {0, 0, 1, 2, 3, 4, 5, 6};
  const Bytes authentication = {0, 1, 2, 1, 9, 9, 8, 1, 1, 1, 1, 1, 1, 1, 1, 0};
  const auto teredo = [&](const char* name, Bytes header) {
    cases.push_back({name, OverUdp(3544, 9, std::move(header), in.v6),
                     Encapsulation::kTeredo});
  };
  teredo("Teredo", {});
  teredo("Teredo with its origin", origin);
  teredo("Teredo with authentication", Join(authentication, origin));
}

void AddLinkTunnels(const Inner& in, std::vector<TunnelCase>& cases) {
  constexpr auto kMpls = Encapsulation::kMpls;
  const Bytes stack = {0, 1, 0x10, 64, 0, 2, 0x20, 64, 0, 3, 0x31, 64};
  const Bytes label = {0, 3, 0x31, 64};
  cases.push_back({"MPLS", OverEthernet(0x8847, label, in.v4), kMpls});
  cases.push_back({"MPLS stack", OverEthernet(0x8848, stack, in.v6), kMpls});
  cases.push_back({"MPLS pseudowire with a control word",
                   OverEthernet(0x8847, Join(label, {0, 0, 0, 0}), in.ethernet),
                   kMpls});
  Bytes station = in.ethernet;
  station[0] = 0x20;
  cases.push_back(
      {"MPLS pseudowire without", OverEthernet(0x8847, label, station), kMpls});

  const auto session = [](const Bytes& ppp) {
    return Join({0x11, 0, 0, 5}, Be16(static_cast<uint32_t>(ppp.size())));
  };
  const Bytes v4 = Join({0, 0x21}, in.v4);
  const Bytes v6 = Join({0, 0x57}, in.v6);
  constexpr auto kNone = Encapsulation::kNone;
  cases.push_back(
      {"PPPoE", OverEthernet(0x8864, session(v4), v4), kNone, 0, 0});
  cases.push_back(
      {"PPPoE with IPv6", OverEthernet(0x8864, session(v6), v6), kNone, 0, 0});
  const Bytes mpls = Join(Join({2, 0x81}, label), in.v4);
  cases.push_back(
      {"PPPoE with MPLS", OverEthernet(0x8864, session(mpls), mpls), kMpls});
}

}  // namespace

PacketBuilder TunnelledSegment(uint8_t ip_version) {
  const PacketBuilder segment =
      PacketBuilder().Tcp(1234, 80).Payload(kTunnelledPayload);
  return ip_version == 6
             ? PacketBuilder(segment).Ipv6("2001:db8::1", "2001:db8::2")
             : PacketBuilder(segment).Ipv4("192.168.0.1", "192.168.0.2");
}

PacketBuilder::Bytes IpBytesOf(const PacketBuilder& frame) {
  const Bytes bytes = frame.Build();
  return {bytes.begin() + 14, bytes.end()};
}

std::vector<TunnelCase> TunnelCases() {
  std::vector<TunnelCase> cases;
  const Inner inner;
  AddIpTunnels(inner, cases);
  AddGre(inner, cases);
  AddErspan(inner, cases);
  AddUdpTunnels(inner, cases);
  AddGtpU(inner, cases);
  AddL2tpAndTeredo(inner, cases);
  AddLinkTunnels(inner, cases);
  return cases;
}

}  // namespace mosaic
