#include "dataplane/base/timestamp.h"

#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(DurationTest, UnitsAreThousandsOfEachOther) {
  EXPECT_EQ(Duration::Seconds(2), Duration::Millis(2'000));
  EXPECT_EQ(Duration::Millis(2), Duration::Micros(2'000));
  EXPECT_EQ(Duration::Micros(2), Duration::Nanos(2'000));
  EXPECT_EQ(Duration::Seconds(3).nanos(), 3'000'000'000);
}

TEST(DurationTest, CoarserUnitsAreCutOff) {
  const Duration duration = Duration::Nanos(1'999'999);
  EXPECT_EQ(duration.micros(), 1'999);
  EXPECT_EQ(duration.millis(), 1);
  EXPECT_DOUBLE_EQ(Duration::Millis(1'500).seconds(), 1.5);
}

TEST(DurationTest, DefaultIsZeroAndNegativeOnesAreLess) {
  EXPECT_EQ(Duration(), Duration::Nanos(0));
  EXPECT_LT(Duration::Seconds(1) - Duration::Seconds(2), Duration());
  EXPECT_EQ(Duration::Seconds(1) + Duration::Millis(1), Duration::Millis(1001));
}

TEST(TimestampTest, DifferenceOfTwoIsADuration) {
  const Timestamp early = Timestamp::FromNanos(5'000'000);
  const Timestamp late = early + Duration::Millis(7);
  EXPECT_EQ(late - early, Duration::Millis(7));
  EXPECT_EQ(late - Duration::Millis(7), early);
  EXPECT_LT(early, late);
  EXPECT_EQ(late.millis(), 12);
  EXPECT_EQ(late.micros(), 12'000);
}

}  // namespace
}  // namespace mosaic
