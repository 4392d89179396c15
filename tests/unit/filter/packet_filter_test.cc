#include "dataplane/filter/packet_filter.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/filter/cbpf_program.h"
#include "dataplane/filter/synthetic_packets.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace mosaic {
namespace {

using testing::AllOf;
using testing::EndsWith;
using testing::HasSubstr;

constexpr FilterBase kIp = FilterBase::kInnermostIp;
constexpr FilterBase kFrame = FilterBase::kFrame;

constexpr uint8_t kSyn = 2;
constexpr uint8_t kAck = 16;

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

std::vector<uint8_t> InVlan(uint8_t id, const std::vector<uint8_t>& datagram) {
  std::vector<uint8_t> frame(18 + datagram.size());
  frame[12] = 0x81;
  frame[15] = id;
  frame[16] = 8;  // IPv4
  std::copy(datagram.begin(), datagram.end(), frame.begin() + 18);
  return frame;
}

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

TEST(PacketFilterTest, AddressesPortsAndTheirNegationsMatch) {
  const struct {
    std::string_view expression;
    bool matches;
  } cases[] = {
      {"host 10.0.0.1", true},
      {"src host 10.0.0.2", false},
      {"dst net 10.0.0.0/8", true},
      {"tcp port 80", true},
      {"udp port 80", false},
      {"portrange 79-81", true},
      {"dst portrange 81-90", false},
      {"not port 80", false},
      {"ip6", false},
      {"host ::1", false},
      {"net 10.0.0.0 mask 255.255.0.0 and not src port 80", true},
      {"ip[6:2] & 0x1fff = 0", true},
      {"ip[8] > 64", false},
  };
  for (const auto& c : cases) {
    const auto filter = Compile(c.expression, kIp);
    ASSERT_NE(filter, nullptr);
    EXPECT_TRUE(filter->native()) << c.expression;
    EXPECT_EQ(filter->Matches(TcpSegment(kSyn)), c.matches) << c.expression;
  }
}

TEST(PacketFilterTest, LengthIsTheWiresNotTheCaptures) {
  const auto filter = Compile("greater 1000", kIp);
  ASSERT_NE(filter, nullptr);
  EXPECT_FALSE(filter->Matches(TcpSegment(kSyn)));
  EXPECT_TRUE(filter->Matches(TcpSegment(kSyn), 1000));
}

TEST(PacketFilterTest, VlanMatchesOnFramesOnly) {
  const auto filter = Compile("vlan 5 and tcp port 80", kFrame);
  ASSERT_NE(filter, nullptr);
  EXPECT_TRUE(filter->Matches(InVlan(5, TcpSegment(kSyn))));
  EXPECT_FALSE(filter->Matches(InVlan(6, TcpSegment(kSyn))));
  EXPECT_FALSE(filter->Matches(TcpSegment(kSyn)));

  const auto on_ip = PacketFilter::Compile("vlan 5", kIp, CheckInThisProcess);
  EXPECT_THAT(on_ip.status().message(), HasSubstr("no VLAN support"));
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

TEST(PacketFilterTest, TellsWhatItCompiledTo) {
  const auto filter = Compile("ip", kIp);
  ASSERT_NE(filter, nullptr);
  EXPECT_EQ(filter->expression(), "ip");
  EXPECT_EQ(filter->cbpf_instruction_count(), 5u);
  EXPECT_THAT(filter->Disassembly(), AllOf(HasSubstr("(000) ldb      [0]\n"),
                                           HasSubstr("ret      #0")));
}

// Expressions that operators write, each on the synthetic packets made for it
// and on every truncation of them: the native code says what libpcap says.
TEST(PacketFilterTest, NativeCodeAgreesWithLibpcapOnRealExpressions) {
  const struct {
    FilterBase base;
    std::vector<std::string> expressions;
  } sets[] = {
      {kIp,
       {"tcp",
        "udp",
        "icmp",
        "ip6",
        "ip",
        "tcp or udp",
        "not tcp",
        "sctp",
        "icmp[icmptype] = icmp-echo",
        "icmp6",
        "igmp",
        "proto 47",
        "ip proto 4",
        "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
        "tcp[tcpflags] = tcp-rst",
        "tcp[tcpflags] & tcp-syn != 0 and tcp[tcpflags] & tcp-ack = 0",
        "tcp[13] & 2 != 0",
        "tcp[13] = 18",
        "tcp[0:2] > 1023",
        "tcp[((tcp[12] & 0xf0) >> 2):4] = 0x47455420",
        "udp[8:4] = 0xffffffff",
        "udp[udp[4:2]] = 1",
        "ip[ip[2:2] - 1] = 0",
        "ip[6:2] & 0x1fff = 0",
        "ip[6:2] & 0x3fff != 0",
        "ip[0] & 0xf > 5",
        "ip[8] < 10",
        "ip6[6] = 44",
        "ip6[40:2] = 80",
        "ip[12:4] = 0x0a000001",
        "len > 60",
        "len <= 60 and tcp",
        "less 100",
        "greater 100",
        "host 10.0.0.1",
        "src host 10.0.0.1",
        "dst host 10.0.0.2",
        "host 2001:db8::1",
        "src 2001:db8::1 and dst 2001:db8::2",
        "net 10.0.0.0/8",
        "net 2001:db8::/32",
        "net 10.0.0.0 mask 255.0.0.0",
        "src net 192.168.0.0/16 or dst net 172.16.0.0/12",
        "port 80",
        "src port 1024",
        "tcp dst port 80",
        "udp port 53",
        "portrange 1-1024",
        "tcp src portrange 1000-2000",
        "not port 22",
        "port 80 or port 443",
        "(host 10.0.0.1 or host 10.0.0.3) and (port 80 or port 8080)",
        "(tcp and (port 80 or 443)) or (udp and port 53 and not net "
        "10.0.0.0/8)",
        "tcp[2:2] % 7 = 3",
        "tcp[2:2] / 4 * 4 = tcp[2:2]",
        "tcp[4:4] ^ 1 = 0",
        "-tcp[4:4] = 0xffffffff",
        "tcp[0] << 3 = 32",
        "tcp[0] << ip[0] = 32",

        "tcp[4:4] >= 0x80000000",
        "tcp[tcp[4:4]:2] = 0",
        "ip multicast",
        "ip[4294967295] = 0",
        "(ip[2:2] - ((ip[0]&0xf)<<2) - ((tcp[12]&0xf0)>>2)) != 0"}},
      {kFrame,
       {"tcp",
        "arp",
        "ip6",
        "vlan",
        "vlan 5",
        "vlan and tcp port 80",
        "vlan 5 and vlan 6",
        "not vlan",
        "ether host 2:0:0:0:0:1",
        "ether src 2:0:0:0:0:2",
        "ether broadcast",
        "ether multicast",
        "ether proto 0x86dd",
        "mpls",
        "mpls 100 and host 10.0.0.1",
        "pppoes",
        "pppoes and ip",
        "ether[0] & 1 = 0",
        "ether[12:2] = 0x800",
        "tcp[13] & 2 != 0",
        "port 80",
        "host 10.0.0.1 and not vlan",
        "geneve and tcp",
        "rarp or arp",
        "less 64",
        "llc",
        "stp",
        "ip proto 6",
        "tcp[tcpflags] & tcp-syn != 0"}},
  };
  for (const auto& set : sets) {
    for (const std::string& expression : set.expressions) {
      // The check compares on all packets; native() says that it passed.
      const auto filter = Compile(expression, set.base);
      ASSERT_NE(filter, nullptr) << expression;
      EXPECT_TRUE(filter->native())
          << expression << ": " << filter->fallback_reason();
    }
  }
}

TEST(PacketFilterTest, ErrorsHoldLibpcapsTextTheExpressionAndTheColumn) {
  const struct {
    FilterBase base;
    std::string_view expression;
    std::string_view text;
    int column;
  } cases[] = {
      {kIp, "tcp and and port 80", "syntax error", 9},
      {kIp, "tcp port 80 or", "syntax error", 15},
      {kIp, "(tcp", "syntax error", 5},
      {kIp, "tcp)", "syntax error", 4},
      {kIp, "tcp[0", "syntax error", 6},
      {kIp, "tcp[13 & 2 != 0", "syntax error", 12},
      {kIp, "tcp @ port 80", "syntax error", 5},
      {kIp, "not", "syntax error", 4},
      {kIp, "host 10.0.0.1 prot 80", "syntax error", 15},
      {kIp, "tcp and port foo", "unknown port 'foo'", 14},
      {kIp, "tcp and port 70000", "illegal port number 70000 > 65535", 14},
      {kIp, "tcp and host 300.1.1.1", "invalid IPv4 address '300.1.1.1'", 14},
      {kIp, "tcp[0:3] = 1", "data size must be 1, 2, or 4", 8},
      {kIp, "tcp and net 10.0.0.1/8", "non-network bits set in", 13},
      {kIp, "tcp and vlan 5", "no VLAN support for Raw IP", 9},
      {kIp, "port 80 and ip protochain 6", "'protochain' is not supported", 16},
      {kIp, "tcp and inbound", "only a live capture knows it", 9},
      {kIp, "tcp and udp", "expression rejects all packets", 1},
      {kFrame, "ip6 protochain 6", "'protochain' is not supported", 5},
      {kFrame, "tcp and (udp or", "syntax error", 16},
  };
  for (const auto& c : cases) {
    const auto filter =
        PacketFilter::Compile(c.expression, c.base, CheckInThisProcess);
    ASSERT_EQ(filter.status().code(), absl::StatusCode::kInvalidArgument)
        << c.expression;
    EXPECT_THAT(
        std::string(filter.status().message()),
        AllOf(HasSubstr(
                  std::string("filter \"").append(c.expression).append("\": ")),
              HasSubstr(std::string(c.text)),
              EndsWith("(column " + std::to_string(c.column) + ")")));
  }
}

TEST(PacketFilterTest, AZeroByteOrAnExpressionBeyondTheBoundIsRefused) {
  const std::string zero("tcp\0 or udp", 11);
  EXPECT_THAT(
      PacketFilter::Compile(zero, kIp, CheckInThisProcess).status().message(),
      HasSubstr("holds a zero byte (column 4)"));

  std::string longest = "tcp";
  longest.resize(CbpfProgram::kMaxExpressionBytes, ' ');
  EXPECT_NE(Compile(longest, kIp), nullptr);
  longest.push_back(' ');
  EXPECT_EQ(
      PacketFilter::Compile(longest, kIp, CheckInThisProcess).status().code(),
      absl::StatusCode::kResourceExhausted);
}

TEST(PacketFilterTest, WhatMayNotRunNativelyIsInterpretedAndSaysWhy) {
  const auto refuse = [](const CbpfProgram&) {
    return absl::InternalError("it is wrong");
  };
  const auto filter = PacketFilter::Compile("tcp[13] & 2 != 0", kIp, refuse);
  ASSERT_TRUE(filter.ok());
  EXPECT_FALSE((*filter)->native());
  EXPECT_EQ((*filter)->fallback_reason(), "it is wrong");
  EXPECT_TRUE((*filter)->Matches(TcpSegment(kSyn)));
  EXPECT_FALSE((*filter)->Matches(TcpSegment(kAck)));
}

TEST(PacketFilterTest, StreamFiltersTakeTheirOwnWordsAndNoOthers) {
  EXPECT_TRUE(PacketFilter::CompileForStreams(
                  "tcp and dst net 10.0.0.0/8 and not (port 80 or ip6)",
                  CheckInThisProcess)
                  .ok());
  EXPECT_TRUE(PacketFilter::CompileForStreams("", CheckInThisProcess).ok());
  const auto refused =
      PacketFilter::CompileForStreams("tcp and len > 60", CheckInThisProcess);
  EXPECT_THAT(std::string(refused.status().message()),
              AllOf(HasSubstr("'len' is not allowed in a stream filter"),
                    EndsWith("(column 9)")));
}

}  // namespace
}  // namespace mosaic
