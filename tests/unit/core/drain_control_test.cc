#include "control/core/drain_control.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/core/core_harness.h"

namespace mosaic {
namespace {

using testing::CoreHarness;
using ::testing::Each;
using testing::Parse;
using ::testing::SizeIs;
using Remaining = DrainControl::Remaining;

constexpr char kAll[] =
    "nf_instances { name: 'nfInstances/f' firewall { } } monitors { name: "
    "'monitors/all' type: MONITOR_TYPE_STREAM nf_instances: 'nfInstances/f' }";

uint64_t Passed(CoreHarness& core) {
  uint64_t sum = 0;
  for (size_t i = 0; i < core.engine->worker_count(); ++i) {
    sum += core.engine->worker(i).counters().drain_passed_packets.Read();
  }
  return sum;
}

// Goes on with the drain as the daemon does, at most `seconds` long.
DrainControl::Progress Wait(CoreHarness& core, int seconds) {
  DrainControl::Progress progress = core.drain.Advance();
  for (int i = 0; i < 10 * seconds && !progress.done; ++i) {
    core.clock.Sleep(absl::Milliseconds(100));
    core.Settle();
    progress = core.drain.Advance();
  }
  return progress;
}

TEST(DrainControlTest, NewFlowsPassUnmonitoredAndTrackedOnesRunOn) {
  CoreHarness core;
  ASSERT_TRUE(core.Apply(kAll).ok());
  core.SendDatagram(1);
  ASSERT_FALSE(core.drain.Start(absl::Seconds(30), Remaining::kStay));
  EXPECT_TRUE(core.drain.draining());
  core.RunWorkers();
  core.SendDatagram(2);
  core.SendDatagram(2);
  core.SendDatagram(1);
  EXPECT_EQ(core.tracked(), 1u);
  EXPECT_EQ(Passed(core), 2u);
  EXPECT_EQ(core.drain.Advance().flows_remaining, 1u);
  EXPECT_FALSE(core.drain.Advance().done);

  core.drain.Undrain();
  EXPECT_FALSE(core.drain.draining());
  core.RunWorkers();
  core.SendDatagram(2);
  EXPECT_EQ(core.tracked(), 2u);
}

TEST(DrainControlTest, IsDoneWhenTheLastFlowIsGone) {
  CoreHarness core;
  ASSERT_TRUE(core.Apply(kAll).ok());
  core.SendDatagram(1);
  ASSERT_FALSE(core.drain.Start(absl::Seconds(30), Remaining::kStay));
  for (size_t i = 0; i < 2; ++i) {
    core.engine->worker(i).pipeline().EndAll(EndReason::kTimeout, Timestamp());
  }
  const auto progress = core.drain.Advance();
  EXPECT_TRUE(progress.done);
  EXPECT_FALSE(progress.timed_out);
  EXPECT_EQ(progress.flows_remaining, 0u);
}

TEST(DrainControlTest, LeavesWhatIsLeftIfNotAskedToEndIt) {
  CoreHarness core;
  ASSERT_TRUE(core.Apply(kAll).ok());
  core.SendDatagram(1);
  ASSERT_FALSE(core.drain.Start(absl::Seconds(3), Remaining::kStay));
  const auto progress = Wait(core, 10);
  EXPECT_TRUE(progress.done);
  EXPECT_TRUE(progress.timed_out);
  EXPECT_EQ(progress.flows_remaining, 1u);
  EXPECT_EQ(core.tracked(), 1u);
}

TEST(DrainControlTest, EndsWhatIsLeftWithReasonDrained) {
  CoreHarness core(3);
  ASSERT_TRUE(core.Apply(kAll).ok());
  for (uint32_t i = 0; i < 1000; ++i) {
    core.source.Push(core.Datagram(i));
    core.RunWorkers();
  }
  core.Settle();
  ASSERT_EQ(core.tracked(), 1000u);
  ASSERT_FALSE(core.drain.Start(Parse<v1::DrainRequest>(
      "timeout { seconds: 2 } end_remaining_flows: true")));
  EXPECT_FALSE(Wait(core, 1).done);
  const auto progress = Wait(core, 10);
  EXPECT_TRUE(progress.done);
  EXPECT_TRUE(progress.timed_out);
  EXPECT_EQ(progress.flows_remaining, 0u);
  EXPECT_THAT(core.log.ends, SizeIs(1000));
  EXPECT_THAT(core.log.ends, Each(EndReason::kDrained));
}

TEST(DrainControlTest, ASilentWorkerDoesNotHoldItUpForEver) {
  CoreHarness core(2);
  ASSERT_TRUE(core.Apply(kAll).ok());
  for (uint32_t i = 0; i < 20; ++i) core.SendDatagram(i);
  core.frozen = {0, 1};
  ASSERT_FALSE(core.drain.Start(absl::ZeroDuration(), Remaining::kEnd));
  const auto progress = Wait(core, 20);
  EXPECT_TRUE(progress.done);
  EXPECT_EQ(progress.flows_remaining, 20u);
  EXPECT_LE(core.tasks.Pending(0), 1u);

  core.drain.Undrain();
  core.frozen.clear();
  core.Settle();
  EXPECT_EQ(core.tracked(), 20u) << "what was asked before Undrain() is off";
}

TEST(DrainControlTest, StartingTwiceAndTimeoutsOutOfRangeAreRefused) {
  CoreHarness core;
  for (const char* timeout : {"seconds: -1", "seconds: 86401"}) {
    const auto error = core.drain.Start(
        Parse<v1::DrainRequest>(std::string("timeout { ") + timeout + " }"));
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->fields[0].path, "timeout");
  }
  ASSERT_FALSE(core.drain.Start(v1::DrainRequest()));
  const auto again = core.drain.Start(v1::DrainRequest());
  ASSERT_TRUE(again.has_value());
  EXPECT_EQ(again->code, absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(again->reason, error_reason::kAlreadyDraining);
}

}  // namespace
}  // namespace mosaic
