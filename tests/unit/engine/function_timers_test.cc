// Timers of network functions, as packets and the clock drive them.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/support/connection.h"
#include "tests/support/engine_harness.h"

namespace mosaic::testing {
namespace {

ConnectionOptions FromPort(uint16_t port) {
  ConnectionOptions options;
  options.client_port = port;
  return options;
}

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TimerSpec After(int64_t ms, uint64_t id) {
  return {.delay = Duration::Millis(ms), .period = Duration(), .id = id};
}

// Notes what fires: "id" or "id of flow n".
class FunctionTimersInEngine : public ::testing::Test {
 protected:
  EngineSetup Timed() {
    EngineSetup setup;
    setup.functions[0].wants =
        EventMask::Of(EventKind::kConnectionStart, Hook::kSender);
    setup.functions[0].on_start = [this](const WorkerView& view) {
      worker_ = view;
      if (at_start_) at_start_(view);
    };
    setup.functions[0].on_timer = [this](const TimerEvent& timer,
                                         FlowView* flow) {
      fired_.push_back(
          std::to_string(timer.id) +
          (flow == nullptr ? "" : " of flow " + std::to_string(flow->id())));
      if (on_timer_) on_timer_(timer, flow);
    };
    setup.functions[0].on_event = [this](const Event&, FlowView& flow) {
      if (on_flow_) on_flow_(flow);
      return Verdict::kForward;
    };
    return setup;
  }

  WorkerView worker_;
  std::function<void(const WorkerView&)> at_start_;
  std::function<void(const TimerEvent&, FlowView*)> on_timer_;
  std::function<void(FlowView&)> on_flow_;
  std::vector<std::string> fired_;
};

TEST_F(FunctionTimersInEngine, ThatOfAWorkerFiresByPacketTime) {
  at_start_ = [](const WorkerView& worker) {
    EXPECT_NE(worker.ArmTimer(After(10, 1)), kNoTimer);
  };
  EngineHarness harness(Timed());
  Connection c(harness);
  c.Syn();
  harness.Wait(Duration::Millis(9));
  c.SynAck();
  EXPECT_THAT(fired_, IsEmpty());
  harness.Wait(Duration::Millis(1));
  c.HandshakeAck();
  EXPECT_THAT(fired_, ElementsAre("1"));
  EXPECT_EQ(harness.counters().timers_fired.Read(), 1u);
}

TEST_F(FunctionTimersInEngine, TimersFireThoughFlowsHaveNoTimeouts) {
  EngineHarness harness(Timed());
  Connection c(harness);
  c.Syn();
  ASSERT_NE(worker_.ArmTimer({.delay = Duration::Millis(5),
                              .period = Duration::Millis(5),
                              .id = 2}),
            kNoTimer);
  harness.Wait(Duration::Millis(17));
  harness.RunTimers();
  EXPECT_THAT(fired_, ElementsAre("2", "2", "2"));
}

TEST_F(FunctionTimersInEngine, ThatOfAFlowSeesItsFlowAndEndsWithIt) {
  on_flow_ = [](FlowView& flow) { flow.ArmTimer(After(10, 3)); };
  EngineHarness harness(Timed());
  Connection a(harness);
  Connection b(harness, FromPort(2000));
  a.Syn();
  b.Syn();
  harness.Wait(Duration::Millis(10));
  harness.RunTimers();
  EXPECT_THAT(fired_, ElementsAre("3 of flow 1", "3 of flow 0"));
  fired_.clear();
  Connection c(harness, FromPort(3000));
  c.Syn();
  harness.EndAll();
  harness.Wait(Duration::Millis(10));
  harness.RunTimers();
  EXPECT_THAT(fired_, IsEmpty());
  EXPECT_EQ(harness.tracker().timers().armed(), 0u);
}

// Repair: timers cancel.
TEST_F(FunctionTimersInEngine, TimersCancelAlsoFromTheirOwnCallback) {
  EngineHarness harness(Timed());
  Connection c(harness);
  c.Syn();
  const TimerHandle cancelled = worker_.ArmTimer(After(5, 1));
  worker_.ArmTimer(
      {.delay = Duration::Millis(5), .period = Duration::Millis(5), .id = 2});
  EXPECT_TRUE(worker_.CancelTimer(cancelled));
  on_timer_ = [&](const TimerEvent& timer, FlowView*) {
    EXPECT_TRUE(worker_.CancelTimer(timer.timer));
  };
  harness.Wait(Duration::Millis(50));
  harness.RunTimers();
  EXPECT_THAT(fired_, ElementsAre("2"));
}

TEST_F(FunctionTimersInEngine, TimerThatArmsItselfFiresAtEachOfItsTimes) {
  EngineHarness harness(Timed());
  Connection c(harness);
  c.Syn();
  std::vector<int64_t> at;
  const int64_t begin = harness.time().millis();
  on_timer_ = [&](const TimerEvent& timer, FlowView*) {
    at.push_back(timer.now.millis() - begin);
    worker_.ArmTimer(After(10, 1));
  };
  worker_.ArmTimer(After(10, 1));
  for (int i = 0; i < 3; ++i) {
    harness.Wait(Duration::Millis(10));
    harness.RunTimers();
  }
  EXPECT_THAT(at, ElementsAre(10, 20, 30));
}

TEST_F(FunctionTimersInEngine, BoundIsCountedAndTellsTheCaller) {
  EngineSetup setup = Timed();
  setup.pipeline.limits.timers = 2;
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Syn();
  EXPECT_NE(worker_.ArmTimer(After(5, 1)), kNoTimer);
  EXPECT_NE(worker_.ArmTimer(After(5, 1)), kNoTimer);
  EXPECT_EQ(worker_.ArmTimer(After(5, 1)), kNoTimer);
  EXPECT_EQ(harness.counters().timers_full.Read(), 1u);
}

TEST_F(FunctionTimersInEngine, FlowCanBeStoppedFromItsTimer) {
  on_flow_ = [](FlowView& flow) { flow.ArmTimer(After(10, 1)); };
  on_timer_ = [](const TimerEvent&, FlowView* flow) {
    flow->StopMonitoring(Side::kServer);
    flow->StopMonitoring(Side::kClient);
  };
  EngineSetup setup = Timed();
  setup.functions[0].wants = AllEvents();
  EngineHarness harness(std::move(setup));
  Connection c(harness);
  c.Handshake();
  c.client().Data(5, "island");
  EXPECT_EQ(harness.tracker().stream_states().lent(), 1u);
  harness.Wait(Duration::Millis(10));
  harness.RunTimers();
  EXPECT_EQ(harness.tracker().stream_states().lent(), 0u);
}

TEST_F(FunctionTimersInEngine, LatenessIsRecorded) {
  EngineHarness harness(Timed());
  Connection c(harness);
  c.Syn();
  worker_.ArmTimer(After(10, 1));
  harness.Wait(Duration::Millis(70));
  harness.RunTimers();
  EXPECT_EQ(harness.pipeline().histograms().timer_lateness.Read().sum,
            60'000'000u);
}

// Repair: idle timers are refreshed, and one live flow never delays another's
// expiry.
TEST_F(FunctionTimersInEngine, IdleTimersAreRefreshedAndNoFlowDelaysAnother) {
  EngineSetup setup = Timed();
  setup.functions[0].wants =
      EventMask::Of(EventKind::kConnectionEnd, Hook::kSender);
  setup.pipeline.limits.timeouts.enabled = true;
  setup.pipeline.limits.timeouts.established = Duration::Seconds(10);
  std::vector<uint16_t> ended;
  EngineHarness harness(std::move(setup));
  on_flow_ = [&](FlowView& flow) { ended.push_back(flow.client().port); };
  Connection live(harness, FromPort(1));
  Connection idle(harness, FromPort(2));
  live.Handshake();
  idle.Handshake();
  for (uint64_t second = 1; second <= 30; ++second) {
    harness.Wait(Duration::Seconds(1));
    live.client().Data(second - 1, "x");
    EXPECT_EQ(ended.empty(), second < 10) << second;
  }
  EXPECT_THAT(ended, ElementsAre(2, 2));
}

}  // namespace
}  // namespace mosaic::testing
