#include "dataplane/parse/tunnel.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/checksum.h"
#include "gtest/gtest.h"
#include "tests/support/tunnel_cases.h"
#include "tests/unit/parse/parsed_frame.h"

namespace mosaic {
namespace {

using Bytes = PacketBuilder::Bytes;

PacketBuilder In4in4(const Bytes& inner) {
  return PacketBuilder()
      .Ipv4("172.16.0.1", "172.16.0.2")
      .NoTransport()
      .Protocol(4)
      .Payload(inner);
}

PacketBuilder Vxlan(const Bytes& header, const Bytes& inner) {
  Bytes payload = header;
  payload.insert(payload.end(), inner.begin(), inner.end());
  return PacketBuilder().Udp(5, 4789).Payload(payload);
}

const Bytes kVni = {8, 0, 0, 0, 0, 0, 5, 0};

TEST(TunnelTest, TheInnermostSegmentIsFoundInEveryEncapsulation) {
  for (const TunnelCase& tunnel : TunnelCases()) {
    SCOPED_TRACE(tunnel.name);
    const ParsedFrame frame(tunnel.frame);
    EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
    EXPECT_EQ(frame.payload(), kTunnelledPayload);
    EXPECT_EQ(frame->key.port[0] + frame->key.port[1], 1234 + 80);
    EXPECT_EQ(frame->l4_checksum, L4Checksum::kGoodSoftware);
    EXPECT_EQ(frame->tunnel, tunnel.tunnel);
    EXPECT_EQ(frame->tunnel_id, tunnel.id);
    EXPECT_EQ(frame->tunnels, tunnel.tunnels);
    EXPECT_EQ(frame->anomalies, 0);
  }
}

TEST(TunnelTest, WhatIsNotLookedIntoStaysTheOuterPacket) {
  for (const TunnelCase& tunnel : TunnelCases()) {
    SCOPED_TRACE(tunnel.name);
    const ParsedFrame frame(
        tunnel.frame, ParserConfig{.encapsulations = EncapsulationSet::None()});
    EXPECT_TRUE(frame->packet_class == PacketClass::kUdp ||
                frame->packet_class == PacketClass::kOtherIp ||
                frame->packet_class == PacketClass::kNotIp);
    EXPECT_EQ(frame->tunnels, 0);
  }
}

TEST(TunnelTest, EachEncapsulationIsSwitchedOffAlone) {
  for (const TunnelCase& tunnel : TunnelCases()) {
    SCOPED_TRACE(tunnel.name);
    const bool is_link = tunnel.tunnel == Encapsulation::kNone;
    const ParsedFrame frame(
        tunnel.frame,
        ParserConfig{.encapsulations = EncapsulationSet::All().Without(
                         is_link ? Encapsulation::kPppoe : tunnel.tunnel)});
    EXPECT_NE(frame->packet_class, PacketClass::kTcp);
    EXPECT_LT(frame->tunnels, tunnel.tunnels + is_link);
  }
}

TEST(TunnelTest, ATunnelWhoseHeaderIsCutIsTheOuterPacket) {
  for (const TunnelCase& tunnel : TunnelCases()) {
    const size_t whole = tunnel.frame.wire_length();
    for (size_t length = 0; length < whole; ++length) {
      SCOPED_TRACE(tunnel.name + " cut to " + std::to_string(length));
      const ParsedFrame frame(PacketBuilder(tunnel.frame).Snap(length));
      if (frame->packet_class != PacketClass::kTcp) {
        EXPECT_LT(frame->tunnels, std::max<int>(tunnel.tunnels, 1));
      }
      if (frame->payload != nullptr) {
        EXPECT_LE(frame->payload + frame->payload_captured,
                  frame.packet().data + length);
      }
    }
  }
}

// A captured frame may be short; one that is short on the wire is a lie.
TEST(TunnelTest, AnInnerPacketBeyondItsTunnelIsNotBelieved) {
  Bytes inner = IpBytesOf(TunnelledSegment(4));
  inner.pop_back();
  for (const OverlongPolicy overlong :
       {OverlongPolicy::kRefuse, OverlongPolicy::kTakeAsCut}) {
    const ParsedFrame frame(In4in4(inner), ParserConfig{.overlong = overlong});
    EXPECT_EQ(frame->packet_class, PacketClass::kOtherIp);
    EXPECT_EQ(frame->key.protocol, 4);
    EXPECT_EQ(frame->anomalies, parse_anomaly::kTunnelContent);
  }
}

TEST(TunnelTest, AnInnerPacketThatHostsDropLeavesTheOuterOne) {
  for (const PacketBuilder& bad :
       {TunnelledSegment(4).BadIpChecksum(), TunnelledSegment(4).IpLength(19),
        TunnelledSegment(4).IpHeaderWords(4),
        TunnelledSegment(4).TcpHeaderWords(4)}) {
    const ParsedFrame frame(Vxlan(kVni, bad.Build()));
    EXPECT_EQ(frame->packet_class, PacketClass::kUdp);
    EXPECT_EQ(frame->tunnels, 0);
    EXPECT_EQ(frame->anomalies, parse_anomaly::kTunnelContent);
    EXPECT_EQ(frame->l4_checksum, L4Checksum::kGoodSoftware);
  }
}

TEST(TunnelTest, AnInnerSegmentWithABadChecksumSaysSo) {
  const ParsedFrame frame(
      Vxlan(kVni, TunnelledSegment(4).BadL4Checksum().Build()));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame->l4_checksum, L4Checksum::kBad);
}

TEST(TunnelTest, ADatagramThatItsReceiverDropsCarriesNothing) {
  const PacketBuilder good = Vxlan(kVni, TunnelledSegment(4).Build());
  const ParsedFrame frame(PacketBuilder(good).BadL4Checksum());
  EXPECT_EQ(frame->packet_class, PacketClass::kUdp);
  EXPECT_EQ(frame->l4_checksum, L4Checksum::kBad);
  EXPECT_EQ(ParsedFrame(PacketBuilder(good).BadL4Checksum(),
                        {.checksum = ChecksumPolicy::kIgnore})
                ->packet_class,
            PacketClass::kTcp);
}

TEST(TunnelTest, AGreChecksumIsVerified) {
  Bytes gre = {0x80, 0, 8, 0, 0, 0, 0, 0};
  const Bytes inner = IpBytesOf(TunnelledSegment(4));
  gre.insert(gre.end(), inner.begin(), inner.end());
  const uint16_t sum = ChecksumField(ChecksumSum(gre.data(), gre.size()));
  const auto frame_with = [&](uint16_t checksum) {
    WriteBig16(gre.data() + 4, checksum);
    return PacketBuilder().NoTransport().Protocol(47).Payload(gre);
  };
  EXPECT_EQ(ParsedFrame(frame_with(sum))->packet_class, PacketClass::kTcp);
  EXPECT_EQ(ParsedFrame(frame_with(sum ^ 1))->packet_class,
            PacketClass::kOtherIp);
}

TEST(TunnelTest, APortAloneMakesNoTunnel) {
  for (const uint16_t port : {4789, 8472, 6081, 2152, 1701, 3544}) {
    for (const char* text : {"", "x", "GET / HTTP/1.1\r\n\r\n",
                             "\x08\0\0\0\0\0\0\0", "\x45zzzzzzzzzzzzzzzzzzz"}) {
      const ParsedFrame frame(PacketBuilder().Udp(port, port).Payload(text));
      EXPECT_EQ(frame->packet_class, PacketClass::kUdp) << port;
      EXPECT_EQ(frame.payload(), text);
      EXPECT_EQ(frame->key.port[0], port);
    }
  }
}

TEST(TunnelTest, HeadersThatAreNotTheTunnelsAreNotEntered) {
  const Bytes inner = TunnelledSegment(4).Build();
  const Bytes ip = IpBytesOf(TunnelledSegment(4));
  const struct {
    const char* what;
    uint16_t port;
    Bytes header;
    const Bytes& content;
  } rows[] = {
      {"VXLAN without a VNI", 4789, {0, 0, 0, 0, 0, 0, 5, 0}, inner},
      {"Geneve of another version",
       6081,
       {0x40, 0, 0x65, 0x58, 0, 0, 9, 0},
       inner},
      {"Geneve control", 6081, {0, 0x80, 0x65, 0x58, 0, 0, 9, 0}, inner},
      {"Geneve with ARP", 6081, {0, 0, 8, 6, 0, 0, 9, 0}, inner},
      {"Geneve with options past the end",
       6081,
       {0x3f, 0, 0x65, 0x58, 0, 0, 9, 0},
       inner},
      {"GTP'", 2152, {0x20, 255, 0, 45, 0, 0, 0, 1}, ip},
      {"GTP-U echo", 2152, {0x30, 1, 0, 45, 0, 0, 0, 1}, ip},
      {"GTP-U longer than its datagram",
       2152,
       {0x30, 255, 0, 46, 0, 0, 0, 1},
       ip},
      {"GTP-U extension without a length",
       2152,
       {0x34, 255, 0, 53, 0, 0, 0, 1, 0, 0, 0, 0x85, 0, 0, 0, 0},
       ip},
      {"L2TP control", 1701, {0xc8, 2, 0, 12, 0, 1, 0, 2, 0, 1, 0, 1}, ip},
      {"L2TP version 3", 1701, {0, 3, 0, 0, 0, 0, 0, 1}, ip},
      {"Teredo with IPv4", 3544, {}, ip},
      {"Teredo authentication past the end", 3544, {0, 1, 255, 255}, ip},
  };
  for (const auto& row : rows) {
    Bytes payload = row.header;
    payload.insert(payload.end(), row.content.begin(), row.content.end());
    const ParsedFrame frame(PacketBuilder().Udp(5, row.port).Payload(payload));
    EXPECT_EQ(frame->packet_class, PacketClass::kUdp) << row.what;
    EXPECT_EQ(frame->anomalies, 0) << row.what;
  }
}

TEST(TunnelTest, TunnelsAreEnteredUpToTheLimit) {
  Bytes packet = IpBytesOf(TunnelledSegment(4));
  for (int depth = 1; depth <= kMaxTunnels + 1; ++depth) {
    const PacketBuilder frame = In4in4(packet);
    const ParsedFrame parsed(frame);
    if (depth <= kMaxTunnels) {
      EXPECT_EQ(parsed->packet_class, PacketClass::kTcp) << depth;
      EXPECT_EQ(parsed->tunnels, depth);
      EXPECT_EQ(parsed->anomalies, 0);
    } else {
      EXPECT_EQ(parsed->packet_class, PacketClass::kOtherIp);
      EXPECT_EQ(parsed->tunnels, kMaxTunnels);
      EXPECT_EQ(parsed->anomalies, parse_anomaly::kTunnelDepth);
    }
    packet = IpBytesOf(frame);
  }
}

TEST(TunnelTest, MplsStacksAndGtpExtensionsAreWalkedUpToTheLimit) {
  for (int labels = kMaxMplsLabels; labels <= kMaxMplsLabels + 1; ++labels) {
    Bytes frame = {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x88, 0x47};
    for (int i = 1; i < labels; ++i) {
      frame.insert(frame.end(), {0, 1, 0x10, 64});
    }
    frame.insert(frame.end(), {0, 1, 0x11, 64});
    const Bytes ip = IpBytesOf(TunnelledSegment(4));
    frame.insert(frame.end(), ip.begin(), ip.end());
    EXPECT_EQ(
        ParsedFrame(frame, LinkType::kEthernet)->packet_class,
        labels == kMaxMplsLabels ? PacketClass::kTcp : PacketClass::kNotIp);
  }
}

// K-06: the same tuple inside and outside of a tunnel.
TEST(TunnelTest, TheTunnelIsInTheKeyByConfiguration) {
  const ParsedFrame outside(TunnelledSegment(4));
  for (const TunnelCase& tunnel : TunnelCases()) {
    SCOPED_TRACE(tunnel.name);
    const ParsedFrame off(tunnel.frame);
    EXPECT_EQ(off->key.tunnel_kind, 0);
    EXPECT_EQ(off->key.tunnel_id, 0u);
    const ParsedFrame on(tunnel.frame, ParserConfig{.tunnel_in_key = true});
    EXPECT_EQ(on->key.tunnel_kind, static_cast<uint8_t>(tunnel.tunnel));
    EXPECT_EQ(on->key.tunnel_id, tunnel.id);
    if (on->key.ip_version == 4) {
      EXPECT_TRUE(off->key == outside->key);
      EXPECT_EQ(on->key == outside->key, tunnel.tunnel == Encapsulation::kNone);
    }
  }
}

TEST(TunnelTest, TagsInsideCountWithThoseOutside) {
  const ParsedFrame frame(
      Vxlan(kVni, TunnelledSegment(4).Vlan(20).Build()).Vlan(10),
      ParserConfig{.vlan_in_key = true});
  EXPECT_EQ(frame->vlan_count, 2);
  EXPECT_EQ(frame->key.vlan_id, 10u | 20u << 12);
}

TEST(TunnelTest, WhatIsNotIpInsideLeavesTheOuterPacket) {
  const ParsedFrame frame(
      Vxlan(kVni, TunnelledSegment(4).EtherType(0x0806).Build()));
  EXPECT_EQ(frame->packet_class, PacketClass::kUdp);
  EXPECT_EQ(frame->anomalies, 0);
}

TEST(TunnelTest, TheDeviceSaysNothingOfInnerChecksums) {
  ParsedFrame frame(Vxlan(kVni, TunnelledSegment(4).BadL4Checksum().Build()));
  frame.ParseWith(ChecksumVerdict::kGood, ChecksumVerdict::kGood, {});
  EXPECT_EQ(frame->l4_checksum, L4Checksum::kBad);
}

TEST(TunnelTest, PppoePaddingIsNoPayload) {
  for (const TunnelCase& tunnel : TunnelCases()) {
    if (!tunnel.name.starts_with("PPPoE")) continue;
    Bytes padded = tunnel.frame.Build();
    padded.resize(padded.size() + 9);
    const ParsedFrame frame(padded, LinkType::kEthernet);
    EXPECT_EQ(frame.payload(), kTunnelledPayload);
    EXPECT_EQ(frame->payload_length, 5u);
  }
}

TEST(TunnelTest, PppoeOfAnotherKindIsNotIp) {
  for (const TunnelCase& tunnel : TunnelCases()) {
    if (tunnel.name != "PPPoE") continue;
    for (const size_t at : {14, 15, 18}) {  // Version, code, length.
      Bytes bytes = tunnel.frame.Build();
      bytes[at] ^= 0x40;
      EXPECT_EQ(ParsedFrame(bytes, LinkType::kEthernet)->packet_class,
                PacketClass::kNotIp);
    }
  }
}

TEST(TunnelTest, AuthenticationHeadersOverIpv4AreWalked) {
  const Bytes segment = [] {
    const Bytes ip = IpBytesOf(TunnelledSegment(4));
    return Bytes(ip.begin() + 20, ip.end());
  }();
  const auto with_header = [&](uint8_t words_less_two, uint8_t next) {
    Bytes payload = {next, words_less_two, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1};
    payload.insert(payload.end(), segment.begin(), segment.end());
    return PacketBuilder()
        .Ipv4("192.168.0.1", "192.168.0.2")
        .NoTransport()
        .Protocol(51)
        .Payload(payload);
  };
  const ParsedFrame frame(with_header(1, 6));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame.payload(), kTunnelledPayload);
  EXPECT_EQ(frame->key.protocol, 6);
  EXPECT_EQ(frame->l4_checksum, L4Checksum::kGoodSoftware);
  EXPECT_EQ(frame->tunnels, 0);
  EXPECT_EQ(ParsedFrame(with_header(200, 6))->error,
            ParseError::kIpExtensionHeaders);
}

}  // namespace
}  // namespace mosaic
