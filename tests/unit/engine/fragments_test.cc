// Fragments and ICMP errors through whole pipelines. F-.. and X-.. are cases of
// the catalogue of evasions.

#include "tests/support/fragments.h"

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"
#include "tests/support/tunnel_cases.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Bytes = PacketBuilder::Bytes;

uint64_t FragmentsThat(const EngineHarness& harness, FragmentResult result) {
  return harness.Sum([&](const CoreCounters& c) {
    return c.ip_fragments[static_cast<size_t>(result)].Read();
  });
}

uint64_t DroppedAsFragment(const EngineHarness& harness) {
  return harness.Sum([](const CoreCounters& c) {
    return c.dropped_packets[static_cast<size_t>(DropReason::kIpFragment)]
        .Read();
  });
}

ConnectionOptions Over(uint8_t ip_version, uint16_t client_port = 1000) {
  ConnectionOptions options;
  options.ip_version = ip_version;
  options.client_port = client_port;
  return options;
}

// Writes down what is sent, and gives it back.
class RecordingSink : public PacketSink {
 public:
  size_t Send(std::span<Packet> packets) override {
    for (Packet& packet : packets) {
      sent.emplace_back(packet.bytes().begin(), packet.bytes().end());
      packet.Free();
    }
    return packets.size();
  }

  std::vector<Bytes> sent;
};

// What a test connection's data segment is, in fragments.
std::vector<PacketBuilder> DataInFragments(Connection& c, uint64_t offset,
                                           const std::string& text,
                                           uint32_t id) {
  return Fragments(c.client().Segment(offset, text), id, {24});
}

TEST(FragmentsTest, F19_AFragmentedConnectionIsLikeAWholeOne) {
  for (const uint8_t version : {4, 6}) {
    std::vector<std::string> whole_events;
    std::vector<std::string> events;
    for (const bool fragmented : {false, true}) {
      EngineHarness harness;
      Connection c(harness, Over(version));
      uint32_t id = 0;
      const auto send = [&](const PacketBuilder& packet) {
        if (!fragmented) return c.Send(packet);
        const auto content = DatagramContent(packet);
        // IPv6 wants the TCP header in the first part.
        const uint16_t cut = version == 6 ? 24 : 8;
        if (content.size() <= cut) return c.Send(packet);
        const auto parts = Fragments(packet, ++id, {cut});
        c.Send(parts[1]);
        c.Send(parts[0]);
      };
      c.Handshake();
      send(c.client().Segment(6, "worldwide"));
      send(c.client().Segment(0, "Hello WORL"));  // Overlaps what is held.
      send(c.client()
               .Segment(15, "end!!")
               .Flags(tcp_flag::kFin | tcp_flag::kAck));
      EXPECT_EQ(harness.recorded().data[Index(Side::kServer)],
                "Hello worldwideend!!");
      (fragmented ? events : whole_events) = harness.recorded().Only("");
      EXPECT_EQ(id, fragmented ? 3u : 0u);
    }
    EXPECT_EQ(events, whole_events);
  }
}

TEST(FragmentsTest, F19_AFragmentedSynBeginsAConnection) {
  EngineHarness harness;
  Connection c(harness);
  for (const PacketBuilder& part :
       Fragments(c.Bare(Side::kClient).Flags(tcp_flag::kSyn), 7, {8, 16})) {
    c.Send(part);
  }
  EXPECT_THAT(harness.recorded().Only("start"),
              ElementsAre("start snd client", "start rcv server"));
  EXPECT_EQ(harness.flow().id, 2u);  // The packet that completed it.
}

TEST(FragmentsTest, TheFlowCountsTheBytesOfAllFragments) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  const SideCounters before = CountersOf(harness.flow(), Side::kClient);
  uint64_t wire_bytes = 0;
  for (const PacketBuilder& part : DataInFragments(c, 0, "0123456789", 7)) {
    wire_bytes += part.wire_length();
    c.Send(part);
  }
  const SideCounters after = CountersOf(harness.flow(), Side::kClient);
  EXPECT_EQ(after.packets - before.packets, 1u);
  EXPECT_EQ(after.wire_bytes - before.wire_bytes, wire_bytes);
}

TEST(FragmentsTest, EveryFragmentHasOneFate) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  const auto parts = DataInFragments(c, 0, "0123456789", 7);
  c.Send(parts[0]);
  c.Send(parts[0]);
  c.Send(parts[1]);
  c.Send(Fragment(c.client().Segment(0, "x"), 8, 0, Bytes(32, 'a'), true));
  c.Send(Fragment(c.client().Segment(0, "x"), 8, 16, Bytes(32, 'b'), true));
  c.Send(Fragment(c.client().Segment(0, "x"), 8, 48, Bytes(8, 'c'), false));
  EXPECT_EQ(FragmentsThat(harness, FragmentResult::kHeld), 2u);
  EXPECT_EQ(FragmentsThat(harness, FragmentResult::kDuplicate), 1u);
  EXPECT_EQ(FragmentsThat(harness, FragmentResult::kCompleted), 1u);
  EXPECT_EQ(FragmentsThat(harness, FragmentResult::kOverlap), 1u);
  EXPECT_EQ(FragmentsThat(harness, FragmentResult::kRefusedDatagram), 1u);
  EXPECT_EQ(DroppedAsFragment(harness), 2u);
  EXPECT_EQ(harness.counters().consumed_packets.Read(), 3u + 4u);
  harness.ExpectAccountsBalance();
}

TEST(FragmentsTest, DatagramsInOneBurstKeepTheirPlaces) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  harness.recorded().Clear();
  harness.BeginBurst();
  const auto parts = DataInFragments(c, 4, "efghijkl", 7);
  c.Send(parts[0]);
  c.Send(c.client().Segment(0, "abcd"));
  c.Send(parts[1]);
  c.Send(c.client().Segment(12, "mnop"));
  harness.EndBurst();
  EXPECT_THAT(harness.recorded().Only("data"),
              ElementsAre("data server 0 abcd", "data server 4 efghijkl",
                          "data server 12 mnop"));
}

// Through each kind of tunnel: the datagram inside comes in fragments, or the
// tunnel's own packet does.
TEST(FragmentsTest, F20_FragmentsInsideTunnelsAndTunnelsInFragments) {
  const PacketBuilder segment =
      TunnelledSegment(4).Payload(Bytes(100, 'x')).Seq(7);
  for (const bool outside : {false, true}) {
    EngineHarness harness;
    Monitor monitor = StreamMonitor({0});
    monitor.midstream = Midstream::kPickup;
    harness.Configure({monitor}, EngineHarness::LiveFlows::kKeep);
    const auto in_gre = [](const PacketBuilder& frame) {
      Bytes payload = {0x20, 0, 8, 0, 0, 0, 0, 9};
      const Bytes inner = IpBytesOf(frame);
      payload.insert(payload.end(), inner.begin(), inner.end());
      return PacketBuilder().NoTransport().Protocol(47).Payload(payload);
    };
    for (const PacketBuilder& inner : Fragments(segment, 7, {40, 80})) {
      if (!outside) {
        harness.Send(in_gre(inner));
        continue;
      }
      // Both: each inner fragment's packet is in fragments too.
      static uint32_t id = 100;
      for (const PacketBuilder& part : Fragments(in_gre(inner), ++id, {32})) {
        harness.Send(part);
      }
    }
    ASSERT_EQ(harness.flows(), 1u);
    EXPECT_EQ(harness.flow().key.protocol, 6);
    EXPECT_EQ(harness.recorded().data[Index(Side::kServer)].size(), 100u);
    EXPECT_EQ(FragmentsThat(harness, FragmentResult::kCompleted),
              outside ? 4u : 1u);
    EXPECT_EQ(FragmentsThat(harness, FragmentResult::kNested), 0u);
  }
}

TEST(FragmentsTest, F20_FragmentsThreeDeepAreLeftAlone) {
  EngineHarness harness;
  const auto in_ip = [](const PacketBuilder& frame) {
    return PacketBuilder().NoTransport().Protocol(4).Payload(IpBytesOf(frame));
  };
  uint32_t id = 0;
  const auto send_in_fragments = [&](const PacketBuilder& frame) {
    for (const PacketBuilder& part : Fragments(frame, ++id, {48})) {
      harness.Send(part);
    }
  };
  // A fragment of a fragment of a fragment.
  const PacketBuilder one =
      Fragments(TunnelledSegment(4).Payload(Bytes(200, 'x')), ++id, {120})[0];
  for (const PacketBuilder& two : Fragments(in_ip(one), ++id, {80})) {
    send_in_fragments(in_ip(two));
  }
  EXPECT_EQ(FragmentsThat(harness, FragmentResult::kNested), 1u);
  EXPECT_EQ(DroppedAsFragment(harness), 0u);
}

TEST(FragmentsTest, F23_FragmentsOnTwoQueuesAreOneDatagram) {
  for (const uint8_t version : {4, 6}) {
    EngineSetup setup;
    setup.workers = 3;
    EngineHarness harness(setup);
    for (uint16_t port = 1000; port < 1040; ++port) {
      Connection c(harness, Over(version, port));
      c.Handshake();
      const auto parts = DataInFragments(c, 0, "0123456789", port);
      harness.Send(parts[0], port % 3);
      harness.Send(parts[1], (port + 1) % 3);
    }
    EXPECT_EQ(harness.recorded().data[Index(Side::kServer)].size(), 400u);
    EXPECT_EQ(harness.flows(), 40u);
    EXPECT_EQ(FragmentsThat(harness, FragmentResult::kCompleted), 40u);
    harness.ExpectAccountsBalance();
  }
}

TEST(FragmentsTest, F23_FragmentsInTunnelsFindTheirWorkersToo) {
  EngineSetup setup;
  setup.workers = 3;
  EngineHarness harness(setup);
  for (uint16_t port = 1000; port < 1040; ++port) {
    Connection c(harness, Over(4, port));
    c.Handshake();
    uint32_t id = port;
    for (const PacketBuilder& inner : DataInFragments(c, 0, "0123456789", 9)) {
      const PacketBuilder outer =
          PacketBuilder().NoTransport().Protocol(4).Payload(IpBytesOf(inner));
      size_t receiver = port;
      for (const PacketBuilder& part : Fragments(outer, id += 100, {24})) {
        harness.Send(part, receiver++ % 3);
      }
    }
  }
  EXPECT_EQ(harness.recorded().data[Index(Side::kServer)].size(), 400u);
  harness.ExpectAccountsBalance();
}

TEST(FragmentsTest, F24_IncompleteDatagramsLeaveConnectionsAlone) {
  EngineSetup setup;
  setup.pipeline.limits.fragments.datagrams = 16;
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  for (uint32_t id = 0; id < 1'000; ++id) {
    c.Send(DataInFragments(c, 0, "lost for ever", id)[0]);
  }
  EXPECT_LE(harness.pipeline().fragments().held(), 16u);
  c.client().Data(0, "hello");
  EXPECT_EQ(harness.recorded().data[Index(Side::kServer)], "hello");
}

TEST(FragmentsTest, F11_TimersForgetWhatNeverCompletes) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.Send(DataInFragments(c, 0, "0123456789", 7)[0]);
  harness.Wait(Duration::Seconds(30));
  harness.RunTimers();
  EXPECT_EQ(harness.pipeline().fragments().held(), 0u);
  EXPECT_EQ(harness.counters()
                .ip_datagrams[static_cast<size_t>(DatagramEnd::kTimedOut)]
                .Read(),
            1u);
}

TEST(FragmentsTest, RawMonitorsSeeEachFragmentOnceAndNoDatagram) {
  EngineSetup setup;
  setup.monitors = {RawMonitor({0})};
  EngineHarness harness(setup);
  Connection c(harness);
  for (const PacketBuilder& part : DataInFragments(c, 0, "0123456789", 7)) {
    c.Send(part);
  }
  EXPECT_THAT(harness.recorded().events, ElementsAre("raw", "raw"));
}

TEST(FragmentsTest, AFragmentThatARawFunctionDropsIsNotMerged) {
  EngineSetup setup;
  setup.monitors = {RawMonitor({0})};
  EngineHarness harness(setup);
  Connection c(harness);
  const auto parts = DataInFragments(c, 0, "0123456789", 7);
  c.Send(parts[0]);
  harness.function().on_packet = [](const Event&) { return Verdict::kDrop; };
  c.Send(parts[1]);
  EXPECT_EQ(FragmentsThat(harness, FragmentResult::kCompleted), 0u);
  EXPECT_EQ(harness.counters()
                .dropped_packets[static_cast<size_t>(DropReason::kNfDrop)]
                .Read(),
            1u);
}

TEST(FragmentsTest, ABadChecksumOfTheWholeIsSeen) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  for (const PacketBuilder& part : Fragments(
           c.client().Segment(0, "0123456789").BadL4Checksum(), 7, {24})) {
    c.Send(part);
  }
  EXPECT_THAT(harness.recorded().Only("data"), IsEmpty());
  EXPECT_EQ(harness.counters()
                .anomalies[static_cast<size_t>(Anomaly::kBadChecksum)]
                .Read(),
            1u);
}

TEST(FragmentsTest, OddHeadersAreCounted) {
  EngineHarness harness;
  Connection c(harness);
  for (const PacketBuilder& part :
       Fragments(c.client().Segment(0, "0123456789"), 7, {8})) {
    c.Send(part);
  }
  // Bit 5: a tiny first fragment. The datagram does not count again what its
  // last part was.
  EXPECT_EQ(harness.counters().parse_anomalies[5].Read(), 1u);
}

// On a wire: what goes out, and when.
class FragmentsOnAWireTest : public ::testing::Test {
 protected:
  FragmentsOnAWireTest() : harness_(Setup(sink_)), connection_(harness_) {
    connection_.Handshake();
    sink_.sent.clear();
  }

  static EngineSetup Setup(RecordingSink& sink) {
    EngineSetup setup;
    setup.sinks = {&sink};
    return setup;
  }

  std::vector<PacketBuilder> Data(uint32_t id) {
    return DataInFragments(connection_, 0, "0123456789", id);
  }

  RecordingSink sink_;
  EngineHarness harness_;
  Connection connection_;
};

TEST_F(FragmentsOnAWireTest, FragmentsGoOnAsTheyCame) {
  const auto parts = Data(7);
  connection_.Send(parts[1]);
  EXPECT_THAT(sink_.sent, ElementsAre(parts[1].Build()));
  connection_.Send(parts[0]);
  EXPECT_THAT(sink_.sent, ElementsAre(parts[1].Build(), parts[0].Build()));
  EXPECT_EQ(harness_.recorded().data[Index(Side::kServer)], "0123456789");
}

TEST_F(FragmentsOnAWireTest, TheLastPartHasTheFateOfTheDatagram) {
  harness_.function().on_event = [](const Event& event, FlowView&) {
    return event.kind == EventKind::kPacketIn ? Verdict::kDrop
                                              : Verdict::kForward;
  };
  const auto parts = Data(7);
  connection_.Send(parts[0]);
  connection_.Send(parts[1]);
  EXPECT_THAT(sink_.sent, ElementsAre(parts[0].Build()));
}

TEST_F(FragmentsOnAWireTest, ADroppedPartSentAgainIsDroppedAgain) {
  harness_.function().on_event = [](const Event& event, FlowView&) {
    return event.kind == EventKind::kPacketIn ? Verdict::kDrop
                                              : Verdict::kForward;
  };
  const auto parts = Data(7);
  for (const bool in_one_burst : {false, true}) {
    if (in_one_burst) harness_.BeginBurst();
    connection_.Send(parts[0]);
    connection_.Send(parts[1]);
    connection_.Send(parts[1]);
    connection_.Send(parts[0]);
    if (in_one_burst) harness_.EndBurst();
    EXPECT_THAT(sink_.sent, ElementsAre(parts[0].Build()));
    sink_.sent.clear();
    harness_.Wait(Duration::Seconds(30));
  }
  EXPECT_EQ(DroppedAsFragment(harness_), 4u);
}

TEST_F(FragmentsOnAWireTest, F17_AnIdentificationIsUsedAgain) {
  for (int round = 0; round < 3; ++round) {
    for (const PacketBuilder& part : Data(7)) connection_.Send(part);
  }
  EXPECT_EQ(sink_.sent.size(), 6u);
}

TEST_F(FragmentsOnAWireTest, WhatHostsMayReadInTwoWaysStops) {
  const auto parts = Data(7);
  connection_.Send(parts[0]);
  connection_.Send(Fragment(connection_.client().Segment(0, "x"), 7, 16,
                            Bytes(16, 'n'), true));
  connection_.Send(parts[1]);
  EXPECT_THAT(sink_.sent, ElementsAre(parts[0].Build()));
}

// ICMP errors.
PacketBuilder ErrorAbout(const PacketBuilder& packet) {
  const Bytes quoted = IpBytesOf(packet);
  const bool ipv6 = quoted[0] >> 4 == 6;
  const PacketBuilder error = PacketBuilder().Payload(quoted);
  return ipv6 ? PacketBuilder(error)
                    .Ipv6("2001:db8::99", "2001:db8::1")
                    .Icmp(1, 4)
              : PacketBuilder(error).Ipv4("10.9.9.9", "10.0.0.1").Icmp(3, 3);
}

TEST(IcmpErrorsTest, AnErrorCountsForTheFlowThatItQuotes) {
  for (const uint8_t version : {4, 6}) {
    for (const size_t workers : {1, 3}) {
      EngineSetup setup;
      setup.workers = workers;
      EngineHarness harness(setup);
      Connection c(harness, Over(version));
      c.Handshake();
      const size_t events = harness.recorded().events.size();
      for (size_t receiver = 0; receiver < workers; ++receiver) {
        harness.Send(ErrorAbout(c.client().Segment(0, "hello")), receiver);
      }
      harness.Send(ErrorAbout(c.server().Segment(0, "hello")));
      EXPECT_EQ(harness.flows(), 1u);
      EXPECT_EQ(CountersOf(harness.flow(), Side::kClient).icmp_errors, workers);
      EXPECT_EQ(CountersOf(harness.flow(), Side::kServer).icmp_errors, 1u);
      EXPECT_EQ(harness.recorded().events.size(), events);
      EXPECT_EQ(harness.Sum([](const CoreCounters& counters) {
        return counters.icmp_errors[0].Read();
      }),
                workers + 1);
    }
  }
}

TEST(IcmpErrorsTest, AnErrorThatQuotesNoFlowMakesNone) {
  EngineHarness harness;
  for (uint16_t port = 0; port < 100; ++port) {
    harness.Send(ErrorAbout(PacketBuilder().Tcp(port, 80)));
  }
  EXPECT_EQ(harness.flows(), 0u);
  EXPECT_EQ(harness.counters().icmp_errors[1].Read(), 100u);
  EXPECT_EQ(harness.counters().orphan_packets.Read(), 100u);
}

TEST(IcmpErrorsTest, AFragmentedErrorFindsItsFlowToo) {
  EngineSetup setup;
  setup.workers = 3;
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  for (const PacketBuilder& part :
       Fragments(ErrorAbout(c.client().Segment(0, "0123456789")), 7, {32})) {
    harness.Send(part);
  }
  EXPECT_EQ(CountersOf(harness.flow(), Side::kClient).icmp_errors, 1u);
}

TEST(IcmpErrorsTest, EchoesAreFlowsOfTheirOwn) {
  EngineHarness harness;
  harness.Send(PacketBuilder().Icmp(8, 0).Payload("ping"));
  EXPECT_EQ(harness.flows(), 1u);
  EXPECT_EQ(harness.flow().key.protocol, 1);
}

}  // namespace
}  // namespace mosaic::testing
