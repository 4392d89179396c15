#include "dataplane/tcp/withheld_ranges.h"

#include <map>
#include <random>
#include <string>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

constexpr uint8_t kBoth = 9;

// "0-3:1 5-6:2", in order.
std::string Text(const WithheldRanges& ranges) {
  std::map<uint64_t, std::string> sorted;
  for (const WithheldRange& range : ranges.ranges()) {
    sorted[range.begin] = std::to_string(range.begin) + '-' +
                          std::to_string(range.end) + ':' +
                          std::to_string(range.asked_from);
  }
  std::string text;
  for (const auto& [begin, range] : sorted) {
    if (!text.empty()) text += ' ';
    text += range;
  }
  return text;
}

TEST(WithheldRangesTest, NeighboursOfOneAskerAreOneRange) {
  WithheldRanges ranges;
  EXPECT_TRUE(ranges.Add({3, 6, 1}, kBoth));
  EXPECT_TRUE(ranges.Add({6, 9, 1}, kBoth));
  EXPECT_TRUE(ranges.Add({0, 3, 1}, kBoth));
  EXPECT_TRUE(ranges.Add({9, 10, 2}, kBoth));
  EXPECT_EQ(Text(ranges), "0-9:1 9-10:2");
}

TEST(WithheldRangesTest, TheNewestAskerOfAByteIsAsked) {
  WithheldRanges ranges;
  ranges.Add({0, 9, 1}, kBoth);
  ranges.Add({3, 6, 2}, kBoth);
  EXPECT_EQ(Text(ranges), "0-3:1 3-6:2 6-9:1");
}

TEST(WithheldRangesTest, OneTooManyJoinsTheNearest) {
  WithheldRanges ranges;
  for (uint64_t i = 0; i < 4; ++i) ranges.Add({10 * i, 10 * i + 2, 1}, kBoth);
  EXPECT_FALSE(ranges.Add({14, 15, 2}, kBoth));
  EXPECT_EQ(Text(ranges), "0-2:1 10-15:9 20-22:1 30-32:1");
}

TEST(WithheldRangesTest, WhatCannotBeSplitStaysWhole) {
  WithheldRanges ranges;
  for (uint64_t i = 0; i < 4; ++i) ranges.Add({10 * i, 10 * i + 5, 1}, kBoth);
  ranges.Remove(11, 12);
  EXPECT_EQ(Text(ranges), "0-5:1 10-15:1 20-25:1 30-35:1");
  ranges.Remove(0, 12);
  EXPECT_EQ(Text(ranges), "12-15:1 20-25:1 30-35:1");
}

TEST(WithheldRangesTest, NoByteIsForgottenThatASetHas) {
  std::mt19937 random(1);
  uint64_t exact = 0;
  for (int run = 0; run < 3000; ++run) {
    WithheldRanges ranges;
    std::map<uint64_t, uint8_t> model;
    bool joined = false;
    for (int step = 0; step < 12; ++step) {
      const uint64_t begin = random() % 40;
      const uint64_t end = begin + 1 + random() % 6;
      if (random() % 3 == 0) {
        joined |= ranges.ranges().size() == WithheldRanges::kMax;
        ranges.Remove(begin, end);
        for (uint64_t i = begin; i < end; ++i) model.erase(i);
      } else {
        const auto asker = static_cast<uint8_t>(random() % 2);
        joined |= !ranges.Add({begin, end, asker}, kBoth);
        for (uint64_t i = begin; i < end; ++i) model[i] = asker;
      }
      std::map<uint64_t, uint8_t> got;
      for (const WithheldRange& range : ranges.ranges()) {
        ASSERT_LT(range.begin, range.end);
        for (uint64_t i = range.begin; i < range.end; ++i) {
          if (!joined) {
            ASSERT_FALSE(got.contains(i)) << "two ranges have byte " << i;
          }
          got[i] = range.asked_from;
        }
      }
      for (const auto& [byte, asker] : model) ASSERT_TRUE(got.contains(byte));
      if (!joined) {
        ASSERT_EQ(got, model);
        ++exact;
      }
    }
  }
  EXPECT_GT(exact, 10'000u);
}

}  // namespace
}  // namespace mosaic
