#include "dataplane/parse/transport.h"

#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/parse/parsed_frame.h"

namespace mosaic {
namespace {

using Bytes = std::vector<uint8_t>;

PacketBuilder Hello() { return PacketBuilder().Payload("hello"); }
PacketBuilder Hello6() { return Hello().Ipv6("2001:db8::1", "2001:db8::2"); }

TEST(TransportTest, EveryFieldOfTcpIsRead) {
  const ParsedFrame frame(Hello()
                              .Tcp(1234, 80)
                              .Seq(0xfedcba98)
                              .Ack(0x12345678)
                              .Flags(tcp_flag::kPsh | tcp_flag::kAck)
                              .Window(4321)
                              .Urgent(99)
                              .TcpOptions(Bytes(12, 1)));
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame->seq, SeqNum(0xfedcba98));
  EXPECT_EQ(frame->ack, SeqNum(0x12345678));
  EXPECT_EQ(frame->tcp_flags, tcp_flag::kPsh | tcp_flag::kAck);
  EXPECT_TRUE(frame->Has(tcp_flag::kPsh));
  EXPECT_FALSE(frame->Has(tcp_flag::kSyn));
  EXPECT_EQ(frame->window, 4321);
  EXPECT_EQ(frame->urgent, 99);
  EXPECT_EQ(frame->tcp_header_length, 32);
  EXPECT_EQ(frame->tcp_options().size(), 12u);
  EXPECT_EQ(frame->tcp_options().data(), frame->l4_header + 20);
  EXPECT_EQ(frame.payload(), "hello");
}

TEST(TransportTest, OptionsThatLookLikePayloadAreNotPayload) {
  Bytes options;
  for (const char c : std::string("GET /evil HTTP/1.1\r\n")) {
    options.push_back(static_cast<uint8_t>(c));
  }
  const ParsedFrame frame(Hello().TcpOptions(options));
  EXPECT_EQ(frame->tcp_header_length, 40);
  EXPECT_EQ(frame.payload(), "hello");
}

TEST(TransportTest, ReservedTcpBitsAreMarkedAndPassed) {
  EXPECT_EQ(ParsedFrame(Hello())->anomalies, 0);
  for (const uint8_t bit : {1, 2, 4, 8}) {
    const ParsedFrame frame(Hello().TcpReservedBits(bit));
    EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
    EXPECT_EQ(frame->anomalies, parse_anomaly::kTcpReservedBits);
    EXPECT_EQ(frame->tcp_header_length, 20);
  }
}

TEST(TransportTest, ATcpHeaderMustFitItsSegment) {
  for (const uint8_t words : {0, 1, 4}) {
    EXPECT_EQ(ParsedFrame(Hello().TcpHeaderWords(words))->error,
              ParseError::kTcpDataOffset)
        << int(words);
  }
  const PacketBuilder four_bytes = PacketBuilder().Payload("four");
  EXPECT_EQ(
      ParsedFrame(PacketBuilder(four_bytes).TcpHeaderWords(6))->packet_class,
      PacketClass::kTcp);
  EXPECT_EQ(ParsedFrame(PacketBuilder(four_bytes).TcpHeaderWords(7))->error,
            ParseError::kTcpDataOffset);
  EXPECT_EQ(ParsedFrame(PacketBuilder(four_bytes).TcpHeaderWords(7).Padding(9))
                ->error,
            ParseError::kTcpDataOffset);
}

TEST(TransportTest, ATcpHeaderWhoseOptionsAreCutIsTruncated) {
  const PacketBuilder builder = Hello().TcpOptions(Bytes(8, 1));
  EXPECT_EQ(ParsedFrame(PacketBuilder(builder).Snap(61))->error,
            ParseError::kL4Truncated);
  EXPECT_EQ(ParsedFrame(PacketBuilder(builder).Snap(62))->packet_class,
            PacketClass::kTcp);
}

TEST(TransportTest, TheUdpLengthBoundsThePayload) {
  const ParsedFrame whole(Hello().Udp(53, 5353));
  EXPECT_EQ(whole->packet_class, PacketClass::kUdp);
  EXPECT_EQ(whole->key.protocol, 17);
  EXPECT_EQ(whole->l4_header, whole.packet().data + 34);
  EXPECT_EQ(whole.payload(), "hello");

  const ParserConfig ignore{.checksum = ChecksumPolicy::kIgnore};
  const ParsedFrame tail(Hello().Udp(53, 5353).UdpLength(10), ignore);
  EXPECT_EQ(tail.payload(), "he");
  EXPECT_EQ(tail->payload_length, 2u);
  const ParsedFrame empty(Hello().Udp(53, 5353).UdpLength(8), ignore);
  EXPECT_EQ(empty->packet_class, PacketClass::kUdp);
  EXPECT_EQ(empty->payload_length, 0u);
}

TEST(TransportTest, AUdpLengthThatCannotBeIsAnError) {
  for (const uint16_t length : {0, 1, 7, 14, 65535}) {
    EXPECT_EQ(ParsedFrame(Hello().Udp(1, 2).UdpLength(length))->error,
              ParseError::kUdpLength)
        << length;
    EXPECT_EQ(ParsedFrame(Hello6().Udp(1, 2).UdpLength(length))->error,
              ParseError::kUdpLength)
        << length;
  }
}

TEST(TransportTest, ACutUdpDatagramDeclaresMoreThanItHolds) {
  const ParsedFrame frame(Hello().Udp(1, 2).Snap(44));
  EXPECT_EQ(frame.payload(), "he");
  EXPECT_EQ(frame->payload_length, 5u);
}

TEST(TransportTest, AnIcmpMessageIsThePayloadOfIp) {
  const ParsedFrame v4(Hello().Icmp(8, 0));
  EXPECT_EQ(v4->packet_class, PacketClass::kIcmp);
  EXPECT_EQ(v4->key.protocol, 1);
  EXPECT_EQ(v4->key.port[0], 0);
  EXPECT_EQ(v4->payload, v4->l4_header);
  EXPECT_EQ(v4->payload_length, 13u);
  const ParsedFrame v6(Hello6().Icmp(128, 0));
  EXPECT_EQ(v6->packet_class, PacketClass::kIcmp);
  EXPECT_EQ(v6->key.protocol, 58);
  EXPECT_EQ(v6->payload_length, 13u);
}

TEST(TransportTest, TheOtherFamilysIcmpIsAnotherProtocol) {
  EXPECT_EQ(ParsedFrame(Hello().Icmp(8, 0).Protocol(58))->packet_class,
            PacketClass::kOtherIp);
  EXPECT_EQ(ParsedFrame(Hello6().Icmp(8, 0).Protocol(1))->packet_class,
            PacketClass::kOtherIp);
}

TEST(TransportTest, SoftwareTellsGoodFromBadForEachProtocol) {
  const PacketBuilder messages[] = {
      Hello().Tcp(1, 2),         Hello6().Tcp(1, 2),
      Hello().Udp(1, 2),         Hello6().Udp(1, 2),
      Hello().Icmp(8, 0),        Hello6().Icmp(128, 0),
      Hello().Tcp(1, 2).Vlan(5), PacketBuilder().Payload(Bytes(1501, 0xab)),
  };
  for (PacketBuilder message : messages) {
    EXPECT_EQ(ParsedFrame(message)->l4_checksum, L4Checksum::kGoodSoftware);
    EXPECT_EQ(ParsedFrame(message.BadL4Checksum())->l4_checksum,
              L4Checksum::kBad);
  }
}

TEST(TransportTest, ABadTransportChecksumIsAMarkNotAnError) {
  const ParsedFrame frame(Hello().BadL4Checksum());
  EXPECT_EQ(frame->packet_class, PacketClass::kTcp);
  EXPECT_EQ(frame->error, ParseError::kNone);
  EXPECT_EQ(frame.payload(), "hello");
}

TEST(TransportTest, UdpWithoutChecksumIsFineOverIpv4AndBadOverIpv6) {
  EXPECT_EQ(ParsedFrame(Hello().Udp(1, 2).L4Checksum(0))->l4_checksum,
            L4Checksum::kUnchecked);
  EXPECT_EQ(ParsedFrame(Hello6().Udp(1, 2).L4Checksum(0))->l4_checksum,
            L4Checksum::kBad);
}

// Some devices call a UDP checksum of 0 bad; it is none.
TEST(TransportTest, TheDeviceIsNotAskedAboutUdpWithoutChecksum) {
  ParsedFrame frame(Hello().Udp(1, 2).L4Checksum(0));
  frame.ParseWith(ChecksumVerdict::kGood, ChecksumVerdict::kBad, {});
  EXPECT_EQ(frame->l4_checksum, L4Checksum::kUnchecked);
}

TEST(TransportTest, AUdpChecksumThatComesOutAsZeroIsSentAsOnes) {
  // Find a payload whose checksum the builder had to invert.
  for (uint32_t i = 0; i < 0x10000; ++i) {
    const PacketBuilder builder = PacketBuilder().Udp(1, 2).Payload(
        {static_cast<uint8_t>(i >> 8), static_cast<uint8_t>(i)});
    const Bytes bytes = builder.Build();
    if (bytes[40] != 0xff || bytes[41] != 0xff) continue;
    EXPECT_EQ(ParsedFrame(builder)->l4_checksum, L4Checksum::kGoodSoftware);
    return;
  }
  FAIL() << "no such payload";
}

// Rows: what the device says. Columns: what the packet is.
TEST(TransportTest, TheDevicesVerdictComesBeforeSoftware) {
  const struct {
    ChecksumVerdict device;
    L4Checksum good_packet;
    L4Checksum bad_packet;
    L4Checksum cut_packet;
  } table[] = {
      {ChecksumVerdict::kUnknown, L4Checksum::kGoodSoftware, L4Checksum::kBad,
       L4Checksum::kUnchecked},
      {ChecksumVerdict::kNone, L4Checksum::kGoodSoftware, L4Checksum::kBad,
       L4Checksum::kUnchecked},
      {ChecksumVerdict::kGood, L4Checksum::kGoodOffload,
       L4Checksum::kGoodOffload, L4Checksum::kGoodOffload},
      {ChecksumVerdict::kBad, L4Checksum::kBad, L4Checksum::kBad,
       L4Checksum::kBad},
  };
  const ParserConfig verify{.checksum = ChecksumPolicy::kVerify};
  const ParserConfig ignore{.checksum = ChecksumPolicy::kIgnore};
  for (const PacketBuilder& base :
       {Hello(), Hello6(), Hello().Udp(1, 2), Hello6().Icmp(128, 0)}) {
    ParsedFrame good(base);
    ParsedFrame bad(PacketBuilder(base).BadL4Checksum());
    ParsedFrame cut(PacketBuilder(base).Snap(base.wire_length() - 1));
    for (const auto& row : table) {
      for (ParsedFrame* frame : {&good, &bad, &cut}) {
        frame->ParseWith(ChecksumVerdict::kUnknown, row.device, ignore);
        EXPECT_EQ((*frame)->l4_checksum, L4Checksum::kUnchecked);
        frame->ParseWith(ChecksumVerdict::kUnknown, row.device, verify);
      }
      EXPECT_EQ(good->l4_checksum, row.good_packet) << int(row.device);
      EXPECT_EQ(bad->l4_checksum, row.bad_packet) << int(row.device);
      EXPECT_EQ(cut->l4_checksum, row.cut_packet) << int(row.device);
    }
  }
}

TEST(TransportTest, TheDevicesVerdictOnTheIpHeaderComesBeforeSoftware) {
  const struct {
    ChecksumVerdict device;
    ParseError good_packet;
    ParseError bad_packet;
  } table[] = {
      {ChecksumVerdict::kUnknown, ParseError::kNone, ParseError::kIpChecksum},
      {ChecksumVerdict::kNone, ParseError::kNone, ParseError::kIpChecksum},
      {ChecksumVerdict::kGood, ParseError::kNone, ParseError::kNone},
      {ChecksumVerdict::kBad, ParseError::kIpChecksum, ParseError::kIpChecksum},
  };
  ParsedFrame good(Hello());
  ParsedFrame bad(Hello().BadIpChecksum());
  for (const auto& row : table) {
    for (ParsedFrame* frame : {&good, &bad}) {
      frame->ParseWith(row.device, ChecksumVerdict::kUnknown,
                       {.checksum = ChecksumPolicy::kIgnore});
      EXPECT_EQ((*frame)->error, ParseError::kNone);
      frame->ParseWith(row.device, ChecksumVerdict::kUnknown, {});
    }
    EXPECT_EQ(good->error, row.good_packet) << int(row.device);
    EXPECT_EQ(bad->error, row.bad_packet) << int(row.device);
  }
}

}  // namespace
}  // namespace mosaic
