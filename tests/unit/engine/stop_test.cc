// Ending the monitoring of one side of a flow, by policy and from a callback.

#include <string>
#include <vector>

#include "dataplane/command/flow_listing.h"
#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Condition = StopPolicy::Condition;

StopPolicy StopServer(Condition condition, uint64_t amount = 0) {
  StopPolicy stop;
  stop.side = Side::kServer;
  stop.condition = condition;
  stop.amount = amount;
  return stop;
}

EngineSetup With(StopPolicy stop) {
  EngineSetup setup;
  setup.functions[0].wants =
      EventsOf({EventKind::kPacketIn, EventKind::kNewData, EventKind::kError,
                EventKind::kConnectionEnd});
  setup.monitors[0].stop = {stop};
  return setup;
}

std::string DataAtServer(EngineHarness& harness, size_t function = 0) {
  return harness.recorded(function).data[Index(Side::kServer)];
}

uint64_t StoppedAtServer(EngineHarness& harness, StopReason reason) {
  return harness.counters()
      .stopped_sides[Index(Side::kServer)][static_cast<size_t>(reason)]
      .Read();
}

TEST(Stopping, ImmediatelyLeavesTheOtherSideAndTheEnd) {
  EngineHarness harness(With(StopServer(Condition::kImmediately)));
  Connection c(harness);
  c.Handshake();
  harness.recorded().Clear();
  c.client().Data(0, "ask");
  c.server().Data(0, "answer");
  harness.EndAll();
  EXPECT_THAT(harness.recorded().events,
              ElementsAre("packet snd client", "packet rcv client",
                          "data client 0 answer", "end snd client shutdown",
                          "end rcv client shutdown", "end snd server shutdown",
                          "end rcv server shutdown"));
}

// G-14.
TEST(Stopping, PayloadBytesGivesExactlyThatManyBytes) {
  EngineHarness harness(With(StopServer(Condition::kPayloadBytes, 5)));
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  EXPECT_EQ(StoppedAtServer(harness, StopReason::kPayloadBytes), 0u);
  c.client().Data(3, "defgh");
  c.client().Data(8, "ij");
  EXPECT_EQ(DataAtServer(harness), "abcde");
  EXPECT_EQ(StoppedAtServer(harness, StopReason::kPayloadBytes), 1u);
  EXPECT_EQ(harness.flow().end[0].delivered, 10u);
}

TEST(Stopping, PacketsCountsThoseForTheSide) {
  EngineHarness harness(With(StopServer(Condition::kPackets, 4)));
  Connection c(harness);
  c.Handshake();            // Two of the client's.
  c.client().Data(0, "a");  // Three.
  c.server().Data(0, "x");
  c.client().Data(1, "b");  // Four.
  c.client().Data(2, "c");
  EXPECT_EQ(DataAtServer(harness), "ab");
}

TEST(Stopping, AgeIsThatOfTheFlow) {
  StopPolicy stop = StopServer(Condition::kAge);
  stop.age = Duration::Seconds(10);
  EngineHarness harness(With(stop));
  Connection c(harness);
  c.Handshake();
  harness.Wait(Duration::Millis(9999));
  c.client().Data(0, "a");
  harness.Wait(Duration::Millis(1));
  c.client().Data(1, "b");  // The packet at which it is noticed.
  c.client().Data(2, "c");
  EXPECT_EQ(DataAtServer(harness), "ab");
}

TEST(Stopping, TcpStateIsThatOfTheSide) {
  StopPolicy stop = StopServer(Condition::kTcpState);
  stop.state = TcpState::kCloseWait;
  EngineHarness harness(With(stop));
  Connection c(harness);
  c.Handshake();
  c.client().Fin(0, "bye");
  EXPECT_EQ(DataAtServer(harness), "bye");
  EXPECT_EQ(StoppedAtServer(harness, StopReason::kTcpState), 1u);
}

TEST(Stopping, ForgettingTheFlowEndsItWithReasonStopped) {
  StopPolicy stop = StopServer(Condition::kPayloadBytes, 3);
  stop.forget_flow = true;
  EngineHarness harness(With(stop));
  Connection c(harness);
  c.Handshake();
  c.client().Data(9, "island");
  c.client().Data(0, "abc");
  EXPECT_EQ(harness.flows(), 0u);
  EXPECT_EQ(harness.recorded().events.back(), "end rcv server stopped");
  EXPECT_EQ(DataAtServer(harness), "abc");
  c.client().Data(3, "d");
  EXPECT_EQ(harness.counters().orphan_packets.Read(), 1u);
}

// G-16.
TEST(Stopping, HeldBytesAreGivenBackAtOnceAndCountersGoOn) {
  EngineSetup setup = With(StopServer(Condition::kPackets, 4));
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(100, "island");
  EXPECT_EQ(harness.counters().pending_bytes.Read(), 6u);
  c.client().Data(50, "more");
  EXPECT_EQ(harness.counters().pending_bytes.Read(), 0u);
  EXPECT_EQ(harness.tracker().stream_states().lent(), 0u);
  c.client().Data(106, "on");
  EXPECT_EQ(harness.flow().hot[0].payload_bytes, 12u);
  EXPECT_EQ(harness.flow().end[0].delivered, 108u);
  EXPECT_THAT(harness.recorded().errors, IsEmpty());
}

TEST(Stopping, ACallbackStopsAfterItsPacket) {
  EngineSetup setup = With(StopServer(Condition::kPackets, 1'000'000));
  setup.functions[0].on_event = [](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kNewData) {
      flow.StopMonitoring(Side::kServer);
      flow.StopMonitoring(Side::kClient);
    }
    return Verdict::kForward;
  };
  for (const bool with_policy : {false, true}) {
    if (!with_policy) setup.monitors[0].stop.clear();
    EngineHarness harness(setup);
    Connection c(harness);
    c.Handshake();
    c.client().Data(0, "last");
    EXPECT_EQ(StoppedAtServer(harness, StopReason::kFunction), 1u);
    harness.recorded().Clear();
    c.client().Data(4, "more");
    c.server().Data(0, "more");
    EXPECT_THAT(harness.recorded().events, IsEmpty());
    harness.EndAll();
    EXPECT_THAT(harness.recorded().Only("end"), ::testing::SizeIs(4));
  }
}

// G-23: all places from which a function may stop its own flow.
TEST(Stopping, EveryCallbackMayStopItsFlow) {
  for (size_t kind = 0; kind < kEventKinds; ++kind) {
    EngineSetup setup;
    setup.functions[0].on_event = [kind](const Event& event, FlowView& flow) {
      if (event.kind == static_cast<EventKind>(kind)) {
        flow.StopMonitoring(Side::kServer);
        flow.StopMonitoring(Side::kClient);
      }
      return Verdict::kForward;
    };
    EngineHarness harness(setup);
    Connection c(harness);
    c.Handshake();
    c.client().Data(4, "data");
    c.client().Data(0, "more");
    c.client().Data(0, "evil");
    c.server().Data(2, "island");
    harness.EndAll();
    EXPECT_THAT(harness.recorded().Only("end"), ::testing::SizeIs(4));
  }
}

// What a callback of a timer asks for concerns its own flow, not the one whose
// packet comes next.
TEST(Stopping, AStopAskedForInATimerIsOfItsOwnFlow) {
  EngineSetup setup = With(StopServer(Condition::kPackets, 1'000'000));
  setup.functions[0].on_event = [](const Event& event, FlowView& flow) {
    if (event.kind == EventKind::kError) flow.StopMonitoring(Side::kServer);
    return Verdict::kForward;
  };
  EngineHarness harness(setup);
  ConnectionOptions options;
  Connection gapped(harness, options);
  options.client_port = 1001;
  Connection other(harness, options);
  gapped.Handshake();
  other.Handshake();
  gapped.client().Data(4, "data");
  gapped.server().Ack(8);
  harness.Wait(Duration::Millis(300));
  harness.recorded().Clear();
  other.client().Data(0, "other");
  other.client().Data(5, "on");
  gapped.client().Data(8, "gone");
  // Not even what the callback's own timer had still to deliver.
  EXPECT_EQ(DataAtServer(harness), "otheron");
}

TEST(Stopping, EachStopIsCountedByItsSideAndReasonOnce) {
  struct Row {
    Condition condition;
    uint64_t amount;
    StopReason reason;
  };
  for (const Row& row :
       {Row{Condition::kImmediately, 0, StopReason::kImmediately},
        Row{Condition::kPayloadBytes, 2, StopReason::kPayloadBytes},
        Row{Condition::kPackets, 3, StopReason::kPackets},
        Row{Condition::kAge, 0, StopReason::kAge},
        Row{Condition::kTcpState, 0, StopReason::kTcpState}}) {
    StopPolicy stop = StopServer(row.condition, row.amount);
    stop.state = TcpState::kEstablished;
    EngineHarness harness(With(stop));
    Connection c(harness);
    c.Handshake();
    c.client().Data(0, "abc");
    c.client().Data(3, "def");
    for (size_t reason = 0; reason < kStopReasons; ++reason) {
      const auto& stopped = harness.counters().stopped_sides;
      const bool is_it = reason == static_cast<size_t>(row.reason);
      EXPECT_EQ(stopped[1][reason].Read(), is_it ? 1u : 0u) << reason;
      EXPECT_EQ(stopped[0][reason].Read(), 0u) << reason;
    }
    const SideMonitoring side =
        Summarise(harness.flow()).received[Index(Side::kServer)];
    EXPECT_TRUE(side.stopped);
    EXPECT_EQ(side.stop_reason, row.reason);
    EXPECT_EQ(side.buffer_bytes, 0u);
    EXPECT_FALSE(Summarise(harness.flow()).received[0].stopped);
  }
}

TEST(Stopping, OneOfTwoMonitorsGoesOn) {
  EngineSetup setup;
  setup.functions.resize(2);
  for (FunctionSetup& function : setup.functions) {
    function.wants = EventsOf({EventKind::kNewData, EventKind::kConnectionEnd});
  }
  Monitor stopped = StreamMonitor({0});
  stopped.stop = {StopServer(Condition::kPayloadBytes, 2)};
  setup.monitors = {stopped, StreamMonitor({1})};
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abcd");
  c.client().Data(6, "gh");
  c.client().Data(4, "ef");
  EXPECT_EQ(DataAtServer(harness, 0), "ab");
  EXPECT_EQ(DataAtServer(harness, 1), "abcdefgh");
  EXPECT_FALSE(Summarise(harness.flow()).received[1].stopped)
      << "one monitor goes on";
  harness.EndAll();
  EXPECT_THAT(harness.recorded(0).Only("end"), ::testing::SizeIs(4));
  EXPECT_THAT(harness.recorded(1).Only("end"), ::testing::SizeIs(4));
}

TEST(Stopping, ABufferOfZeroKeepsNoPayloadAndTellsNone) {
  EngineSetup setup = With(StopServer(Condition::kPackets, 1'000'000));
  setup.monitors[0].side[Index(Side::kServer)].buffer_bytes = 0;
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "abc");
  c.client().Data(9, "island");
  EXPECT_EQ(DataAtServer(harness), "");
  EXPECT_EQ(harness.tracker().stream_states().lent(), 0u);
  EXPECT_EQ(harness.counters()
                .discarded_bytes[static_cast<size_t>(DiscardedBytes::kUnread)]
                .Read(),
            9u);
}

TEST(Stopping, APolicyOfTheFlowsFilterOverridesTheMonitors) {
  EngineSetup setup = With(StopServer(Condition::kImmediately));
  FlowPolicy policy;
  policy.match = StreamFilter("dst port 80");
  setup.monitors[0].flow_policies = {policy};
  EngineHarness harness(setup);
  Connection web(harness);
  web.Handshake();
  web.client().Data(0, "web");
  ConnectionOptions options;
  options.server_port = 443;
  Connection other(harness, options);
  other.Handshake();
  other.client().Data(0, "other");
  EXPECT_EQ(DataAtServer(harness), "web");
}

}  // namespace
}  // namespace mosaic::testing
