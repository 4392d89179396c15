// Group F: fragments of IP datagrams. Cases whose answer is the same in IPv6
// run there too; what IPv6 wants otherwise is in group X.

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "dataplane/parse/checksum.h"
#include "gtest/gtest.h"
#include "tests/conformance/catalogue/fragment_steps.h"
#include "tests/conformance/catalogue/groups.h"
#include "tests/conformance/catalogue/runner.h"
#include "tests/support/fragments.h"
#include "tests/support/tunnel_cases.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::EngineHarness;
using mosaic::testing::EngineSetup;
using Bytes = PacketBuilder::Bytes;
using Counts = std::map<std::string, uint64_t>;

// F-01 to F-04.
void AddOrders(std::vector<Case>& cases) {
  const Counts one = {{"held", 1}, {"completed", 1}, {"reassembled", 1}};
  cases.push_back(Fragmented("F-01", "two fragments in order",
                             {InFragments(A().Data(0, kText), 7, {24})}, kText,
                             one));
  cases.push_back(Fragmented("F-02", "two fragments reversed",
                             {InFragments(A().Data(0, kText), 7, {24}, {1, 0})},
                             kText, one));

  std::vector<Step> orders;
  std::string stream;
  std::vector<size_t> order = {0, 1, 2};
  do {
    orders.push_back(
        InFragments(A().Data(static_cast<int64_t>(stream.size()), kText),
                    static_cast<uint32_t>(orders.size()), {24, 32}, order));
    stream += kText;
  } while (std::ranges::next_permutation(order).found);
  cases.push_back(
      Fragmented("F-03", "three fragments in each order", orders, stream,
                 {{"held", 12}, {"completed", 6}, {"reassembled", 6}}));

  const auto parts = PartsOf(kLength, {24, 32});
  cases.push_back(Fragmented(
      "F-04", "exact duplicates",
      {SendParts(A().Data(0, kText), 7,
                 {parts[0], parts[0], parts[2], parts[2], parts[1]})},
      kText,
      {{"held", 2}, {"duplicate", 2}, {"completed", 1}, {"reassembled", 1}}));
  Case again =
      Fragmented("F-04b", "all fragments twice, one after the other",
                 {InFragments(A().Data(0, kText), 7, {24}),
                  InFragments(A().Data(0, kText), 7, {24})},
                 kText, {{"held", 2}, {"completed", 2}, {"reassembled", 2}});
  again.expect.counts["retransmitted"] = 1;
  cases.push_back(again);
}

// F-07 to F-10.
void AddForgeries(std::vector<Case>& cases) {
  cases.push_back(Fragmented(
      "F-07", "teardrop: the second ends inside the first",
      {SendParts(A().Data(0, kText), 7,
                 {{0, 32, true}, {24, 28, false, 'b'}, {32, 48, false}}),
       NothingDelivered()},
      "", {{"held", 1}, {"end", 1}, {"refused", 1}, {"refused_datagram", 1}}));

  cases.push_back(
      OnIpv4(Fragmented("F-08", "a first fragment without the TCP flags",
                        {InFragments(A().Data(0, kText), 7, {8})}, kText,
                        {{"held", 1},
                         {"completed", 1},
                         {"reassembled", 1},
                         {"tiny_fragment", 1}})));

  // The second fragment is that of a reset.
  const auto rewrite = FramesFrom([](const Variant& variant) {
    const PacketBuilder data = Base(variant, A().Data(0, kText));
    const PacketBuilder reset = PacketBuilder(data).Flags(tcp_flag::kRst);
    return FramesOf({FragmentOf(data, 7, {0, 24, true}),
                     FragmentOf(reset, 7, {8, 24, true}),
                     FragmentOf(data, 7, {24, kLength, false})});
  });
  const Counts refused = {
      {"held", 1}, {"overlap", 1}, {"refused_datagram", 1}, {"refused", 1}};
  Case flags = Fragmented("F-09", "TCP flags rewritten at offset 8",
                          {rewrite, NothingDelivered()}, "", refused);
  flags.expect.state_a = flags.expect.state_b = TcpState::kEstablished;
  cases.push_back(flags);
  for (const OverlapPolicy policy :
       {OverlapPolicy::kFirst, OverlapPolicy::kLast, OverlapPolicy::kLinux}) {
    Case under = OnIpv4(UnderPolicy(policy, flags));
    under.id += policy == OverlapPolicy::kFirst  ? "first"
                : policy == OverlapPolicy::kLast ? "last"
                                                 : "linux";
    cases.push_back(under);
  }

  cases.push_back(
      Fragmented("F-10", "a datagram longer than IP allows",
                 {SendParts(A().Data(0, kText), 7,
                            {{0, 24, true}, {65528, 65528 + 9, false, 'x'}}),
                  Check([](EngineHarness& harness, const Variant&) {
                    const ChunkPool& chunks =
                        harness.pipeline().fragments().reassembly().chunks();
                    EXPECT_EQ(chunks.free_chunks(), chunks.total_chunks());
                  })},
                 "", {{"held", 1}, {"oversize", 1}, {"refused", 1}}));
}

// F-11 to F-14.
void AddHoles(std::vector<Case>& cases) {
  const auto parts = PartsOf(kLength, {24, 32, 40});
  cases.push_back(Fragmented(
      "F-11", "the last fragment never comes",
      {SendParts(A().Data(0, kText), 7, {parts[0], parts[1]}),
       Wait(Duration::Seconds(30) - Duration::Millis(1)), Held(1),
       Wait(Duration::Millis(1)), NoDatagramHeld(), NothingDelivered()},
      "", {{"held", 2}, {"timed_out", 1}}));

  cases.push_back(Fragmented(
      "F-12", "a hole in the middle",
      {SendParts(A().Data(0, kText), 7, {parts[0], parts[1], parts[3]}),
       NothingDelivered(), SendParts(A().Data(0, kText), 7, {parts[2]})},
      kText, {{"held", 3}, {"completed", 1}, {"reassembled", 1}}));

  // A last fragment over what is held before it, a hole in front.
  const std::vector<Part> over = {
      {0, 24, true}, {32, 40, true}, {32, 48, false}};
  cases.push_back(Fragmented(
      "F-13", "the last fragment overlaps and leaves a hole",
      {SendParts(A().Data(0, kText), 7, over), NothingDelivered(),
       SendParts(A().Data(0, kText), 7, {{24, 32, true}}), NothingDelivered()},
      "",
      {{"held", 2}, {"overlap", 1}, {"refused_datagram", 1}, {"refused", 1}}));
  for (const OverlapPolicy policy :
       {OverlapPolicy::kFirst, OverlapPolicy::kLast}) {
    cases.push_back(OnIpv4(UnderPolicy(
        policy,
        Fragmented(policy == OverlapPolicy::kFirst ? "F-13first" : "F-13last",
                   "the same under a policy",
                   {SendParts(A().Data(0, kText), 7, over), NothingDelivered(),
                    SendParts(A().Data(0, kText), 7, {{24, 32, true}})},
                   kText,
                   {{"held", 3}, {"completed", 1}, {"reassembled", 1}}))));
  }

  const std::pair<Part, Part> kEnds[] = {
      {{24, 32, false}, {24, 40, false}},  // Two ends,
      {{24, 40, false}, {24, 32, false}},
      {{24, 32, false}, {32, 40, true}},  // bytes beyond the end,
      {{24, 32, false}, {24, 32, true}},  // more to follow at the end,
      {{32, 40, true}, {24, 32, false}},  // an end before what is held.
  };
  char letter = 'a';
  for (const auto& [first, second] : kEnds) {
    cases.push_back(Fragmented(
        std::string("F-14") + letter++, "parts that disagree where the end is",
        {SendParts(A().Data(0, kText), 7, {first, second, {0, 24, true}}),
         NothingDelivered(), InFragments(A().Data(0, kText), 8, {24})},
        kText,
        {{"held", 2},
         {"end", 1},
         {"refused_datagram", 1},
         {"refused", 1},
         {"completed", 1},
         {"reassembled", 1}}));
  }
}

// F-15 to F-18, F-22.
void AddLengths(std::vector<Case>& cases) {
  cases.push_back(Fragmented(
      "F-15", "lengths that cannot be: not whole units, and none at all",
      {SendParts(A().Data(0, kText), 7,
                 {{0, 24, true},
                  {24, 33, true},
                  {24, 24, true},
                  {24, 24, false},
                  {24, 48, false}})},
      kText,
      {{"held", 1}, {"bad_length", 3}, {"completed", 1}, {"reassembled", 1}}));
  cases.push_back(OnIpv4(Fragmented(
      "F-15df", "fragments that must not be ones",
      {FramesFrom([](const Variant& variant) {
        const PacketBuilder data = Base(variant, A().Data(0, kText));
        std::vector<Frame> frames =
            FramesOf({FragmentOf(data, 7, {0, 24, true}),
                      FragmentOf(data, 7, {24, kLength, false})});
        for (Frame& frame : frames) {
          uint8_t* const header = frame.bytes.data() + 14;
          header[6] |= 0x40;
          WriteBig16(header + 10, 0);
          WriteBig16(header + 10, ChecksumField(ChecksumSum(header, 20)));
        }
        return frames;
      })},
      kText,
      {{"held", 1},
       {"completed", 1},
       {"reassembled", 1},
       {"dont_fragment", 2}})));

  for (const bool one_byte : {false, true}) {
    std::vector<Step> steps;
    std::string stream;
    for (uint32_t last = 1; last <= (one_byte ? 1 : 16); ++last) {
      const std::string text = std::string(4, 'h') + std::string(last, 'z');
      steps.push_back(
          InFragments(A().Data(static_cast<int64_t>(stream.size()), text), last,
                      {24}, {1, 0}));
      stream += text;
    }
    const uint64_t n = steps.size();
    cases.push_back(Fragmented(
        one_byte ? "F-22" : "F-18",
        one_byte ? "a last fragment of one byte"
                 : "last fragments of 1 to 16 bytes end where they end",
        steps, stream, {{"held", n}, {"completed", n}, {"reassembled", n}}));
  }
  cases.push_back(Fragmented(
      "F-18b", "one byte beyond the end",
      {SendParts(A().Data(0, kText), 7,
                 {{24, 48, false}, {48, 49, false, 'x'}, {0, 24, true}}),
       NothingDelivered()},
      "", {{"held", 1}, {"end", 1}, {"refused_datagram", 1}, {"refused", 1}}));
}

// F-16 and F-17.
void AddIdentifications(std::vector<Case>& cases) {
  const auto others = FramesFrom([](const Variant& variant) {
    const PacketBuilder data = Base(variant, A().Data(0, kText));
    const PacketBuilder last = FragmentOf(data, 7, {24, kLength, false});
    const PacketBuilder back =
        FragmentOf(Base(variant, B().Data(0, kText)), 7, {24, kLength, false});
    PacketBuilder source = last;
    PacketBuilder destination = last;
    if (variant.ip_version == 6) {
      source.Ipv6("2001:db8::3",
                  variant.swapped ? "2001:db8::1" : "2001:db8::2");
      destination.Ipv6(variant.swapped ? "2001:db8::2" : "2001:db8::1",
                       "2001:db8::3");
    } else {
      source.Ipv4("10.0.0.3", variant.swapped ? "10.0.0.1" : "10.0.0.2");
      destination.Ipv4(variant.swapped ? "10.0.0.2" : "10.0.0.1", "10.0.0.3");
    }
    return FramesOf({FragmentOf(data, 7, {0, 24, true}), source, destination,
                     back, PacketBuilder(last).Vlan(10),
                     PacketBuilder(last).Vlan(10).Vlan(20),
                     PacketBuilder(last).Vlan(20)});
  });
  cases.push_back(Fragmented(
      "F-16", "the same identification elsewhere",
      {others, NothingDelivered(), Held(7),
       SendParts(A().Data(0, kText), 7, {{24, kLength, false}}), Held(6)},
      kText, {{"held", 7}, {"completed", 1}, {"reassembled", 1}}));
  // In IPv6 fragments may disagree about what follows.
  cases.push_back(OnIpv4(Fragmented(
      "F-16protocol", "the same identification of another protocol",
      {FramesFrom([](const Variant& variant) {
         const PacketBuilder data = Base(variant, A().Data(0, kText));
         return FramesOf(
             {FragmentOf(data, 7, {0, 24, true}),
              FragmentOf(data, 7, {24, kLength, false}).Protocol(17)});
       }),
       NothingDelivered(), Held(2),
       SendParts(A().Data(0, kText), 7, {{24, kLength, false}})},
      kText, {{"held", 2}, {"completed", 1}, {"reassembled", 1}})));

  cases.push_back(
      Fragmented("F-17", "an identification used again at once",
                 {InFragments(A().Data(0, kText), 7, {24}),
                  InFragments(A().Data(28, kText), 7, {24}, {1, 0}),
                  InFragments(A().Data(56, kText), 7, {24}), NoDatagramHeld()},
                 kText + kText + kText,
                 {{"held", 3}, {"completed", 3}, {"reassembled", 3}}));
  cases.push_back(Fragmented(
      "F-17b", "an identification used again before all parts came",
      {SendParts(A().Data(0, std::string(28, 'x')), 7, {{0, 24, true}}),
       InFragments(A().Data(0, kText), 7, {24}), NothingDelivered(),
       InFragments(A().Data(0, kText), 8, {24})},
      kText,
      {{"held", 2},
       {"overlap", 1},
       {"refused_datagram", 1},
       {"refused", 1},
       {"completed", 1},
       {"reassembled", 1}}));
}

}  // namespace

std::vector<Case> GroupF() {
  std::vector<Case> cases;
  AddOrders(cases);
  AddFragmentOverlaps(cases);
  AddForgeries(cases);
  AddHoles(cases);
  AddLengths(cases);
  AddIdentifications(cases);
  AddFragmentedTraffic(cases);
  return cases;
}

}  // namespace mosaic::conformance
