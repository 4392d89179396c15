#include "dataplane/stats/core_histograms.h"

#include <set>
#include <string_view>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using ::testing::ElementsAre;

constexpr std::array<uint64_t, 3> kBounds = {10, 20, 40};

std::vector<uint64_t> CountsOf(const HistogramReading& reading) {
  return {reading.counts.begin(),
          reading.counts.begin() + reading.bounds.size() + 1};
}

TEST(HistogramTest, AValueAtABoundIsCountedBelowIt) {
  Histogram histogram(kBounds);
  for (uint64_t value : {0, 10, 11, 20, 21, 40, 41}) histogram.Record(value);
  EXPECT_THAT(CountsOf(histogram.Read()), ElementsAre(2, 2, 2, 1));
  EXPECT_EQ(histogram.Read().sum, 143u);
}

TEST(HistogramTest, WhatIsAboveAllBoundsHasABucket) {
  Histogram histogram(kBounds);
  histogram.Record(UINT64_MAX);
  EXPECT_THAT(CountsOf(histogram.Read()), ElementsAre(0, 0, 0, 1));
}

TEST(HistogramTest, ReadingsOfTheSameBoundsAddUp) {
  Histogram one(kBounds);
  Histogram other(kBounds);
  one.Record(5);
  other.Record(6);
  other.Record(30);
  HistogramReading sum = one.Read();
  sum.Add(other.Read());
  EXPECT_THAT(CountsOf(sum), ElementsAre(2, 0, 1, 0));
  EXPECT_EQ(sum.sum, 41u);
}

TEST(HistogramDeathTest, BoundsThatDoNotAscendAreAMistake) {
  static constexpr std::array<uint64_t, 2> kFalling = {2, 1};
  EXPECT_DEATH(Histogram{kFalling}, "bounds");
}

TEST(HistogramDeathTest, MoreBoundsThanABucketEachAreAMistake) {
  static constexpr std::array<uint64_t, HistogramReading::kMaxBuckets> kMany = {
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13};
  EXPECT_DEATH(Histogram{kMany}, "kMaxBuckets");
}

TEST(CoreHistogramInfoTest, EachHistogramHasANameOfItsOwnAndHelp) {
  std::set<std::string_view> names;
  for (const HistogramInfo& info : CoreHistogramInfo()) {
    EXPECT_TRUE(info.name.starts_with("mosaic_")) << info.name;
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
    EXPECT_TRUE(info.help.ends_with('.')) << info.name;
  }
  EXPECT_EQ(names.size(), kCoreHistograms);
}

TEST(CoreHistogramInfoTest, RowsAreInTheOrderOfTheFields) {
  CoreHistograms histograms;
  histograms.loop_duration.Record(1);
  histograms.timer_lateness.Record(2);
  EXPECT_EQ(HistogramOf(histograms, 0).Read().sum, 1u);
  EXPECT_EQ(HistogramOf(histograms, kCoreHistograms - 1).Read().sum, 2u);
  EXPECT_EQ(CoreHistogramInfo().front().name,
            "mosaic_core_loop_duration_seconds");
  EXPECT_EQ(CoreHistogramInfo().back().name, "mosaic_timer_lateness_seconds");
}

TEST(CoreHistogramInfoTest, DurationsAreExportedInSeconds) {
  for (const HistogramInfo& info : CoreHistogramInfo()) {
    EXPECT_EQ(info.name.ends_with("_seconds"), info.per_unit == 1e9)
        << info.name;
  }
}

}  // namespace
}  // namespace mosaic
