#include "control/ctl/printable_text.h"

#include <cstdlib>
#include <ctime>

#include "gtest/gtest.h"

namespace mosaic::ctl {
namespace {

TEST(PrintableTextTest, ControlCharactersNeverReachTheTerminal) {
  EXPECT_EQ(Printable("web"), "web");
  EXPECT_EQ(Printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(Printable("one\ntwo\tthree\r"), "one\\ntwo\\tthree\\r");
  EXPECT_EQ(Printable(std::string_view("\0\x7f", 2)), "\\x00\\x7f");
  // C1 control characters: U+009B alone begins a sequence.
  EXPECT_EQ(Printable("\xc2\x9b"), "\\u009b");
}

TEST(PrintableTextTest, CharactersThatHideOrReorderTextAreWrittenOut) {
  EXPECT_EQ(Printable("a\xe2\x80\xae"
                      "b"),
            "a\\u202eb");
  EXPECT_EQ(Printable("\xe2\x80\x8b"), "\\u200b");
  EXPECT_EQ(Printable("\xf3\xa0\x80\x81"), "\\U000e0001");
}

TEST(PrintableTextTest, BytesThatAreNoUtf8AreWrittenOut) {
  EXPECT_EQ(Printable("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
  EXPECT_EQ(Printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(Printable("\xc0\xaf"), "\\xc0\\xaf");           // Overlong.
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // Surrogate.
}

TEST(PrintableTextTest, ColumnsAreCharacters) {
  EXPECT_EQ(ColumnsOf("gr\xc3\xbc\xc3\x9f"), 4u);
  EXPECT_EQ(FirstColumns("gr\xc3\xbc\xc3\x9f", 3), "gr\xc3\xbc");
  EXPECT_EQ(FirstColumns("abc", 0), "");
  EXPECT_EQ(FirstColumns("abc", 9), "abc");
}

TEST(PrintableTextTest, CountsHaveAtMostThreeDigits) {
  EXPECT_EQ(HumanCount(0), "0");
  EXPECT_EQ(HumanCount(-5), "0");
  EXPECT_EQ(HumanCount(999), "999");
  EXPECT_EQ(HumanCount(999.7), "1.00k");
  EXPECT_EQ(HumanCount(12'345), "12.3k");
  EXPECT_EQ(HumanCount(999'600), "1.00M");
  EXPECT_EQ(HumanCount(4.56e6), "4.56M");
  EXPECT_EQ(HumanBits(1.25e9), "1.25 Gbit/s");
  EXPECT_EQ(HumanBits(12), "12 bit/s");
}

TEST(PrintableTextTest, DurationsShowTheirTwoLargestUnits) {
  const struct {
    double seconds;
    const char* text;
  } rows[] = {{0, "0s"},         {-3, "0s"},      {0.000012, "12us"},
              {0.0034, "3.4ms"}, {0.35, "350ms"}, {0.9999, "999ms"},
              {5.9, "5s"},       {192, "3m12s"},  {7500, "2h05m"},
              {356'400, "4d03h"}};
  for (const auto& row : rows) {
    EXPECT_EQ(HumanDuration(row.seconds), row.text) << row.seconds;
  }
}

TEST(PrintableTextTest, TimesAreLocal) {
  setenv("TZ", "UTC", 1);
  tzset();
  google::protobuf::Timestamp time;
  time.set_seconds(1'700'000'000);
  time.set_nanos(1'002'999);
  EXPECT_EQ(ClockTime(time), "22:13:20.001002");
  EXPECT_EQ(DateTime(time), "2023-11-14 22:13:20");
}

TEST(PrintableTextTest, EndpointsHaveBracketsWhereAColonWouldMislead) {
  EXPECT_EQ(Endpoint("192.0.2.1", 443), "192.0.2.1:443");
  EXPECT_EQ(Endpoint("2001:db8::1", 443), "[2001:db8::1]:443");
  EXPECT_EQ(Endpoint("2001:db8::1", 0), "2001:db8::1");
}

TEST(PrintableTextTest, ProtocolsAndIdsAreShort) {
  EXPECT_EQ(ProtocolText(v1::IP_PROTOCOL_TCP), "tcp");
  EXPECT_EQ(ProtocolText(v1::IP_PROTOCOL_UNSPECIFIED), "any");
  EXPECT_EQ(ProtocolText(static_cast<v1::IpProtocol>(132)), "132");
  EXPECT_EQ(IdOf("monitors/web"), "web");
  EXPECT_EQ(IdOf("web"), "web");
}

}  // namespace
}  // namespace mosaic::ctl
