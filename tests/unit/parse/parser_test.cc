#include "dataplane/parse/parser.h"

#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "dataplane/parse/layer_walk.h"
#include "gtest/gtest.h"
#include "tests/unit/parse/parsed_frame.h"

namespace mosaic {
namespace {

using Bytes = std::vector<uint8_t>;

// A frame, and where its headers end, from the frame's first byte.
struct Shape {
  const char* name;
  PacketBuilder builder;
  PacketClass whole;
  size_t link_end;
  size_t ip_end;  // Of the fixed IP header.
  size_t ip_all;  // Options and extension headers included.
  size_t l4_end;
};

PacketBuilder V6() {
  return PacketBuilder().Ipv6("2001:db8::1", "2001:db8::2");
}

std::vector<Shape> Shapes() {
  const Bytes twelve(12, 1);
  const PacketBuilder v4 = PacketBuilder().Payload("payload");
  const PacketBuilder v6 = V6().Payload("payload");
  const auto v4_with = [&] { return PacketBuilder(v4); };
  const auto v6_with = [&] { return PacketBuilder(v6); };
  return {
      {"tcp4", v4, PacketClass::kTcp, 14, 34, 34, 54},
      {"tcp4 with options", v4_with().TcpOptions(twelve), PacketClass::kTcp, 14,
       34, 34, 66},
      {"ip options", v4_with().IpOptions({148, 4, 0, 0}), PacketClass::kTcp, 14,
       34, 38, 58},
      {"qinq", v4_with().Vlan(1, 0x88a8).Vlan(2), PacketClass::kTcp, 22, 42, 42,
       62},
      {"snap", v4_with().LlcSnap(), PacketClass::kTcp, 22, 42, 42, 62},
      {"sll", v4_with().Link(LinkType::kLinuxSll), PacketClass::kTcp, 16, 36,
       36, 56},
      {"sll2", v6_with().Link(LinkType::kLinuxSll2), PacketClass::kTcp, 20, 60,
       60, 80},
      {"null", v4_with().Link(LinkType::kNull), PacketClass::kTcp, 4, 24, 24,
       44},
      {"raw", v6_with().Link(LinkType::kRawIp), PacketClass::kTcp, 0, 40, 40,
       60},
      {"ppp", v4_with().Link(LinkType::kPpp), PacketClass::kTcp, 4, 24, 24, 44},
      {"hdlc", v4_with().Link(LinkType::kCiscoHdlc), PacketClass::kTcp, 4, 24,
       24, 44},
      {"udp4", v4_with().Udp(1, 2), PacketClass::kUdp, 14, 34, 34, 42},
      {"icmp4", v4_with().Icmp(8, 0), PacketClass::kIcmp, 14, 34, 34, 42},
      {"other4", v4_with().NoTransport(), PacketClass::kOtherIp, 14, 34, 34,
       34},
      {"fragment4", v4_with().Fragment(1, 8, true), PacketClass::kFragment, 14,
       34, 34, 34},
      {"tcp6", v6, PacketClass::kTcp, 14, 54, 54, 74},
      {"tcp6 behind extension headers",
       v6_with()
           .ExtensionHeader(0)
           .ExtensionHeader(43, twelve)
           .ExtensionHeader(51, twelve),
       PacketClass::kTcp, 14, 54, 94, 114},
      {"udp6", v6_with().Udp(1, 2), PacketClass::kUdp, 14, 54, 54, 62},
      {"icmp6", v6_with().Icmp(128, 0), PacketClass::kIcmp, 14, 54, 54, 58},
      {"fragment6", v6_with().Fragment(1, 8, true), PacketClass::kFragment, 14,
       54, 62, 62},
  };
}

// What a frame of `shape` is when `length` bytes of it were captured.
ParseError ExpectedError(const Shape& shape, size_t length) {
  if (length < shape.link_end) return ParseError::kLinkTruncated;
  if (length < shape.ip_end) return ParseError::kIpTruncated;
  if (length < shape.ip_all) {
    return shape.ip_end - shape.link_end == 20
               ? ParseError::kIpTruncated
               : ParseError::kIpExtensionHeaders;
  }
  if (length < shape.l4_end) return ParseError::kL4Truncated;
  return ParseError::kNone;
}

// Every span of a ParsedPacket lies inside the packet.
void ExpectInside(const ParsedFrame& frame) {
  const uint8_t* const begin = frame.packet().data;
  const uint8_t* const end = begin + frame.packet().length;
  if (frame->ip_header != nullptr) {
    EXPECT_GE(frame->ip_header, begin);
    EXPECT_LE(frame->ip_header + frame->ip_length, end);
  }
  if (frame->payload != nullptr) {
    EXPECT_GE(frame->payload, frame->ip_header);
    EXPECT_LE(frame->payload + frame->payload_captured, end);
    EXPECT_LE(frame->payload_captured, frame->payload_length);
  }
}

TEST(ParserTest, EveryTruncationOfEveryShapeIsSafeAndNamed) {
  for (const Shape& shape : Shapes()) {
    const size_t whole = shape.builder.wire_length();
    const std::string payload = ParsedFrame(shape.builder).payload();
    for (size_t length = 0; length <= whole; ++length) {
      const ParsedFrame frame(PacketBuilder(shape.builder).Snap(length));
      SCOPED_TRACE(std::string(shape.name) + " cut to " +
                   std::to_string(length));
      const ParseError expected = ExpectedError(shape, length);
      EXPECT_EQ(frame->error, expected);
      EXPECT_EQ(frame->packet_class, expected == ParseError::kNone
                                         ? shape.whole
                                         : PacketClass::kError);
      ExpectInside(frame);
      if (expected == ParseError::kNone) {
        EXPECT_EQ(frame->payload_length, payload.size());
        EXPECT_EQ(frame.payload() + payload.substr(frame->payload_captured),
                  payload);
      }
    }
  }
}

// A frame that ends early on the wire, not just in the capture.
TEST(ParserTest, EveryShortFrameOfEveryShapeIsAnError) {
  for (const Shape& shape : Shapes()) {
    const Bytes whole = shape.builder.Build();
    for (size_t length = 0; length < whole.size(); ++length) {
      const ParsedFrame frame({whole.data(), length}, shape.builder.link());
      EXPECT_EQ(frame->packet_class, PacketClass::kError)
          << shape.name << " short at " << length;
      ExpectInside(frame);
    }
    EXPECT_EQ(ParsedFrame(whole, shape.builder.link())->packet_class,
              shape.whole);
  }
}

TEST(ParserTest, NothingOfTheLastPacketRemains) {
  std::vector<PacketBuilder> builders;
  for (const Shape& shape : Shapes()) {
    builders.push_back(shape.builder);
    builders.push_back(PacketBuilder(shape.builder).Snap(shape.link_end));
    builders.push_back(PacketBuilder(shape.builder).EtherType(0x0806));
  }
  PacketStore store;
  const Parser parser(ParserConfig{});
  for (const PacketBuilder& builder : builders) {
    const Packet packet = store.Make(builder);
    ParsedPacket over_ones;
    ParsedPacket fresh;
    std::memset(static_cast<void*>(&over_ones), 0xff, sizeof over_ones);
    parser.ParseOne(packet, over_ones);
    parser.ParseOne(packet, fresh);
    EXPECT_TRUE(over_ones == fresh);
  }
}

// What the short cut for plain segments says of them, the layers say too; and
// it takes no packet that it must not take.
TEST(ParserTest, TheShortCutSaysWhatTheLayersSay) {
  std::mt19937 random(7);
  const std::vector<Shape> shapes = Shapes();
  PacketStore store;
  int tcp = 0;
  for (int round = 0; round < 100'000; ++round) {
    // Mostly the plain shapes, with a byte of the headers changed.
    Bytes bytes = shapes[random() % 4].builder.Build();
    bytes[12 + random() % 42] = static_cast<uint8_t>(random());
    Packet packet = store.Make(bytes);
    if (random() % 4 == 0) packet.length -= random() % packet.length;
    packet.port = 9;
    packet.ip_checksum = static_cast<ChecksumVerdict>(random() % 4);
    packet.l4_checksum = static_cast<ChecksumVerdict>(random() % 4);
    const ParserConfig config{
        .checksum = random() % 2 == 0 ? ChecksumPolicy::kVerify
                                      : ChecksumPolicy::kIgnore,
        .port_in_key = random() % 2 == 0,
    };
    ParsedPacket by_parser;
    ParsedPacket by_layers;
    Parser(config).ParseOne(packet, by_parser);
    WalkLayers(packet, config, by_layers);
    ASSERT_TRUE(by_parser == by_layers) << "round " << round;
    tcp += by_parser.packet_class == PacketClass::kTcp;
  }
  EXPECT_GT(tcp, 20'000);
}

TEST(ParserTest, ABurstIsParsedPacketByPacket) {
  PacketStore store;
  std::vector<Packet> packets;
  for (uint16_t port = 1; port <= 64; ++port) {
    packets.push_back(store.Make(PacketBuilder().Tcp(port, 80)));
  }
  std::vector<ParsedPacket> parsed(packets.size());
  Parser({}).Parse(packets, parsed);
  for (uint16_t i = 0; i < 64; ++i) {
    EXPECT_EQ(parsed[i].packet_class, PacketClass::kTcp);
    EXPECT_EQ(parsed[i].key.port[0], i + 1);
    EXPECT_EQ(parsed[i].ip_header, packets[i].data + 14);
  }
}

TEST(ParserTest, PacketsAreOnlyRead) {
  for (const Shape& shape : Shapes()) {
    const Bytes before = shape.builder.Build();
    const ParsedFrame frame(shape.builder);
    EXPECT_EQ(
        Bytes(frame.packet().bytes().begin(), frame.packet().bytes().end()),
        before);
  }
}

TEST(ParserTest, AWireLengthBelowTheCapturedOneIsNotBelieved) {
  PacketStore store;
  Packet packet = store.Make(PacketBuilder().Payload("hello"));
  packet.wire_length = 20;
  ParsedPacket parsed;
  Parser({}).ParseOne(packet, parsed);
  EXPECT_EQ(parsed.packet_class, PacketClass::kTcp);
  EXPECT_EQ(parsed.payload_length, 5u);
}

TEST(ParserTest, AnyBytesAreReadWithinBounds) {
  std::mt19937 random(6);
  const std::vector<Shape> shapes = Shapes();
  for (int round = 0; round < 100'000; ++round) {
    const Shape& shape = shapes[random() % shapes.size()];
    Bytes bytes = shape.builder.Build();
    for (uint32_t flips = random() % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] = static_cast<uint8_t>(random());
    }
    bytes.resize(random() % (bytes.size() + 1));
    const ParsedFrame frame(
        bytes, shape.builder.link(),
        {.overlong = random() % 2 == 0 ? OverlongPolicy::kRefuse
                                       : OverlongPolicy::kTakeAsCut});
    ExpectInside(frame);
  }
}

}  // namespace
}  // namespace mosaic
