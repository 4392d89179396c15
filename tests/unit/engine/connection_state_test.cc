// What both ends of a connection are taken to think, from the first packet to
// the reason of the end.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Only state changes, and of END only the first.
EngineSetup StatesOnly() {
  EngineSetup setup;
  setup.functions[0].wants =
      EventsOf({EventKind::kStateChange}) |
      EventMask::Of(EventKind::kConnectionEnd, Hook::kSender, Side::kClient);
  return setup;
}

uint64_t AnomaliesOf(EngineHarness& harness, Anomaly anomaly) {
  return harness.counters().anomalies[static_cast<size_t>(anomaly)].Read();
}

TEST(ConnectionState, AHandshakeEstablishesBothEnds) {
  EngineHarness harness(StatesOnly());
  Connection c(harness);
  c.Handshake();
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("state snd client closed>syn_sent",
                          "state rcv server closed>syn_received",
                          "state rcv client syn_sent>established",
                          "state rcv server syn_received>established"));
}

// S-17.
TEST(ConnectionState, DataStandsInForALostThirdPacketOfTheHandshake) {
  EngineHarness harness;
  Connection c(harness);
  c.Syn();
  c.SynAck();
  c.client().Data(0, "GET");
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kEstablished);
  EXPECT_EQ(harness.recorded().data[1], "GET");
}

TEST(ConnectionState, AFourWayCloseGoesThroughAllStates) {
  EngineHarness harness(StatesOnly());
  Connection c(harness);
  c.Handshake();
  harness.recorded().Clear();
  c.Close(0, 0);
  harness.EndAll();
  EXPECT_THAT(
      harness.recorded().events,
      ElementsAre("state snd client established>fin_wait_1",
                  "state rcv server established>close_wait",
                  "state rcv client fin_wait_1>fin_wait_2",
                  "state snd server close_wait>last_ack",
                  "state rcv client fin_wait_2>time_wait",
                  "state rcv server last_ack>closed", "end snd client fin"));
}

TEST(ConnectionState, ASimultaneousCloseGoesThroughClosing) {
  EngineHarness harness(StatesOnly());
  Connection c(harness);
  c.Handshake();
  harness.recorded().Clear();
  // Both FINs are under way before either is seen by the other end.
  c.client().Fin(0);
  c.Send(c.server().Segment(0).Flags(tcp_flag::kFin | tcp_flag::kAck));
  c.Send(c.client().Segment(1).Ack(5002));
  c.Send(c.server().Segment(1).Ack(1002));
  harness.EndAll();
  // The server's FIN is sent when the client's has reached it, as seen here.
  EXPECT_THAT(
      harness.recorded().events,
      ElementsAre("state snd client established>fin_wait_1",
                  "state rcv server established>close_wait",
                  "state snd server close_wait>last_ack",
                  "state rcv client fin_wait_1>closing",
                  "state rcv server last_ack>closed",
                  "state rcv client closing>time_wait", "end snd client fin"));
}

//
TEST(ConnectionState, AHalfClosedConnectionGoesOnTheOtherWay) {
  EngineHarness harness;
  Connection c(harness, Connection::Wide());
  c.Handshake();
  c.client().Fin(0, "ask");
  c.server().Ack(4);
  std::string sent;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(1000, static_cast<char>('a' + i % 26));
    c.server().Data(sent.size(), piece);
    sent += piece;
  }
  c.server().Fin(sent.size());
  c.client().Ack(sent.size() + 1);
  harness.EndAll();
  EXPECT_EQ(harness.recorded().data[0], sent);
  EXPECT_EQ(harness.recorded().events.back(), "end rcv server fin");
}

//
TEST(ConnectionState, AFinBeforeItsDataIsTakenWhenTheDataHasCome) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  harness.recorded().Clear();
  c.client().Fin(4);
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kEstablished);
  c.client().Data(0, "data");
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kCloseWait);
  EXPECT_EQ(harness.recorded().events.back(),
            "state rcv server established>close_wait");
  EXPECT_EQ(harness.recorded().data[1], "data");
}

// What the peer has acknowledged it has: a FIN behind a hole that is given up
// closes its receiver.
TEST(ConnectionState, AFinBehindAHoleIsTakenWhenTheHoleIsGivenUpByAcks) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.client().Fin(4, "data");
  for (int i = 0; i < 3; ++i) c.server().Ack(9);
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kCloseWait);
  EXPECT_EQ(harness.recorded().events.back(),
            "state rcv server established>close_wait");
  c.server().Fin(0);
  c.client().Ack(1);
  harness.EndAll();
  EXPECT_EQ(harness.recorded().events.back(), "end rcv server fin");
}

TEST(ConnectionState, AFinBehindAHoleIsTakenWhenTheHoleIsGivenUpByTime) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.client().Fin(4, "data");
  c.server().Ack(9);
  harness.Wait(Duration::Millis(300));
  harness.RunTimers();
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kCloseWait);
  EXPECT_EQ(harness.recorded().events.back(),
            "state rcv server established>close_wait");
}

TEST(ConnectionState, AResetClosesBothEndsAtOnceAndEndsTheFlowLater) {
  EngineHarness harness(StatesOnly());
  Connection c(harness);
  c.Handshake();
  harness.recorded().Clear();
  c.client().Rst(0);
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("state snd client established>closed",
                          "state rcv server established>closed"));
  harness.EndAll();
  EXPECT_EQ(harness.recorded().events.back(), "end snd client reset");
}

TEST(ConnectionState, AResetThatAnswersTheSynRefusesTheConnection) {
  EngineHarness harness(StatesOnly());
  Connection c(harness);
  c.Syn();
  c.Send(c.Bare(Side::kServer)
             .Seq(0)
             .Ack(1001)
             .Flags(tcp_flag::kRst | tcp_flag::kAck));
  harness.EndAll();
  EXPECT_EQ(harness.recorded().events.back(), "end snd client refused");
}

// S-20.
TEST(ConnectionState, AResetThatDoesNotAcknowledgeTheSynIsIgnored) {
  EngineHarness harness;
  Connection c(harness);
  c.Syn();
  c.Send(c.Bare(Side::kServer)
             .Seq(0)
             .Ack(777)
             .Flags(tcp_flag::kRst | tcp_flag::kAck));
  c.SynAck();
  c.client().Data(0, "GET");
  EXPECT_EQ(harness.recorded().data[1], "GET");
  EXPECT_EQ(AnomaliesOf(harness, Anomaly::kRstOutOfWindow), 1u);
}

// R-10 (a), R-11.
TEST(ConnectionState, AResetThatIsNotTheNextNumberIsIgnored) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.client().Rst(5);
  c.client().Rst(1u << 30);
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kEstablished);
  EXPECT_EQ(AnomaliesOf(harness, Anomaly::kRstInexact), 1u);
  EXPECT_EQ(AnomaliesOf(harness, Anomaly::kRstOutOfWindow), 1u);
  c.client().Data(0, "on");
  EXPECT_EQ(harness.recorded().data[1], "on");
}

//
TEST(ConnectionState, AConnectionThatGoesOnAfterAResetLosesNothing) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "ask");
  c.server().Rst(0);
  c.server().Data(0, "answer");
  c.client().Data(3, "more");
  EXPECT_EQ(harness.recorded().data[1], "askmore");
  EXPECT_EQ(harness.recorded().data[0], "answer");
  EXPECT_THAT(harness.recorded().Only("end"), IsEmpty());
  EXPECT_EQ(harness.flows(), 1u);
}

//
TEST(ConnectionState, PayloadOfAResetIsNotOfTheStream) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.Send(c.client().Segment(0, "EVIL").Flags(tcp_flag::kRst));
  EXPECT_EQ(harness.recorded().data[1], "");
}

// S-12.
TEST(ConnectionState, ASimultaneousOpenEstablishesBothEndsAndKeepsTheRoles) {
  EngineHarness harness;
  Connection c(harness);
  c.Syn();
  c.Send(c.Bare(Side::kServer).Flags(tcp_flag::kSyn));
  c.SynAck();
  c.Send(
      c.Bare(Side::kClient).Ack(5001).Flags(tcp_flag::kSyn | tcp_flag::kAck));
  c.client().Data(0, "ask");
  c.server().Data(0, "answer");
  EXPECT_EQ(harness.flow().end[0].state, TcpState::kEstablished);
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kEstablished);
  EXPECT_EQ(harness.recorded().data[1], "ask");
  EXPECT_EQ(harness.recorded().data[0], "answer");
  EXPECT_EQ(harness.flows(), 1u);
}

// S-02.
TEST(ConnectionState, ARepeatedSynIsARetransmissionAndNoNewFlow) {
  EngineHarness harness;
  Connection c(harness);
  c.Syn();
  c.Syn();
  c.SynAck();
  c.client().Data(0, "x");
  EXPECT_THAT(harness.recorded().Only("start"),
              ElementsAre("start snd client", "start rcv server"));
  EXPECT_THAT(harness.recorded().Only("rexmit"),
              ElementsAre("rexmit snd client", "rexmit rcv server"));
  EXPECT_EQ(harness.recorded().data[1], "x");
}

TEST(ConnectionState, TheRoundTripTimesAreThoseOfTheHandshake) {
  EngineSetup setup;
  std::array<Duration, kSides> rtt;
  setup.functions[0].on_event = [&](const Event&, FlowView& flow) {
    for (Side side : {Side::kClient, Side::kServer}) {
      rtt[Index(side)] = flow.handshake_rtt(side);
    }
    return Verdict::kForward;
  };
  EngineHarness harness(setup);
  Connection c(harness);
  c.Syn();
  harness.Wait(Duration::Millis(20));
  c.SynAck();
  harness.Wait(Duration::Millis(3));
  c.HandshakeAck();
  EXPECT_EQ(rtt[Index(Side::kServer)], Duration::Millis(20));
  EXPECT_EQ(rtt[Index(Side::kClient)], Duration::Millis(3));
}

class Midstream : public ::testing::Test {
 protected:
  static EngineSetup Pickup() {
    EngineSetup setup;
    setup.monitors[0].midstream = mosaic::Midstream::kPickup;
    return setup;
  }
  static Endpoint ClientOf(const Flow& flow) {
    return EndpointOf(flow.key, flow.client);
  }
};

// G-09, loose on.
TEST_F(Midstream, TheFirstPacketSeenStartsAnEstablishedFlowAtOffsetZero) {
  EngineHarness harness(Pickup());
  Connection c(harness);
  c.client().Data(1234, "first");
  c.server().Data(99, "back");
  EXPECT_EQ(harness.flow().origin, FlowOrigin::kMidstream);
  EXPECT_THAT(harness.recorded().Only("data"),
              ElementsAre("data server 0 first", "data client 0 back"));
}

// G-09, loose off.
TEST_F(Midstream, WithoutPickupThePacketIsAnOrphanAndNoStateIsKept) {
  EngineHarness harness;
  Connection c(harness);
  c.client().Data(0, "x");
  c.SynAck();
  EXPECT_THAT(harness.recorded().events, ElementsAre("orphan", "orphan"));
  EXPECT_EQ(harness.flows(), 0u);
  EXPECT_EQ(harness.counters().orphan_packets.Read(), 2u);
}

// G-10.
TEST_F(Midstream, ASynAckFirstTellsWhoTheServerIs) {
  EngineHarness harness(Pickup());
  Connection c(harness);
  c.SynAck();
  EXPECT_EQ(ClientOf(harness.flow()).port, 1000);
  c.HandshakeAck();
  c.client().Data(0, "ask");
  c.server().Data(0, "answer");
  EXPECT_EQ(harness.flow().end[0].state, TcpState::kEstablished);
  EXPECT_EQ(harness.flow().end[1].state, TcpState::kEstablished);
  EXPECT_EQ(harness.recorded().data[1], "ask");
  EXPECT_EQ(harness.recorded().data[0], "answer");
}

TEST_F(Midstream, AMonitorWithoutPickupGetsNoFlowThatBeginsWithASynAck) {
  EngineSetup setup = Pickup();
  setup.functions.resize(2);
  setup.monitors.push_back(StreamMonitor({1}));
  EngineHarness harness(setup);
  Connection c(harness);
  c.SynAck();
  EXPECT_FALSE(harness.recorded(0).events.empty());
  EXPECT_THAT(harness.recorded(1).events, IsEmpty());
}

// G-13.
TEST_F(Midstream, DataThatOvertookItsSynStaysAndRolesAreRight) {
  EngineHarness harness(Pickup());
  Connection c(harness);
  c.client().Data(0, "ask");
  c.Syn();
  c.SynAck();
  c.client().Data(3, "more");
  EXPECT_EQ(harness.flows(), 1u);
  EXPECT_EQ(harness.recorded().data[1], "askmore");
  EXPECT_EQ(ClientOf(harness.flow()).port, 1000);
}

TEST_F(Midstream, ALateSynAckCorrectsTheRolesThatWereGuessed) {
  EngineHarness harness(Pickup());
  Connection c(harness);
  c.server().Data(0, "banner");  // Taken for the client.
  EXPECT_EQ(ClientOf(harness.flow()).port, 80);
  c.SynAck();
  EXPECT_EQ(ClientOf(harness.flow()).port, 1000);
  c.client().Data(0, "ask");
  c.server().Data(6, "more");
  EXPECT_EQ(harness.recorded().Only("data").back(), "data client 6 more");
}

class Reincarnated : public Midstream {};

// G-11.
TEST_F(Reincarnated, InCapturesASynStartsAnewWhatWasPickedUpInItsMiddle) {
  EngineSetup setup = Pickup();
  setup.pipeline.limits.reincarnation = Reincarnation::kAnySyn;
  EngineHarness harness(setup);
  ConnectionOptions old;
  old.isn = {777'000, 888'000};
  Connection before(harness, old);
  before.client().Data(0, "old");
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "new");
  EXPECT_EQ(harness.counters().flows_created.Read(), 2u);
  EXPECT_THAT(harness.recorded().Only("data"),
              ElementsAre("data server 0 old", "data server 0 new"));
}

// S-22.
TEST_F(Reincarnated, OnLivePortsASynInsideALiveConnectionIsIgnored) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.Send(c.Bare(Side::kClient).Seq(9000).Flags(tcp_flag::kSyn));
  c.client().Data(0, "on");
  EXPECT_EQ(harness.flows(), 1u);
  EXPECT_EQ(AnomaliesOf(harness, Anomaly::kSynIgnored), 1u);
  EXPECT_EQ(harness.recorded().data[1], "on");
}

//
TEST_F(Reincarnated, AClosedConnectionGivesWayToANewSyn) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "one");
  c.server().SetAcked(3);
  c.Close(3, 0);
  ConnectionOptions next;
  next.isn = {2'000'000, 3'000'000};
  Connection again(harness, next);
  again.Handshake();
  again.client().Data(0, "two");
  EXPECT_EQ(harness.counters().flows_created.Read(), 2u);
  EXPECT_THAT(harness.recorded().Only("end snd client"),
              ElementsAre("end snd client fin"));
  EXPECT_THAT(harness.recorded().Only("data"),
              ElementsAre("data server 0 one", "data server 0 two"));
}

TEST_F(Reincarnated, ASynWithAWrongChecksumEndsNothing) {
  EngineSetup setup;
  setup.pipeline.limits.reincarnation = Reincarnation::kAnySyn;
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.Send(c.Bare(Side::kClient).Seq(9000).Flags(tcp_flag::kSyn).BadL4Checksum());
  c.client().Data(0, "on");
  EXPECT_EQ(harness.flows(), 1u);
  EXPECT_EQ(harness.recorded().data[1], "on");
}

TEST_F(Reincarnated, PayloadOfASynThatIsIgnoredNeverEntersTheStream) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "on");
  c.Send(
      c.Bare(Side::kClient).Seq(900'000).Flags(tcp_flag::kSyn).Payload("EVIL"));
  c.client().Data(2, "ward");
  EXPECT_EQ(harness.recorded().data[1], "onward");
  EXPECT_EQ(harness.counters()
                .refused_bytes[static_cast<size_t>(RefusedBytes::kForeignSyn)]
                .Read(),
            4u);
}

}  // namespace
}  // namespace mosaic::testing
