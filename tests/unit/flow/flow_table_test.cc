#include "dataplane/flow/flow_table.h"

#include <cstdint>
#include <random>
#include <vector>

#include "dataplane/flow/flow_hash.h"
#include "gtest/gtest.h"
#include "tests/support/flow_table_script.h"

namespace mosaic {
namespace {

FlowKey KeyOf(uint32_t number) {
  FlowKey key;
  key.protocol = 6;
  key.ip_version = 4;
  key.port = {static_cast<uint16_t>(number),
              static_cast<uint16_t>(number >> 16)};
  return key;
}

// All flows in one chain.
constexpr uint64_t kSameHash = 0x1234567890abcdef;

Flow* Find(const FlowTable& table, const FlowKey& key, uint64_t hash) {
  return table.Find(key, hash, table.Candidate(hash));
}

TEST(FlowTableTest, FindsWhatWasInsertedAndNothingElse) {
  FlowTable table(4);

  Flow* const flow = table.Insert(KeyOf(1), 77);

  ASSERT_NE(flow, nullptr);
  EXPECT_EQ(flow->key, KeyOf(1));
  EXPECT_EQ(Find(table, KeyOf(1), 77), flow);
  EXPECT_EQ(Find(table, KeyOf(2), 77), nullptr);
  EXPECT_EQ(Find(table, KeyOf(2), 78), nullptr);
  EXPECT_EQ(table.size(), 1u);
}

TEST(FlowTableTest, EmptyTableHasNoCandidate) {
  const FlowTable table(4);
  EXPECT_EQ(table.Candidate(0), FlowTable::kNoFlow);
  EXPECT_EQ(table.Candidate(~uint64_t{0}), FlowTable::kNoFlow);
}

TEST(FlowTableTest, CandidateOfAnotherKeyIsNotReturned) {
  FlowTable table(4);
  Flow* const first = table.Insert(KeyOf(1), kSameHash);
  Flow* const second = table.Insert(KeyOf(2), kSameHash);

  const uint32_t candidate = table.Candidate(kSameHash);

  ASSERT_EQ(candidate, table.IndexOf(*first));
  EXPECT_EQ(table.Find(KeyOf(2), kSameHash, candidate), second);
  EXPECT_EQ(table.Find(KeyOf(3), kSameHash, candidate), nullptr);
}

TEST(FlowTableTest, CandidateThatWasErasedMeanwhileIsNotReturned) {
  FlowTable table(4);
  Flow* const flow = table.Insert(KeyOf(1), 5);
  const uint32_t candidate = table.Candidate(5);

  table.Erase(*flow, 5);

  EXPECT_EQ(table.Find(KeyOf(1), 5, candidate), nullptr);
}

TEST(FlowTableTest, NewRecordIsClearAndOfALaterGeneration) {
  FlowTable table(1);
  Flow* flow = table.Insert(KeyOf(1), 5);
  const uint32_t generation = flow->generation;
  flow->id = 9;
  flow->Set(flow_flag::kClosed);
  table.Erase(*flow, 5);

  flow = table.Insert(KeyOf(2), 6);

  EXPECT_GT(flow->generation, generation);
  EXPECT_EQ(flow->id, 0u);
  EXPECT_EQ(flow->flags, 0);
}

TEST(FlowTableTest, FullTableRefusesAndTakesAgainAfterAnErase) {
  FlowTable table(3);
  std::vector<Flow*> flows;
  for (uint32_t i = 0; i < 3; ++i) flows.push_back(table.Insert(KeyOf(i), i));

  EXPECT_EQ(table.Insert(KeyOf(3), 3), nullptr);
  EXPECT_EQ(table.size(), table.capacity());

  table.Erase(*flows[1], 1);
  EXPECT_EQ(table.Insert(KeyOf(3), 3), flows[1]);
  EXPECT_EQ(table.Insert(KeyOf(4), 4), nullptr);
}

TEST(FlowTableTest, HoldsItsCapacityWhenAllHashesCollide) {
  constexpr uint32_t kFlows = 1000;
  FlowTable table(kFlows);

  for (uint32_t i = 0; i < kFlows; ++i) {
    ASSERT_NE(table.Insert(KeyOf(i), kSameHash), nullptr) << i;
  }

  for (uint32_t i = 0; i < kFlows; ++i) {
    Flow* const flow = Find(table, KeyOf(i), kSameHash);
    ASSERT_NE(flow, nullptr) << i;
    EXPECT_EQ(flow->key, KeyOf(i));
  }
}

// A lost overflow bucket would end the process long before the last round.
TEST(FlowTableTest, EmptiedChainsGiveTheirBucketsBack) {
  constexpr uint32_t kFlows = 200;
  FlowTable table(kFlows);
  for (uint64_t round = 0; round < 50; ++round) {
    // Another chain in each round.
    const uint64_t hash = round;
    for (uint32_t i = 0; i < kFlows; ++i) {
      ASSERT_NE(table.Insert(KeyOf(i), hash), nullptr);
    }
    // From the front, from the back, and from both ends of the chain in turn.
    for (uint32_t i = 0; i < kFlows; ++i) {
      const uint32_t next = round % 3 == 0   ? i
                            : round % 3 == 1 ? kFlows - 1 - i
                            : i % 2 == 0     ? i / 2
                                             : kFlows - 1 - i / 2;
      Flow* const flow = Find(table, KeyOf(next), hash);
      ASSERT_NE(flow, nullptr) << "round " << round << " flow " << next;
      table.Erase(*flow, hash);
    }
    EXPECT_EQ(table.size(), 0u);
  }
}

TEST(FlowTableTest, NoneOfAMillionFlowsIsLost) {
  constexpr uint32_t kFlows = 1'000'000;
  FlowTable table(kFlows);
  const FlowHash hash({1, 2});

  for (uint32_t i = 0; i < kFlows; ++i) {
    ASSERT_NE(table.Insert(KeyOf(i), hash.Of(KeyOf(i))), nullptr);
  }

  uint32_t lost = 0;
  for (uint32_t i = 0; i < kFlows; ++i) {
    const Flow* const flow = Find(table, KeyOf(i), hash.Of(KeyOf(i)));
    lost += flow == nullptr || !(flow->key == KeyOf(i));
  }
  EXPECT_EQ(lost, 0u);
  EXPECT_EQ(table.size(), kFlows);
}

TEST(FlowTableTest, RandomOperationsAgreeWithAHashMap) {
  std::mt19937 random(7);
  for (int round = 0; round < 400; ++round) {
    std::vector<uint8_t> script(2 + random() % 4000);
    for (uint8_t& byte : script) byte = static_cast<uint8_t>(random());
    if (round % 2 == 0) script[0] = static_cast<uint8_t>(random() % 24);
    EXPECT_EQ(testing::PlayFlowTableScript(script), "") << "round " << round;
  }
}

}  // namespace
}  // namespace mosaic
