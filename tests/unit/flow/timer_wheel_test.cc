#include "dataplane/flow/timer_wheel.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/timer_script.h"

namespace mosaic {
namespace {

constexpr int64_t kDayMs = 24 * 3600 * 1000;

Timestamp AtMs(int64_t ms) { return Timestamp::FromNanos(ms * 1'000'000); }

using Fired = std::vector<std::pair<uint32_t, int64_t>>;  // Node, tick.

// Advances and says what fired when.
Fired Advance(TimerWheel& wheel, int64_t to_ms, size_t budget = SIZE_MAX) {
  Fired fired;
  wheel.AdvanceTo(AtMs(to_ms), budget, [&](uint32_t node, Timestamp now) {
    fired.emplace_back(node, now.millis());
  });
  return fired;
}

TEST(TimerWheelTest, FiresInTheTickOfItsDueTimeAndNotBefore) {
  TimerWheel wheel(2);
  wheel.Start(AtMs(1000));
  wheel.Arm(0, AtMs(1010));

  EXPECT_EQ(Advance(wheel, 1009), Fired());
  EXPECT_EQ(Advance(wheel, 1010), Fired({{0, 1010}}));
  EXPECT_EQ(Advance(wheel, 5000), Fired());
}

TEST(TimerWheelTest, DueTimeBetweenTwoTicksFiresAtTheLaterOne) {
  TimerWheel wheel(1);
  wheel.Start(AtMs(0));
  wheel.Arm(0, AtMs(10) + Duration::Nanos(1));

  EXPECT_EQ(Advance(wheel, 10), Fired());
  EXPECT_EQ(Advance(wheel, 11), Fired({{0, 11}}));
}

TEST(TimerWheelTest, DueTimeThatHasPassedFiresAtTheNextTick) {
  TimerWheel wheel(1);
  wheel.Start(AtMs(0));
  EXPECT_EQ(Advance(wheel, 100), Fired());
  wheel.Arm(0, AtMs(7));

  EXPECT_EQ(Advance(wheel, 100), Fired());
  EXPECT_EQ(Advance(wheel, 101), Fired({{0, 101}}));
}

TEST(TimerWheelTest, ArmedNodeIsMovedByArmingItAgain) {
  TimerWheel wheel(1);
  wheel.Start(AtMs(0));
  wheel.Arm(0, AtMs(10));
  wheel.Arm(0, AtMs(300'000));

  EXPECT_EQ(wheel.armed_count(), 1u);
  EXPECT_EQ(Advance(wheel, 299'999), Fired());
  EXPECT_EQ(Advance(wheel, 300'000), Fired({{0, 300'000}}));
}

TEST(TimerWheelTest, CancelledNodeDoesNotFire) {
  TimerWheel wheel(2);
  wheel.Start(AtMs(0));
  wheel.Arm(0, AtMs(10));
  wheel.Cancel(0);
  wheel.Cancel(1);

  EXPECT_FALSE(wheel.armed(0));
  EXPECT_EQ(wheel.armed_count(), 0u);
  EXPECT_EQ(Advance(wheel, 1000), Fired());
}

// Every level, and each side of the boundaries between them.
TEST(TimerWheelTest, EveryDelayFiresInItsTickFromEveryPhaseOfTheClock) {
  for (int64_t start :
       {int64_t{0}, int64_t{1}, int64_t{255}, int64_t{65'535},
        int64_t{0xffffff}, int64_t{0xfffffffe}, int64_t{1'700'000'000'123}}) {
    for (int64_t delay :
         {int64_t{1}, int64_t{255}, int64_t{256}, int64_t{257}, int64_t{65'535},
          int64_t{65'536}, int64_t{65'537}, int64_t{0xffffff},
          int64_t{0x1000000}, int64_t{0x1000001}, TimerWheel::kMaxDelayMs}) {
      TimerWheel wheel(1);
      wheel.Start(AtMs(start));
      wheel.Arm(0, AtMs(start + delay));

      EXPECT_EQ(Advance(wheel, start + delay - 1), Fired());
      EXPECT_EQ(Advance(wheel, start + delay), Fired({{0, start + delay}}))
          << start << " + " << delay;
    }
  }
}

TEST(TimerWheelTest, LongerDelayThanTheLongestIsCut) {
  TimerWheel wheel(1);
  wheel.Start(AtMs(0));
  wheel.Arm(0, AtMs(TimerWheel::kMaxDelayMs + 1));

  EXPECT_EQ(Advance(wheel, 60 * kDayMs), Fired({{0, TimerWheel::kMaxDelayMs}}));
}

TEST(TimerWheelTest, DueTimeAtTheEndOfTheClockIsCutToo) {
  TimerWheel wheel(1);
  wheel.Start(AtMs(0));
  wheel.Arm(0, Timestamp::FromNanos(INT64_MAX));

  EXPECT_EQ(Advance(wheel, 60 * kDayMs), Fired({{0, TimerWheel::kMaxDelayMs}}));
}

TEST(TimerWheelTest, NodeThatArmsItselfForNowFiresInTheNextTick) {
  TimerWheel wheel(1);
  wheel.Start(AtMs(0));
  wheel.Arm(0, AtMs(5));
  std::vector<int64_t> ticks;

  // The budget ends the test if the tick never does.
  wheel.AdvanceTo(AtMs(8), 100, [&](uint32_t node, Timestamp now) {
    ticks.push_back(now.millis());
    wheel.Arm(node, now);
  });

  EXPECT_EQ(ticks, (std::vector<int64_t>{5, 6, 7, 8}));
}

TEST(TimerWheelTest, NodeMayCancelAndArmOthersOfItsOwnTick) {
  TimerWheel wheel(3);
  wheel.Start(AtMs(0));
  for (uint32_t node : {0u, 1u, 2u}) wheel.Arm(node, AtMs(5));
  Fired fired;

  wheel.AdvanceTo(AtMs(400), SIZE_MAX, [&](uint32_t node, Timestamp now) {
    fired.emplace_back(node, now.millis());
    if (fired.size() > 1) return;
    wheel.Cancel((node + 1) % 3);
    wheel.Arm((node + 2) % 3, AtMs(300));
  });

  ASSERT_EQ(fired.size(), 2u);
  EXPECT_EQ(fired[0].second, 5);
  EXPECT_EQ(fired[1], std::pair((fired[0].first + 2) % 3, int64_t{300}));
}

TEST(TimerWheelTest, SpentBudgetStopsAndTheRestStaysDue) {
  TimerWheel wheel(10);
  wheel.Start(AtMs(0));
  for (uint32_t node = 0; node < 10; ++node) wheel.Arm(node, AtMs(5));

  EXPECT_EQ(Advance(wheel, 9, 4).size(), 4u);
  EXPECT_TRUE(wheel.Due(AtMs(9)));
  EXPECT_EQ(Advance(wheel, 9, 4).size(), 4u);
  const Fired rest = Advance(wheel, 9, 4);
  ASSERT_EQ(rest.size(), 2u);
  // As late as they are told of, their tick is their own.
  EXPECT_EQ(rest[0].second, 5);
  EXPECT_FALSE(wheel.Due(AtMs(1000)));
}

TEST(TimerWheelTest, ClockThatGoesBackFiresNothing) {
  TimerWheel wheel(1);
  wheel.Start(AtMs(1000));
  EXPECT_EQ(Advance(wheel, 2000), Fired());
  wheel.Arm(0, AtMs(2010));

  EXPECT_EQ(Advance(wheel, 500), Fired());
  EXPECT_EQ(Advance(wheel, 2010), Fired({{0, 2010}}));
}

TEST(TimerWheelTest, StepOfDaysCostsNoMoreThanItsNodes) {
  TimerWheel wheel(100);
  wheel.Start(AtMs(0));
  for (uint32_t node = 0; node < 100; ++node) {
    wheel.Arm(node, AtMs(30 * kDayMs + node * 977));
  }
  size_t fired = 0;

  const size_t work = wheel.AdvanceTo(AtMs(60 * kDayMs), SIZE_MAX,
                                      [&](uint32_t, Timestamp) { ++fired; });

  EXPECT_EQ(fired, 100u);
  // At most once down each of the other levels.
  EXPECT_LE(work, 400u);
}

TEST(TimerWheelTest, TickOfAFiringDoesNotDependOnHowTimeWasSplit) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 200; ++round) {
    TimerWheel whole(50);
    TimerWheel split(50);
    const int64_t start = static_cast<int64_t>(random() % (10 * kDayMs));
    whole.Start(AtMs(start));
    split.Start(AtMs(start));
    for (uint32_t node = 0; node < 50; ++node) {
      const Timestamp due =
          AtMs(start + 1) + Duration::Nanos(static_cast<int64_t>(
                                random() >> (20 + random() % 40)));
      whole.Arm(node, due);
      split.Arm(node, due);
    }
    const int64_t end = start + 70 * kDayMs;
    Fired from_split;
    for (int64_t now = start; now < end;) {
      now = std::min(
          end, now + static_cast<int64_t>(random() >> (30 + random() % 34)));
      const Fired some = Advance(split, now, 1 + random() % 5);
      from_split.insert(from_split.end(), some.begin(), some.end());
    }
    while (split.armed_count() > 0) {
      const Fired some = Advance(split, end);
      from_split.insert(from_split.end(), some.begin(), some.end());
    }

    Fired from_whole = Advance(whole, end);
    std::ranges::sort(from_whole);
    std::ranges::sort(from_split);
    EXPECT_EQ(from_whole, from_split) << "round " << round;
  }
}

TEST(TimerWheelTest, RandomOperationsAgreeWithAListOfDueTimes) {
  std::mt19937 random(5);
  for (int round = 0; round < 1500; ++round) {
    std::vector<uint8_t> script(1 + 4 * (random() % 200));
    for (uint8_t& byte : script) byte = static_cast<uint8_t>(random());
    EXPECT_EQ(testing::PlayTimerScript(script), "") << "round " << round;
  }
}

}  // namespace
}  // namespace mosaic
