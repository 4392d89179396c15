#include "dataplane/filter/filter_text.h"

#include <string>
#include <string_view>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

std::vector<std::string> Words(std::string_view expression) {
  std::vector<std::string> words;
  for (const FilterWord& word : SplitFilter(expression)) {
    words.emplace_back(word.text);
  }
  return words;
}

TEST(FilterTextTest, AddressesAndRangesAreOneWord) {
  EXPECT_THAT(
      Words("host fe80::1 and net 10.0.0.0/8"),
      ElementsAre("host", "fe80::1", "and", "net", "10.0.0.0", "/", "8"));
  EXPECT_THAT(Words("portrange 80-90||(!ether host 1:2:3:4:5:6)"),
              ElementsAre("portrange", "80-90", "||", "(", "!", "ether", "host",
                          "1:2:3:4:5:6", ")"));
}

TEST(FilterTextTest, InsideBracketsAColonStandsAlone) {
  EXPECT_THAT(Words("tcp[4:2]>=0x1f && udp[0:2]=1"),
              ElementsAre("tcp", "[", "4", ":", "2", "]", ">=", "0x1f", "&&",
                          "udp", "[", "0", ":", "2", "]", "=", "1"));
}

TEST(FilterTextTest, AWordKnowsItsPlace) {
  const auto words = SplitFilter("  tcp\tand udp");
  ASSERT_EQ(words.size(), 3u);
  EXPECT_EQ(words[0].offset, 2u);
  EXPECT_EQ(words[2].offset, 10u);
}

TEST(FilterTextTest, StreamFiltersMayUseFlowWords) {
  for (std::string_view expression :
       {"", "tcp", "tcp port 80", "host 10.0.0.1 or host ::1",
        "src net 10.0.0.0/8 && !(dst port 22)", "portrange 80-90",
        "net 10.0.0.0 mask 255.0.0.0", "ip or ip6", "tcp port http",
        "host www-1.example.org"}) {
    EXPECT_TRUE(CheckStreamFilter(expression).ok()) << expression;
  }
}

TEST(FilterTextTest, AStreamFilterNamesItsFirstForeignWordAndItsColumn) {
  const struct {
    std::string_view expression;
    std::string_view word;
    int column;
  } cases[] = {
      {"vlan 5 and tcp", "'vlan'", 1},
      {"tcp and ether host 1:2:3:4:5:6", "'ether'", 9},
      {"len > 60", "'len'", 1},
      {"tcp[13] & 2 != 0", "'['", 4},
      {"tcp or udp port 53", "'udp'", 8},
      {"ip proto 6", "'proto'", 4},
      {"port 80 and less 60", "'less'", 13},
  };
  for (const auto& c : cases) {
    const absl::Status status = CheckStreamFilter(c.expression);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(
        std::string(status.message()),
        testing::AllOf(HasSubstr(std::string(c.word) + " is not allowed"),
                       EndsWith("(column " + std::to_string(c.column) + ")")));
  }
}

TEST(FilterTextTest, AWordThatIsQuotedInTheErrorIsWhereItWentWrong) {
  const auto never = [](const std::string&) {
    ADD_FAILURE() << "compiled to find what the message says";
    return std::string();
  };
  EXPECT_EQ(LocateFilterError("tcp and port foo", "unknown port 'foo'", never),
            13u);
}

}  // namespace
}  // namespace mosaic
