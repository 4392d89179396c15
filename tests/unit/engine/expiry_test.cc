// When a flow that is silent ends: by its state, to the millisecond.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;

EngineSetup WithTimeouts() {
  EngineSetup setup;
  setup.pipeline.limits.timeouts.enabled = true;
  setup.functions[0].wants =
      EventMask::Of(EventKind::kConnectionEnd, Hook::kSender, Side::kClient) |
      EventsOf({EventKind::kNewData, EventKind::kError});
  return setup;
}

// Says that the only flow lives until it was silent for `timeout`.
void ExpectEndsAfter(EngineHarness& harness, Duration timeout,
                     const std::string& reason) {
  harness.Wait(timeout - Duration::Millis(1));
  harness.RunTimers();
  EXPECT_EQ(harness.flows(), 1u) << "too early";
  harness.Wait(Duration::Millis(1));
  harness.RunTimers();
  EXPECT_EQ(harness.flows(), 0u) << "too late";
  EXPECT_THAT(harness.recorded().Only("end"),
              ElementsAre("end snd client " + reason));
}

TEST(Expiry, AHandshakeThatStopsTimesOut) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Syn();
  harness.Wait(Duration::Seconds(20));
  c.SynAck();
  ExpectEndsAfter(harness, Duration::Seconds(30), "timeout");
}

TEST(Expiry, AnEstablishedConnectionTimesOutWhenSilent) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Handshake();
  for (int i = 0; i < 10; ++i) {
    harness.Wait(Duration::Seconds(299));
    c.client().Ack(0);
  }
  ExpectEndsAfter(harness, Duration::Seconds(300), "timeout");
}

TEST(Expiry, AConnectionThatStopsInItsCloseTimesOut) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Handshake();
  c.client().Fin(0);
  c.server().Ack(1);
  ExpectEndsAfter(harness, Duration::Seconds(10), "timeout");
}

TEST(Expiry, AClosedConnectionLingers) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Handshake();
  c.Close(0, 0);
  ExpectEndsAfter(harness, Duration::Seconds(5), "fin");
}

TEST(Expiry, AResetConnectionLingers) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Handshake();
  c.server().Rst(0);
  ExpectEndsAfter(harness, Duration::Seconds(5), "reset");
}

// the reset was forged.
TEST(Expiry, APacketInTheLingerStartsItAnew) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Handshake();
  c.server().Rst(0);
  for (int i = 0; i < 5; ++i) {
    harness.Wait(Duration::Seconds(4));
    c.client().Data(static_cast<uint64_t>(i), "x");
  }
  EXPECT_EQ(harness.recorded().data[1], "xxxxx");
  ExpectEndsAfter(harness, Duration::Seconds(5), "reset");
}

TEST(Expiry, ARefusedConnectionLingers) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Syn();
  c.Send(
      c.Bare(Side::kServer).Ack(1001).Flags(tcp_flag::kRst | tcp_flag::kAck));
  ExpectEndsAfter(harness, Duration::Seconds(5), "refused");
}

TEST(Expiry, UdpAndIcmpFlowsTimeOut) {
  EngineHarness udp(WithTimeouts());
  udp.Send(PacketBuilder().Udp(5000, 53).Payload("?"));
  udp.Wait(Duration::Seconds(59));
  udp.Send(PacketBuilder().Ipv4("10.0.0.2", "10.0.0.1").Udp(53, 5000));
  ExpectEndsAfter(udp, Duration::Seconds(60), "timeout");

  EngineHarness icmp(WithTimeouts());
  icmp.Send(PacketBuilder().Icmp(8, 0));
  ExpectEndsAfter(icmp, Duration::Seconds(10), "timeout");
}

TEST(Expiry, AMonitorsIdleTimeoutHoldsForItsEstablishedConnections) {
  EngineSetup setup = WithTimeouts();
  setup.monitors[0].idle_timeout = Duration::Seconds(2);
  EngineHarness harness(setup);
  Connection c(harness);
  c.Syn();
  harness.Wait(Duration::Seconds(3));  // The handshake has its own timeout.
  c.SynAck();
  c.HandshakeAck();
  ExpectEndsAfter(harness, Duration::Seconds(2), "timeout");
}

TEST(Expiry, AMonitorsIdleTimeoutHoldsForWhatItPickedUp) {
  EngineSetup setup = WithTimeouts();
  setup.monitors[0].idle_timeout = Duration::Seconds(2);
  setup.monitors[0].midstream = mosaic::Midstream::kPickup;
  EngineHarness harness(setup);
  Connection c(harness);
  c.client().Data(0, "x");
  ExpectEndsAfter(harness, Duration::Seconds(2), "timeout");
}

TEST(Expiry, AMonitorsIdleTimeoutHoldsForDatagrams) {
  EngineSetup setup = WithTimeouts();
  setup.monitors[0].idle_timeout = Duration::Millis(1500);
  EngineHarness harness(setup);
  harness.Send(PacketBuilder().Udp(5000, 53));
  ExpectEndsAfter(harness, Duration::Millis(1500), "timeout");
}

TEST(Expiry, AShorterIdleTimeoutHoldsFromTheNextPacketOn) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Handshake();
  Monitor hurried = StreamMonitor({0});
  hurried.idle_timeout = Duration::Seconds(1);
  harness.Configure({hurried}, EngineHarness::LiveFlows::kReevaluate);
  c.client().Ack(0);
  ExpectEndsAfter(harness, Duration::Seconds(1), "timeout");
}

TEST(Expiry, AFlowThatLivesDoesNotDelayAnothersEnd) {
  EngineHarness harness(WithTimeouts());
  ConnectionOptions options;
  Connection alive(harness, options);
  options.client_port = 1001;
  Connection silent(harness, options);
  alive.Handshake();
  silent.Handshake();
  for (int i = 0; i < 299; ++i) {
    harness.Wait(Duration::Seconds(1));
    alive.client().Ack(0);
  }
  EXPECT_EQ(harness.flows(), 2u);
  harness.Wait(Duration::Seconds(1));
  alive.client().Ack(0);
  EXPECT_EQ(harness.flows(), 1u);
}

TEST(Expiry, APacketAtTheVeryEndComesTooLate) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Syn();
  harness.Wait(Duration::Seconds(30));
  c.Syn();
  EXPECT_EQ(harness.counters().flows_created.Read(), 2u);
}

// G-21. Packet times may go back; the clock that a source derives from them
// does not.
TEST(Expiry, TimeThatGoesBackNeitherEndsFlowsNorMakesThemLiveForEver) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Handshake();
  const Timestamp before = harness.time();
  harness.SetTime(before - Duration::Seconds(3600));
  c.client().Data(0, "x");
  EXPECT_EQ(harness.recorded().data[1], "x");
  harness.SetTime(before);
  ExpectEndsAfter(harness, Duration::Seconds(300), "timeout");
}

TEST(Expiry, AnHourThatIsSkippedEndsFlowsBeforeThePacketIsLookedAt) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Handshake();
  harness.Wait(Duration::Seconds(3600));
  c.client().Data(0, "x");
  EXPECT_EQ(harness.flows(), 0u);
  EXPECT_EQ(harness.counters().orphan_packets.Read(), 1u);
}

// G-22.
TEST(Expiry, AnIslandIsDeliveredBeforeTheFlowEnds) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "island");
  harness.Wait(Duration::Seconds(301));
  harness.RunTimers();
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("error server gap 0+4", "data server 4 island",
                          "end snd client timeout"));
}

// A hole that waits for its 200 ms keeps them when the close begins, which
// arms the flow's timer for later.
TEST(Expiry, ACloseDoesNotDelayAGapThatIsDueBefore) {
  EngineHarness harness(WithTimeouts());
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "data");
  c.server().Ack(8);
  harness.Wait(Duration::Millis(100));
  c.server().Fin(0);
  harness.Wait(Duration::Millis(100));
  harness.RunTimers();
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("error server gap 0+4", "data server 4 data"));
}

TEST(Expiry, HolesOfBothSidesAreGivenUpEachAtItsTime) {
  for (const bool timeouts : {false, true}) {
    EngineSetup setup = WithTimeouts();
    setup.pipeline.limits.timeouts.enabled = timeouts;
    EngineHarness harness(setup);
    Connection c(harness);
    c.Handshake();
    c.client().Data(4, "ask");
    c.server().Data(4, "answer");
    c.server().Ack(7);
    harness.Wait(Duration::Millis(150));
    c.client().Ack(10);
    harness.Wait(Duration::Millis(50));
    harness.RunTimers();
    EXPECT_THAT(harness.recorded().Only("data"),
                ElementsAre("data server 4 ask"));
    harness.Wait(Duration::Millis(150));
    harness.RunTimers();
    EXPECT_THAT(harness.recorded().Only("data"),
                ElementsAre("data server 4 ask", "data client 4 answer"));
  }
}

TEST(Expiry, OneRoundEndsNoMoreFlowsThanItsBudget) {
  EngineSetup setup = WithTimeouts();
  setup.pipeline.limits.expiry_budget = 8;
  EngineHarness harness(setup);
  for (uint16_t port = 2000; port < 2020; ++port) {
    harness.Send(PacketBuilder().Udp(port, 53));
  }
  harness.Wait(Duration::Seconds(60));
  size_t before = harness.flows();
  for (int round = 0; round < 20 && before > 0; ++round) {
    harness.RunTimers();
    EXPECT_GE(harness.flows() + 8, before);
    before = harness.flows();
  }
  EXPECT_EQ(before, 0u);
}

}  // namespace
}  // namespace mosaic::testing
