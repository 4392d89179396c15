#include "dataplane/parse/flow_tuple.h"

#include <arpa/inet.h>

#include <array>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/unit/parse/parsed_frame.h"

namespace mosaic {
namespace {

using Address = std::array<uint8_t, 16>;

Address V4(uint8_t a, uint8_t b, uint8_t c, uint8_t d) { return {a, b, c, d}; }

// Addresses and ports from so few values that equal ones are common.
struct Tuple {
  std::string source;
  std::string destination;
  uint16_t source_port;
  uint16_t destination_port;
};

std::string RandomAddress(std::mt19937& random, int family) {
  std::array<uint8_t, 16> bytes = {};
  for (uint8_t& byte : bytes) {
    byte = static_cast<uint8_t>(random() % 2 == 0 ? 0x7f : 0x80);
  }
  if (random() % 2 == 0) bytes.fill(1);
  char text[INET6_ADDRSTRLEN];
  inet_ntop(family, bytes.data(), text, sizeof text);
  return text;
}

Tuple RandomTuple(std::mt19937& random, int family) {
  const auto port = [&] { return static_cast<uint16_t>(random() % 3 * 0x80); };
  return {RandomAddress(random, family), RandomAddress(random, family), port(),
          port()};
}

PacketBuilder FrameOf(const Tuple& t, int family) {
  PacketBuilder builder;
  family == AF_INET ? builder.Ipv4(t.source, t.destination)
                    : builder.Ipv6(t.source, t.destination);
  return builder.Tcp(t.source_port, t.destination_port);
}

TEST(FlowTupleTest, TheLowerEndpointComesFirst) {
  const ParsedFrame from_lower(
      PacketBuilder().Ipv4("10.0.0.1", "10.0.0.2").Tcp(9, 1));
  EXPECT_EQ(from_lower->key.address[0], V4(10, 0, 0, 1));
  EXPECT_EQ(from_lower->key.address[1], V4(10, 0, 0, 2));
  EXPECT_EQ(from_lower->key.port[0], 9);
  EXPECT_EQ(from_lower->key.port[1], 1);
  EXPECT_EQ(from_lower->sender, 0);

  const ParsedFrame from_higher(
      PacketBuilder().Ipv4("10.0.0.2", "10.0.0.1").Tcp(1, 9));
  EXPECT_EQ(from_higher->key, from_lower->key);
  EXPECT_EQ(from_higher->sender, 1);
}

TEST(FlowTupleTest, BetweenEqualAddressesThePortDecides) {
  const ParsedFrame frame(PacketBuilder().Ipv6("::5", "::5").Tcp(400, 300));
  EXPECT_EQ(frame->key.port[0], 300);
  EXPECT_EQ(frame->key.port[1], 400);
  EXPECT_EQ(frame->sender, 1);
}

TEST(FlowTupleTest, AnEndpointTalkingToItselfIsTheFirst) {
  EXPECT_EQ(ParsedFrame(PacketBuilder().Ipv4("10.0.0.1", "10.0.0.1").Tcp(7, 7))
                ->sender,
            0);
  EXPECT_EQ(ParsedFrame(PacketBuilder().Ipv6("::5", "::5").Tcp(7, 7))->sender,
            0);
}

TEST(FlowTupleTest, AddressesAreComparedAsNumbersInNetworkOrder) {
  const ParsedFrame frame(
      PacketBuilder().Ipv4("128.0.0.1", "127.255.255.255").Tcp(1, 1));
  EXPECT_EQ(frame->key.address[0], V4(127, 255, 255, 255));
  EXPECT_EQ(frame->sender, 1);
}

TEST(FlowTupleTest, APacketAndItsAnswerShareAKeyAndDifferInSender) {
  std::mt19937 random(5);
  for (int round = 0; round < 4000; ++round) {
    const int family = round % 2 == 0 ? AF_INET : AF_INET6;
    const Tuple there = RandomTuple(random, family);
    const Tuple back = {there.destination, there.source, there.destination_port,
                        there.source_port};
    const ParsedFrame packet(FrameOf(there, family));
    const ParsedFrame answer(FrameOf(back, family));
    ASSERT_EQ(packet->key, answer->key);
    const bool self = there.source == there.destination &&
                      there.source_port == there.destination_port;
    ASSERT_EQ(packet->sender != answer->sender, !self);

    // The sender's entry is the packet's source, and the entries are in order.
    Address source = {};
    inet_pton(family, there.source.c_str(), source.data());
    ASSERT_EQ(packet->key.address[packet->sender], source);
    ASSERT_EQ(packet->key.port[packet->sender], there.source_port);
    ASSERT_LE(packet->key.address[0], packet->key.address[1]);
    if (packet->key.address[0] == packet->key.address[1]) {
      ASSERT_LE(packet->key.port[0], packet->key.port[1]);
    }
  }
}

TEST(FlowTupleTest, AnIpv6TupleWithTheWordsOfAnIpv4OneIsAnotherFlow) {
  const ParsedFrame v4(PacketBuilder().Ipv4("10.0.0.1", "10.0.0.2"));
  const ParsedFrame v6(PacketBuilder().Ipv6("a00:1::", "a00:2::"));
  EXPECT_EQ(v4->key.address, v6->key.address);
  EXPECT_FALSE(v4->key == v6->key);
}

TEST(FlowTupleTest, TheSameTupleOverTcpAndUdpIsTwoFlows) {
  const ParsedFrame tcp(PacketBuilder().Tcp(1, 2));
  const ParsedFrame udp(PacketBuilder().Udp(1, 2));
  EXPECT_FALSE(tcp->key == udp->key);
}

TEST(FlowTupleTest, VlansCountOnlyWhenConfigured) {
  const ParserConfig in_key{.vlan_in_key = true};
  const PacketBuilder none;
  const PacketBuilder ten = PacketBuilder().Vlan(10);
  const PacketBuilder twenty = PacketBuilder().Vlan(20);
  EXPECT_EQ(ParsedFrame(ten)->key, ParsedFrame(twenty)->key);
  EXPECT_EQ(ParsedFrame(ten)->key, ParsedFrame(none)->key);
  EXPECT_FALSE(ParsedFrame(ten, in_key)->key ==
               ParsedFrame(twenty, in_key)->key);
  EXPECT_FALSE(ParsedFrame(ten, in_key)->key == ParsedFrame(none, in_key)->key);
  EXPECT_EQ(ParsedFrame(PacketBuilder().Vlan(0), in_key)->key,
            ParsedFrame(none, in_key)->key);
}

TEST(FlowTupleTest, NoTwoPairsOfVlansShareAKey) {
  const ParserConfig in_key{.vlan_in_key = true};
  const std::vector<uint16_t> ids = {0, 1, 10, 16, 160, 256, 4094};
  std::vector<FlowKey> keys;
  for (const uint16_t outer : ids) {
    for (const uint16_t inner : ids) {
      keys.push_back(
          ParsedFrame(PacketBuilder().Vlan(outer).Vlan(inner), in_key)->key);
    }
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_FALSE(keys[i] == keys[j]);
  }
}

TEST(FlowTupleTest, PortsCountOnlyWhenConfigured) {
  PacketStore store;
  Packet packet = store.Make(PacketBuilder());
  packet.port = 3;
  ParsedPacket parsed;
  Parser({}).ParseOne(packet, parsed);
  EXPECT_EQ(parsed.key.port_id, 0);
  Parser({.port_in_key = true}).ParseOne(packet, parsed);
  EXPECT_EQ(parsed.key.port_id, 3);
}

}  // namespace
}  // namespace mosaic
