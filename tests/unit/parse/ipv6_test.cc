#include "dataplane/parse/ipv6.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/parse/parsed_frame.h"

namespace mosaic {
namespace {

using Bytes = std::vector<uint8_t>;

PacketBuilder Hello() {
  return PacketBuilder().Ipv6("2001:db8::1", "2001:db8::2").Payload("hello");
}

// The body of a routing header of `type` that has `stops_left` to go and lists
// the one address 2001:db8::9.
Bytes RoutingBody(uint8_t type, uint8_t stops_left) {
  return {type, stops_left, 0, 0, 0, 0, 0x20, 0x01, 0x0d, 0xb8, 0,
          0,    0,          0, 0, 0, 0, 0,    0,    0,    0,    9};
}

TEST(Ipv6Test, ThePlainSegmentIsReadWhole) {
  const ParsedFrame frame(Hello().Ttl(3));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame->ip_header, frame.packet().data + 14);
  EXPECT_EQ(frame->ip_length, 65u);
  EXPECT_EQ(frame->l4_header, frame.packet().data + 54);
  EXPECT_EQ(frame.payload(), "hello");
  EXPECT_EQ(frame->ttl, 3);
  EXPECT_EQ(frame->key.protocol, 6);
  EXPECT_EQ(frame->key.ip_version, 6);
  EXPECT_EQ(frame->l4_checksum, L4Checksum::kGoodSoftware);
}

TEST(Ipv6Test, PaddingIsNotPayload) {
  const ParsedFrame frame(Hello().Padding(30));
  EXPECT_EQ(frame.payload(), "hello");
  EXPECT_EQ(frame->payload_length, 5u);
}

TEST(Ipv6Test, HeadersThatContradictThemselvesAreErrors) {
  const struct {
    const char* what;
    PacketBuilder builder;
    ParseError error;
  } cases[] = {
      {"version 4", Hello().IpVersion(4), ParseError::kIpVersion},
      {"one byte too long", Hello().IpLength(26), ParseError::kIpTotalLength},
      {"jumbogram",
       Hello().ExtensionHeader(0, {0xc2, 4, 0, 1, 0, 0}).IpLength(0),
       ParseError::kIpTotalLength},
      {"empty TCP", Hello().IpLength(0), ParseError::kIpTotalLength},
      {"too short for TCP", Hello().IpLength(19), ParseError::kL4Truncated},
      {"two fragment headers",
       Hello().Fragment(1, 0, false).Fragment(2, 0, false),
       ParseError::kIpExtensionHeaders},
      {"fragment header in a fragment's first part",
       Hello().Fragment(1, 0, false).Fragment(2, 8, true),
       ParseError::kIpExtensionHeaders},
      {"extension header beyond the packet",
       Hello().ExtensionHeader(60).IpLength(15), ParseError::kL4Truncated},
      {"extension header cut by the payload length",
       Hello().ExtensionHeader(60).IpLength(7),
       ParseError::kIpExtensionHeaders},
      {"extension header longer than the payload",
       Hello().ExtensionHeader(60, Bytes(22)).IpLength(23),
       ParseError::kIpExtensionHeaders},
  };
  for (const auto& c : cases) {
    const ParsedFrame frame(c.builder);
    EXPECT_EQ(frame->packet_class, PacketClass::kError) << c.what;
    EXPECT_EQ(frame->error, c.error) << c.what;
    EXPECT_EQ(frame->payload, nullptr) << c.what;
  }
}

TEST(Ipv6Test, EachExtensionHeaderIsWalked) {
  for (const uint8_t type : {0, 43, 60, 51}) {
    const ParsedFrame frame(Hello().ExtensionHeader(type));
    EXPECT_EQ(frame->packet_class, PacketClass::kTcp) << int(type);
    EXPECT_EQ(frame.payload(), "hello") << int(type);
    EXPECT_EQ(frame->key.protocol, 6);
    EXPECT_EQ(frame->l4_checksum, L4Checksum::kGoodSoftware) << int(type);
  }
}

TEST(Ipv6Test, AllOfThemInOneChainLeadToTcp) {
  const ParsedFrame frame(Hello()
                              .ExtensionHeader(0)
                              .ExtensionHeader(60, Bytes(14))
                              .ExtensionHeader(43)
                              .Fragment(7, 0, false)
                              .ExtensionHeader(51, Bytes(22))
                              .ExtensionHeader(60));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame.payload(), "hello");
}

TEST(Ipv6Test, UdpAndIcmpFollowExtensionHeadersToo) {
  EXPECT_EQ(ParsedFrame(Hello().ExtensionHeader(60).Udp(1, 2))->packet_class,
            PacketClass::kUdp);
  EXPECT_EQ(ParsedFrame(Hello().ExtensionHeader(0).Icmp(143, 0))->packet_class,
            PacketClass::kIcmp);
}

TEST(Ipv6Test, OneHeaderMoreThanTheLimitIsAnError) {
  PacketBuilder builder = Hello();
  for (uint32_t i = 0; i < kMaxExtensionHeaders; ++i) {
    builder.ExtensionHeader(60);
  }
  EXPECT_EQ(ParsedFrame(builder)->packet_class, PacketClass::kTcp);
  builder.ExtensionHeader(60);
  EXPECT_EQ(ParsedFrame(builder)->error, ParseError::kIpExtensionHeaders);
}

TEST(Ipv6Test, OneUnitMoreThanTheLimitOfBytesIsAnError) {
  EXPECT_EQ(ParsedFrame(Hello().ExtensionHeader(60, Bytes(254)))->packet_class,
            PacketClass::kTcp);
  EXPECT_EQ(ParsedFrame(Hello().ExtensionHeader(60, Bytes(262)))->error,
            ParseError::kIpExtensionHeaders);
  EXPECT_EQ(ParsedFrame(Hello()
                            .ExtensionHeader(60, Bytes(126))
                            .ExtensionHeader(60, Bytes(134)))
                ->error,
            ParseError::kIpExtensionHeaders);
}

TEST(Ipv6Test, AHundredHeadersStopAtTheLimit) {
  PacketBuilder builder = Hello();
  for (int i = 0; i < 100; ++i) builder.ExtensionHeader(60);
  EXPECT_EQ(ParsedFrame(builder)->error, ParseError::kIpExtensionHeaders);
}

TEST(Ipv6Test, AHopByHopHeaderThatIsNotFirstIsMarkedAndPassed) {
  EXPECT_EQ(ParsedFrame(Hello().ExtensionHeader(0))->anomalies, 0);
  for (const uint8_t first : {0, 60}) {
    const ParsedFrame frame(Hello().ExtensionHeader(first).ExtensionHeader(0));
    EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
    EXPECT_EQ(frame->anomalies, parse_anomaly::kHopByHopOrder);
  }
}

TEST(Ipv6Test, ARoutingHeaderOfTypeZeroIsMarkedAndPassed) {
  const ParsedFrame frame(Hello().ExtensionHeader(43, RoutingBody(0, 0)));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame->anomalies, parse_anomaly::kRoutingTypeZero);
  EXPECT_EQ(
      ParsedFrame(Hello().ExtensionHeader(43, RoutingBody(4, 0)))->anomalies,
      0);
}

TEST(Ipv6Test, TheChecksumOfARoutedSegmentCoversItsLastStop) {
  // The checksum that 2001:db8::9 will see, although the header says ::2.
  const PacketBuilder at_last_stop = Hello().Ipv6("2001:db8::1", "2001:db8::9");
  const Bytes bytes = at_last_stop.Build();
  const size_t field = 14 + 40 + 16;
  const auto checksum =
      static_cast<uint16_t>(bytes[field] << 8 | bytes[field + 1]);
  for (const uint8_t type : {0, 2, 4}) {
    const PacketBuilder routed = Hello().L4Checksum(checksum);
    EXPECT_EQ(ParsedFrame(PacketBuilder(routed).ExtensionHeader(
                              43, RoutingBody(type, 1)))
                  ->l4_checksum,
              L4Checksum::kGoodSoftware)
        << int(type);
    EXPECT_EQ(ParsedFrame(PacketBuilder(routed).ExtensionHeader(
                              43, RoutingBody(type, 0)))
                  ->l4_checksum,
              L4Checksum::kBad)
        << int(type);
  }
  EXPECT_EQ(
      ParsedFrame(Hello().BadL4Checksum().ExtensionHeader(43, {99, 1, 0, 0}))
          ->l4_checksum,
      L4Checksum::kUnchecked);
  EXPECT_EQ(
      ParsedFrame(Hello().BadL4Checksum().ExtensionHeader(43, {0, 1, 0, 0}))
          ->l4_checksum,
      L4Checksum::kUnchecked);
}

TEST(Ipv6Test, AnAtomicFragmentIsAWholeDatagram) {
  const ParsedFrame frame(Hello().Fragment(7, 0, false));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame.payload(), "hello");
}

TEST(Ipv6Test, AnyPartOfADatagramIsAFragment) {
  const struct {
    uint16_t offset;
    bool more_follow;
  } parts[] = {{0, true}, {8, true}, {8, false}, {65528, false}};
  for (const auto& part : parts) {
    const ParsedFrame frame(
        Hello().ExtensionHeader(60).Fragment(7, part.offset, part.more_follow));
    EXPECT_EQ(frame->packet_class, PacketClass::kFragment);
    EXPECT_EQ(frame->key.protocol, 6);
    EXPECT_EQ(frame->key.port[0], 0);
    EXPECT_EQ(frame->l4_header, nullptr);
    EXPECT_EQ(frame->payload_length, 25u);
  }
}

TEST(Ipv6Test, WhatFollowsEncryptionOrNothingIsNotLookedInto) {
  for (const uint8_t protocol : {50, 59, 4, 41, 1, 132, 135, 254}) {
    const ParsedFrame frame(
        Hello().NoTransport().ExtensionHeader(60).Protocol(protocol));
    EXPECT_EQ(frame->packet_class, PacketClass::kOtherIp) << int(protocol);
    EXPECT_EQ(frame->key.protocol, protocol);
    EXPECT_EQ(frame.payload(), "hello");
  }
}

TEST(Ipv6Test, NothingMayFollowNothing) {
  const ParsedFrame frame(PacketBuilder()
                              .Ipv6("2001:db8::1", "2001:db8::2")
                              .NoTransport()
                              .Protocol(59)
                              .Padding(6));
  EXPECT_EQ(frame->packet_class, PacketClass::kOtherIp);
  EXPECT_EQ(frame->payload_length, 0u);
}

TEST(Ipv6Test, ACutPacketDeclaresMoreThanItHolds) {
  const ParsedFrame frame(Hello().Snap(76));
  EXPECT_EQ(frame.payload(), "he");
  EXPECT_EQ(frame->payload_length, 5u);
  EXPECT_EQ(frame->l4_checksum, L4Checksum::kUnchecked);
}

TEST(Ipv6Test, AReplayMayTakeAnOverlongPacketAsCut) {
  const ParsedFrame frame(Hello().IpLength(1020),
                          {.overlong = OverlongPolicy::kTakeAsCut});
  EXPECT_EQ(frame.payload(), "hello");
  EXPECT_EQ(frame->payload_length, 1000u);
}

}  // namespace
}  // namespace mosaic
