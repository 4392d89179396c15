#include "dataplane/stats/core_counters.h"

#include <set>
#include <string>
#include <string_view>

#include "dataplane/base/end_reason.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

constexpr std::string_view kNameLetters = "abcdefghijklmnopqrstuvwxyz_";

bool IsName(std::string_view text) {
  return !text.empty() &&
         text.find_first_not_of(kNameLetters) == std::string_view::npos;
}

void ExpectLabelValues(std::string_view name,
                       std::span<const std::string_view> label_values) {
  std::set<std::string_view> values;
  for (std::string_view value : label_values) {
    EXPECT_FALSE(value.empty());
    EXPECT_EQ(value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_"),
              std::string_view::npos)
        << name << " " << value;
    EXPECT_TRUE(values.insert(value).second) << name << " " << value;
  }
}

TEST(CoreCounterInfoTest, NamesAreWellFormedAndEndAsTheirKindSays) {
  for (const CounterInfo& info : CoreCounterInfo()) {
    EXPECT_TRUE(IsName(info.name)) << info.name;
    EXPECT_TRUE(info.name.starts_with("mosaic_")) << info.name;
    EXPECT_EQ(info.name.ends_with("_total"), !info.is_gauge) << info.name;
  }
}

TEST(CoreCounterInfoTest, NamesAreUnique) {
  std::set<std::string_view> names;
  for (const CounterInfo& info : CoreCounterInfo()) {
    EXPECT_TRUE(names.insert(info.name).second) << info.name;
  }
}

TEST(CoreCounterInfoTest, HelpIsOfWholeSentencesOnOneLine) {
  for (const CounterInfo& info : CoreCounterInfo()) {
    ASSERT_FALSE(info.help.empty()) << info.name;
    EXPECT_TRUE(info.help.ends_with('.')) << info.name;
    EXPECT_EQ(info.help.find_first_of("\n\\\""), std::string_view::npos);
    EXPECT_EQ(info.help.find("  "), std::string_view::npos) << info.name;
  }
}

TEST(CoreCounterInfoTest, LabelsTellTheCellsOfARowApart) {
  for (const CounterInfo& info : CoreCounterInfo()) {
    if (info.label.empty()) {
      EXPECT_EQ(info.cells, 1u) << info.name;
      EXPECT_TRUE(info.label_values.empty()) << info.name;
      continue;
    }
    EXPECT_TRUE(IsName(info.label)) << info.name;
    ExpectLabelValues(info.name, info.label_values);
    size_t cells = info.label_values.size();
    if (!info.second_label.empty()) {
      EXPECT_TRUE(IsName(info.second_label)) << info.name;
      ExpectLabelValues(info.name, info.second_values);
      cells *= info.second_values.size();
    }
    EXPECT_EQ(cells, info.cells) << info.name;
  }
}

TEST(CoreCounterInfoTest, StopsAreCountedBySideAndReasonInThisOrder) {
  CoreCounters counters;
  counters.stopped_sides[1][static_cast<size_t>(StopReason::kAge)].Add(7);
  for (const CounterInfo& info : CoreCounterInfo()) {
    if (info.name != "mosaic_stream_stopped_total") continue;
    ASSERT_EQ(info.second_values.size(), kStopReasons);
    for (size_t i = 0; i < kStopReasons; ++i) {
      EXPECT_EQ(info.second_values[i], Name(static_cast<StopReason>(i)));
    }
    EXPECT_EQ(info.label_values[1], "server");
    const size_t server_age =
        info.first + kStopReasons + static_cast<size_t>(StopReason::kAge);
    EXPECT_EQ(CellOf(counters, server_age).Read(), 7u);
    return;
  }
  FAIL() << "no row counts stopped sides";
}

TEST(CoreCounterInfoTest, EachCellIsReachedByOneRow) {
  CoreCounters counters;
  size_t next = 0;
  for (const CounterInfo& info : CoreCounterInfo()) {
    EXPECT_EQ(info.first, next) << info.name;
    next += info.cells;
  }
  EXPECT_EQ(next, kCoreCounterCells);
  counters.rx_packets.Add(3);
  counters.longest_apply_nanos.Set(4);
  EXPECT_EQ(CellOf(counters, 0).Read(), 3u);
  EXPECT_EQ(CellOf(counters, kCoreCounterCells - 1).Read(), 4u);
}

TEST(CoreCounterInfoTest, EndReasonsAreLabelledByTheirNames) {
  for (const CounterInfo& info : CoreCounterInfo()) {
    if (info.name != "mosaic_flows_ended_total") continue;
    ASSERT_EQ(info.label_values.size(), kEndReasons);
    for (size_t i = 0; i < kEndReasons; ++i) {
      EXPECT_EQ(info.label_values[i], Name(static_cast<EndReason>(i)));
    }
    return;
  }
  FAIL() << "no row counts ended flows";
}

}  // namespace
}  // namespace mosaic
