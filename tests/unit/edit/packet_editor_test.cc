#include "dataplane/edit/packet_editor.h"

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "dataplane/edit/packet_regions.h"
#include "gtest/gtest.h"
#include "tests/support/packet_builder.h"
#include "tests/support/packet_store.h"

namespace mosaic {
namespace {

using Bytes = PacketBuilder::Bytes;

// Answers what a test says.
class FakeGate : public LengthGate {
 public:
  EditResult MayChangeLength(Flow&, const ParsedPacket&, uint32_t, uint32_t,
                             uint32_t& settled) override {
    settled = 0;
    return answer;
  }
  EditResult answer = EditResult::kDone;
};

// RFC 1071 by the letter.
uint16_t NaiveChecksum(const Bytes& bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    sum += i % 2 == 0 ? bytes[i] << 8 : bytes[i];
    sum = (sum & 0xffff) + (sum >> 16);
  }
  return static_cast<uint16_t>(~sum);
}

// Whether IP lengths and all checksums of a frame with a link header of
// `link_bytes` are right, computed from its bytes alone. Behind the datagram
// are at most `padding` bytes.
void ExpectSound(const Packet& packet, size_t link_bytes, size_t padding = 0) {
  const uint8_t* const at = packet.data + link_bytes;
  const size_t told =
      at[0] >> 4 == 4 ? ReadBig16(at + 2) : ReadBig16(at + 4) + size_t{40};
  const size_t there = packet.length - link_bytes;
  ASSERT_LE(told, there);
  ASSERT_LE(there - told, padding);
  const Bytes ip(at, at + told);
  const bool ipv4 = ip[0] >> 4 == 4;
  const size_t header = ipv4 ? (ip[0] & 0xf) * 4u : 40u;
  Bytes pseudo;
  uint8_t protocol;
  size_t l4 = header;
  if (ipv4) {
    EXPECT_EQ(NaiveChecksum(Bytes(ip.begin(), ip.begin() + header)), 0);
    pseudo.assign(ip.begin() + 12, ip.begin() + 20);
    protocol = ip[9];
  } else {
    pseudo.assign(ip.begin() + 8, ip.begin() + 40);
    protocol = ip[6];
    while (protocol != 6 && protocol != 17) {  // Of options, in the tests.
      protocol = ip[l4];
      l4 += (ip[l4 + 1] + 1) * 8u;
    }
  }
  const size_t length = ip.size() - l4;
  pseudo.insert(pseudo.end(), {0, protocol, static_cast<uint8_t>(length >> 8),
                               static_cast<uint8_t>(length)});
  pseudo.insert(pseudo.end(), ip.begin() + l4, ip.end());
  EXPECT_EQ(NaiveChecksum(pseudo), 0);
  if (protocol == 17) {
    EXPECT_EQ(ReadBig16(&ip[l4 + 4]), length);
  }
}

std::span<const uint8_t> BytesOf(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string TextOf(std::span<const uint8_t> bytes) {
  return {bytes.begin(), bytes.end()};
}

class PacketEditorTest : public ::testing::Test {
 protected:
  static constexpr size_t kBuffers = 8;

  ~PacketEditorTest() override {
    editor_.End();
    packet_.Free();
    EXPECT_EQ(store_.held(), 0u);
    EXPECT_EQ(buffers_.lent(), 0u);
  }

  void Take(const PacketBuilder& builder,
            PacketBytes access = PacketBytes::kShared) {
    editor_.End();
    packet_ = store_.Make(builder);
    packet_.access = access;
    Parser(ParserConfig()).ParseOne(packet_, parsed_);
    link_bytes_ = static_cast<size_t>(parsed_.ip_header - packet_.data);
    editor_.Begin(packet_, parsed_);
  }

  EditResult Overwrite(PacketRegion region, size_t offset,
                       std::string_view text,
                       EditStage stage = EditStage::kSender) {
    return editor_.Overwrite(Scope(stage), region, offset, BytesOf(text),
                             ChecksumUpdate::kBoth);
  }
  EditResult Insert(PacketRegion region, size_t offset, std::string_view text,
                    EditStage stage = EditStage::kSender) {
    return editor_.Insert(Scope(stage), region, offset, BytesOf(text),
                          ChecksumUpdate::kBoth);
  }
  EditResult Remove(PacketRegion region, size_t offset, size_t length,
                    EditStage stage = EditStage::kSender) {
    return editor_.Remove(Scope(stage), region, offset, length,
                          ChecksumUpdate::kBoth);
  }
  EditScope Scope(EditStage stage) {
    return {&editor_, reinterpret_cast<Flow*>(&flow_), stage};
  }
  std::string Region(PacketRegion region) {
    return TextOf(RegionOf(packet_, parsed_, region));
  }
  uint64_t Count(EditResult result) const {
    return results_[static_cast<size_t>(result)].Read();
  }

  PacketStore store_;
  PacketBuffers buffers_{kBuffers};
  FakeGate gate_;
  std::array<Counter, kEditResults> results_;
  PacketEditor editor_{buffers_, gate_, results_};
  Packet packet_;
  ParsedPacket parsed_;
  size_t link_bytes_ = 0;
  uint64_t flow_ = 0;  // Its address stands for a flow; nobody looks inside.
};

PacketBuilder Tcp(uint8_t version) {
  PacketBuilder builder;
  version == 4 ? builder.Ipv4("10.0.0.1", "10.0.0.2")
               : builder.Ipv6("fd00::1", "fd00::2");
  return builder.Tcp(1000, 80).Seq(7).Payload("hello, world");
}

TEST_F(PacketEditorTest, PayloadIsOverwrittenInsertedIntoAndRemovedFrom) {
  for (const uint8_t version : {4, 6}) {
    for (const PacketBytes access : {PacketBytes::kShared, PacketBytes::kOwn}) {
      Take(Tcp(version), access);
      EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "J"), EditResult::kDone);
      EXPECT_EQ(Insert(PacketRegion::kPayload, 5, " there"), EditResult::kDone);
      EXPECT_EQ(Region(PacketRegion::kPayload), "Jello there, world");
      ExpectSound(packet_, link_bytes_);
      EXPECT_EQ(Remove(PacketRegion::kPayload, 0, 12), EditResult::kDone);
      EXPECT_EQ(Region(PacketRegion::kPayload), " world");
      EXPECT_EQ(parsed_.payload_length, 6u);
      ExpectSound(packet_, link_bytes_);
    }
  }
}

TEST_F(PacketEditorTest, APayloadGrowsAtBothEndsAndGoesAltogether) {
  Take(Tcp(4));
  EXPECT_EQ(Insert(PacketRegion::kPayload, 0, "<"), EditResult::kDone);
  EXPECT_EQ(Insert(PacketRegion::kPayload, 13, ">"), EditResult::kDone);
  EXPECT_EQ(Region(PacketRegion::kPayload), "<hello, world>");
  EXPECT_EQ(Remove(PacketRegion::kPayload, 0, 14), EditResult::kDone);
  EXPECT_EQ(Region(PacketRegion::kPayload), "");
  ExpectSound(packet_, link_bytes_);
}

TEST_F(PacketEditorTest, BytesThatOthersShareAreNeverWritten) {
  const Bytes before = Tcp(4).Build();
  Bytes trace = before;
  packet_ = Packet();
  packet_.data = trace.data();
  packet_.length = packet_.wire_length = static_cast<uint32_t>(trace.size());
  Parser(ParserConfig()).ParseOne(packet_, parsed_);
  editor_.Begin(packet_, parsed_);
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "x"), EditResult::kDone);
  EXPECT_EQ(Insert(PacketRegion::kPayload, 0, "y"), EditResult::kDone);
  EXPECT_EQ(trace, before);
  EXPECT_EQ(Region(PacketRegion::kPayload), "yxello, world");
}

TEST_F(PacketEditorTest, OwnBytesWithRoomAreChangedWhereTheyAre) {
  Take(Tcp(4).Padding(8), PacketBytes::kOwn);
  const uint8_t* const at = packet_.data;
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "J"), EditResult::kDone);
  EXPECT_EQ(Remove(PacketRegion::kPayload, 5, 7), EditResult::kDone);
  EXPECT_EQ(Insert(PacketRegion::kPayload, 5, "y again"), EditResult::kDone);
  EXPECT_EQ(packet_.data, at);
  EXPECT_EQ(buffers_.lent(), 0u);
  EXPECT_EQ(Region(PacketRegion::kPayload), "Jelloy again");
  ExpectSound(packet_, link_bytes_);
}

TEST_F(PacketEditorTest, WhatIsOutsideARegionIsRefused) {
  Take(Tcp(4));
  const Bytes before(packet_.data, packet_.data + packet_.length);
  constexpr std::array<size_t, 4> kLength = {14, 20, 20, 12};
  for (size_t i = 0; i < kPacketRegions; ++i) {
    const auto region = static_cast<PacketRegion>(i);
    const size_t end = kLength[i];
    for (const size_t offset : {end, end + 1, SIZE_MAX}) {
      EXPECT_EQ(Overwrite(region, offset, "x"), EditResult::kOutOfBounds);
      EXPECT_EQ(Remove(region, offset, 1), EditResult::kOutOfBounds);
    }
    EXPECT_EQ(Insert(region, end + 1, "xxxx"), EditResult::kOutOfBounds);
    EXPECT_EQ(Remove(region, 1, end), EditResult::kOutOfBounds);
    EXPECT_EQ(Remove(region, 1, SIZE_MAX), EditResult::kOutOfBounds);
    EXPECT_EQ(Overwrite(region, 0, ""), EditResult::kOutOfBounds);
    EXPECT_EQ(Remove(region, 0, 0), EditResult::kOutOfBounds);
  }
  EXPECT_EQ(Bytes(packet_.data, packet_.data + packet_.length), before);
  EXPECT_FALSE(editor_.touched());
}

TEST_F(PacketEditorTest, TheLinkHeaderIsOverwrittenButKeepsItsLength) {
  Take(Tcp(4).Vlan(7));
  EXPECT_EQ(Overwrite(PacketRegion::kLinkHeader, 0, "DstMACSrcMAC"),
            EditResult::kDone);
  EXPECT_EQ(Region(PacketRegion::kLinkHeader).substr(0, 12), "DstMACSrcMAC");
  EXPECT_EQ(Insert(PacketRegion::kLinkHeader, 12, "xxxx"),
            EditResult::kFixedLength);
  EXPECT_EQ(Remove(PacketRegion::kLinkHeader, 12, 4), EditResult::kFixedLength);
  // No receiver would find IP behind that.
  EXPECT_EQ(Overwrite(PacketRegion::kLinkHeader, 16, "xx"),
            EditResult::kMalformed);
  ExpectSound(packet_, link_bytes_);
}

TEST_F(PacketEditorTest, AddressesAndPortsChangeWithTheirChecksums) {
  for (const uint8_t version : {4, 6}) {
    Take(Tcp(version));
    const FlowKey key = parsed_.key;
    EXPECT_EQ(Overwrite(PacketRegion::kIpHeader, version == 4 ? 12 : 8,
                        "\x7f\x01\x02\x03"),
              EditResult::kDone);
    EXPECT_EQ(Overwrite(PacketRegion::kTransportHeader, 0, "\x30\x39"),
              EditResult::kDone);
    ExpectSound(packet_, link_bytes_);
    EXPECT_EQ(WrittenSource(parsed_).port, 12345);
    EXPECT_EQ(WrittenSource(parsed_).address[0], 0x7f);
    EXPECT_EQ(parsed_.key, key) << "its flow is that of its arrival";
  }
}

TEST_F(PacketEditorTest, TcpOptionsComeAndGoInWholeWords) {
  for (const uint8_t version : {4, 6}) {
    Take(Tcp(version));
    EXPECT_EQ(Insert(PacketRegion::kTransportHeader, 20, "\x02\x04\x05\xb4"),
              EditResult::kDone);
    EXPECT_EQ(parsed_.tcp_header_length, 24);
    EXPECT_EQ(Region(PacketRegion::kPayload), "hello, world");
    ExpectSound(packet_, link_bytes_);
    EXPECT_EQ(Insert(PacketRegion::kTransportHeader, 20, "xx"),
              EditResult::kMalformed);
    EXPECT_EQ(
        Insert(PacketRegion::kTransportHeader, 24, std::string(36, '\x01')),
        EditResult::kDone);
    EXPECT_EQ(parsed_.tcp_header_length, 60);
    EXPECT_EQ(Insert(PacketRegion::kTransportHeader, 24, "\x01\x01\x01\x01"),
              EditResult::kMalformed);
    EXPECT_EQ(Remove(PacketRegion::kTransportHeader, 20, 40),
              EditResult::kDone);
    EXPECT_EQ(Remove(PacketRegion::kTransportHeader, 16, 4),
              EditResult::kMalformed);
    EXPECT_EQ(Region(PacketRegion::kPayload), "hello, world");
    ExpectSound(packet_, link_bytes_);
  }
}

TEST_F(PacketEditorTest, Ipv4OptionsAndIpv6ExtensionHeadersComeAndGo) {
  Take(Tcp(4));
  EXPECT_EQ(Insert(PacketRegion::kIpHeader, 20, "\x01\x01\x01\x01"),
            EditResult::kDone);
  EXPECT_EQ(Region(PacketRegion::kIpHeader).size(), 24u);
  ExpectSound(packet_, link_bytes_);
  EXPECT_EQ(Insert(PacketRegion::kIpHeader, 20, "\x01"),
            EditResult::kMalformed);
  EXPECT_EQ(Remove(PacketRegion::kIpHeader, 20, 4), EditResult::kDone);
  EXPECT_EQ(Remove(PacketRegion::kIpHeader, 0, 4), EditResult::kMalformed);
  ExpectSound(packet_, link_bytes_);

  Take(Tcp(6).ExtensionHeader(60, Bytes(6)));
  EXPECT_EQ(Insert(PacketRegion::kIpHeader, 40, std::string(8, '\xfd')),
            EditResult::kMalformed)
      << "the chain does not lead to TCP";
  const std::string option =
      std::string("\x3c\x00\x01\x04", 4) + std::string(4, '\0');
  EXPECT_EQ(Insert(PacketRegion::kIpHeader, 40, option), EditResult::kDone);
  EXPECT_EQ(Region(PacketRegion::kIpHeader).size(), 56u);
  ExpectSound(packet_, link_bytes_);
  EXPECT_EQ(Remove(PacketRegion::kIpHeader, 40, 8), EditResult::kDone);
  ExpectSound(packet_, link_bytes_);
}

TEST_F(PacketEditorTest, HeadersThatNobodyCouldReadNeverReachThePacket) {
  Take(Tcp(4));
  const Bytes before(packet_.data, packet_.data + packet_.length);
  const auto at = [this](PacketRegion region, size_t offset,
                         std::string_view text) {
    EXPECT_EQ(Overwrite(region, offset, text), EditResult::kMalformed);
  };
  at(PacketRegion::kIpHeader, 0, "\x65");  // Version 6.
  at(PacketRegion::kIpHeader, 0, "\x46");  // IHL.
  at(PacketRegion::kIpHeader, 2, std::string_view("\x00\x30", 2));  // Length.
  at(PacketRegion::kIpHeader, 6, std::string_view("\x20\x00", 2));  // Fragment.
  at(PacketRegion::kIpHeader, 9, "\x11");                           // UDP.
  at(PacketRegion::kTransportHeader, 12, "\x60");  // Data offset.
  at(PacketRegion::kTransportHeader, 12, "\x40");
  EXPECT_EQ(Bytes(packet_.data, packet_.data + packet_.length), before);
}

TEST_F(PacketEditorTest, UdpPayloadsChangeWithTheirLengths) {
  for (const uint8_t version : {4, 6}) {
    PacketBuilder builder = Tcp(version).Udp(1000, 53);
    Take(builder);
    EXPECT_EQ(Insert(PacketRegion::kPayload, 5, " there", EditStage::kReceiver),
              EditResult::kDone);
    EXPECT_EQ(Region(PacketRegion::kPayload), "hello there, world");
    ExpectSound(packet_, link_bytes_);
    EXPECT_EQ(Remove(PacketRegion::kPayload, 0, 18), EditResult::kDone);
    ExpectSound(packet_, link_bytes_);
    EXPECT_EQ(Insert(PacketRegion::kTransportHeader, 8, "xxxx"),
              EditResult::kMalformed);
  }
  Take(Tcp(4).Udp(1000, 53).L4Checksum(0));
  EXPECT_EQ(Insert(PacketRegion::kPayload, 0, "x"), EditResult::kDone);
  EXPECT_EQ(ReadBig16(parsed_.l4_header + 6), 0) << "still none";
}

TEST_F(PacketEditorTest, ChecksumsAreLeftAloneWhenAskedTo) {
  Take(Tcp(4));
  const uint16_t ip = ReadBig16(parsed_.ip_header + 10);
  const uint16_t tcp = ReadBig16(parsed_.l4_header + 16);
  const auto insert = [this](ChecksumUpdate update) {
    return editor_.Insert(Scope(EditStage::kSender), PacketRegion::kPayload, 0,
                          BytesOf("xy"), update);
  };
  EXPECT_EQ(insert(ChecksumUpdate::kNone), EditResult::kDone);
  EXPECT_EQ(ReadBig16(parsed_.ip_header + 10), ip);
  EXPECT_EQ(ReadBig16(parsed_.l4_header + 16), tcp);
  EXPECT_EQ(insert(ChecksumUpdate::kIp), EditResult::kDone);
  EXPECT_NE(ReadBig16(parsed_.ip_header + 10), ip);
  EXPECT_EQ(ReadBig16(parsed_.l4_header + 16), tcp);
  EXPECT_EQ(insert(ChecksumUpdate::kBoth), EditResult::kDone);
  ExpectSound(packet_, link_bytes_);
}

TEST_F(PacketEditorTest, PacketsThatCannotBeEditedSayWhy) {
  Take(Tcp(4).BadL4Checksum());
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "x"),
            EditResult::kBadChecksum);
  Take(Tcp(4).Snap(58));
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "x"), EditResult::kCut);
  Take(Tcp(4).Fragment(1, 0, true));
  EXPECT_EQ(Overwrite(PacketRegion::kIpHeader, 8, "x"),
            EditResult::kReassembled);
  Take(Tcp(4));
  parsed_.tunnels = 1;
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "x"), EditResult::kTunnelled);
  Take(Tcp(4).LlcSnap());
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "x"), EditResult::kDone);
  EXPECT_EQ(Insert(PacketRegion::kPayload, 0, "x"), EditResult::kTunnelled)
      << "802.3 has a length of its own";
  Take(Tcp(4).IpOptions({131, 7, 4, 10, 0, 0, 9, 0}));
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "x"),
            EditResult::kSourceRouted);
  Take(Tcp(4).NoTransport().Protocol(99));
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "x"), EditResult::kNoRegion);
  EXPECT_EQ(Overwrite(PacketRegion::kIpHeader, 8, "x"), EditResult::kDone);
  Take(Tcp(4).Payload(""));
  EXPECT_EQ(Insert(PacketRegion::kPayload, 0, "x"), EditResult::kEmptySegment);
  editor_.End();
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "x"),
            EditResult::kNotEditable);
}

TEST_F(PacketEditorTest, TheGateAndTheStageDecideAboutTcpLengths) {
  Take(Tcp(4));
  for (const EditStage stage :
       {EditStage::kRaw, EditStage::kReceiver, EditStage::kStream}) {
    EXPECT_EQ(Insert(PacketRegion::kPayload, 0, "x", stage),
              EditResult::kTooLate);
    EXPECT_EQ(Remove(PacketRegion::kPayload, 0, 1, stage),
              EditResult::kTooLate);
    EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "H", stage),
              EditResult::kDone);
  }
  gate_.answer = EditResult::kRemapFull;
  EXPECT_EQ(Insert(PacketRegion::kPayload, 0, "x"), EditResult::kRemapFull);
  EXPECT_EQ(Region(PacketRegion::kPayload), "Hello, world");
  EXPECT_EQ(Count(EditResult::kTooLate), 6u);
  EXPECT_EQ(Count(EditResult::kDone), 3u);
}

TEST_F(PacketEditorTest, WhatReadersAreOfferedDoesNotChangeUnderThem) {
  Take(Tcp(4), PacketBytes::kOwn);
  const std::span<const uint8_t> offered =
      RegionOf(packet_, parsed_, PacketRegion::kPayload);
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "J", EditStage::kStream),
            EditResult::kDone);
  EXPECT_EQ(TextOf(offered), "hello, world");
  EXPECT_EQ(Region(PacketRegion::kPayload), "Jello, world");
  ExpectSound(packet_, link_bytes_);
}

TEST_F(PacketEditorTest, ADatagramIsAsLongAsItsLengthFieldCanSay) {
  Take(Tcp(4).Udp(1, 2).Payload(Bytes(1000)));
  const size_t most = 65'535 - 20 - 8 - 1000;
  EXPECT_EQ(Insert(PacketRegion::kPayload, 0, std::string(most + 1, 'x')),
            EditResult::kTooLong);
  EXPECT_EQ(Insert(PacketRegion::kPayload, 0, std::string(most, 'x')),
            EditResult::kDone);
  EXPECT_EQ(packet_.length, 14u + 65'535u);
  ExpectSound(packet_, link_bytes_);
}

TEST_F(PacketEditorTest, WhenAllBuffersAreLentPacketsStayAsTheyAre) {
  std::vector<Packet> holders(kBuffers);
  for (Packet& holder : holders) ASSERT_TRUE(buffers_.Give(holder, 100));
  Take(Tcp(4));
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "x"), EditResult::kNoBuffer);
  EXPECT_EQ(Region(PacketRegion::kPayload), "hello, world");
  holders.pop_back();
  EXPECT_EQ(Overwrite(PacketRegion::kPayload, 0, "x"), EditResult::kDone);
  EXPECT_EQ(buffers_.lent(), kBuffers);
}

TEST_F(PacketEditorTest, EditsInSoManyPlacesThatNobodyKeepsTrackAreRefused) {
  Take(Tcp(4).Payload(Bytes(400, 'a')));
  size_t done = 0;
  EditResult result = EditResult::kDone;
  for (; done < 100; ++done) {
    result = Insert(PacketRegion::kPayload, done * 3 + 1, "x");
    if (result != EditResult::kDone) break;
  }
  EXPECT_EQ(result, EditResult::kRemapFull);
  EXPECT_GE(done, PayloadMap::kMaxPieces / 2 - 3);
  ExpectSound(packet_, link_bytes_);
}

// Against a vector of bytes that the same is done to.
TEST_F(PacketEditorTest, RandomEditsOfPayloadsAgreeWithAVectorOfBytes) {
  std::mt19937 random(7);
  const auto below = [&random](size_t n) { return random() % n; };
  for (int round = 0; round < 3000; ++round) {
    PacketBuilder builder = Tcp(below(2) == 0 ? 4 : 6);
    if (below(4) == 0) builder.Udp(1, 2);
    if (below(4) == 0) builder.Vlan(5);
    if (below(3) == 0) builder.Padding(below(20));
    Bytes model(1 + below(1400));
    for (uint8_t& byte : model) byte = static_cast<uint8_t>(random());
    Take(builder.Payload(model),
         below(2) == 0 ? PacketBytes::kOwn : PacketBytes::kShared);
    for (int i = 0; i < 6 && !model.empty(); ++i) {
      const size_t at = below(model.size() + 1);
      const size_t most = model.size() - at;
      std::string bytes(1 + below(60), static_cast<char>(random()));
      EditResult result = EditResult::kDone;
      switch (below(3)) {
        case 0:
          result = Insert(PacketRegion::kPayload, at, bytes);
          model.insert(model.begin() + at, bytes.begin(), bytes.end());
          break;
        case 1:
          if (most == 0) continue;
          bytes.resize(1 + below(std::min<size_t>(most, 60)));
          result = Overwrite(PacketRegion::kPayload, at, bytes);
          std::copy(bytes.begin(), bytes.end(), model.begin() + at);
          break;
        default:
          if (most == 0) continue;
          const size_t length = 1 + below(most);
          result = Remove(PacketRegion::kPayload, at, length);
          model.erase(model.begin() + at, model.begin() + at + length);
      }
      ASSERT_EQ(result, EditResult::kDone) << Name(result);
    }
    const auto payload = RegionOf(packet_, parsed_, PacketRegion::kPayload);
    ASSERT_EQ(Bytes(payload.begin(), payload.end()), model);
    ExpectSound(packet_, link_bytes_, 20);
    ParsedPacket again;
    Parser(ParserConfig()).ParseOne(packet_, again);
    ASSERT_NE(again.packet_class, PacketClass::kError);
    ASSERT_EQ(again.payload_length, model.size());
  }
}

}  // namespace
}  // namespace mosaic
