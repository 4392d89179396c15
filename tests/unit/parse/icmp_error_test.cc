#include "dataplane/parse/icmp_error.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/tunnel_cases.h"
#include "tests/unit/parse/parsed_frame.h"

namespace mosaic {
namespace {

using Bytes = PacketBuilder::Bytes;

PacketBuilder Quoted(uint8_t version) {
  return version == 6
             ? PacketBuilder().Ipv6("2001:db8::1", "2001:db8::2").Tcp(1000, 80)
             : PacketBuilder().Tcp(1000, 80);
}

// An error of a router about the packet `quoted`, cut to `length` bytes.
PacketBuilder Error(const PacketBuilder& quoted, size_t length = 1000) {
  Bytes bytes = IpBytesOf(quoted);
  bytes.resize(std::min(length, bytes.size()));
  const bool ipv6 = bytes[0] >> 4 == 6;
  const PacketBuilder error = PacketBuilder().Payload(bytes);
  return ipv6 ? PacketBuilder(error)
                    .Ipv6("2001:db8::99", "2001:db8::1")
                    .Icmp(1, 4)
              : PacketBuilder(error).Ipv4("10.0.0.99", "10.0.0.1").Icmp(3, 3);
}

TEST(IcmpErrorTest, TheFlowOfTheQuotedPacketIsFound) {
  for (const uint8_t version : {4, 6}) {
    const ParsedFrame flow(Quoted(version));
    const ParsedFrame error(Error(Quoted(version)));
    ASSERT_EQ(error->packet_class, PacketClass::kIcmpError);
    EXPECT_EQ(error->key.protocol, version == 6 ? 58 : 1);
    const QuotedFlow quoted = ReadQuotedFlow(*error);
    EXPECT_TRUE(quoted.key == flow->key);
    EXPECT_EQ(quoted.sender, flow->sender);
  }
}

TEST(IcmpErrorTest, EachProtocolWithAFlowIsFound) {
  for (const PacketBuilder& packet :
       {Quoted(4).Udp(9, 8), Quoted(6).Udp(8, 9), Quoted(4).Icmp(8, 0),
        Quoted(6).Icmp(128, 0), Quoted(4).Tcp(80, 1000)}) {
    const ParsedFrame error(Error(packet));
    ASSERT_EQ(error->packet_class, PacketClass::kIcmpError);
    const ParsedFrame flow(packet);
    EXPECT_TRUE(ReadQuotedFlow(*error).key == flow->key);
    EXPECT_EQ(ReadQuotedFlow(*error).sender, flow->sender);
  }
}

TEST(IcmpErrorTest, OptionsAndExtensionHeadersArePassed) {
  const PacketBuilder v4 = Quoted(4).IpOptions({148, 4, 0, 0});
  const PacketBuilder v6 = Quoted(6).ExtensionHeader(60).Fragment(7, 0, true);
  EXPECT_TRUE(ReadQuotedFlow(*ParsedFrame(Error(v4))).key ==
              ParsedFrame(v4)->key);
  EXPECT_TRUE(ReadQuotedFlow(*ParsedFrame(Error(v6))).key ==
              ParsedFrame(Quoted(6))->key);
}

TEST(IcmpErrorTest, PortsAreEnoughOfTheTransport) {
  for (const uint8_t version : {4, 6}) {
    const size_t header = version == 6 ? 40 : 20;
    for (size_t length = 0; length <= header + 8; ++length) {
      EXPECT_EQ(
          ParsedFrame(Error(Quoted(version), length))->packet_class,
          length < header + 4 ? PacketClass::kIcmp : PacketClass::kIcmpError)
          << length;
    }
  }
}

TEST(IcmpErrorTest, WhatQuotesNoFlowIsPlainIcmp) {
  const std::vector<PacketBuilder> plain = {
      Error(Quoted(4)).Icmp(8, 0),             // An echo that holds a packet.
      Error(Quoted(6)).Icmp(128, 0),           //
      Error(Quoted(4).Fragment(7, 8, false)),  // Not the part with ports.
      Error(Quoted(6).Fragment(7, 8, false)),  //
      Error(Quoted(4).NoTransport()),          // Another protocol.
      Error(Quoted(4).IpHeaderWords(4)),       //
      Error(Quoted(4).IpVersion(6)),           //
      Error(Quoted(4)).BadL4Checksum(),        // The host drops it.
  };
  for (const PacketBuilder& packet : plain) {
    EXPECT_EQ(ParsedFrame(packet)->packet_class, PacketClass::kIcmp);
  }
}

TEST(IcmpErrorTest, WhereItWasSeenIsInTheKeyOfTheFlow) {
  const ParserConfig config{.vlan_in_key = true};
  const ParsedFrame error(Error(Quoted(4)).Vlan(7), config);
  EXPECT_TRUE(ReadQuotedFlow(*error).key ==
              ParsedFrame(Quoted(4).Vlan(7), config)->key);
}

}  // namespace
}  // namespace mosaic
