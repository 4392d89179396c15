// The order in which one packet raises its events, and one burst its packets'.

#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

TEST(EventOrder, ASynStartsTheFlowAtTheSenderThenAtTheReceiver) {
  EngineHarness harness;
  Connection c(harness);
  c.Syn();
  EXPECT_THAT(
      harness.recorded().events,
      ElementsAre("start snd client", "packet snd client",
                  "state snd client closed>syn_sent", "start rcv server",
                  "packet rcv server", "state rcv server closed>syn_received"));
}

TEST(EventOrder, StateChangesBeforeTheDataThatCameWithIt) {
  EngineHarness harness;
  Connection c(harness);
  c.Syn();
  c.SynAck();
  harness.recorded().Clear();
  c.client().Data(0, "GET");
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("packet snd client", "packet rcv server",
                          "state rcv server syn_received>established",
                          "data server 0 GET"));
}

TEST(EventOrder, AFinWithDataChangesTheReceiversStateAfterTheData) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  harness.recorded().Clear();
  c.client().Fin(0, "BYE");
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("packet snd client",
                          "state snd client established>fin_wait_1",
                          "packet rcv server", "data server 0 BYE",
                          "state rcv server established>close_wait"));
}

TEST(EventOrder, ARetransmissionIsToldBeforeItsErrorAndItsNewData) {
  EngineSetup setup;
  setup.functions[0].compares_retransmissions = true;
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "good");
  harness.recorded().Clear();
  c.client().Data(2, "XXmore");
  EXPECT_THAT(
      harness.recorded().events,
      ElementsAre("packet snd client", "rexmit snd client", "packet rcv server",
                  "rexmit rcv server", "error server overlap_conflict 2+2",
                  "data server 4 more"));
}

TEST(EventOrder, EndIsToldOnceForEachSideAndHookAfterAllElse) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  c.client().Data(4, "late");
  harness.recorded().Clear();
  harness.EndAll();
  EXPECT_THAT(
      harness.recorded().events,
      ElementsAre("error server gap 0+4", "data server 4 late",
                  "end snd client shutdown", "end rcv client shutdown",
                  "end snd server shutdown", "end rcv server shutdown"));
}

// G-19.
TEST(EventOrder, AWholeConnectionInOneBurstIsToldAsPacketByPacket) {
  const auto play = [](EngineHarness& harness) {
    Connection c(harness);
    c.Handshake();
    c.client().Data(0, "ask");
    c.server().Data(0, "answer");
    c.client().SetAcked(6);
    c.server().SetAcked(3);
    c.Close(3, 6);
  };
  EngineHarness one_by_one;
  play(one_by_one);
  one_by_one.EndAll();

  EngineHarness at_once;
  at_once.BeginBurst();
  play(at_once);
  at_once.EndBurst();
  at_once.EndAll();

  EXPECT_THAT(at_once.recorded().events,
              ElementsAreArray(one_by_one.recorded().events));
  EXPECT_THAT(at_once.recorded().Only("data"),
              ElementsAre("data server 0 ask", "data client 0 answer"));
  EXPECT_EQ(at_once.recorded().events.back(), "end rcv server fin");
}

}  // namespace
}  // namespace mosaic::testing
