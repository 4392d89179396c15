#include "dataplane/io/capture_reader.h"

#include <pcap/pcap.h>

#include <string>
#include <vector>

#include "dataplane/io/capture_format.h"
#include "dataplane/io/pcapng_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/capture_builder.h"
#include "tests/support/temporary_file.h"

namespace mosaic {
namespace {

using mosaic::testing::FileBytes;
using mosaic::testing::FileOrder;
using mosaic::testing::FileUnit;
using mosaic::testing::PcapBuilder;
using mosaic::testing::PcapngBuilder;
using mosaic::testing::TemporaryFile;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kNoon = 1'700'000'000'123'456'789;
constexpr int64_t kSecond = 1'000'000'000;

struct ReadResult {
  std::vector<std::string> packets;
  std::vector<int64_t> nanos;
  std::vector<uint32_t> wire_lengths;
  std::vector<LinkType> links;
  absl::Status status;
  std::string warning;
};

// Everything that a reader over these bytes gives.
ReadResult ReadAll(std::span<const uint8_t> bytes) {
  ReadResult result;
  auto reader = CaptureReader::OpenMemory(bytes, "test.pcap");
  if (!reader.ok()) {
    result.status = reader.status();
    return result;
  }
  CaptureRecord record;
  while ((*reader)->Next(record) == CaptureReader::Outcome::kRecord) {
    result.packets.emplace_back(record.bytes.begin(), record.bytes.end());
    result.nanos.push_back(record.time.nanos());
    result.wire_lengths.push_back(record.wire_length);
    result.links.push_back(record.link);
  }
  EXPECT_EQ((*reader)->packets(), result.packets.size());
  result.status = (*reader)->status();
  result.warning = (*reader)->warning();
  // The end is final.
  EXPECT_EQ((*reader)->Next(record), result.status.ok()
                                         ? CaptureReader::Outcome::kEnd
                                         : CaptureReader::Outcome::kError);
  return result;
}

std::string ErrorOf(const FileBytes& bytes) {
  return std::string(ReadAll(bytes).status.message());
}

TEST(CaptureReaderTest, ReadsPcapInBothByteOrdersAndUnits) {
  for (const FileOrder order : {FileOrder::kLittle, FileOrder::kBig}) {
    for (const FileUnit unit :
         {FileUnit::kMicroseconds, FileUnit::kNanoseconds}) {
      PcapBuilder file(order, unit);
      file.Packet(kNoon, "first").Packet(kNoon + kSecond, "second", 1500);

      const ReadResult read = ReadAll(file.bytes());

      EXPECT_TRUE(read.status.ok()) << read.status;
      EXPECT_THAT(read.packets, ElementsAre("first", "second"));
      EXPECT_THAT(read.wire_lengths, ElementsAre(5u, 1500u));
      const int64_t lost = unit == FileUnit::kMicroseconds ? kNoon % 1000 : 0;
      EXPECT_THAT(read.nanos,
                  ElementsAre(kNoon - lost, kNoon - lost + kSecond));
    }
  }
}

TEST(CaptureReaderTest, ReadsPcapngInBothByteOrders) {
  for (const FileOrder order : {FileOrder::kLittle, FileOrder::kBig}) {
    PcapngBuilder file(order);
    file.Interface(1)
        .Packet(0, kNoon / 1000, "first")
        .Packet(0, kNoon / 1000 + 1, "second", 1500);

    const ReadResult read = ReadAll(file.bytes());

    EXPECT_TRUE(read.status.ok()) << read.status;
    EXPECT_THAT(read.packets, ElementsAre("first", "second"));
    EXPECT_THAT(read.wire_lengths, ElementsAre(5u, 1500u));
    EXPECT_THAT(read.nanos,
                ElementsAre(kNoon / 1000 * 1000, kNoon / 1000 * 1000 + 1000));
  }
}

TEST(CaptureReaderTest, InterfacesOfOneFileMayDifferInAll) {
  PcapngBuilder file;
  file.Interface(1, 96)
      .InterfaceWithTime(113, 9)
      .InterfaceWithTime(101, 0x80 | 20, 100)
      .Packet(1, kNoon, "cooked")
      .Packet(0, kNoon / 1000, "ethernet")
      .Packet(2, 5 << 20 | 1 << 19, "raw");

  const ReadResult read = ReadAll(file.bytes());

  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_THAT(read.links, ElementsAre(LinkType::kLinuxSll, LinkType::kEthernet,
                                      LinkType::kRawIp));
  EXPECT_THAT(read.nanos, ElementsAre(kNoon, kNoon / 1000 * 1000,
                                      105 * kSecond + kSecond / 2));
}

TEST(CaptureReaderTest, UnitsFromSecondsToBelowNanosecondsAreUnderstood) {
  PcapngBuilder file;
  file.InterfaceWithTime(1, 0)
      .InterfaceWithTime(1, 3)
      .InterfaceWithTime(1, 12)
      .InterfaceWithTime(1, 127)
      .Packet(0, 7, "s")
      .Packet(1, 7001, "ms")
      .Packet(2, 7'002'000'000'999, "ps")
      .Packet(3, ~uint64_t{0}, "far below");
  EXPECT_THAT(ReadAll(file.bytes()).nanos,
              ElementsAre(7 * kSecond, 7 * kSecond + 1'000'000,
                          7 * kSecond + 2'000'000, 0));
}

TEST(CaptureReaderTest, StampsOutsideOfTimeAreMovedIntoIt) {
  PcapngBuilder file;
  file.InterfaceWithTime(1, 0)
      .InterfaceWithTime(1, 6, -5)
      .Packet(0, ~uint64_t{0}, "beyond 2116")
      .Packet(1, 1, "before 1970");
  EXPECT_THAT(ReadAll(file.bytes()).nanos,
              ElementsAre(CaptureRecord::kLatest.nanos(), 0));
}

TEST(CaptureReaderTest, SecondsOfPcapRunUntil2106) {
  PcapBuilder file;
  file.Packet(int64_t{0xffffffff} * kSecond, "late");
  EXPECT_THAT(ReadAll(file.bytes()).nanos,
              ElementsAre(int64_t{0xffffffff} * kSecond));
}

TEST(CaptureReaderTest, PacketBlocksOfEveryKindAreRead) {
  PcapngBuilder file;
  file.Interface(1, 4)
      .OldPacket(0, 1000, "old")
      .SimplePacket("simp", 6)
      .Packet(0, 2000, "new");

  const ReadResult read = ReadAll(file.bytes());

  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_THAT(read.packets, ElementsAre("old", "simp", "new"));
  EXPECT_THAT(read.wire_lengths, ElementsAre(3u, 6u, 3u));
  EXPECT_THAT(read.nanos, ElementsAre(1'000'000, 1'000'000, 2'000'000))
      << "a simple packet has no time and takes that of the one before";
}

TEST(CaptureReaderTest, BlocksThatAreNotPacketsAreSkippedHoweverLong) {
  PcapngBuilder file;
  file.Interface(1)
      .Block(5, FileBytes(24))
      .Block(0x0bad, FileBytes(3 * PcapngFormat::kMaxBlockBytes))
      .Packet(0, 0, "still read");
  EXPECT_THAT(ReadAll(file.bytes()).packets, ElementsAre("still read"));
}

TEST(CaptureReaderTest, ANewSectionForgetsTheInterfacesOfTheLast) {
  PcapngBuilder other_order(FileOrder::kBig);
  other_order.Interface(101).Packet(0, 0, "second");
  PcapngBuilder file;
  file.Interface(1).Interface(1).Packet(1, 0, "first");
  FileBytes bytes = file.bytes();
  bytes.insert(bytes.end(), other_order.bytes().begin(),
               other_order.bytes().end());

  const ReadResult read = ReadAll(bytes);

  EXPECT_TRUE(read.status.ok()) << read.status;
  EXPECT_THAT(read.packets, ElementsAre("first", "second"));
  EXPECT_THAT(read.links, ElementsAre(LinkType::kEthernet, LinkType::kRawIp));

  file.Section().Packet(0, 0, "of an interface forgotten");
  EXPECT_THAT(ErrorOf(file.bytes()), HasSubstr("names interface 0"));
}

TEST(CaptureReaderTest, AnEmptyCaptureIsACaptureWithoutPackets) {
  for (const FileBytes& bytes :
       {PcapBuilder().bytes(), PcapngBuilder().bytes()}) {
    const ReadResult read = ReadAll(bytes);
    EXPECT_TRUE(read.status.ok()) << read.status;
    EXPECT_THAT(read.packets, IsEmpty());
  }
}

TEST(CaptureReaderTest, EverySupportedLinkTypeIsTold) {
  const std::pair<uint16_t, LinkType> rows[] = {
      {0, LinkType::kNull},       {1, LinkType::kEthernet},
      {9, LinkType::kPpp},        {12, LinkType::kRawIp},
      {101, LinkType::kRawIp},    {104, LinkType::kCiscoHdlc},
      {108, LinkType::kLoop},     {113, LinkType::kLinuxSll},
      {228, LinkType::kRawIp},    {229, LinkType::kRawIp},
      {276, LinkType::kLinuxSll2}};
  for (const auto& [number, type] : rows) {
    PcapBuilder file(FileOrder::kLittle, FileUnit::kMicroseconds, number);
    file.Packet(0, "x");
    EXPECT_THAT(ReadAll(file.bytes()).links, ElementsAre(type)) << number;
  }
}

TEST(CaptureReaderTest, CheckSequenceBitsDoNotChangeTheLinkType) {
  PcapBuilder file(FileOrder::kBig, FileUnit::kMicroseconds, 0x24000001);
  file.Packet(0, "x");
  EXPECT_THAT(ReadAll(file.bytes()).links, ElementsAre(LinkType::kEthernet));
}

TEST(CaptureReaderTest, AnUnsupportedLinkTypeIsNamedWithTheSupportedOnes) {
  PcapBuilder wireless(FileOrder::kLittle, FileUnit::kMicroseconds, 105);
  EXPECT_EQ(ReadAll(wireless.bytes()).status.code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(ErrorOf(wireless.bytes()),
              HasSubstr("test.pcap: byte 0: link type 105 (IEEE 802.11) is not "
                        "supported; supported are 0 (BSD loopback), "
                        "1 (Ethernet), "));

  // In pcapng it matters only once a packet has it.
  PcapngBuilder unused;
  unused.Interface(198).Interface(1).Packet(1, 0, "fine");
  EXPECT_TRUE(ReadAll(unused.bytes()).status.ok());

  unused.Packet(0, 0, "mpacket");
  const ReadResult read = ReadAll(unused.bytes());
  EXPECT_THAT(read.packets, ElementsAre("fine"));
  EXPECT_THAT(std::string(read.status.message()),
              HasSubstr("packet 2, byte 104: link type 198"));
}

TEST(CaptureReaderTest, WhatIsNoCaptureIsSaidToBeNone) {
  EXPECT_EQ(ErrorOf({}), "test.pcap: not a capture file: it has 0 bytes");
  EXPECT_EQ(ErrorOf({'h', 'i', '!', '\n'}),
            "test.pcap: not a capture file: its first bytes are 68 69 21 0a; "
            "pcap and pcapng are read");
  EXPECT_THAT(ErrorOf({0x1f, 0x8b, 8, 0}),
              HasSubstr("1f 8b 08 00 (gzip: unpack it first)"));
}

TEST(CaptureReaderTest, ALengthWithoutSenseEndsTheFileThere) {
  PcapBuilder at_bound;
  at_bound.Packet(0, std::string(CaptureRecord::kMaxBytes, 'x'));
  EXPECT_TRUE(ReadAll(at_bound.bytes()).status.ok());

  PcapBuilder past_bound;
  past_bound.Packet(0, "good").RecordHeader(0, CaptureRecord::kMaxBytes + 1, 0);
  const ReadResult read = ReadAll(past_bound.bytes());
  EXPECT_THAT(read.packets, ElementsAre("good"));
  EXPECT_EQ(read.status.message(),
            "test.pcap: packet 2, byte 44: a record of 262145 bytes is longer "
            "than the largest of 262144");
}

TEST(CaptureReaderTest, DamagedBlocksAreTold) {
  const auto with_block = [](uint32_t kind, FileBytes body) {
    PcapngBuilder file;
    return ErrorOf(file.Interface(1).Block(kind, body).bytes());
  };
  EXPECT_THAT(with_block(1, FileBytes(4)), HasSubstr("interface block is too"));
  EXPECT_THAT(with_block(6, FileBytes(16)), HasSubstr("packet block is too"));
  EXPECT_THAT(with_block(3, {}), HasSubstr("packet block is too short"));
  EXPECT_THAT(with_block(3, {9, 0, 0, 0}), HasSubstr("packet of 9 bytes does"));
  FileBytes packet(24);
  packet[12] = 5;  // Bytes captured, of which the block has four.
  EXPECT_THAT(with_block(6, packet), HasSubstr("packet of 5 bytes does not"));
  EXPECT_THAT(with_block(6, FileBytes(PcapngFormat::kMaxBlockBytes)),
              HasSubstr("a block of 1048588 bytes is longer than the largest"));
  EXPECT_THAT(with_block(0x0bad, FileBytes(2)), HasSubstr("a length of 14"));

  // An interface whose option claims more than is there.
  EXPECT_THAT(with_block(1, {1, 0, 0, 0, 0, 0, 0, 0, 9, 0, 200, 0}),
              HasSubstr("option runs past its block"));

  // The length behind a block is another than the one before it.
  PcapngBuilder file;
  FileBytes bytes = file.Interface(1).Packet(0, 0, "four").bytes();
  bytes[bytes.size() - 4] ^= 4;
  EXPECT_THAT(ErrorOf(bytes), HasSubstr("the two lengths of a block differ"));

  // The mark of the byte order.
  bytes = PcapngBuilder().bytes();
  bytes[8] ^= 1;
  EXPECT_THAT(ErrorOf(bytes), HasSubstr("byte-order mark is damaged"));
}

TEST(CaptureReaderTest, OneInterfaceTooManyIsRefused) {
  PcapngBuilder file;
  for (size_t i = 0; i < PcapngFormat::kMaxInterfaces; ++i) file.Interface(1);
  file.Packet(PcapngFormat::kMaxInterfaces - 1, 0, "of the last");
  EXPECT_THAT(ReadAll(file.bytes()).packets, ElementsAre("of the last"));

  file.Interface(1);
  EXPECT_THAT(ErrorOf(file.bytes()), HasSubstr("more than 65536 interfaces"));
}

// Cutting a file at each of its bytes gives the packets that are whole, and an
// error unless the cut is where a record ends.
TEST(CaptureReaderTest, ACutFileGivesThePacketsBeforeTheCutAndSaysWhere) {
  std::vector<FileBytes> files;
  std::vector<std::vector<size_t>> ends;  // Of header and each packet.
  for (const FileOrder order : {FileOrder::kLittle, FileOrder::kBig}) {
    PcapBuilder pcap(order);
    ends.push_back({pcap.bytes().size()});
    PcapngBuilder pcapng(order);
    const size_t section = pcapng.bytes().size();
    pcapng.InterfaceWithTime(1, 9);
    std::vector<size_t> pcapng_ends = {section, pcapng.bytes().size()};
    for (const char* const packet : {"one", "", "three of them"}) {
      ends.back().push_back(pcap.Packet(kNoon, packet).bytes().size());
      pcapng_ends.push_back(pcapng.Packet(0, kNoon, packet).bytes().size());
    }
    files.push_back(pcap.bytes());
    files.push_back(pcapng.bytes());
    ends.push_back(pcapng_ends);
  }
  for (size_t file = 0; file < files.size(); ++file) {
    const size_t whole = files[file].size();
    const size_t headers = ends[file].size() - 3;
    for (size_t length = 4; length <= whole; ++length) {
      const ReadResult read = ReadAll(std::span(files[file]).first(length));

      size_t complete = 0;
      size_t last_end = 0;
      for (const size_t end : ends[file]) {
        if (end > length) break;
        ++complete;
        last_end = end;
      }
      const bool at_end_of_one = last_end == length;
      const size_t packets = complete > headers ? complete - headers : 0;
      EXPECT_EQ(read.packets.size(), packets) << length;
      // A pcap file that ends in less than a record's header has lost nothing
      // that is known of; it is read with a warning.
      const bool is_pcap = file % 2 == 0;
      const size_t rest = length - last_end;
      const bool is_rest =
          is_pcap && complete >= headers && rest > 0 && rest < 16;
      EXPECT_EQ(read.warning.empty(), !is_rest) << length << read.warning;
      EXPECT_EQ(read.status.ok(), at_end_of_one || is_rest)
          << length << read.status;
      if (!at_end_of_one && !is_rest) {
        EXPECT_EQ(read.status.code(), absl::StatusCode::kDataLoss);
        EXPECT_THAT(std::string(read.status.message()),
                    HasSubstr("the file is cut: "));
      }
    }
  }
}

TEST(CaptureReaderTest, EveryDamagedByteLeavesAReaderThatEnds) {
  PcapBuilder pcap;
  pcap.Packet(kNoon, "one").Packet(kNoon, "two");
  PcapngBuilder pcapng;
  pcapng.InterfaceWithTime(1, 9)
      .Packet(0, kNoon, "one")
      .SimplePacket("two", 3)
      .OldPacket(0, 0, "three");
  for (const FileBytes& bytes : {pcap.bytes(), pcapng.bytes()}) {
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (const uint8_t flip : {0x01, 0x80, 0xff}) {
        FileBytes damaged = bytes;
        damaged[at] ^= flip;
        const ReadResult read = ReadAll(damaged);
        EXPECT_LE(read.packets.size(), 3u);
      }
    }
  }
}

TEST(CaptureFileTest, AMissingFileGivesTheSystemsReason) {
  const absl::Status status = CaptureReader::Open("no/such.pcap").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("no/such.pcap: No such file"));
}

TEST(CaptureFileTest, ADirectoryIsNoCapture) {
  EXPECT_THAT(
      std::string(CaptureReader::Open(::testing::TempDir()).status().message()),
      HasSubstr("Is a directory"));
}

// Packets of all sizes, more than the read buffer holds, compared with what
// libpcap reads from the same file.
TEST(CaptureFileTest, AgreesWithLibpcapOnALongFile) {
  for (const bool as_pcapng : {false, true}) {
    PcapBuilder pcap(FileOrder::kBig, FileUnit::kNanoseconds);
    PcapngBuilder pcapng;
    pcapng.InterfaceWithTime(1, 9);
    for (size_t i = 0; i < 400; ++i) {
      const std::string packet((i * 97) % 9001,
                               static_cast<char>('a' + i % 26));
      const int64_t nanos = kNoon + static_cast<int64_t>(i) * 1001;
      pcap.Packet(nanos, packet);
      pcapng.Packet(0, static_cast<uint64_t>(nanos), packet);
    }
    const TemporaryFile file(as_pcapng ? pcapng.bytes() : pcap.bytes());
    auto reader = CaptureReader::Open(file.path());
    ASSERT_TRUE(reader.ok()) << reader.status();
    char error[PCAP_ERRBUF_SIZE];
    pcap_t* const oracle = pcap_open_offline_with_tstamp_precision(
        file.path().c_str(), PCAP_TSTAMP_PRECISION_NANO, error);
    ASSERT_NE(oracle, nullptr) << error;

    pcap_pkthdr* header;
    const u_char* data;
    CaptureRecord record;
    while (pcap_next_ex(oracle, &header, &data) == 1) {
      ASSERT_EQ((*reader)->Next(record), CaptureReader::Outcome::kRecord);
      ASSERT_EQ(std::string(record.bytes.begin(), record.bytes.end()),
                std::string(data, data + header->caplen));
      ASSERT_EQ(record.wire_length, header->len);
      ASSERT_EQ(record.time.nanos(),
                header->ts.tv_sec * kSecond + header->ts.tv_usec);
    }
    pcap_close(oracle);
    EXPECT_EQ((*reader)->Next(record), CaptureReader::Outcome::kEnd);
    EXPECT_EQ((*reader)->packets(), 400u);
    EXPECT_EQ((*reader)->bytes_read(),
              (as_pcapng ? pcapng.bytes() : pcap.bytes()).size());
  }
}

}  // namespace
}  // namespace mosaic
