#include "dataplane/filter/packet_filter.h"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/filter/synthetic_packets.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

constexpr FilterBase kIp = FilterBase::kInnermostIp;
constexpr FilterBase kFrame = FilterBase::kFrame;

std::shared_ptr<const PacketFilter> Compile(std::string_view expression,
                                            FilterBase base) {
  const auto filter =
      PacketFilter::Compile(expression, base, CheckInThisProcess);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return filter.ok() ? *filter : nullptr;
}

// An IPv4 TCP segment from 10.0.0.1:1024 to 10.0.0.2:80 with these flags.
std::vector<uint8_t> TcpSegment(uint8_t flags) {
  return {0x45, 0, 0,  40, 0,    1,     0,   0,   64, 6,  0, 0, 10, 0,
          0,    1, 10, 0,  0,    2,     4,   0,   0,  80, 0, 0, 0,  1,
          0,    0, 0,  2,  0x50, flags, 255, 255, 0,  0,  0, 0};
}

constexpr uint8_t kSyn = 2;
constexpr uint8_t kAck = 16;

TEST(PacketFilterTest, FlagTestsSeeTheFlags) {
  for (std::string_view expression :
       {"tcp[tcpflags] & tcp-syn != 0", "tcp[13] & 2 != 0",
        "tcp[tcpflags] & (tcp-syn|tcp-ack) = tcp-syn"}) {
    const auto filter = Compile(expression, kIp);
    ASSERT_NE(filter, nullptr);
    EXPECT_TRUE(filter->native()) << filter->fallback_reason();
    EXPECT_TRUE(filter->Matches(TcpSegment(kSyn))) << expression;
    EXPECT_FALSE(filter->Matches(TcpSegment(kAck))) << expression;
  }
}

TEST(PacketFilterTest, EmptyExpressionMatchesEverything) {
  for (std::string_view expression : {"", "  \t\n "}) {
    const auto filter = Compile(expression, kIp);
    ASSERT_NE(filter, nullptr);
    EXPECT_TRUE(filter->matches_all());
    EXPECT_TRUE(filter->Matches({}));
    EXPECT_TRUE(filter->Matches(TcpSegment(kSyn)));
    EXPECT_EQ(filter->cbpf_instruction_count(), 0u);
    EXPECT_EQ(filter->Disassembly(), "");
  }
}

}  // namespace
}  // namespace mosaic
