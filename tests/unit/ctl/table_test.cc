#include "control/ctl/table.h"

#include "gtest/gtest.h"

namespace mosaic::ctl {
namespace {

const Style kPlain(Style::Colors::kOff);
const Style kColors(Style::Colors::kOn);

Table TwoPorts() {
  Table table({{"PORT"}, {"PACKETS", Align::kRight}, {"STATE"}});
  table.Add({"eth0", "1,234,567", {"up", Tone::kGood}});
  table.Add({"a-long-name", "5", ""});
  return table;
}

TEST(TableTest, ColumnsAreAlignedAndNoLineEndsInBlanks) {
  EXPECT_EQ(TwoPorts().Text(kPlain),
            "PORT           PACKETS  STATE\n"
            "eth0         1,234,567  up\n"
            "a-long-name          5  -\n");
}

TEST(TableTest, AnEmptyTableShowsItsHeading) {
  const Table table({{"NAME"}, {"AGE", Align::kRight}});
  EXPECT_EQ(table.Text(kPlain), "NAME  AGE\n");
  EXPECT_TRUE(table.empty());
}

TEST(TableTest, ColoursTakeNoRoom) {
  EXPECT_EQ(TwoPorts().Lines(kColors)[1],
            "eth0         1,234,567  \x1b[32mup\x1b[0m");
}

TEST(TableTest, TextIsCutAtTheWidth) {
  const std::vector<std::string> lines = TwoPorts().Lines(kPlain, 26);
  EXPECT_EQ(lines[0], "PORT           PACKETS  ST");
  EXPECT_EQ(lines[1], "eth0         1,234,567  up");
  EXPECT_EQ(TwoPorts().Lines(kPlain, 3)[1], "eth");
}

TEST(TableTest, NumbersAreNeverCut) {
  const std::vector<std::string> lines = TwoPorts().Lines(kPlain, 21);
  EXPECT_EQ(lines[0], "PORT");
  EXPECT_EQ(lines[1], "eth0");
  EXPECT_EQ(lines[2], "a-long-name");
  EXPECT_EQ(TwoPorts().Lines(kPlain, 22)[1], "eth0         1,234,567");
}

TEST(TableTest, CellsAreMadePrintable) {
  Table table({{"NAME"}});
  table.Add({"a\x1b]0;title\x07z"});
  EXPECT_EQ(table.Lines(kColors)[1], "a\\x1b]0;title\\x07z");
}

TEST(TableTest, WidthIsCountedInCharacters) {
  Table table({{"NAME"}, {"N"}});
  table.Add(
      {"gr\xc3\xbc\xc3\x9f"
       "e",
       "1"});
  table.Add({"abcde", "2"});
  EXPECT_EQ(table.Lines(kPlain)[1],
            "gr\xc3\xbc\xc3\x9f"
            "e  1");
  EXPECT_EQ(table.Lines(kPlain)[2], "abcde  2");
}

TEST(StyleTest, PaintsOnlyWhereColoursAreOn) {
  EXPECT_EQ(kColors.Paint(Tone::kBad, "LOST"), "\x1b[31mLOST\x1b[0m");
  EXPECT_EQ(kColors.Paint(Tone::kPlain, "x"), "x");
  EXPECT_EQ(kColors.Paint(Tone::kBad, ""), "");
  EXPECT_EQ(kPlain.Paint(Tone::kBad, "LOST"), "LOST");
}

}  // namespace
}  // namespace mosaic::ctl
