#include "nf/firewall/firewall.h"

#include <arpa/inet.h>

#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/nf_harness.h"
#include "tests/unit/nf/flow_of.h"

namespace mosaic {
namespace {

constexpr auto kAllow = FirewallAction::kAllow;
constexpr auto kDrop = FirewallAction::kDrop;
using Direction = FirewallRule::Direction;

// "10.0.0.0/9"
FirewallPrefix Prefix(const std::string& cidr) {
  FirewallPrefix prefix;
  const size_t slash = cidr.find('/');
  const bool is_v6 = cidr.find(':') != std::string::npos;
  prefix.ip_version = is_v6 ? 6 : 4;
  prefix.bits = static_cast<uint8_t>(std::stoi(cidr.substr(slash + 1)));
  EXPECT_EQ(inet_pton(is_v6 ? AF_INET6 : AF_INET, cidr.substr(0, slash).c_str(),
                      prefix.address.data()),
            1);
  return prefix;
}

Endpoint Address(const std::string& text) {
  const Flow flow = FlowOf({.client = text});
  return EndpointOf(flow.key, 0);
}

class FirewallTest : public ::testing::Test {
 protected:
  FirewallTest() {
    auto function = std::make_unique<Firewall>();
    firewall_ = function.get();
    harness_ = std::make_unique<NfHarness>(std::move(function));
  }

  void Configure(std::vector<FirewallRule> rules,
                 FirewallAction otherwise = kAllow) {
    auto config = std::make_shared<FirewallConfig>();
    config->rules = std::move(rules);
    config->default_action = otherwise;
    harness_->nf().Configure(std::move(config));
  }

  // Whether the first packet of a new flow passes.
  bool Passes(const Talk& talk, Side sender = Side::kClient) {
    Flow flow = FlowOf(talk, NextId());
    return harness_->Packet(flow, sender) == Verdict::kForward;
  }

  // A context that no flow has used yet.
  uint64_t NextId() {
    EXPECT_LT(next_id_, NfHarness::kMaxFlows);
    return next_id_++;
  }

  Firewall* firewall_;
  std::unique_ptr<NfHarness> harness_;
  uint64_t next_id_ = 0;
};

// --- Prefixes
// -----------------------------------------------------------------

TEST(FirewallPrefixTest, MatchesByItsLeadingBitsOnly) {
  const struct {
    const char* prefix;
    const char* address;
    bool matches;
  } rows[] = {
      {"0.0.0.0/0", "255.1.2.3", true},
      {"128.0.0.0/1", "255.1.2.3", true},
      {"128.0.0.0/1", "127.255.255.255", false},
      {"10.0.0.0/8", "10.255.0.1", true},
      {"10.0.0.0/8", "11.0.0.0", false},
      {"10.128.0.0/9", "10.128.0.0", true},
      {"10.128.0.0/9", "10.127.255.255", false},
      {"10.1.2.128/25", "10.1.2.255", true},
      {"10.1.2.128/25", "10.1.2.127", false},
      {"10.1.2.4/31", "10.1.2.5", true},
      {"10.1.2.4/31", "10.1.2.6", false},
      {"10.1.2.4/32", "10.1.2.4", true},
      {"10.1.2.4/32", "10.1.2.5", false},
      {"::/0", "2001:db8::1", true},
      {"2001:db8::/33", "2001:db8:7fff::1", true},
      {"2001:db8::/33", "2001:db8:8000::1", false},
      {"2001:db8::/127", "2001:db8::1", true},
      {"2001:db8::/127", "2001:db8::2", false},
      {"2001:db8::1/128", "2001:db8::1", true},
      {"2001:db8::1/128", "2001:db8::", false},
      {"0.0.0.0/0", "::", false},
      {"::/0", "0.0.0.0", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(Prefix(row.prefix).Matches(Address(row.address)), row.matches)
        << row.prefix << " on " << row.address;
  }
}

TEST(FirewallPrefixTest, EveryLengthAgreesWithComparingBitByBit) {
  std::mt19937 random(6);
  for (unsigned bits = 0; bits <= 128; ++bits) {
    for (int trial = 0; trial < 50; ++trial) {
      FirewallPrefix prefix;
      prefix.ip_version = 6;
      prefix.bits = static_cast<uint8_t>(bits);
      Endpoint endpoint;
      endpoint.ip_version = 6;
      for (uint8_t& byte : prefix.address)
        byte = static_cast<uint8_t>(random());
      endpoint.address = prefix.address;
      const unsigned flipped = random() % 128;
      endpoint.address[flipped / 8] ^=
          static_cast<uint8_t>(0x80u >> (flipped % 8));
      EXPECT_EQ(prefix.Matches(endpoint), flipped >= bits)
          << bits << " bits, bit " << flipped << " differs";
    }
  }
}

TEST(FirewallPrefixTest, DefaultMatchesEveryAddress) {
  EXPECT_TRUE(FirewallPrefix().Matches(Address("10.0.0.1")));
  EXPECT_TRUE(FirewallPrefix().Matches(Address("2001:db8::1")));
}

// --- Rules
// --------------------------------------------------------------------

TEST_F(FirewallTest, WithoutRulesTheDefaultActionDecides) {
  Configure({}, kAllow);
  EXPECT_TRUE(Passes({}));
  Configure({}, kDrop);
  EXPECT_FALSE(Passes({}));
}

TEST_F(FirewallTest, FirstRuleThatMatchesDecides) {
  Configure({{.id = "one", .client = Prefix("10.0.0.0/8"), .action = kAllow},
             {.id = "two", .action = kDrop},
             {.id = "three", .action = kAllow}});
  EXPECT_TRUE(Passes({.client = "10.9.9.9"}));
  EXPECT_FALSE(Passes({.client = "172.16.0.1"}));
}

TEST_F(FirewallTest, RuleSpeaksOfClientAndServerNotOfSenders) {
  Configure({{.server = Prefix("192.0.2.0/24"), .action = kDrop}});
  EXPECT_FALSE(Passes({.server = "192.0.2.1"}, Side::kClient));
  EXPECT_FALSE(Passes({.server = "192.0.2.1"}, Side::kServer));
  EXPECT_TRUE(Passes({.client = "192.0.2.1", .server = "10.0.0.1"}));
}

TEST_F(FirewallTest, PortRangesIncludeBothEnds) {
  Configure({{.client_ports = {1000, 2000},
              .server_ports = {80, 80},
              .action = kDrop}});
  for (const auto& [port, passes] :
       {std::pair(uint16_t{999}, true), std::pair(uint16_t{1000}, false),
        std::pair(uint16_t{2000}, false), std::pair(uint16_t{2001}, true)}) {
    EXPECT_EQ(Passes({.client_port = port, .server_port = 80}), passes) << port;
  }
  EXPECT_TRUE(Passes({.client_port = 1500, .server_port = 81}));
}

TEST_F(FirewallTest, FlowWithoutPortsMatchesNoRangeButTheWholeOne) {
  const Talk ping = {.client_port = 0, .server_port = 0, .protocol = 1};
  Configure({{.server_ports = {0, 100}, .action = kDrop}});
  EXPECT_TRUE(Passes(ping));
  Configure({{.server_ports = {0, 65535}, .action = kDrop}});
  EXPECT_FALSE(Passes(ping));
}

TEST_F(FirewallTest, ProtocolsAreAnyOfThoseListed) {
  Configure({{.protocols = {17, 1}, .action = kDrop}});
  EXPECT_FALSE(Passes({.protocol = 17}));
  EXPECT_FALSE(Passes({.protocol = 1}));
  EXPECT_TRUE(Passes({.protocol = 6}));
}

TEST_F(FirewallTest, DirectionsAreDecidedSeparately) {
  Configure({{.action = kDrop, .direction = Direction::kServerToClient},
             {.action = kAllow, .direction = Direction::kClientToServer}},
            kDrop);
  EXPECT_TRUE(Passes({}, Side::kClient));
  EXPECT_FALSE(Passes({}, Side::kServer));
}

// --- Hits
// ---------------------------------------------------------------------

TEST_F(FirewallTest, HitsCountPacketsAndBytesByRuleAndTheDefault) {
  Configure({{.client = Prefix("10.0.0.0/8"), .action = kDrop},
             {.client = Prefix("172.16.0.0/12"), .action = kAllow}});
  Flow dropped = FlowOf({.client = "10.0.0.1"}, 0);
  Flow allowed = FlowOf({.client = "172.16.0.1"}, 1);
  Flow other = FlowOf({.client = "192.0.2.1"}, 2);

  harness_->Packet(dropped, Side::kClient, 60);
  harness_->Packet(dropped, Side::kServer, 1500);
  harness_->Packet(allowed, Side::kClient, 70);
  harness_->Packet(other, Side::kClient, 80);

  EXPECT_EQ(firewall_->hits(0).packets.Read(), 2u);
  EXPECT_EQ(firewall_->hits(0).bytes.Read(), 1560u);
  EXPECT_EQ(firewall_->hits(1).packets.Read(), 1u);
  EXPECT_EQ(firewall_->hits(1).bytes.Read(), 70u);
  EXPECT_EQ(firewall_->hits(2).bytes.Read(), 80u);
  EXPECT_EQ(harness_->CounterOf("packets_dropped"), 2u);
  EXPECT_EQ(harness_->CounterOf("packets_allowed"), 2u);
}

TEST_F(FirewallTest, LastOfTheLargestRuleSetCountsToo) {
  std::vector<FirewallRule> rules(FirewallConfig::kMaxRules);
  for (FirewallRule& rule : rules) rule.client = Prefix("10.0.0.0/8");
  rules.back() = {.action = kDrop};
  Configure(rules);
  EXPECT_FALSE(Passes({.client = "192.0.2.1"}));
  EXPECT_EQ(firewall_->hits(FirewallConfig::kMaxRules - 1).packets.Read(), 1u);
  rules.back() = rules.front();
  Configure(rules);
  EXPECT_TRUE(Passes({.client = "192.0.2.1"}));
  EXPECT_EQ(firewall_->hits(FirewallConfig::kMaxRules).packets.Read(), 1u);
}

// --- Packets of RAW monitors
// --------------------------------------------------

TEST_F(FirewallTest, APacketWithoutAFlowIsDecidedByItselfAsItsClients) {
  Configure({{.direction = Direction::kServerToClient},
             {.server = Prefix("10.0.0.0/8"),
              .server_ports = {53, 53},
              .protocols = {17},
              .action = kDrop}});
  const auto passes = [this](uint16_t source, uint16_t destination) {
    ParsedPacket parsed;
    parsed.key.ip_version = 4;
    parsed.key.protocol = 17;
    parsed.key.address[0] = {10, 0, 0, 1};
    parsed.key.address[1] = {10, 0, 0, 2};
    parsed.key.port = {destination, source};
    parsed.sender = 1;
    Packet packet;
    packet.wire_length = 60;
    PacketView view(packet, parsed, Side::kClient);
    Event event;
    event.packet = &view;
    return firewall_->OnPacket(event) == Verdict::kForward;
  };
  EXPECT_FALSE(passes(4000, 53));
  EXPECT_TRUE(passes(53, 4000));
  EXPECT_EQ(firewall_->hits(0).packets.Read(), 0u);
  EXPECT_EQ(firewall_->hits(1).bytes.Read(), 60u);
  EXPECT_EQ(firewall_->hits(2).packets.Read(), 1u);
  EXPECT_EQ(harness_->CounterOf("packets_allowed"), 1u);
  EXPECT_EQ(harness_->CounterOf("packets_dropped"), 1u);
}

// --- Another configuration
// ------------------------------------------------------

TEST_F(FirewallTest, FlowKeepsItsDecisionWhenTheRulesChange) {
  Configure({{.action = kDrop}});
  Flow flow = FlowOf({}, 0);
  EXPECT_EQ(harness_->Packet(flow, Side::kClient), Verdict::kDrop);
  Configure({{.action = kAllow}});
  EXPECT_EQ(harness_->Packet(flow, Side::kClient), Verdict::kDrop);
}

TEST_F(FirewallTest, HitsAreThoseOfTheRunningRules) {
  Configure({{.client = Prefix("10.0.0.0/8"), .action = kDrop}});
  Flow old = FlowOf({.client = "192.0.2.1"}, 0);
  harness_->Packet(old, Side::kClient);
  ASSERT_EQ(firewall_->hits(1).packets.Read(), 1u);

  Configure({{.id = "x", .client = Prefix("10.0.0.0/8")},
             {.id = "y", .client = Prefix("10.0.0.0/8")}});
  EXPECT_EQ(firewall_->hits(1).packets.Read(), 0u);
  // What the old default decided is not a hit of rule "y".
  EXPECT_EQ(harness_->Packet(old, Side::kClient), Verdict::kForward);
  EXPECT_EQ(firewall_->hits(1).packets.Read(), 0u);
  EXPECT_EQ(harness_->CounterOf("packets_allowed"), 2u);
}

}  // namespace
}  // namespace mosaic
