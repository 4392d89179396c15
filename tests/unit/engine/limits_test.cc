// What the engine does at the bounds of its tables.

#include <string>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

uint64_t StoppedSides(const CoreCounters& counters) {
  uint64_t total = 0;
  for (const auto& reasons : counters.stopped_sides) {
    for (const Counter& counter : reasons) total += counter.Read();
  }
  return total;
}

// G-18.
TEST(FlowTableBound, ANewcomerGoesUntrackedAndOldFlowsGoOn) {
  EngineSetup setup;
  setup.pipeline.limits.flows = 4;
  EngineHarness harness(setup);
  Connection old(harness);
  old.Handshake();
  for (uint16_t port = 1; port < 4; ++port) {
    harness.Send(PacketBuilder().Udp(port, 53));
  }
  EXPECT_EQ(harness.counters().flow_table_full.Read(), 0u);
  ConnectionOptions options;
  options.client_port = 1001;
  Connection late(harness, options);
  late.Syn();
  EXPECT_EQ(harness.counters().flow_table_full.Read(), 1u);
  EXPECT_EQ(harness.flows(), 4u);
  old.client().Data(0, "on");
  EXPECT_EQ(harness.recorded().data[1], "on");

  harness.EndAll();
  late.Handshake();
  EXPECT_EQ(harness.flows(), 1u);
}

// K-08 through whole packets: four buckets for all.
TEST(FlowTableBound, AFullTableFindsEveryFlow) {
  EngineSetup setup;
  setup.pipeline.limits.flows = 512;
  setup.functions[0].wants = EventsOf({EventKind::kNewData});
  EngineHarness harness(setup);
  for (int round = 0; round < 3; ++round) {
    harness.recorded().Clear();
    for (uint16_t i = 0; i < 512; ++i) {
      ConnectionOptions options;
      options.client_port = static_cast<uint16_t>(1000 + 7 * i + round);
      Connection c(harness, options);
      c.Handshake();
    }
    EXPECT_EQ(harness.flows(), 512u);
    for (uint16_t i = 0; i < 512; ++i) {
      ConnectionOptions options;
      options.client_port = static_cast<uint16_t>(1000 + 7 * i + round);
      Connection c(harness, options);
      c.client().Data(0, "x");
    }
    EXPECT_EQ(harness.recorded().data[1].size(), 512u);
    harness.EndAll();
  }
}

// Seven monitors, each stopped on some sides: 4^7 sets of listeners.
TEST(SubscriptionBound, AFlowThatFindsNoRoomGoesUnmonitoredAndIsCounted) {
  EngineSetup setup;
  setup.pipeline.limits.flows = 16'384;
  setup.functions.resize(7);
  setup.monitors.clear();
  uint32_t flow_number = 0;
  for (size_t i = 0; i < 7; ++i) {
    FunctionSetup& function = setup.functions[i];
    function.wants =
        EventMask::Of(EventKind::kPacketIn, Hook::kSender, Side::kClient);
    function.on_event = [&flow_number, i](const Event&, FlowView& flow) {
      const uint32_t sides = flow_number >> (2 * i) & 3;
      if (sides & 1) flow.StopMonitoring(Side::kClient);
      if (sides & 2) flow.StopMonitoring(Side::kServer);
      return Verdict::kForward;
    };
    setup.monitors.push_back(StreamMonitor({i}));
  }
  EngineHarness harness(setup);
  const auto open = [&](uint32_t number) {
    flow_number = number;
    harness.Send(PacketBuilder().Udp(static_cast<uint16_t>(number + 1), 53));
  };
  // Flow 0 stops nothing: its set is the one that all begin with.
  constexpr uint32_t kMost = SubscriptionTable::kMaxSubscriptions;
  for (uint32_t i = 0; i < kMost; ++i) open(i);
  EXPECT_EQ(harness.counters().subscriptions_full.Read(), 0u);
  const uint64_t stopped = harness.Sum(StoppedSides);
  open(kMost);
  EXPECT_EQ(harness.counters().subscriptions_full.Read(), 1u);
  EXPECT_EQ(harness.Sum(StoppedSides), stopped)
      << "a stop that did not happen is not counted";
  EXPECT_EQ(harness.flows(), kMost + 1);
}

TEST(HandoffBound, APacketThatFindsTheRingFullIsDroppedAndCountedOnce) {
  EngineSetup setup;
  setup.workers = 2;
  setup.pipeline.handoff = HandoffPolicy::kDrop;
  setup.pipeline.limits.flows = 8192;
  EngineHarness harness(setup);
  // Nobody empties the ring of worker 1 while worker 0 receives.
  uint64_t sent = 0;
  const CoreCounters& counters = harness.counters(0);
  const auto dropped = [&] {
    return counters
        .dropped_packets[static_cast<size_t>(DropReason::kHandoffFull)]
        .Read();
  };
  while (dropped() == 0) {
    harness.SendAlone(PacketBuilder().Udp(static_cast<uint16_t>(++sent), 53));
  }
  EXPECT_EQ(dropped(), 1u);
  EXPECT_EQ(counters.handed_off_packets.Read(), Handoff::kRingPackets);
  EXPECT_EQ(counters.consumed_packets.Read(), sent - Handoff::kRingPackets - 1);
}

}  // namespace
}  // namespace mosaic::testing
