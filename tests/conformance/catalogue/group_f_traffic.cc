// Group F: whole connections in fragments, tunnels, several workers, floods.

#include <cstdint>
#include <string>
#include <vector>

#include "dataplane/base/byte_order.h"
#include "gtest/gtest.h"
#include "tests/conformance/catalogue/fragment_steps.h"
#include "tests/conformance/catalogue/runner.h"
#include "tests/support/fragments.h"
#include "tests/support/tunnel_cases.h"

namespace mosaic::conformance {
namespace {

using mosaic::testing::EngineHarness;
using mosaic::testing::EngineSetup;
using Bytes = PacketBuilder::Bytes;

// F-19: the flow is that of the same segments in one piece.
void AddSegments(std::vector<Case>& cases) {
  const Counts one = {{"held", 1}, {"completed", 1}, {"reassembled", 1}};
  // Twelve bytes of options, so that the header can be cut at 24 and be whole.
  const Bytes options = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0};
  Case syn;
  syn.id = "F-19syn";
  syn.name = "a fragmented SYN";
  syn.opening = Opening::kByScript;
  syn.ipv6 = false;  // There the first fragment holds all of a header.
  syn.script = {InFragments(A(tcp_flag::kSyn).Options(options), 7, {8, 16, 24}),
                B(tcp_flag::kSyn | tcp_flag::kAck), A(), A().Data(0, kOn)};
  syn.expect = Delivers(kOn, {{"held", 3},
                              {"completed", 1},
                              {"reassembled", 1},
                              {"tiny_fragment", 1}});
  syn.expect.counts["start snd {A}"] = 1;
  syn.expect.counts["start rcv {B}"] = 1;
  cases.push_back(syn);

  Case fin;
  fin.id = "F-19fin";
  fin.name = "a fragmented FIN";
  fin.script = {InFragments(A(tcp_flag::kFin | tcp_flag::kAck).Data(0, kText),
                            7, {24}, {1, 0}),
                B().AckOff(29), B(tcp_flag::kFin | tcp_flag::kAck).AckOff(29),
                A().Off(29).AckOff(1)};
  fin.expect = Delivers(kText, one);
  fin.expect.ends = {EndReason::kFin};
  fin.expect.order = {"data {B} 0 " + kText, "state rcv {B}"};
  cases.push_back(fin);

  Case overlap;
  overlap.id = "F-19overlap";
  overlap.name = "fragmented segments that overlap";
  overlap.script = {InFragments(A().Data(8, "EEEEEEEE"), 7, {24}),
                    InFragments(A().Data(8, "nnnnnnnn"), 8, {24}, {1, 0}),
                    InFragments(A().Data(0, "AAAAAAAA"), 9, {24}),
                    A().Data(16, kOn)};
  const Counts three = {{"held", 3}, {"completed", 3}, {"reassembled", 3}};
  overlap.expect = Delivers("AAAAAAAAEEEEEEEE" + kOn, three);
  overlap.last = Delivers("AAAAAAAAnnnnnnnn" + kOn, three);
  overlap.expect.counts["conflict"] = overlap.last->counts["conflict"] = 8;
  overlap.wrap_at = {12, 2};
  cases.push_back(overlap);
}

PacketBuilder InGre(const PacketBuilder& inner, uint8_t ip_version) {
  Bytes payload = {0x20,
                   0,
                   static_cast<uint8_t>(ip_version == 6 ? 0x86 : 8),
                   static_cast<uint8_t>(ip_version == 6 ? 0xdd : 0),
                   0,
                   0,
                   0,
                   9};
  const Bytes bytes = IpBytesOf(inner);
  payload.insert(payload.end(), bytes.begin(), bytes.end());
  return PacketBuilder()
      .Ipv4("172.16.0.1", "172.16.0.2")
      .NoTransport()
      .Protocol(47)
      .Payload(payload);
}

std::vector<PacketBuilder> CutAt(const PacketBuilder& packet, uint32_t id,
                                 uint16_t cut) {
  return Fragments(packet, id, {cut});
}

// F-20.
void AddTunnels(std::vector<Case>& cases) {
  const auto inside = FramesFrom([](const Variant& variant) {
    std::vector<PacketBuilder> packets;
    for (const PacketBuilder& part :
         CutAt(Base(variant, A().Data(0, kText)), 7, 24)) {
      packets.push_back(InGre(part, variant.ip_version));
    }
    return FramesOf(packets);
  });
  const auto outside = FramesFrom([](const Variant& variant) {
    return FramesOf(CutAt(
        InGre(Base(variant, A().Data(0, kText)), variant.ip_version), 7, 32));
  });
  const auto both = FramesFrom([](const Variant& variant) {
    std::vector<PacketBuilder> packets;
    uint32_t id = 100;
    for (const PacketBuilder& part :
         CutAt(Base(variant, A().Data(0, kText)), 7, 24)) {
      for (const PacketBuilder& piece :
           CutAt(InGre(part, variant.ip_version), ++id, 32)) {
        packets.push_back(piece);
      }
    }
    return FramesOf(packets);
  });
  const Counts one = {{"held", 1}, {"completed", 1}, {"reassembled", 1}};
  cases.push_back(
      Fragmented("F-20", "fragments inside GRE", {inside}, kText, one));
  cases.push_back(Fragmented("F-20outer", "a GRE packet in fragments",
                             {outside}, kText, one));
  // The two inner fragments wait for each other, too.
  cases.push_back(
      Fragmented("F-20both", "fragments in GRE that is in fragments", {both},
                 kText, {{"held", 3}, {"completed", 3}, {"reassembled", 3}}));
  // One level more is left alone.
  cases.push_back(Fragmented(
      "F-20deep", "fragments in fragments in fragments",
      {FramesFrom([](const Variant& variant) {
         std::vector<PacketBuilder> packets;
         const PacketBuilder innermost =
             CutAt(Base(variant, A().Data(0, kText)), 7, 24)[0];
         uint32_t id = 100;
         for (const PacketBuilder& middle :
              CutAt(InGre(innermost, variant.ip_version), ++id, 32)) {
           for (const PacketBuilder& outer :
                CutAt(InGre(middle, 4), ++id, 24)) {
             packets.push_back(outer);
           }
         }
         return FramesOf(packets);
       }),
       NothingDelivered()},
      "", {{"held", 3}, {"completed", 3}, {"reassembled", 3}, {"nested", 1}}));
}

// F-21, F-23 and F-24.
void AddFloods(std::vector<Case>& cases) {
  constexpr uint64_t kCopies = 10'000;
  cases.push_back(
      Fragmented("F-21", "one fragment ten thousand times",
                 {FramesFrom([](const Variant& variant) {
                    const Frame frame = FrameOf(FragmentOf(
                        Base(variant, A().Data(0, kText)), 7, {0, 24, true}));
                    return std::vector<Frame>(kCopies, frame);
                  }),
                  Check([](EngineHarness& harness, const Variant&) {
                    const IpReassembly& reassembly =
                        harness.pipeline().fragments().reassembly();
                    EXPECT_EQ(reassembly.held(), 1u);
                    EXPECT_EQ(reassembly.chunks().free_chunks() + 1,
                              reassembly.chunks().total_chunks());
                  }),
                  SendParts(A().Data(0, kText), 7, {{24, kLength, false}})},
                 kText,
                 {{"held", 1},
                  {"duplicate", kCopies - 1},
                  {"completed", 1},
                  {"reassembled", 1}}));

  // Each fragment to another of three workers; the engine's own queues, so a
  // port would add nothing.
  constexpr uint32_t kDatagrams = 64;
  std::string stream;
  for (uint32_t i = 0; i < kDatagrams; ++i) stream += kText;
  Case queues = Fragmented(
      "F-23", "fragments of one datagram on three receive queues",
      {Check([](EngineHarness& harness, const Variant& variant) {
        for (uint32_t i = 0; i < kDatagrams; ++i) {
          const auto parts = Fragments(
              Base(variant, A().Data(int64_t{28} * i, kText)), i, {24, 32});
          for (size_t k = 0; k < parts.size(); ++k) {
            harness.Send(parts[k], (i + k) % 3);
          }
        }
      })},
      stream,
      {{"held", 2 * kDatagrams},
       {"completed", kDatagrams},
       {"reassembled", kDatagrams}});
  queues.setup = [](EngineSetup& setup) { setup.workers = 3; };
  queues.port = false;
  cases.push_back(queues);

  // The number of packets is the case; variants of the connection beside them
  // would only repeat it.
  static constexpr uint32_t kFlood = 1'000'000;
  static constexpr size_t kBound = 4096;
  Case flood = Fragmented(
      "F-24", "a million datagrams that are never complete",
      {SendParts(A().Data(0, kText), 7, {{0, 24, true}}),
       Check([](EngineHarness& harness, const Variant& variant) {
         Bytes frame =
             FragmentOf(Base(variant, A().Data(0, kText)), 0, {0, 24, true})
                 .Build();
         // Identification and source; the IPv4 checksum is left to the device.
         const size_t id = variant.ip_version == 6 ? 14 + 44 : 14 + 4;
         const size_t source = variant.ip_version == 6 ? 14 + 20 : 14 + 14;
         for (uint32_t i = 0; i < kFlood; ++i) {
           WriteBig16(frame.data() + id, static_cast<uint16_t>(i));
           WriteBig16(frame.data() + source, static_cast<uint16_t>(i >> 16));
           frame[source - 1] = 99;
           harness.SendFrame(frame, [](Packet& packet) {
             packet.ip_checksum = ChecksumVerdict::kGood;
           });
         }
         EXPECT_EQ(harness.pipeline().fragments().held(), kBound);
       })},
      "", {{"held", kFlood + 1}, {"evicted", kFlood + 1 - kBound}});
  flood.swap = flood.wrap = false;
  flood.port = false;
  cases.push_back(flood);
}

}  // namespace

void AddFragmentedTraffic(std::vector<Case>& cases) {
  AddSegments(cases);
  AddTunnels(cases);
  AddFloods(cases);
}

}  // namespace mosaic::conformance
