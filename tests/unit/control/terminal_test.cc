#include "control/cli/terminal.h"

#include <cstdint>
#include <cstdio>

#include "gtest/gtest.h"

namespace mosaic {
namespace {

TEST(TerminalTest, NumbersAreGroupedByThousands) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(123456), "123,456");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
  EXPECT_EQ(Grouped(UINT64_MAX), "18,446,744,073,709,551,615");
}

TEST(TerminalTest, BytesHaveAtMostFourDigitsAndTheLargestUnitThatFits) {
  const struct {
    uint64_t bytes;
    const char* text;
  } rows[] = {{0, "0 B"},
              {1023, "1023 B"},
              {1024, "1.00 KiB"},
              {1536, "1.50 KiB"},
              {10 * 1024, "10.0 KiB"},
              {100 * 1024, "100 KiB"},
              {1023 * 1024, "1023 KiB"},
              {1024 * 1024 - 1, "1.00 MiB"},
              {uint64_t{1} << 20, "1.00 MiB"},
              {uint64_t{5} << 30, "5.00 GiB"},
              {uint64_t{7} << 40, "7.00 TiB"},
              {uint64_t{3} << 50, "3.00 PiB"},
              {UINT64_MAX, "16384 PiB"}};
  for (const auto& row : rows) EXPECT_EQ(HumanBytes(row.bytes), row.text);
}

TEST(TerminalTest, RoundingNeverAddsADigit) {
  EXPECT_EQ(HumanBytes(10 * 1024 - 1), "10.0 KiB");
  EXPECT_EQ(HumanBytes(100 * 1024 - 1), "100 KiB");
}

TEST(TerminalTest, FileIsNoTerminalAndHasTheUsualSize) {
  std::FILE* const file = std::tmpfile();
  ASSERT_NE(file, nullptr);
  EXPECT_FALSE(IsTerminal(file));
  EXPECT_EQ(SizeOf(file).lines, 24);
  EXPECT_EQ(SizeOf(file).columns, 80);
  std::fclose(file);
}

}  // namespace
}  // namespace mosaic
