#include "dataplane/flow/flow_hash.h"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <random>
#include <set>
#include <vector>

#include "dataplane/parse/parser.h"
#include "gtest/gtest.h"
#include "tests/unit/parse/parsed_frame.h"

namespace mosaic {
namespace {

// SipHash-c-d as its paper describes it, over bytes of any number: a second
// opinion, written for shortness.
uint64_t ReferenceSipHash(std::vector<uint8_t> message, uint64_t k0,
                          uint64_t k1, int c, int d) {
  uint64_t v[4] = {k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d,
                   k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573};
  const auto half = [&v](int a, int b, int rotate_b, int rotate_a) {
    v[a] += v[b];
    v[b] = std::rotl(v[b], rotate_b) ^ v[a];
    v[a] = std::rotl(v[a], rotate_a);
  };
  const auto rounds = [&](int n) {
    while (n-- > 0) {
      half(0, 1, 13, 32);
      half(2, 3, 16, 0);
      half(0, 3, 21, 0);
      half(2, 1, 17, 32);
    }
  };
  const uint8_t length = static_cast<uint8_t>(message.size());
  while (message.size() % 8 != 7) message.push_back(0);
  message.push_back(length);
  for (size_t at = 0; at < message.size(); at += 8) {
    uint64_t word = 0;
    for (size_t i = 8; i-- > 0;) word = word << 8 | message[at + i];
    v[3] ^= word;
    rounds(c);
    v[0] ^= word;
  }
  v[2] ^= 0xff;
  rounds(d);
  return v[0] ^ v[1] ^ v[2] ^ v[3];
}

FlowKey RandomKey(std::mt19937_64& random) {
  std::array<uint64_t, 6> words;
  for (uint64_t& word : words) word = random();
  FlowKey key;
  std::memcpy(static_cast<void*>(&key), words.data(), sizeof key);
  return key;
}

class FlowHashMethodTest : public ::testing::TestWithParam<FlowHash::Method> {};

INSTANTIATE_TEST_SUITE_P(Both, FlowHashMethodTest,
                         ::testing::Values(FlowHash::Method::kAes,
                                           FlowHash::Method::kSipHash));

TEST_P(FlowHashMethodTest, SameKeyHasTheSameHashAloneAndInABurst) {
  const FlowHash hash({3, 4}, GetParam());
  std::mt19937_64 random(1);
  std::array<ParsedPacket, 5> burst;
  for (ParsedPacket& packet : burst) packet.key = RandomKey(random);

  hash.HashBurst(burst);

  for (const ParsedPacket& packet : burst) {
    EXPECT_EQ(packet.hash, hash.Of(packet.key));
    EXPECT_EQ(packet.hash, FlowHash({3, 4}, GetParam()).Of(packet.key));
  }
}

TEST_P(FlowHashMethodTest, BothDirectionsOfAConnectionHaveTheSameHash) {
  const FlowHash hash({3, 4}, GetParam());
  const ParsedFrame there(
      PacketBuilder().Ipv4("10.0.0.9", "10.0.0.2").Tcp(4000, 80));
  const ParsedFrame back(
      PacketBuilder().Ipv4("10.0.0.2", "10.0.0.9").Tcp(80, 4000));

  EXPECT_EQ(hash.Of(there->key), hash.Of(back->key));
  EXPECT_NE(there->sender, back->sender);
}

TEST_P(FlowHashMethodTest, EitherWordOfTheSeedChangesTheHash) {
  const FlowKey key;
  const uint64_t hash = FlowHash({0, 0}, GetParam()).Of(key);
  EXPECT_NE(hash, FlowHash({1, 0}, GetParam()).Of(key));
  EXPECT_NE(hash, FlowHash({0, 1}, GetParam()).Of(key));
}

// Each bit of the key flips each bit of the hash in about half of the cases: in
// 400 trials between 120 and 280 (eight standard deviations).
TEST_P(FlowHashMethodTest, EachBitOfTheKeyChangesEachBitOfTheHashHalfTheTime) {
  constexpr int kTrials = 400;
  const FlowHash hash({0x0123456789abcdef, 0xfedcba9876543210}, GetParam());
  std::mt19937_64 random(2);
  for (size_t bit = 0; bit < 8 * sizeof(FlowKey); ++bit) {
    std::array<int, 64> flips = {};
    for (int trial = 0; trial < kTrials; ++trial) {
      FlowKey key = RandomKey(random);
      const uint64_t before = hash.Of(key);
      reinterpret_cast<uint8_t*>(&key)[bit / 8] ^=
          static_cast<uint8_t>(1u << (bit % 8));
      const uint64_t changed = before ^ hash.Of(key);
      for (size_t i = 0; i < 64; ++i) flips[i] += (changed >> i) & 1;
    }
    for (size_t i = 0; i < 64; ++i) {
      EXPECT_GT(flips[i], 120) << "bit " << bit << " on bit " << i;
      EXPECT_LT(flips[i], 280) << "bit " << bit << " on bit " << i;
    }
  }
}

// What an attacker has: many keys that differ in a port and in an address.
TEST_P(FlowHashMethodTest, NeighbouringKeysFallIntoDifferentBuckets) {
  const FlowHash hash({5, 6}, GetParam());
  constexpr size_t kBuckets = 4096;
  std::vector<int> filled(kBuckets);
  for (uint32_t i = 0; i < 8 * kBuckets; ++i) {
    FlowKey key;
    key.protocol = 6;
    key.ip_version = 4;
    key.port = {static_cast<uint16_t>(i), 80};
    key.address[0][3] = static_cast<uint8_t>(i >> 16);
    ++filled[hash.Of(key) % kBuckets];
  }
  // Eight each in the mean; 40 would be eleven standard deviations.
  for (int count : filled) EXPECT_LT(count, 40);
}

TEST(FlowHashTest, ReferenceSipHashGivesThePublishedValue) {
  // Appendix A of the paper: SipHash-2-4 of the bytes 0 to 14 under the key of
  // the bytes 0 to 15.
  std::vector<uint8_t> message;
  for (uint8_t i = 0; i < 15; ++i) message.push_back(i);
  EXPECT_EQ(
      ReferenceSipHash(message, 0x0706050403020100, 0x0f0e0d0c0b0a0908, 2, 4),
      0xa129ca6149be45e5);
}

TEST(FlowHashTest, SipHashEqualsTheReference) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 1000; ++i) {
    const FlowHash::Seed seed = {random(), random()};
    const FlowKey key = RandomKey(random);
    const auto* bytes = reinterpret_cast<const uint8_t*>(&key);
    EXPECT_EQ(
        FlowHash(seed, FlowHash::Method::kSipHash).Of(key),
        ReferenceSipHash({bytes, bytes + sizeof key}, seed[0], seed[1], 1, 3));
  }
}

TEST(FlowHashTest, RandomSeedsDiffer) {
  std::set<FlowHash::Seed> seeds;
  for (int i = 0; i < 16; ++i) seeds.insert(FlowHash::RandomSeed());
  EXPECT_EQ(seeds.size(), 16u);
}

}  // namespace
}  // namespace mosaic
