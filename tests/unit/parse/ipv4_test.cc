#include "dataplane/parse/ipv4.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/parse/parsed_frame.h"

namespace mosaic {
namespace {

using Bytes = std::vector<uint8_t>;

PacketBuilder Hello() { return PacketBuilder().Payload("hello"); }

TEST(Ipv4Test, ThePlainSegmentIsReadWhole) {
  const ParsedFrame frame(
      Hello().Ipv4("192.0.2.1", "198.51.100.2").Tcp(1234, 80).Ttl(57));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame->error, ParseError::kNone);
  EXPECT_EQ(frame->ip_header, frame.packet().data + 14);
  EXPECT_EQ(frame->ip_length, 45u);
  EXPECT_EQ(frame->l4_header, frame.packet().data + 34);
  EXPECT_EQ(frame->ttl, 57);
  EXPECT_EQ(frame->key.protocol, 6);
  EXPECT_EQ(frame->anomalies, 0);
  EXPECT_EQ(frame->hash, 0u);
}

TEST(Ipv4Test, PaddingOfShortFramesIsNotPayload) {
  const ParsedFrame ack(PacketBuilder().Padding(6));
  EXPECT_EQ(ack.packet().length, 60u);
  EXPECT_EQ(ack->payload_captured, 0u);
  EXPECT_EQ(ack->payload_length, 0u);
  EXPECT_EQ(ack->ip_length, 40u);
}

TEST(Ipv4Test, HeadersThatContradictThemselvesAreErrors) {
  const struct {
    const char* what;
    PacketBuilder builder;
    ParseError error;
  } cases[] = {
      {"version 5", Hello().IpVersion(5), ParseError::kIpVersion},
      {"version 6", Hello().IpVersion(6), ParseError::kIpVersion},
      {"IHL 0", Hello().IpHeaderWords(0), ParseError::kIpHeaderLength},
      {"IHL 4", Hello().IpHeaderWords(4), ParseError::kIpHeaderLength},
      {"IHL 15 in 45 bytes", Hello().IpHeaderWords(15),
       ParseError::kIpHeaderLength},
      {"IHL above total length",
       Hello().IpHeaderWords(6).IpLength(23).Padding(40),
       ParseError::kIpTotalLength},
      {"total length 1", Hello().IpLength(1), ParseError::kIpTotalLength},
      {"total length 19", Hello().IpLength(19), ParseError::kIpTotalLength},
      {"total length one too long", Hello().IpLength(46),
       ParseError::kIpTotalLength},
      {"total length 65535", Hello().IpLength(65535),
       ParseError::kIpTotalLength},
      {"checksum", Hello().BadIpChecksum(), ParseError::kIpChecksum},
      {"option length 0", Hello().IpOptions({7, 0, 4, 0}),
       ParseError::kIpOptions},
      {"option length 1", Hello().IpOptions({148, 1, 0, 0}),
       ParseError::kIpOptions},
      {"option past the end", Hello().IpOptions({148, 5, 0, 0}),
       ParseError::kIpOptions},
      {"option without length", Hello().IpOptions({1, 1, 1, 148}),
       ParseError::kIpOptions},
      {"source route without pointer", Hello().IpOptions({131, 2, 0, 0}),
       ParseError::kIpOptions},
      {"strict source route, pointer 3", Hello().IpOptions({137, 3, 3, 0}),
       ParseError::kIpOptions},
      {"record route, pointer 0", Hello().IpOptions({7, 7, 0, 0, 0, 0, 0}),
       ParseError::kIpOptions},
      {"timestamp, pointer 4", Hello().IpOptions({68, 8, 4, 0, 0, 0, 0, 0}),
       ParseError::kIpOptions},
  };
  for (const auto& c : cases) {
    const ParsedFrame frame(c.builder);
    EXPECT_EQ(frame->packet_class, PacketClass::kError) << c.what;
    EXPECT_EQ(frame->error, c.error) << c.what;
    EXPECT_EQ(frame->ip_header, nullptr) << c.what;
    EXPECT_EQ(frame->payload, nullptr) << c.what;
    EXPECT_EQ(frame->payload_length, 0u) << c.what;
  }
}

TEST(Ipv4Test, WellFormedOptionsArePassedOver) {
  const Bytes option_lists[] = {
      {148, 4, 0, 0},             // Router alert.
      {1, 1, 1, 1},               // Padding only.
      {0, 0xff, 0xff, 0xff},      // Nothing counts behind the end.
      {7, 7, 4, 0, 0, 0, 0},      // Record route with room.
      {7, 3, 4},                  // Record route, full.
      {68, 8, 5, 0, 0, 0, 0, 0},  // Timestamp.
      {222, 3, 9, 94, 2},         // Unknown ones.
      Bytes(40, 1),               // As many as there can be.
  };
  for (const Bytes& options : option_lists) {
    const ParsedFrame frame(Hello().IpOptions(options));
    EXPECT_EQ(frame->packet_class, PacketClass::kTcp) << int(options[0]);
    EXPECT_EQ(frame.payload(), "hello");
    EXPECT_EQ(frame->l4_checksum, L4Checksum::kGoodSoftware);
  }
}

TEST(Ipv4Test, ASourceRouteOnItsWayLeavesTheTransportChecksumUnjudged) {
  const Bytes arrived = {131, 7, 8, 10, 0, 0, 9};
  const Bytes on_its_way = {131, 7, 4, 10, 0, 0, 9};
  EXPECT_EQ(
      ParsedFrame(Hello().IpOptions(arrived).BadL4Checksum())->l4_checksum,
      L4Checksum::kBad);
  EXPECT_EQ(
      ParsedFrame(Hello().IpOptions(on_its_way).BadL4Checksum())->l4_checksum,
      L4Checksum::kUnchecked);
}

TEST(Ipv4Test, ATotalLengthOfZeroMeansAllThatIsOnTheWire) {
  const ParsedFrame frame(Hello().IpLength(0));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame.payload(), "hello");
  const ParsedFrame cut(Hello().IpLength(0).Snap(56));
  EXPECT_EQ(cut.payload(), "he");
  EXPECT_EQ(cut->payload_length, 5u);
}

TEST(Ipv4Test, ACutPacketDeclaresMoreThanItHolds) {
  const ParsedFrame frame(Hello().Snap(57));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame.payload(), "hel");
  EXPECT_EQ(frame->payload_length, 5u);
  EXPECT_EQ(frame->ip_length, 43u);
  EXPECT_EQ(frame->l4_checksum, L4Checksum::kUnchecked);
}

TEST(Ipv4Test, AReplayMayTakeAnOverlongPacketAsCut) {
  const ParserConfig config{.checksum = ChecksumPolicy::kIgnore,
                            .overlong = OverlongPolicy::kTakeAsCut};
  const ParsedFrame frame(Hello().IpLength(1000), config);
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame.payload(), "hello");
  EXPECT_EQ(frame->payload_length, 960u);
  EXPECT_EQ(ParsedFrame(Hello().IpLength(19), config)->error,
            ParseError::kIpTotalLength);
}

TEST(Ipv4Test, AnyPartOfADatagramIsAFragment) {
  const struct {
    uint16_t offset;
    bool more_follow;
  } parts[] = {{0, true}, {8, true}, {8, false}, {65528, false}};
  for (const auto& part : parts) {
    const ParsedFrame frame(
        Hello().Fragment(77, part.offset, part.more_follow));
    EXPECT_EQ(frame->packet_class, PacketClass::kFragment);
    EXPECT_EQ(frame->key.protocol, 6);
    EXPECT_EQ(frame->key.port[0], 0);
    EXPECT_EQ(frame->key.port[1], 0);
    EXPECT_EQ(frame->l4_header, nullptr);
    EXPECT_EQ(frame->payload, frame.packet().data + 34);
    EXPECT_EQ(frame->payload_length, 25u);
    EXPECT_EQ(frame->l4_checksum, L4Checksum::kUnchecked);
  }
}

TEST(Ipv4Test, AWholeDatagramMayBeFragmentedLater) {
  EXPECT_EQ(ParsedFrame(Hello().Fragment(77, 0, false))->packet_class,
            PacketClass::kTcp);
}

TEST(Ipv4Test, OtherProtocolsHaveAddressesAndPayload) {
  for (const uint8_t protocol : {0, 2, 4, 41, 47, 50, 58, 132, 255}) {
    const ParsedFrame frame(
        Hello().NoTransport().Protocol(protocol).Padding(21));
    EXPECT_EQ(frame->packet_class, PacketClass::kOtherIp) << int(protocol);
    EXPECT_EQ(frame->key.protocol, protocol);
    EXPECT_EQ(frame->key.ip_version, 4);
    EXPECT_EQ(frame->l4_header, frame->payload);
    EXPECT_EQ(frame.payload(), "hello");
  }
}

TEST(Ipv4Test, ADatagramMayBeEmpty) {
  const ParsedFrame frame(PacketBuilder().NoTransport());
  EXPECT_EQ(frame->packet_class, PacketClass::kOtherIp);
  EXPECT_EQ(frame->payload_length, 0u);
}

}  // namespace
}  // namespace mosaic
