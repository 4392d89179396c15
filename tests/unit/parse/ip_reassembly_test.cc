// Cases F-.. and X-.. are those of the catalogue of evasions.

#include "dataplane/parse/ip_reassembly.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/parse/reassembler.h"

namespace mosaic {
namespace {

using Bytes = PacketBuilder::Bytes;
using Result = FragmentResult;

TEST(IpReassemblyTest, F01_TwoFragmentsInOrderMakeTheDatagram) {
  for (const uint8_t version : {4, 6}) {
    Reassembler r;
    const auto parts = Fragments(Whole(version), 7, {24});
    EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
    EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
    EXPECT_EQ(r.content(), DatagramContent(Whole(version)));
    EXPECT_EQ(r.parsed().packet_class, PacketClass::kTcp);
    EXPECT_EQ(r.parsed().l4_checksum, L4Checksum::kGoodSoftware);
    EXPECT_EQ(r.parsed().key.protocol, 6);
    EXPECT_EQ(r.taken().wire_bytes,
              parts[0].wire_length() + parts[1].wire_length());
    EXPECT_EQ(r.reassembly().held(), 0u);
    EXPECT_EQ(r.chunks_in_use(), 0u);
  }
}

TEST(IpReassemblyTest, F02_TwoFragmentsInReverseMakeTheDatagram) {
  for (const uint8_t version : {4, 6}) {
    Reassembler r;
    const auto parts = Fragments(Whole(version), 7, {24});
    EXPECT_EQ(r.Add(parts[1]), Result::kHeld);
    EXPECT_EQ(r.Add(parts[0]), Result::kCompleted);
    EXPECT_EQ(r.content(), DatagramContent(Whole(version)));
  }
}

TEST(IpReassemblyTest, F03_EveryOrderOfFragmentsMakesTheDatagram) {
  for (const uint8_t version : {4, 6}) {
    auto parts = Fragments(Whole(version), 7, {24, 32, 40});
    std::vector<size_t> order = {0, 1, 2, 3};
    do {
      Reassembler r;
      for (size_t i = 0; i < 3; ++i) {
        EXPECT_EQ(r.Add(parts[order[i]]), Result::kHeld);
      }
      EXPECT_EQ(r.Add(parts[order[3]]), Result::kCompleted);
      EXPECT_EQ(r.content(), DatagramContent(Whole(version)));
    } while (std::ranges::next_permutation(order).found);
  }
}

TEST(IpReassemblyTest, F04_X03_AnExactDuplicateIsIgnored) {
  for (const uint8_t version : {4, 6}) {
    Reassembler r;
    const auto parts = Fragments(Whole(version), 7, {24, 32});
    EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
    EXPECT_EQ(r.Add(parts[0]), Result::kDuplicate);
    EXPECT_EQ(r.Add(parts[2]), Result::kHeld);
    EXPECT_EQ(r.Add(parts[2]), Result::kDuplicate);
    EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
    EXPECT_EQ(r.content(), DatagramContent(Whole(version)));
  }
}

TEST(IpReassemblyTest, F05_F06_X02_AnOverlapRefusesTheDatagramByDefault) {
  for (const uint8_t version : {4, 6}) {
    Reassembler r;
    const PacketBuilder whole = Whole(version);
    const auto parts = Fragments(whole, 7, {24, 32});
    EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
    EXPECT_EQ(r.Add(Fragment(whole, 7, 16, Filled(16, 'n'), true)),
              Result::kOverlap);
    EXPECT_EQ(r.chunks_in_use(), 0u);
    EXPECT_EQ(r.Add(parts[1]), Result::kRefusedDatagram);
    EXPECT_EQ(r.Add(parts[2]), Result::kRefusedDatagram);
    EXPECT_EQ(r.totals().refused, 1u);
    EXPECT_EQ(r.totals().reassembled, 0u);
  }
}

TEST(IpReassemblyTest, AnOverlapWithTheSameBytesIsStillOne) {
  Reassembler r;
  const Bytes content = DatagramContent(Whole());
  EXPECT_EQ(r.Add(Fragments(Whole(), 7, {24})[0]), Result::kHeld);
  EXPECT_EQ(r.Add(Fragment(Whole(), 7, 16,
                           {content.begin() + 16, content.end()}, false)),
            Result::kOverlap);
}

TEST(IpReassemblyTest, F05_F06_AConfiguredPolicyChoosesTheBytes) {
  const struct {
    OverlapPolicy policy;
    const char* content;
  } rows[] = {
      // Queued 8..24 of E, then 0..16 of n: it starts before and ends inside.
      {OverlapPolicy::kFirst, "nnnnnnnnEEEEEEEEEEEEEEEEtttt"},
      {OverlapPolicy::kLast, "nnnnnnnnnnnnnnnnEEEEEEEEtttt"},
      {OverlapPolicy::kLinux, "nnnnnnnnnnnnnnnnEEEEEEEEtttt"},
      {OverlapPolicy::kBsd, "nnnnnnnnnnnnnnnnEEEEEEEEtttt"},
      {OverlapPolicy::kWindows, "nnnnnnnnnnnnnnnnEEEEEEEEtttt"},
      {OverlapPolicy::kSolaris, "nnnnnnnnEEEEEEEEEEEEEEEEtttt"},
  };
  const PacketBuilder whole = PacketBuilder().NoTransport();
  for (const auto& row : rows) {
    Reassembler r(With(row.policy));
    EXPECT_EQ(r.Add(Fragment(whole, 7, 8, Filled(16, 'E'), true)),
              Result::kHeld);
    EXPECT_EQ(r.Add(Fragment(whole, 7, 0, Filled(16, 'n'), true)),
              Result::kHeld);
    EXPECT_EQ(r.Add(Fragment(whole, 7, 24, Filled(4, 't'), false)),
              Result::kCompleted);
    const Bytes content = r.content();
    EXPECT_EQ(std::string(content.begin(), content.end()), row.content);
  }
}

TEST(IpReassemblyTest, F07_TeardropIsRefused) {
  Reassembler r;
  EXPECT_EQ(r.Add(Fragment(Whole(), 7, 0, Filled(32, 'a'), true)),
            Result::kHeld);
  EXPECT_EQ(r.Add(Fragment(Whole(), 7, 24, Filled(4, 'b'), false)),
            Result::kInconsistentEnd);
  EXPECT_EQ(r.chunks_in_use(), 0u);
}

TEST(IpReassemblyTest, F08_ATinyFirstFragmentIsToldAndReassembled) {
  Reassembler r;
  const auto parts = Fragments(Whole(), 7, {8});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  EXPECT_EQ(r.anomalies(), parse_anomaly::kTinyFragment);
  EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
  EXPECT_EQ(r.anomalies(), 0);
  EXPECT_EQ(r.parsed().packet_class, PacketClass::kTcp);
}

TEST(IpReassemblyTest, F09_TcpFlagsAreNeverRewritten) {
  for (const OverlapPolicy policy :
       {OverlapPolicy::kFirst, OverlapPolicy::kLast, OverlapPolicy::kLinux}) {
    Reassembler r(With(policy));
    const auto parts = Fragments(Whole(), 7, {24});
    EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
    EXPECT_EQ(r.Add(Fragment(Whole(), 7, 8, Filled(16, 'n'), true)),
              Result::kOverlap);
    EXPECT_EQ(r.Add(parts[1]), Result::kRefusedDatagram);
  }
}

TEST(IpReassemblyTest, F10_PingOfDeathIsRefused) {
  for (const uint8_t version : {4, 6}) {
    Reassembler r;
    const PacketBuilder whole = Whole(version);
    EXPECT_EQ(r.Add(Fragments(whole, 7, {24})[0]), Result::kHeld);
    EXPECT_EQ(r.Add(Fragment(whole, 7, 65528, Filled(9, 'x'), false)),
              Result::kOversize);
    EXPECT_EQ(r.chunks_in_use(), 0u);
  }
}

TEST(IpReassemblyTest, TheLongestDatagramIsReassembled) {
  for (const uint8_t version : {4, 6}) {
    // IPv4's header counts in the length, IPv6's does not.
    const size_t longest = version == 4 ? 65515 : 65535;
    const PacketBuilder whole = PacketBuilder(Whole(version)).NoTransport();
    for (const size_t length : {longest, longest + 1}) {
      Reassembler r;
      size_t offset = 0;
      for (; offset + 1480 < length; offset += 1480) {
        EXPECT_EQ(r.Add(Fragment(whole, 7, static_cast<uint16_t>(offset),
                                 Filled(1480, 'x'), true)),
                  Result::kHeld);
      }
      EXPECT_EQ(r.Add(Fragment(whole, 7, static_cast<uint16_t>(offset),
                               Filled(length - offset, 'x'), false)),
                length == longest ? Result::kCompleted : Result::kOversize);
      if (length == longest) {
        EXPECT_EQ(r.content(), Filled(longest, 'x'));
      }
    }
  }
}

TEST(IpReassemblyTest, F11_WhatNeverCompletesIsForgottenAfterTheTimeout) {
  Reassembler r;
  EXPECT_EQ(r.Add(Fragments(Whole(), 7, {24})[0]), Result::kHeld);
  r.Wait(Duration::Seconds(30) - Duration::Nanos(1));
  r.reassembly().Expire(r.now(), 10);
  EXPECT_EQ(r.reassembly().held(), 1u);
  r.Wait(Duration::Nanos(1));
  r.reassembly().Expire(r.now(), 10);
  EXPECT_EQ(r.reassembly().held(), 0u);
  EXPECT_EQ(r.chunks_in_use(), 0u);
  EXPECT_EQ(r.totals().timed_out, 1u);
}

TEST(IpReassemblyTest, F11_TheTimeoutHoldsWithoutAnExpiryToo) {
  Reassembler r;
  const auto parts = Fragments(Whole(), 7, {24});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  r.Wait(Duration::Seconds(30));
  EXPECT_EQ(r.Add(parts[1]), Result::kHeld);
  EXPECT_EQ(r.totals().timed_out, 1u);
}

TEST(IpReassemblyTest, ExpiryKeepsToItsBudget) {
  Reassembler r;
  for (uint32_t id = 0; id < 10; ++id) {
    EXPECT_EQ(r.Add(Fragments(Whole(), id, {24})[0]), Result::kHeld);
  }
  r.Wait(Duration::Seconds(31));
  r.reassembly().Expire(r.now(), 4);
  EXPECT_EQ(r.reassembly().held(), 6u);
}

TEST(IpReassemblyTest, F12_AHoleIsNeverComplete) {
  Reassembler r;
  const auto parts = Fragments(Whole(), 7, {8, 24, 32});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  EXPECT_EQ(r.Add(parts[3]), Result::kHeld);
  EXPECT_EQ(r.Add(parts[1]), Result::kHeld);
  EXPECT_EQ(r.totals().reassembled, 0u);
}

TEST(IpReassemblyTest, F13_AnOverlapAtTheEndDoesNotHideAHole) {
  Reassembler r(With(OverlapPolicy::kLast));
  const PacketBuilder whole = PacketBuilder().NoTransport();
  EXPECT_EQ(r.Add(Fragment(whole, 7, 0, Filled(8, 'a'), true)), Result::kHeld);
  EXPECT_EQ(r.Add(Fragment(whole, 7, 16, Filled(8, 'c'), true)), Result::kHeld);
  EXPECT_EQ(r.Add(Fragment(whole, 7, 16, Filled(16, 'd'), false)),
            Result::kHeld);
  EXPECT_EQ(r.Add(Fragment(whole, 7, 8, Filled(8, 'b'), true)),
            Result::kCompleted);
  EXPECT_EQ(r.content().size(), 32u);
}

TEST(IpReassemblyTest, F14_PartsThatDisagreeWhereTheEndIsAreRefused) {
  const struct {
    uint16_t first, first_length, second, second_length;
    bool first_more, second_more;
  } rows[] = {
      {32, 8, 32, 16, false, false},  // Two ends.
      {32, 16, 32, 8, false, false},
      {32, 8, 40, 8, false, true},   // Beyond the end.
      {32, 8, 24, 16, false, true},  // More to follow at the end.
      {40, 8, 24, 8, true, false},   // An end before what is held.
  };
  for (const auto& row : rows) {
    for (const auto& policy : {std::optional<OverlapPolicy>(),
                               std::optional(OverlapPolicy::kLast)}) {
      FragmentLimits limits;
      limits.overlap = policy;
      Reassembler r(limits);
      EXPECT_EQ(r.Add(Fragment(Whole(), 7, row.first,
                               Filled(row.first_length, 'x'), row.first_more)),
                Result::kHeld);
      EXPECT_EQ(
          r.Add(Fragment(Whole(), 7, row.second, Filled(row.second_length, 'x'),
                         row.second_more)),
          Result::kInconsistentEnd);
    }
  }
}

TEST(IpReassemblyTest, F15_LengthsThatCannotBeAreRefusedAlone) {
  Reassembler r;
  const auto parts = Fragments(Whole(), 7, {24});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  EXPECT_EQ(r.Add(Fragment(Whole(), 7, 24, Filled(9, 'x'), true)),
            Result::kBadLength);
  EXPECT_EQ(r.Add(Fragment(Whole(), 7, 24, {}, true)), Result::kBadLength);
  EXPECT_EQ(r.Add(Fragment(Whole(), 7, 24, {}, false)), Result::kBadLength);
  EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
}

TEST(IpReassemblyTest, F15_AFragmentThatMustNotBeOneIsTold) {
  Reassembler r;
  auto parts = Fragments(Whole(), 7, {24});
  Bytes frame = parts[0].Build();
  frame[14 + 6] |= 0x40;
  frame[14 + 10] -= 0x40;
  EXPECT_EQ(r.Add(PacketBuilder().Verbatim(frame)), Result::kHeld);
  EXPECT_EQ(r.anomalies(), parse_anomaly::kDontFragment);
  EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
}

TEST(IpReassemblyTest, F16_DatagramsOfDifferentPlacesAreNeverMixed) {
  const PacketBuilder whole = Whole();
  const PacketBuilder first = Fragments(whole, 7, {24})[0];
  const PacketBuilder last = Fragments(whole, 7, {24})[1];
  const std::vector<PacketBuilder> others = {
      PacketBuilder(last).Ipv4("10.0.0.3", "10.0.0.2").Fragment(7, 24, false),
      PacketBuilder(last).Ipv4("10.0.0.1", "10.0.0.3").Fragment(7, 24, false),
      PacketBuilder(last).Ipv4("10.0.0.2", "10.0.0.1").Fragment(7, 24, false),
      PacketBuilder(last).Protocol(17),
      PacketBuilder(last).Vlan(10),
      PacketBuilder(last).Vlan(10).Vlan(20),
      PacketBuilder(last).Fragment(8, 24, false),
  };
  Reassembler r;
  EXPECT_EQ(r.Add(first), Result::kHeld);
  for (const PacketBuilder& other : others) {
    EXPECT_EQ(r.Add(other), Result::kHeld);
  }
  EXPECT_EQ(r.Add(last, /*port=*/1), Result::kHeld);
  EXPECT_EQ(r.Add(last), Result::kCompleted);
}

TEST(IpReassemblyTest, F17_AnIdentificationMayBeUsedAgainAtOnce) {
  Reassembler r;
  for (int round = 0; round < 3; ++round) {
    const PacketBuilder whole =
        Whole().Payload(Filled(20, static_cast<char>('a' + round)));
    const auto parts = Fragments(whole, 7, {24});
    EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
    EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
    EXPECT_EQ(r.content(), DatagramContent(whole));
  }
}

TEST(IpReassemblyTest, F17_BeforeCompletionTwoDatagramsAreNotMixed) {
  Reassembler r;
  EXPECT_EQ(r.Add(Fragments(Whole().Payload(Filled(20, 'a')), 7, {24})[0]),
            Result::kHeld);
  const auto second = Fragments(Whole().Payload(Filled(20, 'b')), 7, {24});
  EXPECT_EQ(r.Add(second[0]), Result::kOverlap);
  EXPECT_EQ(r.Add(second[1]), Result::kRefusedDatagram);
}

TEST(IpReassemblyTest, F18_TheLastByteIsTheLastByte) {
  for (size_t length = 33; length <= 48; ++length) {
    const PacketBuilder whole =
        PacketBuilder().NoTransport().Payload(Filled(length, 'z'));
    Reassembler r;
    const auto parts = Fragments(whole, 7, {32});
    EXPECT_EQ(r.Add(parts[1]), Result::kHeld);
    EXPECT_EQ(r.Add(parts[0]), Result::kCompleted);
    EXPECT_EQ(r.content(), Filled(length, 'z'));
    EXPECT_EQ(r.parsed().ip_length, 20 + length);
  }
}

TEST(IpReassemblyTest, F21_ManyDuplicatesTakeNoMemory) {
  Reassembler r;
  const auto parts = Fragments(Whole(), 7, {24});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  const size_t chunks = r.chunks_in_use();
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_EQ(r.Add(parts[0]), Result::kDuplicate);
  }
  EXPECT_EQ(r.chunks_in_use(), chunks);
  EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
}

TEST(IpReassemblyTest, F22_ALastFragmentOfOneByte) {
  const PacketBuilder whole =
      PacketBuilder().NoTransport().Payload(Filled(25, 'z'));
  Reassembler r;
  const auto parts = Fragments(whole, 7, {24});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
  EXPECT_EQ(r.content(), Filled(25, 'z'));
}

TEST(IpReassemblyTest, F24_TheOldestGivesWayToNewcomers) {
  FragmentLimits limits;
  limits.datagrams = 64;
  Reassembler r(limits);
  for (uint32_t id = 0; id < 10'000; ++id) {
    r.SetHash(id * 0x9e3779b97f4a7c15);
    ASSERT_EQ(r.Add(Fragments(Whole(), id & 0xffff, {24})[0]), Result::kHeld);
    ASSERT_LE(r.reassembly().held(), 64u);
  }
  EXPECT_EQ(r.totals().evicted, 10'000u - 64);
  // The newest are still there.
  EXPECT_EQ(r.Add(Fragments(Whole(), 9'999, {24})[1]), Result::kCompleted);
}

TEST(IpReassemblyTest, F24_BytesAreBoundedToo) {
  FragmentLimits limits;
  limits.bytes = 8 * sizeof(Chunk);
  Reassembler r(limits);
  for (uint32_t id = 0; id < 100; ++id) {
    ASSERT_EQ(r.Add(Fragments(Whole(), id, {24})[0]), Result::kHeld);
  }
  EXPECT_EQ(r.chunks_in_use(), 8u);
  EXPECT_EQ(r.totals().evicted, 92u);
  EXPECT_EQ(r.Add(Fragments(Whole(), 99, {24})[1]), Result::kCompleted);
}

TEST(IpReassemblyTest, ADatagramThatAloneIsTooLargeIsRefused) {
  FragmentLimits limits;
  limits.bytes = 2 * sizeof(Chunk);
  Reassembler r(limits);
  const PacketBuilder whole = PacketBuilder().NoTransport();
  EXPECT_EQ(r.Add(Fragment(whole, 7, 0, Filled(4096, 'x'), true)),
            Result::kHeld);
  EXPECT_EQ(r.Add(Fragment(whole, 7, 4096, Filled(8, 'x'), true)),
            Result::kNoMemory);
  EXPECT_EQ(r.chunks_in_use(), 0u);
}

TEST(IpReassemblyTest, PartsAreCountedUpToTheLimit) {
  Reassembler r;
  const PacketBuilder whole = PacketBuilder().NoTransport();
  for (uint32_t i = 0; i < IpReassembly::kMaxParts; ++i) {
    ASSERT_EQ(r.Add(Fragment(whole, 7, static_cast<uint16_t>(8 * i),
                             Filled(8, 'x'), true)),
              Result::kHeld);
  }
  EXPECT_EQ(r.Add(Fragment(whole, 7, 8 * IpReassembly::kMaxParts,
                           Filled(8, 'x'), false)),
            Result::kTooMany);
}

TEST(IpReassemblyTest, ACutFragmentCompletesNothing) {
  Reassembler r;
  const auto parts = Fragments(Whole(), 7, {24});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  EXPECT_EQ(r.Add(PacketBuilder(parts[1]).Snap(parts[1].wire_length() - 1)),
            Result::kCut);
  EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
}

TEST(IpReassemblyTest, OptionsOfTheFirstPartStay) {
  Reassembler r;
  const Bytes content = DatagramContent(Whole());
  const auto part = [&](uint16_t from, size_t to, bool more) {
    return Fragment(Whole(), 7, from,
                    {content.begin() + from, content.begin() + to}, more);
  };
  EXPECT_EQ(r.Add(part(24, content.size(), false)), Result::kHeld);
  EXPECT_EQ(r.Add(part(0, 24, true).IpOptions({148, 4, 0, 0})),
            Result::kCompleted);
  EXPECT_EQ(r.parsed().packet_class, PacketClass::kTcp);
  EXPECT_EQ(r.taken().length, 24 + content.size());
  EXPECT_EQ(r.parsed().l4_checksum, L4Checksum::kGoodSoftware);
}

TEST(IpReassemblyTest, TheChecksumOfTheWholeIsJudged) {
  Reassembler r;
  const auto parts = Fragments(Whole().BadL4Checksum(), 7, {24});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
  EXPECT_EQ(r.parsed().l4_checksum, L4Checksum::kBad);
}

TEST(IpReassemblyTest, ADroppedDatagramIsRememberedOnAWire) {
  Reassembler r({}, IpReassembly::Delivered::kRemember);
  const auto parts = Fragments(Whole(), 7, {24});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
  EXPECT_EQ(r.chunks_in_use(), 0u);
  // Nobody knows yet.
  EXPECT_EQ(r.Add(parts[1]), Result::kRefusedDatagram);
  r.reassembly().Settle(r.taken().ticket, IpReassembly::Fate::kDropped);
  EXPECT_EQ(r.Add(parts[1]), Result::kRefusedDatagram);
  r.Wait(Duration::Seconds(30));
  EXPECT_EQ(r.Add(parts[1]), Result::kHeld);
  EXPECT_EQ(r.totals().timed_out, 0u);
}

TEST(IpReassemblyTest, F17_AForwardedDatagramIsForgottenOnAWire) {
  Reassembler r({}, IpReassembly::Delivered::kRemember);
  const auto parts = Fragments(Whole(), 7, {24});
  for (int round = 0; round < 3; ++round) {
    EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
    EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
    r.reassembly().Settle(r.taken().ticket, IpReassembly::Fate::kForwarded);
  }
}

TEST(IpReassemblyTest, AFateThatComesTooLateChangesNothing) {
  FragmentLimits limits;
  limits.datagrams = 1;
  Reassembler r(limits, IpReassembly::Delivered::kRemember);
  const auto parts = Fragments(Whole(), 7, {24});
  EXPECT_EQ(r.Add(parts[0]), Result::kHeld);
  EXPECT_EQ(r.Add(parts[1]), Result::kCompleted);
  EXPECT_EQ(r.Add(Fragments(Whole(), 8, {24})[0]), Result::kHeld);
  r.reassembly().Settle(r.taken().ticket, IpReassembly::Fate::kForwarded);
  EXPECT_EQ(r.Add(Fragments(Whole(), 8, {24})[1]), Result::kCompleted);
}

}  // namespace
}  // namespace mosaic
