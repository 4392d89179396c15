#include "control/rpc/health_monitor.h"

#include "gtest/gtest.h"

namespace mosaic {
namespace {

constexpr absl::Duration kStart = absl::Seconds(100);

VitalSigns Well() {
  VitalSigns signs;
  signs.worker_rounds = {1, 1};
  signs.configured = true;
  return signs;
}

TEST(HealthMonitorTest, NothingIsKnownBeforeTheFirstLook) {
  const HealthMonitor monitor;
  EXPECT_FALSE(monitor.Judge(kStart, Intent::kServe).alive);
  EXPECT_EQ(monitor.Judge(kStart, Intent::kServe).reason, "the daemon starts");
}

TEST(HealthMonitorTest, WhoGoesRoundIsAliveAndReady) {
  HealthMonitor monitor;
  monitor.Look(Well(), kStart);
  EXPECT_EQ(monitor.Judge(kStart, Intent::kServe), (Health{true, true, ""}));
}

TEST(HealthMonitorTest, AWorkerMayBeSilentForTwoSecondsAndNoLonger) {
  HealthMonitor monitor;
  VitalSigns signs = Well();
  monitor.Look(signs, kStart);
  for (int i = 1; i <= 8; ++i) {
    ++signs.worker_rounds[0];
    monitor.Look(signs, kStart + i * absl::Milliseconds(250));
  }
  EXPECT_TRUE(monitor.Judge(kStart + absl::Seconds(2), Intent::kServe).alive);
  const Health later =
      monitor.Judge(kStart + absl::Milliseconds(2001), Intent::kServe);
  EXPECT_FALSE(later.alive);
  EXPECT_FALSE(later.ready);
  EXPECT_EQ(later.reason, "worker 1 does not go round");

  ++signs.worker_rounds[1];
  monitor.Look(signs, kStart + absl::Milliseconds(2250));
  EXPECT_TRUE(
      monitor.Judge(kStart + absl::Milliseconds(2250), Intent::kServe).ready);
}

TEST(HealthMonitorTest, WhenNobodyLooksTheControlSideIsDead) {
  HealthMonitor monitor;
  monitor.Look(Well(), kStart);
  const Health later =
      monitor.Judge(kStart + absl::Milliseconds(2001), Intent::kServe);
  EXPECT_FALSE(later.alive);
  EXPECT_EQ(later.reason, "the control side does not go round");
}

TEST(HealthMonitorTest, WhatMakesItUnreadyDoesNotMakeItDead) {
  const auto judge = [](auto change) {
    HealthMonitor monitor;
    VitalSigns signs = Well();
    change(signs);
    monitor.Look(signs, kStart);
    return monitor.Judge(kStart, Intent::kServe);
  };
  EXPECT_EQ(judge([](VitalSigns& s) { s.configured = false; }),
            (Health{true, false, "no configuration is applied"}));
  EXPECT_EQ(judge([](VitalSigns& s) {
              s.ports_down = {"ports/a", "ports/b"};
            }),
            (Health{true, false, "down: ports/a, ports/b"}));
}

TEST(HealthMonitorTest, WhatTheDaemonIsToldToDoCountsWithoutAnotherLook) {
  HealthMonitor monitor;
  monitor.Look(Well(), kStart);
  EXPECT_EQ(monitor.Judge(kStart, Intent::kDrain),
            (Health{true, false, "the daemon drains"}));
  EXPECT_EQ(monitor.Judge(kStart, Intent::kEnd),
            (Health{true, false, "the daemon ends"}));
  EXPECT_TRUE(monitor.Judge(kStart, Intent::kServe).ready);
}

}  // namespace
}  // namespace mosaic
