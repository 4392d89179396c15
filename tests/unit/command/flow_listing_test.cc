#include "dataplane/command/flow_listing.h"

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

#include "dataplane/event/subscription.h"
#include "dataplane/flow/flow_table.h"
#include "gtest/gtest.h"
#include "tests/support/table_flows.h"

namespace mosaic {
namespace {

using testing::TableFlows;

FlowKey KeyOf(uint32_t number) {
  FlowKey key;
  key.protocol = 6;
  key.ip_version = 4;
  key.address[0] = {192, 0, 2, 1};
  key.address[1] = {192, 0, 2, 2};
  key.port = {static_cast<uint16_t>(number), 80};
  return key;
}

Flow& Add(FlowTable& table, uint32_t number, int64_t last_packet_seconds) {
  Flow* const flow = table.Insert(KeyOf(number), number);
  static Subscription nobody;
  flow->subscription = &nobody;
  flow->id = number;
  flow->last_packet = Timestamp() + Duration::Seconds(last_packet_seconds);
  return *flow;
}

// Runs a listing to its end. Returns the ids, and how many steps it took.
std::vector<uint64_t> List(FlowTable& table, size_t max_flows,
                           size_t* steps = nullptr) {
  FlowListing listing(max_flows);
  size_t count = 1;
  TableFlows flows(table);
  while (!listing.Step(flows, Timestamp())) ++count;
  if (steps != nullptr) *steps = count;
  std::vector<uint64_t> ids;
  for (const FlowSummary& flow : listing.result()) ids.push_back(flow.id);
  return ids;
}

using Ids = std::vector<uint64_t>;

TEST(FlowListingTest, EmptyTableGivesAnEmptyListInOneStep) {
  FlowTable table(8);
  size_t steps = 0;
  EXPECT_EQ(List(table, 10, &steps), Ids());
  EXPECT_EQ(steps, 1u);
}

TEST(FlowListingTest, MostRecentlyActiveComeFirstAndOfEqualsTheYounger) {
  FlowTable table(8);
  Add(table, 1, 10);
  Add(table, 2, 30);
  Add(table, 3, 20);
  Add(table, 4, 30);
  EXPECT_EQ(List(table, 10), Ids({4, 2, 3, 1}));
}

TEST(FlowListingTest, KeepsTheMostRecentOfTooMany) {
  FlowTable table(8);
  for (uint32_t i = 1; i <= 5; ++i) Add(table, i, i % 3);
  // By activity: 5 and 2 at 2 s, 4 and 1 at 1 s, 3 at 0 s.
  EXPECT_EQ(List(table, 5), Ids({5, 2, 4, 1, 3}));
  EXPECT_EQ(List(table, 4), Ids({5, 2, 4, 1}));
  EXPECT_EQ(List(table, 3), Ids({5, 2, 4}));
  EXPECT_EQ(List(table, 1), Ids({5}));
  EXPECT_EQ(List(table, 0), Ids());
}

TEST(FlowListingTest, ErasedFlowsAreNotListed) {
  FlowTable table(8);
  Add(table, 1, 1);
  table.Erase(Add(table, 2, 2), 2);
  EXPECT_EQ(List(table, 10), Ids({1}));
}

TEST(FlowListingTest, EachStepLooksAtItsShareOfTheRecords) {
  FlowTable table(2 * FlowListing::kFlowsPerStep + 1);
  for (uint32_t i = 0; i < table.capacity(); ++i) Add(table, i, i);
  size_t steps = 0;
  EXPECT_EQ(List(table, 1, &steps), Ids({table.capacity() - 1}));
  EXPECT_EQ(steps, 3u);
}

TEST(FlowListingTest, RandomTablesAreListedAsBySorting) {
  std::mt19937 random(9);
  for (int round = 0; round < 50; ++round) {
    FlowTable table(2000);
    struct Row {
      int64_t last;
      uint64_t id;
    };
    std::vector<Row> rows;
    const uint32_t flows = random() % 1500;
    for (uint32_t i = 0; i < flows; ++i) {
      rows.push_back({static_cast<int64_t>(random() % 50), i});
      Add(table, i, rows.back().last);
    }
    std::ranges::sort(rows, [](const Row& a, const Row& b) {
      return std::pair(a.last, a.id) > std::pair(b.last, b.id);
    });
    const size_t max_flows = random() % 1000;
    Ids expected;
    for (const Row& row : rows) {
      if (expected.size() < max_flows) expected.push_back(row.id);
    }
    EXPECT_EQ(List(table, max_flows), expected) << "round " << round;
  }
}

TEST(FlowListingTest, SummarySaysWhoTalksAndHowMuch) {
  FlowTable table(1);
  Flow& flow = Add(table, 4000, 7);
  flow.client = 1;
  flow.start = Timestamp() + Duration::Seconds(3);
  flow.end[Index(Side::kClient)].state = TcpState::kFinWait1;
  flow.end[Index(Side::kServer)].delivered = 55;
  flow.hot[Index(Side::kServer)].packets = 12;
  flow.rare[Index(Side::kServer)].gap_bytes = 5;

  FlowListing listing(1);
  TableFlows flows(table);
  ASSERT_TRUE(listing.Step(flows, Timestamp()));
  const FlowSummary& summary = listing.result().at(0);

  EXPECT_EQ(Text(summary.client), "192.0.2.2:80");
  EXPECT_EQ(Text(summary.server), "192.0.2.1:4000");
  EXPECT_EQ(summary.protocol, 6);
  EXPECT_EQ(summary.state[0], TcpState::kFinWait1);
  EXPECT_EQ(summary.state[1], TcpState::kClosed);
  EXPECT_EQ(summary.sent[1].packets, 12u);
  EXPECT_EQ(summary.sent[1].stream_bytes, 50u);
  EXPECT_EQ(summary.start, Timestamp() + Duration::Seconds(3));
  EXPECT_EQ(summary.last_packet, Timestamp() + Duration::Seconds(7));
}

}  // namespace
}  // namespace mosaic
