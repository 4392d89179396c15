#include "dataplane/parse/link_layer.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/parse/parsed_frame.h"

namespace mosaic {
namespace {

constexpr LinkType kAllLinks[] = {
    LinkType::kEthernet, LinkType::kNull,      LinkType::kLoop,
    LinkType::kRawIp,    LinkType::kLinuxSll,  LinkType::kLinuxSll2,
    LinkType::kPpp,      LinkType::kCiscoHdlc,
};

PacketBuilder Hello() { return PacketBuilder().Payload("hello"); }
PacketBuilder Hello6() { return Hello().Ipv6("2001:db8::1", "2001:db8::2"); }

// The frame of `builder` with another link-layer header: `header` in place of
// the first `length` bytes.
std::vector<uint8_t> WithHeader(std::vector<uint8_t> header,
                                const PacketBuilder& builder, size_t length) {
  const std::vector<uint8_t> frame = builder.Build();
  header.insert(header.end(), frame.begin() + length, frame.end());
  return header;
}

TEST(LinkLayerTest, EveryLinkTypeLeadsToTcpOverIpv4AndIpv6) {
  for (const LinkType link : kAllLinks) {
    const ParsedFrame v4(Hello().Link(link));
    EXPECT_EQ(v4->packet_class, PacketClass::kTcp) << int(link);
    EXPECT_EQ(v4->key.ip_version, 4) << int(link);
    EXPECT_EQ(v4.payload(), "hello") << int(link);

    const ParsedFrame v6(Hello6().Link(link));
    EXPECT_EQ(v6->packet_class, PacketClass::kTcp) << int(link);
    EXPECT_EQ(v6->key.ip_version, 6) << int(link);
    EXPECT_EQ(v6.payload(), "hello") << int(link);
  }
}

TEST(LinkLayerTest, OtherEtherTypesAreNotIp) {
  for (const uint16_t type : {0x0806, 0x88cc, 0x8847, 0x8864, 0x0600}) {
    const ParsedFrame frame(Hello().EtherType(type));
    EXPECT_EQ(frame->packet_class, PacketClass::kNotIp) << type;
    EXPECT_EQ(frame->error, ParseError::kNone);
    EXPECT_EQ(frame->ip_header, nullptr);
    EXPECT_EQ(frame->payload, nullptr);
  }
}

TEST(LinkLayerTest, NoTagMeansNoVlan) {
  const ParsedFrame frame(Hello());
  EXPECT_EQ(frame->vlan_count, 0);
  EXPECT_EQ(frame->vlan_id[0], 0);
  EXPECT_EQ(frame->vlan_id[1], 0);
}

TEST(LinkLayerTest, EachTagTypeIsWalked) {
  for (const uint16_t tag_type : {0x8100, 0x88a8, 0x9100, 0x9200}) {
    const ParsedFrame frame(Hello().Vlan(0xfff, tag_type));
    EXPECT_EQ(frame->packet_class, PacketClass::kTcp) << tag_type;
    EXPECT_EQ(frame->vlan_count, 1);
    EXPECT_EQ(frame->vlan_id[0], 0xfff);
    EXPECT_EQ(frame->vlan_id[1], 0);
  }
}

TEST(LinkLayerTest, PriorityBitsAreNotPartOfTheVlanId) {
  const ParsedFrame frame(Hello().Vlan(0xf00a));
  EXPECT_EQ(frame->vlan_id[0], 0x00a);
}

TEST(LinkLayerTest, OfStackedTagsTheTwoOutermostAreRemembered) {
  const ParsedFrame frame(
      Hello6().Vlan(10, 0x88a8).Vlan(20).Vlan(30).Vlan(40, 0x9100));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame->vlan_count, 4);
  EXPECT_EQ(frame->vlan_id[0], 10);
  EXPECT_EQ(frame->vlan_id[1], 20);
  EXPECT_EQ(frame.payload(), "hello");
}

TEST(LinkLayerTest, OneTagMoreThanTheLimitIsUnsupported) {
  PacketBuilder builder = Hello();
  for (int i = 0; i < kMaxVlanTags; ++i) builder.Vlan(7);
  EXPECT_EQ(ParsedFrame(builder)->packet_class, PacketClass::kTcp);
  const ParsedFrame frame(builder.Vlan(7));
  EXPECT_EQ(frame->packet_class, PacketClass::kError);
  EXPECT_EQ(frame->error, ParseError::kLinkUnsupported);
}

TEST(LinkLayerTest, LlcWithSnapLeadsToIp) {
  EXPECT_EQ(ParsedFrame(Hello().LlcSnap()).payload(), "hello");
  EXPECT_EQ(ParsedFrame(Hello6().LlcSnap().Padding(9)).payload(), "hello");
  EXPECT_EQ(ParsedFrame(Hello().Vlan(3).LlcSnap()).payload(), "hello");
}

TEST(LinkLayerTest, SnapOfOldBridgesLeadsToIp) {
  std::vector<uint8_t> frame = Hello().LlcSnap().Build();
  frame[19] = 0xf8;
  EXPECT_EQ(ParsedFrame(frame, LinkType::kEthernet).payload(), "hello");
  frame[18] = 0x01;  // Another organisation's protocols.
  EXPECT_EQ(ParsedFrame(frame, LinkType::kEthernet)->packet_class,
            PacketClass::kNotIp);
}

TEST(LinkLayerTest, OtherLlcIsNotIp) {
  std::vector<uint8_t> spanning_tree(60, 0);
  spanning_tree[13] = 38;
  spanning_tree[14] = spanning_tree[15] = 0x42;
  spanning_tree[16] = 0x03;
  EXPECT_EQ(ParsedFrame(spanning_tree, LinkType::kEthernet)->packet_class,
            PacketClass::kNotIp);
}

TEST(LinkLayerTest, An8023LengthBeyondTheFrameIsBoundedByIt) {
  std::vector<uint8_t> frame = Hello().LlcSnap().Build();
  frame[12] = 0x05;
  frame[13] = 0xdc;
  EXPECT_EQ(ParsedFrame(frame, LinkType::kEthernet).payload(), "hello");
}

TEST(LinkLayerTest, AnIpDatagramBeyondThe8023LengthIsALie) {
  std::vector<uint8_t> frame = Hello().LlcSnap().Build();
  frame[13] -= 1;
  EXPECT_EQ(ParsedFrame(frame, LinkType::kEthernet)->error,
            ParseError::kIpTotalLength);
}

TEST(LinkLayerTest, AddressFamiliesOfEachSystemAreKnownInEitherOrder) {
  const PacketBuilder v4 = Hello().Link(LinkType::kNull);
  const PacketBuilder v6 = Hello6().Link(LinkType::kNull);
  for (const LinkType link : {LinkType::kNull, LinkType::kLoop}) {
    for (const uint8_t family : {10, 24, 28, 30}) {
      EXPECT_EQ(
          ParsedFrame(WithHeader({family, 0, 0, 0}, v6, 4), link).payload(),
          "hello");
      EXPECT_EQ(
          ParsedFrame(WithHeader({0, 0, 0, family}, v6, 4), link).payload(),
          "hello");
    }
    EXPECT_EQ(ParsedFrame(WithHeader({2, 0, 0, 0}, v4, 4), link).payload(),
              "hello");
    EXPECT_EQ(ParsedFrame(WithHeader({0, 0, 0, 2}, v4, 4), link).payload(),
              "hello");
    EXPECT_EQ(ParsedFrame(WithHeader({0, 0, 0, 7}, v4, 4), link)->packet_class,
              PacketClass::kNotIp);
  }
}

TEST(LinkLayerTest, RawIpGoesByTheVersionField) {
  const std::vector<uint8_t> neither = {0x55, 0, 0, 0};
  EXPECT_EQ(ParsedFrame(neither, LinkType::kRawIp)->error,
            ParseError::kIpVersion);
  EXPECT_EQ(ParsedFrame({}, LinkType::kRawIp)->error, ParseError::kIpTruncated);
}

TEST(LinkLayerTest, CookedCapturesMayHoldTagsAndLlc) {
  const PacketBuilder plain = Hello().Link(LinkType::kLinuxSll);
  const std::vector<uint8_t> address(14, 0);

  std::vector<uint8_t> tagged = address;
  tagged.insert(tagged.end(), {0x81, 0x00, 0x00, 0x2a, 0x08, 0x00});
  const ParsedFrame vlan(WithHeader(tagged, plain, 16), LinkType::kLinuxSll);
  EXPECT_EQ(vlan.payload(), "hello");
  EXPECT_EQ(vlan->vlan_id[0], 42);

  std::vector<uint8_t> llc = address;
  llc.insert(llc.end(), {0, 4, 0xaa, 0xaa, 3, 0, 0, 0, 0x08, 0x00});
  EXPECT_EQ(
      ParsedFrame(WithHeader(llc, plain, 16), LinkType::kLinuxSll).payload(),
      "hello");

  std::vector<uint8_t> can = address;
  can.insert(can.end(), {0x00, 0x0c});
  EXPECT_EQ(ParsedFrame(WithHeader(can, plain, 16), LinkType::kLinuxSll)
                ->packet_class,
            PacketClass::kNotIp);
}

TEST(LinkLayerTest, PppMayLackFramingAndHalfTheProtocol) {
  const PacketBuilder framed = Hello().Link(LinkType::kPpp);
  for (const std::vector<uint8_t>& header :
       {std::vector<uint8_t>{0xff, 0x03, 0x00, 0x21},
        std::vector<uint8_t>{0x00, 0x21}, std::vector<uint8_t>{0x21},
        std::vector<uint8_t>{0xff, 0x03, 0x21}}) {
    EXPECT_EQ(
        ParsedFrame(WithHeader(header, framed, 4), LinkType::kPpp).payload(),
        "hello")
        << header.size();
  }
  EXPECT_EQ(ParsedFrame(framed.Build(), LinkType::kPpp)->error,
            ParseError::kNone);
  PacketBuilder control = framed;
  EXPECT_EQ(ParsedFrame(control.EtherType(0xc021))->packet_class,
            PacketClass::kNotIp);
}

TEST(LinkLayerTest, AnUnknownLinkTypeIsUnsupported) {
  const ParsedFrame frame(Hello().Build(), static_cast<LinkType>(200));
  EXPECT_EQ(frame->error, ParseError::kLinkUnsupported);
}

TEST(LinkLayerTest, TheTagsOfAPacketInErrorAreKept) {
  const ParsedFrame frame(Hello().Vlan(10).Vlan(20).IpVersion(5));
  EXPECT_EQ(frame->error, ParseError::kIpVersion);
  EXPECT_EQ(frame->vlan_count, 2);
  EXPECT_EQ(frame->vlan_id[0], 10);
  EXPECT_EQ(frame->vlan_id[1], 20);
}

}  // namespace
}  // namespace mosaic
