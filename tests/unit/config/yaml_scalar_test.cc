#include "control/config/yaml_scalar.h"

#include <cstdint>
#include <limits>
#include <string>

#include "gtest/gtest.h"

namespace mosaic::config {
namespace {

constexpr uint64_t kMax32 = std::numeric_limits<uint32_t>::max();
constexpr uint64_t kMax64 = std::numeric_limits<uint64_t>::max();

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

TEST(ParseUnsignedTest, TakesWholeNumbersUpToTheBound) {
  EXPECT_EQ(*ParseUnsigned("0", kMax32, Unit::kNone), 0u);
  EXPECT_EQ(*ParseUnsigned("4294967295", kMax32, Unit::kNone), kMax32);
  EXPECT_EQ(*ParseUnsigned("18446744073709551615", kMax64, Unit::kNone),
            kMax64);
}

TEST(ParseUnsignedTest, RefusesWhatIsJustPastTheBound) {
  EXPECT_EQ(Message(ParseUnsigned("4294967296", kMax32, Unit::kNone).status()),
            "4294967296 is not in [0, 4294967295]");
  EXPECT_EQ(
      Message(
          ParseUnsigned("18446744073709551616", kMax64, Unit::kNone).status()),
      "18446744073709551616 is not in [0, 18446744073709551615]");
  EXPECT_EQ(Message(ParseUnsigned("-1", kMax32, Unit::kNone).status()),
            "-1 is not in [0, 4294967295]");
}

TEST(ParseUnsignedTest, RefusesWhatIsNoWholeNumber) {
  for (const char* word : {"", " 1", "1 ", "+1", "1.0", "1e3", "0x10", "1_000",
                           "one", "64KiB", "-", "--1"}) {
    EXPECT_FALSE(ParseUnsigned(word, kMax32, Unit::kNone).ok()) << word;
  }
  EXPECT_EQ(Message(ParseUnsigned("many", kMax32, Unit::kNone).status()),
            "\"many\" is not a whole number in [0, 4294967295]");
}

TEST(ParseUnsignedTest, BytesMayHaveAUnit) {
  struct Case {
    const char* word;
    uint64_t bytes;
  };
  for (const Case& c : {Case{"7", 7},
                        {"7B", 7},
                        {"7kB", 7'000},
                        {"7MB", 7'000'000},
                        {"7GB", 7'000'000'000},
                        {"7TB", 7'000'000'000'000},
                        {"7KiB", 7 << 10},
                        {"7MiB", 7 << 20},
                        {"7GiB", uint64_t{7} << 30},
                        {"7TiB", uint64_t{7} << 40},
                        {"256 KiB", 256 << 10}}) {
    const auto bytes = ParseUnsigned(c.word, kMax64, Unit::kBytes);
    ASSERT_TRUE(bytes.ok()) << c.word;
    EXPECT_EQ(*bytes, c.bytes) << c.word;
  }
}

TEST(ParseUnsignedTest, RefusesUnknownUnitsAndProductsThatDoNotFit) {
  for (const char* word :
       {"KiB", "1kib", "1K", "1Mi", "1.5MiB", "1  KiB", "1KiB ", "1KiBB"}) {
    EXPECT_FALSE(ParseUnsigned(word, kMax64, Unit::kBytes).ok()) << word;
  }
  EXPECT_TRUE(ParseUnsigned("16777215TiB", kMax64, Unit::kBytes).ok());
  EXPECT_EQ(
      Message(ParseUnsigned("16777216TiB", kMax64, Unit::kBytes).status()),
      "16777216TiB is not in [0, 18446744073709551615]");
  EXPECT_EQ(Message(ParseUnsigned("2Mb", kMax64, Unit::kBytes).status()),
            "\"2Mb\" is not a number of bytes such as 262144, 256KiB or 1MB; "
            "units: B, kB, MB, GB, TB, KiB, MiB, GiB, TiB");
}

TEST(ParseBoolTest, TakesTrueAndFalseOnly) {
  EXPECT_TRUE(*ParseBool("true"));
  EXPECT_FALSE(*ParseBool("false"));
  for (const char* word : {"yes", "no", "on", "off", "True", "1", ""}) {
    EXPECT_FALSE(ParseBool(word).ok()) << word;
  }
  EXPECT_EQ(Message(ParseBool("yes").status()), "\"yes\" is not true or false");
}

TEST(ParseDurationWordTest, TakesNumbersWithAUnitOfTime) {
  struct Case {
    const char* word;
    int64_t seconds;
    int32_t nanos;
  };
  for (const Case& c : {Case{"300s", 300, 0},
                        {"1.5s", 1, 500'000'000},
                        {"200ms", 0, 200'000'000},
                        {"1ns", 0, 1},
                        {"5m", 300, 0},
                        {"1h30m", 5400, 0},
                        {"0s", 0, 0},
                        {"-1.5s", -1, -500'000'000},
                        {"315576000000s", 315'576'000'000, 0}}) {
    const auto duration = ParseDurationWord(c.word);
    ASSERT_TRUE(duration.ok()) << c.word;
    EXPECT_EQ(duration->seconds(), c.seconds) << c.word;
    EXPECT_EQ(duration->nanos(), c.nanos) << c.word;
  }
}

TEST(ParseDurationWordTest, RefusesWhatHasNoUnitOrIsNoDuration) {
  EXPECT_EQ(Message(ParseDurationWord("300").status()),
            "\"300\" has no unit; write 300s for seconds");
  EXPECT_EQ(Message(ParseDurationWord("soon").status()),
            "\"soon\" is not a duration such as 300s, 1.5s, 200ms or 5m");
  EXPECT_EQ(Message(ParseDurationWord("315576000001s").status()),
            "315576000001s is longer than 10000 years");
  for (const char* word : {"", "s", "1 s", "inf", "-inf", "1d", "1s "}) {
    EXPECT_FALSE(ParseDurationWord(word).ok()) << word;
  }
}

}  // namespace
}  // namespace mosaic::config
