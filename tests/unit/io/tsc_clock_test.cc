#include "dataplane/io/tsc_clock.h"

#include "gtest/gtest.h"

namespace mosaic {
namespace {

constexpr Timestamp kBegin = Timestamp::FromNanos(5'000);

TEST(TscClockTest, TicksBecomeNanoseconds) {
  const TscClock clock(2'000'000'000, 100, kBegin);
  EXPECT_EQ(clock.At(100), kBegin);
  EXPECT_EQ(clock.At(102), kBegin + Duration::Nanos(1));
  EXPECT_EQ(clock.At(100 + 2'000), kBegin + Duration::Nanos(1'000));
}

TEST(TscClockTest, ACounterThatIsBehindShowsTheBegin) {
  const TscClock clock(2'000'000'000, 100, kBegin);
  EXPECT_EQ(clock.At(99), kBegin);
  EXPECT_EQ(clock.At(0), kBegin);
}

TEST(TscClockTest, AYearIsRightToAMillisecondAtAnyRate) {
  constexpr int64_t kSeconds = 365 * 24 * 3600;
  for (const uint64_t hertz : {uint64_t{1'000'000}, uint64_t{2'399'999'983},
                               uint64_t{5'000'000'000}}) {
    const TscClock clock(hertz, 0, Timestamp());
    const int64_t nanos = clock.At(hertz * kSeconds).nanos();
    EXPECT_NEAR(static_cast<double>(nanos), kSeconds * 1e9, 1e6) << hertz;
  }
}

TEST(TscClockTest, TimeNeverRunsBackwards) {
  const TscClock clock(2'400'000'000, 7, kBegin);
  Timestamp last;
  for (uint64_t ticks = 0; ticks < 100'000; ++ticks) {
    ASSERT_GE(clock.At(ticks), last);
    last = clock.At(ticks);
  }
}

}  // namespace
}  // namespace mosaic
