// What gives way when the flow table fills up.

#include <algorithm>
#include <deque>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "dataplane/base/check.h"
#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

using ::testing::SizeIs;
using Strings = std::vector<std::string>;

constexpr size_t kFlows = 100;

class PressureTest : public ::testing::Test {
 protected:
  PressureTest() {
    setup_.pipeline.limits.flows = kFlows;
    setup_.functions[0].wants =
        EventMask::Of(EventKind::kConnectionEnd, Hook::kSender, Side::kClient) |
        EventsOf({EventKind::kOrphan});
  }
  void Start() { harness_ = std::make_unique<EngineHarness>(setup_); }

  Connection& Client(uint16_t number) {
    ConnectionOptions options;
    options.client_port = static_cast<uint16_t>(1000 + number);
    connections_.emplace_back(*harness_, options);
    return connections_.back();
  }
  // So many connections of the next numbers.
  void HalfOpen(size_t n) {
    for (size_t i = 0; i < n; ++i) Client(next_++).Syn();
  }
  void Open(size_t n) {
    for (size_t i = 0; i < n; ++i) Client(next_++).Handshake();
  }
  void Datagrams(size_t n) {
    for (size_t i = 0; i < n; ++i) {
      harness_->Send(PacketBuilder().Udp(next_++, 53).Payload("?"));
    }
  }
  Strings Ends() { return harness_->recorded().Only("end"); }
  uint64_t Gauge(Counter CoreCounters::*gauge) {
    return harness_->Sum(
        [gauge](const CoreCounters& c) { return (c.*gauge).Read(); });
  }
  uint64_t DroppedAsFull() {
    return harness_->counters()
        .dropped_packets[static_cast<size_t>(DropReason::kTableFull)]
        .Read();
  }
  uint64_t HalfOpenNow() { return Gauge(&CoreCounters::half_open_flows); }
  PressureMode Mode() {
    const CoreCounters& c = harness_->counters();
    for (size_t i = 0; i < kPressureModes; ++i) {
      if (c.pressure_mode[i].Read() == 1) return static_cast<PressureMode>(i);
    }
    ADD_FAILURE() << "no mode";
    return PressureMode::kNormal;
  }
  Flow& FlowOf(uint16_t number) {
    FlowTable& table = harness_->tracker().table();
    for (uint32_t i = 0; i < table.high_water(); ++i) {
      const Flow& flow = table.At(i);
      if (table.InUse(i) && std::ranges::count(flow.key.port, 1000 + number)) {
        return table.At(i);
      }
    }
    MOSAIC_CHECK(!"there is such a flow");
    return table.At(0);
  }
  // So many rounds without packets.
  void Idle(size_t rounds) {
    for (size_t i = 0; i < rounds; ++i) harness_->RunTimers();
  }

  EngineSetup setup_;
  std::unique_ptr<EngineHarness> harness_;
  std::deque<Connection> connections_;
  uint16_t next_ = 0;
};

TEST_F(PressureTest, OfTooManyHalfOpenConnectionsTheOldestGivesWay) {
  Start();
  HalfOpen(25);
  EXPECT_EQ(HalfOpenNow(), 25u);
  EXPECT_THAT(Ends(), SizeIs(0));
  HalfOpen(2);
  EXPECT_EQ(HalfOpenNow(), 25u);
  EXPECT_EQ(Ends(),
            (Strings{"end snd client evicted", "end snd client evicted"}));
  connections_[1].SynAck();
  EXPECT_THAT(harness_->recorded().Only("orphan"), SizeIs(1)) << "it is gone";
  connections_[2].SynAck();
  connections_[2].HandshakeAck();
  EXPECT_EQ(HalfOpenNow(), 24u);
}

TEST_F(PressureTest, AFloodPushesNoCompleteConnectionOut) {
  Start();
  Open(50);
  HalfOpen(1000);
  EXPECT_EQ(harness_->flows(), 75u);
  for (size_t i = 0; i < 50; ++i) connections_[i].client().Data(0, "x");
  EXPECT_THAT(harness_->recorded().Only("orphan"), SizeIs(0));
  Open(1);
  EXPECT_EQ(HalfOpenNow(), 24u) << "an honest handshake gets through";
}

TEST_F(PressureTest, WhoIsRefusedOrClosesHalfwayIsNoLongerHalfOpenAtItsEnd) {
  Start();
  Client(0).Syn();
  connections_[0].Send(connections_[0]
                           .Bare(Side::kServer)
                           .Seq(0)
                           .Ack(1001)
                           .Flags(tcp_flag::kRst | tcp_flag::kAck));
  EXPECT_EQ(HalfOpenNow(), 1u) << "it lingers";
  harness_->EndAll();
  EXPECT_EQ(HalfOpenNow(), 0u);
}

TEST_F(PressureTest, InAFullTableASynTakesTheRecordOfTheOldestHalfOpenOne) {
  Start();
  Open(90);
  HalfOpen(10);
  EXPECT_EQ(harness_->flows(), kFlows);
  HalfOpen(1);
  EXPECT_EQ(Ends(), Strings{"end snd client evicted"});
  Datagrams(1);
  EXPECT_THAT(Ends(), SizeIs(1)) << "no other packet does";
  EXPECT_EQ(Gauge(&CoreCounters::flow_table_full), 1u);
}

TEST_F(PressureTest, InATableFullOfCompleteConnectionsANewcomerPasses) {
  Start();
  Open(kFlows);
  HalfOpen(1);
  EXPECT_THAT(Ends(), SizeIs(0));
  EXPECT_EQ(Gauge(&CoreCounters::flow_table_full), 1u);
  EXPECT_THAT(harness_->recorded().Only("orphan"), SizeIs(1));
  EXPECT_EQ(DroppedAsFull(), 0u);
}

TEST_F(PressureTest, OrIsDroppedIfNothingMayPassUnseen) {
  setup_.pipeline.limits.pressure.when_full = WhenFull::kDrop;
  Start();
  Open(kFlows);
  HalfOpen(1);
  Datagrams(1);
  EXPECT_EQ(DroppedAsFull(), 2u);
  EXPECT_THAT(harness_->recorded().Only("orphan"), SizeIs(2))
      << "those who want them have seen them";
  connections_[0].client().Data(0, "x");
  harness_->Send(PacketBuilder().Ipv4("10.0.0.1", "10.0.0.2").Protocol(47));
  EXPECT_EQ(DroppedAsFull(), 2u) << "what begins no flow passes";
}

TEST_F(PressureTest, TheListIsRightWhateverConnectionsDo) {
  setup_.functions[0].wants = EventMask();
  Start();
  std::deque<uint16_t> half_open;
  std::set<uint16_t> open;
  std::mt19937 random(1);
  for (uint16_t i = 0; i < 300; ++i) Client(i);
  for (int step = 0; step < 20'000; ++step) {
    const auto number = static_cast<uint16_t>(random() % 300);
    const bool is_half_open = std::ranges::count(half_open, number) > 0;
    if (!is_half_open && !open.contains(number)) {
      connections_[number].Syn();
      if (half_open.size() == 25 ||
          (half_open.size() + open.size() == kFlows && !half_open.empty())) {
        half_open.pop_front();
      }
      if (half_open.size() + open.size() < kFlows) half_open.push_back(number);
    } else if (is_half_open) {
      connections_[number].SynAck();
      connections_[number].HandshakeAck();
      std::erase(half_open, number);
      open.insert(number);
    } else {
      harness_->tracker().End(FlowOf(number), EndReason::kStopped,
                              harness_->time());
      open.erase(number);
    }
    ASSERT_EQ(HalfOpenNow(), half_open.size());
    ASSERT_EQ(harness_->flows(), half_open.size() + open.size());
  }
}

class TimeoutsUnderPressureTest : public PressureTest {
 protected:
  TimeoutsUnderPressureTest() {
    setup_.pipeline.limits.timeouts.enabled = true;
  }
};

TEST_F(TimeoutsUnderPressureTest, BelowSixtyHundredthsTheyAreWhole) {
  Start();
  Open(59);
  EXPECT_EQ(Mode(), PressureMode::kNormal);
  harness_->Wait(Duration::Millis(299'999));
  Idle(100);
  EXPECT_THAT(Ends(), SizeIs(0));
  harness_->Wait(Duration::Millis(1));
  Idle(1);
  EXPECT_THAT(Ends(), SizeIs(59));
}

TEST_F(TimeoutsUnderPressureTest, TheyShrinkWithTheRoomThatIsLeft) {
  // Of 41 places from 60 on, 21 are left: 100 s and 21/41 of the other 200 s.
  Start();
  Open(80);
  EXPECT_EQ(Mode(), PressureMode::kPressure);
  harness_->Wait(Duration::Seconds(197));
  Idle(100);
  EXPECT_THAT(Ends(), SizeIs(0));
  harness_->Wait(Duration::Seconds(2));
  Idle(100);
  const size_t ended = Ends().size();
  EXPECT_GE(ended, 1u);
  EXPECT_LE(ended, 3u) << "with the room that they leave the rest has longer";
  EXPECT_EQ(Ends()[0], "end snd client evicted");
  harness_->Wait(Duration::Seconds(101));
  Idle(100);
  EXPECT_EQ(Ends().back(), "end snd client timeout");
  EXPECT_EQ(Mode(), PressureMode::kNormal);
}

TEST_F(TimeoutsUnderPressureTest, WhoGoesOnStays) {
  Start();
  Open(90);
  for (int i = 0; i < 10; ++i) {
    harness_->Wait(Duration::Seconds(50));
    for (size_t k = 0; k < 10; ++k) connections_[k].client().Ack(0);
    Idle(100);
  }
  EXPECT_GE(harness_->flows(), 10u);
  for (size_t k = 0; k < 10; ++k) FlowOf(static_cast<uint16_t>(k));
}

TEST_F(TimeoutsUnderPressureTest, InAnEmergencyWhatHasClosedEndsAtOnce) {
  Start();
  Open(94);
  connections_[0].Close(0, 0);
  connections_[1].client().Rst(0);
  connections_[2].client().Fin(0);
  Idle(100);
  EXPECT_THAT(Ends(), SizeIs(0));
  HalfOpen(1);
  EXPECT_EQ(Mode(), PressureMode::kEmergency);
  Idle(100);
  EXPECT_THAT(Ends(), ::testing::UnorderedElementsAre(
                          "end snd client fin", "end snd client reset",
                          "end snd client evicted"));
  EXPECT_EQ(Mode(), PressureMode::kEmergency) << "until it is five less";
  harness_->Wait(Duration::Seconds(3));
  Idle(100);
  EXPECT_THAT(Ends(), SizeIs(4)) << "a handshake has a tenth of its time";
  for (uint16_t k = 3; k < 5; ++k) {
    harness_->tracker().End(FlowOf(k), EndReason::kStopped, harness_->time());
  }
  EXPECT_EQ(Mode(), PressureMode::kPressure);
}

}  // namespace
}  // namespace mosaic::testing
