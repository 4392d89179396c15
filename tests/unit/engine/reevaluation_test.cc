// What a new configuration does to the flows that live: keep, or attach anew at
// the next packet.

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
using LiveFlows = EngineHarness::LiveFlows;

EngineSetup DataOfTwoFunctions() {
  EngineSetup setup;
  setup.functions.resize(2);
  for (FunctionSetup& function : setup.functions) {
    function.wants = EventsOf({EventKind::kNewData, EventKind::kConnectionEnd});
  }
  return setup;
}

std::string DataAtServer(EngineHarness& harness, size_t function) {
  return harness.recorded(function).data[Index(Side::kServer)];
}

TEST(Reevaluation, KeptFlowsStayWithWhoHadThem) {
  EngineHarness harness(DataOfTwoFunctions());
  Connection old(harness);
  old.Handshake();
  harness.Configure({StreamMonitor({1})}, LiveFlows::kKeep);
  old.client().Data(0, "old");
  ConnectionOptions options;
  options.client_port = 1001;
  Connection fresh(harness, options);
  fresh.Handshake();
  fresh.client().Data(0, "new");
  EXPECT_EQ(DataAtServer(harness, 0), "old");
  EXPECT_EQ(DataAtServer(harness, 1), "new");
}

TEST(Reevaluation, ReevaluatedFlowsGoToWhoWantsThemNow) {
  EngineHarness harness(DataOfTwoFunctions());
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "one");
  harness.Configure({StreamMonitor({1})}, LiveFlows::kReevaluate);
  c.client().Data(3, "two");
  EXPECT_EQ(DataAtServer(harness, 0), "one");
  EXPECT_EQ(DataAtServer(harness, 1), "two");
}

// The filter speaks of the client's first packet; the next one that comes is
// the server's.
TEST(Reevaluation, FiltersAreJudgedAsOnTheFirstPacketWhoeverSendsNext) {
  for (const uint8_t ip_version : {4, 6}) {
    SCOPED_TRACE(int{ip_version});
    EngineHarness harness(DataOfTwoFunctions());
    ConnectionOptions options;
    options.ip_version = ip_version;
    Connection c(harness, options);
    c.Handshake();
    Monitor wanted = StreamMonitor({0});
    wanted.syn_filter = StreamFilter("tcp dst port 80 and src port 1000");
    Monitor unwanted = StreamMonitor({1});
    unwanted.syn_filter = StreamFilter("tcp src port 80");
    harness.Configure({wanted, unwanted}, LiveFlows::kReevaluate);
    c.server().Data(0, "answer");
    EXPECT_EQ(harness.recorded(0).data[Index(Side::kClient)], "answer");
    EXPECT_EQ(harness.recorded(1).data[Index(Side::kClient)], "");
  }
}

TEST(Reevaluation, AFlowThatNobodyWantsAnyMoreIsOnlyCounted) {
  EngineHarness harness(DataOfTwoFunctions());
  Connection c(harness);
  c.Handshake();
  Monitor other = StreamMonitor({1});
  other.syn_filter = StreamFilter("port 443");
  harness.Configure({other}, LiveFlows::kReevaluate);
  c.client().Data(0, "x");
  EXPECT_THAT(harness.recorded(0).events, IsEmpty());
  EXPECT_THAT(harness.recorded(1).events, IsEmpty());
  EXPECT_EQ(harness.flows(), 1u);
  EXPECT_EQ(harness.flow().hot[0].payload_bytes, 1u);
}

TEST(Reevaluation, AFunctionThatStaysKeepsItsContextAndANewOneStartsClear) {
  EngineSetup setup = DataOfTwoFunctions();
  std::vector<std::string> seen;
  for (size_t i = 0; i < 2; ++i) {
    setup.functions[i].context_bytes = sizeof(uint32_t);
    setup.functions[i].on_event = [&seen, i](const Event&, FlowView& flow) {
      uint32_t& calls = flow.Context<uint32_t>();
      seen.push_back(std::to_string(i) + ":" + std::to_string(calls++));
      return Verdict::kForward;
    };
  }
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "a");
  harness.Configure({StreamMonitor({0, 1})}, LiveFlows::kReevaluate);
  c.client().Data(1, "b");
  EXPECT_THAT(seen, ElementsAre("0:0", "0:1", "1:0"));
}

// G-17, down and up.
TEST(Reevaluation, ASmallerBufferTellsWhatItLostAndALargerOneLosesNothing) {
  EngineSetup setup;
  setup.functions[0].wants = EventsOf({EventKind::kNewData, EventKind::kError});
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(10, "kept");
  c.client().Data(5000, "lost");
  Monitor small = StreamMonitor({0});
  for (SidePolicy& side : small.side) side.buffer_bytes = 4096;
  harness.Configure({small}, LiveFlows::kReevaluate);
  c.server().Data(0, "s");
  EXPECT_THAT(harness.recorded().Only("error"),
              ElementsAre("error server overwritten 5000+4"));
  EXPECT_EQ(harness.counters().pending_bytes.Read(), 4u);

  Monitor large = StreamMonitor({0});
  for (SidePolicy& side : large.side) side.buffer_bytes = 1u << 20;
  harness.Configure({large}, LiveFlows::kReevaluate);
  c.server().Data(1, "t");
  c.client().Data(0, "0123456789");
  EXPECT_EQ(DataAtServer(harness, 0), "0123456789kept");
}

// A buffer of 0 for the server's side, on a flow that holds bytes of it.
class BufferTakenAway : public ::testing::Test {
 protected:
  void Play(LiveFlows live_flows) {
    c_.Handshake();
    c_.client().Data(0, "one");
    c_.client().Data(6, "island");
    c_.server().Data(6, "island");
    EXPECT_EQ(harness_.tracker().stream_states().lent(), 2u);
    Monitor none = StreamMonitor({0});
    none.side[Index(Side::kServer)].buffer_bytes = 0;
    harness_.Configure({none}, live_flows);
    c_.client().Data(3, "two");
    c_.server().Data(0, "answer");
  }

  EngineHarness harness_{DataOfTwoFunctions()};
  Connection c_{harness_};
};

TEST_F(BufferTakenAway, WithReevaluateTheSidesDeliveryAndItsMemoryEnd) {
  Play(LiveFlows::kReevaluate);
  EXPECT_EQ(DataAtServer(harness_, 0), "one");
  EXPECT_EQ(harness_.recorded(0).data[Index(Side::kClient)], "answerisland");
  EXPECT_EQ(harness_.tracker().stream_states().lent(), 0u);
  EXPECT_EQ(harness_.tracker().chunks().free_chunks(),
            harness_.tracker().chunks().total_chunks());
  EXPECT_EQ(harness_.counters().pending_bytes.Read(), 0u);
  const FlowSummary summary = Summarise(harness_.flow());
  EXPECT_EQ(summary.received[Index(Side::kServer)].buffer_bytes, 0u);
  EXPECT_EQ(summary.received[Index(Side::kClient)].buffer_bytes, 256u * 1024);
}

TEST_F(BufferTakenAway, WithKeepTheLiveFlowIsDeliveredAsBefore) {
  Play(LiveFlows::kKeep);
  EXPECT_EQ(DataAtServer(harness_, 0), "onetwoisland");
  EXPECT_EQ(harness_.recorded(0).data[Index(Side::kClient)], "answerisland");
  EXPECT_EQ(Summarise(harness_.flow()).revision, 1u);
}

// Without it, every change of the configuration would show one more packet of
// what had been stopped, and count the stop again.
TEST(Reevaluation, WhatAPolicyHasStoppedStaysStoppedAndIsCountedOnce) {
  EngineSetup setup = DataOfTwoFunctions();
  StopPolicy stop;
  stop.side = Side::kServer;
  stop.condition = StopPolicy::Condition::kPackets;
  stop.amount = 3;
  setup.monitors[0].stop = {stop};
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "last");
  for (int i = 0; i < 5; ++i) {
    harness.Configure(setup.monitors, LiveFlows::kReevaluate);
    c.client().Data(4, "more");
  }
  EXPECT_EQ(DataAtServer(harness, 0), "last");
  EXPECT_EQ(harness.counters()
                .stopped_sides[Index(Side::kServer)]
                              [static_cast<size_t>(StopReason::kPackets)]
                .Read(),
            1u);
}

TEST(Reevaluation, ANewPolicyToForgetEndsAFlowThatItAppliesToAlready) {
  EngineSetup setup = DataOfTwoFunctions();
  EngineHarness harness(setup);
  Connection c(harness);
  c.Handshake();
  c.client().Data(0, "more than three");
  StopPolicy stop;
  stop.side = Side::kServer;
  stop.condition = StopPolicy::Condition::kPayloadBytes;
  stop.amount = 3;
  stop.forget_flow = true;
  setup.monitors[0].stop = {stop};
  harness.Configure(setup.monitors, LiveFlows::kReevaluate);
  c.server().Data(0, "x");
  EXPECT_EQ(harness.flows(), 0u);
  EXPECT_EQ(harness.recorded(0).events.back(), "end rcv server stopped");
}

TEST(Reevaluation, AFlowLeavesTheOldRevisionWithItsNextPacket) {
  EngineHarness harness;
  Connection c(harness);
  c.Handshake();
  harness.Configure({StreamMonitor({0})}, LiveFlows::kReevaluate);
  EXPECT_EQ(harness.tracker().OldestRevision(), 1u);
  c.client().Data(0, "x");
  EXPECT_EQ(harness.tracker().OldestRevision(), 2u);
}

}  // namespace
}  // namespace mosaic::testing
