#include "dataplane/event/function_timers.h"

#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/recording_nf.h"

namespace mosaic {
namespace {

constexpr int64_t kMs = 1'000'000;

Timestamp At(int64_t ms) { return Timestamp::FromNanos(ms * kMs); }

TimerSpec After(int64_t ms, uint64_t id = 0) {
  return {.delay = Duration::Millis(ms), .period = Duration(), .id = id};
}

class FunctionTimersTest : public ::testing::Test {
 protected:
  TimerHandle Arm(const TimerSpec& spec, int64_t now) {
    return timers_.Arm({&slot_, nullptr, nullptr}, spec, At(now));
  }
  // Ids of what fires up to `now`, with the tick in milliseconds.
  std::vector<std::pair<uint64_t, int64_t>> Advance(int64_t now) {
    std::vector<std::pair<uint64_t, int64_t>> fired;
    timers_.AdvanceTo(At(now), SIZE_MAX, [&](const FunctionTimers::Fired& one) {
      fired.emplace_back(one.event.id, one.event.now.millis());
    });
    return fired;
  }

  using Fired = std::vector<std::pair<uint64_t, int64_t>>;

  std::vector<std::string> journal_;
  NfSlot slot_{
      "nfInstances/test",
      std::make_unique<RecordingNf>("nf", RecordingNf::Behaviour{}, journal_),
      FailurePolicy::kOpen, 1};
  FunctionTimers timers_{8};
};

TEST_F(FunctionTimersTest, OneShotFiresOnceAtItsMillisecond) {
  Arm(After(10, 1), 100);
  EXPECT_EQ(Advance(109), Fired{});
  EXPECT_EQ(Advance(200), (Fired{{1, 110}}));
  EXPECT_EQ(Advance(1000), Fired{});
  EXPECT_EQ(timers_.armed(), 0u);
}

TEST_F(FunctionTimersTest, TimerIdArmedTwiceFiresTwice) {
  Arm(After(10, 5), 100);
  Arm(After(20, 5), 100);
  EXPECT_EQ(Advance(200), (Fired{{5, 110}, {5, 120}}));
}

TEST_F(FunctionTimersTest, PeriodicOneFiresAtEachOfItsTimesWithoutDrift) {
  Arm({.delay = Duration::Millis(10), .period = Duration::Millis(7), .id = 1},
      100);
  EXPECT_EQ(Advance(125), (Fired{{1, 110}, {1, 117}, {1, 124}}));
  EXPECT_EQ(Advance(131), (Fired{{1, 131}}));
}

// Repair: timers cancel.
TEST_F(FunctionTimersTest, TimersCancel) {
  const TimerHandle one = Arm(After(10, 1), 100);
  const TimerHandle two = Arm(
      {.delay = Duration::Millis(10), .period = Duration::Millis(1), .id = 2},
      100);
  EXPECT_TRUE(timers_.Cancel(slot_, one));
  EXPECT_FALSE(timers_.Cancel(slot_, one));
  EXPECT_EQ(Advance(110), (Fired{{2, 110}}));
  EXPECT_TRUE(timers_.Cancel(slot_, two));
  EXPECT_EQ(Advance(200), Fired{});
}

TEST_F(FunctionTimersTest, HandleOfATimerThatIsGoneNamesNoOther) {
  const TimerHandle old = Arm(After(1, 1), 100);
  Advance(101);
  const TimerHandle next = Arm(After(10, 2), 101);
  EXPECT_NE(old, next);
  EXPECT_FALSE(timers_.Cancel(slot_, old));
  EXPECT_FALSE(timers_.Cancel(slot_, kNoTimer));
  EXPECT_FALSE(timers_.Cancel(slot_, ~TimerHandle{0}));
  EXPECT_EQ(Advance(200), (Fired{{2, 111}}));
}

TEST_F(FunctionTimersTest, OnlyItsFunctionCancelsATimer) {
  NfSlot other{
      "nfInstances/other",
      std::make_unique<RecordingNf>("nf", RecordingNf::Behaviour{}, journal_),
      FailurePolicy::kOpen, 1};
  const TimerHandle timer = Arm(After(10), 100);
  EXPECT_FALSE(timers_.Cancel(other, timer));
  EXPECT_TRUE(timers_.Cancel(slot_, timer));
}

TEST_F(FunctionTimersTest, ArmedBeforeTheClockIsKnownCountsFromItsFirstValue) {
  Arm(After(10, 1), 0);
  const TimerHandle cancelled = Arm(After(10, 2), 0);
  EXPECT_TRUE(timers_.Due(At(5000)));
  EXPECT_TRUE(timers_.Cancel(slot_, cancelled));
  EXPECT_EQ(Advance(5000), Fired{});
  EXPECT_EQ(Advance(6000), (Fired{{1, 5010}}));
}

TEST_F(FunctionTimersTest, DelayOfNothingFiresAtTheNextTick) {
  Arm(After(0, 1), 100);
  Arm(After(-5, 2), 100);
  EXPECT_EQ(Advance(101).size(), 2u);
}

TEST_F(FunctionTimersTest, ArmingIsRefusedWhenAllAreArmed) {
  std::vector<TimerHandle> armed;
  for (int i = 0; i < 8; ++i) armed.push_back(Arm(After(10), 100));
  EXPECT_EQ(Arm(After(10), 100), kNoTimer);
  EXPECT_TRUE(timers_.Cancel(slot_, armed[3]));
  EXPECT_NE(Arm(After(10), 100), kNoTimer);
}

TEST_F(FunctionTimersTest, TimersOfAFlowGoTogether) {
  Flow flow;
  LinkState state;
  for (uint64_t id : {1, 2, 3}) {
    timers_.Arm({&slot_, &flow, &state}, After(10, id), At(100));
  }
  Arm(After(10, 9), 100);
  Advance(105);
  timers_.CancelAll(state);
  EXPECT_EQ(state.first_timer, 0u);
  EXPECT_EQ(Advance(200), (Fired{{9, 110}}));
}

TEST_F(FunctionTimersTest, RandomArmingAgreesWithAnOrderedList) {
  std::mt19937_64 random(3);
  std::multimap<int64_t, uint64_t> expected;
  std::map<uint64_t, TimerHandle> handles;
  LinkState state;
  Flow flow;
  uint64_t next_id = 1;
  int64_t now = 1000;
  for (int step = 0; step < 20'000; ++step) {
    const uint64_t action = random() % 4;
    if (action < 2) {
      const auto delay = static_cast<int64_t>(random() % 3000) + 1;
      const uint64_t id = next_id++;
      const TimerHandle handle =
          random() % 2 == 0
              ? Arm(After(delay, id), now)
              : timers_.Arm({&slot_, &flow, &state}, After(delay, id), At(now));
      ASSERT_EQ(handle == kNoTimer, expected.size() == 8);
      if (handle == kNoTimer) continue;
      expected.emplace(now + delay, id);
      handles[id] = handle;
    } else if (action == 2 && !handles.empty()) {
      const auto victim = std::next(
          handles.begin(), static_cast<int64_t>(random() % handles.size()));
      ASSERT_TRUE(timers_.Cancel(slot_, victim->second));
      std::erase_if(expected, [&](const auto& entry) {
        return entry.second == victim->first;
      });
      handles.erase(victim);
    } else {
      now += static_cast<int64_t>(random() % 700) + 1;
      std::multimap<int64_t, uint64_t> fired;
      for (const auto& [id, tick] : Advance(now)) {
        fired.emplace(tick, id);
        handles.erase(id);
      }
      const std::multimap<int64_t, uint64_t> due(expected.begin(),
                                                 expected.upper_bound(now));
      // Those of one tick fire in any order.
      std::multiset<std::pair<int64_t, uint64_t>> a(fired.begin(), fired.end());
      std::multiset<std::pair<int64_t, uint64_t>> b(due.begin(), due.end());
      ASSERT_EQ(a, b);
      expected.erase(expected.begin(), expected.upper_bound(now));
    }
    ASSERT_EQ(timers_.armed(), expected.size());
  }
}

}  // namespace
}  // namespace mosaic
