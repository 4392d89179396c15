// What IPv6 asks of fragments. X-.. are cases of the catalogue of evasions.

#include <cstdint>

#include "gtest/gtest.h"
#include "tests/unit/parse/reassembler.h"

namespace mosaic {
namespace {

using Bytes = PacketBuilder::Bytes;
using Result = FragmentResult;

TEST(IpReassemblyIpv6Test, X02_NoPolicyLetsIpv6FragmentsOverlap) {
  Reassembler r(With(OverlapPolicy::kLast));
  const auto parts = Fragments(Whole(6), 7, {32});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  EXPECT_EQ(r.Add(Fragment(Whole(6), 7, 24, Filled(16, 'n'), true)),
            Result::kOverlap);
}

TEST(IpReassemblyIpv6Test, FragmentsMayDisagreeWhatFollows) {
  Reassembler r;
  const auto parts = Fragments(Whole(6), 7, {24});
  EXPECT_EQ(r.Add(PacketBuilder(parts[1]).Protocol(99)), Result::kHeld);
  EXPECT_EQ(r.Add(parts[0]), Result::kCompleted);
  EXPECT_EQ(r.parsed().packet_class, PacketClass::kTcp);
}

TEST(IpReassemblyIpv6Test, X01_AnAtomicFragmentIsNoFragment) {
  PacketStore store;
  Packet packet = store.Make(Whole(6).Fragment(7, 0, false));
  ParsedPacket parsed;
  Parser({}).ParseOne(packet, parsed);
  EXPECT_EQ(parsed.packet_class, PacketClass::kTcp);
}

TEST(IpReassemblyIpv6Test, X04_TheFirstPartHoldsAllHeaders) {
  // The TCP header takes 20 bytes.
  for (const uint16_t cut : {8, 16, 24}) {
    Reassembler r;
    const auto parts = Fragments(Whole(6), 7, {cut});
    EXPECT_EQ(r.Add(parts[0]), cut < 20 ? Result::kHeaderChain : Result::kHeld);
    EXPECT_EQ(r.Add(parts[1]),
              cut < 20 ? Result::kRefusedDatagram : Result::kCompleted);
  }
}

TEST(IpReassemblyIpv6Test, X04_AChainOfExtensionHeadersSplitInTwoIsRefused) {
  Reassembler r;
  // Destination options of 16 bytes of which the first part holds 8.
  const PacketBuilder base = PacketBuilder(Whole(6)).NoTransport();
  const Bytes options = {6, 1, 1, 4, 0, 0, 0, 0};
  EXPECT_EQ(r.Add(PacketBuilder(base)
                      .Protocol(60)
                      .Fragment(7, 0, true)
                      .Payload(options)),
            Result::kHeaderChain);
}

TEST(IpReassemblyIpv6Test, X05_HeadersAroundTheFragmentHeaderStay) {
  Reassembler r;
  Bytes content = DatagramContent(Whole(6));
  const Bytes options = {6, 0, 1, 4, 0, 0, 0, 0};  // Then TCP.
  content.insert(content.begin(), options.begin(), options.end());
  const auto part = [&](uint16_t from, size_t to, bool more) {
    return PacketBuilder(Whole(6))
        .NoTransport()
        .ExtensionHeader(0)
        .ExtensionHeader(60)
        .Fragment(7, from, more)
        .Protocol(60)
        .Payload(Bytes(content.begin() + from, content.begin() + to));
  };
  EXPECT_EQ(r.Add(part(32, content.size(), false)), Result::kHeld);
  EXPECT_EQ(r.Add(part(0, 32, true)), Result::kCompleted);
  EXPECT_EQ(r.parsed().packet_class, PacketClass::kTcp);
  EXPECT_EQ(r.parsed().payload_length, 28u);
  EXPECT_EQ(r.parsed().l4_checksum, L4Checksum::kGoodSoftware);
}

TEST(IpReassemblyIpv6Test, X12_AFragmentHeaderInADatagramOfFragmentsIsRefused) {
  Reassembler r;
  const Bytes second = {6, 0, 0, 1, 0, 0, 0, 9};
  EXPECT_EQ(r.Add(PacketBuilder(Whole(6))
                      .NoTransport()
                      .Fragment(7, 0, true)
                      .Protocol(44)
                      .Payload(second)),
            Result::kHeaderChain);
}

}  // namespace
}  // namespace mosaic
